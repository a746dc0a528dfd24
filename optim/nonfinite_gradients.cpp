// SPDX-License-Identifier: MIT
#include <kindling/core/checks.h>
#include <kindling/core/command.h>
#include <kindling/core/no_grad.h>
#include <kindling/core/ops.h>
#include <kindling/optim/nonfinite_gradients.h>

namespace kindling::optim {

std::vector<std::string> nonfinite_gradients(const std::vector<Tensor>& params) {
  const NoGradGuard no_grad;
  std::vector<std::string> found;
  for (std::size_t i = 0; i < params.size(); ++i) {
    const detail::TensorImpl& impl = detail::check_defined("nonfinite_gradients", params[i]);
    const Tensor gradient = params[i].grad();
    // x * 0 is 0 for a finite x alone.
    if (!gradient.defined() || sum(gradient * 0 != 0).item() == 0) continue;
    found.push_back(impl.name ? *impl.name : message("parameter ", i));
  }
  return found;
}

}  // namespace kindling::optim
