// SPDX-License-Identifier: MIT
#include <kindling/kindling.h>

#include "tests/support/array.h"
#include "tests/support/devices.h"

#include <nlohmann/json.hpp>

#include <fstream>
#include <functional>
#include <map>

// Values and gradients that PyTorch computed: golden/make_golden.py.
namespace kindling::test {
namespace {

using Json = nlohmann::json;
using Tensors = std::vector<Tensor>;

nn::Reduction reduction_of(const Json& options) {
  const std::string name = options.at("reduction");
  if (name == "none") return nn::Reduction::none;
  return name == "mean" ? nn::Reduction::mean : nn::Reduction::sum;
}

Tensor apply(const std::string& op, const Tensors& in, const Json& options) {
  using nn::Activation;
  using Op = std::function<Tensor(const Tensors&, const Json&)>;
  const auto linear = [](Activation activation) {
    return [=](const Tensors& i, const Json&) { return nn::linear(i[0], i[1], i[2], activation); };
  };
  static const std::map<std::string, Op> ops{
      {"linear", linear(Activation::none)},
      {"linear_relu", linear(Activation::relu)},
      {"linear_gelu", linear(Activation::gelu)},
      {"gelu", [](const Tensors& i, const Json&) { return gelu(i[0]); }},
      {"gelu_tanh", [](const Tensors& i, const Json&) { return gelu_tanh(i[0]); }},
      {"silu", [](const Tensors& i, const Json&) { return silu(i[0]); }},
      {"softmax", [](const Tensors& i, const Json&) { return softmax(i[0], 1); }},
      {"log_softmax", [](const Tensors& i, const Json&) { return log_softmax(i[0], 0); }},
      {"mse_loss",
       [](const Tensors& i, const Json& o) { return nn::mse_loss(i[0], i[1], reduction_of(o)); }},
      {"l1_loss",
       [](const Tensors& i, const Json& o) { return nn::l1_loss(i[0], i[1], reduction_of(o)); }},
      {"huber_loss",
       [](const Tensors& i, const Json& o) {
         return nn::huber_loss(i[0], i[1], reduction_of(o), o.at("delta"));
       }},
      {"cross_entropy_loss",
       [](const Tensors& i, const Json& o) {
         return nn::cross_entropy_loss(i[0], i[1], reduction_of(o), o.at("label_smoothing"));
       }},
  };
  return ops.at(op)(in, options);
}

Array array_of(const Json& shape, const Json& values) {
  const auto sizes = shape.get<std::vector<std::int64_t>>();
  return {Shape(std::span<const std::int64_t>(sizes)), values.get<std::vector<double>>()};
}

TEST(Golden, AgreesWithPyTorch) {
  std::ifstream file(KINDLING_TESTS_DIR "/nn/golden/golden.json");
  const Json golden = Json::parse(file);
  EXPECT_EQ(golden.at("cases").size(), 38u);
  for (const Device device : available_devices()) {
    for (const DType dtype : kDTypes) {
      const Tolerance tolerance =
          dtype == DType::float32 ? Tolerance{2e-6, 2e-6} : Tolerance{1e-13, 1e-14};
      for (const Json& one : golden.at("cases")) {
        SCOPED_TRACE(message(one.at("op"), " ", one.at("options"), ", ", device, ", ", dtype));
        const auto tensor_of = [&](const Array& array) {
          return from_data(array.values, array.shape).to(dtype).to(device);
        };
        Tensors inputs;
        for (const Json& input : one.at("inputs")) {
          inputs.push_back(tensor_of(array_of(input.at("shape"), input.at("values"))));
          inputs.back().set_requires_grad(!input.at("grad").is_null());
        }
        const Tensor output = apply(one.at("op"), inputs, one.at("options"));
        const Array expected =
            array_of(one.at("output").at("shape"), one.at("output").at("values"));
        EXPECT_TRUE(close(to_array(output), expected, tolerance));
        output.backward(tensor_of(array_of(one.at("output").at("shape"), one.at("weights"))));
        for (std::size_t i = 0; i < inputs.size(); ++i) {
          const Json& input = one.at("inputs")[i];
          if (input.at("grad").is_null()) continue;
          EXPECT_TRUE(close(to_array(inputs[i].grad()),
                            array_of(input.at("shape"), input.at("grad")), tolerance))
              << "gradient of input " << i;
        }
      }
    }
  }
}

}  // namespace
}  // namespace kindling::test
