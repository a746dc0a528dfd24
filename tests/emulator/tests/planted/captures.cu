// SPDX-License-Identifier: MIT
// The rules of stream capture: what each forbidden call returns, what it does to the capture, and
// that the streams are as before afterwards.
// case sync_stream: capture "cudaStreamSynchronize on a stream that is being captured"
// case query_stream: capture "cudaStreamQuery on a stream that is being captured"
// case sync_device: capture "cudaDeviceSynchronize"
// case sync_device_relaxed: capture "cudaDeviceSynchronize"
// case sync_event: capture "cudaEventSynchronize"
// case query_event: capture "cudaEventQuery"
// case elapsed_time: capture "cudaEventElapsedTime"
// case wait_repaired: clean
// case copy: capture "cudaMemcpy"
// case set: capture "cudaMemset"
// case symbol: capture "cudaMemcpyToSymbol"
// case copy_relaxed_blocking: capture "cudaMemcpy on the legacy stream"
// case copy_repaired: clean
// case legacy_launch: capture
// case legacy_launch_repaired: clean
// case legacy_beside: capture "does not become part of the graph"
// case legacy_wait: capture "the legacy stream cannot join"
// case legacy_sync: capture "cudaStreamSynchronize on the legacy stream"
// case allocate: capture "cudaMalloc is not allowed"
// case allocate_host: capture "cudaMallocHost"
// case free: capture "cudaFree is not allowed"
// case free_host: capture "cudaFreeHost"
// case allocate_thread_local: capture "cudaMalloc"
// case allocate_relaxed: clean
// case allocate_exchanged: clean
// case other_thread: capture "cudaMalloc"
// case other_thread_local: clean
// case other_thread_exchanged: clean
// case end_elsewhere: capture "another stream started"
// case end_elsewhere_repaired: clean
// case end_by_other: capture "another thread started"
// case end_by_other_relaxed: clean
// case fork: unjoined-fork
// case fork_again: unjoined-fork
// case fork_repaired: clean
// case merge: capture "two captures cannot be joined"
// case merge_repaired: clean
// case wait_early: capture "not recorded in its capture"
// case wait_early_repaired: clean
// case wait_late: capture "cudaStreamWaitEvent on an event that was recorded in a capture"
// case wait_late_repaired: clean
// case destroy: capture "cudaStreamDestroy"
// case destroy_fork: unjoined-fork
// case destroy_fork_repaired: clean
// case begin_legacy: capture "the legacy stream cannot be captured"
// case begin_twice: clean
// case invalidated: capture "cudaStreamQuery"
#include "tests/emulator/tests/case.h"

#include <thread>

namespace {

__device__ int table[4];
__global__ void scale(int* data) { data[threadIdx.x] *= 2; }

constexpr auto kGlobal = cudaStreamCaptureModeGlobal, kLocal = cudaStreamCaptureModeThreadLocal,
               kRelaxed = cudaStreamCaptureModeRelaxed;
constexpr auto kUnsupported = cudaErrorStreamCaptureUnsupported,
               kInvalidated = cudaErrorStreamCaptureInvalidated;

// Work on `stream`; `event` was recorded before the capture, `fork` in it, after that work.
struct Captured {
  Captured(cudaStreamCaptureMode mode, unsigned flags) {
    check(cudaStreamCreateWithFlags(&stream, flags));
    check(cudaStreamCreateWithFlags(&side, flags));
    for (cudaEvent_t* one : {&event, &fork}) check(cudaEventCreate(one));
    check(cudaEventRecord(event, stream));
    check(cudaDeviceSynchronize());
    check(cudaStreamBeginCapture(stream, mode));
    launch(stream);
    check(cudaEventRecord(fork, stream));
  }
  ~Captured() {
    cudaGetLastError();
    for (cudaStream_t one : {stream, side}) {
      cudaStreamCaptureStatus status;
      check(cudaStreamIsCapturing(one, &status));
      require(status == cudaStreamCaptureStatusNone, "the capture is over");
      launch(one);
      check(cudaStreamSynchronize(one));
      check(cudaStreamDestroy(one));
    }
    for (cudaEvent_t one : {event, fork}) check(cudaEventDestroy(one));
    for (void* one : {data, more}) check(cudaFree(one));
    check(cudaFreeHost(host));
  }
  void launch(cudaStream_t to) {
    scale<<<1, 64, 0, to>>>(static_cast<int*>(data));
    check(cudaGetLastError());
  }
  // Ends the capture; without an error the graph runs.
  void end(cudaError_t wanted) {
    cudaGraph_t graph = nullptr;
    cudaGraphExec_t exec = nullptr;
    require(cudaStreamEndCapture(stream, &graph) == wanted, "the end of the capture");
    require((graph != nullptr) == (wanted == cudaSuccess), "its graph");
    if (!graph) return;
    check(cudaGraphInstantiate(&exec, graph, 0));
    check(cudaGraphLaunch(exec, stream));
    check(cudaStreamSynchronize(stream));
    check(cudaGraphExecDestroy(exec));
    check(cudaGraphDestroy(graph));
  }
  void *data = device<int>(64), *more = nullptr, *host = nullptr;
  cudaStream_t stream, side;
  cudaEvent_t event, fork;
};

struct How {
  cudaStreamCaptureMode mode = kGlobal;
  unsigned flags = cudaStreamNonBlocking;
};

// A call that returns `error`, after which the capture ends with `end`.
void during(cudaError_t (*call)(Captured&), cudaError_t error, cudaError_t end, How how = {}) {
  Captured captured(how.mode, how.flags);
  require(call(captured) == error, "the call");
  captured.end(end);
}
// A forbidden call that ends with `error`.
void forbidden(cudaError_t (*call)(Captured&), cudaError_t error = kUnsupported, How how = {}) {
  during(call, error, kInvalidated, how);
}
void allowed(cudaError_t (*call)(Captured&), How how = {}) {
  during(call, cudaSuccess, cudaSuccess, how);
}

cudaError_t allocate(Captured& x) { return cudaMalloc(&x.more, 256); }
cudaError_t copy(Captured& x) {
  int values[4] = {};
  return cudaMemcpy(x.data, values, sizeof values, cudaMemcpyHostToDevice);
}
cudaError_t launch_legacy(Captured& x) {
  scale<<<1, 64>>>(static_cast<int*>(x.data));
  return cudaGetLastError();
}
cudaError_t query(Captured& x) { return cudaStreamQuery(x.stream); }

// What waits is right before and after a capture, and on other streams in a relaxed one.
void wait_repaired() {
  allowed(
      [](Captured& x) {
        check(cudaStreamSynchronize(x.side));
        check(cudaStreamQuery(nullptr));
        check(cudaEventSynchronize(x.event));
        x.end(cudaSuccess);
        check(query(x));
        check(cudaEventRecord(x.fork, x.stream));
        check(cudaEventSynchronize(x.fork));
        float milliseconds;
        check(cudaEventElapsedTime(&milliseconds, x.event, x.fork));
        check(cudaDeviceSynchronize());
        return cudaStreamBeginCapture(x.stream, kGlobal);
      },
      {kRelaxed});
}

template <cudaStreamCaptureMode mode>
cudaError_t exchanged(Captured& x) {
  auto exchange = mode;
  check(cudaThreadExchangeStreamCaptureMode(&exchange));
  require(exchange == kGlobal, "the mode of a thread");
  const cudaError_t error = allocate(x);
  check(cudaThreadExchangeStreamCaptureMode(&exchange));
  require(exchange == mode, "is exchanged");
  return error;
}
template <cudaError_t (*call)(Captured&)>
cudaError_t elsewhere(Captured& x) {
  cudaError_t error = cudaSuccess;
  std::thread([&] { error = call(x); }).join();
  return error;
}

cudaError_t end_there(cudaStream_t stream) {
  cudaGraph_t graph = nullptr;
  const cudaError_t error = cudaStreamEndCapture(stream, &graph);
  require((graph != nullptr) == (error == cudaSuccess), "a graph");
  if (graph) check(cudaGraphDestroy(graph));
  return error;
}
cudaError_t end_and_begin(Captured& x) {
  const cudaError_t error = end_there(x.stream);
  return error != cudaSuccess ? error : cudaStreamBeginCapture(x.stream, kRelaxed);
}

// `side` joins the capture.
void join(Captured& x) {
  check(cudaStreamWaitEvent(x.side, x.fork, 0));
  x.launch(x.side);
}
cudaError_t join_and_return(Captured& x) {
  join(x);
  check(cudaEventRecord(x.fork, x.side));
  return cudaStreamWaitEvent(x.stream, x.fork, 0);
}

cudaError_t destroy_side(Captured& x) {
  const cudaError_t error = cudaStreamDestroy(x.side);
  check(cudaStreamCreate(&x.side));
  return error;
}

// `side` has a capture of its own, and perhaps waits for the other.
cudaError_t two_captures(Captured& x, bool merges) {
  check(cudaStreamBeginCapture(x.side, kGlobal));
  x.launch(x.side);
  const cudaError_t error = merges ? cudaStreamWaitEvent(x.side, x.fork, 0) : cudaSuccess;
  require(end_there(x.side) == (merges ? kInvalidated : cudaSuccess), "the other capture");
  return error;
}

// An event of a capture that is over.
void wait_late(bool repaired) {
  Captured x(kGlobal, cudaStreamNonBlocking);
  x.end(cudaSuccess);
  if (repaired) check(cudaEventRecord(x.fork, x.stream));
  require(
      cudaStreamWaitEvent(x.side, x.fork, 0) == (repaired ? cudaSuccess : cudaErrorCapturedEvent),
      "an event of the capture");
}

// Streams of a capture cannot begin another one; that does not hurt.
cudaError_t begin_twice(Captured& x) {
  join_and_return(x);
  for (cudaStream_t stream : {x.stream, x.side}) {
    require(cudaStreamBeginCapture(stream, kGlobal) == cudaErrorIllegalState, "begin twice");
  }
  cudaGraph_t graph;
  require(cudaStreamEndCapture(cudaStreamPerThread, &graph) == cudaErrorIllegalState, "no capture");
  return cudaSuccess;
}

cudaError_t legacy_status(Captured& x) {
  cudaStreamCaptureStatus status;
  require(cudaStreamIsCapturing(nullptr, &status) == cudaErrorStreamCaptureImplicit, "status");
  cudaGetLastError();
  x.launch(x.stream);
  return cudaSuccess;
}

// Until it ends, an invalid capture refuses everything.
cudaError_t invalidated(Captured& x) {
  join_and_return(x);
  require(query(x) == kUnsupported, "query");
  cudaStreamCaptureStatus status;
  check(cudaStreamIsCapturing(x.side, &status));
  require(status == cudaStreamCaptureStatusInvalidated, "status");
  for (cudaStream_t stream : {x.stream, x.side}) {
    scale<<<1, 64, 0, stream>>>(static_cast<int*>(x.data));
    require(cudaGetLastError() == kInvalidated, "a launch");
    require(cudaMemsetAsync(x.data, 0, 4, stream) == kInvalidated, "work");
    require(cudaEventRecord(x.event, stream) == kInvalidated, "a record");
    require(cudaStreamWaitEvent(stream, x.event, 0) == kInvalidated, "a wait");
    require(cudaMallocAsync(&x.more, 4, stream) == kInvalidated, "an allocation");
  }
  cudaStream_t outside = cudaStreamPerThread;
  require(cudaStreamWaitEvent(outside, x.fork, 0) == kInvalidated, "a wait from outside");
  return cudaStreamWaitEvent(x.side, x.fork, 0);
}

}  // namespace

int main(int count, char** arguments) {
  constexpr unsigned kBlocking = cudaStreamDefault;
  constexpr auto kImplicit = cudaErrorStreamCaptureImplicit;
  constexpr auto kCaptured = cudaErrorCapturedEvent;
  return run_case(
      count, arguments,
      {{"sync_stream",
        [] { forbidden([](Captured& x) { return cudaStreamSynchronize(x.stream); }); }},
       {"query_stream", [] { forbidden(query); }},
       {"sync_device", [] { forbidden([](Captured&) { return cudaDeviceSynchronize(); }); }},
       {"sync_device_relaxed",
        [] {
          forbidden([](Captured&) { return cudaDeviceSynchronize(); }, kUnsupported, {kRelaxed});
        }},
       {"sync_event",
        [] { forbidden([](Captured& x) { return cudaEventSynchronize(x.fork); }, kCaptured); }},
       {"query_event",
        [] { forbidden([](Captured& x) { return cudaEventQuery(x.fork); }, kCaptured); }},
       {"elapsed_time",
        [] {
          forbidden(
              [](Captured& x) {
                float milliseconds;
                return cudaEventElapsedTime(&milliseconds, x.event, x.fork);
              },
              kCaptured);
        }},
       {"wait_repaired", wait_repaired},
       {"copy", [] { forbidden(copy); }},
       {"set", [] { forbidden([](Captured& x) { return cudaMemset(x.data, 0, 4); }); }},
       {"symbol",
        [] {
          forbidden([](Captured&) {
            const int value = 0;
            return cudaMemcpyToSymbol(table, &value, sizeof value);
          });
        }},
       {"copy_relaxed_blocking",
        [] {
          forbidden(copy, kImplicit, {kRelaxed, kBlocking});
        }},
       {"copy_repaired", [] { allowed(copy, {kRelaxed}); }},
       {"legacy_launch",
        [] {
          forbidden(launch_legacy, kImplicit, {kGlobal, kBlocking});
        }},
       {"legacy_launch_repaired",
        [] {
          allowed(legacy_status, {kGlobal, kBlocking});
        }},
       {"legacy_beside", [] { allowed(launch_legacy); }},
       {"legacy_wait",
        [] {
          forbidden([](Captured& x) { return cudaStreamWaitEvent(nullptr, x.fork, 0); }, kImplicit);
        }},
       {"legacy_sync",
        [] {
          forbidden([](Captured&) { return cudaStreamSynchronize(nullptr); }, kImplicit,
                    {kRelaxed, kBlocking});
        }},
       {"allocate", [] { forbidden(allocate); }},
       {"allocate_host",
        [] { forbidden([](Captured& x) { return cudaMallocHost(&x.host, 256); }); }},
       {"free", [] { forbidden([](Captured& x) { return cudaFree(x.data); }); }},
       {"free_host",
        [] {
          forbidden([](Captured& x) {
            auto mode = kRelaxed;
            check(cudaThreadExchangeStreamCaptureMode(&mode));
            check(cudaMallocHost(&x.host, 256));
            check(cudaThreadExchangeStreamCaptureMode(&mode));
            return cudaFreeHost(x.host);
          });
        }},
       {"allocate_thread_local", [] { forbidden(allocate, kUnsupported, {kLocal}); }},
       {"allocate_relaxed", [] { allowed(allocate, {kRelaxed}); }},
       {"allocate_exchanged", [] { allowed(exchanged<kRelaxed>); }},
       {"other_thread", [] { forbidden(elsewhere<allocate>); }},
       {"other_thread_local", [] { allowed(elsewhere<allocate>, {kLocal}); }},
       {"other_thread_exchanged", [] { allowed(elsewhere<exchanged<kLocal>>); }},
       {"end_elsewhere",
        [] {
          forbidden(
              [](Captured& x) {
                join(x);
                return end_there(x.side);
              },
              cudaErrorStreamCaptureUnmatched);
        }},
       {"end_elsewhere_repaired", [] { allowed(join_and_return); }},
       {"end_by_other",
        [] { forbidden(elsewhere<end_and_begin>, cudaErrorStreamCaptureWrongThread); }},
       {"end_by_other_relaxed", [] { allowed(elsewhere<end_and_begin>, {kRelaxed}); }},
       {"fork",
        [] {
          during([](Captured& x) { return join(x), cudaSuccess; }, cudaSuccess,
                 cudaErrorStreamCaptureUnjoined);
        }},
       {"fork_again",
        [] {
          during(
              [](Captured& x) {
                join_and_return(x);
                x.launch(x.side);
                return cudaSuccess;
              },
              cudaSuccess, cudaErrorStreamCaptureUnjoined);
        }},
       {"fork_repaired", [] { allowed(join_and_return); }},
       {"merge",
        [] {
          forbidden([](Captured& x) { return two_captures(x, true); }, cudaErrorStreamCaptureMerge);
        }},
       {"merge_repaired", [] { allowed([](Captured& x) { return two_captures(x, false); }); }},
       {"wait_early",
        [] {
          forbidden([](Captured& x) { return cudaStreamWaitEvent(x.stream, x.event, 0); },
                    cudaErrorStreamCaptureIsolation);
        }},
       {"wait_early_repaired",
        [] {
          allowed([](Captured& x) {
            check(cudaEventRecord(x.event, x.stream));
            return cudaStreamWaitEvent(x.stream, x.event, 0);
          });
        }},
       {"wait_late", [] { wait_late(false); }},
       {"wait_late_repaired", [] { wait_late(true); }},
       {"destroy", [] { forbidden([](Captured& x) { return cudaStreamDestroy(x.stream); }); }},
       {"destroy_fork",
        [] {
          during([](Captured& x) { return join(x), destroy_side(x); }, cudaSuccess,
                 cudaErrorStreamCaptureUnjoined);
        }},
       {"destroy_fork_repaired",
        [] { allowed([](Captured& x) { return join_and_return(x), destroy_side(x); }); }},
       {"begin_legacy",
        [] {
          require(cudaStreamBeginCapture(nullptr, kGlobal) == kUnsupported, "the legacy stream");
          cudaGetLastError();
        }},
       {"begin_twice", [] { allowed(begin_twice); }},
       {"invalidated", [] { during(invalidated, kInvalidated, kInvalidated); }}});
}
