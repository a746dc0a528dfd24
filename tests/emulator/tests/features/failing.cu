// SPDX-License-Identifier: MIT
// Every call of the runtime, failing once.
// case none: clean
#include "tests/emulator/tests/features/failing.h"

#include <cuda_profiler_api.h>

namespace {

__device__ int table[4];
__global__ void add(int* data) { data[threadIdx.x] += 1; }

int launches = 0;

void devices() {
  int value = 0, other = 0;
  cudaDeviceProp properties;
  std::size_t some = 0, all = 0;
  call("cudaGetDeviceCount", cudaErrorNoDevice, [&] { return cudaGetDeviceCount(&value); });
  call("cudaGetDevice", [&] { return cudaGetDevice(&value); });
  call("cudaSetDevice", [&] { return cudaSetDevice(0); });
  call("cudaDriverGetVersion", [&] { return cudaDriverGetVersion(&value); });
  call("cudaRuntimeGetVersion", [&] { return cudaRuntimeGetVersion(&value); });
  call("cudaGetDeviceProperties", [&] { return cudaGetDeviceProperties(&properties, 0); });
  call("cudaDeviceGetAttribute",
       [&] { return cudaDeviceGetAttribute(&value, cudaDevAttrWarpSize, 0); });
  call("cudaDeviceGetStreamPriorityRange",
       [&] { return cudaDeviceGetStreamPriorityRange(&value, &other); });
  call("cudaMemGetInfo", [&] { return cudaMemGetInfo(&some, &all); });
  unsigned flags = 0;
  call("cudaSetDeviceFlags", [] { return cudaSetDeviceFlags(cudaDeviceScheduleAuto); });
  call("cudaGetDeviceFlags", [&] { return cudaGetDeviceFlags(&flags); });
  call("cudaDeviceSetLimit", [] { return cudaDeviceSetLimit(cudaLimitStackSize, 1024); });
  call("cudaDeviceGetLimit", [&] { return cudaDeviceGetLimit(&some, cudaLimitStackSize); });
  call("cudaProfilerStart", [] { return cudaProfilerStart(); });
  call("cudaProfilerStop", [] { return cudaProfilerStop(); });
  call("cudaDeviceSynchronize", [] { return cudaDeviceSynchronize(); });
}

void memory(cudaStream_t stream) {
  int *first, *second, *host;
  void* mapped = nullptr;
  std::size_t pitch = 0;
  cudaPitchedPtr box = {};
  cudaPointerAttributes attributes;
  make("cudaMalloc", &first, [&] { return cudaMalloc(&first, 256); });
  make("cudaMallocManaged", &second, [&] { return cudaMallocManaged(&second, 256); });
  call("cudaPointerGetAttributes", [&] { return cudaPointerGetAttributes(&attributes, first); });
  call("cudaMemPrefetchAsync", [&] {
    return cudaMemPrefetchAsync(second, 256, {cudaMemLocationTypeDevice, 0}, 0, stream);
  });
  check(cudaStreamSynchronize(stream));
  call("cudaFree", [&] { return cudaFree(second); });
  void* pinned;
  make("cudaMallocHost", &pinned, [&] { return cudaMallocHost(&pinned, 256); });
  call("cudaFreeHost", [&] { return cudaFreeHost(pinned); });
  make("cudaHostAlloc", &host, [&] { return cudaHostAlloc(&host, 256, cudaHostAllocMapped); });
  call("cudaHostGetDevicePointer", [&] { return cudaHostGetDevicePointer(&mapped, host, 0); });
  check(cudaFreeHost(host));
  std::vector<int> values(64, 1);
  call("cudaHostRegister", cudaErrorMemoryAllocation,
       [&] { return cudaHostRegister(values.data(), 256, 0); });
  call("cudaHostUnregister", [&] { return cudaHostUnregister(values.data()); });

  const auto to = cudaMemcpyHostToDevice;
  call("cudaMemcpy", [&] { return cudaMemcpy(first, values.data(), 256, to); });
  call("cudaMemcpyAsync", [&] { return cudaMemcpyAsync(first, values.data(), 256, to, stream); });
  call("cudaMemset", [&] { return cudaMemset(first, 0, 256); });
  call("cudaMemsetAsync", [&] { return cudaMemsetAsync(first, 0, 256, stream); });
  check(cudaStreamSynchronize(stream));
  check(cudaFree(first));

  make("cudaMallocPitch", &first, [&] { return cudaMallocPitch(&first, &pitch, 16, 4); });
  call("cudaMemcpy2D", [&] { return cudaMemcpy2D(first, pitch, values.data(), 16, 16, 4, to); });
  call("cudaMemcpy2DAsync",
       [&] { return cudaMemcpy2DAsync(first, pitch, values.data(), 16, 16, 4, to, stream); });
  call("cudaMemset2D", [&] { return cudaMemset2D(first, pitch, 0, 16, 4); });
  call("cudaMemset2DAsync", [&] { return cudaMemset2DAsync(first, pitch, 0, 16, 4, stream); });
  check(cudaStreamSynchronize(stream));
  check(cudaFree(first));

  const cudaExtent extent = make_cudaExtent(16, 2, 2);
  make("cudaMalloc3D", &box.ptr, [&] { return cudaMalloc3D(&box, extent); });
  cudaMemcpy3DParms parameters = {};
  parameters.srcPtr = make_cudaPitchedPtr(values.data(), 16, 16, 2);
  parameters.dstPtr = box;
  parameters.extent = extent;
  parameters.kind = to;
  call("cudaMemcpy3D", [&] { return cudaMemcpy3D(&parameters); });
  call("cudaMemcpy3DAsync", [&] { return cudaMemcpy3DAsync(&parameters, stream); });
  call("cudaMemset3D", [&] { return cudaMemset3D(box, 0, extent); });
  call("cudaMemset3DAsync", [&] { return cudaMemset3DAsync(box, 0, extent, stream); });
  check(cudaStreamSynchronize(stream));
  check(cudaFree(box.ptr));

  call("cudaGetSymbolAddress", [&] { return cudaGetSymbolAddress(&mapped, table); });
  call("cudaGetSymbolSize", [&] { return cudaGetSymbolSize(&pitch, table); });
  call("cudaMemcpyToSymbol", [&] { return cudaMemcpyToSymbol(table, values.data(), 16); });
  call("cudaMemcpyToSymbolAsync",
       [&] { return cudaMemcpyToSymbolAsync(table, values.data(), 16, 0, to, stream); });
  check(cudaStreamSynchronize(stream));
  call("cudaMemcpyFromSymbol", [&] { return cudaMemcpyFromSymbol(values.data(), table, 16); });
  call("cudaMemcpyFromSymbolAsync", [&] {
    return cudaMemcpyFromSymbolAsync(values.data(), table, 16, 0, cudaMemcpyDeviceToHost, stream);
  });
}

void pools(cudaStream_t stream) {
  int* memory;
  cudaMemPool_t standard = nullptr, pool = nullptr;
  std::uint64_t value = 0;
  cudaMemPoolProps properties = {};
  properties.allocType = cudaMemAllocationTypePinned;
  properties.location.type = cudaMemLocationTypeDevice;
  make("cudaMallocAsync", &memory, [&] { return cudaMallocAsync(&memory, 256, stream); });
  call("cudaFreeAsync", [&] { return cudaFreeAsync(memory, stream); });
  call("cudaDeviceGetDefaultMemPool", [&] { return cudaDeviceGetDefaultMemPool(&standard, 0); });
  call("cudaDeviceGetMemPool", [&] { return cudaDeviceGetMemPool(&standard, 0); });
  make("cudaMemPoolCreate", &pool, [&] { return cudaMemPoolCreate(&pool, &properties); });
  call("cudaDeviceSetMemPool", [&] { return cudaDeviceSetMemPool(0, pool); });
  check(cudaDeviceSetMemPool(0, standard));
  make("cudaMallocFromPoolAsync", &memory,
       [&] { return cudaMallocFromPoolAsync(&memory, 256, pool, stream); });
  check(cudaFreeAsync(memory, stream));
  check(cudaStreamSynchronize(stream));
  call("cudaMemPoolSetAttribute",
       [&] { return cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &value); });
  call("cudaMemPoolGetAttribute",
       [&] { return cudaMemPoolGetAttribute(pool, cudaMemPoolAttrUsedMemHigh, &value); });
  const cudaMemAccessDesc access = {{cudaMemLocationTypeDevice, 0},
                                    cudaMemAccessFlagsProtReadWrite};
  call("cudaMemPoolSetAccess", [&] { return cudaMemPoolSetAccess(pool, &access, 1); });
  call("cudaMemPoolTrimTo", [&] { return cudaMemPoolTrimTo(pool, 0); });
  call("cudaMemPoolDestroy", [&] { return cudaMemPoolDestroy(pool); });
}

void streams_and_events() {
  cudaStream_t stream;
  cudaEvent_t event, other;
  cudaGraph_t graph;
  unsigned flags = 0;
  int priority = 0;
  unsigned long long id = 0;
  float milliseconds = 0;
  cudaStreamCaptureStatus status;
  auto mode = cudaStreamCaptureModeGlobal;
  make("cudaStreamCreate", &stream, [&] { return cudaStreamCreate(&stream); });
  call("cudaStreamDestroy", [&] { return cudaStreamDestroy(stream); });
  make("cudaStreamCreateWithFlags", &stream,
       [&] { return cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking); });
  check(cudaStreamDestroy(stream));
  make("cudaStreamCreateWithPriority", &stream,
       [&] { return cudaStreamCreateWithPriority(&stream, cudaStreamNonBlocking, 0); });
  call("cudaStreamGetFlags", [&] { return cudaStreamGetFlags(stream, &flags); });
  call("cudaStreamGetId", [&] { return cudaStreamGetId(stream, &id); });
  call("cudaStreamGetPriority", [&] { return cudaStreamGetPriority(stream, &priority); });
  call("cudaStreamSynchronize", [&] { return cudaStreamSynchronize(stream); });
  call("cudaStreamQuery", [&] { return cudaStreamQuery(stream); });
  make("cudaEventCreate", &event, [&] { return cudaEventCreate(&event); });
  make("cudaEventCreateWithFlags", &other, [&] { return cudaEventCreateWithFlags(&other, 0); });
  call("cudaEventRecord", [&] { return cudaEventRecord(event, stream); });
  call("cudaEventRecordWithFlags", [&] { return cudaEventRecordWithFlags(other, stream, 0); });
  cudaStreamAttrValue policy = {};
  call("cudaStreamSetAttribute", [&] {
    return cudaStreamSetAttribute(stream, cudaLaunchAttributeSynchronizationPolicy, &policy);
  });
  call("cudaStreamGetAttribute", [&] {
    return cudaStreamGetAttribute(stream, cudaLaunchAttributeSynchronizationPolicy, &policy);
  });
  call("cudaStreamWaitEvent", [&] { return cudaStreamWaitEvent(stream, event, 0); });
  call("cudaEventSynchronize", [&] { return cudaEventSynchronize(other); });
  call("cudaEventQuery", [&] { return cudaEventQuery(event); });
  call("cudaEventElapsedTime", [&] { return cudaEventElapsedTime(&milliseconds, event, other); });
  call("cudaEventDestroy", [&] { return cudaEventDestroy(event); });
  check(cudaEventDestroy(other));
  int called = 0;
  call("cudaLaunchHostFunc", [&] {
    require(called == 0, "a call that fails does not call");
    return cudaLaunchHostFunc(
        stream, [](void* count) { ++*static_cast<int*>(count); }, &called);
  });
  call("cudaStreamAddCallback", [&] {
    return cudaStreamAddCallback(
        stream, [](cudaStream_t, cudaError_t, void* count) { ++*static_cast<int*>(count); },
        &called, 0);
  });
  check(cudaStreamSynchronize(stream));
  require(called == 2, "host functions");
  call("cudaThreadExchangeStreamCaptureMode",
       [&] { return cudaThreadExchangeStreamCaptureMode(&mode); });
  call("cudaStreamBeginCapture", [&] { return cudaStreamBeginCapture(stream, mode); });
  call("cudaStreamIsCapturing", [&] { return cudaStreamIsCapturing(stream, &status); });
  require(status == cudaStreamCaptureStatusActive, "capturing");
  call("cudaStreamGetCaptureInfo", [&] { return cudaStreamGetCaptureInfo(stream, &status); });
  call("cudaStreamUpdateCaptureDependencies", [&] {
    return cudaStreamUpdateCaptureDependencies(stream, nullptr, nullptr, 0,
                                               cudaStreamSetCaptureDependencies);
  });
  call("cudaStreamEndCapture", [&] { return cudaStreamEndCapture(stream, &graph); });
  call("cudaGraphDestroy", [&] { return cudaGraphDestroy(graph); });
  check(cudaStreamDestroy(stream));
}

void kernels(int* data) {
  void* arguments[] = {&data};
  int blocks = 0;
  cudaFuncAttributes attributes;
  cudaLaunchConfig_t configuration = {};
  configuration.gridDim = configuration.blockDim = dim3(1);
  const auto launch = [&](const char* name, auto body) {
    call(name, cudaErrorLaunchOutOfResources, body);
    ++launches;
  };
  launch("cudaLaunchKernel", [&] {
    add<<<1, 1>>>(data);
    return cudaGetLastError();
  });
  launch("cudaLaunchKernelExC", [&] {
    return cudaLaunchKernelExC(&configuration, reinterpret_cast<const void*>(add), arguments);
  });
  launch("cudaLaunchCooperativeKernel",
         [&] { return cudaLaunchCooperativeKernel(add, dim3(1), dim3(1), arguments, 0, nullptr); });
  call("cudaFuncGetAttributes", [&] { return cudaFuncGetAttributes(&attributes, add); });
  call("cudaFuncSetCacheConfig",
       [&] { return cudaFuncSetCacheConfig(add, cudaFuncCachePreferL1); });
  call("cudaFuncSetAttribute", [&] {
    return cudaFuncSetAttribute(add, cudaFuncAttributePreferredSharedMemoryCarveout, 50);
  });
  const auto* const untyped = reinterpret_cast<const void*>(add);
  call("cudaOccupancyMaxActiveBlocksPerMultiprocessor",
       [&] { return cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, untyped, 32, 0); });
  call("cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags", [&] {
    return cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(&blocks, add, 32, 0, 0);
  });
}

void graphs(int* data) {
  cudaGraph_t graph;
  cudaGraphExec_t exec;
  cudaGraphNode_t set, copy, kernel, empty, allocate, release;
  cudaGraphNodeType type;
  std::size_t count = 0;
  int host = 0;
  void* arguments[] = {&data};
  cudaKernelNodeParams run = {};
  run.func = reinterpret_cast<void*>(add);
  run.gridDim = run.blockDim = dim3(1);
  run.kernelParams = arguments;
  cudaMemsetParams fill = {};
  fill.dst = data + 1;
  fill.elementSize = 4;
  fill.width = fill.height = 1;
  cudaMemAllocNodeParams memory = {};
  memory.poolProps.allocType = cudaMemAllocationTypePinned;
  memory.poolProps.location.type = cudaMemLocationTypeDevice;
  memory.bytesize = 256;
  make("cudaGraphCreate", &graph, [&] { return cudaGraphCreate(&graph, 0); });
  cudaGraph_t clone;
  cudaGraphNode_t other;
  const cudaHostNodeParams host_node = {[](void*) {}, nullptr};
  cudaMemcpy3DParms boxes = {};
  boxes.srcPtr = boxes.dstPtr = make_cudaPitchedPtr(data, 4, 4, 1);
  boxes.extent = make_cudaExtent(4, 1, 1);
  boxes.kind = cudaMemcpyDeviceToDevice;
  call("cudaGraphClone", [&] { return cudaGraphClone(&clone, graph); });
  call("cudaGraphAddHostNode",
       [&] { return cudaGraphAddHostNode(&other, clone, nullptr, 0, &host_node); });
  call("cudaGraphAddMemcpyNode",
       [&] { return cudaGraphAddMemcpyNode(&other, clone, nullptr, 0, &boxes); });
  call("cudaGraphAddChildGraphNode",
       [&] { return cudaGraphAddChildGraphNode(&other, clone, nullptr, 0, graph); });
  check(cudaGraphDestroy(clone));
  call("cudaGraphAddMemsetNode",
       [&] { return cudaGraphAddMemsetNode(&set, graph, nullptr, 0, &fill); });
  call("cudaGraphAddKernelNode",
       [&] { return cudaGraphAddKernelNode(&kernel, graph, &set, 1, &run); });
  call("cudaGraphAddMemcpyNode1D", [&] {
    return cudaGraphAddMemcpyNode1D(&copy, graph, &kernel, 1, &host, data + 1, 4,
                                    cudaMemcpyDeviceToHost);
  });
  call("cudaGraphAddEmptyNode", [&] { return cudaGraphAddEmptyNode(&empty, graph, &copy, 1); });
  call("cudaGraphAddMemAllocNode", cudaErrorMemoryAllocation,
       [&] { return cudaGraphAddMemAllocNode(&allocate, graph, &empty, 1, &memory); });
  call("cudaGraphAddMemFreeNode",
       [&] { return cudaGraphAddMemFreeNode(&release, graph, &allocate, 1, memory.dptr); });
  call("cudaGraphNodeGetType", [&] { return cudaGraphNodeGetType(kernel, &type); });
  call("cudaGraphGetNodes", [&] { return cudaGraphGetNodes(graph, nullptr, &count); });
  require(type == cudaGraphNodeTypeKernel && count == 6, "nodes");
  call("cudaGraphKernelNodeGetParams", [&] { return cudaGraphKernelNodeGetParams(kernel, &run); });
  run.kernelParams = arguments;
  call("cudaGraphKernelNodeSetParams", [&] { return cudaGraphKernelNodeSetParams(kernel, &run); });
  make("cudaGraphInstantiateWithFlags", &exec,
       [&] { return cudaGraphInstantiateWithFlags(&exec, graph, 0); });
  call("cudaGraphExecDestroy", [&] { return cudaGraphExecDestroy(exec); });
  make("cudaGraphInstantiate", &exec, [&] { return cudaGraphInstantiate(&exec, graph, 0); });
  call("cudaGraphExecKernelNodeSetParams",
       [&] { return cudaGraphExecKernelNodeSetParams(exec, kernel, &run); });
  call("cudaGraphUpload", [&] { return cudaGraphUpload(exec, nullptr); });
  call("cudaGraphLaunch", [&] { return cudaGraphLaunch(exec, nullptr); });
  ++launches;
  check(wait());
  check(cudaGraphExecDestroy(exec));
  check(cudaGraphDestroy(graph));
  // Updates are of graphs without memory nodes.
  cudaGraphExecUpdateResultInfo info;
  check(cudaGraphCreate(&graph, 0));
  check(cudaGraphInstantiate(&exec, graph, 0));
  call("cudaGraphExecUpdate", [&] { return cudaGraphExecUpdate(exec, graph, &info); });
  check(cudaGraphExecDestroy(exec));
  check(cudaGraphDestroy(graph));
}

void all() {
  devices();
  streams_and_events();
  memory(cudaStreamPerThread);
  pools(cudaStreamPerThread);
  int* data = device<int>(2);
  kernels(data);
  graphs(data);
  require(take(data, 2)[0] == launches, "every launch ran once");
  call("cudaDeviceReset", [] { return cudaDeviceReset(); });
}

}  // namespace

int main(int count, char** arguments) { return fail_one(count, arguments, all); }
