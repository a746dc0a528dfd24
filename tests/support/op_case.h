// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/tensor.h>

#include "tests/support/array.h"

#include <gtest/gtest.h>

#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

namespace kindling::test {

/// One op on one set of inputs, and what it ought to compute. Every case is run on every device and
/// in both dtypes: see op_case.cpp for what is checked.
struct OpCase {
  std::string name;           // as in "softmax_3x5"; letters, digits and underscores
  std::vector<Array> inputs;  // away from the op's kinks, if it has any
  std::function<Tensor(const std::vector<Tensor>&)> op;
  std::function<Array(const std::vector<Array>&)> reference;  // naive, in double

  // Inputs that get gradients; the others are only read. No input: the op has no gradient.
  std::vector<std::size_t> differentiable = {};
  Tolerance value32 = {1e-6, 1e-6};
  Tolerance value64 = {1e-14, 1e-14};
  // Of float32 gradients, against those in float64.
  Tolerance grad32 = {2e-6, 2e-6};
  // Of float64 gradients, against differences of the op's values.
  Tolerance grad64 = {1e-8, 1e-9};

  friend void PrintTo(const OpCase& op_case, std::ostream* out) { *out << op_case.name; }
};

/// "2x3" for [2, 3], "scalar" for [].
std::string name_of(const Shape& shape);

class OpTest : public testing::TestWithParam<OpCase> {};

/// For INSTANTIATE_TEST_SUITE_P(Name, OpTest, testing::ValuesIn(cases()), case_name).
inline std::string case_name(const testing::TestParamInfo<OpCase>& info) { return info.param.name; }

}  // namespace kindling::test
