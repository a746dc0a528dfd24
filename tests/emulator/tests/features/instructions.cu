// SPDX-License-Identifier: MIT
// case calls: clean
// case parted_calls: clean
// case control: clean
// case local_memory: clean
// case vectors: clean
// case mathematics: clean
// case halves: clean
// case printing: clean
// case generic: clean
// case function_shared: clean
// case heap: clean
#include "tests/emulator/tests/case.h"

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <cmath>

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

// Lanes that are in different functions for a long time, whose registers have different widths.
__host__ __device__ __noinline__ unsigned narrow(unsigned n) {
  unsigned x = n;
  for (unsigned i = 0; i < 3000; ++i) x = x * 5 + i % 7;
  return x;
}
__host__ __device__ __noinline__ unsigned long long wide(unsigned n) {
  unsigned long long x = n;
  for (unsigned i = 0; i < 3000; ++i) x = x * 3 + i % 11;
  return x;
}
__host__ __device__ unsigned long long apart(unsigned i) { return i % 2 ? narrow(i) : wide(i); }
__global__ void call_apart(unsigned long long* to) { to[threadIdx.x] = apart(threadIdx.x); }

void parted_calls() {
  auto* to = device<unsigned long long>(32);
  call_apart<<<1, 32>>>(to);
  check(wait());
  const std::vector<unsigned long long> values = take(to, 32);
  for (unsigned i = 0; i < 32; ++i) require(values[i] == apart(i), "parted calls");
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

// Shared variables of functions that are not inlined.
__device__ __noinline__ int passed_on(int value) {
  __shared__ int buffer[64];
  buffer[threadIdx.x] = value;
  __syncthreads();
  return buffer[63 - threadIdx.x];
}
__device__ __noinline__ int summed(int value) {
  __shared__ int sum;
  if (threadIdx.x == 0) sum = 0;
  __syncthreads();
  atomicAdd(&sum, value);
  __syncthreads();
  return sum;
}
__global__ void share_in_functions(int* to) {
  __shared__ int own[64];
  const int i = static_cast<int>(threadIdx.x);
  own[i] = passed_on(i);
  __syncthreads();
  to[i] = own[63 - i] * 10000 + summed(i);
}

void function_shared() {
  int* to = device<int>(64);
  share_in_functions<<<2, 64>>>(to);
  check(wait());
  const std::vector<int> values = take(to, 64);
  for (int i = 0; i < 64; ++i) {
    require(values[static_cast<std::size_t>(i)] == i * 10000 + 2016, "shared variables");
  }
}

__global__ void use_heap(int* to) {
  const int i = static_cast<int>(threadIdx.x);
  int* numbers = static_cast<int*>(malloc(static_cast<std::size_t>(i + 1) * sizeof(int)));
  for (int j = 0; j <= i; ++j) numbers[j] = j;
  int* one = new int(numbers[i] + 1);
  to[i] = numbers[i] + *one;
  delete one;
  free(numbers);
  free(nullptr);
}

void heap() {
  int* to = device<int>(40);
  use_heap<<<1, 40>>>(to);
  check(wait());
  const std::vector<int> values = take(to, 40);
  for (int i = 0; i < 40; ++i) require(values[static_cast<std::size_t>(i)] == 2 * i + 1, "heap");
}

}  // namespace

int main(int count, char** arguments) {
  return run_case(count, arguments,
                  {{"calls", calls},
                   {"parted_calls", parted_calls},
                   {"control", control},
                   {"local_memory", local_memory},
                   {"vectors", vectors},
                   {"mathematics", mathematics},
                   {"halves", halves},
                   {"printing", printing},
                   {"generic", generic},
                   {"function_shared", function_shared},
                   {"heap", heap}});
}
