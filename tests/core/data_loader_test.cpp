// SPDX-License-Identifier: MIT
#include <kindling/kindling.h>

#include "tests/support/array.h"
#include "tests/support/devices.h"
#include "tests/support/expect_error.h"

#include <algorithm>
#include <limits>
#include <set>

namespace kindling::test {
namespace {

constexpr std::int64_t kLargest = std::numeric_limits<std::int64_t>::max();

// The samples of one epoch, in the order in which they are dealt out.
template <std::size_t N>
std::vector<double> epoch(const DataLoader<N>& loader) {
  std::vector<double> samples;
  for (const auto& batch : loader) {
    for (const double value : batch[0].template to_vector<double>()) samples.push_back(value);
  }
  return samples;
}

std::vector<double> sorted(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values;
}

TEST(DataLoader, DealsInOrderWithoutShuffle) {
  const DataLoader loader({arange(5), arange(10).reshape({5, 2})}, {.batch_size = 2});
  EXPECT_EQ(loader.size(), 3);
  std::vector<Array> inputs;
  std::vector<Array> targets;
  for (const auto& [x, y] : loader) {
    inputs.push_back(to_array(x));
    targets.push_back(to_array(y));
  }
  ASSERT_EQ(inputs.size(), 3u);
  EXPECT_EQ(inputs[0].values, (std::vector<double>{0, 1}));
  EXPECT_EQ(inputs[2].values, (std::vector<double>{4}));  // the short one
  EXPECT_EQ(targets[1].shape, Shape(2, 2));
  EXPECT_EQ(targets[1].values, (std::vector<double>{4, 5, 6, 7}));
}

TEST(DataLoader, DealsEachSampleOnceAnEpoch) {
  for (const std::int64_t samples : {1, 2, 3, 7, 64, 1000, 4097}) {
    for (const std::int64_t batch_size : {1, 3, 32, 5000}) {
      const DataLoader loader({arange(static_cast<double>(samples))},
                              {.batch_size = batch_size, .shuffle = true, .seed = 5});
      for (int e = 0; e < 3; ++e) {
        EXPECT_EQ(sorted(epoch(loader)), arange(static_cast<double>(samples)).to_vector<double>())
            << samples << " samples in batches of " << batch_size;
      }
    }
  }
}

TEST(DataLoader, KeepsTheRowsOfItsTensorsTogether) {
  const Tensor x = arange(100);
  const DataLoader loader({x, x.reshape({100, 1}).to(DType::float64) * 2.0},
                          {.batch_size = 7, .shuffle = true});
  for (const auto& [a, b] : loader) {
    EXPECT_EQ(b.dtype(), DType::float64);
    EXPECT_TRUE(same(b.reshape({-1}), to_array(a * 2.0)));
  }
}

TEST(DataLoader, ShuffleIsAFunctionOfSeedAndEpoch) {
  const auto run = [](std::uint64_t seed, std::int64_t batch_size) {
    const DataLoader loader({arange(50)},
                            {.batch_size = batch_size, .shuffle = true, .seed = seed});
    std::vector<std::vector<double>> epochs;
    for (int e = 0; e < 3; ++e) epochs.push_back(epoch(loader));
    return epochs;
  };
  const auto first = run(1, 8);
  EXPECT_EQ(run(1, 8), first);
  EXPECT_EQ(run(1, 13), first);  // whatever the batches
  manual_seed(77);               // and whatever else draws random numbers
  EXPECT_EQ(run(1, 8), first);
  EXPECT_NE(run(2, 8), first);
  EXPECT_NE(run(std::uint64_t{1} << 40, 8), first);
  EXPECT_NE(first[0], first[1]);
  EXPECT_NE(first[1], first[2]);
  EXPECT_NE(first[0], arange(50).to_vector<double>());
}

// Every sample takes every place about equally often.
TEST(DataLoader, ShuffleIsFair) {
  constexpr int kSamples = 6;
  constexpr int kEpochs = 6000;
  int count[kSamples][kSamples] = {};
  const DataLoader loader({arange(kSamples)}, {.batch_size = kSamples, .shuffle = true, .seed = 9});
  std::set<std::vector<double>> orders;
  for (int e = 0; e < kEpochs; ++e) {
    const std::vector<double> order = epoch(loader);
    orders.insert(order);
    for (int place = 0; place < kSamples; ++place) {
      ++count[place][static_cast<int>(order[static_cast<std::size_t>(place)])];
    }
  }
  constexpr int kExpected = kEpochs / kSamples;
  for (const auto& row : count) {
    // 1000 expected, with a standard deviation of 29
    for (const int times : row) EXPECT_NEAR(times, kExpected, 150);
  }
  EXPECT_GT(orders.size(), 650u);  // of the 720 there are
}

TEST(DataLoader, DropsTheShortBatch) {
  const DataLoader loader({arange(10)}, {.batch_size = 4, .shuffle = true, .drop_last = true});
  EXPECT_EQ(loader.size(), 2);
  std::set<double> ever;
  for (int e = 0; e < 20; ++e) {
    const std::vector<double> samples = epoch(loader);
    EXPECT_EQ(samples.size(), 8u);
    EXPECT_EQ(std::set<double>(samples.begin(), samples.end()).size(), 8u);
    ever.insert(samples.begin(), samples.end());
  }
  EXPECT_EQ(ever.size(), 10u);  // the left-out ones change
}

TEST(DataLoader, NextIsTheEndlessStream) {
  const DataLoaderOptions options{.batch_size = 4, .shuffle = true, .seed = 3};
  const DataLoader by_epochs({arange(10)}, options);
  const DataLoader endless({arange(10)}, options);
  std::vector<double> expected;
  for (int e = 0; e < 3; ++e) {
    for (const double sample : epoch(by_epochs)) expected.push_back(sample);
  }
  std::vector<double> stream;
  for (int i = 0; i < 9; ++i) {
    EXPECT_EQ(endless.epoch(), i / 3);
    const auto [batch] = endless.next();
    EXPECT_EQ(batch.numel(), i % 3 == 2 ? 2 : 4);
    for (const double sample : batch.to_vector<double>()) stream.push_back(sample);
  }
  EXPECT_EQ(stream, expected);
  EXPECT_EQ(endless.epoch(), 3);
}

TEST(DataLoader, ALoopThatWasLeftEarlyStartsTheNextEpoch) {
  const DataLoader loader({arange(10)}, {.batch_size = 4, .shuffle = true});
  const DataLoader unbroken({arange(10)}, {.batch_size = 4, .shuffle = true});
  for (const auto& batch : loader) {
    EXPECT_EQ(batch[0].numel(), 4);
    break;
  }
  EXPECT_EQ(loader.epoch(), 0);
  epoch(unbroken);
  EXPECT_EQ(epoch(loader), epoch(unbroken));
}

// Each loop has an epoch of its own, numbered by the order in which the loops begin.
TEST(DataLoader, NestedLoopsAreIndependent) {
  const DataLoaderOptions options{.batch_size = 4, .shuffle = true, .seed = 8};
  std::vector<std::vector<double>> epochs;
  const DataLoader one_by_one({arange(10)}, options);
  for (int e = 0; e < 5; ++e) epochs.push_back(epoch(one_by_one));

  const DataLoader loader({arange(10)}, options);
  const DataLoader copy = loader;
  std::vector<double> outer;
  std::vector<std::vector<double>> inner;
  for (const auto& [x] : loader) {
    for (const double sample : x.to_vector<double>()) outer.push_back(sample);
    inner.push_back(epoch(inner.empty() ? copy : loader));
  }
  EXPECT_EQ(outer, epochs[0]);
  EXPECT_EQ(inner, std::vector(epochs.begin() + 1, epochs.begin() + 4));
  EXPECT_EQ(loader.epoch(), 4);
  EXPECT_EQ(epoch(loader), epochs[4]);
}

TEST(DataLoader, TwoIteratorsAtOnceAreIndependent) {
  const DataLoader loader({arange(6)}, {.batch_size = 2});
  auto first = loader.begin();
  auto second = loader.begin();
  for (const double batch : {0, 2, 4}) {
    EXPECT_TRUE(same((*first)[0], {{2}, {batch, batch + 1}}));
    EXPECT_TRUE(same((*second)[0], {{2}, {batch, batch + 1}}));
    EXPECT_FALSE(first == loader.end());
    ++first;
    second++;
  }
  EXPECT_EQ(first, loader.end());
  EXPECT_EQ(second, loader.end());
}

TEST(DataLoader, NextAndLoopsDoNotDisturbEachOther) {
  const DataLoaderOptions options{.batch_size = 4, .shuffle = true, .seed = 8};
  const DataLoader only_next({arange(10)}, options), only_loops({arange(10)}, options);
  const DataLoader both({arange(10)}, options);
  for (int e = 0; e < 3; ++e) {
    both.next();
    only_next.next();
    std::vector<double> looped;
    for (const auto& [x] : both) {
      for (const double sample : x.to_vector<double>()) looped.push_back(sample);
      EXPECT_TRUE(same_bits(both.next()[0], only_next.next()[0]));
    }
    EXPECT_EQ(looped, epoch(only_loops));
  }
}

TEST(DataLoader, RowsMayHaveNoElements) {
  const DataLoader loader({arange(5), zeros({5, 0})}, {.batch_size = 2});
  const std::vector<std::vector<double>> batches = {{0, 1}, {2, 3}, {4}, {0, 1}};
  for (const std::vector<double>& rows : batches) {
    const auto [x, y] = loader.next();
    EXPECT_EQ(x.to_vector<double>(), rows);
    EXPECT_EQ(y.shape(), Shape(x.size(0), 0));
  }
  EXPECT_EQ(epoch(loader), (std::vector<double>{0, 1, 2, 3, 4}));
}

TEST(DataLoader, BatchesMayBeLargerThanTheData) {
  for (const std::int64_t samples : {1, 3}) {
    for (const std::int64_t batch_size : {samples, std::int64_t{10}, kLargest}) {
      const DataLoader loader({arange(static_cast<double>(samples))}, {.batch_size = batch_size});
      EXPECT_EQ(loader.size(), 1);
      for (int e = 0; e < 3; ++e) {
        EXPECT_EQ(loader.epoch(), e);
        EXPECT_TRUE(same(loader.next()[0], to_array(arange(static_cast<double>(samples)))));
      }
      loader.load_state_dict(loader.state_dict());
    }
  }
}

TEST(DataLoader, ResumesExactly) {
  const DataLoaderOptions options{.batch_size = 4, .shuffle = true, .seed = 0x123456789abcdef0};
  const DataLoader loader({arange(10)}, options);
  for (int i = 0; i < 4; ++i) loader.next();  // into the second epoch
  const StateDict state = loader.state_dict();
  std::vector<std::vector<double>> expected;
  for (int i = 0; i < 7; ++i) expected.push_back(loader.next()[0].to_vector<double>());

  const DataLoader resumed({arange(10)}, {.batch_size = 4, .shuffle = true});
  resumed.load_state_dict(state);
  EXPECT_EQ(resumed.epoch(), 1);
  std::vector<std::vector<double>> batches;
  for (int i = 0; i < 7; ++i) batches.push_back(resumed.next()[0].to_vector<double>());
  EXPECT_EQ(batches, expected);
}

// The loop over an epoch goes on with the epoch that was under way when the state was taken.
TEST(DataLoader, ResumesAnEpochInALoop) {
  const DataLoaderOptions options{.batch_size = 3, .shuffle = true, .seed = 4};
  const DataLoader loader({arange(10)}, options);
  StateDict state;
  std::vector<double> rest;
  int batches = 0;
  for (const auto& [x] : loader) {
    if (batches >= 2) {
      for (const double sample : x.to_vector<double>()) rest.push_back(sample);
    }
    if (++batches == 2) state = loader.state_dict();
  }
  const std::vector<double> following = epoch(loader);

  const DataLoader resumed({arange(10)}, options);
  resumed.load_state_dict(state);
  EXPECT_EQ(epoch(resumed), rest);
  EXPECT_EQ(epoch(resumed), following);

  // Only the first loop goes on with it.
  resumed.load_state_dict(state);
  for (const auto& batch : resumed) {
    EXPECT_LT(batch[0].numel(), 10);
    break;
  }
  EXPECT_EQ(epoch(resumed), following);
}

// So does a second loop, in the middle of which the state was taken, whatever the first one does.
TEST(DataLoader, ResumesTheLoopThatBeganLast) {
  const DataLoaderOptions options{.batch_size = 3, .shuffle = true, .seed = 4};
  const DataLoader loader({arange(10)}, options), resumed({arange(10)}, options);
  auto outer = loader.begin();
  auto inner = loader.begin();
  ++inner;
  ++outer;
  resumed.load_state_dict(loader.state_dict());
  EXPECT_EQ(resumed.epoch(), 1);
  for (const auto& batch : resumed) {
    ++inner;
    EXPECT_TRUE(same_bits(batch[0], (*inner)[0]));
  }
  EXPECT_EQ(++inner, loader.end());
  EXPECT_EQ(epoch(resumed), epoch(loader));
}

TEST(DataLoader, ResumesFarOn) {
  constexpr std::int64_t batches = std::int64_t{1} << 53;  // what a float64 counts exactly
  const DataLoaderOptions options{.batch_size = 3, .shuffle = true};
  const DataLoader loader({arange(10)}, options);
  StateDict state = loader.state_dict();
  for (auto& [name, value] : state) {
    if (name == "batches_by_next" || name == "batches_by_loops") {
      value = full({}, static_cast<double>(batches - 1), {.dtype = DType::float64});
    }
  }
  loader.load_state_dict(state);
  EXPECT_EQ(loader.epoch(), (batches - 1) / 4);
  const StateDict again = loader.state_dict();
  for (std::size_t i = 0; i < state.size(); ++i) {
    EXPECT_TRUE(same_bits(again[i].second, state[i].second)) << state[i].first;
  }
  const Tensor last = loader.next()[0];  // of an epoch, and so the short one
  EXPECT_EQ(last.numel(), 1);
  for (const auto& batch : loader) EXPECT_TRUE(same_bits(batch[0], last));
  EXPECT_EQ(loader.epoch(), batches / 4);
}

TEST(DataLoader, CopiesShareThePosition) {
  const DataLoader loader({arange(10)}, {.batch_size = 5});
  const DataLoader copy = loader;
  loader.next();
  EXPECT_TRUE(same(copy.next()[0], {{5}, {5, 6, 7, 8, 9}}));
}

TEST(DataLoader, BatchesAreNoViews) {
  const Tensor x = arange(4);
  const DataLoader loader({x}, {.batch_size = 4});
  const auto [batch] = loader.next();
  batch.fill_(7);
  EXPECT_TRUE(same(x, {{4}, {0, 1, 2, 3}}));
}

TEST(DataLoader, BatchesNeedNoGradient) {
  const Tensor x = ones({4}, {.requires_grad = true});
  const DataLoader loader({x}, {.batch_size = 2});
  EXPECT_FALSE(loader.next()[0].requires_grad());
}

TEST(DataLoaderErrors, Tensors) {
  expect_error<ShapeError>(
      "DataLoader: tensors of shapes [3] and [4]: expected the same number of rows", [] {
        return DataLoader({zeros({3}), zeros({4})});
      });
  const auto without_rows = [](const std::string& shape) {
    return "DataLoader: a tensor of shape " + shape + ": expected at least one row";
  };
  expect_error<ShapeError>(without_rows("[]"), [] { return DataLoader({zeros({})}); });
  expect_error<ShapeError>(without_rows("[]"), [] { return DataLoader({zeros({3}), zeros({})}); });
  expect_error<ShapeError>(without_rows("[0, 2]"), [] { return DataLoader({zeros({0, 2})}); });
}

TEST(DataLoaderErrors, Options) {
  expect_error<ValueError>("DataLoader: batch_size 0: must be at least 1",
                           [] { return DataLoader({zeros({3})}, {.batch_size = 0}); });
  expect_error<ValueError>("DataLoader: batch_size 4 with drop_last: 3 samples leave no batch", [] {
    return DataLoader({zeros({3})}, {.batch_size = 4, .drop_last = true});
  });
}

TEST(DataLoaderErrors, AFailedLoadChangesNothing) {
  const DataLoader loader({arange(10)}, {.batch_size = 3, .shuffle = true, .seed = 6});
  const DataLoader untouched({arange(10)}, {.batch_size = 3, .shuffle = true, .seed = 6});
  const StateDict good = loader.state_dict();
  const auto with = [&](const std::string& name, double value) {
    StateDict state = good;
    for (auto& entry : state) {
      if (entry.first == name) entry.second = full({}, value, {.dtype = DType::float64});
    }
    return state;
  };
  const auto load = [&](const StateDict& state) {
    loader.load_state_dict(state);
    return 0;
  };
  StateDict incomplete = good;
  incomplete.pop_back();
  EXPECT_THROW(load(incomplete), ValueError);
  StateDict longer = good;
  longer.emplace_back("more", zeros({}));
  EXPECT_THROW(load(longer), ValueError);
  StateDict other_shape = good;
  other_shape.front().second = zeros({2});
  EXPECT_THROW(load(other_shape), ShapeError);
  const auto differs = [](const std::string& saved, const std::string& own) {
    return "DataLoader: load_state_dict: the state is of a loader with " + saved + ", not " + own +
           ": make the loader with the same data and options";
  };
  expect_error<ValueError>(differs("samples 9", "10"), [&] { return load(with("samples", 9)); });
  expect_error<ValueError>(differs("batch_size 4", "3"),
                           [&] { return load(with("batch_size", 4)); });
  expect_error<ValueError>(differs("shuffle 0", "1"), [&] { return load(with("shuffle", 0)); });
  expect_error<ValueError>(differs("drop_last 1", "0"), [&] { return load(with("drop_last", 1)); });
  EXPECT_THROW(load(with("batches_by_next", -1)), ValueError);
  EXPECT_THROW(load(with("batches_by_loops", 0.5)), ValueError);
  EXPECT_THROW(load(with("batches_by_loops", std::numeric_limits<double>::quiet_NaN())),
               ValueError);
  EXPECT_THROW(load(with("seed_low", -1)), ValueError);
  EXPECT_EQ(epoch(loader), epoch(untouched));
  load(good);
}

TEST(DataLoader, TakesAVectorOfTensors) {
  const std::vector<Tensor> tensors = {arange(6), arange(12).reshape({6, 2})};
  const DataLoader fixed({tensors[0], tensors[1]}, {.batch_size = 4, .shuffle = true, .seed = 2});
  const DataLoader loader(tensors, {.batch_size = 4, .shuffle = true, .seed = 2});
  EXPECT_EQ(epoch(loader), epoch(fixed));
  const std::vector<Tensor> batch = loader.next();
  ASSERT_EQ(batch.size(), 2u);
  EXPECT_EQ(batch[1].shape(), Shape(4, 2));
  expect_error<ValueError>("DataLoader: no tensors: give at least one",
                           [] { DataLoader(std::vector<Tensor>{}); });
}

// What is made by a function is dealt out in the order of a tensor of the same size.
TEST(DataLoader, TakesAFunctionThatMakesSamples) {
  const Tensor x = arange(7);
  const DataLoader tensors({x}, {.batch_size = 3, .shuffle = true, .seed = 2});
  const DataLoader loader(7,
                          [&](std::int64_t i) {
                            return std::vector<Tensor>{x[i], full({2}, static_cast<double>(i))};
                          },
                          {.batch_size = 3, .shuffle = true, .seed = 2});
  EXPECT_EQ(loader.size(), 3);
  for (int e = 0; e < 3; ++e) EXPECT_EQ(epoch(loader), epoch(tensors));
  std::vector<Tensor> kept;
  for (const auto& batch : loader) {
    EXPECT_TRUE(same(batch[1].narrow(1, 1, 1).squeeze(1), to_array(batch[0])));
    kept.push_back(batch[0]);
  }
  EXPECT_EQ(kept.back().shape(), Shape(1));
  const StateDict state = loader.state_dict();
  const auto next = [&] { return loader.next()[0].to_vector<double>(); };
  const std::vector<double> first = next();
  loader.load_state_dict(state);
  EXPECT_EQ(next(), first);
  auto step = capture([&] { loader.next(); });
  EXPECT_THROW(step(), CaptureError);
}

TEST(DataLoader, RefusesSamplesThatDoNotFit) {
  expect_error<ValueError>("DataLoader: 0 samples: at least 1", [] {
    DataLoader(0, [](std::int64_t) { return std::vector<Tensor>{zeros({})}; });
  });
  const DataLoader shapes(2, [](std::int64_t i) { return std::vector<Tensor>{zeros({i})}; },
                          {.batch_size = 2});
  EXPECT_THROW(shapes.next(), ShapeError);
  const DataLoader counts(2,
                          [](std::int64_t i) {
                            return std::vector<Tensor>(static_cast<std::size_t>(i + 1), zeros({}));
                          },
                          {.batch_size = 2});
  expect_error<ShapeError>("DataLoader: sample 1 has 2 tensors: the first had 1",
                           [&] { counts.next(); });
}

TEST(RandomSplit, DealsOutAllRowsOnce) {
  const Tensor x = arange(10), y = arange(20).reshape({10, 2});
  const auto [training, test] = random_split({x, y}, {0.8, 0.2}, 5);
  EXPECT_EQ(training[0].shape(), Shape(8));
  EXPECT_EQ(test[1].shape(), Shape(2, 2));
  std::vector<double> all = training[0].to_vector<double>();
  EXPECT_NE(all, sorted(all));
  for (const double value : test[0].to_vector<double>()) all.push_back(value);
  EXPECT_EQ(sorted(all), x.to_vector<double>());
  EXPECT_TRUE(same(training[1].narrow(1, 0, 1).squeeze(1), to_array(training[0] * 2)));
  const auto [again, rest] = random_split({x, y}, {8, 2}, 5);
  EXPECT_TRUE(same_bits(again[0], training[0]));
  const DataLoader loader(training, {.batch_size = 4});
  EXPECT_EQ(loader.size(), 2);
  const auto thirds = random_split({x}, {1.0 / 3, 1.0 / 3, 1.0 / 3});
  EXPECT_EQ(thirds[0][0].numel() + thirds[1][0].numel() + thirds[2][0].numel(), 10);
  expect_error<ValueError>("random_split: sizes sum to 9: expected 1, or 10 rows", [&] {
    random_split({x}, {5, 4});
  });
  expect_error<ValueError>("random_split: size -1: is negative", [&] {
    random_split({x}, {11, -1});
  });
}

}  // namespace
}  // namespace kindling::test
