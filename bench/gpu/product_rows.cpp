// SPDX-License-Identifier: MIT
// Products, layers and whole training steps: beside bare products of cuBLASLt, and the updates
// beside a copy.
#include <kindling/kindling.h>

#include "bench/gpu/rows.h"
#include "bench/kindling_step.h"

#include <memory>
#include <numeric>
#include <utility>

namespace kindling::bench {
namespace {

std::string sizes_of(const ProductShape& shape) {
  return message(" ", shape.m, " x ", shape.n, " x ", shape.k);
}

double flops_of(const std::vector<ProductShape>& shapes) {
  return std::accumulate(shapes.begin(), shapes.end(), 0.0,
                         [](double sum, const ProductShape& shape) { return sum + shape.flops(); });
}

/// The products of a layer: of its output, of its weight's gradient and of its input's.
std::vector<ProductShape> products_of_layer(std::int64_t batch, std::int64_t in, std::int64_t out) {
  return {{batch, out, in, false, true}, {out, in, batch, true, false}, {batch, in, out}};
}

Row matmul_row(const ProductShape& shape) {
  const auto make = [shape](const Yardsticks& yardsticks) -> RowWork {
    const Tensor a = randn({shape.m, shape.k});
    const Tensor b = randn({shape.k, shape.n});
    return {[a, b, c = Tensor()]() mutable { c = matmul(a, b); }, yardsticks.products({shape})};
  };
  return {"matmul" + sizes_of(shape), 0, shape.flops(), make};
}

/// A layer with its ReLU, or with its backward pass.
Row linear_row(std::int64_t batch, std::int64_t in, std::int64_t out, bool backward) {
  std::vector<ProductShape> shapes = products_of_layer(batch, in, out);
  const std::string name =
      (backward ? "Linear and its backward" : "Linear and ReLU") + sizes_of(shapes.front());
  if (!backward) shapes.resize(1);
  const auto make = [=](const Yardsticks& yardsticks) -> RowWork {
    const TensorOptions tracked{.requires_grad = true};
    const Tensor x = randn({batch, in}, tracked);
    const Tensor weight = randn({out, in}, tracked);
    const Tensor bias = randn({out}, tracked);
    if (!backward) {
      return {
          [=, y = Tensor()]() mutable { y = nn::linear(x, weight, bias, nn::Activation::relu); },
          yardsticks.products(shapes)};
    }
    const Tensor gradient = randn({batch, out});
    const auto leaves =
        std::make_shared<optim::SGD>(std::vector<Tensor>{x, weight, bias}, optim::SGDOptions{});
    return {[=] {
              leaves->zero_grad();
              nn::linear(x, weight, bias).backward(gradient);
            },
            yardsticks.products(shapes)};
  };
  return {name, 0, flops_of(shapes), make};
}

/// The same products and a copy of as many bytes as the update moves.
Queue bare_step(const Work& work, const Yardsticks& yardsticks) {
  std::vector<ProductShape> shapes;
  double parameters = 0;
  for (std::size_t l = 0; l < work.layers(); ++l) {
    std::vector<ProductShape> layer =
        products_of_layer(work.batch, work.widths[l], work.widths[l + 1]);
    if (l == 0) layer.pop_back();
    shapes.insert(shapes.end(), layer.begin(), layer.end());
    parameters += static_cast<double>((work.widths[l] + 1) * work.widths[l + 1]);
  }
  const Queue products = yardsticks.products(shapes);
  if (!products) return {};
  const Queue copy = yardsticks.copy(parameters * (work.update == Update::adam ? 28 : 12));
  return [products, copy] {
    products();
    copy();
  };
}

template <class Step>
RowWork step_work(const Work& work, const Yardsticks& yardsticks) {
  const auto step = std::make_shared<Step>(work);
  RowWork row{[step] { step->run(); }, bare_step(work, yardsticks), true};
  if constexpr (requires { step->command_count(); }) {
    step->run();
    row.launches = step->command_count();
  }
  return row;
}

}  // namespace

std::vector<Row> product_rows(bool small) {
  const std::vector<ProductShape> shapes =
      small ? std::vector<ProductShape>{{32, 32, 32}, {128, 128, 128}, {4, 64, 64}, {64, 1, 64}}
            : std::vector<ProductShape>{{64, 64, 64},       {256, 256, 256},    {1024, 1024, 1024},
                                        {4096, 4096, 4096}, {8192, 8192, 8192}, {16, 4096, 4096},
                                        {65536, 64, 64},    {64, 64, 65536},    {4096, 1, 4096}};
  const std::vector<ProductShape> layers =  // batch, out, in
      small ? std::vector<ProductShape>{{16, 16, 32}, {128, 128, 128}}
            : std::vector<ProductShape>{{64, 64, 64},
                                        {128, 512, 784},
                                        {1024, 1024, 1024},
                                        {8192, 4096, 4096},
                                        {65536, 256, 256}};
  std::vector<Row> rows;
  for (const ProductShape& shape : shapes) rows.push_back(matmul_row(shape));
  for (const bool backward : {false, true})
    for (const auto& [batch, out, in, ta, tb] : layers)
      rows.push_back(linear_row(batch, in, out, backward));
  return rows;
}

std::vector<Row> step_rows(bool small) {
  std::vector<Work> measured = works();
  if (small) measured.resize(2);
  std::vector<Row> rows;
  for (const Work& work : measured) {
    rows.push_back({"step " + work.name + ", captured", 0, product_flops(work),
                    [work](const Yardsticks& y) { return step_work<CapturedStep>(work, y); }});
    rows.push_back({"step " + work.name + ", eager", 0, product_flops(work),
                    [work](const Yardsticks& y) { return step_work<EagerStep>(work, y); }});
  }
  return rows;
}

}  // namespace kindling::bench
