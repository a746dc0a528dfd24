// SPDX-License-Identifier: MIT
// case threads: launch "1025"
// case threads_repaired: clean
// case no_threads: launch
// case bounds: launch
// case bounds_repaired: clean
// case shared: launch
// case shared_opt_in: launch
// case shared_opt_in_repaired: clean
// case grid: launch
// case cooperative: launch
// case cooperative_repaired: clean
// case copy_kind: copy
// case copy_kind_repaired: clean
// case copy_size: out-of-bounds "400-byte allocation"
// case copy_size_repaired: clean
// case set_size: out-of-bounds "400-byte allocation"
// case set_size_repaired: clean
// case set_host: copy "cudaMemset of 64 bytes of memory of the host"
// case set_host_repaired: clean
// case copy_kind_back: copy "kind DeviceToDevice, but the destination is memory of the host"
// case copy_async_kind: copy "cudaMemcpyAsync"
// case copy_rows: out-of-bounds "cudaMemcpy2D reads 408 bytes"
// case copy_rows_repaired: clean
// case copy_freed: use-after-free "cudaMemcpy writes 400 bytes"
// case copy_symbol: copy "cudaMemcpyToSymbol of 20 bytes at offset 0 of the 16-byte symbol"
// case copy_symbol_repaired: clean
// case copy_uninitialised: uninitialised
// case copy_uninitialised_repaired: clean
// case unchecked: launch+unchecked-error
// case unchecked_repaired: clean
// case unchecked_fault: out-of-bounds+unchecked-error in write_far "nobody waited for it"
// case unchecked_fault_repaired: out-of-bounds in write_far
// case leak: leak "400 bytes was never freed: cudaMalloc called from"
// case leak_site: leak "host.cu:"
// case leak_repaired: clean
// case leak_async: leak "cudaMallocAsync"
// case leak_async_repaired: clean
// case leak_host: leak "cudaHostAlloc called from"
// case leak_host_repaired: clean
// case free_inside: double-free "byte 4 of the 400-byte allocation"
// case free_pinned: double-free "cudaFree of a pointer that it cannot free"
// case free_on_host: double-free "cudaFreeHost of a pointer that it cannot free"
// case free_async_twice: double-free "cudaFreeAsync"
// case free_repaired: clean
// case graph_memory: use-after-free in scale
// case graph_memory_early: out-of-bounds in scale
// case graph_memory_twice: double-free "the memory of a graph is freed while it is not allocated"
// case graph_memory_repaired: clean
// case sticky: out-of-bounds in write_far
// case sticky_async: out-of-bounds in write_far
// case sticky_assert: assert in fail
// case sticky_trap: trap in stop
// case sticky_misaligned: misaligned in write_odd
#include "tests/emulator/tests/case.h"

#include <cassert>

__global__ void scale(int* data) {
  data[threadIdx.x] *= 2;  // <- graph_memory graph_memory_early
}
__global__ void __launch_bounds__(128) bounded(int* data) {
  data[blockIdx.x * blockDim.x + threadIdx.x] *= 2;
}
__global__ void dynamic(int* data) {
  extern __shared__ int buffer[];
  buffer[threadIdx.x] = data[threadIdx.x];
  __syncthreads();
  data[threadIdx.x] = buffer[threadIdx.x ^ 1];
}
__global__ void write_far(int* data) {
  data[1 << 20] = 1;  // <- sticky sticky_async unchecked_fault unchecked_fault_repaired
}
__global__ void write_odd(char* data) {
  *reinterpret_cast<int*>(data + 1) = 1;  // <- sticky_misaligned
}
__global__ void fail(int* data) { assert(*data == 1); }  // <- sticky_assert
__global__ void stop(int*) { asm volatile("trap;"); }    // <- sticky_trap

__device__ int table[4];

template <class Kernel>
cudaError_t launch(Kernel kernel, dim3 grid, dim3 block, std::size_t shared = 0) {
  int* data = device<int>(2048);
  kernel<<<grid, block, shared>>>(data);
  const cudaError_t error = cudaGetLastError();
  check(cudaDeviceSynchronize());
  cudaFree(data);
  return error;
}

void threads() {
  require(launch(scale, 1, 1025) == cudaErrorInvalidConfiguration, "too many threads");
}
void threads_repaired() { check(launch(scale, 1, 1024)); }
void no_threads() { require(launch(scale, 1, 0) == cudaErrorInvalidConfiguration, "no threads"); }
void bounds() { require(launch(bounded, 1, 256) != cudaSuccess, "launch bounds"); }
void bounds_repaired() { check(launch(bounded, 1, 128)); }
void shared() { require(launch(dynamic, 1, 32, 200 << 10) != cudaSuccess, "shared memory"); }
void shared_opt_in() { require(launch(dynamic, 1, 32, 64 << 10) != cudaSuccess, "opt-in"); }
void shared_opt_in_repaired() {
  check(cudaFuncSetAttribute(dynamic, cudaFuncAttributeMaxDynamicSharedMemorySize, 64 << 10));
  check(launch(dynamic, 1, 32, 64 << 10));
}
void grid() { require(launch(scale, dim3(1, 65536), 32) != cudaSuccess, "grid"); }

void cooperative_with(unsigned blocks, bool fits) {
  int* data = device<int>(2048);
  void* arguments[] = {&data};
  const cudaError_t error =
      cudaLaunchCooperativeKernel(bounded, dim3(blocks), dim3(1), arguments, 0, nullptr);
  cudaGetLastError();
  require((error == cudaSuccess) == fits, "cooperative launch");
  check(cudaDeviceSynchronize());
  cudaFree(data);
}

// What `call` does to device memory and 200 values of the host, wrong or right.
template <class Call>
void with_memory(Call call) {
  int* data = device<int>(100);
  std::vector<int> host(200);
  call(data, host.data());
  cudaDeviceSynchronize();
  cudaGetLastError();
  cudaFree(data);
}

void copy_with(cudaMemcpyKind kind) {
  with_memory([=](int* data, int* host) { cudaMemcpy(data, host, 400, kind); });
}
void copy_kind_back() {
  with_memory([](int* data, int* host) { cudaMemcpy(host, data, 400, cudaMemcpyDeviceToDevice); });
}
void copy_async_kind() {
  with_memory([](int* data, int* host) {
    require(cudaMemcpyAsync(host, data, 400, cudaMemcpyHostToDevice, cudaStreamPerThread) ==
                cudaErrorInvalidValue,
            "the kind of a copy");
  });
}
void copy_bytes(std::size_t bytes) {
  with_memory([=](int* data, int* host) { cudaMemcpy(host, data, bytes, cudaMemcpyDeviceToHost); });
}
// 96 bytes of each of four rows of 104 or 100 bytes.
void copy_rows(std::size_t pitch) {
  with_memory([=](int* data, int* host) {
    cudaMemcpy2D(host, 104, data, pitch, 96, 4, cudaMemcpyDeviceToHost);
  });
}
void copy_freed() {
  with_memory([](int*, int* host) {
    int* gone = device<int>(100);
    check(cudaFree(gone));
    cudaMemcpy(gone, host, 400, cudaMemcpyHostToDevice);
  });
}
void copy_symbol(std::size_t bytes) {
  with_memory([=](int*, int* host) { cudaMemcpyToSymbol(table, host, bytes); });
}
void set_bytes(std::size_t bytes) {
  with_memory([=](int* data, int*) { cudaMemset(data, 0, bytes); });
}
void set_host(bool repaired) {
  with_memory([=](int* data, int* host) { cudaMemset(repaired ? data : host, 0, 64); });
}
void copy_uninitialised(bool repaired) {
  with_memory([=](int*, int* host) {
    int* data = nullptr;
    check(cudaMalloc(&data, 400));
    if (repaired) check(cudaMemset(data, 0, 400));
    check(cudaMemcpy(host, data, 400, cudaMemcpyDeviceToHost));
    check(cudaFree(data));
  });
}

void unchecked_with(bool looks) {
  int* data = device<int>(64);
  scale<<<1, looks ? 64 : 2000>>>(data);
  cudaFree(data);
}

// A kernel that faults after the last call that could have said so.
void unchecked_fault(bool looks) {
  int* data = device<int>(1);
  write_far<<<1, 1>>>(data);
  if (looks) wait();
}

void leak_with(bool frees) {
  int* data = device<int>(100);
  if (frees) cudaFree(data);
}
void leak_async(bool frees) {
  int* data = nullptr;
  check(cudaMallocAsync(&data, 400, nullptr));
  if (frees) check(cudaFreeAsync(data, nullptr));
  check(cudaStreamSynchronize(nullptr));
}
void leak_host(bool frees) {
  int* data = nullptr;
  check(cudaMallocHost(&data, 400));
  if (frees) check(cudaFreeHost(data));
}

void free_inside() {
  with_memory([](int* data, int*) {
    require(cudaFree(data + 1) == cudaErrorInvalidValue, "a pointer into the middle");
  });
}
// Memory of the host and of the device have calls of their own.
void free_swapped(bool on_host) {
  int *data = device<int>(100), *pinned = nullptr;
  check(cudaMallocHost(&pinned, 400));
  require((on_host ? cudaFreeHost(data) : cudaFree(pinned)) == cudaErrorInvalidValue, "swapped");
  cudaGetLastError();
  check(cudaFree(data));
  check(cudaFreeHost(pinned));
}
void free_async(int times) {
  int* data = nullptr;
  check(cudaMallocAsync(&data, 400, nullptr));
  for (int i = 0; i < times; ++i) cudaFreeAsync(data, nullptr);
  wait();
  check(cudaFree(nullptr));
  check(cudaFreeHost(nullptr));
  check(cudaFreeAsync(nullptr, nullptr));
}

// Memory that a graph allocates, and frees or leaves to others, is used and freed outside it.
void graph_memory(bool early, bool graph_frees, int frees) {
  cudaStream_t stream;
  cudaGraph_t graph;
  cudaGraphExec_t exec;
  int* data = nullptr;
  check(cudaStreamCreate(&stream));
  check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
  check(cudaMallocAsync(&data, 256, stream));
  check(cudaMemsetAsync(data, 0, 256, stream));
  if (graph_frees) check(cudaFreeAsync(data, stream));
  check(cudaStreamEndCapture(stream, &graph));
  check(cudaGraphInstantiate(&exec, graph, 0));
  if (!early) check(cudaGraphLaunch(exec, stream));
  if (early || frees < 2) scale<<<1, 64, 0, stream>>>(data);
  for (int i = 0; i < frees; ++i) cudaFreeAsync(data, stream);
  wait();
  cudaGraphExecDestroy(exec);
  cudaGraphDestroy(graph);
  cudaStreamDestroy(stream);
}

// After the fault of a kernel every call fails with it, until the device is reset.
template <class T>
void sticky(void (*kernel)(T*), cudaError_t fault, bool async = false) {
  T* data = device<T>(16);
  kernel<<<1, 1>>>(data);
  void* more = nullptr;
  if (async) {
    require(cudaStreamSynchronize(nullptr) == fault, "the error of the kernel, by its stream");
  }
  require(cudaDeviceSynchronize() == fault, "the error of the kernel");
  require(cudaMalloc(&more, 16) == fault, "stays");
  require(cudaMemset(data, 0, 4) == fault && cudaFree(data) == fault, "for every call");
  kernel<<<1, 1>>>(data);
  require(cudaGetLastError() == fault && cudaGetLastError() == fault, "and is not cleared");
  require(cudaDeviceSynchronize() == fault, "by looking at it");
  check(cudaDeviceReset());
  int* values = device<int>(64);
  scale<<<1, 64>>>(values);
  require(take(values, 64)[5] == 0, "but by a reset");
}

int main(int count, char** arguments) {
  return run_case(count, arguments,
                  {{"threads", threads},
                   {"threads_repaired", threads_repaired},
                   {"no_threads", no_threads},
                   {"bounds", bounds},
                   {"bounds_repaired", bounds_repaired},
                   {"shared", shared},
                   {"shared_opt_in", shared_opt_in},
                   {"shared_opt_in_repaired", shared_opt_in_repaired},
                   {"grid", grid},
                   {"cooperative", [] { cooperative_with(100000, false); }},
                   {"cooperative_repaired", [] { cooperative_with(108, true); }},
                   {"copy_kind", [] { copy_with(cudaMemcpyDeviceToHost); }},
                   {"copy_kind_repaired", [] { copy_with(cudaMemcpyHostToDevice); }},
                   {"copy_kind_back", copy_kind_back},
                   {"copy_async_kind", copy_async_kind},
                   {"copy_size", [] { copy_bytes(404); }},
                   {"copy_size_repaired", [] { copy_bytes(400); }},
                   {"copy_rows", [] { copy_rows(104); }},
                   {"copy_rows_repaired", [] { copy_rows(100); }},
                   {"copy_freed", copy_freed},
                   {"copy_symbol", [] { copy_symbol(20); }},
                   {"copy_symbol_repaired", [] { copy_symbol(16); }},
                   {"set_size", [] { set_bytes(404); }},
                   {"set_size_repaired", [] { set_bytes(400); }},
                   {"set_host", [] { set_host(false); }},
                   {"set_host_repaired", [] { set_host(true); }},
                   {"copy_uninitialised", [] { copy_uninitialised(false); }},
                   {"copy_uninitialised_repaired", [] { copy_uninitialised(true); }},
                   {"unchecked", [] { unchecked_with(false); }},
                   {"unchecked_repaired", [] { unchecked_with(true); }},
                   {"unchecked_fault", [] { unchecked_fault(false); }},
                   {"unchecked_fault_repaired", [] { unchecked_fault(true); }},
                   {"leak", [] { leak_with(false); }},
                   {"leak_site", [] { leak_with(false); }},
                   {"leak_repaired", [] { leak_with(true); }},
                   {"leak_async", [] { leak_async(false); }},
                   {"leak_async_repaired", [] { leak_async(true); }},
                   {"leak_host", [] { leak_host(false); }},
                   {"leak_host_repaired", [] { leak_host(true); }},
                   {"free_inside", free_inside},
                   {"free_pinned", [] { free_swapped(false); }},
                   {"free_on_host", [] { free_swapped(true); }},
                   {"free_async_twice", [] { free_async(2); }},
                   {"free_repaired", [] { free_async(1); }},
                   {"graph_memory", [] { graph_memory(false, true, 0); }},
                   {"graph_memory_early", [] { graph_memory(true, false, 0); }},
                   {"graph_memory_twice", [] { graph_memory(false, false, 2); }},
                   {"graph_memory_repaired", [] { graph_memory(false, false, 1); }},
                   {"sticky", [] { sticky(write_far, cudaErrorIllegalAddress); }},
                   {"sticky_async", [] { sticky(write_far, cudaErrorIllegalAddress, true); }},
                   {"sticky_assert", [] { sticky(fail, cudaErrorAssert); }},
                   {"sticky_trap", [] { sticky(stop, cudaErrorLaunchFailure); }},
                   {"sticky_misaligned", [] { sticky(write_odd, cudaErrorMisalignedAddress); }}});
}
