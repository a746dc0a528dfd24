// SPDX-License-Identifier: MIT
#pragma once

#include "tests/emulator/streams/graph.h"
#include "tests/emulator/streams/schedule.h"

#include <thread>

namespace emulator {

struct Event;

/// Where a stream that joined a capture stands.
struct ForkEnd {
  std::uint64_t stream = 0;  // its number
  std::vector<Node*> tips;
};

/// Streams whose work becomes the nodes of a graph.
struct Capture {
  std::uint64_t id = 0;
  cudaStreamCaptureMode mode = cudaStreamCaptureModeGlobal;
  std::thread::id thread;
  Stream* origin = nullptr;
  std::set<Stream*> streams;  // the origin and those that joined it through an event
  std::vector<ForkEnd> ends;  // of those that were destroyed since
  Graph* graph = nullptr;
  bool valid = true;  // false after a forbidden call, until the capture is ended
};

/// cudaThreadExchangeStreamCaptureMode's mode of this thread.
cudaStreamCaptureMode& thread_capture_mode();

/// Starts a capture.
cudaError_t begin_capture(Stream& stream, cudaStreamCaptureMode mode);
/// Ends it. Without an error `graph` is what was captured.
cudaError_t end_capture(Stream& stream, Graph*& graph);

/// Whether the stream is being captured. CUDA does not tell of the legacy stream while it would
/// wait for one that is.
cudaError_t capture_status(const Stream& stream, cudaStreamCaptureStatus& status);
/// Makes work a node of the stream's capture.
cudaError_t capture_work(Stream& stream, Work work);
/// A stream waits for an event that one of its captures or another one recorded.
cudaError_t capture_wait(Stream& stream, const Event& event);

/// A stream that joined a capture is about to be destroyed: what it captured stays, and must be
/// waited for as before. The stream that started the capture is refused.
cudaError_t leave_capture(Stream& stream);

/// Refuses a call that is unsafe during a capture: reports it and invalidates the captures that
/// forbid it to this thread. cudaSuccess if there are none.
cudaError_t refuse_in_capture(const char* call);
/// The same for work on the legacy stream, which would wait for every blocking stream.
cudaError_t refuse_legacy_work(const std::string& what);
/// The same for calls that wait for the whole device, which no capture allows.
cudaError_t refuse_device_wait(const char* call);
/// The same for calls that wait for or ask about one stream.
cudaError_t refuse_stream_wait(const Stream& stream, const char* call);
/// The same for calls that need an event outside captures, if it was recorded in one.
cudaError_t refuse_captured(const Event& event, const char* call);

}  // namespace emulator
