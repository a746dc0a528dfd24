// SPDX-License-Identifier: MIT
#include "tests/emulator/streams/capture.h"

#include "tests/emulator/report/report.h"
#include "tests/emulator/streams/event.h"

#include <algorithm>
#include <optional>

namespace emulator {
namespace {

std::vector<std::unique_ptr<Capture>>& captures() {
  static auto* const result = new std::vector<std::unique_ptr<Capture>>;
  return *result;
}

// Reports a forbidden call and invalidates the capture.
cudaError_t violate(Capture& capture, cudaError_t error, const std::string& what) {
  if (capture.valid) report(Check::capture, what);
  capture.valid = false;
  return error;
}

bool is_mine(const Capture& capture) { return capture.thread == std::this_thread::get_id(); }

// Whether unsafe calls of this thread are forbidden.
bool forbids_unsafe_calls(const Capture& capture) {
  if (thread_capture_mode() == cudaStreamCaptureModeRelaxed) return false;
  if (is_mine(capture)) return capture.mode != cudaStreamCaptureModeRelaxed;
  return thread_capture_mode() == cudaStreamCaptureModeGlobal &&
         capture.mode == cudaStreamCaptureModeGlobal;
}

template <class Predicate>
cudaError_t refuse_if(Predicate predicate, cudaError_t error, const std::string& what) {
  cudaError_t result = cudaSuccess;
  for (const auto& capture : captures()) {
    if (predicate(*capture)) result = violate(*capture, error, what);
  }
  return result;
}

bool has_blocking_stream(const Capture& capture) {
  return std::any_of(capture.streams.begin(), capture.streams.end(),
                     [](const Stream* stream) { return stream->blocking(); });
}

// The legacy stream waits for every blocking one.
cudaError_t refuse_legacy_wait(const std::string& what) {
  return refuse_if(has_blocking_stream, cudaErrorStreamCaptureImplicit,
                   what + " on the legacy stream waits for a stream that is being captured");
}

// The capture of that id if it is still under way, else nullptr.
Capture* find_capture(std::uint64_t id) {
  for (const auto& capture : captures()) {
    if (capture->id == id) return capture.get();
  }
  return nullptr;
}

// The stream other than the origin whose last node the origin does not wait for, if there is one.
std::optional<ForkEnd> find_unjoined(const Capture& capture) {
  const std::set<const Node*> joined = ancestors(capture.origin->tips);
  std::vector<ForkEnd> ends = capture.ends;
  for (const Stream* stream : capture.streams) ends.push_back({stream->id, stream->tips});
  for (const ForkEnd& end : ends) {
    for (const Node* tip : end.tips) {
      if (!joined.contains(tip)) return end;
    }
  }
  return std::nullopt;
}

void forget(Capture& capture) {
  for (Stream* stream : capture.streams) {
    stream->capture = nullptr;
    stream->tips.clear();
  }
  std::erase_if(captures(), [&](const auto& other) { return other.get() == &capture; });
}

}  // namespace

cudaStreamCaptureMode& thread_capture_mode() {
  thread_local cudaStreamCaptureMode mode = cudaStreamCaptureModeGlobal;
  return mode;
}

cudaError_t begin_capture(Stream& stream, cudaStreamCaptureMode mode) {
  static std::uint64_t ids = 0;
  if (mode < cudaStreamCaptureModeGlobal || mode > cudaStreamCaptureModeRelaxed) {
    return cudaErrorInvalidValue;
  }
  if (stream.capture) return cudaErrorIllegalState;
  if (&stream == &legacy_stream()) {
    report(Check::capture, "cudaStreamBeginCapture: the legacy stream cannot be captured");
    return cudaErrorStreamCaptureUnsupported;
  }
  captures().push_back(std::make_unique<Capture>(Capture{
      ++ids, mode, std::this_thread::get_id(), &stream, {&stream}, {}, registry<Graph>().add()}));
  stream.capture = captures().back().get();
  stream.tips.clear();
  return cudaSuccess;
}

cudaError_t end_capture(Stream& stream, Graph*& graph) {
  graph = nullptr;
  Capture* const capture = stream.capture;
  if (!capture) return cudaErrorIllegalState;
  if (capture->origin != &stream) {
    return violate(*capture, cudaErrorStreamCaptureUnmatched,
                   "cudaStreamEndCapture: another stream started this capture");
  }
  if (!is_mine(*capture) && capture->mode != cudaStreamCaptureModeRelaxed) {
    return violate(*capture, cudaErrorStreamCaptureWrongThread,
                   "cudaStreamEndCapture: another thread started this capture");
  }
  cudaError_t error = capture->valid ? cudaSuccess : cudaErrorStreamCaptureInvalidated;
  if (const auto unjoined = capture->valid ? find_unjoined(*capture) : std::nullopt) {
    report(Check::unjoined_fork,
           text("cudaStreamEndCapture: stream ", unjoined->stream,
                " joined the capture, but its last work (", unjoined->tips.back()->work.what,
                ") is not waited for by the stream that started it"));
    error = cudaErrorStreamCaptureUnjoined;
  }
  if (error == cudaSuccess) {
    graph = capture->graph;
  } else {
    destroy_graph(*capture->graph);
  }
  forget(*capture);
  return error;
}

cudaError_t capture_status(const Stream& stream, cudaStreamCaptureStatus& status) {
  const auto blocks = [](const auto& capture) { return has_blocking_stream(*capture); };
  if (&stream == &legacy_stream() && std::any_of(captures().begin(), captures().end(), blocks)) {
    return cudaErrorStreamCaptureImplicit;
  }
  status = !stream.capture         ? cudaStreamCaptureStatusNone
           : stream.capture->valid ? cudaStreamCaptureStatusActive
                                   : cudaStreamCaptureStatusInvalidated;
  return cudaSuccess;
}

cudaError_t capture_work(Stream& stream, Work work) {
  Capture& capture = *stream.capture;
  if (!capture.valid) return cudaErrorStreamCaptureInvalidated;
  stream.tips = {add_node(*capture.graph, std::move(work), stream.tips)};
  return cudaSuccess;
}

cudaError_t capture_wait(Stream& stream, const Event& event) {
  Capture* const theirs = find_capture(event.capture);
  if ((stream.capture && !stream.capture->valid) || (theirs && !theirs->valid)) {
    return cudaErrorStreamCaptureInvalidated;
  }
  if (!theirs && !stream.capture) return refuse_captured(event, "cudaStreamWaitEvent");
  if (!theirs) {
    return violate(*stream.capture, cudaErrorStreamCaptureIsolation,
                   "cudaStreamWaitEvent: a captured stream waits for an event that was not "
                   "recorded in its capture");
  }
  if (&stream == &legacy_stream()) {
    return violate(*theirs, cudaErrorStreamCaptureImplicit,
                   "cudaStreamWaitEvent: the legacy stream cannot join a capture");
  }
  if (stream.capture && stream.capture != theirs) {
    stream.capture->valid = false;
    return violate(*theirs, cudaErrorStreamCaptureMerge,
                   "cudaStreamWaitEvent: two captures cannot be joined");
  }
  stream.capture = theirs;
  theirs->streams.insert(&stream);
  for (Node* tip : event.tips) {
    if (std::find(stream.tips.begin(), stream.tips.end(), tip) == stream.tips.end()) {
      stream.tips.push_back(tip);
    }
  }
  return cudaSuccess;
}

cudaError_t leave_capture(Stream& stream) {
  Capture& capture = *stream.capture;
  if (capture.origin == &stream) return refuse_stream_wait(stream, "cudaStreamDestroy");
  capture.ends.push_back({stream.id, stream.tips});
  capture.streams.erase(&stream);
  return cudaSuccess;
}

cudaError_t refuse_captured(const Event& event, const char* call) {
  if (event.capture == 0) return cudaSuccess;
  const std::string what = std::string(call) + " on an event that was recorded in a capture";
  if (Capture* const capture = find_capture(event.capture)) {
    return violate(*capture, cudaErrorCapturedEvent, what);
  }
  report(Check::capture, what);
  return cudaErrorCapturedEvent;
}

cudaError_t refuse_in_capture(const char* call) {
  return refuse_if(forbids_unsafe_calls, cudaErrorStreamCaptureUnsupported,
                   std::string(call) +
                       " is not allowed while a stream is being captured: call it "
                       "outside of the capture, or capture in relaxed mode");
}

cudaError_t refuse_legacy_work(const std::string& what) {
  if (const cudaError_t error = refuse_legacy_wait(what)) return error;
  // CUDA runs this at once and not in the graph: hardly what the program means.
  for (const auto& capture : captures()) {
    if (!is_mine(*capture) || !capture->valid) continue;
    report(Check::capture, what +
                               " goes to the legacy stream while this thread captures another "
                               "one: it does not become part of the graph");
  }
  return cudaSuccess;
}

cudaError_t refuse_device_wait(const char* call) {
  return refuse_if([](const Capture&) { return true; }, cudaErrorStreamCaptureUnsupported,
                   std::string(call) + " waits for a stream that is being captured");
}

cudaError_t refuse_stream_wait(const Stream& stream, const char* call) {
  if (&stream == &legacy_stream()) {
    if (const cudaError_t error = refuse_legacy_wait(call)) return error;
  }
  if (stream.capture) {
    return violate(*stream.capture, cudaErrorStreamCaptureUnsupported,
                   std::string(call) + " on a stream that is being captured");
  }
  return refuse_in_capture(call);
}

}  // namespace emulator
