// SPDX-License-Identifier: MIT
// Streams, events, host functions and stream capture.
#include "tests/emulator/report/report.h"
#include "tests/emulator/runtime/entry.h"
#include "tests/emulator/streams/event.h"

#include <algorithm>
#include <utility>

using namespace emulator;

namespace {

cudaError_t create(const char* call, cudaStream_t* stream, unsigned flags, int priority) {
  return entry(call, [&] {
    if (!stream || flags > cudaStreamNonBlocking) return cudaErrorInvalidValue;
    *stream = reinterpret_cast<cudaStream_t>(create_stream(flags, priority));
    return cudaSuccess;
  });
}

cudaError_t create(const char* call, cudaEvent_t* event, unsigned flags) {
  return entry(call, [&] {
    if (!event || flags > (cudaEventBlockingSync | cudaEventDisableTiming)) {
      return cudaErrorInvalidValue;
    }
    Event* const created = registry<Event>().add();
    created->flags = flags;
    *event = reinterpret_cast<cudaEvent_t>(created);
    return cudaSuccess;
  });
}

cudaError_t refuse_event_wait(const Event& event, const char* call) {
  const cudaError_t error = refuse_captured(event, call);
  return error != cudaSuccess ? error : refuse_in_capture(call);
}

cudaError_t progress(const OperationPtr& operation) {
  make_progress(operation);
  if (const cudaError_t error = outcome()) return error;
  return !operation || operation->done ? cudaSuccess : cudaErrorNotReady;
}

}  // namespace

extern "C" {

cudaError_t cudaStreamCreate(cudaStream_t* stream) {
  return create("cudaStreamCreate", stream, cudaStreamDefault, 0);
}
cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags) {
  return create("cudaStreamCreateWithFlags", stream, flags, 0);
}
cudaError_t cudaStreamCreateWithPriority(cudaStream_t* stream, unsigned flags, int priority) {
  return create("cudaStreamCreateWithPriority", stream, flags, priority);
}

cudaError_t cudaStreamDestroy(cudaStream_t handle) {
  return about<Stream>("cudaStreamDestroy", handle, [](Stream& stream) {
    if (!registry<Stream>().find(&stream)) return cudaErrorInvalidResourceHandle;
    if (const cudaError_t error = stream.capture ? leave_capture(stream) : cudaSuccess)
      return error;
    destroy_stream(stream);
    return cudaSuccess;
  });
}

cudaError_t cudaStreamGetPriority(cudaStream_t handle, int* priority) {
  return about<Stream>("cudaStreamGetPriority", handle,
                       [&](const Stream& stream) { *priority = stream.priority; });
}
cudaError_t cudaStreamGetFlags(cudaStream_t handle, unsigned* flags) {
  return about<Stream>("cudaStreamGetFlags", handle,
                       [&](const Stream& stream) { *flags = stream.flags; });
}
cudaError_t cudaStreamGetId(cudaStream_t handle, unsigned long long* id) {
  return about<Stream>("cudaStreamGetId", handle, [&](const Stream& stream) { *id = stream.id; });
}

cudaError_t cudaStreamSynchronize(cudaStream_t handle) {
  return about<Stream>("cudaStreamSynchronize", handle, [](Stream& stream) {
    if (const cudaError_t error = refuse_stream_wait(stream, "cudaStreamSynchronize")) return error;
    // The legacy stream comes after what is on the blocking ones.
    if (&stream == &legacy_stream()) enqueue(stream, {nullptr, "cudaStreamSynchronize"});
    return synchronise(stream.last);
  });
}

cudaError_t cudaStreamQuery(cudaStream_t handle) {
  return about<Stream>("cudaStreamQuery", handle, [](const Stream& stream) {
    if (const cudaError_t error = refuse_stream_wait(stream, "cudaStreamQuery")) return error;
    return progress(stream.last);
  });
}

cudaError_t cudaStreamWaitEvent(cudaStream_t handle, cudaEvent_t event_handle, unsigned flags) {
  return about<Stream>("cudaStreamWaitEvent", handle, [&](Stream& stream) {
    const Event* const event = registry<Event>().find(event_handle);
    if (!event) return cudaErrorInvalidResourceHandle;
    if (flags != cudaEventWaitDefault) return cudaErrorNotSupported;
    if (stream.capture || event->capture != 0) return capture_wait(stream, *event);
    if (event->operation) stream.waits.push_back(event->operation);
    return cudaSuccess;
  });
}

cudaError_t cudaLaunchHostFunc(cudaStream_t stream, cudaHostFn_t function, void* data) {
  return entry("cudaLaunchHostFunc", [&] {
    if (!function) return cudaErrorInvalidValue;
    const auto run = [function, data] {
      function(data);
      return cudaSuccess;
    };
    return submit(stream, {run, "cudaLaunchHostFunc", cudaGraphNodeTypeHost});
  });
}

// What came before cudaLaunchHostFunc; it cannot be captured.
cudaError_t cudaStreamAddCallback(cudaStream_t handle, cudaStreamCallback_t callback, void* data,
                                  unsigned flags) {
  return about<Stream>("cudaStreamAddCallback", handle, [&](Stream& stream) {
    if (!callback || flags != 0) return cudaErrorInvalidValue;
    if (stream.capture) return refuse_stream_wait(stream, "cudaStreamAddCallback");
    const auto run = [=] {
      callback(handle, cudaSuccess, data);
      return cudaSuccess;
    };
    return submit(handle, {run, "cudaStreamAddCallback", cudaGraphNodeTypeHost});
  });
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned flags) {
  return create("cudaEventCreateWithFlags", event, flags);
}
cudaError_t cudaEventCreate(cudaEvent_t* event) {
  return create("cudaEventCreate", event, cudaEventDefault);
}

cudaError_t cudaEventDestroy(cudaEvent_t handle) {
  return about<Event>("cudaEventDestroy", handle,
                      [](Event& event) { registry<Event>().remove(&event); });
}

cudaError_t cudaEventRecord(cudaEvent_t handle, cudaStream_t stream_handle) {
  return about<Event>("cudaEventRecord", handle, [&](Event& event) {
    Stream* const stream = find_stream(stream_handle);
    return stream ? record(event, *stream) : cudaErrorInvalidResourceHandle;
  });
}

// There are no nodes that record.
cudaError_t cudaEventRecordWithFlags(cudaEvent_t handle, cudaStream_t stream_handle,
                                     unsigned flags) {
  return about<Event>("cudaEventRecordWithFlags", handle, [&](Event& event) {
    Stream* const stream = find_stream(stream_handle);
    if (!stream) return cudaErrorInvalidResourceHandle;
    if (flags == cudaEventRecordDefault) return record(event, *stream);
    if (flags != cudaEventRecordExternal || !stream->capture) return cudaErrorInvalidValue;
    report(Check::unsupported, "cudaEventRecordWithFlags: an external event in a capture");
    return cudaErrorNotSupported;
  });
}

cudaError_t cudaEventQuery(cudaEvent_t handle) {
  return about<Event>("cudaEventQuery", handle, [](const Event& event) {
    if (const cudaError_t error = refuse_event_wait(event, "cudaEventQuery")) return error;
    return progress(event.operation);
  });
}

cudaError_t cudaEventSynchronize(cudaEvent_t handle) {
  return about<Event>("cudaEventSynchronize", handle, [](const Event& event) {
    if (const cudaError_t error = refuse_event_wait(event, "cudaEventSynchronize")) return error;
    return synchronise(event.operation);
  });
}

cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t start, cudaEvent_t end) {
  return about<Event>("cudaEventElapsedTime", start, [&](const Event& first) {
    const Event* const second = registry<Event>().find(end);
    if (!second) return cudaErrorInvalidResourceHandle;
    for (const Event* event : {&first, second}) {
      if (const cudaError_t error = refuse_captured(*event, "cudaEventElapsedTime")) return error;
    }
    if (!first.operation || !second->operation ||
        ((first.flags | second->flags) & cudaEventDisableTiming)) {
      return cudaErrorInvalidResourceHandle;
    }
    if (!first.operation->done || !second->operation->done) return cudaErrorNotReady;
    *milliseconds = static_cast<float>(*second->recorded - *first.recorded);
    return cudaSuccess;
  });
}

cudaError_t cudaStreamBeginCapture(cudaStream_t handle, cudaStreamCaptureMode mode) {
  return about<Stream>("cudaStreamBeginCapture", handle,
                       [&](Stream& stream) { return begin_capture(stream, mode); });
}

cudaError_t cudaStreamEndCapture(cudaStream_t handle, cudaGraph_t* graph) {
  return about<Stream>("cudaStreamEndCapture", handle, [&](Stream& stream) {
    if (!graph) return cudaErrorInvalidValue;
    Graph* captured = nullptr;
    const cudaError_t error = end_capture(stream, captured);
    *graph = reinterpret_cast<cudaGraph_t>(captured);
    return error;
  });
}

cudaError_t cudaStreamIsCapturing(cudaStream_t handle, cudaStreamCaptureStatus* status) {
  return about<Stream>("cudaStreamIsCapturing", handle,
                       [&](const Stream& stream) { return capture_status(stream, *status); });
}

// The dependencies are valid until the stream's next call.
cudaError_t cudaStreamGetCaptureInfo(cudaStream_t handle, cudaStreamCaptureStatus* status,
                                     unsigned long long* id, cudaGraph_t* graph,
                                     const cudaGraphNode_t** dependencies,
                                     const cudaGraphEdgeData** edges, std::size_t* count) {
  return about<Stream>("cudaStreamGetCaptureInfo", handle, [&](const Stream& stream) {
    if (!status) return cudaErrorInvalidValue;
    const cudaError_t error = capture_status(stream, *status);
    if (error != cudaSuccess || *status != cudaStreamCaptureStatusActive) return error;
    if (id) *id = stream.capture->id;
    if (graph) *graph = reinterpret_cast<cudaGraph_t>(stream.capture->graph);
    if (dependencies) {
      *dependencies = reinterpret_cast<const cudaGraphNode_t*>(stream.tips.data());
    }
    if (edges) *edges = nullptr;
    if (count) *count = stream.tips.size();
    return cudaSuccess;
  });
}

cudaError_t cudaStreamUpdateCaptureDependencies(cudaStream_t handle, cudaGraphNode_t* nodes,
                                                const cudaGraphEdgeData* edges, std::size_t count,
                                                unsigned flags) {
  return about<Stream>("cudaStreamUpdateCaptureDependencies", handle, [&](Stream& stream) {
    if (!stream.capture) return cudaErrorIllegalState;
    if (!stream.capture->valid) return cudaErrorStreamCaptureInvalidated;
    if (edges || flags > cudaStreamSetCaptureDependencies) return cudaErrorInvalidValue;
    const bool adds = flags == cudaStreamAddCaptureDependencies;
    std::vector<Node*> tips = adds ? stream.tips : std::vector<Node*>{};
    for (std::size_t i = 0; i < count; ++i) {
      Node* const node = registry<Node>().find(nodes[i]);
      if (!node || node->graph != stream.capture->graph) return cudaErrorInvalidValue;
      if (std::find(tips.begin(), tips.end(), node) == tips.end()) tips.push_back(node);
    }
    stream.tips = std::move(tips);
    return cudaSuccess;
  });
}

cudaError_t cudaThreadExchangeStreamCaptureMode(cudaStreamCaptureMode* mode) {
  return query("cudaThreadExchangeStreamCaptureMode",
               [&] { std::swap(*mode, thread_capture_mode()); });
}

}  // extern "C"
