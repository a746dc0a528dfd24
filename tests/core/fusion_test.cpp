// SPDX-License-Identifier: MIT
// Which commands of a captured step its updates take over. That the results stay the same bit for
// bit is in capture_property_test.cpp.
#include <kindling/core/command.h>
#include <kindling/core/recorder.h>
#include <kindling/kindling.h>

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace kindling {
namespace {

using kernels::AdvanceSchedule;
using kernels::AppendHistory;
using kernels::ClipGradNorm;
using kernels::Update;
using optim::SGD;
using schedulers::LRScheduler;

// The commands that are left of a step.
class Recorded {
 public:
  explicit Recorded(const std::function<Tensor()>& step) {
    detail::Recorder recorder;
    const Tensor value = step();
    recording_ = recorder.finish(value);
  }

  template <class Command>
  std::vector<Command> all() const {
    std::vector<Command> found;
    for (const kernels::RecordedCommand& command : recording_->commands()) {
      if (command.kind == kernels::kKind<Command>)
        found.push_back(*static_cast<const Command*>(command.arguments));
    }
    return found;
  }

 private:
  std::unique_ptr<detail::Recording> recording_;
};

std::vector<Tensor> weights(int count) {
  std::vector<Tensor> made;
  for (int i = 0; i < count; ++i) made.push_back(ones({3}, {.requires_grad = true}));
  return made;
}

void backward_of(const std::vector<Tensor>& tensors) {
  for (const Tensor& tensor : tensors) tensor.sum().backward();
}

SGD sgd(const std::vector<Tensor>& parameters) { return SGD(parameters, {.lr = 0.5}); }

// Whether the update after a clip scales the gradients in its place.
bool takes_over_the_clip(const std::function<void()>& step) {
  const Recorded recorded([&] {
    step();
    return Tensor();
  });
  const auto clips = recorded.all<ClipGradNorm>();
  const auto updates = recorded.all<Update>();
  EXPECT_EQ(updates.size(), 1U);
  int scaling = 0;
  for (const ClipGradNorm& clip : clips) scaling += clip.scales ? 1 : 0;
  if (updates.front().clip_total == nullptr) {
    EXPECT_GT(scaling, 0);
    return false;
  }
  EXPECT_EQ(updates.front().clip_total, clips.back().total.data);
  EXPECT_EQ(updates.front().max_norm, clips.back().max_norm);
  EXPECT_FALSE(clips.back().scales);
  return true;
}

TEST(Fusion, AnUpdateScalesTheGradientsThatWereClipped) {
  const std::vector<Tensor> w = weights(3);
  SGD one_group = sgd(w);
  EXPECT_TRUE(takes_over_the_clip([&] {
    backward_of(w);
    optim::clip_grad_norm_(w, 0.25);
    one_group.step();
  }));
  EXPECT_TRUE(takes_over_the_clip([&] {  // a later clip only
    backward_of(w);
    optim::clip_grad_norm_(w, 0.5);
    optim::clip_grad_norm_(w, 0.25);
    one_group.step();
  }));
  SGD guarded(w, {.lr = 0.5, .skip_nonfinite = true});
  EXPECT_TRUE(takes_over_the_clip([&] {
    backward_of(w);
    optim::clip_grad_norm_(w, 0.25);
    guarded.step();
  }));
  SGD two_groups({{{w[0], w[1]}, {.lr = 0.5}}, {{w[2]}, {.lr = 1}}});
  EXPECT_TRUE(takes_over_the_clip([&] {
    backward_of(w);
    optim::clip_grad_norm_(w, 0.25);
    two_groups.step();
  }));
}

// Of parameters with records of their own the update has ranges of their own.
TEST(Fusion, NeighboursOfSeveralRangesAreClippedInOnePiece) {
  const std::vector<Tensor> w = weights(3);
  SGD optimizer = sgd(w);
  backward_of({w[0]});
  optimizer.step();
  optimizer.zero_grad();
  EXPECT_TRUE(takes_over_the_clip([&] {
    backward_of(w);
    optim::clip_grad_norm_(w, 0.25);
    optimizer.step();
  }));
  optimizer.zero_grad();
  EXPECT_TRUE(takes_over_the_clip([&] {  // two pieces
    backward_of({w[0], w[2]});
    optim::clip_grad_norm_(w, 0.25);
    optimizer.step();
  }));
}

TEST(Fusion, AClipOfAnythingElseScalesByItself) {
  const std::vector<Tensor> w = weights(4);
  const std::vector<Tensor> some = {w[0], w[1], w[2]};
  const auto alone = [](SGD& optimizer, const std::vector<Tensor>& clipped,
                        const std::vector<Tensor>& reached, const std::function<void()>& between) {
    return !takes_over_the_clip([&] {
      backward_of(reached);
      optim::clip_grad_norm_(clipped, 0.25);
      if (between) between();
      optimizer.step();
    });
  };
  SGD all = sgd(w);
  EXPECT_TRUE(alone(all, some, w, {})) << "one piece, too short";
  EXPECT_TRUE(alone(all, {w[1], w[2], w[3]}, w, {})) << "one piece that begins later";
  EXPECT_TRUE(alone(all, {w[0], w[1], w[3]}, w, {})) << "two pieces of one";
  EXPECT_TRUE(alone(all, {w[3], w[2], w[1], w[0]}, w, {})) << "in another order";
  EXPECT_FALSE(alone(all, w, w, {}));
  const Tensor other = ones({1});
  EXPECT_TRUE(alone(all, w, w, [&] { other += 1.0; })) << "something lies between";
  SGD part = sgd(some);
  EXPECT_TRUE(alone(part, w, w, {})) << "more than the update uses";
  EXPECT_FALSE(alone(part, some, w, {}));
}

TEST(Fusion, AClipOfManyPiecesScalesByItself) {
  std::vector<Tensor> all;
  std::vector<optim::ParamGroup<optim::SGDOptions>> groups;
  for (const Tensor& weight : weights(ClipGradNorm::kMaxRanges + 1)) {
    all.push_back(weight);
    groups.push_back({{weight}, {.lr = 0.5}});
  }
  SGD optimizer(groups);
  const auto clipped_and_updated = [&] {
    backward_of(all);
    optim::clip_grad_norm_(all, 0.25);
    optimizer.step();
  };
  EXPECT_FALSE(takes_over_the_clip(clipped_and_updated));
  groups.pop_back();
  optimizer = SGD(groups);  // of just the gradients that the last command scales
  EXPECT_FALSE(takes_over_the_clip(clipped_and_updated));
}

TEST(Fusion, AClipAfterTheUpdateScalesByItself) {
  const std::vector<Tensor> w = weights(2);
  SGD optimizer = sgd(w);
  EXPECT_FALSE(takes_over_the_clip([&] {
    backward_of(w);
    optimizer.step();
    optim::clip_grad_norm_(w, 0.25);
  }));
}

// Which updates move a schedule, and how many of its steps stay commands.
std::pair<std::vector<bool>, std::size_t> schedules(const std::function<void()>& step) {
  const Recorded recorded([&] {
    step();
    return Tensor();
  });
  std::vector<bool> moves;
  for (const Update& update : recorded.all<Update>()) {
    moves.push_back(update.schedule.clock != nullptr);
    EXPECT_TRUE(!moves.back() || update.schedule.records == update.records);
  }
  return {moves, recorded.all<AdvanceSchedule>().size()};
}

TEST(Fusion, AnUpdateMovesItsSchedule) {
  using Expected = std::pair<std::vector<bool>, std::size_t>;
  const std::vector<Tensor> w = weights(2);
  SGD first = sgd({w[0]});
  SGD second(std::vector<Tensor>{w[1]}, {.lr = 0.5, .skip_nonfinite = true});
  LRScheduler of_first(first, schedulers::warmup(100));
  LRScheduler of_second(second, schedulers::warmup(100));
  backward_of(w);
  const Tensor other = ones({1});

  EXPECT_EQ(schedules([&] {
              first.step();
              of_first.step();
            }),
            Expected({true}, 0));
  EXPECT_EQ(schedules([&] {  // others' work may lie between
              first.step();
              optim::clip_grad_norm_({w[1]}, 0.25);
              second.step();
              of_first.step();
              of_second.step();
            }),
            Expected({true, true}, 0));
  EXPECT_EQ(schedules([&] {  // one step of it
              first.step();
              of_first.step();
              of_first.step();
              of_first.step();
            }),
            Expected({true}, 2));
  EXPECT_EQ(schedules([&] {  // the last update before it
              first.step();
              first.step();
              of_first.step();
            }),
            Expected({false, true}, 0));
  EXPECT_EQ(schedules([&] {
              first.step();
              of_first.step();
              first.step();
              of_first.step();
            }),
            Expected({true, true}, 0));
  EXPECT_EQ(schedules([&] {
              of_first.step();
              first.step();
            }),
            Expected({false}, 1));
  EXPECT_EQ(schedules([&] {  // what lies between may read what the schedule changes
              first.step();
              other += 1.0;
              of_first.step();
              of_first.step();
            }),
            Expected({false}, 2));
  EXPECT_EQ(schedules([&] {
              second.step();
              of_first.step();
            }),
            Expected({false}, 1));
}

TEST(Fusion, AnUpdateMakesTheEntryOfTheHistory) {
  const std::vector<Tensor> w = weights(2);
  SGD first = sgd({w[0]});
  SGD second = sgd({w[1]});
  LRScheduler scheduler(second, schedulers::warmup(100));
  const Recorded recorded([&] {
    const Tensor loss = w[0].sum() + w[1].sum();
    loss.backward();
    first.step();
    second.step();
    scheduler.step();
    return loss;
  });
  EXPECT_TRUE(recorded.all<AppendHistory>().empty());
  const auto updates = recorded.all<Update>();
  ASSERT_EQ(updates.size(), 2U);
  EXPECT_EQ(updates[0].history.history, nullptr);
  EXPECT_NE(updates[1].history.history, nullptr);
  EXPECT_NE(updates[1].history.value.data, nullptr);
  EXPECT_EQ(updates[1].history.record, updates[1].records);
  EXPECT_TRUE(updates[1].history.last);
}

TEST(Fusion, AValueThatIsMadeAfterTheUpdateIsNotedAfterIt) {
  const std::vector<Tensor> w = weights(2);
  SGD optimizer = sgd(w);
  const std::vector<std::pair<std::string, std::function<Tensor()>>> values = {
      {"an op", [&] { return w[0].detach().sum(); }},
      {"a norm", [&] { return optim::clip_grad_norm_(w, 0.25); }},
  };
  for (const auto& each : values) {
    SCOPED_TRACE(each.first);
    backward_of(w);
    const Recorded recorded([&] {
      optimizer.step();
      return each.second();
    });
    const auto entries = recorded.all<AppendHistory>();
    ASSERT_EQ(entries.size(), 1U);
    EXPECT_NE(entries[0].value.data, nullptr);
    EXPECT_EQ(entries[0].record, nullptr);  // the update notes the learning rate it used
    EXPECT_TRUE(entries[0].last);
    const Update update = recorded.all<Update>().front();
    EXPECT_EQ(update.history.value.data, nullptr);
    EXPECT_EQ(update.history.record, update.records);
    EXPECT_FALSE(update.history.last);
  }
}

TEST(Fusion, WithoutAnUpdateTheEntryStandsAlone) {
  const Tensor x = ones({2});
  const Recorded recorded([&] { return x.sum(); });
  const auto entries = recorded.all<AppendHistory>();
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_NE(entries[0].value.data, nullptr);
  EXPECT_EQ(entries[0].record, nullptr);
  EXPECT_TRUE(entries[0].last);
}

}  // namespace
}  // namespace kindling
