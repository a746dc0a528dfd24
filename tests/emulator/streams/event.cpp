// SPDX-License-Identifier: MIT
#include "tests/emulator/streams/event.h"

#include "tests/emulator/streams/capture.h"
#include "tests/emulator/streams/errors.h"

#include <chrono>

namespace emulator {

cudaError_t record(Event& event, Stream& stream) {
  if (stream.capture) {
    if (!stream.capture->valid) return cudaErrorStreamCaptureInvalidated;
    event.capture = stream.capture->id;
    event.tips = stream.tips;
    event.operation = nullptr;
    return cudaSuccess;
  }
  if (&stream == &legacy_stream()) {
    if (const cudaError_t error = refuse_legacy_work("cudaEventRecord")) return error;
  }
  event.capture = 0;
  event.tips.clear();
  event.recorded = std::make_shared<double>(0);
  const auto run = [recorded = event.recorded] {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    *recorded = std::chrono::duration<double, std::milli>(now).count();
    return cudaSuccess;
  };
  event.operation = enqueue(stream, {run, "cudaEventRecord"});
  return sticky_error();
}

}  // namespace emulator
