// SPDX-License-Identifier: MIT
#include "tests/kernels/kernel_test.h"

#include <memory>
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
  record.adam = record.counts_all = adam;
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

/// The one range of an update, in the memory of the backend, and the update.
struct OneRange {
  OneRange(Backend& backend, UpdateOp op, const UpdateRange& range)
      : on_host(range),
        ranges(backend, range),
        update{.op = op, .ranges = ranges.data(), .ranges_on_host = &on_host, .count = 1} {}
  OneRange(const OneRange&) = delete;
  OneRange& operator=(const OneRange&) = delete;
  UpdateRange on_host;
  Placed<UpdateRange> ranges;
  Update update;
};

template <class T>
UpdateRange range_of(const State<T>& state, const Record& record, int states) {
  const View views[] = {state.first.view(), state.second.view(), state.third.view()};
  UpdateRange range{.parameter = state.parameter.view(), .gradient = state.gradient.view()};
  std::copy_n(views, states, range.state);
  range.record = record.data();
  range.advance = true;
  return range;
}

template <class T>
OneRange sgd(Backend& backend, const State<T>& state, const Record& record) {
  return {backend, UpdateOp::sgd,
          range_of(state, record, record.value().momentum.value != 0 ? 1 : 0)};
}

template <class T>
OneRange adam(Backend& backend, const State<T>& state, const Record& record, bool amsgrad) {
  return {backend, UpdateOp::adam, range_of(state, record, amsgrad ? 3 : 2)};
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
      EXPECT_EQ(record.value().updates, start.adam || start.momentum.value != 0 ? 3 : 0);
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
        run(backend, sgd(backend, state, record).update);
      },
      reference_sgd);
}

template <class T>
void check_adam(const GroupRecord& start, bool amsgrad, const std::string& what) {
  check_update<T>(
      start, what,
      [amsgrad](Backend& backend, const State<T>& state, const Record& record) {
        run(backend, adam(backend, state, record, amsgrad).update);
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
      run(backend, adam(backend, state, record, false).update);
      EXPECT_EQ(same_bits(state.parameter.values(), before.parameter.values()), lr == 0);
    }
  });
}

/// Calls test(backend, is_adam, one_range) for both rules, where one_range(state, record) makes
/// one's update.
template <class F>
void on_every_update(const F& test) {
  on_every_backend([&](Backend& backend) {
    test(backend, false, [&](const State<float>& state, const Record& record) {
      return sgd(backend, state, record);
    });
    test(backend, true, [&](const State<float>& state, const Record& record) {
      return adam(backend, state, record, true);
    });
  });
}

TEST(UpdateKernels, ASkippedStepChangesNothing) {
  on_every_update([](Backend& backend, bool is_adam, const auto& one_range) {
    const State<float> state(backend, 1000), before(backend, 1000);
    Placed<math::StepGuard> guard(backend, {.nonfinite = 1});
    const Record record(backend, make_record(is_adam));
    OneRange range = one_range(state, record);
    range.update.guard = guard.data();
    run(backend, range.update);
    EXPECT_TRUE(state.same_as(before));
    EXPECT_EQ(record.value().updates, 0);
    EXPECT_EQ(guard.value().skipped, 1);
    guard.set({});
    run(backend, range.update);
    EXPECT_FALSE(state.same_as(before));
    EXPECT_EQ(record.value().updates, 1);
    EXPECT_EQ(guard.value().applied, 1);
  });
}

TEST(UpdateKernels, OnlyTheLastRangeAdvances) {
  on_every_backend([](Backend& backend) {
    const State<float> state(backend, 10);
    const Record record(backend, make_record(true));
    UpdateRange range = range_of(state, record, 2);
    range.advance = false;
    run(backend, OneRange(backend, UpdateOp::adam, range).update);
    EXPECT_EQ(record.value().updates, 0);
    range.advance = true;
    run(backend, OneRange(backend, UpdateOp::adam, range).update);
    EXPECT_EQ(record.value().updates, 1);
    EXPECT_DOUBLE_EQ(record.value().step_size.value, 0.05 / (1 - 0.9 * 0.9));
  });
}

// More than a GPU has rows of blocks for, so that a block takes several.
TEST(UpdateKernels, GiveEachOfManyRangesItsOwnRecord) {
  on_every_backend([](Backend& backend) {
    constexpr std::int64_t kRanges = 1500, kSize = 3;
    const State<float> state(backend, kRanges * kSize), before(backend, kRanges * kSize);
    GroupRecord values = make_record(false);
    values.momentum.set(0);
    const Record slow(backend, values);
    values.lr.set(0.5);
    const Record fast(backend, values);
    std::vector<UpdateRange> on_host;
    const auto part = [](const Buffer<float>& all, std::int64_t r) {
      return View{all.data() + r * kSize, kSize, DType::float32};
    };
    for (std::int64_t r = 0; r < kRanges; ++r) {
      UpdateRange range{.parameter = part(state.parameter, r), .gradient = part(state.gradient, r)};
      range.record = r < 1000 ? slow.data() : fast.data();
      on_host.push_back(range);
    }
    const Buffer<UpdateRange> ranges(backend, on_host);
    run(backend, Update{.op = UpdateOp::sgd,
                        .ranges = ranges.data(),
                        .ranges_on_host = on_host.data(),
                        .count = kRanges});
    const std::vector<float> p = before.parameter.values(), g = before.gradient.values();
    std::vector<double> expected;
    for (std::size_t i = 0; i < p.size(); ++i)
      expected.push_back(double{p[i]} - (i < 1000 * kSize ? 0.05 : 0.5) * double{g[i]});
    expect_near(state.parameter.values(), expected, 0, 2e-7);
  });
}

TEST(UpdateKernels, ScaleClippedGradientsAsTheClipDoes) {
  on_every_update([](Backend& backend, bool is_adam, const auto& one_range) {
    const State<float> folded(backend, 1000), apart(backend, 1000);
    for (const double max_norm : {0.5, 1e9}) {
      const Buffer<double> total(backend, 1);
      ClipGradNorm clip{.count = 1, .total = total.view(), .max_norm = max_norm};
      clip.gradients[0] = apart.gradient.view();
      run(backend, clip);
      const Record first(backend, make_record(is_adam)), second(backend, make_record(is_adam));
      run(backend, one_range(apart, first).update);
      OneRange range = one_range(folded, second);
      range.update.clip_total = total.data();
      range.update.max_norm = max_norm;
      run(backend, range.update);
      EXPECT_TRUE(folded.same_as(apart)) << max_norm;
    }
  });
}

TEST(UpdateKernels, GiveTheSameBitsWhateverTheThreadCount) {
  on_every_update([](Backend& backend, bool is_adam, const auto& one_range) {
    const State<float> one(backend, 200001), three(backend, 200001);
    for (const int count : {1, 3}) {
      const ThreadCount threads(count);
      const Record record(backend, make_record(is_adam));
      run(backend, one_range(count == 1 ? one : three, record).update);
    }
    EXPECT_TRUE(one.same_as(three));
  });
}

TEST(UpdateKernels, FlushSubnormalMoments) {
  on_every_backend([](Backend& backend) {
    State<float> state(backend, 64);
    state.gradient.set(std::vector<float>(64, 0));
    state.first.set(std::vector<float>(64, std::numeric_limits<float>::min()));
    const Record record(backend, make_record(true));
    run(backend, adam(backend, state, record, false).update);
    EXPECT_EQ(state.first.values(), std::vector<float>(64, 0));
  });
}

TEST(AdvanceSchedule, MovesEveryRecordAlongItsGroupsTape) {
  on_every_backend([](Backend& backend) {
    const double keep = std::nan("");
    const Buffer<math::SchedulePoint> tape(backend, {{0.1, keep},
                                                     {1, keep},
                                                     {0.2, 0.8},
                                                     {2, keep},
                                                     {0.3, keep},
                                                     {3, keep},
                                                     {0.4, keep},
                                                     {4, keep}});
    std::vector<GroupRecord> records(3, make_record(true));
    records[1].group = records[2].group = 1;
    const Buffer<GroupRecord> placed(backend, records);
    const Placed<math::ScheduleClock> clock(backend);
    const AdvanceSchedule command{.clock = clock.data(),
                                  .records = placed.data(),
                                  .count = 3,
                                  .tape = tape.data(),
                                  .groups = 2,
                                  .capacity = 4};
    run(backend, command);
    records = placed.values();
    EXPECT_EQ(records[0].lr.value, 0.2);
    EXPECT_EQ(records[0].lr.rounded, 0.2f);
    EXPECT_EQ(records[0].momentum.value, 0.8);
    EXPECT_DOUBLE_EQ(records[0].step_size.value, 0.2 / (1 - 0.8));
    for (const std::size_t i : {1U, 2U}) {
      EXPECT_EQ(records[i].lr.value, 2);
      EXPECT_EQ(records[i].momentum.value, 0.9);
    }
    for (int step = 0; step < 3; ++step) run(backend, command);  // round the ring
    records = placed.values();
    EXPECT_EQ(records[0].lr.value, 0.1);
    EXPECT_EQ(records[0].momentum.value, 0.8);
    EXPECT_EQ(records[2].lr.value, 1);
    EXPECT_EQ(clock.value().index, 4);
  });
}

// As many groups as several warps have threads: each record counts the update, then takes the next
// point, whose learning rate is divided by the bias correction of the next update.
TEST(AdvanceSchedule, ComesAfterEveryRecordHasCountedItsUpdate) {
  on_every_backend([](Backend& backend) {
    constexpr std::int64_t kGroups = 100;
    const State<float> state(backend, kGroups);
    const Buffer<GroupRecord> records(
        backend, std::vector<GroupRecord>(std::size_t{kGroups}, make_record(true)));
    const Buffer<math::SchedulePoint> tape(
        backend, std::vector<math::SchedulePoint>(2, {0.2, std::nan("")}));
    const Placed<math::ScheduleClock> clock(backend);
    std::vector<UpdateRange> on_host;
    for (std::int64_t r = 0; r < kGroups; ++r) {
      const auto one = [r](const Buffer<float>& all) {
        return View{all.data() + r, 1, DType::float32};
      };
      UpdateRange range{.parameter = one(state.parameter), .gradient = one(state.gradient)};
      range.state[0] = one(state.first);
      range.state[1] = one(state.second);
      range.record = records.data() + r;
      range.advance = true;
      on_host.push_back(range);
    }
    const Buffer<UpdateRange> ranges(backend, on_host);
    run(backend, Update{.op = UpdateOp::adam,
                        .ranges = ranges.data(),
                        .ranges_on_host = on_host.data(),
                        .count = kGroups,
                        .records = records.data(),
                        .schedule = {.clock = clock.data(),
                                     .records = records.data(),
                                     .count = kGroups,
                                     .tape = tape.data(),
                                     .groups = 1,
                                     .capacity = 2}});
    for (const GroupRecord& record : records.values()) {
      EXPECT_EQ(record.updates, 1);
      EXPECT_EQ(record.lr.value, 0.2);
      EXPECT_DOUBLE_EQ(record.step_size.value, 0.2 / (1 - 0.9 * 0.9));
    }
  });
}

TEST(AdvanceSchedule, StandsStillOnlyWhereAllUpdatesWereSkipped) {
  on_every_backend([](Backend& backend) {
    const Buffer<math::SchedulePoint> tape(backend, std::vector<math::SchedulePoint>(8, {1, 0.5}));
    const Record record(backend, make_record(false));
    const Placed<math::ScheduleClock> clock(backend);
    Placed<math::StepGuard> guard(backend);
    const auto index_after = [&](std::int64_t applied, std::int64_t skipped) {
      guard.set({.applied = applied, .skipped = skipped});
      run(backend, AdvanceSchedule{.clock = clock.data(),
                                   .guard = guard.data(),
                                   .records = record.data(),
                                   .count = 1,
                                   .tape = tape.data(),
                                   .groups = 1,
                                   .capacity = 8});
      return clock.value().index;
    };
    EXPECT_EQ(index_after(1, 0), 1);
    EXPECT_EQ(index_after(1, 2), 1);  // two updates, both skipped
    EXPECT_EQ(index_after(2, 3), 2);  // one of two took effect
    EXPECT_EQ(index_after(2, 3), 3);  // none was tried
    EXPECT_EQ(index_after(2, 4), 3);
  });
}

TEST(AppendHistory, KeepsTheLastEntriesOfARing) {
  on_every_backend([](Backend& backend) {
    const Placed<History> history(backend);
    Placed<GroupRecord> record(backend, make_record(false));
    Buffer<float> value(backend, 1, 0.0f);
    for (int t = 0; t < 1030; ++t) {
      GroupRecord now = make_record(false);
      now.lr.set(t);
      record.set(now);
      value.set({static_cast<float>(2 * t)});
      run(backend, AppendHistory{history.data(), {}, record.data(), false});
      run(backend, AppendHistory{history.data(), value.view(), nullptr});
    }
    const auto read = std::make_unique<History>(history.value());
    EXPECT_EQ(read->steps, 1030);
    for (const int t : {6, 7, 1023, 1024, 1029}) {
      EXPECT_EQ(read->entries[t % 1024].lr, t);
      EXPECT_EQ(read->entries[t % 1024].value, 2 * t);
    }
  });
}

TEST(AdvancePlateau, ReducesTheLearningRatesAfterPatience) {
  on_every_backend([](Backend& backend) {
    std::vector<GroupRecord> records(2, make_record(true));
    records[1].group = 1;
    const Buffer<GroupRecord> placed(backend, records);
    AdvancePlateau command;
    command.rule.patience = 1;
    const Buffer<double> min_lr(backend, {0.02, 0.03});
    const Placed<math::PlateauState> state(backend, plateau_start(command.rule));
    const Buffer<float> metric(backend, 1, 1.0f);
    command.metric = metric.view();
    command.min_lr = min_lr.data();
    command.state = state.data();
    command.records = placed.data();
    command.count = 2;
    std::vector<double> rates;
    for (int step = 0; step < 4; ++step) {
      run(backend, command);
      for (const GroupRecord& record : placed.values()) rates.push_back(record.lr.value);
    }
    EXPECT_EQ(rates, (std::vector<double>{0.05, 0.05, 0.05, 0.05, 0.02, 0.03, 0.02, 0.03}));
    EXPECT_DOUBLE_EQ(placed.values()[0].step_size.value, 0.02 / (1 - 0.9));
  });
}

TEST(WriteRecord, KeepsTheUpdatesOrNot) {
  on_every_backend([](Backend& backend) {
    GroupRecord values = make_record(true);
    values.updates = 5;
    const Record record(backend, values), other(backend);
    values.lr.set(0.5);
    run(backend, WriteRecord{.record = record.data(), .values = values, .group = 3});
    EXPECT_EQ(record.value().updates, 5);
    EXPECT_EQ(record.value().group, 3);
    EXPECT_DOUBLE_EQ(record.value().step_size.value, 0.5 / (1 - std::pow(0.9, 6)));
    run(backend, WriteRecord{.record = record.data(), .values = values, .updates = 2});
    EXPECT_EQ(record.value().updates, 2);
    run(backend, WriteRecord{.record = other.data(), .source = record.data()});
    EXPECT_EQ(other.value().updates, 2);
    EXPECT_EQ(other.value().lr.value, 0.5);
  });
}

}  // namespace
}  // namespace kindling::test
