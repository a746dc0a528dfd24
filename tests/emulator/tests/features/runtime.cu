// SPDX-License-Identifier: MIT
// case properties: clean
// case streams: clean
// case events: clean
// case dependencies: clean
// case memory_forms: clean
// case pools: clean
// case copies: clean
// case graphs: clean
// case graph_updates: clean
// case graph_by_hand: clean
// case occupancy: clean
// case symbols: clean
// case launches: clean
// case host_functions: clean
// case threads: clean
// case errors: clean
// case out_of_memory: clean with --memory 1048576
// case failure: clean with --fail cudaMalloc:2
#include "tests/emulator/tests/case.h"

#include <atomic>
#include <string>
#include <thread>

namespace {

__device__ int table[4] = {1, 2, 3, 4};
__constant__ int offset = 5;

__global__ void add(int* data, int value) { data[blockIdx.x * blockDim.x + threadIdx.x] += value; }
__global__ void add_table(int* data) { data[threadIdx.x] += table[threadIdx.x % 4] + offset; }
__global__ void count_blocks(int* to) { atomicAdd(to, static_cast<int>(gridDim.x)); }

void properties() {
  int count = 0, major = 0, minor = 0, device_number = -1;
  check(cudaGetDeviceCount(&count));
  check(cudaGetDevice(&device_number));
  require(count == 1 && device_number == 0, "one device");
  cudaDeviceProp properties;
  check(cudaGetDeviceProperties(&properties, 0));
  check(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, 0));
  check(cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, 0));
  require(major == 8 && minor == 0 && properties.major == 8 && properties.minor == 0, "sm_80");
  require(properties.warpSize == 32 && properties.maxThreadsPerBlock == 1024, "limits");
  std::size_t free_bytes = 0, total = 0;
  check(cudaMemGetInfo(&free_bytes, &total));
  require(free_bytes <= total && total > 0, "memory");
  require(cudaSetDevice(3) == cudaErrorInvalidDevice, "no other device");
  require(cudaGetLastError() == cudaErrorInvalidDevice, "and the error is kept");
  check(cudaGetLastError());
}

void streams() {
  int least = 0, greatest = 0, priority = 1;
  check(cudaDeviceGetStreamPriorityRange(&least, &greatest));
  cudaStream_t stream, other;
  check(cudaStreamCreateWithPriority(&stream, cudaStreamNonBlocking, greatest));
  check(cudaStreamGetPriority(stream, &priority));
  require(priority == greatest, "priority");
  check(cudaStreamCreateWithFlags(&other, cudaStreamNonBlocking));
  int* data = device<int>(64);
  check(cudaDeviceSynchronize());  // the stream does not wait for the legacy stream's memset
  for (int i = 0; i < 3; ++i) add<<<1, 64, 0, stream>>>(data, i);
  check(cudaStreamSynchronize(stream));
  require(cudaStreamQuery(stream) == cudaSuccess, "the stream is done");
  add<<<1, 64, 0, cudaStreamPerThread>>>(data, 4);
  check(cudaStreamSynchronize(cudaStreamPerThread));
  add<<<1, 64, 0, cudaStreamLegacy>>>(data, 5);
  check(wait());
  check(cudaStreamDestroy(stream));
  check(cudaStreamDestroy(other));
  require(take(data, 64)[63] == 12, "streams");
}

void events() {
  cudaEvent_t begin, end, untimed;
  check(cudaEventCreate(&begin));
  check(cudaEventCreate(&end));
  check(cudaEventCreateWithFlags(&untimed, cudaEventDisableTiming));
  int* data = device<int>(64);
  check(cudaEventRecord(begin));
  add<<<1, 64>>>(data, 1);
  check(cudaEventRecord(end));
  check(cudaEventSynchronize(end));
  float milliseconds = -1;
  check(cudaEventElapsedTime(&milliseconds, begin, end));
  require(milliseconds >= 0 && cudaEventQuery(end) == cudaSuccess, "elapsed time");
  check(cudaEventRecord(untimed));
  check(cudaEventSynchronize(untimed));
  require(cudaEventElapsedTime(&milliseconds, begin, untimed) != cudaSuccess, "no timing");
  cudaGetLastError();
  check(cudaEventDestroy(begin));
  check(cudaEventDestroy(end));
  check(cudaEventDestroy(untimed));
  check(cudaFree(data));
}

// Two streams that hand the data to each other: right in every order that the events allow.
void dependencies() {
  cudaStream_t streams[2];
  cudaEvent_t event;
  check(cudaStreamCreateWithFlags(&streams[0], cudaStreamNonBlocking));
  check(cudaStreamCreateWithFlags(&streams[1], cudaStreamNonBlocking));
  check(cudaEventCreateWithFlags(&event, cudaEventDisableTiming));
  int* data = device<int>(64);
  int* to = device<int>(64);
  check(cudaDeviceSynchronize());
  for (int i = 0; i < 6; ++i) {
    add<<<1, 64, 0, streams[i % 2]>>>(data, 1);
    check(cudaMemcpyAsync(to, data, 256, cudaMemcpyDeviceToDevice, streams[i % 2]));
    check(cudaEventRecord(event, streams[i % 2]));
    check(cudaStreamWaitEvent(streams[1 - i % 2], event, 0));
  }
  check(cudaDeviceSynchronize());
  check(cudaFree(data));
  require(take(to, 64)[5] == 6, "dependencies");
  check(cudaStreamDestroy(streams[0]));
  check(cudaStreamDestroy(streams[1]));
  check(cudaEventDestroy(event));
}

void memory_forms() {
  int *managed = nullptr, *pinned = nullptr, *mapped = nullptr, *on_device = nullptr;
  check(cudaMallocManaged(&managed, 256));
  check(cudaMallocHost(&pinned, 256));
  check(cudaHostAlloc(&mapped, 256, cudaHostAllocMapped));
  check(cudaHostGetDevicePointer(&on_device, mapped, 0));
  for (int i = 0; i < 64; ++i) managed[i] = pinned[i] = mapped[i] = i;
  add<<<1, 64>>>(managed, 1);
  add<<<1, 64>>>(on_device, 2);
  check(wait());
  require(managed[9] == 10 && mapped[9] == 11, "managed and mapped memory");
  int* data = device<int>(64);
  check(cudaMemcpyAsync(data, pinned, 256, cudaMemcpyHostToDevice, nullptr));
  check(cudaStreamSynchronize(nullptr));
  std::vector<int> registered(64, 3);
  check(cudaHostRegister(registered.data(), 256, cudaHostRegisterDefault));
  check(cudaMemcpyAsync(registered.data(), data, 256, cudaMemcpyDeviceToHost, nullptr));
  check(cudaStreamSynchronize(nullptr));
  check(cudaHostUnregister(registered.data()));
  require(registered[17] == 17, "registered memory");
  cudaPointerAttributes attributes;
  check(cudaPointerGetAttributes(&attributes, data));
  require(attributes.type == cudaMemoryTypeDevice, "device pointer");
  check(cudaPointerGetAttributes(&attributes, managed));
  require(attributes.type == cudaMemoryTypeManaged, "managed pointer");
  check(cudaFree(managed));
  check(cudaFree(data));
  check(cudaFreeHost(pinned));
  check(cudaFreeHost(mapped));
}

void pools() {
  cudaMemPool_t pool;
  check(cudaDeviceGetDefaultMemPool(&pool, 0));
  std::uint64_t threshold = ~0ull;
  check(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &threshold));
  cudaStream_t stream;
  check(cudaStreamCreate(&stream));
  int* data = nullptr;
  check(cudaMallocAsync(&data, 256, stream));
  check(cudaMemsetAsync(data, 0, 256, stream));
  add<<<1, 64, 0, stream>>>(data, 7);
  int host[64] = {};
  check(cudaMemcpyAsync(host, data, 256, cudaMemcpyDeviceToHost, stream));
  check(cudaFreeAsync(data, stream));
  check(cudaStreamSynchronize(stream));
  require(host[63] == 7, "pool memory");
  check(cudaMemPoolTrimTo(pool, 0));
  std::uint64_t used = 1;
  check(cudaMemPoolGetAttribute(pool, cudaMemPoolAttrUsedMemCurrent, &used));
  require(used == 0, "nothing is in use");
  check(cudaStreamDestroy(stream));
}

void copies() {
  std::vector<int> host(8 * 8);
  for (int i = 0; i < 64; ++i) host[static_cast<std::size_t>(i)] = i;
  int* data = nullptr;
  std::size_t pitch = 0;
  check(cudaMallocPitch(&data, &pitch, 8 * 4, 8));
  check(cudaMemcpy2D(data, pitch, host.data(), 8 * 4, 8 * 4, 8, cudaMemcpyHostToDevice));
  std::vector<int> back(4 * 8, -1);
  check(cudaMemcpy2D(back.data(), 4 * 4, data + 2, pitch, 4 * 4, 8, cudaMemcpyDeviceToHost));
  require(back[5] == 11 && back[31] == 61, "two dimensions");
  check(cudaMemset2D(data, pitch, 0, 16, 8));
  check(cudaMemcpy2D(back.data(), 4 * 4, data + 2, pitch, 4 * 4, 8, cudaMemcpyDeviceToHost));
  require(back[1] == 0 && back[2] == 4, "set in two dimensions");
  check(cudaFree(data));
}

void graphs() {
  int* data = device<int>(64);
  int host[64] = {};
  cudaStream_t stream;
  check(cudaStreamCreate(&stream));
  check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
  add<<<1, 64, 0, stream>>>(data, 3);
  check(cudaMemcpyAsync(host, data, 256, cudaMemcpyDeviceToHost, stream));
  cudaStreamCaptureStatus status;
  check(cudaStreamIsCapturing(stream, &status));
  require(status == cudaStreamCaptureStatusActive, "capturing");
  cudaGraph_t graph;
  check(cudaStreamEndCapture(stream, &graph));
  require(host[0] == 0, "a capture does not run");
  std::size_t nodes = 0;
  check(cudaGraphGetNodes(graph, nullptr, &nodes));
  require(nodes == 2, "nodes");
  cudaGraphExec_t exec;
  check(cudaGraphInstantiate(&exec, graph, 0));
  for (int i = 0; i < 4; ++i) check(cudaGraphLaunch(exec, stream));
  check(cudaStreamSynchronize(stream));
  require(host[63] == 12, "four launches");
  check(cudaGraphExecDestroy(exec));
  check(cudaGraphDestroy(graph));
  check(cudaStreamDestroy(stream));
  check(cudaFree(data));
}

cudaGraph_t captured(cudaStream_t stream, int* data, int value) {
  check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeRelaxed));
  add<<<1, 64, 0, stream>>>(data, value);
  cudaGraph_t graph;
  check(cudaStreamEndCapture(stream, &graph));
  return graph;
}

void graph_updates() {
  int* data = device<int>(64);
  cudaStream_t stream;
  check(cudaStreamCreate(&stream));
  cudaGraph_t first = captured(stream, data, 1), second = captured(stream, data, 10);
  cudaGraphExec_t exec;
  check(cudaGraphInstantiate(&exec, first, 0));
  check(cudaGraphLaunch(exec, stream));
  cudaGraphExecUpdateResultInfo info;
  check(cudaGraphExecUpdate(exec, second, &info));
  check(cudaGraphLaunch(exec, stream));
  cudaGraphNode_t node;
  std::size_t count = 1;
  check(cudaGraphGetNodes(first, &node, &count));
  cudaKernelNodeParams parameters;
  check(cudaGraphKernelNodeGetParams(node, &parameters));
  int value = 100;
  void* arguments[] = {&data, &value};
  parameters.kernelParams = arguments;
  check(cudaGraphExecDestroy(exec));
  check(cudaGraphInstantiate(&exec, first, 0));
  check(cudaGraphExecKernelNodeSetParams(exec, node, &parameters));
  check(cudaGraphLaunch(exec, stream));
  check(cudaStreamSynchronize(stream));
  check(cudaGraphExecDestroy(exec));
  check(cudaGraphDestroy(first));
  check(cudaGraphDestroy(second));
  check(cudaStreamDestroy(stream));
  require(take(data, 64)[1] == 111, "updates");
}

void graph_by_hand() {
  int* data = device<int>(64);
  cudaGraph_t graph;
  check(cudaGraphCreate(&graph, 0));
  int values[2] = {2, 3};
  cudaGraphNode_t nodes[2];
  for (int i = 0; i < 2; ++i) {
    void* arguments[] = {&data, &values[i]};
    cudaKernelNodeParams parameters = {};
    parameters.func = reinterpret_cast<void*>(add);
    parameters.gridDim = dim3(1);
    parameters.blockDim = dim3(64);
    parameters.kernelParams = arguments;
    check(
        cudaGraphAddKernelNode(&nodes[i], graph, nodes, static_cast<std::size_t>(i), &parameters));
  }
  cudaGraphExec_t exec;
  check(cudaGraphInstantiate(&exec, graph, 0));
  check(cudaGraphLaunch(exec, nullptr));
  check(wait());
  check(cudaGraphExecDestroy(exec));
  check(cudaGraphDestroy(graph));
  require(take(data, 64)[1] == 5, "nodes");
}

void occupancy() {
  int blocks = 0, grid = 0, threads = 0;
  check(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, add, 256, 0));
  require(blocks >= 1 && blocks <= 8, "blocks of 256 threads on a multiprocessor of 2048");
  check(cudaOccupancyMaxPotentialBlockSize(&grid, &threads, add, 0, 0));
  require(threads >= 32 && grid >= 1, "block size");
  cudaFuncAttributes attributes;
  check(cudaFuncGetAttributes(&attributes, add));
  require(attributes.maxThreadsPerBlock == 1024 && attributes.sharedSizeBytes == 0, "attributes");
}

void symbols() {
  int* data = device<int>(64);
  const int values[4] = {10, 20, 30, 40};
  const int new_offset = 1;
  check(cudaMemcpyToSymbol(table, values, sizeof values));
  check(cudaMemcpyToSymbol(offset, &new_offset, sizeof new_offset));
  add_table<<<1, 64>>>(data);
  int back[4] = {};
  check(cudaMemcpyFromSymbol(back, table, sizeof back));
  require(back[3] == 40, "symbols are read");
  void* address = nullptr;
  std::size_t bytes = 0;
  check(cudaGetSymbolAddress(&address, table));
  check(cudaGetSymbolSize(&bytes, table));
  require(address != nullptr && bytes == 16, "symbols have an address");
  require(take(data, 64)[3] == 41, "and written");
}

void launches() {
  int* to = device<int>(1);
  cudaLaunchConfig_t configuration = {};
  configuration.gridDim = dim3(3);
  configuration.blockDim = dim3(2);
  check(cudaLaunchKernelEx(&configuration, count_blocks, to));
  void* arguments[] = {&to};
  check(cudaLaunchCooperativeKernel(count_blocks, dim3(2), dim3(1), arguments, 0, nullptr));
  check(cudaLaunchKernel(count_blocks, dim3(1), dim3(5), arguments, 0, nullptr));
  require(take(to, 1)[0] == 3 * 6 + 2 * 2 + 5, "launches");
}

void host_functions() {
  static int calls = 0;
  for (int i = 0; i < 3; ++i) {
    check(cudaLaunchHostFunc(
        nullptr, [](void* sum) { ++*static_cast<int*>(sum); }, &calls));
  }
  check(cudaStreamSynchronize(nullptr));
  require(calls == 3, "host functions");
}

void threads() {
  std::vector<std::thread> all;
  std::atomic<int> right{0};
  for (int t = 0; t < 4; ++t) {
    all.emplace_back([t, &right] {
      cudaStream_t stream;
      check(cudaStreamCreate(&stream));
      int* data = device<int>(64);
      for (int i = 0; i < 20; ++i) add<<<1, 64, 0, stream>>>(data, t);
      check(cudaStreamSynchronize(stream));
      check(cudaStreamDestroy(stream));
      if (take(data, 64)[7] == 20 * t) ++right;
    });
  }
  for (std::thread& one : all) one.join();
  require(right == 4, "threads");
}

void errors() {
  require(std::string(cudaGetErrorName(cudaErrorMemoryAllocation)) == "cudaErrorMemoryAllocation" &&
              std::string(cudaGetErrorString(cudaErrorMemoryAllocation)) == "out of memory",
          "texts");
  require(cudaMalloc(nullptr, 4) == cudaErrorInvalidValue, "invalid argument");
  require(cudaPeekAtLastError() == cudaErrorInvalidValue, "peek keeps it");
  require(cudaGetLastError() == cudaErrorInvalidValue, "get returns it");
  check(cudaPeekAtLastError());
}

void out_of_memory() {
  void *first = nullptr, *second = nullptr;
  check(cudaMalloc(&first, 900 << 10));
  require(cudaMalloc(&second, 200 << 10) == cudaErrorMemoryAllocation, "the device is full");
  require(cudaGetLastError() == cudaErrorMemoryAllocation, "and says so");
  check(cudaFree(first));
  check(cudaMalloc(&second, 200 << 10));
  check(cudaFree(second));
}

void failure() {
  void *first = nullptr, *second = nullptr, *third = nullptr;
  check(cudaMalloc(&first, 16));
  require(cudaMalloc(&second, 16) != cudaSuccess, "the second call fails");
  cudaGetLastError();
  check(cudaMalloc(&third, 16));
  check(cudaFree(first));
  check(cudaFree(third));
}

}  // namespace

int main(int count, char** arguments) {
  return run_case(count, arguments,
                  {{"properties", properties},
                   {"streams", streams},
                   {"events", events},
                   {"dependencies", dependencies},
                   {"memory_forms", memory_forms},
                   {"pools", pools},
                   {"copies", copies},
                   {"graphs", graphs},
                   {"graph_updates", graph_updates},
                   {"graph_by_hand", graph_by_hand},
                   {"occupancy", occupancy},
                   {"symbols", symbols},
                   {"launches", launches},
                   {"host_functions", host_functions},
                   {"threads", threads},
                   {"errors", errors},
                   {"out_of_memory", out_of_memory},
                   {"failure", failure}});
}
