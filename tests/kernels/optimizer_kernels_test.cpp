// SPDX-License-Identifier: MIT
#include <kindling/kernels/cpu/instruction_set.h>

#include "tests/kernels/guarded_memory.h"
#include "tests/support/threads.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace kindling::test {
namespace {

using namespace kernels;
using math::GroupRecord;

GroupRecord make_record(bool adam) {
  GroupRecord record;
  record.lr.set(0.05);
  record.momentum.set(0.9);
  record.beta2.set(0.99);
  record.eps.set(1e-6);
  record.adam = adam;
  refresh(record);
  return record;
}

/// What every update works on: a parameter, its gradient, and up to three buffers.
template <class T>
struct State {
  explicit State(std::int64_t count)
      : parameter(count), gradient(count), first(count), second(count), third(count) {
    parameter.fill_spread(1);
    gradient.fill_spread(2);
  }
  bool guards_intact() const {
    return parameter.guards_intact() && gradient.guards_intact() && first.guards_intact() &&
           second.guards_intact() && third.guards_intact();
  }
  bool same_bits(const State& other) const {
    return parameter.same_bits(other.parameter) && gradient.same_bits(other.gradient) &&
           first.same_bits(other.first) && second.same_bits(other.second) &&
           third.same_bits(other.third);
  }
  GuardedMemory<T> parameter, gradient, first, second, third;
};

template <class T>
SgdUpdate sgd(State<T>& state, GroupRecord& record) {
  SgdUpdate u;
  u.parameter = state.parameter.view();
  u.gradient = state.gradient.view();
  if (record.momentum.value != 0) u.momentum_buffer = state.first.view();
  u.record = &record;
  return u;
}

template <class T>
AdamUpdate adam(State<T>& state, GroupRecord& record, bool amsgrad) {
  AdamUpdate u;
  u.parameter = state.parameter.view();
  u.gradient = state.gradient.view();
  u.exp_avg = state.first.view();
  u.exp_avg_sq = state.second.view();
  if (amsgrad) u.max_exp_avg_sq = state.third.view();
  u.record = &record;
  return u;
}

/// PyTorch's SGD, step by step, for one element in double; as in torch/optim/sgd.py.
double reference_sgd(const GroupRecord& r, double p, double gradient, int steps) {
  double buffer = 0;
  for (int step = 0; step < steps; ++step) {
    double g = r.maximize ? -gradient : gradient;
    if (r.weight_decay.value != 0) g += r.weight_decay.value * p;
    if (r.momentum.value != 0) {
      buffer = step == 0 ? g : r.momentum.value * buffer + (1 - r.dampening.value) * g;
      g = r.nesterov ? g + r.momentum.value * buffer : buffer;
    }
    p -= r.lr.value * g;
  }
  return p;
}

/// PyTorch's Adam and AdamW, as in torch/optim/adam.py.
double reference_adam(const GroupRecord& r, double p, double gradient, bool amsgrad, int steps) {
  double m = 0, v = 0, largest = 0;
  for (int step = 1; step <= steps; ++step) {
    double g = r.maximize ? -gradient : gradient;
    if (r.decoupled)
      p *= 1 - r.lr.value * r.weight_decay.value;
    else
      g += r.weight_decay.value * p;
    m = r.momentum.value * m + (1 - r.momentum.value) * g;
    v = r.beta2.value * v + (1 - r.beta2.value) * g * g;
    largest = std::max(largest, v);
    const double correction1 = 1 - std::pow(r.momentum.value, step);
    const double correction2 = 1 - std::pow(r.beta2.value, step);
    const double denominator =
        std::sqrt(amsgrad ? largest : v) / std::sqrt(correction2) + r.eps.value;
    p -= r.lr.value / correction1 * m / denominator;
  }
  return p;
}

/// Runs three updates at every level and compares with the reference.
template <class T, class Issue, class Reference>
void check_update(const GroupRecord& start, const std::string& what, const Issue& issue,
                  const Reference& reference) {
  for (const cpu::Level* level : cpu::levels())
    for (const std::int64_t count : kCounts) {
      State<T> state(count);
      const State<T> before = state;
      GroupRecord record = start;
      refresh(record);
      for (int step = 0; step < 3; ++step) issue(cpu::backend_of(*level), state, record);
      EXPECT_EQ(record.updates, 3);
      EXPECT_TRUE(state.guards_intact()) << what;
      EXPECT_TRUE(state.gradient.same_bits(before.gradient)) << what;
      for (std::int64_t i = 0; i < count; ++i) {
        const double expected =
            reference(start, double{before.parameter[i]}, double{before.gradient[i]}, 3);
        ASSERT_NEAR(double{state.parameter[i]}, expected, sizeof(T) == 4 ? 2e-6 : 1e-14)
            << what << " " << level->name << ", element " << i << " of " << count;
      }
    }
}

template <class T>
void check_sgd(const GroupRecord& start, const std::string& what) {
  check_update<T>(
      start, what,
      [](Backend& backend, State<T>& state, GroupRecord& record) {
        run(backend, sgd(state, record));
      },
      reference_sgd);
}

template <class T>
void check_adam(const GroupRecord& start, bool amsgrad, const std::string& what) {
  check_update<T>(
      start, what,
      [amsgrad](Backend& backend, State<T>& state, GroupRecord& record) {
        run(backend, adam(state, record, amsgrad));
      },
      [amsgrad](const GroupRecord& r, double p, double g, int steps) {
        return reference_adam(r, p, g, amsgrad, steps);
      });
}

TEST(SgdKernel, MatchesPyTorchsDefinition) {
  for (const double momentum : {0.0, 0.9})
    for (const bool nesterov : {false, true})
      for (const double decay : {0.0, 0.1})
        for (const bool maximize : {false, true}) {
          GroupRecord record = make_record(false);
          record.momentum.set(momentum);
          record.dampening.set(nesterov ? 0.0 : 0.3);
          record.weight_decay.set(decay);
          record.nesterov = nesterov && momentum != 0;
          record.maximize = maximize;
          check_sgd<float>(record, "sgd, float32");
          check_sgd<double>(record, "sgd, float64");
        }
}

TEST(AdamKernel, MatchesPyTorchsDefinition) {
  for (const bool amsgrad : {false, true})
    for (const bool decoupled : {false, true})
      for (const double decay : {0.0, 0.1})
        for (const bool maximize : {false, true}) {
          GroupRecord record = make_record(true);
          record.weight_decay.set(decay);
          record.decoupled = decoupled;
          record.maximize = maximize;
          check_adam<float>(record, amsgrad, "adam, float32");
          check_adam<double>(record, amsgrad, "adam, float64");
        }
}

TEST(AdamKernel, ReadsTheLearningRateFromTheRecord) {
  State<float> state(100);
  const State<float> before = state;
  GroupRecord record = make_record(true);
  record.lr.set(0);
  refresh(record);
  run(cpu::backend(), adam(state, record, false));
  EXPECT_TRUE(state.parameter.same_bits(before.parameter));
  record.lr.set(0.1);
  refresh(record);
  run(cpu::backend(), adam(state, record, false));
  EXPECT_FALSE(state.parameter.same_bits(before.parameter));
}

TEST(UpdateKernels, ASkippedStepChangesNothing) {
  for (const bool use_adam : {false, true}) {
    State<float> state(1000);
    const State<float> before = state;
    math::StepGuard guard{1};
    GroupRecord record = make_record(use_adam);
    record.guard = &guard;
    record.skip_nonfinite = true;
    const auto update = [&] {
      if (use_adam)
        run(cpu::backend(), adam(state, record, false));
      else
        run(cpu::backend(), sgd(state, record));
    };
    update();
    EXPECT_TRUE(state.same_bits(before));
    EXPECT_EQ(record.updates, 0);
    guard.nonfinite = 0;
    update();
    EXPECT_FALSE(state.same_bits(before));
    EXPECT_EQ(record.updates, 1);
  }
}

TEST(UpdateKernels, OnlyTheLastRangeAdvances) {
  State<float> state(10);
  GroupRecord record = make_record(true);
  AdamUpdate u = adam(state, record, false);
  u.advance = false;
  run(cpu::backend(), u);
  EXPECT_EQ(record.updates, 0);
  u.advance = true;
  run(cpu::backend(), u);
  EXPECT_EQ(record.updates, 1);
  EXPECT_DOUBLE_EQ(record.step_size.value, 0.05 / (1 - 0.9 * 0.9));
}

TEST(UpdateKernels, GiveTheSameBitsWhateverTheThreadCount) {
  for (const bool use_adam : {false, true}) {
    std::vector<State<float>> states(2, State<float>(200001));
    for (const int threads : {1, 3}) {
      const ThreadCount scope(threads);
      State<float>& state = states[threads == 1 ? 0 : 1];
      GroupRecord record = make_record(use_adam);
      if (use_adam)
        run(cpu::backend(), adam(state, record, true));
      else
        run(cpu::backend(), sgd(state, record));
    }
    EXPECT_TRUE(states[0].same_bits(states[1]));
  }
}

TEST(UpdateKernels, FlushSubnormalMoments) {
  State<float> state(64);
  state.gradient.fill(0);
  state.first.fill(std::numeric_limits<float>::min());
  GroupRecord record = make_record(true);
  run(cpu::backend(), adam(state, record, false));
  for (std::int64_t i = 0; i < 64; ++i) EXPECT_EQ(state.first[i], 0.0f);
}

TEST(AdvanceSchedule, FollowsTheTapeRoundItsRing) {
  const double keep = std::nan("");
  const std::vector<math::SchedulePoint> tape = {{0.1, keep}, {0.2, 0.8}, {0.3, keep}};
  GroupRecord record = make_record(true);
  run(cpu::backend(), AdvanceSchedule{&record, tape.data(), 3});
  EXPECT_EQ(record.lr.value, 0.2);
  EXPECT_EQ(record.lr.rounded, 0.2f);
  EXPECT_EQ(record.momentum.value, 0.8);
  EXPECT_DOUBLE_EQ(record.step_size.value, 0.2 / (1 - 0.8));
  run(cpu::backend(), AdvanceSchedule{&record, tape.data(), 3});
  run(cpu::backend(), AdvanceSchedule{&record, tape.data(), 3});
  EXPECT_EQ(record.lr.value, 0.1);
  EXPECT_EQ(record.momentum.value, 0.8);
  EXPECT_EQ(record.schedule_index, 3);
}

TEST(AdvancePlateau, ReducesTheLearningRateAfterPatience) {
  GroupRecord record = make_record(true);
  AdvancePlateau command;
  command.rule.patience = 1;
  command.min_lr = 0.02;
  math::PlateauState state = plateau_start(command.rule);
  GuardedMemory<float> metric(1);
  metric[0] = 1;
  command.metric = metric.view();
  command.state = &state;
  command.record = &record;
  std::vector<double> rates;
  for (int step = 0; step < 4; ++step) {
    run(cpu::backend(), command);
    rates.push_back(record.lr.value);
  }
  EXPECT_EQ(rates, (std::vector<double>{0.05, 0.05, 0.02, 0.02}));
  EXPECT_DOUBLE_EQ(record.step_size.value, 0.02 / (1 - 0.9));
}

TEST(WriteRecord, KeepsTheUpdatesOrNot) {
  GroupRecord record = make_record(true);
  record.updates = 5;
  GroupRecord values = make_record(true);
  values.lr.set(0.5);
  values.updates = 2;
  run(cpu::backend(), WriteRecord{&record, nullptr, values, true});
  EXPECT_EQ(record.updates, 5);
  EXPECT_DOUBLE_EQ(record.step_size.value, 0.5 / (1 - std::pow(0.9, 6)));
  run(cpu::backend(), WriteRecord{&record, nullptr, values, false});
  EXPECT_EQ(record.updates, 2);
  GroupRecord other;
  run(cpu::backend(), WriteRecord{&other, &record, {}, false});
  EXPECT_EQ(other.updates, 2);
  EXPECT_EQ(other.lr.value, 0.5);
}

}  // namespace
}  // namespace kindling::test
