// SPDX-License-Identifier: MIT
#include <kindling/kernels/cuda/clip.cuh>
#include <kindling/kernels/cuda/sums.cuh>

/// Whole-gradient passes: the search for non-finite values, the norm, clipping.
namespace kindling::kernels::cuda {
namespace {

/// Infinities and NaNs are the numbers whose exponent bits are all ones.
template <class Bits, Bits exponent>
__device__ bool has_nonfinite(const View& x) {
  const Bits* bits = static_cast<const Bits*>(x.data);
  constexpr int size = Pack<Bits>::kSize;
  const std::int64_t whole = aligned(bits) ? x.numel / size : 0;
  bool found = false;
  for (std::int64_t p = thread_index(); p < whole; p += thread_count()) {
    const Pack<Bits> pack = load_pack(bits + p * size);
#pragma unroll
    for (int k = 0; k < size; ++k) found |= (pack.values[k] & exponent) == exponent;
  }
  for (std::int64_t i = whole * size + thread_index(); i < x.numel; i += thread_count())
    found |= (bits[i] & exponent) == exponent;
  return found;
}

/// tickets[1]: whether a block has found one; zero before and after.
__global__ void __launch_bounds__(kThreads)
    find_nonfinite(FindNonfinite a, std::uint32_t* tickets) {
  bool found = false;
  for (std::int64_t r = blockIdx.y; r < a.count; r += gridDim.y) {
    const View& gradient = a.ranges[r].gradient;
    found |= gradient.dtype == DType::float32
                 ? has_nonfinite<std::uint32_t, 0x7f800000u>(gradient)
                 : has_nonfinite<std::uint64_t, 0x7ff0000000000000u>(gradient);
  }
  if (__syncthreads_or(found) != 0 && threadIdx.x == 0) atomicOr(tickets + 1, 1u);
  if (!last_to_arrive(tickets, gridDim.x * gridDim.y) || threadIdx.x != 0) return;
  a.guard->nonfinite = atomicExch(tickets + 1, 0u);
}

template <class T>
__device__ void add_squares(const View& view, Total<double>& total) {
  const T* x = static_cast<const T*>(view.data);
  constexpr int size = Pack<T>::kSize;
  const std::int64_t whole = aligned(x) ? view.numel / size : 0;
  for (std::int64_t p = thread_index(); p < whole; p += thread_count()) {
    const Pack<T> pack = load_pack(x + p * size);
    double run = 0;
#pragma unroll
    for (int k = 0; k < size; ++k) {
      const auto value = static_cast<double>(pack.values[k]);
      run += value * value;
    }
    total.add(run);
  }
  for (std::int64_t i = whole * size + thread_index(); i < view.numel; i += thread_count()) {
    const auto value = static_cast<double>(x[i]);
    total.add(value * value);
  }
}

/// partials [blocks]
__global__ void __launch_bounds__(kThreads)
    sum_squares(ClipGradNorm a, double* partials, std::uint32_t* ticket) {
  Total<double> total;
  for (int i = 0; i < a.count; ++i) {
    if (a.gradients[i].dtype == DType::float32)
      add_squares<float>(a.gradients[i], total);
    else
      add_squares<double>(a.gradients[i], total);
  }
  sum_over_blocks(total.value(), partials, ticket, [&a](double sum) {
    double& all = *static_cast<double*>(a.total.data);
    all = a.accumulate ? all + sum : sum;
    if (a.norm.data == nullptr) return;
    const double norm = math::sqrt(all);
    if (a.norm.dtype == DType::float32)
      *static_cast<float*>(a.norm.data) = static_cast<float>(norm);
    else
      *static_cast<double*>(a.norm.data) = norm;
  });
}

__global__ void __launch_bounds__(kThreads) scale_gradients(ClipGradNorm a) {
  const auto* total = static_cast<const double*>(a.total.data);
  const auto single = clip_scale<float>(total, a.max_norm);
  const auto full = clip_scale<double>(total, a.max_norm);
  if (!full.changes()) return;
  for (int i = 0; i < a.count; ++i) {
    if (a.gradients[i].dtype == DType::float32)
      scale_gradient(a.gradients[i], single);
    else
      scale_gradient(a.gradients[i], full);
  }
}

}  // namespace

void run(Context& context, const FindNonfinite& a) {
  std::int64_t longest = 0;
  for (std::int64_t r = 0; r < a.count; ++r)
    longest = std::max(longest, a.ranges_on_host[r].gradient.numel);
  const auto rows = static_cast<unsigned>(std::clamp<std::int64_t>(a.count, 1, 1024));
  launch(context, "FindNonfinite", find_nonfinite, dim3(blocks_for(longest, kThreads * 4), rows),
         kThreads, a, context.tickets());
}

void run(Context& context, const ClipGradNorm& a) {
  constexpr std::int64_t kMostBlocks = 1024;
  std::int64_t longest = 0;
  for (int i = 0; i < a.count; ++i) longest = std::max(longest, a.gradients[i].numel);
  const unsigned blocks = blocks_for(longest, kThreads * 4, kMostBlocks);
  if (a.sums) {
    auto* partials = static_cast<double*>(context.scratch(kMostBlocks * sizeof(double)));
    launch(context, "ClipGradNorm", sum_squares, blocks, kThreads, a, partials, context.tickets());
  }
  if (a.scales) launch(context, "ClipGradNorm", scale_gradients, blocks, kThreads, a);
}

}  // namespace kindling::kernels::cuda
