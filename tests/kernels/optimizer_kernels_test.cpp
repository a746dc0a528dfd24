// SPDX-License-Identifier: MIT
#include "tests/kernels/kernel_test.h"

#include <string>

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
  State(Backend& backend, std::int64_t count)
      : parameter(backend, spread<T>(count, -1, 1, 1)),
        gradient(backend, spread<T>(count, -1, 1, 2)),
        first(backend, count, 0),
        second(backend, count, 0),
        third(backend, count, 0) {}
  bool same_as(const State& other) const {
    return same_bits(parameter.values(), other.parameter.values()) &&
           same_bits(gradient.values(), other.gradient.values()) &&
           same_bits(first.values(), other.first.values()) &&
           same_bits(second.values(), other.second.values()) &&
           same_bits(third.values(), other.third.values());
  }
  Buffer<T> parameter, gradient, first, second, third;
};

using Record = Placed<GroupRecord>;

template <class T>
SgdUpdate sgd(const State<T>& state, const Record& record) {
  SgdUpdate u;
  u.parameter = state.parameter.view();
  u.gradient = state.gradient.view();
  if (record.value().momentum.value != 0) u.momentum_buffer = state.first.view();
  u.record = record.data();
  return u;
}

template <class T>
AdamUpdate adam(const State<T>& state, const Record& record, bool amsgrad) {
  AdamUpdate u;
  u.parameter = state.parameter.view();
  u.gradient = state.gradient.view();
  u.exp_avg = state.first.view();
  u.exp_avg_sq = state.second.view();
  if (amsgrad) u.max_exp_avg_sq = state.third.view();
  u.record = record.data();
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

/// Runs three updates on every backend and compares with the reference.
template <class T, class Issue, class Reference>
void check_update(const GroupRecord& start, const std::string& what, const Issue& issue,
                  const Reference& reference) {
  SCOPED_TRACE(what);
  on_every_backend([&](Backend& backend) {
    for (const std::int64_t count : kSizes) {
      const State<T> state(backend, count), before(backend, count);
      GroupRecord refreshed = start;
      refresh(refreshed);
      const Record record(backend, refreshed);
      for (int step = 0; step < 3; ++step) issue(backend, state, record);
      EXPECT_EQ(record.value().updates, 3);
      const std::vector<T> p = before.parameter.values(), g = before.gradient.values();
      EXPECT_TRUE(same_bits(state.gradient.values(), g));
      std::vector<double> expected;
      for (std::size_t i = 0; i < p.size(); ++i)
        expected.push_back(reference(start, double{p[i]}, double{g[i]}, 3));
      expect_near(state.parameter.values(), expected, 0, sizeof(T) == 4 ? 2e-6 : 1e-14);
    }
  });
}

template <class T>
void check_sgd(const GroupRecord& start, const std::string& what) {
  check_update<T>(
      start, what,
      [](Backend& backend, const State<T>& state, const Record& record) {
        run(backend, sgd(state, record));
      },
      reference_sgd);
}

template <class T>
void check_adam(const GroupRecord& start, bool amsgrad, const std::string& what) {
  check_update<T>(
      start, what,
      [amsgrad](Backend& backend, const State<T>& state, const Record& record) {
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
  on_every_backend([](Backend& backend) {
    const State<float> state(backend, 100), before(backend, 100);
    for (const double lr : {0.0, 0.1}) {
      GroupRecord values = make_record(true);
      values.lr.set(lr);
      refresh(values);
      const Record record(backend, values);
      run(backend, adam(state, record, false));
      EXPECT_EQ(same_bits(state.parameter.values(), before.parameter.values()), lr == 0);
    }
  });
}

/// Calls test(backend, update) for both rules, where update(state, record) runs one.
template <class F>
void on_every_update(const F& test) {
  on_every_backend([&](Backend& backend) {
    test(backend, false, [&](const State<float>& state, const Record& record) {
      run(backend, sgd(state, record));
    });
    test(backend, true, [&](const State<float>& state, const Record& record) {
      run(backend, adam(state, record, true));
    });
  });
}

TEST(UpdateKernels, ASkippedStepChangesNothing) {
  on_every_update([](Backend& backend, bool is_adam, const auto& update) {
    const State<float> state(backend, 1000), before(backend, 1000);
    Placed<math::StepGuard> guard(backend, {1});
    GroupRecord values = make_record(is_adam);
    values.guard = guard.data();
    values.skip_nonfinite = true;
    const Record record(backend, values);
    update(state, record);
    EXPECT_TRUE(state.same_as(before));
    EXPECT_EQ(record.value().updates, 0);
    guard.set({0});
    update(state, record);
    EXPECT_FALSE(state.same_as(before));
    EXPECT_EQ(record.value().updates, 1);
  });
}

TEST(UpdateKernels, OnlyTheLastRangeAdvances) {
  on_every_backend([](Backend& backend) {
    const State<float> state(backend, 10);
    const Record record(backend, make_record(true));
    AdamUpdate u = adam(state, record, false);
    u.advance = false;
    run(backend, u);
    EXPECT_EQ(record.value().updates, 0);
    u.advance = true;
    run(backend, u);
    EXPECT_EQ(record.value().updates, 1);
    EXPECT_DOUBLE_EQ(record.value().step_size.value, 0.05 / (1 - 0.9 * 0.9));
  });
}

TEST(UpdateKernels, GiveTheSameBitsWhateverTheThreadCount) {
  on_every_update([](Backend& backend, bool is_adam, const auto& update) {
    const State<float> one(backend, 200001), three(backend, 200001);
    for (const int count : {1, 3}) {
      const ThreadCount threads(count);
      update(count == 1 ? one : three, Record(backend, make_record(is_adam)));
    }
    EXPECT_TRUE(one.same_as(three));
  });
}

TEST(UpdateKernels, FlushSubnormalMoments) {
  on_every_backend([](Backend& backend) {
    State<float> state(backend, 64);
    state.gradient.set(std::vector<float>(64, 0));
    state.first.set(std::vector<float>(64, std::numeric_limits<float>::min()));
    run(backend, adam(state, Record(backend, make_record(true)), false));
    EXPECT_EQ(state.first.values(), std::vector<float>(64, 0));
  });
}

TEST(AdvanceSchedule, FollowsTheTapeRoundItsRing) {
  on_every_backend([](Backend& backend) {
    const double keep = std::nan("");
    const Buffer<math::SchedulePoint> tape(backend, {{0.1, keep}, {0.2, 0.8}, {0.3, keep}});
    const Record record(backend, make_record(true));
    run(backend, AdvanceSchedule{record.data(), tape.data(), 3});
    EXPECT_EQ(record.value().lr.value, 0.2);
    EXPECT_EQ(record.value().lr.rounded, 0.2f);
    EXPECT_EQ(record.value().momentum.value, 0.8);
    EXPECT_DOUBLE_EQ(record.value().step_size.value, 0.2 / (1 - 0.8));
    run(backend, AdvanceSchedule{record.data(), tape.data(), 3});
    run(backend, AdvanceSchedule{record.data(), tape.data(), 3});
    EXPECT_EQ(record.value().lr.value, 0.1);
    EXPECT_EQ(record.value().momentum.value, 0.8);
    EXPECT_EQ(record.value().schedule_index, 3);
  });
}

TEST(AdvancePlateau, ReducesTheLearningRateAfterPatience) {
  on_every_backend([](Backend& backend) {
    const Record record(backend, make_record(true));
    AdvancePlateau command;
    command.rule.patience = 1;
    command.min_lr = 0.02;
    const Placed<math::PlateauState> state(backend, plateau_start(command.rule));
    const Buffer<float> metric(backend, 1, 1.0f);
    command.metric = metric.view();
    command.state = state.data();
    command.record = record.data();
    std::vector<double> rates;
    for (int step = 0; step < 4; ++step) {
      run(backend, command);
      rates.push_back(record.value().lr.value);
    }
    EXPECT_EQ(rates, (std::vector<double>{0.05, 0.05, 0.02, 0.02}));
    EXPECT_DOUBLE_EQ(record.value().step_size.value, 0.02 / (1 - 0.9));
  });
}

TEST(WriteRecord, KeepsTheUpdatesOrNot) {
  on_every_backend([](Backend& backend) {
    GroupRecord values = make_record(true);
    values.updates = 5;
    const Record record(backend, values), other(backend);
    values.lr.set(0.5);
    values.updates = 2;
    run(backend, WriteRecord{record.data(), nullptr, values, true});
    EXPECT_EQ(record.value().updates, 5);
    EXPECT_DOUBLE_EQ(record.value().step_size.value, 0.5 / (1 - std::pow(0.9, 6)));
    run(backend, WriteRecord{record.data(), nullptr, values, false});
    EXPECT_EQ(record.value().updates, 2);
    run(backend, WriteRecord{other.data(), record.data(), {}, false});
    EXPECT_EQ(other.value().updates, 2);
    EXPECT_EQ(other.value().lr.value, 0.5);
  });
}

}  // namespace
}  // namespace kindling::test
