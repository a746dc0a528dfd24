// SPDX-License-Identifier: MIT
#pragma once

#include "bench/command_line.h"
#include "bench/report.h"
#include "bench/timing.h"
#include "bench/works.h"

#include <string>

namespace kindling::bench {

/// The loss that `Step` reports at its tenth step, at a learning rate large enough for a wrong
/// gradient or update to show.
template <class Step>
double loss_after_ten_steps(Work work) {
  if (work.update == Update::adam) work.learning_rate = 1e-3;
  Step step(work);
  for (int i = 0; i < 10; ++i) step.run();
  return step.loss();
}

/// Measures one work. A `Step` is made from a Work, `run()` makes one training step and `loss()` is
/// the loss that the last step began with; where `run()` only queues the step, `wait()` waits for
/// it.
template <class Step>
void run_work(const std::string& implementation, const Work& work, const Options& options) {
  if (options.check) {
    print_check(implementation, work.name, loss_after_ten_steps<Step>(work));
    return;
  }
  Step step(work);
  const auto wait = [&step] {
    if constexpr (requires { step.wait(); }) step.wait();
  };
  const Timing timing = measure([&step] { step.run(); }, options.seconds, wait);
  print_result({implementation, work.name, options.threads, timing, product_flops(work),
                update_bytes(work)});
}

template <class Step>
void run_works(const std::string& implementation, const Options& options) {
  for (const Work& work : works())
    if (options.selects(work.name)) run_work<Step>(implementation, work, options);
  for (const std::string& name : options.works)
    if (const auto work = work_of(name)) run_work<Step>(implementation, *work, options);
}

}  // namespace kindling::bench
