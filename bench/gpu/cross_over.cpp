// SPDX-License-Identifier: MIT
#include <kindling/core/command.h>
#include <kindling/kernels/cuda/kernels.h>

#include "bench/gpu/probes.h"
#include "bench/gpu/recorded_work.h"
#include "bench/gpu/table.h"

#include <cstdio>
#include <vector>

namespace kindling::bench {
namespace {

std::vector<ProductShape> shapes_of(bool small) {
  // The transposes of a layer's forward product and of its weight's gradient.
  std::vector<ProductShape> shapes;
  const auto add = [&](std::int64_t m, std::int64_t n, std::int64_t k) {
    shapes.push_back({m, n, k, false, true});
    shapes.push_back({m, n, k, true, false});
  };
  if (small) {
    add(32, 48, 20);
    add(128, 96, 128);
    return shapes;
  }
  for (const std::int64_t size : {32, 64, 96, 128, 192, 256, 384, 512}) add(size, size, size);
  for (const std::int64_t side : {1, 4, 8, 16, 32}) {
    add(side, 1024, 1024);
    add(1024, side, 1024);
    add(1024, 1024, side);
  }
  return shapes;
}

Tensor zeros_of(const ProductShape& shape) { return zeros({shape.m, shape.n}); }

kernels::Product product_of(const BareProduct& bare, const ProductShape& s, const Tensor& c) {
  return {.a = bare.a(),
          .b = bare.b(),
          .c = detail::view(c),
          .m = s.m,
          .n = s.n,
          .k = s.k,
          .transpose_a = s.transpose_a,
          .transpose_b = s.transpose_b};
}

double time_of(kernels::cuda::Context& context, const Queue& work, const Stopwatch& stopwatch) {
  constexpr int kRepetitions = 20;
  work();
  context.synchronize();
  const int repetitions = stopwatch.is_rehearsal() ? 1 : kRepetitions;
  const RecordedWork recorded(context, work, repetitions);
  return stopwatch.hot([&] { recorded.launch(); }) / repetitions;
}

// Standard normal factors: the sums are of the size of sqrt(k), and their errors far below.
bool agree(const BareProduct& bare, const Tensor& ours, std::int64_t k) {
  const Tensor theirs = zeros(ours.shape());
  detail::issue_copy(ours.device(), bare.c(), detail::view(theirs));
  return allclose(ours, theirs, 1e-5, 1e-6 * static_cast<double>(k));
}

}  // namespace

int print_cross_over(const BareCublasLt& lt, const Stopwatch& stopwatch) {
  kernels::cuda::Context& context = lt.context();
  std::printf(
      "\nOur kernels and cuBLASLt, as the library asks it, where products are small\n"
      "    m     n     k         ours us   cuBLASLt us  faster    in use\n");
  int different = 0;
  int wrong_choices = 0;
  for (const ProductShape& shape : shapes_of(stopwatch.is_rehearsal())) {
    const BareProduct bare(lt, shape);
    const Tensor c = zeros_of(shape);
    const kernels::Product product = product_of(bare, shape, c);
    const bool uses_lt = context.lt().run(context, product);
    const double ours = time_of(
        context, [&] { kernels::cuda::run_own(context, product); }, stopwatch);
    double theirs = 0;
    bool same = true;
    if (bare.is_possible()) {
      theirs = time_of(
          context, [&] { bare.run(); }, stopwatch);
      same = agree(bare, c, shape.k);
    }
    different += same ? 0 : 1;
    const bool ours_is_faster = theirs == 0 || ours <= theirs;
    if (!stopwatch.is_rehearsal() && ours_is_faster == uses_lt) ++wrong_choices;
    const char* faster = ours_is_faster ? "ours" : "cuBLASLt";
    std::printf("%5lld %5lld %5lld  %c%c %12s %13s  %-9s %s%s\n", static_cast<long long>(shape.m),
                static_cast<long long>(shape.n), static_cast<long long>(shape.k),
                shape.transpose_a ? 'T' : 'N', shape.transpose_b ? 'T' : 'N',
                microseconds(stopwatch, ours).c_str(), microseconds(stopwatch, theirs).c_str(),
                stopwatch.is_rehearsal() ? "-" : faster, uses_lt ? "cuBLASLt" : "ours",
                same ? "" : "  THE RESULTS DIFFER");
    std::fflush(stdout);
  }
  if (!stopwatch.is_rehearsal())
    std::printf("The slower one is in use for %d of them.\n", wrong_choices);
  return different;
}

}  // namespace kindling::bench
