// SPDX-License-Identifier: MIT
#include <kindling/core/checks.h>
#include <kindling/core/command.h>
#include <kindling/core/makers.h>
#include <kindling/optim/clip_grad_norm.h>

#include <cstdint>

namespace kindling::optim {
namespace {

constexpr std::int64_t kParameterAlignment = 64;  // bytes, of the parameters of an arena

// A gradient is all of its storage.
View whole(const detail::Storage& storage) { return {storage.data, storage.numel, storage.dtype}; }

/// Calls visit(View) for each range of gradients: those that follow each other in one arena are one
/// range, with the padding between them, which is zero.
template <class Visit>
void visit_ranges(const std::vector<Tensor>& params, Visit visit) {
  View range;
  const detail::Storage* arena = nullptr;
  for (const Tensor& param : params) {
    if (!param.impl()->grad_defined) continue;
    const detail::Storage& storage = *param.impl()->grad->storage;
    const View gradient = whole(storage);
    const std::int64_t unit = kParameterAlignment / size_of(gradient.dtype);
    const std::int64_t padded = (range.numel + unit - 1) / unit * unit;
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

  bool first = true;
  visit_ranges(params, [&](const View& range) {
    detail::issue(backend,
                  kernels::SumOfSquares{range, detail::view(total), /*accumulate=*/!first});
    first = false;
  });
  if (first) return norm.zero_();

  first = true;
  visit_ranges(params, [&](const View& range) {
    detail::issue(backend, kernels::ClipByNorm{range, detail::view(total),
                                               first ? detail::view(norm) : View{}, max_norm});
    first = false;
  });
  for (const Tensor& param : params) {
    if (param.impl()->grad_defined) ++param.impl()->grad->storage->version;
  }
  return norm;
}

}  // namespace kindling::optim
