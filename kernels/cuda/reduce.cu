// SPDX-License-Identifier: MIT
#include <kindling/kernels/cuda/sums.cuh>
#include <kindling/kernels/math/order.h>

namespace kindling::kernels::cuda {
namespace {

/// A Sum cut along `count`: as many parts as it takes to keep a GPU busy. x [outer, count, inner]
struct Cut {
  std::int64_t outer, count, inner;
  std::int64_t parts;
  std::int64_t length;  // of a part, the last may be shorter

  Cut(std::int64_t outer_size, std::int64_t count_size, std::int64_t inner_size)
      : outer(outer_size), count(count_size), inner(inner_size) {
    constexpr std::int64_t kUnits = 4096;  // warps or strips at work
    constexpr std::int64_t kShortest = 512;
    constexpr std::int64_t kMostParts = 1024;
    const std::int64_t units = inner == 1 ? outer : outer * ((inner + kWarp - 1) / kWarp);
    const std::int64_t wanted = std::min(kUnits / units, count / kShortest);
    const std::int64_t most = std::clamp<std::int64_t>(wanted, 1, kMostParts);
    length = std::max<std::int64_t>((count + most - 1) / most, 1);
    parts = std::max<std::int64_t>((count + length - 1) / length, 1);
  }
};

template <class T>
struct SumOutput {
  T* y;
  double* partials;  // [outer, inner, parts], where there is more than one
  double scale;
  bool accumulate;

  __device__ void store(std::int64_t i, double total) const {
    put(y[i], static_cast<T>(scale * total), accumulate);
  }
  /// What a part gave.
  __device__ void take(const Cut& cut, std::int64_t i, std::int64_t part, double total) const {
    if (cut.parts == 1)
      store(i, total);
    else
      partials[i * cut.parts + part] = total;
  }
  /// Adds up the parts, in the last block.
  __device__ void finish(const Cut& cut, std::uint32_t* ticket) const {
    if (cut.parts == 1 || !last_to_arrive(ticket, gridDim.x)) return;
    for (std::int64_t i = threadIdx.x / kWarp; i < cut.outer * cut.inner; i += kWarps) {
      const double* parts = partials + i * cut.parts;
      const double total =
          Warp::sum_of<double>(0, cut.parts, [parts](std::int64_t p) { return __ldcg(parts + p); });
      if (Warp::rank() == 0) store(i, total);
    }
  }
};

/// A warp for each part of a row; inner is 1.
template <class T>
__global__ void __launch_bounds__(kThreads, kBlocks<T>)
    sum_rows(Cut cut, const T* x, SumOutput<T> output, std::uint32_t* ticket) {
  for (std::int64_t unit = Warp::index(); unit < cut.outer * cut.parts; unit += Warp::count()) {
    const std::int64_t row = quotient(unit, cut.parts);
    const std::int64_t part = unit - row * cut.parts;
    const T* data = x + row * cut.count;
    const std::int64_t begin = part * cut.length;
    const double total = Warp::sum_of<T>(begin, min(begin + cut.length, cut.count),
                                         [data](std::int64_t i) { return data[i]; });
    if (Warp::rank() == 0) output.take(cut, row, part, total);
  }
  output.finish(cut, ticket);
}

/// A block for each part of a strip of 32 columns; its warps share the rows.
template <class T>
__global__ void __launch_bounds__(kThreads, kBlocks<T>)
    sum_columns(Cut cut, const T* x, SumOutput<T> output, std::uint32_t* ticket) {
  __shared__ double of_warps[kWarps][kWarp];
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  const int warp = static_cast<int>(threadIdx.x) / kWarp;
  const std::int64_t strips = (cut.inner + kWarp - 1) / kWarp;
  const std::int64_t units = cut.outer * strips * cut.parts;
  for (std::int64_t unit = blockIdx.x; unit < units; unit += gridDim.x) {
    const std::int64_t part = unit % cut.parts;
    const std::int64_t strip = unit / cut.parts % strips;
    const std::int64_t outer = unit / cut.parts / strips;
    const std::int64_t column = strip * kWarp + lane;
    const std::int64_t end = min((part + 1) * cut.length, cut.count);
    const T* data = x + outer * cut.count * cut.inner + column;
    Total<T> total;
    if (column < cut.inner) {
      for (std::int64_t row = part * cut.length + warp; row < end; row += kRun * kWarps) {
        T run = data[row * cut.inner];
#pragma unroll
        for (int k = 1; k < kRun; ++k) {
          const std::int64_t next = row + k * kWarps;
          if (next < end) run += data[next * cut.inner];
        }
        total.add(static_cast<double>(run));
      }
    }
    __syncthreads();  // the last unit's have been read
    of_warps[warp][lane] = total.value();
    __syncthreads();
    if (warp == 0 && column < cut.inner) {
      double sum = of_warps[0][lane];
#pragma unroll
      for (int w = 1; w < kWarps; ++w) sum += of_warps[w][lane];
      output.take(cut, outer * cut.inner + column, part, sum);
    }
  }
  output.finish(cut, ticket);
}

/// An element and where it stands; past the end -1.
template <class T>
struct Candidate {
  T value;
  std::int64_t index;
};

/// The larger one, of equals the first.
template <class T>
__device__ bool beats(const Candidate<T>& a, const Candidate<T>& b) {
  if (a.index < 0 || b.index < 0) return b.index < 0;
  return math::stands_before(a.value, a.index, b.value, b.index, true);
}

/// A warp for each output.
template <class T>
__global__ void __launch_bounds__(kThreads)
    argmax(std::int64_t n, std::int64_t count, std::int64_t inner, const T* x, std::int64_t* y) {
  for (std::int64_t i = Warp::index(); i < n; i += Warp::count()) {
    const std::int64_t outer = quotient(i, inner);
    const T* data = x + outer * count * inner + (i - outer * inner);
    Candidate<T> best{T(0), -1};
    for (std::int64_t k = Warp::rank(); k < count; k += kWarp) {
      const Candidate<T> here{data[k * inner], k};
      if (beats(here, best)) best = here;
    }
#pragma unroll
    for (int step = kWarp / 2; step > 0; step /= 2) {
      const Candidate<T> other{__shfl_xor_sync(0xffffffffu, best.value, step),
                               __shfl_xor_sync(0xffffffffu, best.index, step)};
      if (beats(other, best)) best = other;
    }
    if (Warp::rank() == 0) y[i] = best.index;
  }
}

}  // namespace

void run(Context& context, const Sum& a) {
  if (a.y.numel == 0) return;
  const Cut cut(a.outer, a.count, a.inner);
  with_type(a.y.dtype, [&](auto zero) {
    using T = decltype(zero);
    double* partials = nullptr;
    if (cut.parts > 1) {
      const std::int64_t all = a.outer * a.inner * cut.parts;
      partials =
          static_cast<double*>(context.scratch(static_cast<std::size_t>(all) * sizeof *partials));
    }
    const SumOutput<T> output{elements<T>(a.y), partials, a.scale, a.accumulate};
    const T* x = elements<const T>(a.x);
    if (a.inner == 1) {
      launch(context, "Sum", sum_rows<T>, blocks_for(a.outer * cut.parts, kWarps), kThreads, cut, x,
             output, context.tickets());
    } else {
      const std::int64_t units = a.outer * ((a.inner + kWarp - 1) / kWarp) * cut.parts;
      launch(context, "Sum", sum_columns<T>, blocks_for(units, 1, 4096), kThreads, cut, x, output,
             context.tickets());
    }
  });
}

void run(Context& context, const Argmax& a) {
  if (a.y.numel == 0) return;
  with_type(a.x.dtype, [&](auto zero) {
    using T = decltype(zero);
    launch(context, "Argmax", argmax<T>, blocks_for(a.y.numel, kWarps), kThreads, a.y.numel,
           a.count, a.inner, elements<const T>(a.x), elements<std::int64_t>(a.y));
  });
}

}  // namespace kindling::kernels::cuda
