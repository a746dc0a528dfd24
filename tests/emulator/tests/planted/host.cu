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
// case copy_uninitialised: uninitialised
// case unchecked: launch+unchecked-error
// case unchecked_repaired: clean
// case leak: leak "400 bytes"
// case leak_repaired: clean
// case leak_async: leak
// case capture_sync: capture
// case capture_malloc: capture
// case capture_legacy: capture
// case capture_repaired: clean
// case fork: unjoined-fork
// case fork_repaired: clean
// case sticky: out-of-bounds in write_far
#include "tests/emulator/tests/case.h"

__global__ void scale(int* data) { data[threadIdx.x] *= 2; }
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
  data[1 << 20] = 1;  // <- sticky
}

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

void copy_with(cudaMemcpyKind kind) {
  int* data = device<int>(100);
  int host[100] = {};
  cudaMemcpy(data, host, sizeof host, kind);
  cudaGetLastError();
  cudaFree(data);
}

void copy_bytes(std::size_t bytes) {
  int* data = device<int>(100);
  std::vector<int> host(200);
  cudaMemcpy(host.data(), data, bytes, cudaMemcpyDeviceToHost);
  cudaGetLastError();
  cudaFree(data);
}

void set_size() {
  int* data = device<int>(100);
  cudaMemset(data, 0, 404);
  cudaGetLastError();
  cudaFree(data);
}

void copy_uninitialised() {
  int* data = nullptr;
  check(cudaMalloc(&data, 400));
  int host[100];
  check(cudaMemcpy(host, data, 400, cudaMemcpyDeviceToHost));
  cudaFree(data);
}

void unchecked_with(bool looks) {
  int* data = device<int>(64);
  scale<<<1, looks ? 64 : 2000>>>(data);
  cudaFree(data);
}

void leak_with(bool frees) {
  int* data = device<int>(100);
  if (frees) cudaFree(data);
}

void leak_async() {
  int* data = nullptr;
  check(cudaMallocAsync(&data, 400, nullptr));
  check(cudaStreamSynchronize(nullptr));
}

enum class Wrong { nothing, sync, malloc, legacy };

void capture_with(Wrong wrong) {
  int* data = device<int>(64);
  cudaStream_t stream;
  check(cudaStreamCreate(&stream));
  check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
  scale<<<1, 64, 0, stream>>>(data);
  void* more = nullptr;
  cudaError_t error = cudaSuccess;
  if (wrong == Wrong::sync) error = cudaStreamSynchronize(stream);
  if (wrong == Wrong::malloc) error = cudaMalloc(&more, 16);
  if (wrong == Wrong::legacy) {
    scale<<<1, 64>>>(data);
    error = cudaGetLastError();
  }
  cudaGraph_t graph = nullptr;
  const cudaError_t end = cudaStreamEndCapture(stream, &graph);
  cudaGetLastError();
  require((error == cudaSuccess) == (wrong == Wrong::nothing), "a forbidden call fails");
  require((end == cudaSuccess) == (wrong == Wrong::nothing), "and invalidates the capture");
  if (graph) cudaGraphDestroy(graph);
  cudaStreamDestroy(stream);
  cudaFree(data);
}

void fork_with(bool joins) {
  int* data = device<int>(64);
  cudaStream_t stream, side;
  cudaEvent_t forked, joined;
  check(cudaStreamCreate(&stream));
  check(cudaStreamCreate(&side));
  check(cudaEventCreate(&forked));
  check(cudaEventCreate(&joined));
  check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
  check(cudaEventRecord(forked, stream));
  check(cudaStreamWaitEvent(side, forked, 0));
  scale<<<1, 64, 0, side>>>(data);
  check(cudaEventRecord(joined, side));
  if (joins) check(cudaStreamWaitEvent(stream, joined, 0));
  cudaGraph_t graph = nullptr;
  const cudaError_t end = cudaStreamEndCapture(stream, &graph);
  cudaGetLastError();
  require(end == (joins ? cudaSuccess : cudaErrorStreamCaptureUnjoined), "end of the capture");
  if (graph) cudaGraphDestroy(graph);
  cudaEventDestroy(forked);
  cudaEventDestroy(joined);
  cudaStreamDestroy(stream);
  cudaStreamDestroy(side);
  cudaFree(data);
}

// After an illegal address every call fails with it.
void sticky() {
  int* data = device<int>(1);
  write_far<<<1, 1>>>(data);
  require(cudaDeviceSynchronize() == cudaErrorIllegalAddress, "the error of the kernel");
  void* more = nullptr;
  require(cudaMalloc(&more, 16) == cudaErrorIllegalAddress, "stays");
  require(cudaGetLastError() == cudaErrorIllegalAddress, "and is not cleared");
  require(cudaDeviceSynchronize() == cudaErrorIllegalAddress, "by looking at it");
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
                   {"copy_size", [] { copy_bytes(404); }},
                   {"copy_size_repaired", [] { copy_bytes(400); }},
                   {"set_size", set_size},
                   {"copy_uninitialised", copy_uninitialised},
                   {"unchecked", [] { unchecked_with(false); }},
                   {"unchecked_repaired", [] { unchecked_with(true); }},
                   {"leak", [] { leak_with(false); }},
                   {"leak_repaired", [] { leak_with(true); }},
                   {"leak_async", leak_async},
                   {"capture_sync", [] { capture_with(Wrong::sync); }},
                   {"capture_malloc", [] { capture_with(Wrong::malloc); }},
                   {"capture_legacy", [] { capture_with(Wrong::legacy); }},
                   {"capture_repaired", [] { capture_with(Wrong::nothing); }},
                   {"fork", [] { fork_with(false); }},
                   {"fork_repaired", [] { fork_with(true); }},
                   {"sticky", sticky}});
}
