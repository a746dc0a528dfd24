// SPDX-License-Identifier: MIT
// Matrix products of many shapes, beside oneDNN's, OpenBLAS's and Eigen's (which are compiled for
// this processor). All take turns; a figure is the median over the rounds of the best other time
// divided by ours, so at 1 we are as fast as the best of them and above it faster.
#include <kindling/kernels/backend.h>
#include <kindling/kernels/cpu/memory.h>
#include <kindling/kernels/cpu/threads.h>

#include "bench/baseline/multiply.h"
#include "bench/command_line.h"
#include "bench/timing.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <string>
#include <utility>
#include <vector>

namespace kindling::bench {
namespace {

struct Case {
  const char* what;
  MatrixShape shape;
};

constexpr bool N = false, T = true;

// c [m, n] = op(a) op(b), as {transpose_a, transpose_b, m, n, k}.
const Case kCases[] = {
    // The layers of the works B, C and D: forward, gradient of the input, gradient of the weight.
    {"B forward", {N, T, 32, 64, 64}},
    {"B input", {N, N, 32, 64, 64}},
    {"B weight", {T, N, 64, 64, 32}},
    {"B last forward", {N, T, 32, 1, 64}},
    {"B last input", {N, N, 32, 64, 1}},
    {"B last weight", {T, N, 1, 64, 32}},
    {"C forward 1", {N, T, 128, 512, 784}},
    {"C forward 2", {N, T, 128, 512, 512}},
    {"C forward 3", {N, T, 128, 10, 512}},
    {"C input 3", {N, N, 128, 512, 10}},
    {"C input 2", {N, N, 128, 512, 512}},
    {"C weight 1", {T, N, 512, 784, 128}},
    {"C weight 2", {T, N, 512, 512, 128}},
    {"C weight 3", {T, N, 10, 512, 128}},
    {"D forward", {N, T, 256, 4096, 1024}},
    {"D forward", {N, T, 256, 4096, 4096}},
    {"D input", {N, N, 256, 4096, 4096}},
    {"D weight", {T, N, 4096, 4096, 256}},
    {"D weight", {T, N, 4096, 1024, 256}},
    // Squares, powers of two and odd.
    {"tiny", {N, N, 8, 8, 8}},
    {"odd", {N, N, 33, 33, 33}},
    {"square", {N, T, 64, 64, 64}},
    {"square", {N, N, 100, 100, 100}},
    {"square", {N, N, 129, 129, 129}},
    {"square", {N, T, 255, 255, 255}},
    {"square", {N, N, 256, 256, 256}},
    {"square TN", {T, N, 511, 513, 509}},
    {"square", {N, N, 1024, 1024, 1024}},
    {"square", {T, T, 300, 300, 300}},
    // Few rows, few columns, short and long sums.
    {"one row", {N, N, 1, 1024, 1024}},
    {"one row", {N, T, 1, 1024, 1024}},
    {"one column", {N, N, 1024, 1, 1024}},
    {"one column", {T, N, 1024, 1, 1024}},
    {"few rows", {N, N, 4, 1000, 1000}},
    {"few rows", {N, T, 4, 1000, 1000}},
    {"few rows", {N, T, 8, 512, 512}},
    {"few rows", {N, T, 16, 2048, 512}},
    {"few columns", {N, N, 1000, 3, 1000}},
    {"few columns", {N, T, 1000, 7, 100}},
    {"short sums", {N, N, 1000, 1000, 3}},
    {"short sums", {N, T, 500, 500, 16}},
    {"long sums", {N, N, 16, 16, 10000}},
    {"long sums", {T, N, 30, 50, 5000}},
    {"tall", {N, N, 5000, 40, 60}},
    {"wide", {N, N, 40, 5000, 60}},
    {"outer", {N, N, 700, 900, 1}},
};

/// An array of the library's own memory, whose placement is part of what is measured.
class Matrix {
 public:
  Matrix(std::int64_t size, float scale) : size_(size) {
    data_ = static_cast<float*>(kernels::cpu::allocate(bytes()));
    for (std::int64_t i = 0; i < size; ++i)
      data_[i] = scale * static_cast<float>(i * 7919 % 1009 - 504);
  }
  ~Matrix() { kernels::cpu::deallocate(data_, bytes()); }
  Matrix(const Matrix&) = delete;
  Matrix& operator=(const Matrix&) = delete;
  float* data() const { return data_; }
  View view() const { return {data_, size_, DType::float32}; }

 private:
  std::size_t bytes() const { return static_cast<std::size_t>(size_) * sizeof(float); }
  std::int64_t size_;
  float* data_;
};

/// On one thread processor time, which other programs on the machine leave alone.
double now(int threads) {
  if (threads > 1) return seconds_now();
  return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

/// Prints one line: our speed, and our speed as a part of each other's and of the best's.
double compare(const Case& each, const Options& options) {
  const MatrixShape& s = each.shape;
  const Matrix a(s.m * s.k, 1e-3F), b(s.k * s.n, 1e-3F), c(s.m * s.n, 0.0F);
  const kernels::Product product{.a = a.view(),
                                 .b = b.view(),
                                 .c = c.view(),
                                 .m = s.m,
                                 .n = s.n,
                                 .k = s.k,
                                 .transpose_a = s.transpose_a,
                                 .transpose_b = s.transpose_b};
  kernels::Backend& backend = kernels::cpu::backend();
  const auto& others = matrix_libraries();
  const auto run = [&](std::size_t who) {
    if (who == 0) return kernels::run(backend, product);
    others[who - 1].multiply(s, a.data(), b.data(), c.data());
  };

  const auto time_of = [&](std::size_t who, std::int64_t count) {
    const double start = now(options.threads);
    for (std::int64_t i = 0; i < count; ++i) run(who);
    return (now(options.threads) - start) / static_cast<double>(count);
  };

  // OpenMP threads go on spinning for some milliseconds after their turn.
  const double sample_seconds = options.threads > 1 ? 4e-2 : 1e-3;
  std::vector<std::int64_t> calls;
  std::vector<std::vector<double>> seconds(others.size() + 1);
  for (std::size_t who = 0; who <= others.size(); ++who) {
    std::int64_t count = 1;
    while (time_of(who, count) * static_cast<double>(count) < sample_seconds) count *= 2;
    calls.push_back(count);
  }
  const double end = seconds_now() + options.seconds;
  for (int round = 0; round < 7 || seconds_now() < end; ++round)
    for (std::size_t who = 0; who <= others.size(); ++who) {
      seconds[who].push_back(time_of(who, calls[who]));
    }

  const double ours = median(seconds[0]);
  const double flops = 2.0 * static_cast<double>(s.m * s.n) * static_cast<double>(s.k);
  std::printf("%-15s %c%c %5lld %5lld %5lld %8.1f", each.what, s.transpose_a ? 'T' : 'N',
              s.transpose_b ? 'T' : 'N', static_cast<long long>(s.m), static_cast<long long>(s.n),
              static_cast<long long>(s.k), flops / ours / 1e9);
  double worst = 1e9;
  for (std::size_t who = 1; who <= others.size(); ++who) {
    std::vector<double> ratios;
    for (std::size_t round = 0; round < seconds[0].size(); ++round)
      ratios.push_back(seconds[who][round] / seconds[0][round]);
    const double ratio = median(ratios);
    worst = std::min(worst, ratio);
    std::printf(" %9.2f", ratio);
  }
  std::printf(" %9.2f%s\n", worst, worst < 0.85 ? " <" : "");
  std::fflush(stdout);
  return worst;
}

}  // namespace
}  // namespace kindling::bench

int main(int argc, char** argv) {
  using namespace kindling::bench;
  const Options options = parse_command_line(argc, argv);
  kindling::kernels::cpu::set_num_threads(options.threads);
  set_library_threads(options.threads);
  std::printf("%-15s       m     n     k  GFLOP/s", "");
  for (const MatrixLibrary& library : matrix_libraries()) std::printf(" %9s", library.name);
  std::printf("      best\n");
  int slow = 0, all = 0;
  for (const Case& each : kCases) {
    if (!options.selects(each.what)) continue;
    ++all;
    slow += compare(each, options) < 0.85 ? 1 : 0;
  }
  std::printf("%d of %d products below 0.85 of the best\n", slow, all);
}
