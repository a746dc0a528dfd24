// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/api.h>
#include <kindling/core/error.h>
#include <kindling/core/tensor.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

namespace kindling {

/// What the history of a captured step holds of one step.
struct StepEntry {
  std::int64_t step = 0;  // counted from 0
  double value = 0;       // of the step's first result, if that has one element; else NaN
  double lr = 0;          // that its (last) optimizer used, in its first group; NaN without one
};

namespace detail {

/// A captured step, whatever its function returns.
class KINDLING_API StepCapture {
 public:
  using Function = std::function<std::vector<Tensor>()>;

  explicit StepCapture(Function function);
  StepCapture(StepCapture&&) noexcept;
  StepCapture& operator=(StepCapture&&) noexcept;
  ~StepCapture();

  void run(std::int64_t steps);
  const std::vector<Tensor>& results() const;
  std::int64_t steps() const;
  std::vector<StepEntry> history() const;
  /// How many commands a replay runs: 0 before the first call.
  std::int64_t command_count() const;

 private:
  struct State;
  State& state() const;

  std::unique_ptr<State> state_;
};

}  // namespace detail

/// A training step, or any other sequence of this library's ops, that is recorded once and then
/// replayed: what the first call issued is issued again, with no work between the commands, and no
/// allocation. On the CPU a replay is one loop over a flat list of kernel calls; on CUDA one graph.
///
/// N replays equal N calls of the function, bit for bit: the learning rate follows its schedule,
/// the loader deals its batches, random numbers go on, gradients that the step does not reset add
/// up. set_lr(), set_options(), load_state_dict() and copy_() into a tensor that the step reads
/// take effect on the next replay. What the step would throw (a bad value of a schedule) is thrown
/// before it, with nothing changed.
///
/// Only work of this library is replayed: other code in the function runs while it is recorded, and
/// a variable that is bound to another tensor later is not seen: use copy_(). Checks of values,
/// such as class numbers, are made when it is recorded, and whether gradients are tracked is
/// settled then: a NoGradGuard around a replay changes nothing. What a replay cannot do is a
/// CaptureError: reading or giving values of the host (item(), from_data()) while it is recorded;
/// and, at a replay, a change of what was recorded (a parameter moved, a group added, an option
/// that needs new state): then capture the step again.
///
/// Movable. It keeps all storages, optimizers and loaders that it uses alive, so these may be
/// destroyed before it. To be used by one thread at a time.
template <class Result>
class CapturedStep {
 public:
  explicit CapturedStep(detail::StepCapture capture) : capture_(std::move(capture)) {}

  /// One step, recorded if it is the first. Returns what the function returned: the same handles
  /// for every step, whose values change.
  decltype(auto) operator()() { return (*this)(1); }
  /// That many steps. ValueError for a negative number.
  decltype(auto) operator()(std::int64_t steps) {
    capture_.run(steps);
    return result();
  }
  /// What the function returned. ValueError before the first step.
  decltype(auto) result() const {
    const std::vector<Tensor>& results = capture_.results();
    if constexpr (std::is_same_v<Result, Tensor>) {
      return static_cast<const Tensor&>(results.front());
    } else if constexpr (!std::is_void_v<Result>) {
      return static_cast<const std::vector<Tensor>&>(results);
    }
  }
  /// Steps made so far.
  std::int64_t steps() const { return capture_.steps(); }
  /// The last 1,024 steps, the latest last. Waits for the device.
  std::vector<StepEntry> history() const { return capture_.history(); }
  /// Commands in one replay.
  std::int64_t command_count() const { return capture_.command_count(); }

 private:
  detail::StepCapture capture_;
};

/// Captures `function`, which returns nothing, a Tensor or a std::vector<Tensor>. It is copied, and
/// runs when the result is called for the first time, not before. ValueError for an empty
/// std::function.
///
///     auto step = capture([&] {
///       optimizer.zero_grad();
///       const Tensor loss = nn::mse_loss(model(inputs), targets);
///       loss.backward();
///       optimizer.step();
///       scheduler.step();
///       return loss;
///     });
///     for (int t = 0; t < 1000; ++t) step();
///     std::printf("%.4f\n", step.result().item());
template <class F>
auto capture(F function) {
  using Result = std::remove_cvref_t<std::invoke_result_t<F&>>;
  static_assert(std::is_void_v<Result> || std::is_same_v<Result, Tensor> ||
                    std::is_same_v<Result, std::vector<Tensor>>,
                "capture: the function must return nothing, a Tensor or a std::vector<Tensor>");
  if constexpr (std::is_constructible_v<F, std::nullptr_t>) {  // a std::function, or a pointer
    if (function == nullptr) throw ValueError("capture: an empty function: give it one to run");
  }
  return CapturedStep<Result>(
      detail::StepCapture([function = std::move(function)]() mutable -> std::vector<Tensor> {
        if constexpr (std::is_void_v<Result>) {
          function();
          return {};
        } else if constexpr (std::is_same_v<Result, Tensor>) {
          return {function()};
        } else {
          return function();
        }
      }));
}

}  // namespace kindling
