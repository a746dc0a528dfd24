// SPDX-License-Identifier: MIT
#include <kindling/core/checks.h>
#include <kindling/core/command.h>
#include <kindling/core/makers.h>
#include <kindling/core/nearest.h>
#include <kindling/optim/clip_grad_norm.h>
#include <kindling/optim/nonfinite_gradients.h>

#include <cmath>
#include <cstdint>
#include <limits>

namespace kindling::optim {
namespace {

using kernels::ClipGradNorm;

/// Calls visit(View) for each range of gradients: those that follow each other in one arena are one
/// range, with the padding between them, which is zero.
template <class Visit>
void visit_ranges(const std::vector<Tensor>& params, Visit visit) {
  View range;
  const detail::Storage* arena = nullptr;
  for (const Tensor& param : params) {
    if (!detail::gradient_defined(*param.impl())) continue;
    const detail::Storage& storage = *param.impl()->grad->storage;
    const View gradient = detail::view(Tensor(param.impl()->grad));
    const std::int64_t padded = kernels::padded_numel(range.numel, gradient.dtype);
    const char* end = static_cast<const char*>(range.data) + padded * size_of(range.dtype);
    if (arena != nullptr && storage.arena.get() == arena && gradient.data == end) {
      range.numel = padded + gradient.numel;
      continue;
    }
    if (range.data != nullptr) visit(range);
    range = gradient;
    arena = storage.arena.get();
  }
  if (range.data != nullptr) visit(range);
}

/// Calls visit(command, last) with commands that take in all ranges, kMaxRanges at a time.
template <class Visit>
void visit_commands(const std::vector<Tensor>& params, ClipGradNorm command, Visit visit) {
  visit_ranges(params, [&](const View& range) {
    if (command.count == ClipGradNorm::kMaxRanges) {
      visit(command, false);
      command.count = 0;
      command.accumulate = true;
    }
    command.gradients[command.count++] = range;
  });
  if (command.count > 0) visit(command, true);
}

}  // namespace

Tensor clip_grad_norm_(const std::vector<Tensor>& params, double max_norm) {
  constexpr const char* op = "clip_grad_norm_";
  if (!(max_norm >= 0)) {
    throw ValueError(message(op, ": max_norm ", max_norm, ": must not be negative"));
  }
  TensorOptions options;
  for (const Tensor& param : params) {
    const detail::Storage& storage = *detail::check_defined(op, param).storage;
    if (&param == params.data()) options = {.dtype = storage.dtype, .device = storage.device};
    if (storage.device != options.device) {
      throw DeviceError(message(op, ": devices differ: ", options.device, " and ", storage.device,
                                ": clip the parameters of each device by themselves"));
    }
  }
  kernels::Backend& backend = detail::backend_of(options.device);
  const Tensor total = empty({}, {.dtype = DType::float64, .device = options.device});
  const Tensor norm = empty({}, options);

  ClipGradNorm command;
  command.total = detail::view(total);
  command.max_norm = max_norm;
  int commands = 0;
  visit_commands(params, command, [&](ClipGradNorm& sums, bool last) {
    sums.scales = last;  // it knows the norm; the others scale after it
    if (last) sums.norm = detail::view(norm);
    detail::issue(backend, sums);
    ++commands;
  });
  if (commands == 0) return norm.zero_();
  if (commands > 1) {
    command.sums = false;
    visit_commands(params, command, [&](ClipGradNorm& scales, bool last) {
      if (!last) detail::issue(backend, scales);
    });
  }
  for (const Tensor& param : params) {
    if (detail::gradient_defined(*param.impl())) detail::note_change(*param.impl()->grad->storage);
  }
  return norm;
}

Tensor clip_grad_norm_(const std::vector<Tensor>& params, double max_norm,
                       bool error_if_nonfinite) {
  if (error_if_nonfinite) {
    const double norm = clip_grad_norm_(params, std::numeric_limits<double>::infinity()).item();
    if (!std::isfinite(norm)) {
      throw ValueError(message("clip_grad_norm_: the norm of the gradients is ", norm, ": ",
                               detail::listed(nonfinite_gradients(params)),
                               ": nothing was changed: leave this step out, or lower the lr"));
    }
  }
  return clip_grad_norm_(params, max_norm);
}

}  // namespace kindling::optim
