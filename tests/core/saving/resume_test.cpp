// SPDX-License-Identifier: MIT
// A run of 500 steps, and one that was saved after 250 and goes on in new objects: bit by bit the
// same, to the last byte of what they save in the end.
#include <kindling/kindling.h>

#include "tests/optim/training.h"
#include "tests/support/devices.h"
#include "tests/support/temp_folder.h"

#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kindling::test {
namespace {

namespace s = schedulers;

constexpr std::int64_t kSamples = 24;

/// Model, data, loader and random numbers of a run, on one device.
struct ResumableData {
  explicit ResumableData(Device device)
      : model((manual_seed(1), nn::Linear(4, 6)), nn::ReLU(), nn::Linear(6, 2)),
        x(randn({kSamples, 4}).to(device)),
        y(randn({kSamples, 2}).to(device)),
        loader({x, y}, {.batch_size = 5, .shuffle = true, .drop_last = true, .seed = 3}) {
    model.to(device);
  }
  nn::Sequential model;
  Tensor x, y;
  DataLoader<2> loader;
};

template <class Optimizer, class Options, class Scheduler>
struct ResumableRun : ResumableData {
  using Attach = std::function<Scheduler(optim::Optimizer&)>;

  ResumableRun(const Options& options, const Attach& attach, Device device = default_device())
      : ResumableData(device),
        optimizer(model.parameters(), options),
        scheduler(attach(optimizer)) {}

  Tensor step() {
    const auto [inputs, targets] = loader.next();
    const Tensor noise = randn({5, 4}, {.device = inputs.device()});
    optimizer.zero_grad();
    const Tensor loss = nn::mse_loss(model(inputs + noise * 0.1), targets);
    loss.backward();
    optim::clip_grad_norm_(model.parameters(), 1.0);
    optimizer.step();
    if constexpr (std::is_same_v<Scheduler, s::ReduceLROnPlateau>) {
      scheduler.step(loss.detach());
    } else {
      scheduler.step();
    }
    return loss;
  }

  std::vector<double> steps(std::int64_t count, bool captured) {
    std::vector<double> losses;
    for (std::int64_t i = 0; i < count; ++i)
      losses.push_back((captured ? replayed() : step()).item());
    return losses;
  }

  void save_to(const std::filesystem::path& path) const {
    save(path, model, optimizer, scheduler, loader, default_generator());
  }
  void load_from(const std::filesystem::path& path) {
    load(path, model, optimizer, scheduler, loader, default_generator());
  }

  Optimizer optimizer;
  Scheduler scheduler;
  CapturedStep<Tensor> replayed = capture([this] { return step(); });
};

// The generator is the program's: the runs take turns with it, each from where it stood.
template <class Run>
void expect_resumed_equals_unbroken(const std::function<std::unique_ptr<Run>()>& make,
                                    bool captured, std::int64_t half) {
  const TempFolder folder;
  const auto unbroken = make();
  unbroken->steps(half, captured);
  unbroken->save_to(folder / "half");
  const std::vector<double> expected = unbroken->steps(half, captured);
  unbroken->save_to(folder / "unbroken");

  const auto resumed = make();
  resumed->load_from(folder / "half");
  EXPECT_EQ(resumed->steps(half, captured), expected);
  resumed->save_to(folder / "resumed");
  EXPECT_EQ(read_file(folder / "resumed"), read_file(folder / "unbroken"));
  EXPECT_NE(read_file(folder / "half"), read_file(folder / "unbroken"));
}

template <class Scheduler, class Optimizer, class Options>
void expect_resumes(const Options& options,
                    const std::function<Scheduler(optim::Optimizer&)>& attach) {
  using Run = ResumableRun<Optimizer, Options, Scheduler>;
  const std::function<std::unique_ptr<Run>()> make = [&] {
    return std::make_unique<Run>(options, attach);
  };
  for (const bool captured : {false, true}) {
    SCOPED_TRACE(captured ? "captured" : "eager");
    expect_resumed_equals_unbroken<Run>(make, captured, sized(250, 10));
  }
}

template <class Scheduler>
void expect_resumes_with_all_optimizers(const std::function<Scheduler(optim::Optimizer&)>& attach) {
  const LogKeeper quiet;  // some begin at 0
  expect_resumes<Scheduler, optim::SGD>(
      optim::SGDOptions{.lr = 0.01, .momentum = 0.9, .weight_decay = 0.01, .nesterov = true},
      attach);
  if (default_device().is_cuda()) return;  // the others below
  expect_resumes<Scheduler, optim::SGD>(optim::SGDOptions{.lr = 0.01, .skip_nonfinite = true},
                                        attach);
  expect_resumes<Scheduler, optim::Adam>(optim::AdamOptions{.lr = 0.01, .amsgrad = true}, attach);
  expect_resumes<Scheduler, optim::AdamW>(optim::AdamWOptions{.lr = 0.01}, attach);
  expect_resumes<Scheduler, optim::RMSprop>(
      optim::RMSpropOptions{.lr = 0.01, .momentum = 0.9, .centered = true}, attach);
}

template <class Scheduler, class... Options>
void expect_scheduler_resumes(const Options&... options) {
  expect_resumes_with_all_optimizers<Scheduler>(
      [&](optim::Optimizer& optimizer) { return Scheduler(optimizer, options...); });
}

TEST(ResumeFromAFile, UnderEverySchedule) {
  const s::Factor down = [](std::int64_t t) { return 1 / (1 + 0.01 * static_cast<double>(t)); };
  const std::vector<s::Schedule> parts{s::linear({.start_factor = 0.1, .total_iters = 100}),
                                       s::cosine({.T_max = 400})};
  expect_scheduler_resumes<s::LambdaLR>(down);
  expect_scheduler_resumes<s::MultiplicativeLR>(s::Factor([](std::int64_t) { return 0.995; }));
  expect_scheduler_resumes<s::StepLR>(s::StepOptions{.step_size = 7, .gamma = 0.95});
  expect_scheduler_resumes<s::MultiStepLR>(s::MultiStepOptions{.milestones = {5, 260}});
  expect_scheduler_resumes<s::ConstantLR>(s::ConstantOptions{.total_iters = 300});
  expect_scheduler_resumes<s::LinearLR>(s::LinearOptions{.total_iters = 400});
  expect_scheduler_resumes<s::ExponentialLR>(s::ExponentialOptions{.gamma = 0.99});
  expect_scheduler_resumes<s::SWALR>(s::SwaOptions{.swa_lr = 0.005, .anneal_epochs = 300});
  expect_scheduler_resumes<s::PolynomialLR>(s::PolynomialOptions{.total_iters = 450, .power = 2});
  expect_scheduler_resumes<s::CosineAnnealingLR>(s::CosineOptions{.T_max = 300});
  expect_scheduler_resumes<s::CosineAnnealingWarmRestarts>(s::WarmRestartsOptions{.T_0 = 30});
  expect_scheduler_resumes<s::CyclicLR>(
      s::CyclicOptions{.base_lr = 0.001, .max_lr = 0.02, .step_size_up = 40});
  expect_scheduler_resumes<s::OneCycleLR>(s::OneCycleOptions{.max_lr = 0.02, .total_steps = 600});
  expect_scheduler_resumes<s::SequentialLR>(parts, std::vector<std::int64_t>{100});
  expect_scheduler_resumes<s::ChainedScheduler>(parts);
  expect_scheduler_resumes<s::ReduceLROnPlateau>(s::PlateauOptions{.factor = 0.5, .patience = 3});
}

TEST(ResumeFromAFile, WithEveryOptimizer) {
  const std::function<s::CosineAnnealingLR(optim::Optimizer&)> attach =
      [](optim::Optimizer& optimizer) { return s::CosineAnnealingLR(optimizer, {.T_max = 300}); };
  using Scheduler = s::CosineAnnealingLR;
  expect_resumes<Scheduler, optim::SGD>(optim::SGDOptions{.lr = 0.01}, attach);
  expect_resumes<Scheduler, optim::SGD>(optim::SGDOptions{.lr = 0.01, .skip_nonfinite = true},
                                        attach);
  expect_resumes<Scheduler, optim::Adam>(optim::AdamOptions{.lr = 0.01, .amsgrad = true}, attach);
  expect_resumes<Scheduler, optim::AdamW>(optim::AdamWOptions{.lr = 0.01}, attach);
  expect_resumes<Scheduler, optim::RMSprop>(
      optim::RMSpropOptions{.lr = 0.01, .momentum = 0.9, .centered = true}, attach);
}

using AdamRun = ResumableRun<optim::Adam, optim::AdamOptions, s::StepLR>;

std::unique_ptr<AdamRun> adam_run(Device device = default_device()) {
  return std::make_unique<AdamRun>(
      optim::AdamOptions{.lr = 0.01},
      [](optim::Optimizer& optimizer) {
        return s::StepLR(optimizer, {.step_size = 20, .gamma = 0.9});
      },
      device);
}

TEST(ResumeFromAFile, InTheMiddleOfALoop) {
  const TempFolder folder;
  DataLoader loader({arange(50)}, {.batch_size = 4, .shuffle = true, .seed = 5});
  DataLoader resumed({arange(50)}, {.batch_size = 4, .shuffle = true});
  auto batch = loader.begin();
  for (int i = 0; i < 6; ++i) ++batch;
  save(folder / "f", loader);
  load(folder / "f", resumed);
  std::int64_t batches = 0;
  for (const auto& [rows] : resumed) {
    EXPECT_EQ((*++batch)[0].to_vector<float>(), rows.to_vector<float>());
    ++batches;
  }
  EXPECT_EQ(batches, 6);
}

TEST(ResumeFromAFile, ACapturedStepTakesWhatIsLoaded) {
  const TempFolder folder;
  const auto run = adam_run();
  auto step = capture([&] { return run->step(); });
  step(10);
  run->save_to(folder / "early");
  step(10);
  run->save_to(folder / "late");
  run->load_from(folder / "early");
  step(10);
  run->save_to(folder / "again");
  EXPECT_EQ(read_file(folder / "again"), read_file(folder / "late"));
}

TEST(ResumeFromAFile, ACheckpointMovesBetweenDevices) {
  const TempFolder folder;
  const Device devices[] = {Device::cpu(), default_device()};
  for (const Device from : devices) {
    for (const Device to : devices) {
      const auto saved = adam_run(from);
      saved->steps(7, false);
      saved->save_to(folder / "saved");
      const auto moved = adam_run(to);
      moved->load_from(folder / "saved");
      moved->save_to(folder / "moved");
      EXPECT_EQ(read_file(folder / "moved"), read_file(folder / "saved")) << from << " to " << to;
      EXPECT_TRUE(std::isfinite(moved->step().item()));
    }
  }
}

// This test again, in a process of its own, whose part is the second half.
int run_second_half(const std::string& folder) {
  std::vector<std::string> environment{"KINDLING_TEST_RESUME=" + folder};
  for (char** variable = environ; *variable != nullptr; ++variable) {
    if (!std::string_view(*variable).starts_with("GTEST_")) environment.emplace_back(*variable);
  }
  std::vector<char*> variables;
  for (std::string& variable : environment) variables.push_back(variable.data());
  variables.push_back(nullptr);
  std::string program = std::filesystem::read_symlink("/proc/self/exe").string();
  std::string filter = "--gtest_filter=ResumeFromAFile.InANewProcess";
  std::string brief = "--gtest_brief=1";
  char* arguments[] = {program.data(), filter.data(), brief.data(), nullptr};
  pid_t child = 0;
  if (posix_spawn(&child, program.c_str(), nullptr, nullptr, arguments, variables.data()) != 0)
    return -1;
  int status = -1;
  waitpid(child, &status, 0);
  return status;
}

TEST(ResumeFromAFile, InANewProcess) {
  const std::int64_t half = sized(250, 10);
  const auto run = adam_run();
  if (const char* folder = std::getenv("KINDLING_TEST_RESUME")) {
    const std::filesystem::path here(folder);
    run->load_from(here / "half");
    run->steps(half, false);
    run->save_to(here / "resumed");
    return;
  }
  const TempFolder folder;
  run->steps(half, false);
  run->save_to(folder / "half");
  run->steps(half, false);
  run->save_to(folder / "unbroken");
  ASSERT_EQ(run_second_half(folder.path().string()), 0);
  EXPECT_EQ(read_file(folder / "resumed"), read_file(folder / "unbroken"));
}

}  // namespace
}  // namespace kindling::test
