// SPDX-License-Identifier: MIT
// The formulas of kernels/math as nvcc compiles them for the device, against the same on the host.
// In float and for random numbers they are made of + - * / and sqrt, which round alike everywhere:
// the bits are the same (with -fmad=false, which forbids contraction). In double, exp, log, log1p,
// expm1, tanh and erfc are those of the platform, and pow always. The formulas of optimizers.h that
// take a parameter are not called.
#include "all_math_headers.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <vector>

namespace {

using namespace kindling;
using namespace kindling::kernels;

constexpr int kMostResults = 256;
constexpr int kFewUlps = 4;
constexpr int kCancels = 64;  // where a difference of nearly equal numbers is left

/// The results of one input, in the order in which they are put.
template <class T>
struct Results {
  T values[kMostResults];
  int allowed[kMostResults];  // units of the last place between the platforms
  int count = 0;

  /// `in_float`: the same for a formula that is the platform's in float, too.
  __host__ __device__ void put(T value, int in_double = kFewUlps, int in_float = 0) {
    values[count] = value;
    allowed[count++] = sizeof(T) == sizeof(float) ? in_float : in_double;
  }
};

template <class T>
__host__ __device__ void put_elementwise(Results<T>& out, T x, T g) {
  for (int i = 0; i <= static_cast<int>(UnaryOp::last); ++i)
    math::visit(static_cast<UnaryOp>(i), [&]<UnaryOp op>() {
      out.put(math::value(op, x));
      const bool gated = op == UnaryOp::gelu || op == UnaryOp::gelu_tanh || op == UnaryOp::silu;
      out.put(math::gradient(op, x, g), gated ? kCancels : kFewUlps);
      out.put(static_cast<T>(math::saved_of(op)));
    });
  for (int i = 0; i <= static_cast<int>(BinaryOp::last); ++i)
    math::visit(static_cast<BinaryOp>(i), [&]<BinaryOp op>() {
      const int in_float = op == BinaryOp::pow ? kFewUlps : 0;
      out.put(math::value(op, x, g), kFewUlps, in_float);
      for (int operand = 0; operand < 2; ++operand) {
        out.put(math::gradient(op, operand, x, g, T(2)), kFewUlps, in_float);
        out.put(math::reads_own(op, operand) ? T(1) : T(0));
      }
      out.put(math::reads_other(op) ? T(1) : T(0));
    });
  for (int i = 0; i <= static_cast<int>(LossOp::last); ++i)
    math::visit(static_cast<LossOp>(i), [&]<LossOp op>() {
      out.put(math::value(op, x, T(0.5)));
      out.put(math::gradient(op, x, T(0.5), g));
    });
}

template <class T>
__host__ __device__ void put_random(Results<T>& out, std::uint64_t i) {
  using Traits = math::RandomTraits<T>;
  const math::RandomBits bits = math::philox(42, i);
  for (int w = 0; w < Traits::words; ++w) {
    out.put(math::uniform<T>(Traits::word(bits, w), T(-1), T(3)));
    out.put(math::uniform<T>(Traits::word(bits, w), T(-3e38), T(3e38)));
  }
  const math::Pair<T> pair = math::normal_pair<T>(Traits::word(bits, 0), Traits::word(bits, 1));
  out.put(pair.first);
  out.put(pair.second);
  for (const std::uint64_t n : {std::uint64_t{1000}, std::uint64_t{1} << 20})
    out.put(static_cast<T>(math::Permutation(n, 7, 1)(i)));
}

/// What one thread does between updates, in double on both devices.
template <class T>
__host__ __device__ void put_bookkeeping(Results<T>& out, std::uint64_t i) {
  math::GroupRecord record;
  record.lr.set(0.1);
  record.momentum.set(0.9);
  record.beta2.set(0.999);
  record.adam = record.counts_all = true;
  record.updates = static_cast<std::int64_t>(i);
  math::refresh(record);
  out.put(math::value_of<T>(record.step_size));
  out.put(math::value_of<T>(record.inverse_bias2_sqrt), kCancels);
  out.put(static_cast<T>(math::clip_coefficient(static_cast<double>(i), 2.0)));
  for (const bool maximize : {false, true})
    for (const bool absolute : {false, true}) {
      math::PlateauRule rule;
      rule.maximize = maximize;
      rule.absolute = absolute;
      rule.patience = 1;
      math::PlateauState state = math::plateau_start(rule);
      double lr = 1;
      for (int step = 0; step < 8; ++step)
        if (math::plateau_step(rule, state, static_cast<double>((step * (i + 1)) % 5)))
          lr = math::plateau_reduced(rule, lr, 0.01);
      out.put(static_cast<T>(lr));
      out.put(static_cast<T>(state.best));
    }
}

template <class T>
__global__ void evaluate(const T* x, const T* g, Results<T>* results, int n) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (i >= n) return;
  put_elementwise(results[i], x[i], g[i]);
  put_random(results[i], static_cast<std::uint64_t>(i));
  put_bookkeeping(results[i], static_cast<std::uint64_t>(i));
}

void check(cudaError_t error) {
  if (error == cudaSuccess) return;
  std::fprintf(stderr, "%s\n", cudaGetErrorString(error));
  std::exit(2);
}

template <class T>
T* copied(const std::vector<T>& values) {
  T* device = nullptr;
  check(cudaMalloc(&device, values.size() * sizeof(T)));
  check(cudaMemcpy(device, values.data(), values.size() * sizeof(T), cudaMemcpyHostToDevice));
  return device;
}

/// The numbers that formulas are tried with: of every size, and those that are none.
template <class T>
std::vector<T> inputs() {
  using Limits = std::numeric_limits<T>;
  std::vector<T> x{
      T(0),          T(-0.0),          Limits::infinity(), -Limits::infinity(), Limits::quiet_NaN(),
      Limits::max(), Limits::lowest(), Limits::min(),      Limits::denorm_min()};
  for (int i = 0; i < 500; ++i)
    for (const T sign : {T(1), T(-1)})
      x.push_back(sign * std::exp(T(i - 250) * T(0.06)));  // 3e-7 to 3e6
  return x;
}

/// Distance in units of the last place of the expected number.
template <class T>
double distance(T value, T expected) {
  if (value == expected || (std::isnan(value) && std::isnan(expected))) return 0;
  const double size = std::abs(static_cast<double>(expected));
  return std::abs(static_cast<double>(value) - static_cast<double>(expected)) /
         (size * static_cast<double>(std::numeric_limits<T>::epsilon()));
}

template <class T>
bool agree() {
  const std::vector<T> x = inputs<T>();
  const int n = static_cast<int>(x.size());
  std::vector<T> g(x.rbegin(), x.rend());
  std::rotate(g.begin(), g.begin() + n / 3, g.end());
  std::vector<Results<T>> results(x.size());
  const T* device_x = copied(x);
  const T* device_g = copied(g);
  Results<T>* device_results = copied(results);
  evaluate<<<(n + 127) / 128, 128>>>(device_x, device_g, device_results, n);
  check(cudaGetLastError());
  check(cudaMemcpy(results.data(), device_results, results.size() * sizeof(Results<T>),
                   cudaMemcpyDeviceToHost));
  double worst = 0;
  int wrong = 0;
  for (int i = 0; i < n; ++i) {
    Results<T> expected;
    put_elementwise(expected, x[static_cast<std::size_t>(i)], g[static_cast<std::size_t>(i)]);
    put_random(expected, static_cast<std::uint64_t>(i));
    put_bookkeeping(expected, static_cast<std::uint64_t>(i));
    const Results<T>& got = results[static_cast<std::size_t>(i)];
    if (got.count != expected.count) ++wrong;
    for (int r = 0; r < expected.count; ++r) {
      const double error = distance(got.values[r], expected.values[r]);
      if (!(error <= expected.allowed[r]) && ++wrong <= 20)
        std::fprintf(stderr, "input %.17g, result %d: %.17g, on the host %.17g\n",
                     static_cast<double>(x[static_cast<std::size_t>(i)]), r,
                     static_cast<double>(got.values[r]), static_cast<double>(expected.values[r]));
      worst = std::max(worst, error);
    }
  }
  check(cudaFree(const_cast<T*>(device_x)));
  check(cudaFree(const_cast<T*>(device_g)));
  check(cudaFree(device_results));
  std::printf("%d bytes: %d inputs, worst distance %.3g ulp, %d wrong\n",
              static_cast<int>(sizeof(T)), n, worst, wrong);
  return wrong == 0;
}

}  // namespace

int main() {
  const bool floats = agree<float>();
  const bool doubles = agree<double>();
  return floats && doubles ? 0 : 1;
}
