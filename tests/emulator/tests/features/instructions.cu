// SPDX-License-Identifier: MIT
// case calls: clean
// case control: clean
// case local_memory: clean
// case vectors: clean
// case warps: clean
// case groups: clean
// case barriers: clean
// case atomics: clean
// case async_copy: clean
// case mathematics: clean
// case halves: clean
// case printing: clean
// case generic: clean
#include "tests/emulator/tests/case.h"

#include <cooperative_groups.h>
#include <cooperative_groups/reduce.h>
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_pipeline.h>

#include <cmath>

namespace cg = cooperative_groups;

namespace {

__device__ __noinline__ int fibonacci(int n) {
  return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}
__device__ __noinline__ float4 swapped(float4 v, int by) {
  return by % 2 ? make_float4(v.w, v.z, v.y, v.x) : v;
}
struct Shape {
  __device__ virtual float area(float x) const { return x; }
};
struct Square : Shape {
  __device__ float area(float x) const override { return x * x; }
};
__device__ int twice(int x) { return 2 * x; }
__device__ int square(int x) { return x * x; }

__global__ void call_all(float* to, int* whole) {
  const int i = static_cast<int>(threadIdx.x);
  const Square second;
  const Shape first;
  const Shape* shape = i % 2 ? &second : &first;
  const float4 v = swapped(make_float4(1, 2, 3, static_cast<float>(i)), i);
  to[i] = shape->area(static_cast<float>(i)) + v.x;
  int (*const function)(int) = i % 3 ? twice : square;
  whole[i] = fibonacci(i % 12) + function(i);
}

void calls() {
  float* to = device<float>(64);
  int* whole = device<int>(64);
  call_all<<<1, 64>>>(to, whole);
  check(wait());
  const std::vector<float> sums = take(to, 64);
  const std::vector<int> numbers = take(whole, 64);
  const int fibonacci_numbers[] = {0, 1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89};
  for (int i = 0; i < 64; ++i) {
    const auto at = static_cast<std::size_t>(i);
    require(sums[at] == static_cast<float>(i % 2 ? i * i + i : i + 1), "virtual call");
    require(numbers[at] == fibonacci_numbers[i % 12] + (i % 3 ? 2 * i : i * i), "recursion");
  }
}

__host__ __device__ int branches(int x, int k) {
  switch ((x + k) % 7) {
    case 0:
      x = 5;
      break;
    case 1:
      x *= 7;
      break;
    case 2:
      x ^= 9;
      break;
    case 3:
      x -= 100;
      break;
    case 4:
      x = x * x;
      break;
    default:
      x = ~x;
      break;
  }
  for (int i = 0; i < x % 5; ++i) {
    if (i == 3) continue;
    x += i % 2 ? 3 : -1;
  }
  while (x > 50) x -= x / 3;
  return x;
}
__global__ void branch_all(int* to, int k) {
  to[threadIdx.x] = branches(static_cast<int>(threadIdx.x), k);
}

void control() {
  int* to = device<int>(96);
  branch_all<<<1, 96>>>(to, 3);
  check(wait());
  const std::vector<int> values = take(to, 96);
  for (int i = 0; i < 96; ++i)
    require(values[static_cast<std::size_t>(i)] == branches(i, 3), "branches");
}

struct Mixed {
  char a[7];
  short b[3];
  double c[5];
};
__host__ __device__ int mixed(int n) {
  Mixed m;
  for (int i = 0; i < 7; ++i) m.a[i] = static_cast<char>(i * n);
  for (int i = 0; i < 3; ++i) m.b[i] = static_cast<short>(n - i);
  for (int i = 0; i < 5; ++i) m.c[i] = i / 2.0;
  return m.a[n % 7] + m.b[n % 3] + static_cast<int>(m.c[n % 5]);
}
__global__ void mix(int* to) { to[threadIdx.x] = mixed(static_cast<int>(threadIdx.x)); }

void local_memory() {
  int* to = device<int>(40);
  mix<<<1, 40>>>(to);
  check(wait());
  const std::vector<int> values = take(to, 40);
  for (int i = 0; i < 40; ++i) require(values[static_cast<std::size_t>(i)] == mixed(i), "structs");
}

__global__ void vector_copy(const float4* from, float4* to, const char* bytes, char* to_bytes) {
  const unsigned i = threadIdx.x;
  float4 v = __ldg(from + i);
  v.x += 1;
  __stcs(to + i, v);
  to_bytes[i] = static_cast<char>(__ldcg(bytes + i) + 1);
}

void vectors() {
  std::vector<float> values(256);
  for (int i = 0; i < 256; ++i) values[static_cast<std::size_t>(i)] = static_cast<float>(i);
  float* from = device(values);
  float* to = device<float>(256);
  char* bytes = device(std::vector<char>(64, 4));
  char* to_bytes = device<char>(64);
  vector_copy<<<1, 64>>>(reinterpret_cast<float4*>(from), reinterpret_cast<float4*>(to), bytes,
                         to_bytes);
  check(wait());
  check(cudaFree(from));
  check(cudaFree(bytes));
  const std::vector<float> copies = take(to, 256);
  require(copies[8] == 9 && copies[9] == 9 && take(to_bytes, 64)[63] == 5, "vectors");
}

__global__ void warp_all(unsigned* to) {
  const unsigned i = threadIdx.x;
  unsigned sum = __reduce_add_sync(~0u, i) + __reduce_max_sync(~0u, i ^ 5);
  sum += __shfl_up_sync(~0u, i, 3) + __shfl_down_sync(~0u, i, 2, 8) * 100;
  sum += __shfl_sync(~0u, i, 7, 16) * 10000 + __shfl_xor_sync(~0u, i, 16) * 1000000;
  to[i] = sum;
  to[32 + i] = __ballot_sync(~0u, i % 3 == 0) ^ __match_any_sync(~0u, i / 5);
  int all_same = 0;
  to[64 + i] = __match_all_sync(~0u, 7u, &all_same) + static_cast<unsigned>(all_same) +
               static_cast<unsigned>(__any_sync(~0u, i == 9)) * 2 +
               static_cast<unsigned>(__all_sync(~0u, i < 31)) * 4;
  to[96 + i] = i < 11 ? __activemask() : 0;
}

void warps() {
  unsigned* to = device<unsigned>(128);
  warp_all<<<1, 32>>>(to);
  check(wait());
  const std::vector<unsigned> values = take(to, 128);
  for (unsigned i = 0; i < 32; ++i) {
    const unsigned up = i < 3 ? i : i - 3, down = i % 8 < 6 ? i + 2 : i;
    const unsigned sum =
        496 + 31 + up + down * 100 + (i / 16 * 16 + 7) * 10000 + (i ^ 16) * 1000000;
    require(values[i] == sum, "reductions and shuffles");
    unsigned same = 0;
    for (unsigned j = 0; j < 32; ++j) same |= (j / 5 == i / 5 ? 1u : 0u) << j;
    require(values[32 + i] == (0x49249249u ^ same), "ballot and match");
    require(values[64 + i] == ~0u + 1 + 2, "votes");
    require(values[96 + i] == (i < 11 ? 0x7ffu : 0u), "active lanes");
  }
}

__global__ void group_all(int* to) {
  const auto block = cg::this_thread_block();
  const auto tile = cg::tiled_partition<16>(block);
  const int i = static_cast<int>(threadIdx.x);
  to[i] = cg::reduce(tile, i, cg::plus<int>()) + static_cast<int>(tile.meta_group_rank()) * 10000;
  if (i % 3 == 0) {
    const auto group = cg::coalesced_threads();
    to[64 + i] = static_cast<int>(group.size()) + group.shfl(i, 1) * 100;
  }
  block.sync();
}

void groups() {
  int* to = device<int>(128);
  group_all<<<1, 64>>>(to);
  check(wait());
  const std::vector<int> values = take(to, 128);
  require(values[20] == (16 + 31) * 8 + 10000 && values[63] == (48 + 63) * 8 + 30000, "tiles");
  require(values[64] == 11 + 3 * 100 && values[64 + 33] == 11 + 36 * 100, "coalesced threads");
}

__global__ void barrier_all(int* to) {
  const int i = static_cast<int>(threadIdx.x);
  to[i] = __syncthreads_count(i % 3 == 0) + __syncthreads_or(i == 5) * 1000 +
          __syncthreads_and(i < 64) * 2000;
  __shared__ int handed[32];
  if (i < 32) {
    handed[i] = i;
    asm volatile("bar.arrive 2, 64;" : : : "memory");
  } else {
    asm volatile("bar.sync 2, 64;" : : : "memory");
    to[64 + i - 32] = handed[63 - i];
  }
}

void barriers() {
  int* to = device<int>(96);
  barrier_all<<<1, 64>>>(to);
  check(wait());
  const std::vector<int> values = take(to, 96);
  require(values[7] == 22 + 1000 + 2000 && values[64] == 31, "barriers");
}

__global__ void atomic_all(float* f, double* d, int* i, unsigned long long* u, __half2* h) {
  const int t = static_cast<int>(threadIdx.x);
  atomicAdd(f, 0.5f);
  atomicAdd(d, 0.25);
  atomicMax(i, t);
  atomicMin(i + 1, -t);
  atomicXor(i + 2, 1 << t % 32);
  atomicAdd(i + 3, 2);
  atomicSub(i + 4, 3);
  atomicOr(i + 5, 1 << t % 32);
  atomicAnd(i + 6, ~(1 << t % 32));
  atomicInc(reinterpret_cast<unsigned*>(i + 7), 9);
  atomicDec(reinterpret_cast<unsigned*>(i + 8), 9);
  atomicAdd(u, 1ull << 33);
  atomicCAS(u + 1, 0ull, 7ull);
  atomicExch(u + 2, 5ull);
  atomicAdd(h, __float2half2_rn(1.0f));
  __shared__ int sum;
  if (t == 0) sum = 0;
  __syncthreads();
  atomicAdd_block(&sum, 1);
  __syncthreads();
  if (t == 0) atomicAdd_system(i + 9, sum);
}

void atomics() {
  float* f = device<float>(1);
  double* d = device<double>(1);
  int* i = device<int>(10);
  auto* u = device<unsigned long long>(3);
  auto* h = device<__half2>(1);
  atomic_all<<<3, 64>>>(f, d, i, u, h);
  check(wait());
  require(take(f, 1)[0] == 96 && take(d, 1)[0] == 48, "sums of reals");
  const std::vector<int> values = take(i, 10);
  require(values[0] == 63 && values[1] == -63 && values[2] == 0 && values[3] == 384, "integers");
  require(values[4] == -576 && values[5] == -1 && values[6] == 0, "bits");
  require(values[7] == 192 % 10 && values[8] == (10 - 192 % 10) % 10 && values[9] == 192,
          "wrapping");
  const std::vector<unsigned long long> wide = take(u, 3);
  require(wide[0] == 192ull << 33 && wide[1] == 7 && wide[2] == 5, "64 bits");
  require(__low2float(take(h, 1)[0]) == 192, "halves");
}

__global__ void copy_async(const float4* from, float4* to, int tiles) {
  __shared__ float4 buffer[2][64];
  const unsigned i = threadIdx.x;
  __pipeline_memcpy_async(&buffer[0][i], from + i, 16);
  __pipeline_commit();
  for (int tile = 0; tile < tiles; ++tile) {
    if (tile + 1 < tiles) {
      __pipeline_memcpy_async(&buffer[(tile + 1) % 2][i], from + (tile + 1) * 64 + i, 16);
    }
    __pipeline_commit();
    __pipeline_wait_prior(1);
    __syncthreads();
    to[tile * 64 + static_cast<int>(i)] = buffer[tile % 2][63 - i];
    __syncthreads();
  }
}

void async_copy() {
  std::vector<float> values(4 * 256);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
  float* from = device(values);
  float* to = device<float>(values.size());
  copy_async<<<1, 64>>>(reinterpret_cast<float4*>(from), reinterpret_cast<float4*>(to), 4);
  check(wait());
  check(cudaFree(from));
  const std::vector<float> copied = take(to, values.size());
  for (std::size_t i = 0; i < copied.size(); ++i) {
    require(copied[i] == values[i / 256 * 256 + (63 - i % 256 / 4) * 4 + i % 4], "tiles");
  }
}

__global__ void mathematics_all(const float* x, float* to, double* wide) {
  const unsigned i = threadIdx.x;
  const float a = x[i];
  to[i] = expf(a) + logf(fabsf(a) + 1) + tanhf(a) + erff(a) + sinf(a) + cosf(a * 100) +
          powf(fabsf(a), 1.7f) + rsqrtf(fabsf(a) + 1) + cbrtf(a) + fmodf(a, 0.3f) +
          log1pf(fabsf(a));
  const double b = static_cast<double>(a);
  wide[i] =
      exp(b) + log(fabs(b) + 1) + sin(100 * b) + pow(fabs(b), 1.7) + tanh(b) + erf(b) + cbrt(b);
}

void mathematics() {
  std::vector<float> values(64);
  for (int i = 0; i < 64; ++i)
    values[static_cast<std::size_t>(i)] = std::sin(static_cast<float>(i));
  float* x = device(values);
  float* to = device<float>(64);
  double* wide = device<double>(64);
  mathematics_all<<<1, 64>>>(x, to, wide);
  check(wait());
  check(cudaFree(x));
  const std::vector<float> narrow_sums = take(to, 64);
  const std::vector<double> wide_sums = take(wide, 64);
  for (std::size_t i = 0; i < 64; ++i) {
    const double a = static_cast<double>(values[i]);
    const double narrow = std::exp(a) + std::log(std::fabs(a) + 1) + std::tanh(a) + std::erf(a) +
                          std::sin(a) + std::cos(static_cast<double>(values[i] * 100)) +
                          std::pow(std::fabs(a), 1.7) + 1 / std::sqrt(std::fabs(a) + 1) +
                          std::cbrt(a) + std::fmod(a, static_cast<double>(0.3f)) +
                          std::log1p(std::fabs(a));
    const double exact = std::exp(a) + std::log(std::fabs(a) + 1) + std::sin(100 * a) +
                         std::pow(std::fabs(a), 1.7) + std::tanh(a) + std::erf(a) + std::cbrt(a);
    require(std::fabs(static_cast<double>(narrow_sums[i]) - narrow) < 1e-5, "float32 functions");
    require(std::fabs(wide_sums[i] - exact) < 1e-13, "float64 functions");
  }
}

__global__ void half_all(float* to) {
  const float x = static_cast<float>(threadIdx.x) * 0.25f;
  const __half a = __float2half(x);
  const __half2 pair =
      __hfma2(__halves2half2(a, a), __float2half2_rn(2.0f), __float2half2_rn(1.0f));
  const __nv_bfloat16 b = __float2bfloat16(x);
  to[threadIdx.x] =
      __low2float(pair) + __bfloat162float(__hmul(b, b)) + (__hgt(a, __float2half(3.0f)) ? 100 : 0);
}

void halves() {
  float* to = device<float>(32);
  half_all<<<1, 32>>>(to);
  check(wait());
  const std::vector<float> values = take(to, 32);
  for (std::size_t i = 0; i < 16; ++i) {
    const float x = static_cast<float>(i) * 0.25f;
    require(values[i] == 2 * x + 1 + x * x + (x > 3 ? 100.0f : 0.0f), "halves");
  }
}

__global__ void print(int x) {
  if (threadIdx.x == 1) printf("%d %s %.2f %c %lld\n", x, "text", 2.5, 'c', 1ll << 40);
}

void printing() {
  print<<<1, 2>>>(-7);
  check(wait());
}

__device__ int add_through(const int* a, const int* b) { return *a + *b; }
__global__ void generic_all(const int* in, int* to) {
  __shared__ int buffer[32];
  const unsigned i = threadIdx.x;
  int local[2] = {static_cast<int>(i), 5};
  buffer[i] = in[i];
  __syncwarp();
  const int* pointers[3] = {in + i, buffer + i, local + i % 2};
  to[i] = add_through(pointers[i % 3], pointers[(i + 1) % 3]);
}

void generic() {
  int* in = device(std::vector<int>(32, 3));
  int* to = device<int>(32);
  generic_all<<<1, 32>>>(in, to);
  check(wait());
  check(cudaFree(in));
  const std::vector<int> values = take(to, 32);
  for (int i = 0; i < 32; ++i) {
    const int local = i % 2 ? 5 : i;
    require(values[static_cast<std::size_t>(i)] == (i % 3 == 0 ? 6 : 3 + local),
            "generic addresses");
  }
}

}  // namespace

int main(int count, char** arguments) {
  return run_case(count, arguments,
                  {{"calls", calls},
                   {"control", control},
                   {"local_memory", local_memory},
                   {"vectors", vectors},
                   {"warps", warps},
                   {"groups", groups},
                   {"barriers", barriers},
                   {"atomics", atomics},
                   {"async_copy", async_copy},
                   {"mathematics", mathematics},
                   {"halves", halves},
                   {"printing", printing},
                   {"generic", generic}});
}
