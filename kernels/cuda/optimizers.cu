// SPDX-License-Identifier: MIT
#include <kindling/kernels/cuda/bookkeeping.cuh>
#include <kindling/kernels/cuda/clip.cuh>

/// The fused update: all ranges of an optimizer, and what follows, in one launch.
namespace kindling::kernels::cuda {
namespace {

/// n elements of one range; as many states are given as the optimizer keeps.
template <class Rule, class T, class... States>
__device__ __forceinline__ void update_range(const Rule& rule, const math::ClipScale<T>& scale,
                                             bool scales, std::int64_t n, T* parameter, T* gradient,
                                             States*... states) {
  constexpr int size = Pack<T>::kSize;
  const std::int64_t whole = aligned(parameter, gradient, states...) ? n / size : 0;
  for (std::int64_t i = thread_index(); i < whole; i += thread_count()) {
    const std::int64_t begin = i * size;
    Pack<T> p = load_pack(parameter + begin);
    Pack<T> g = load_pack(gradient + begin);
    const auto apply = [&](Pack<States>... state) {
#pragma unroll
      for (int k = 0; k < size; ++k) {
        if (scales) g.values[k] = scale(g.values[k]);
        rule(p.values[k], g.values[k], state.values[k]...);
      }
      (store_pack(states + begin, state), ...);
    };
    apply(load_pack(states + begin)...);
    store_pack(parameter + begin, p);
    if (scales) store_pack(gradient + begin, g);
  }
  for (std::int64_t i = whole * size + thread_index(); i < n; i += thread_count()) {
    if (scales) gradient[i] = scale(gradient[i]);
    rule(parameter[i], gradient[i], states[i]...);
  }
}

/// Reads what is at `source` once for the whole block, all of whose threads call it. The last one
/// is gone then.
template <class V>
class SharedCopy {
 public:
  __device__ const V& of(const V* source) {
    __syncthreads();
    if (threadIdx.x < kWords)
      words_[threadIdx.x] = reinterpret_cast<const std::uint64_t*>(source)[threadIdx.x];
    __syncthreads();
    return *reinterpret_cast<const V*>(words_);
  }

 private:
  static constexpr int kWords = sizeof(V) / sizeof(std::uint64_t);
  static_assert(kWords * sizeof(std::uint64_t) == sizeof(V) && kWords <= kThreads);
  std::uint64_t words_[kWords];
};

template <class Rule, class T>
__device__ __forceinline__ void update_range(const UpdateRange& range,
                                             const math::GroupRecord& record,
                                             const math::ClipScale<T>& scale) {
  const Rule rule(record);
  const bool scales = scale.changes();
  const std::int64_t n = range.parameter.numel;
  T* p = static_cast<T*>(range.parameter.data);
  T* g = static_cast<T*>(range.gradient.data);
  T* const first = static_cast<T*>(range.state[0].data);
  T* const second = static_cast<T*>(range.state[1].data);
  T* const third = static_cast<T*>(range.state[2].data);
  if constexpr (requires(T x) { rule(x, x); }) {
    if (first == nullptr) return update_range(rule, scale, scales, n, p, g);
  }
  if constexpr (requires(T x) { rule(x, x, x); }) {
    if (second == nullptr) return update_range(rule, scale, scales, n, p, g, first);
  }
  if constexpr (requires(T x) { rule(x, x, x, x); }) {
    if (third == nullptr) return update_range(rule, scale, scales, n, p, g, first, second);
  }
  if constexpr (requires(T x) { rule(x, x, x, x, x); })
    update_range(rule, scale, scales, n, p, g, first, second, third);
}

/// The records, guard, history and schedule after the update, for the last block.
__device__ void finish(const Update& u, bool skipped) {
  if (!skipped) {
    for (std::int64_t r = threadIdx.x; r < u.count; r += blockDim.x)
      if (u.ranges[r].advance) math::advance_update(*u.ranges[r].record);
  }
  __syncthreads();
  if (threadIdx.x != 0) return;
  if (u.guard != nullptr) ++(skipped ? u.guard->skipped : u.guard->applied);
  append(u.history);
  advance(u.schedule);
}

/// Blocks on a multiprocessor. RMSprop's centered form needs some registers more than four of them
/// leave, and would spill one.
template <class Rule, class T>
inline constexpr int kUpdateBlocks = kBlocks<T>;
template <>
inline constexpr int kUpdateBlocks<math::RmsProp<float>, float> = 3;

/// The ranges of dtype T, row y of blocks for range y; `last` of the launches.
template <class Rule, class T>
__global__ void __launch_bounds__(kThreads, kUpdateBlocks<Rule, T>)
    update(const Update u, bool last, std::uint32_t* ticket) {
  __shared__ SharedCopy<UpdateRange> shared_range;
  __shared__ SharedCopy<math::GroupRecord> shared_record;
  __shared__ bool skipped;
  if (threadIdx.x == 0) skipped = u.guard != nullptr && u.guard->nonfinite != 0;
  const math::ClipScale<T>& scale = clip_scale<T>(u.clip_total, u.max_norm);  // a barrier
  for (std::int64_t r = blockIdx.y; r < u.count; r += gridDim.y) {
    const UpdateRange& range = shared_range.of(u.ranges + r);
    if (range.parameter.dtype != dtype_of<T>) continue;
    if (!skipped)
      update_range<Rule, T>(range, shared_record.of(range.record), scale);
    else if (scale.changes())  // the gradients are clipped all the same
      scale_gradient(range.gradient, scale);
  }
  if (last && last_to_arrive(ticket, gridDim.x * gridDim.y)) finish(u, skipped);
}

template <class T>
void launch_update(Context& context, const Update& u, std::int64_t longest, bool last) {
  constexpr std::int64_t kMostRows = 1024;
  const auto rows = static_cast<unsigned>(std::clamp<std::int64_t>(u.count, 1, kMostRows));
  // A block reads range and record once: two packs for each of its threads make that little.
  const dim3 grid(blocks_for(longest, kThreads * Pack<T>::kSize * 2), rows);
  math::visit<T>(u.op, [&]<class Rule>() {
    launch(context, "Update", update<Rule, T>, grid, kThreads, u, last, context.tickets());
  });
}

}  // namespace

void run(Context& context, const Update& u) {
  std::int64_t longest_float = 0;
  std::int64_t longest_double = 0;
  for (std::int64_t r = 0; r < u.count; ++r) {
    const View& parameter = u.ranges_on_host[r].parameter;
    std::int64_t& longest = parameter.dtype == DType::float32 ? longest_float : longest_double;
    longest = std::max(longest, parameter.numel);
  }
  if (longest_double > 0) launch_update<double>(context, u, longest_double, longest_float == 0);
  if (longest_float > 0 || longest_double == 0)
    launch_update<float>(context, u, longest_float, true);
}

}  // namespace kindling::kernels::cuda
