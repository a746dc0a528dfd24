// SPDX-License-Identifier: MIT
// What int64 tensors can do, and that everything else refuses them.
#include <kindling/kindling.h>

#include "tests/support/array.h"
#include "tests/support/devices.h"
#include "tests/support/expect_error.h"

#include <cstdint>
#include <functional>
#include <limits>
#include <sstream>
#include <vector>

namespace kindling::test {
namespace {

using Whole = std::vector<std::int64_t>;

constexpr std::int64_t kBeyondDouble = (std::int64_t{1} << 53) + 1;

Tensor whole(const Whole& values) { return from_data(values, Shape(values.size())); }
Whole whole_numbers_of(const Tensor& x) { return x.to_vector<std::int64_t>(); }

TEST(Int64, KeepsEveryBitOnItsWay) {
  const Whole values = {kBeyondDouble,
                        -kBeyondDouble,
                        std::numeric_limits<std::int64_t>::max(),
                        std::numeric_limits<std::int64_t>::min(),
                        0,
                        5};
  const Tensor x = whole(values);
  EXPECT_EQ(x.dtype(), int64);
  EXPECT_EQ(whole_numbers_of(x), values);
  EXPECT_EQ(whole_numbers_of(x.clone()), values);
  const Tensor table = x.reshape({2, 3});
  EXPECT_EQ(whole_numbers_of(table.transpose(0, 1)),
            (Whole{values[0], values[3], values[1], values[4], values[2], values[5]}));
  EXPECT_EQ(whole_numbers_of(table.narrow(1, 1, 1)), (Whole{values[1], values[4]}));
  EXPECT_EQ(whole_numbers_of(cat({x, x.narrow(0, 0, 1)})),
            (Whole{values[0], values[1], values[2], values[3], values[4], values[5], values[0]}));
  EXPECT_EQ(whole_numbers_of(expand(x.narrow(0, 3, 1), {2})), (Whole{values[3], values[3]}));
  EXPECT_EQ(whole_numbers_of(index_select(x, whole({2, 0}))), (Whole{values[2], values[0]}));
  EXPECT_EQ(whole_numbers_of(table[1]), (Whole{values[3], values[4], values[5]}));
  const Tensor y = zeros({6}, {.dtype = int64});
  y.copy_(x);
  EXPECT_EQ(whole_numbers_of(y), values);
  y.copy_(Whole(6, 7));
  EXPECT_EQ(whole_numbers_of(y), Whole(6, 7));
  const DataLoader loader({x}, {.batch_size = 4});
  EXPECT_EQ(whole_numbers_of(loader.next()[0]),
            (Whole{values[0], values[1], values[2], values[3]}));
}

TEST(Int64, IsMadeOfIntegersAndByMakers) {
  EXPECT_EQ(whole_numbers_of(from_data(std::vector<int>{3, -4}, {2})), (Whole{3, -4}));
  EXPECT_EQ(whole_numbers_of(zeros({2}, {.dtype = int64})), (Whole{0, 0}));
  EXPECT_EQ(whole_numbers_of(full({2}, -3, {.dtype = int64})), (Whole{-3, -3}));
  EXPECT_EQ(whole_numbers_of(arange(2, 9, 3, {.dtype = int64})), (Whole{2, 5, 8}));
  EXPECT_EQ(whole_numbers_of(tensor({{1, 2}, {3, 4}}, {.dtype = int64})), (Whole{1, 2, 3, 4}));
  EXPECT_EQ(whole_numbers_of(eye(2, {.dtype = int64})), (Whole{1, 0, 0, 1}));
  EXPECT_EQ(whole_numbers_of(one_hot(whole({1, 0}), 3)), (Whole{0, 1, 0, 1, 0, 0}));
  manual_seed(1);
  const Whole dice = whole_numbers_of(randint(1, 7, {1000}, {.dtype = int64}));
  EXPECT_EQ(*std::min_element(dice.begin(), dice.end()), 1);
  EXPECT_EQ(*std::max_element(dice.begin(), dice.end()), 6);
  Whole order = whole_numbers_of(randperm(100, {.dtype = int64}));
  std::sort(order.begin(), order.end());
  EXPECT_EQ(order, whole_numbers_of(arange(100, {.dtype = int64})));
}

TEST(Int64, FromDataConvertsWhereAsked) {
  const Tensor narrow = from_data(std::vector<double>{0.1, 2}, {2}, {.dtype = float32});
  EXPECT_EQ(narrow.dtype(), float32);
  EXPECT_EQ(narrow.to_vector<float>(), (std::vector<float>{0.1F, 2}));
  EXPECT_EQ(from_data(std::vector<int>{1, 2}, {2}, {.dtype = float64}).dtype(), float64);
  EXPECT_EQ(whole_numbers_of(from_data(std::vector<float>{2.75F, -2.75F}, {2}, {.dtype = int64})),
            (Whole{2, -2}));
}

TEST(Int64, ConvertsAsTheDocumentationSays) {
  constexpr std::int64_t kLowest = std::numeric_limits<std::int64_t>::min();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  for (const DType dtype : kDTypes) {
    const Tensor x =
        tensor({2.9, -2.9, nan, infinity, -infinity, 0x1p63, -0x1p63, 0x1p62}, {.dtype = dtype});
    EXPECT_EQ(whole_numbers_of(x.to(int64)),
              (Whole{2, -2, kLowest, kLowest, kLowest, kLowest, kLowest, std::int64_t{1} << 62}));
  }
  const Tensor back = whole({3, -7, kBeyondDouble}).to(float64);
  EXPECT_EQ(back.to_vector<double>(), (std::vector<double>{3, -7, 0x1p53}));
  EXPECT_EQ(whole({16777217}).to(float32).item(), 16777216);
  EXPECT_EQ(whole({42}).item(), 42);
  EXPECT_EQ(tensor({1.5, 2}).to_vector<std::int64_t>(), (Whole{1, 2}));
}

TEST(Int64, ComparesAndCounts) {
  const Tensor a = whole({1, 2, kBeyondDouble});
  const Tensor b = whole({2, 2, kBeyondDouble - 1});
  EXPECT_EQ(whole_numbers_of(a == b), (Whole{0, 1, 0}));
  EXPECT_EQ(whole_numbers_of(a != b), (Whole{1, 0, 1}));
  EXPECT_EQ(whole_numbers_of(a < b), (Whole{1, 0, 0}));
  EXPECT_EQ(whole_numbers_of(a >= 2), (Whole{0, 1, 1}));
  EXPECT_EQ(whole_numbers_of(a + b), (Whole{3, 4, 2 * kBeyondDouble - 1}));
  EXPECT_EQ(whole_numbers_of(a - 1), (Whole{0, 1, kBeyondDouble - 1}));
  EXPECT_EQ(whole_numbers_of(a * b.narrow(0, 0, 1)), (Whole{2, 4, 2 * kBeyondDouble}));
  EXPECT_EQ(whole_numbers_of(maximum(a, b)), (Whole{2, 2, kBeyondDouble}));
  EXPECT_EQ(whole_numbers_of(clamp(a, 2, 3)), (Whole{2, 2, 3}));
  a += 1;
  EXPECT_EQ(whole_numbers_of(a), (Whole{2, 3, kBeyondDouble + 1}));
}

TEST(Int64, ChoosesWhatFloatsShallBe) {
  const Tensor x = tensor({1, 2, 3}, {.requires_grad = true});
  const Tensor labels = whole({4, 5, 4});
  EXPECT_EQ(where(labels == 4, x, 0).to_vector<double>(), (std::vector<double>{1, 0, 3}));
  EXPECT_EQ(where(labels == 4, 0, x).to_vector<double>(), (std::vector<double>{0, 2, 0}));
  const Tensor y = masked_fill(x, labels == 5, -1);
  y.sum().backward();
  EXPECT_EQ(x.grad().to_vector<double>(), (std::vector<double>{1, 0, 1}));
}

TEST(Int64, ClassesOfALoss) {
  const Array values = spread({4, 3}, -2, 2);
  const Tensor logits = from_data(values.values, {4, 3}, {.requires_grad = true});
  const Tensor again = from_data(values.values, {4, 3}, {.requires_grad = true});
  const Tensor loss = nn::cross_entropy_loss(logits, whole({2, 0, 1, 2}));
  const Tensor expected = nn::cross_entropy_loss(again, tensor({2, 0, 1, 2}, {.dtype = float64}));
  EXPECT_TRUE(same_bits(loss, expected));
  loss.backward();
  expected.backward();
  EXPECT_TRUE(same_bits(logits.grad(), again.grad()));
  const nn::Embedding embedding(5, 2);
  EXPECT_TRUE(same_bits(embedding(whole({4, 0})), embedding(tensor({4, 0}))));
}

TEST(Int64, IsSavedAndLoaded) {
  struct Counter {
    Tensor count = from_data(Whole{kBeyondDouble, 2}, {2});
    StateDict state_dict() const { return {{"count", count.clone()}}; }
    void load_state_dict(const StateDict& state) const { count.copy_(state.front().second); }
  };
  const std::string path = testing::TempDir() + "kindling_int64.safetensors";
  Counter counter;
  save(path, counter);
  counter.count.zero_();
  load(path, counter);
  EXPECT_EQ(whole_numbers_of(counter.count), (Whole{kBeyondDouble, 2}));
}

TEST(Int64, EverythingElseRefusesIt) {
  const Tensor x = whole({1, 2});
  const Tensor table = whole({1, 2, 3, 4}).reshape({2, 2});
  const std::string why =
      ": int64 holds indices and classes, and does not compute: convert with to(float32)";
  const std::vector<std::pair<std::string, std::function<void()>>> uses = {
      {"exp", [&] { exp(x); }},
      {"neg", [&] { -x; }},
      {"div",
       [&] {
         x / whole({3, 4});
       }},
      {"div", [&] { x / 2; }},
      {"div", [&] { x /= 2; }},
      {"pow", [&] { pow(x, 2); }},
      {"sum", [&] { sum(x); }},
      {"mean", [&] { mean(x, 0); }},
      {"softmax", [&] { softmax(x, 0); }},
      {"argmax", [&] { argmax(x); }},
      {"matmul", [&] { matmul(table, table); }},
      {"linear", [&] { nn::linear(table, table, Tensor()); }},
      {"mse_loss", [&] { nn::mse_loss(x, x); }},
      {"cross_entropy_loss", [&] { nn::cross_entropy_loss(table, x); }},
      {"cross_entropy_loss",
       [&] {
         nn::cross_entropy_loss(zeros({2, 2}), table);
       }},
      {"max", [&] { max(x); }},
      {"min", [&] { min(x, 0); }},
      {"norm", [&] { norm(x); }},
      {"rand_like", [&] { rand_like(x); }},
      {"bernoulli", [&] { bernoulli(x); }},
      {"xavier_normal_", [&] { nn::init::xavier_normal_(table); }},
      {"to", [] { nn::Linear(2, 2).to(int64); }}};
  for (const auto& [op, use] : uses) expect_error<DTypeError>(op + why, use);
}

TEST(Int64, HasNoGradientAndNoFractions) {
  const std::string gradient = ": requires_grad: int64 has no gradient: use float32 or float64";
  const Tensor x = whole({1, 2});
  expect_error<ValueError>("zeros" + gradient,
                           [] { zeros({2}, {.dtype = int64, .requires_grad = true}); });
  expect_error<ValueError>("randint" + gradient,
                           [] { randint(0, 2, {2}, {.dtype = int64, .requires_grad = true}); });
  expect_error<ValueError>("set_requires_grad" + gradient, [&] { x.set_requires_grad(true); });
  struct Net : nn::Module {
    Net() { register_parameter("count", zeros({1}, {.dtype = int64})); }
  };
  expect_error<ValueError>("register_parameter" + gradient, [] { Net(); });
  const std::string holds = ": int64 takes whole numbers below 2^53, or use float64";
  expect_error<ValueError>("full: value 1.5" + holds, [] { full({1}, 1.5, {.dtype = int64}); });
  expect_error<ValueError>("fill_: value 0.5" + holds, [&] { x.fill_(0.5); });
  expect_error<ValueError>("tensor: value 0.25" + holds, [] {
    tensor({1, 0.25}, {.dtype = int64});
  });
  expect_error<ValueError>("add: value 0.5" + holds, [&] { x + 0.5; });
  expect_error<ValueError>("add: value 0.5" + holds, [&] { x += 0.5; });
  expect_error<ValueError>("arange: value 0.5" + holds,
                           [] { arange(0, 2, 0.5, {.dtype = int64}); });
  expect_error<DTypeError>("add: dtypes differ: int64 and float32: convert one with to(float32)",
                           [&] { x + zeros({2}); });
  EXPECT_FALSE((x == x).requires_grad());
}

TEST(Int64, RandomMakersSayWhatToUse) {
  const std::string why = ": dtype int64: must be float32 or float64: randint draws whole numbers";
  expect_error<DTypeError>("rand" + why, [] { rand({2}, {.dtype = int64}); });
  expect_error<DTypeError>("uniform" + why, [] { uniform({2}, 0, 1, {.dtype = int64}); });
  expect_error<DTypeError>(
      "linspace: dtype int64: must be float32 or float64: arange makes whole numbers",
      [] { linspace(0, 1, 3, {.dtype = int64}); });
}

TEST(Int64, CutsTheGraph) {
  const Tensor w = tensor({1.75}, {.requires_grad = true});
  const Tensor whole_part = w.to(int64);
  EXPECT_FALSE(whole_part.requires_grad());
  (w * whole_part.to(float32)).sum().backward();
  EXPECT_EQ(w.grad().item(), 1);
}

}  // namespace
}  // namespace kindling::test
