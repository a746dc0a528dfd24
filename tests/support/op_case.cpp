// SPDX-License-Identifier: MIT
#include "tests/support/op_case.h"

#include <kindling/kindling.h>

#include "tests/support/devices.h"
#include "tests/support/failing_memory.h"
#include "tests/support/guarded.h"

#include <algorithm>
#include <sstream>

namespace kindling::test {
namespace {

// The inputs of a case between guard words, as an op takes them.
class Inputs {
 public:
  Inputs(const OpCase& op_case, DType dtype, Device device) {
    guarded_.reserve(op_case.inputs.size());
    for (const Array& input : op_case.inputs) guarded_.emplace_back(input, dtype, device);
  }

  void require_grad(const std::vector<std::size_t>& which) {
    for (const std::size_t i : which) guarded_[i].require_grad();
  }
  std::vector<Tensor> tensors() const {
    std::vector<Tensor> tensors;
    for (const Guarded& input : guarded_) tensors.push_back(input.tensor());
    return tensors;
  }
  Guarded& operator[](std::size_t i) { return guarded_[i]; }

  void expect_intact() const {
    for (const Guarded& input : guarded_) EXPECT_TRUE(input.intact());
  }

 private:
  std::vector<Guarded> guarded_;
};

// What each output weighs in the sum that is differentiated: not all the same, none 0.
Tensor weights_of(const Tensor& output) {
  const Array weights = spread(output.shape(), 0.25, 1.75, 7);
  return from_data(weights.values, output.shape()).to(output.dtype()).to(output.device());
}

// The gradients that a backward from the weighted outputs leaves in the differentiable inputs.
std::vector<Array> gradients(const OpCase& op_case, DType dtype, Device device) {
  Inputs inputs(op_case, dtype, device);
  inputs.require_grad(op_case.differentiable);
  const Tensor output = op_case.op(inputs.tensors());
  output.backward(weights_of(output));
  std::vector<Array> result;
  for (const std::size_t i : op_case.differentiable) {
    result.push_back(to_array(inputs[i].tensor().grad()));
  }
  inputs.expect_intact();
  return result;
}

// The case with its inputs as float32 holds them, so that both dtypes compute on the same numbers.
OpCase in_float32(OpCase op_case) {
  for (Array& input : op_case.inputs) input = rounded(input, DType::float32);
  return op_case;
}

// d(weighted sum)/d(element) by a difference of fourth order, taken output by output: most do not
// change at all, and then cost no digits.
double difference(OpCase& op_case, std::size_t input, std::int64_t element, Device device) {
  constexpr double kStep = 1e-3;
  std::vector<double> weights;
  const auto at = [&](double offset) {
    double& value = op_case.inputs[input][element];
    const double before = value;
    value += offset;
    const Inputs inputs(op_case, DType::float64,
                        device);  // outlives an output that is a view of it
    value = before;
    const Tensor output = op_case.op(inputs.tensors());
    weights = weights_of(output).to_vector<double>();
    return output.to_vector<double>();
  };
  const std::vector<double> far_below = at(-2 * kStep);
  const std::vector<double> below = at(-kStep);
  const std::vector<double> above = at(kStep);
  const std::vector<double> far_above = at(2 * kStep);
  double sum = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    sum += weights[i] * (8 * (above[i] - below[i]) - (far_above[i] - far_below[i]));
  }
  return sum / (12 * kStep);
}

// All elements of a small tensor; the first, the last and some between of a large one.
std::vector<std::int64_t> sample(std::int64_t numel) {
  constexpr std::int64_t kMost = 40;
  std::vector<std::int64_t> elements;
  for (std::int64_t i = 0; i < std::min(numel, kMost); ++i) {
    elements.push_back(numel <= kMost ? i : i * (numel - 1) / (kMost - 1));
  }
  return elements;
}

void equals_the_reference(const OpCase& given) {
  for (const Device device : available_devices()) {
    for (const DType dtype : kDTypes) {
      SCOPED_TRACE(message(device, ", ", dtype));
      const OpCase op_case = dtype == DType::float32 ? in_float32(given) : given;
      const Inputs inputs(op_case, dtype, device);
      const Tensor output = op_case.op(inputs.tensors());
      EXPECT_EQ(output.dtype(), dtype);
      EXPECT_EQ(output.device(), device);
      EXPECT_TRUE(close(to_array(output), op_case.reference(op_case.inputs),
                        dtype == DType::float32 ? op_case.value32 : op_case.value64));
      inputs.expect_intact();
    }
  }
}

void gradient_equals_differences(const OpCase& given) {
  for (const Device device : available_devices()) {
    SCOPED_TRACE(device);
    OpCase op_case = given;
    const std::vector<Array> grads = gradients(op_case, DType::float64, device);
    for (std::size_t g = 0; g < grads.size(); ++g) {
      const std::size_t input = op_case.differentiable[g];
      EXPECT_EQ(grads[g].shape, op_case.inputs[input].shape);
      for (const std::int64_t element : sample(grads[g].numel())) {
        const Array expected({}, {difference(op_case, input, element, device)});
        EXPECT_TRUE(close({{}, {grads[g][element]}}, expected, op_case.grad64))
            << "of input " << input << ", element " << element;
      }
    }
  }
}

void gradients_agree_in_both_dtypes(const OpCase& given) {
  const OpCase op_case = in_float32(given);
  for (const Device device : available_devices()) {
    SCOPED_TRACE(device);
    const std::vector<Array> single = gradients(op_case, DType::float32, device);
    const std::vector<Array> twice = gradients(op_case, DType::float64, device);
    for (std::size_t g = 0; g < single.size(); ++g) {
      EXPECT_TRUE(close(single[g], twice[g], op_case.grad32))
          << "of input " << op_case.differentiable[g];
    }
  }
}

// The first backward overwrites what the gradient's memory holds (NaN here), later ones add.
void gradients_accumulate(const OpCase& op_case) {
  for (const Device device : available_devices()) {
    for (const DType dtype : kDTypes) {
      SCOPED_TRACE(message(device, ", ", dtype));
      const std::vector<Array> once = gradients(op_case, dtype, device);
      Inputs inputs(op_case, dtype, device);
      inputs.require_grad(op_case.differentiable);
      for (int round = 1; round <= 3; ++round) {
        const Tensor output = op_case.op(inputs.tensors());
        output.backward(weights_of(output));
        for (std::size_t g = 0; g < once.size(); ++g) {
          Array expected = once[g];
          for (double& value : expected.values) value *= round;
          const Tensor grad = inputs[op_case.differentiable[g]].tensor().grad();
          EXPECT_TRUE(close(to_array(grad), expected,
                            dtype == DType::float32 ? op_case.grad32 : Tolerance{1e-13, 1e-13}))
              << "of input " << op_case.differentiable[g] << " after backward " << round;
        }
      }
      inputs.expect_intact();
    }
  }
}

// An input's gradient does not depend on which others get one.
void each_input_alone(const OpCase& op_case) {
  if (op_case.differentiable.size() < 2) return;
  for (const Device device : available_devices()) {
    SCOPED_TRACE(device);
    const std::vector<Array> together = gradients(op_case, DType::float64, device);
    for (std::size_t g = 0; g < together.size(); ++g) {
      OpCase alone = op_case;
      alone.differentiable = {op_case.differentiable[g]};
      EXPECT_TRUE(
          close(gradients(alone, DType::float64, device).front(), together[g], {1e-13, 1e-13}))
          << "of input " << op_case.differentiable[g];
    }
  }
}

// Wherever memory runs out, forward or backward: the inputs are as they were, a gradient that was
// there before too or it is undefined, and then it can be done again.
void survives_failing_memory(const OpCase& op_case) {
  std::vector<Tensor> inputs;
  for (const Array& input : op_case.inputs) {
    inputs.push_back(from_data(input.values, input.shape).to(DType::float32));
  }
  const auto copies = [&] {
    std::vector<Tensor> copied;
    for (const Tensor& input : inputs) copied.push_back(input.detach().clone());
    return copied;
  };
  const std::vector<Tensor> unchanged = copies();
  const Tensor weights = weights_of(op_case.op(inputs));
  for (const std::size_t i : op_case.differentiable) inputs[i].set_requires_grad(true);
  const auto step = [&] {
    const Tensor output = op_case.op(inputs);
    if (output.requires_grad()) output.backward(weights);
    return output.detach();
  };
  // Of the differentiable inputs; undefined where there is none.
  const auto gradients_now = [&] {
    std::vector<Tensor> found;
    for (const std::size_t i : op_case.differentiable) {
      const Tensor grad = inputs[i].grad();
      found.push_back(grad.defined() ? grad.clone() : Tensor());
    }
    return found;
  };
  for (const bool accumulating : {false, true}) {
    SCOPED_TRACE(accumulating ? "to gradients that are there" : "to leaves without a gradient");
    const auto start = [&] {
      for (const std::size_t i : op_case.differentiable) {
        inputs[i].impl()->grad_defined = false;
        inputs[i].impl()->grad.reset();
      }
      if (accumulating) step();
    };
    start();
    const std::vector<Tensor> before = gradients_now();
    const Tensor output = step();
    const std::vector<Tensor> added = gradients_now();
    start();
    for (const std::size_t i : op_case.differentiable) inputs[i].impl()->grad_defined = false;
    step();
    const std::vector<Tensor> alone = gradients_now();
    start();
    with_failing_memory(step, [&] {
      const std::vector<Tensor> left = gradients_now();
      for (std::size_t g = 0; g < left.size(); ++g) {
        if (left[g].defined()) {
          ASSERT_TRUE(before[g].defined());
          EXPECT_TRUE(same_bits(left[g], before[g]));
        }
      }
      const std::vector<Tensor> now = copies();
      for (std::size_t i = 0; i < now.size(); ++i) EXPECT_TRUE(same_bits(now[i], unchanged[i]));
      EXPECT_TRUE(same_bits(step(), output));
      const std::vector<Tensor> done = gradients_now();
      for (std::size_t g = 0; g < done.size(); ++g) {
        EXPECT_TRUE(same_bits(done[g], left[g].defined() ? added[g] : alone[g]));
      }
      start();
    });
  }
}

// Without a gradient asked for, nothing is tracked.
void is_tracked_only_when_asked_to(const OpCase& op_case) {
  for (const Device device : available_devices()) {
    Inputs inputs(op_case, DType::float32, device);
    const Tensor untracked = op_case.op(inputs.tensors());
    EXPECT_FALSE(untracked.requires_grad());
    inputs.require_grad(op_case.differentiable);
    const Tensor tracked = op_case.op(inputs.tensors());
    EXPECT_EQ(tracked.requires_grad(), !op_case.differentiable.empty());
    EXPECT_TRUE(same_bits(tracked, untracked));
    const NoGradGuard no_grad;
    EXPECT_FALSE(op_case.op(inputs.tensors()).requires_grad());
  }
}

TEST_P(OpTest, Holds) {
  const OpCase& op_case = GetParam();
  {
    SCOPED_TRACE("values");
    equals_the_reference(op_case);
  }
  {
    SCOPED_TRACE("tracking");
    is_tracked_only_when_asked_to(op_case);
  }
  {
    SCOPED_TRACE("failing memory");
    survives_failing_memory(op_case);
  }
  if (op_case.differentiable.empty()) return;
  {
    SCOPED_TRACE("gradients against differences");
    gradient_equals_differences(op_case);
  }
  {
    SCOPED_TRACE("float32 gradients against float64");
    gradients_agree_in_both_dtypes(op_case);
  }
  {
    SCOPED_TRACE("accumulation");
    gradients_accumulate(op_case);
  }
  SCOPED_TRACE("each input alone");
  each_input_alone(op_case);
}

}  // namespace

std::string name_of(const Shape& shape) {
  if (shape.rank() == 0) return "scalar";
  std::ostringstream name;
  for (int d = 0; d < shape.rank(); ++d) name << (d == 0 ? "" : "x") << shape[d];
  return name.str();
}

}  // namespace kindling::test
