// SPDX-License-Identifier: MIT
// What programs call that nvcc compiled with --default-stream per-thread: stream 0 is the calling
// thread's own.
#include <cuda_runtime_api.h>

#include <cstddef>
#include <type_traits>

namespace {

cudaStream_t own(cudaStream_t stream) { return stream ? stream : cudaStreamPerThread; }
template <class T>
T own(T argument) {
  return argument;
}

// The call with its stream replaced.
template <class... Parameters>
cudaError_t forward(cudaError_t (*call)(Parameters...),
                    std::type_identity_t<Parameters>... values) {
  return call(own(values)...);
}

}  // namespace

extern "C" {

cudaError_t __cudaLaunchKernel(cudaKernel_t, dim3, dim3, void**, std::size_t, cudaStream_t);

cudaError_t __cudaLaunchKernel_ptsz(cudaKernel_t kernel, dim3 grid, dim3 block, void** arguments,
                                    std::size_t shared, cudaStream_t stream) {
  return forward(__cudaLaunchKernel, kernel, grid, block, arguments, shared, stream);
}
cudaError_t cudaLaunchKernel_ptsz(const void* function, dim3 grid, dim3 block, void** arguments,
                                  std::size_t shared, cudaStream_t stream) {
  return forward(cudaLaunchKernel, function, grid, block, arguments, shared, stream);
}
cudaError_t cudaLaunchCooperativeKernel_ptsz(const void* function, dim3 grid, dim3 block,
                                             void** arguments, std::size_t shared,
                                             cudaStream_t stream) {
  return forward(cudaLaunchCooperativeKernel, function, grid, block, arguments, shared, stream);
}
cudaError_t cudaLaunchKernelExC_ptsz(const cudaLaunchConfig_t* config, const void* function,
                                     void** arguments) {
  cudaLaunchConfig_t changed = *config;
  changed.stream = own(config->stream);
  return cudaLaunchKernelExC(&changed, function, arguments);
}
cudaError_t cudaLaunchHostFunc_ptsz(cudaStream_t stream, cudaHostFn_t function, void* data) {
  return forward(cudaLaunchHostFunc, stream, function, data);
}
cudaError_t cudaGraphLaunch_ptsz(cudaGraphExec_t exec, cudaStream_t stream) {
  return forward(cudaGraphLaunch, exec, stream);
}

cudaError_t cudaMallocAsync_ptsz(void** pointer, std::size_t bytes, cudaStream_t stream) {
  return forward(cudaMallocAsync, pointer, bytes, stream);
}
cudaError_t cudaFreeAsync_ptsz(void* pointer, cudaStream_t stream) {
  return forward(cudaFreeAsync, pointer, stream);
}
cudaError_t cudaMemcpyAsync_ptsz(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind,
                                 cudaStream_t stream) {
  return forward(cudaMemcpyAsync, to, from, bytes, kind, stream);
}
cudaError_t cudaMemsetAsync_ptsz(void* to, int value, std::size_t bytes, cudaStream_t stream) {
  return forward(cudaMemsetAsync, to, value, bytes, stream);
}

cudaError_t cudaStreamSynchronize_ptsz(cudaStream_t stream) {
  return forward(cudaStreamSynchronize, stream);
}
cudaError_t cudaStreamQuery_ptsz(cudaStream_t stream) { return forward(cudaStreamQuery, stream); }
cudaError_t cudaStreamWaitEvent_ptsz(cudaStream_t stream, cudaEvent_t event, unsigned flags) {
  return forward(cudaStreamWaitEvent, stream, event, flags);
}
cudaError_t cudaEventRecord_ptsz(cudaEvent_t event, cudaStream_t stream) {
  return forward(cudaEventRecord, event, stream);
}
cudaError_t cudaStreamBeginCapture_ptsz(cudaStream_t stream, cudaStreamCaptureMode mode) {
  return forward(cudaStreamBeginCapture, stream, mode);
}
cudaError_t cudaStreamEndCapture_ptsz(cudaStream_t stream, cudaGraph_t* graph) {
  return forward(cudaStreamEndCapture, stream, graph);
}
cudaError_t cudaStreamIsCapturing_ptsz(cudaStream_t stream, cudaStreamCaptureStatus* status) {
  return forward(cudaStreamIsCapturing, stream, status);
}

}  // extern "C"
