// SPDX-License-Identifier: MIT
// Every optimizer against PyTorch's; golden/make_golden.py made the values and has the same
// formulas.
#include <kindling/optim/optimizers.h>

#include "tests/optim/training.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <memory>

namespace kindling {
namespace {

using Json = nlohmann::json;

const Json& golden() {
  static const Json values = [] {
    std::ifstream file(KINDLING_TESTS_DIR "/optim/golden/optimizers.json");
    return Json::parse(file);
  }();
  return values;
}

const std::vector<Shape> kShapes = {{3, 2}, {5}, {1}};

// Small fractions, exact in float32: (i * a + b) % modulus - modulus / 2, over `divisor`.
Tensor fractions(const Shape& shape, std::int64_t a, std::int64_t b, std::int64_t modulus,
                 std::int64_t divisor, DType dtype) {
  std::vector<double> numbers;
  for (std::int64_t i = 0; i < shape.numel(); ++i) {
    const std::int64_t whole = (i * a + b) % modulus - modulus / 2;
    numbers.push_back(static_cast<double>(whole) / static_cast<double>(divisor));
  }
  return from_data(std::span<const double>(numbers), shape).to(dtype);
}

Tensor initial(std::int64_t number, const Shape& shape, DType dtype) {
  return fractions(shape, 53, number * 29 + 17, 97, 32, dtype).set_requires_grad(true);
}

Tensor gradient(std::int64_t number, std::int64_t step, const Shape& shape, DType dtype) {
  return fractions(shape, 101, step * 37 + number * 61 + 13, 211, 64, dtype);
}

bool has_gradient(const std::string& pattern, std::int64_t number, std::int64_t step) {
  if (pattern == "late") return number != 1 || step >= 10;
  if (pattern == "alternating") return (step + number) % 3 != 0;
  return true;
}

template <class T>
void read(const Json& json, const char* name, T& field) {
  if (json.contains(name)) json.at(name).get_to(field);
}

void read_options(const Json& json, optim::SGDOptions& options) {
  read(json, "momentum", options.momentum);
  read(json, "dampening", options.dampening);
  read(json, "nesterov", options.nesterov);
}

void read_options(const Json& json, optim::RMSpropOptions& options) {
  read(json, "alpha", options.alpha);
  read(json, "eps", options.eps);
  read(json, "momentum", options.momentum);
  read(json, "centered", options.centered);
}

template <class AdamLike>
void read_options(const Json& json, AdamLike& options) {
  read(json, "betas", options.betas);
  read(json, "eps", options.eps);
  read(json, "amsgrad", options.amsgrad);
}

template <class Options>
Options changed(Options options, const Json& json) {
  read(json, "lr", options.lr);
  read(json, "weight_decay", options.weight_decay);
  read(json, "maximize", options.maximize);
  read_options(json, options);
  return options;
}

// PyTorch's values in double differ by rounding alone, and over some steps that adds up; in float
// it is the same with more of it, and PyTorch's own variants differ by as much.
double tolerance(DType dtype, double expected) {
  return (dtype == DType::float64 ? 1e-12 : 2e-6) * std::max(1.0, std::abs(expected));
}

void expect_close(const std::vector<double>& actual, const Json& expected, DType dtype,
                  const std::string& what) {
  ASSERT_EQ(actual.size(), expected.size()) << what;
  for (std::size_t i = 0; i < actual.size(); ++i) {
    const double wanted = expected[i].get<double>();
    EXPECT_NEAR(actual[i], wanted, tolerance(dtype, wanted)) << what << ", element " << i;
  }
}

template <class Optimizer, class Options>
void replay(const Json& given) {
  SCOPED_TRACE(given.at("name").get<std::string>() + ", " + given.at("dtype").get<std::string>());
  const DType dtype = given.at("dtype") == "float64" ? DType::float64 : DType::float32;
  const std::string pattern = given.at("pattern");
  std::vector<Tensor> parameters;
  std::vector<optim::ParamGroup<Options>> groups;
  for (const Json& options : given.at("groups")) {
    optim::ParamGroup<Options> group{{}, changed(Options(), options)};
    for (const Shape& shape : kShapes) {
      const auto number = static_cast<std::int64_t>(parameters.size());
      group.params.push_back(parameters.emplace_back(initial(number, shape, dtype)));
    }
    groups.push_back(std::move(group));
  }
  Optimizer optimizer(groups);

  for (std::int64_t step = 0; step < golden().at("steps"); ++step) {
    if (const auto change = given.at("changes").find(std::to_string(step));
        change != given.at("changes").end()) {
      for (std::size_t group = 0; group < groups.size(); ++group) {
        optimizer.set_options(changed(optimizer.options(group), *change), group);
      }
    }
    optimizer.zero_grad();
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      const auto number = static_cast<std::int64_t>(i);
      if (!has_gradient(pattern, number, step)) continue;
      parameters[i].backward(gradient(number, step, parameters[i].shape(), dtype));
    }
    optimizer.step();
    const auto kept = given.at("parameters").find(std::to_string(step + 1));
    if (kept == given.at("parameters").end()) continue;
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      expect_close(parameters[i].to_vector<double>(), kept->at(i), dtype,
                   "parameter " + std::to_string(i) + " after step " + std::to_string(step + 1));
    }
    if (testing::Test::HasFailure()) return;
  }

  std::size_t compared = 0;
  for (const auto& [name, tensor] : optimizer.state_dict()) {
    const auto expected = given.at("state").find(name);
    if (expected == given.at("state").end()) continue;
    expect_close(tensor.template to_vector<double>(), *expected, dtype, name);
    ++compared;
  }
  EXPECT_EQ(compared, given.at("state").size());
}

class GoldenOptimizer : public testing::TestWithParam<const char*> {};

TEST_P(GoldenOptimizer, AgreesWithPyTorch) {
  std::size_t cases = 0;
  for (const Json& given : golden().at("cases")) {
    const std::string optimizer = given.at("optimizer");
    if (optimizer != GetParam()) continue;
    ++cases;
    if (optimizer == "SGD") replay<optim::SGD, optim::SGDOptions>(given);
    if (optimizer == "Adam") replay<optim::Adam, optim::AdamOptions>(given);
    if (optimizer == "AdamW") replay<optim::AdamW, optim::AdamWOptions>(given);
    if (optimizer == "RMSprop") replay<optim::RMSprop, optim::RMSpropOptions>(given);
  }
  EXPECT_GE(cases, 20U);
}

INSTANTIATE_TEST_SUITE_P(All, GoldenOptimizer, testing::Values("SGD", "Adam", "AdamW", "RMSprop"));

}  // namespace
}  // namespace kindling
