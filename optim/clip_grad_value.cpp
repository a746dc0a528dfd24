// SPDX-License-Identifier: MIT
#include <kindling/core/checks.h>
#include <kindling/core/command.h>
#include <kindling/optim/clip_grad_value.h>

namespace kindling::optim {

void clip_grad_value_(const std::vector<Tensor>& params, double clip_value) {
  constexpr const char* op = "clip_grad_value_";
  if (!(clip_value >= 0)) {
    throw ValueError(message(op, ": clip_value ", clip_value, ": must not be negative"));
  }
  for (const Tensor& param : params) (void)detail::check_defined(op, param);
  for (const Tensor& param : params) {
    if (!detail::gradient_defined(*param.impl())) continue;
    const View gradient = detail::changed_view(Tensor(param.impl()->grad));
    const Strides strides{.rank = 1, .size = {gradient.numel}, .first = {1}, .second = {1}};
    kernels::Backend& backend = detail::backend_of(param);
    using kernels::BinaryOp;
    detail::issue(
        backend, kernels::Binary{BinaryOp::at_least, gradient, {}, gradient, -clip_value, strides});
    detail::issue(backend,
                  kernels::Binary{BinaryOp::at_most, gradient, {}, gradient, clip_value, strides});
  }
}

}  // namespace kindling::optim
