// SPDX-License-Identifier: MIT
#include "bench/gpu/yardsticks.h"

#include <kindling/core/command.h>
#include <kindling/kernels/cuda/check.h>

#include <cstddef>
#include <cstdint>
#include <memory>

namespace kindling::bench {

Queue Yardsticks::copy(double bytes) const {
  const auto half = static_cast<std::int64_t>(bytes / 2);
  const Tensor source = zeros({half / 4 + 1});
  const Tensor target = zeros({half / 4 + 1});
  return [&context = lt_.context(), source, target, half] {
    kernels::cuda::check(
        cudaMemcpyAsync(detail::address_of(*target.impl()), detail::address_of(*source.impl()),
                        static_cast<std::size_t>(half), cudaMemcpyDeviceToDevice, context.stream()),
        "cudaMemcpyAsync");
  };
}

Queue Yardsticks::products(const std::vector<ProductShape>& shapes) const {
  if (!lt_.is_there()) return {};
  std::vector<std::shared_ptr<BareProduct>> products;
  for (const ProductShape& shape : shapes) {
    products.push_back(
        std::make_shared<BareProduct>(lt_, shape, ProductOptions{.may_split = true}));
    if (!products.back()->is_possible()) return {};
    products.back()->use_fastest(stopwatch_);
  }
  return [products] {
    for (const auto& product : products) product->run();
  };
}

}  // namespace kindling::bench
