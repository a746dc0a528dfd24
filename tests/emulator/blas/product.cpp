// SPDX-License-Identifier: MIT
#include "tests/emulator/blas/product.h"

#include "tests/emulator/memory/memory.h"
#include "tests/emulator/report/counters.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>
#include <vector>

namespace emulator {
namespace {

std::size_t size(std::int64_t count) { return static_cast<std::size_t>(count); }

// sums[j][i] += sum over l of a[l][i] b[j][l]: a block of a stays in the cache while four
// multiply-adds pass over a column of sums, which keeps every sum one chain.
template <class T>
void multiply(const T* a, const T* b, std::size_t m, std::size_t n, std::size_t k, T* sums) {
  constexpr std::size_t kRows = 128, kDepth = 256;
  std::vector<T> block(kRows * kDepth);
  for (std::size_t first = 0; first < k; first += kDepth) {
    const std::size_t depth = std::min(kDepth, k - first);
    for (std::size_t top = 0; top < m; top += kRows) {
      const std::size_t rows = std::min(kRows, m - top);
      for (std::size_t l = 0; l < depth; ++l) {
        std::copy_n(a + (first + l) * m + top, rows, &block[l * rows]);
      }
      for (std::size_t j = 0; j < n; ++j) {
        T* const __restrict sum = sums + j * m + top;
        const T* const factor = b + j * k + first;
        std::size_t l = 0;
        for (; l + 4 <= depth; l += 4) {
          const T* const column = &block[l * rows];
          const T f0 = factor[l], f1 = factor[l + 1], f2 = factor[l + 2], f3 = factor[l + 3];
          for (std::size_t i = 0; i < rows; ++i) {
            T s = std::fma(column[i], f0, sum[i]);
            s = std::fma(column[i + rows], f1, s);
            s = std::fma(column[i + 2 * rows], f2, s);
            sum[i] = std::fma(column[i + 3 * rows], f3, s);
          }
        }
        for (; l < depth; ++l) {
          const T* const column = &block[l * rows];
          const T f = factor[l];
          for (std::size_t i = 0; i < rows; ++i) sum[i] = std::fma(column[i], f, sum[i]);
        }
      }
    }
  }
}

template <class T>
constexpr T kSlope = T(std::numbers::sqrt2* std::numbers::inv_sqrtpi);
template <class T>
constexpr T kCubic = T(0.044715);

// 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))
template <class T>
T gelu(T x) {
  return T(0.5) * x * (1 + std::tanh(kSlope<T> * (x + kCubic<T> * x * x * x)));
}

template <class T>
T gelu_gradient(T x) {
  const T t = std::tanh(kSlope<T> * (x + kCubic<T> * x * x * x));
  const T inner = kSlope<T> * (1 + 3 * kCubic<T> * x * x);
  return T(0.5) * (1 + t) + T(0.5) * x * (1 - t * t) * inner;
}

// One product of the batch. Its functions return false if memory may not be touched.
template <class T>
class Run {
 public:
  Run(const Product& product, std::int64_t batch) : p_(product), batch_(batch) {}

  bool operator()() {
    std::vector<T> a(size(p_.m * p_.k)), b(size(p_.k * p_.n));
    if (!load(p_.a, batch_, p_.call, a.data(), p_.rounding)) return false;
    if (!load(p_.b, batch_, p_.call, b.data(), p_.rounding)) return false;
    d_.resize(size(p_.m * p_.n));
    multiply(a.data(), b.data(), size(p_.m), size(p_.n), size(p_.k), d_.data());
    const T alpha = static_cast<T>(p_.alpha.value), beta = static_cast<T>(p_.beta.value);
    if (beta == 0) {
      for (T& value : d_) value *= alpha;
    } else {
      std::vector<T> c(d_.size());
      if (!load(p_.c, batch_, p_.call, c.data())) return false;
      for (std::size_t i = 0; i < c.size(); ++i) d_[i] = std::fma(alpha, d_[i], beta * c[i]);
    }
    if (!add_bias() || !activate() || !mask_gradient() || !scale_gradient()) return false;
    if (!store(p_.d, batch_, p_.call, d_.data())) return false;
    if (has(kBiasGradient)) return store_sums(d_, p_.m, p_.n, 1, p_.m);
    if (has(kBiasGradientA)) return store_sums(a, p_.m, p_.k, 1, p_.m);
    if (has(kBiasGradientB)) return store_sums(b, p_.n, p_.k, p_.k, 1);
    return true;
  }

 private:
  bool has(unsigned part) const { return (p_.epilogue & part) != 0; }
  T& at(std::int64_t row, std::int64_t column) { return d_[size(row + column * p_.m)]; }

  bool add_bias() {
    if (!has(kBias)) return true;
    std::vector<T> bias(size(p_.m));
    if (!load(p_.bias, batch_, p_.call, bias.data())) return false;
    for (std::int64_t j = 0; j < p_.n; ++j) {
      for (std::int64_t i = 0; i < p_.m; ++i) at(i, j) += bias[size(i)];
    }
    return true;
  }

  bool activate() {
    if (has(kRelu)) {
      if (has(kAuxiliary) && !store_mask()) return false;
      for (T& value : d_) value = std::fmax(value, T{0});
    } else if (has(kGelu)) {
      if (has(kAuxiliary) && !store(p_.auxiliary, batch_, p_.call, d_.data())) return false;
      for (T& value : d_) value = gelu(value);
    }
    return true;
  }

  bool store_mask() {
    std::byte* mask = touch(p_.auxiliary, batch_, true, p_.call);
    if (!mask) return false;
    for (std::int64_t j = 0; j < p_.n; ++j, mask += p_.auxiliary.step) {
      std::memset(mask, 0, size(p_.auxiliary.length));
      for (std::int64_t i = 0; i < p_.m; ++i) {
        if (at(i, j) > 0) mask[i / 8] |= std::byte{1} << (i % 8);
      }
    }
    return true;
  }

  bool mask_gradient() {
    if (!has(kReluGradient)) return true;
    const std::byte* mask = touch(p_.auxiliary, batch_, false, p_.call);
    if (!mask) return false;
    for (std::int64_t j = 0; j < p_.n; ++j, mask += p_.auxiliary.step) {
      for (std::int64_t i = 0; i < p_.m; ++i) {
        if ((mask[i / 8] >> (i % 8) & std::byte{1}) == std::byte{0}) at(i, j) = 0;
      }
    }
    return true;
  }

  bool scale_gradient() {
    if (!has(kGeluGradient)) return true;
    std::vector<T> input(d_.size());
    if (!load(p_.auxiliary, batch_, p_.call, input.data())) return false;
    for (std::size_t i = 0; i < input.size(); ++i) d_[i] *= gelu_gradient(input[i]);
    return true;
  }

  // The sums over the second index of values[i * step + l * stride].
  bool store_sums(const std::vector<T>& values, std::int64_t count, std::int64_t terms,
                  std::int64_t step, std::int64_t stride) {
    std::vector<T> sums(size(count));
    for (std::int64_t l = 0; l < terms; ++l) {
      for (std::int64_t i = 0; i < count; ++i) sums[size(i)] += values[size(i * step + l * stride)];
    }
    return store(p_.bias, batch_, p_.call, sums.data());
  }

  const Product& p_;
  std::int64_t batch_;
  std::vector<T> d_;  // [n][m]
};

// What a real algorithm leaves in its workspace is nobody's to read.
bool spoil_workspace(const Product& product) {
  if (product.workspace_bytes == 0) return true;
  Memory& memory = Memory::instance();
  std::byte* const data = memory.range(product.workspace, product.workspace_bytes, true,
                                       product.call + ", the workspace,");
  if (!data) return false;
  std::memset(data, 0xFF, product.workspace_bytes);
  memory.mark(product.workspace, product.workspace_bytes, false);
  return true;
}

void report_overlaps(const Product& p) {
  const auto check = [&](const Matrix& input, bool may_be_same) {
    const Matrix& d = p.d;
    const bool same = input.address == d.address && input.step == d.step &&
                      input.lines_are_rows == d.lines_are_rows && input.batch_step == d.batch_step;
    if ((may_be_same && same) || !overlap(d, input)) return;
    report(Check::library, p.call + ": its output overlaps its input " + input.name +
                               ", so the result is undefined");
  };
  check(p.a, false);
  check(p.b, false);
  if (p.beta.on_device || p.beta.value != 0) check(p.c, true);
  if (p.batch > 1 && p.d.batch_step == 0) {
    report(Check::library, p.call + ": all matrices of the batch have the same output");
  }
}

// Those of a batch that is listed, in device memory, are known when the product runs.
bool look_up_matrices(Product& p, std::int64_t batch) {
  if (!p.d.listed) return true;
  for (Matrix* matrix : {&p.a, &p.b, &p.c, &p.d}) {
    if (!look_up(*matrix, batch, p.call)) return false;
  }
  p.batch = 1;
  report_overlaps(p);
  return true;
}

bool run(Product product) {
  if (!resolve(product.alpha, product.call) || !resolve(product.beta, product.call)) return false;
  if (!spoil_workspace(product)) return false;
  for (std::int64_t batch = 0; batch < product.batch; ++batch) {
    Product one = product;
    if (!look_up_matrices(one, batch)) return false;
    const bool done = one.is_double ? Run<double>(one, batch)() : Run<float>(one, batch)();
    if (!done) return false;
  }
  return true;
}

}  // namespace

Scalar make_scalar(const void* pointer, cudaDataType type, bool on_device) {
  if (on_device) return {type, 0, pointer};
  // A value of the host is read like one of the device, without its checks.
  double value = 0;
  if (type == CUDA_R_64F) {
    std::memcpy(&value, pointer, sizeof value);
  } else if (type == CUDA_R_16F) {
    value = static_cast<double>(static_cast<float>(*static_cast<const __half*>(pointer)));
  } else {
    value = static_cast<double>(*static_cast<const float*>(pointer));
  }
  return {type, value, nullptr};
}

bool resolve(Scalar& scalar, const std::string& call) {
  if (!scalar.on_device) return true;
  return load(as_matrix("alpha or beta", scalar.on_device, scalar.type, 1, 1), 0, call,
              &scalar.value);
}

cublasStatus_t enqueue(const std::string& call, std::function<bool()> body, cudaStream_t stream) {
  const auto work = [body = std::move(body)] {
    ++counters().library_calls;
    return body() ? cudaSuccess : cudaErrorIllegalAddress;
  };
  return submit(stream, {work, call}) == cudaSuccess ? CUBLAS_STATUS_SUCCESS
                                                     : CUBLAS_STATUS_EXECUTION_FAILED;
}

cublasStatus_t enqueue(Product product, cudaStream_t stream) {
  if (!product.d.listed) report_overlaps(product);
  const std::string call = product.call;
  return enqueue(
      call, [product = std::move(product)] { return run(product); }, stream);
}

}  // namespace emulator
