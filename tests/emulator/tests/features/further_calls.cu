// SPDX-License-Identifier: MIT
// Calls that public training code makes beside the usual ones.
// case settings: clean
// case callback: clean
// case callback_captured: capture "cudaStreamAddCallback on a stream that is being captured"
// case prefetch: clean
// case capture_info: clean
// case dependencies: clean
// case external_event: unsupported "cudaEventRecordWithFlags"
// case nodes: clean
// case children: clean
#include "tests/emulator/tests/case.h"

namespace {

__global__ void add(int* data, int value) { *data += value; }

void settings() {
  unsigned flags = 0;
  check(cudaSetDeviceFlags(cudaDeviceScheduleBlockingSync));
  check(cudaGetDeviceFlags(&flags));
  require(flags == cudaDeviceScheduleBlockingSync, "flags");
  require(cudaSetDeviceFlags(1u << 20) == cudaErrorInvalidValue, "no such flag");
  std::size_t value = 0;
  check(cudaDeviceSetLimit(cudaLimitMallocHeapSize, 1 << 24));
  check(cudaDeviceGetLimit(&value, cudaLimitMallocHeapSize));
  require(value == 1 << 24, "limit");
  require(cudaDeviceSetLimit(static_cast<cudaLimit>(77), 1) == cudaErrorUnsupportedLimit, "77");
  check(cudaFuncSetCacheConfig(add, cudaFuncCachePreferL1));
  cudaStreamAttrValue policy = {}, found = {};
  policy.syncPolicy = cudaSyncPolicyYield;
  check(cudaStreamSetAttribute(nullptr, cudaLaunchAttributeSynchronizationPolicy, &policy));
  check(cudaStreamGetAttribute(nullptr, cudaLaunchAttributeSynchronizationPolicy, &found));
  require(found.syncPolicy == cudaSyncPolicyYield, "attribute of a stream");
  cudaMemPool_t pool;
  cudaMemAccessDesc access = {{cudaMemLocationTypeDevice, 0}, cudaMemAccessFlagsProtReadWrite};
  check(cudaDeviceGetDefaultMemPool(&pool, 0));
  check(cudaMemPoolSetAccess(pool, &access, 1));
  access.location.id = 1;
  require(cudaMemPoolSetAccess(pool, &access, 1) == cudaErrorInvalidDevice, "another device");
  cudaGetLastError();
}

void note(cudaStream_t, cudaError_t status, void* seen) {
  *static_cast<int*>(seen) = status == cudaSuccess ? 7 : -1;
}

void callback() {
  int seen = 0;
  check(cudaStreamAddCallback(nullptr, note, &seen, 0));
  check(cudaStreamSynchronize(nullptr));
  require(seen == 7, "callback");
}

void callback_captured() {
  cudaStream_t stream;
  cudaGraph_t graph;
  check(cudaStreamCreate(&stream));
  check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
  require(cudaStreamAddCallback(stream, note, nullptr, 0) == cudaErrorStreamCaptureUnsupported,
          "a callback in a capture");
  require(cudaStreamEndCapture(stream, &graph) == cudaErrorStreamCaptureInvalidated, "its end");
  cudaGetLastError();
  check(cudaStreamDestroy(stream));
}

void prefetch() {
  int* memory;
  check(cudaMallocManaged(&memory, 4));
  *memory = 1;
  check(cudaMemPrefetchAsync(memory, 4, {cudaMemLocationTypeDevice, 0}, 0, nullptr));
  add<<<1, 1>>>(memory, 2);
  check(cudaMemPrefetchAsync(memory, 4, {cudaMemLocationTypeHost, 0}, 0, nullptr));
  check(wait());
  require(*memory == 3, "managed memory");
  check(cudaFree(memory));
  int* other = device<int>(1);
  require(cudaMemPrefetchAsync(other, 4, {cudaMemLocationTypeDevice, 0}, 0, nullptr) ==
              cudaErrorInvalidValue,
          "memory of the device");
  cudaGetLastError();
  check(cudaFree(other));
}

// Launches a graph and ends it; the value that is then in `data`, which is freed.
int run(cudaGraph_t graph, int* data) {
  cudaGraphExec_t exec;
  check(cudaGraphInstantiate(&exec, graph, 0));
  check(cudaGraphLaunch(exec, nullptr));
  check(wait());
  check(cudaGraphExecDestroy(exec));
  check(cudaGraphDestroy(graph));
  return take(data, 1)[0];
}

cudaGraphNode_t add_node(cudaGraph_t graph, int* data, int value,
                         const std::vector<cudaGraphNode_t>& after = {}) {
  cudaGraphNode_t node;
  void* arguments[] = {&data, &value};
  cudaKernelNodeParams parameters = {};
  parameters.func = reinterpret_cast<void*>(add);
  parameters.gridDim = parameters.blockDim = dim3(1);
  parameters.kernelParams = arguments;
  check(cudaGraphAddKernelNode(&node, graph, after.data(), after.size(), &parameters));
  return node;
}

// A node that is added by hand to a graph that is being captured, and what then comes after it.
void capture_with(bool adds) {
  int* data = device<int>(1);
  cudaStream_t stream;
  cudaStreamCaptureStatus status;
  unsigned long long id = 0;
  cudaGraph_t graph = nullptr, captured = nullptr;
  const cudaGraphNode_t* before = nullptr;
  std::size_t count = 0;
  check(cudaStreamCreate(&stream));
  check(cudaStreamGetCaptureInfo(stream, &status, &id));
  require(status == cudaStreamCaptureStatusNone, "no capture");
  check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
  add<<<1, 1, 0, stream>>>(data, 1);
  check(cudaStreamGetCaptureInfo(stream, &status, &id, &graph, &before, nullptr, &count));
  require(status == cudaStreamCaptureStatusActive && id != 0 && count == 1, "a capture");
  cudaGraphNode_t node = add_node(graph, data, 2, {before[0]});
  check(cudaStreamUpdateCaptureDependencies(
      stream, &node, nullptr, 1,
      adds ? cudaStreamAddCaptureDependencies : cudaStreamSetCaptureDependencies));
  check(cudaStreamGetCaptureInfo(stream, &status, &id, &graph, &before, nullptr, &count));
  require(count == (adds ? 2 : 1) && before[count - 1] == node, "dependencies");
  add<<<1, 1, 0, stream>>>(data, 4);
  check(cudaStreamEndCapture(stream, &captured));
  require(captured == graph && run(captured, data) == 7, "the graph");
  require(
      cudaStreamUpdateCaptureDependencies(stream, &node, nullptr, 1, 0) == cudaErrorIllegalState,
      "no capture any more");
  cudaGetLastError();
  check(cudaStreamDestroy(stream));
}

void external_event() {
  cudaStream_t stream;
  cudaEvent_t event;
  cudaGraph_t graph;
  check(cudaStreamCreate(&stream));
  check(cudaEventCreate(&event));
  check(cudaEventRecordWithFlags(event, stream, cudaEventRecordDefault));
  check(cudaEventSynchronize(event));
  check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
  require(cudaEventRecordWithFlags(event, stream, cudaEventRecordExternal) != cudaSuccess, "node");
  cudaGetLastError();
  check(cudaStreamEndCapture(stream, &graph));
  check(cudaGraphDestroy(graph));
  check(cudaEventDestroy(event));
  check(cudaStreamDestroy(stream));
}

// A copy of boxes, a kernel, a host function.
void nodes() {
  int* data = device<int>(1);
  int value = 5, seen = 0;
  cudaGraph_t graph;
  cudaGraphNode_t copy, host;
  check(cudaGraphCreate(&graph, 0));
  cudaMemcpy3DParms boxes = {};
  boxes.srcPtr = make_cudaPitchedPtr(&value, 4, 4, 1);
  boxes.dstPtr = make_cudaPitchedPtr(data, 4, 4, 1);
  boxes.extent = make_cudaExtent(4, 1, 1);
  boxes.kind = cudaMemcpyHostToDevice;
  check(cudaGraphAddMemcpyNode(&copy, graph, nullptr, 0, &boxes));
  const cudaGraphNode_t kernel = add_node(graph, data, 2, {copy});
  const cudaHostNodeParams call = {[](void* x) { *static_cast<int*>(x) += 1; }, &seen};
  check(cudaGraphAddHostNode(&host, graph, &kernel, 1, &call));
  cudaGraphNodeType type;
  check(cudaGraphNodeGetType(host, &type));
  require(type == cudaGraphNodeTypeHost, "type");
  require(run(graph, data) == 7 && seen == 1, "nodes");
}

// A graph in a graph between two kernels, and a copy of it all whose original is gone.
void children() {
  int* data = device<int>(1);
  cudaGraph_t graph, child, copy;
  cudaGraphNode_t node;
  check(cudaGraphCreate(&graph, 0));
  check(cudaGraphCreate(&child, 0));
  const cudaGraphNode_t inner = add_node(child, data, 10);
  add_node(child, data, 100, {inner});
  const cudaGraphNode_t first = add_node(graph, data, 1);
  check(cudaGraphAddChildGraphNode(&node, graph, &first, 1, child));
  check(cudaGraphDestroy(child));
  add_node(graph, data, 1000, {node});
  check(cudaGraphClone(&copy, graph));
  check(cudaGraphDestroy(graph));
  std::size_t count = 0;
  check(cudaGraphGetNodes(copy, nullptr, &count));
  require(count == 3 && run(copy, data) == 1111, "child graph");

  cudaMemAllocNodeParams allocation = {};
  allocation.poolProps.allocType = cudaMemAllocationTypePinned;
  allocation.poolProps.location.type = cudaMemLocationTypeDevice;
  allocation.bytesize = sizeof(int);
  check(cudaGraphCreate(&graph, 0));
  check(cudaGraphAddMemAllocNode(&node, graph, nullptr, 0, &allocation));
  require(cudaGraphClone(&copy, graph) != cudaSuccess, "memory cannot be copied");
  cudaGetLastError();
  check(cudaGraphDestroy(graph));
}

}  // namespace

int main(int count, char** arguments) {
  return run_case(count, arguments,
                  {{"settings", settings},
                   {"callback", callback},
                   {"callback_captured", callback_captured},
                   {"prefetch", prefetch},
                   {"capture_info", [] { capture_with(false); }},
                   {"dependencies", [] { capture_with(true); }},
                   {"external_event", external_event},
                   {"nodes", nodes},
                   {"children", children}});
}
