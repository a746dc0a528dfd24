// SPDX-License-Identifier: MIT
#include "bench/gpu/table.h"

#include "bench/gpu/recorded_work.h"

#include <cstdio>

namespace kindling::bench {
namespace {

struct Measured {
  double cold = 0;  // seconds
  double hot = 0;
  Launches launches;
};

std::string format(const char* format, double value) {
  char text[32];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

// Short work is repeated within a graph, whose launch takes as long as some of it.
Measured measure_graph(kernels::cuda::Context& context, const Queue& work,
                       const Stopwatch& stopwatch) {
  constexpr double kShort = 1e-3;  // seconds
  const int repetitions = stopwatch.is_rehearsal() ? 2 : stopwatch.rough(work) < kShort ? 20 : 1;
  const RecordedWork once(context, work, 1);
  const RecordedWork often(context, work, repetitions);
  return {stopwatch.cold([&] { once.launch(); }),
          stopwatch.hot([&] { often.launch(); }) / repetitions, once.launches()};
}

Measured measure(kernels::cuda::Context& context, const Queue& work, bool by_host,
                 const Stopwatch& stopwatch) {
  for (int i = 0; i < 3; ++i) work();  // kernels are loaded then, and memory is there
  context.synchronize();
  if (!by_host) return measure_graph(context, work, stopwatch);
  const double cold = stopwatch.cold(work);
  const double hot = stopwatch.hot(work);
  // Last, since what it counts is not run, while the host goes on as if it were.
  return {cold, hot, launches_of(work)};
}

std::string ratio(const Stopwatch& stopwatch, double yardstick, double ours) {
  return stopwatch.is_rehearsal() || yardstick == 0 ? "-" : format("%.2f", yardstick / ours);
}

// Memory is as fast as it is cold, products as they are hot.
std::string rate(const Row& row, const Measured& ours, const Stopwatch& stopwatch) {
  if (stopwatch.is_rehearsal()) return "-";
  return row.bytes > 0 ? format("%.0f GB/s", row.bytes / ours.cold * 1e-9)
                       : format("%.2f TFLOP/s", row.flops / ours.hot * 1e-12);
}

std::string registers(const Stopwatch& stopwatch, const Launches& launches) {
  if (stopwatch.is_rehearsal() || launches.registers == 0) return "-";
  if (launches.local_bytes == 0) return message(launches.registers);
  return message(launches.registers, " + ", launches.local_bytes, " B");
}

void print_row(const Row& row, kernels::cuda::Context& context, const Yardsticks& yardsticks,
               const Stopwatch& stopwatch) {
  const RowWork work = row.make(yardsticks);
  const Measured ours = measure(context, work.work, work.by_host, stopwatch);
  Measured yardstick;
  if (work.yardstick) yardstick = measure(context, work.yardstick, false, stopwatch);
  const std::int64_t launches =
      work.launches.value_or(static_cast<std::int64_t>(ours.launches.count));
  std::printf("%-42s %10s %10s %14s %6s %6s %8lld  %s\n", row.name.c_str(),
              microseconds(stopwatch, ours.cold).c_str(), microseconds(stopwatch, ours.hot).c_str(),
              rate(row, ours, stopwatch).c_str(),
              ratio(stopwatch, yardstick.cold, ours.cold).c_str(),
              ratio(stopwatch, yardstick.hot, ours.hot).c_str(), static_cast<long long>(launches),
              registers(stopwatch, ours.launches).c_str());
  std::fflush(stdout);
}

}  // namespace

std::string microseconds(const Stopwatch& stopwatch, double seconds) {
  return stopwatch.is_rehearsal() || seconds == 0 ? "-" : format("%.2f", seconds * 1e6);
}

int print_table(const std::vector<Row>& rows, kernels::cuda::Context& context,
                const Yardsticks& yardsticks, const Stopwatch& stopwatch) {
  std::printf("\n%-42s %10s %10s %14s %6s %6s %8s  %s\n%-42s %10s %10s %14s %6s %6s\n", "",
              "cold us", "hot us", "", "yard-", "stick", "launches", "registers", "", "", "", "",
              "cold", "hot");
  int failed = 0;
  for (const Row& row : rows) {
    try {
      print_row(row, context, yardsticks, stopwatch);
    } catch (const OutOfMemoryError&) {
      std::printf("%-42s does not fit into the memory\n", row.name.c_str());
    } catch (const Error& error) {
      std::printf("%-42s %s\n", row.name.c_str(), error.what());
      ++failed;
    }
  }
  return failed;
}

}  // namespace kindling::bench
