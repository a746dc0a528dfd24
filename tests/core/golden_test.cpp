// SPDX-License-Identifier: MIT
// Operations, losses and layers against PyTorch's; golden/make_golden.py made the values and has
// the same names.
#include <kindling/kindling.h>

#include "tests/support/array.h"
#include "tests/support/devices.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace kindling::test {
namespace {

using Json = nlohmann::json;
using In = const std::vector<Tensor>&;
using Op = std::function<Tensor(In)>;

template <class Layer>
Layer with(Layer layer, const Tensor& weight, const Tensor& bias) {
  const NoGradGuard no_grad;
  layer.weight.copy_(weight.detach());
  layer.bias.copy_(bias.detach());
  return layer;
}

void add_elementwise(std::map<std::string, Op>& ops) {
  ops["pow"] = [](In x) { return pow(x[0], x[1]); };
  ops["pow_2.5"] = [](In x) { return pow(x[0], 2.5); };
  ops["maximum"] = [](In x) { return maximum(x[0], x[1]); };
  ops["minimum"] = [](In x) { return minimum(x[0], x[1]); };
  ops["clamp"] = [](In x) { return clamp(x[0], -1, 0.5); };
  ops["where"] = [](In x) { return where(x[0] > x[1], x[0], x[1] * 2); };
  ops["masked_fill"] = [](In x) { return masked_fill(x[0], x[0] < 0.3, 7); };
  ops["sin"] = [](In x) { return sin(x[0]); };
  ops["cos"] = [](In x) { return cos(x[0]); };
  ops["expm1"] = [](In x) { return expm1(x[0]); };
  ops["sign"] = [](In x) { return sign(x[0]); };
  ops["floor"] = [](In x) { return floor(x[0]); };
  ops["log1p"] = [](In x) { return log1p(x[0]); };
  ops["softplus"] = [](In x) { return softplus(x[0]); };
  ops["leaky_relu"] = [](In x) { return nn::LeakyReLU(0.2)(x[0]); };
  ops["elu"] = [](In x) { return nn::ELU(1.5)(x[0]); };
  ops["eq"] = [](In x) { return x[0] == x[1]; };
  ops["ne"] = [](In x) { return x[0] != x[1]; };
  ops["lt"] = [](In x) { return x[0] < x[1]; };
  ops["le"] = [](In x) { return x[0] <= x[1]; };
  ops["gt"] = [](In x) { return x[0] > x[1]; };
  ops["ge"] = [](In x) { return x[0] >= x[1]; };
}

void add_reductions(std::map<std::string, Op>& ops) {
  ops["var"] = [](In x) { return var(x[0]); };
  ops["var_1"] = [](In x) { return var(x[0], 1, true); };
  ops["var_1_biased"] = [](In x) { return var(x[0], 1, false, 0); };
  ops["std"] = [](In x) { return kindling::std(x[0]); };
  ops["std_0"] = [](In x) { return kindling::std(x[0], 0); };
  ops["norm"] = [](In x) { return norm(x[0]); };
  ops["norm_1"] = [](In x) { return norm(x[0], 1); };
  ops["logsumexp_1"] = [](In x) { return logsumexp(x[0], 1); };
  ops["max_1"] = [](In x) { return max(x[0], 1); };
  ops["min_2"] = [](In x) { return min(x[0], 2, true); };
  ops["argmax_1"] = [](In x) { return argmax(x[0], 1); };
  ops["argmin_0"] = [](In x) { return argmin(x[0], 0); };
  ops["sum_0_2"] = [](In x) { return sum(x[0], {0, 2}); };
  ops["mean_1_2"] = [](In x) { return mean(x[0], {1, 2}, true); };
}

void add_shapes(std::map<std::string, Op>& ops) {
  ops["cat"] = [](In x) { return cat({x[0], x[1]}); };
  ops["stack"] = [](In x) { return stack({x[0], x[1]}, 1); };
  ops["split"] = [](In x) { return split(x[0], 3, 1)[1] * 2; };
  ops["permute"] = [](In x) { return permute(x[0], {2, 0, 1}) * 1.5; };
  ops["expand"] = [](In x) { return expand(x[0], {3, 4}); };
  ops["flatten"] = [](In x) { return flatten(x[0], 1); };
  ops["squeeze"] = [](In x) { return squeeze(unsqueeze(x[0], 1), 1); };
  ops["index_select_1"] = [](In x) { return index_select(x[0], 1, x[1].to(int64)); };
  ops["gather_1"] = [](In x) { return gather(x[0], 1, x[1].to(int64)); };
  ops["sort_1"] = [](In x) { return sort(x[0], 1).values; };
  ops["argsort_0"] = [](In x) { return argsort(x[0], 0, true); };
  ops["topk_2"] = [](In x) { return topk(x[0], 2, 1).values; };
  ops["smallest_2"] = [](In x) { return topk(x[0], 2, 1, false).values; };
  ops["one_hot"] = [](In x) { return one_hot(x[0].to(int64), 4); };
  ops["linspace"] = [](In) { return linspace(-1, 2, 7, {.dtype = float64}); };
}

void add_losses(std::map<std::string, Op>& ops) {
  for (const auto& [name, reduction] : {std::pair{"none", nn::Reduction::none},
                                        {"mean", nn::Reduction::mean},
                                        {"sum", nn::Reduction::sum}})
    for (const auto& [smoothing_name, smoothing] : {std::pair{"0.0", 0.0}, {"0.25", 0.25}}) {
      const std::string suffix = std::string("_") + name + "_" + smoothing_name;
      const nn::CrossEntropyLossOptions options{.reduction = reduction,
                                                .label_smoothing = smoothing};
      const auto loss = [options](In x, bool ignores) {
        nn::CrossEntropyLossOptions own = options;
        own.weight = x[2];
        if (ignores) own.ignore_index = 1;
        return nn::CrossEntropyLoss(own)(x[0], x[1]);
      };
      ops["cross_entropy_weighted" + suffix] = [loss](In x) { return loss(x, false); };
      ops["cross_entropy_ignoring" + suffix] = [loss](In x) {
        return loss({x[0], x[1].to(int64), x[2]}, true);
      };
      ops["cross_entropy_soft" + suffix] = [loss](In x) { return loss(x, false); };
    }
  ops["binary_cross_entropy"] = [](In x) { return nn::BCEWithLogitsLoss()(x[0], x[1]); };
}

// Layers whose parameters are given: gradients reach the input, and those only.
void add_layers(std::map<std::string, Op>& ops) {
  ops["layer_norm"] = [](In x) {
    return with(nn::LayerNorm(3, {.dtype = x[0].dtype()}), x[1], x[2])(x[0]);
  };
  ops["batch_norm"] = ops["batch_norm_of_length"] = [](In x) {
    return with(nn::BatchNorm1d(3, {.dtype = x[0].dtype()}), x[1], x[2])(x[0]);
  };
  ops["batch_norm_running"] = [](In x) {
    const nn::BatchNorm1d layer(3, {.momentum = 0.25, .dtype = x[0].dtype()});
    const NoGradGuard no_grad;
    for (const Tensor& batch : x) layer(batch);
    layer.eval();
    return cat({layer.running_mean, layer.running_var, layer(x[0])[0]});
  };
  ops["embedding"] = [](In x) { return index_select(x[1], x[0]); };
}

Array array_of(const Json& json) {
  const std::vector<std::int64_t> shape = json.at("shape");
  return {Shape(std::span<const std::int64_t>(shape)),
          json.at("values").get<std::vector<double>>()};
}

class GoldenOps : public testing::TestWithParam<DType> {};

TEST_P(GoldenOps, AgreeWithPyTorch) {
  std::map<std::string, Op> ops;
  add_elementwise(ops);
  add_reductions(ops);
  add_shapes(ops);
  add_losses(ops);
  add_layers(ops);
  const DType dtype = GetParam();
  const Tolerance tolerance = dtype == float32 ? Tolerance{8e-6, 8e-6} : Tolerance{1e-13, 1e-13};
  std::ifstream file(KINDLING_TESTS_DIR "/core/golden/ops.json");
  const Json golden = Json::parse(file);
  EXPECT_EQ(golden.at("cases").size(), ops.size());
  for (const Json& given : golden.at("cases")) {
    const std::string name = given.at("name");
    SCOPED_TRACE(name);
    ASSERT_TRUE(ops.contains(name));
    std::vector<Tensor> inputs;
    for (const Json& input : given.at("inputs")) {
      const Array array = array_of(input);
      inputs.push_back(from_data(array.values, array.shape, {.dtype = dtype}));
    }
    const bool tracked = given.contains("gradients");
    if (tracked)
      for (const auto& [i, gradient] : given.at("gradients").items())
        inputs[std::stoul(i)].set_requires_grad(true);
    const Tensor output = ops.at(name)(inputs);
    EXPECT_TRUE(close(to_array(output), array_of(given.at("output")), tolerance));
    if (!tracked) continue;
    output.backward(arange(1, static_cast<double>(output.numel() + 1), 1, {.dtype = dtype})
                        .reshape(output.shape()));
    const bool is_layer = name.find("_norm") != std::string::npos;
    for (const auto& [i, gradient] : given.at("gradients").items()) {
      if (is_layer && i != "0") continue;
      EXPECT_TRUE(close(to_array(inputs[std::stoul(i)].grad()), array_of(gradient), tolerance))
          << "gradient " << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(DTypes, GoldenOps, testing::ValuesIn(kDTypes),
                         [](const auto& of) { return message(of.param); });

}  // namespace
}  // namespace kindling::test
