// SPDX-License-Identifier: MIT
// Streams, events, host functions and stream capture.
#include "tests/emulator/runtime/entry.h"
#include "tests/emulator/streams/event.h"

#include <map>

using namespace emulator;

namespace {

template <class Body>
cudaError_t about_stream(const char* call, cudaStream_t handle, Body body) {
  return entry(call, [&]() -> cudaError_t {
    Stream* const stream = find_stream(handle);
    return stream ? body(*stream) : cudaErrorInvalidResourceHandle;
  });
}

template <class Body>
cudaError_t about_event(const char* call, cudaEvent_t handle, Body body) {
  return entry(call, [&]() -> cudaError_t {
    Event* const event = events().find(handle);
    return event ? body(*event) : cudaErrorInvalidResourceHandle;
  });
}

std::vector<Node*> to_nodes(const cudaGraphNode_t* handles, std::size_t count) {
  const auto* const first = reinterpret_cast<Node* const*>(handles);
  return {first, first + count};
}

// Work in a stream that stands for an event of the outside world.
cudaError_t capture_external(Stream& stream, Event& event, cudaGraphNodeType kind) {
  return capture_work(stream, {nullptr, "an event of a graph", kind, &event});
}

cudaError_t refuse_event(const Event& event, const char* call) {
  if (event.capture != 0) {
    if (Capture* const capture = find_capture(event.capture)) capture->valid = false;
    report(Check::capture, std::string(call) + " on an event that was recorded in a capture");
    return cudaErrorCapturedEvent;
  }
  return refuse_in_capture(call);
}

cudaError_t progress(const OperationPtr& operation) {
  make_progress(operation);
  if (const cudaError_t error = outcome()) return error;
  return !operation || operation->done ? cudaSuccess : cudaErrorNotReady;
}

cudaError_t create(const char* call, cudaStream_t* stream, unsigned flags, int priority) {
  return entry(call, [&]() -> cudaError_t {
    if (!stream || flags > cudaStreamNonBlocking) return cudaErrorInvalidValue;
    *stream = reinterpret_cast<cudaStream_t>(create_stream(flags, priority));
    return cudaSuccess;
  });
}

cudaError_t begin(Stream& stream, cudaStreamCaptureMode mode, Graph* graph,
                  std::vector<Node*> after) {
  if (mode < cudaStreamCaptureModeGlobal || mode > cudaStreamCaptureModeRelaxed) {
    return cudaErrorInvalidValue;
  }
  return begin_capture(stream, mode, graph, std::move(after));
}

cudaStreamCaptureStatus status_of(const Stream& stream) {
  if (!stream.capture) return cudaStreamCaptureStatusNone;
  return stream.capture->valid ? cudaStreamCaptureStatusActive : cudaStreamCaptureStatusInvalidated;
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
  return about_stream("cudaStreamDestroy", handle, [](Stream& stream) -> cudaError_t {
    if (!streams().find(&stream)) return cudaErrorInvalidResourceHandle;
    if (stream.capture) return refuse_stream_wait(stream, "cudaStreamDestroy");
    destroy_stream(stream);
    return cudaSuccess;
  });
}

cudaError_t cudaStreamGetPriority(cudaStream_t handle, int* priority) {
  return about_stream("cudaStreamGetPriority", handle, [&](Stream& stream) {
    *priority = stream.priority;
    return cudaSuccess;
  });
}
cudaError_t cudaStreamGetFlags(cudaStream_t handle, unsigned* flags) {
  return about_stream("cudaStreamGetFlags", handle, [&](Stream& stream) {
    *flags = stream.flags;
    return cudaSuccess;
  });
}
cudaError_t cudaStreamGetId(cudaStream_t handle, unsigned long long* id) {
  return about_stream("cudaStreamGetId", handle, [&](Stream& stream) {
    *id = stream.id;
    return cudaSuccess;
  });
}
cudaError_t cudaStreamGetDevice(cudaStream_t handle, int* device) {
  return about_stream("cudaStreamGetDevice", handle, [&](Stream&) {
    *device = 0;
    return cudaSuccess;
  });
}
// Attributes are hints: accepted, and without an effect here.
cudaError_t cudaStreamSetAttribute(cudaStream_t handle, cudaStreamAttrID,
                                   const cudaStreamAttrValue*) {
  return about_stream("cudaStreamSetAttribute", handle, [](Stream&) { return cudaSuccess; });
}

cudaError_t cudaStreamSynchronize(cudaStream_t handle) {
  return about_stream("cudaStreamSynchronize", handle, [](Stream& stream) {
    if (const cudaError_t error = refuse_stream_wait(stream, "cudaStreamSynchronize")) return error;
    // The legacy stream comes after what is on the blocking ones.
    if (&stream == &legacy_stream()) enqueue(stream, {nullptr, "cudaStreamSynchronize"});
    return synchronise(stream.last);
  });
}

cudaError_t cudaStreamQuery(cudaStream_t handle) {
  return about_stream("cudaStreamQuery", handle, [](Stream& stream) {
    if (const cudaError_t error = refuse_stream_wait(stream, "cudaStreamQuery")) return error;
    return progress(stream.last);
  });
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream_handle, cudaEvent_t handle, unsigned flags) {
  return about_event("cudaStreamWaitEvent", handle, [&](Event& event) -> cudaError_t {
    Stream* const stream = find_stream(stream_handle);
    if (!stream) return cudaErrorInvalidResourceHandle;
    if (flags & cudaEventWaitExternal) {
      if (!stream->capture) return cudaErrorIllegalState;
      return capture_external(*stream, event, cudaGraphNodeTypeWaitEvent);
    }
    if (stream->capture || event.capture != 0) return capture_wait(*stream, event);
    if (event.operation) stream->waits.push_back(event.operation);
    return cudaSuccess;
  });
}

cudaError_t cudaLaunchHostFunc(cudaStream_t stream, cudaHostFn_t function, void* data) {
  return entry("cudaLaunchHostFunc", [&]() -> cudaError_t {
    if (!function) return cudaErrorInvalidValue;
    Work work{[function, data] {
                function(data);
                return cudaSuccess;
              },
              "cudaLaunchHostFunc", cudaGraphNodeTypeHost, cudaHostNodeParams{function, data}};
    return submit(stream, std::move(work));
  });
}

cudaError_t cudaStreamAddCallback(cudaStream_t stream, cudaStreamCallback_t callback, void* data,
                                  unsigned flags) {
  return entry("cudaStreamAddCallback", [&]() -> cudaError_t {
    if (!callback || flags != 0) return cudaErrorInvalidValue;
    if (is_capturing(stream)) {
      return refuse_stream_wait(*find_stream(stream), "cudaStreamAddCallback");
    }
    return submit(stream, {[=] {
                             callback(stream, sticky_error(), data);
                             return cudaSuccess;
                           },
                           "cudaStreamAddCallback", cudaGraphNodeTypeHost});
  });
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned flags) {
  return entry("cudaEventCreateWithFlags", [&]() -> cudaError_t {
    if (!event || flags > 7u) return cudaErrorInvalidValue;
    Event* const created = events().add();
    created->flags = flags;
    *event = reinterpret_cast<cudaEvent_t>(created);
    return cudaSuccess;
  });
}
cudaError_t cudaEventCreate(cudaEvent_t* event) {
  return cudaEventCreateWithFlags(event, cudaEventDefault);
}

cudaError_t cudaEventDestroy(cudaEvent_t handle) {
  return about_event("cudaEventDestroy", handle, [](Event& event) {
    events().remove(&event);
    return cudaSuccess;
  });
}

cudaError_t cudaEventRecordWithFlags(cudaEvent_t handle, cudaStream_t stream_handle,
                                     unsigned flags) {
  return about_event("cudaEventRecord", handle, [&](Event& event) -> cudaError_t {
    Stream* const stream = find_stream(stream_handle);
    if (!stream) return cudaErrorInvalidResourceHandle;
    if (flags & cudaEventRecordExternal) {
      if (!stream->capture) return cudaErrorIllegalState;
      return capture_external(*stream, event, cudaGraphNodeTypeEventRecord);
    }
    return record(event, *stream);
  });
}
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  return cudaEventRecordWithFlags(event, stream, cudaEventRecordDefault);
}

cudaError_t cudaEventQuery(cudaEvent_t handle) {
  return about_event("cudaEventQuery", handle, [](Event& event) {
    if (const cudaError_t error = refuse_event(event, "cudaEventQuery")) return error;
    return progress(event.operation);
  });
}

cudaError_t cudaEventSynchronize(cudaEvent_t handle) {
  return about_event("cudaEventSynchronize", handle, [](Event& event) {
    if (const cudaError_t error = refuse_event(event, "cudaEventSynchronize")) return error;
    return synchronise(event.operation);
  });
}

cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t start, cudaEvent_t end) {
  return about_event("cudaEventElapsedTime", start, [&](Event& first) -> cudaError_t {
    const Event* const second = events().find(end);
    if (!second || !first.operation || !second->operation ||
        ((first.flags | second->flags) & cudaEventDisableTiming)) {
      return cudaErrorInvalidResourceHandle;
    }
    if (!first.operation->done || !second->operation->done) return cudaErrorNotReady;
    *milliseconds = static_cast<float>(*second->recorded - *first.recorded);
    return cudaSuccess;
  });
}

cudaError_t cudaStreamBeginCapture(cudaStream_t handle, cudaStreamCaptureMode mode) {
  return about_stream("cudaStreamBeginCapture", handle,
                      [&](Stream& stream) { return begin(stream, mode, nullptr, {}); });
}

cudaError_t cudaStreamBeginCaptureToGraph(cudaStream_t handle, cudaGraph_t graph,
                                          const cudaGraphNode_t* dependencies,
                                          const cudaGraphEdgeData*, std::size_t count,
                                          cudaStreamCaptureMode mode) {
  return about_stream("cudaStreamBeginCaptureToGraph", handle, [&](Stream& stream) -> cudaError_t {
    Graph* const into = graphs().find(graph);
    return into ? begin(stream, mode, into, to_nodes(dependencies, count)) : cudaErrorInvalidValue;
  });
}

cudaError_t cudaStreamEndCapture(cudaStream_t handle, cudaGraph_t* graph) {
  return about_stream("cudaStreamEndCapture", handle, [&](Stream& stream) -> cudaError_t {
    if (!graph) return cudaErrorInvalidValue;
    Graph* captured = nullptr;
    const cudaError_t error = end_capture(stream, captured);
    *graph = reinterpret_cast<cudaGraph_t>(captured);
    return error;
  });
}

cudaError_t cudaStreamIsCapturing(cudaStream_t handle, cudaStreamCaptureStatus* status) {
  return about_stream("cudaStreamIsCapturing", handle, [&](Stream& stream) {
    *status = status_of(stream);
    return cudaSuccess;
  });
}

cudaError_t cudaStreamGetCaptureInfo(cudaStream_t handle, cudaStreamCaptureStatus* status,
                                     unsigned long long* id, cudaGraph_t* graph,
                                     const cudaGraphNode_t** dependencies,
                                     const cudaGraphEdgeData** edges, std::size_t* count) {
  return about_stream("cudaStreamGetCaptureInfo", handle, [&](Stream& stream) {
    *status = status_of(stream);
    if (*status != cudaStreamCaptureStatusActive) return cudaSuccess;
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

cudaError_t cudaStreamUpdateCaptureDependencies(cudaStream_t handle, cudaGraphNode_t* dependencies,
                                                const cudaGraphEdgeData*, std::size_t count,
                                                unsigned flags) {
  return about_stream("cudaStreamUpdateCaptureDependencies", handle, [&](Stream& stream) {
    if (!stream.capture) return cudaErrorIllegalState;
    if (flags == cudaStreamSetCaptureDependencies) stream.tips.clear();
    const std::vector<Node*> added = to_nodes(dependencies, count);
    stream.tips.insert(stream.tips.end(), added.begin(), added.end());
    return cudaSuccess;
  });
}

cudaError_t cudaThreadExchangeStreamCaptureMode(cudaStreamCaptureMode* mode) {
  return query("cudaThreadExchangeStreamCaptureMode", [&] {
    std::swap(*mode, thread_capture_mode());
    return cudaSuccess;
  });
}

}  // extern "C"
