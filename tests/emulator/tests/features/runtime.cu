// SPDX-License-Identifier: MIT
// The device, symbols, kernels, launches and errors.
// case properties: clean
// case occupancy: clean
// case attributes: clean
// case launches: clean
// case errors: clean
// case failure: clean with --fail cudaMalloc:2
// case templates: clean with --fail cudaMallocHost:1 --fail cudaMallocAsync:1
// case launch_template: clean with --fail cudaLaunchKernelEx:1
// case occupancy_template: clean with --fail cudaOccupancyMaxActiveBlocksPerMultiprocessor:1
#include "tests/emulator/tests/case.h"

#include <string>
#include <thread>

namespace {

__global__ void add(int* data, int value) { data[blockIdx.x * blockDim.x + threadIdx.x] += value; }
__global__ void __launch_bounds__(128) bounded(int* data) { data[threadIdx.x] = 1; }
__global__ void with_shared(int* data) {
  __shared__ int buffer[64];
  buffer[threadIdx.x] = data[threadIdx.x];
  __syncthreads();
  data[threadIdx.x] = buffer[63 - threadIdx.x];
}
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

// By hand, for an sm_80: 2048 threads, 32 blocks, 65536 registers and 164 KiB a multiprocessor,
// of which a block takes 1 KiB more than it asks for.
void occupancy() {
  const auto blocks = [](auto kernel, int threads, std::size_t shared) {
    int result = -1, same = -2;
    check(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&result, kernel, threads, shared));
    check(cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(&same, kernel, threads, shared,
                                                                 cudaOccupancyDefault));
    require(result == same, "both calls");
    return result;
  };
  require(blocks(add, 256, 0) == 8 && blocks(add, 1024, 0) == 2 && blocks(add, 32, 0) == 32,
          "by threads and blocks");
  require(blocks(add, 32, 40 << 10) == 4, "by shared memory");
  require(blocks(add, 2000, 0) == 0 && blocks(bounded, 256, 0) == 0, "too many threads");
  int count = 0, grid = 0, threads = 0;
  require(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&count, add, 0, 0) == cudaErrorInvalidValue,
          "no threads");
  cudaGetLastError();
  check(cudaOccupancyMaxPotentialBlockSize(&grid, &threads, add, 0, 0));
  require(threads == 1024 && grid == 2 * 108, "block size");
}

void attributes() {
  cudaFuncAttributes found;
  check(cudaFuncGetAttributes(&found, with_shared));
  require(found.maxThreadsPerBlock == 1024 && found.sharedSizeBytes == 256 &&
              found.maxDynamicSharedSizeBytes == (48 << 10) - 256 && found.numRegs >= 1 &&
              found.ptxVersion == 80,
          "attributes");
  check(cudaFuncGetAttributes(&found, bounded));
  require(found.maxThreadsPerBlock == 128, "launch bounds");
  const auto set = [](cudaFuncAttribute which, int value) {
    const cudaError_t error = cudaFuncSetAttribute(with_shared, which, value);
    cudaGetLastError();
    return error;
  };
  const auto dynamic = cudaFuncAttributeMaxDynamicSharedMemorySize;
  const auto carveout = cudaFuncAttributePreferredSharedMemoryCarveout;
  require(set(dynamic, (163 << 10) - 255) == cudaErrorInvalidValue &&
              set(dynamic, -1) == cudaErrorInvalidValue &&
              set(carveout, 101) == cudaErrorInvalidValue,
          "values that an sm_80 does not have");
  check(set(dynamic, (163 << 10) - 256));
  check(set(carveout, 50));
  check(cudaFuncGetAttributes(&found, with_shared));
  require(
      found.maxDynamicSharedSizeBytes == (163 << 10) - 256 && found.preferredShmemCarveout == 50,
      "are set");
  int no_kernel = 0;
  require(cudaFuncGetAttributes(&found, &no_kernel) == cudaErrorInvalidDeviceFunction, "no kernel");
  cudaGetLastError();
}

void launches() {
  int* to = device<int>(1);
  void* arguments[] = {&to};
  cudaLaunchAttribute attribute = {};
  cudaLaunchConfig_t configuration = {};
  configuration.gridDim = dim3(3);
  configuration.blockDim = dim3(2);
  check(cudaLaunchKernelEx(&configuration, count_blocks, to));
  configuration.attrs = &attribute;
  configuration.numAttrs = 1;
  attribute.id = cudaLaunchAttributeCooperative;
  attribute.val.cooperative = 1;
  check(cudaLaunchKernelEx(&configuration, count_blocks, to));
  attribute.id = cudaLaunchAttributeClusterDimension;
  attribute.val.clusterDim = {2, 1, 1};
  require(cudaLaunchKernelEx(&configuration, count_blocks, to) == cudaErrorNotSupported,
          "clusters");
  require(cudaLaunchKernel(arguments, dim3(1), dim3(1), arguments, 0, nullptr) ==
              cudaErrorInvalidDeviceFunction,
          "no kernel");
  cudaGetLastError();
  check(cudaLaunchCooperativeKernel(count_blocks, dim3(2), dim3(1), arguments, 0, nullptr));
  check(cudaLaunchKernel(count_blocks, dim3(1), dim3(5), arguments, 0, nullptr));
  require(take(to, 1)[0] == 2 * 3 * 6 + 2 * 2 + 5, "launches");
}

void errors() {
  const auto is = [](cudaError_t error, const char* name, const char* text) {
    require(std::string(cudaGetErrorName(error)) == name, name);
    require(std::string(cudaGetErrorString(error)) == text, text);
  };
  is(cudaSuccess, "cudaSuccess", "no error");
  is(cudaErrorMemoryAllocation, "cudaErrorMemoryAllocation", "out of memory");
  is(cudaErrorIllegalAddress, "cudaErrorIllegalAddress",
     "an illegal memory access was encountered");
  is(cudaErrorNotReady, "cudaErrorNotReady", "device not ready");
  is(static_cast<cudaError_t>(12345), "unrecognized error code", "unrecognized error code");
  require(cudaMalloc(nullptr, 4) == cudaErrorInvalidValue, "invalid argument");
  check(cudaSetDevice(0));
  require(cudaPeekAtLastError() == cudaErrorInvalidValue, "a success keeps it, so does peek");
  std::thread([] { check(cudaPeekAtLastError()); }).join();
  require(cudaGetLastError() == cudaErrorInvalidValue, "get returns it");
  check(cudaPeekAtLastError());
}

void failure() {
  void *first = nullptr, *second = nullptr, *third = nullptr;
  check(cudaMalloc(&first, 16));
  require(cudaMalloc(&second, 16) == cudaErrorMemoryAllocation, "the second call fails");
  require(second == nullptr && cudaGetLastError() == cudaErrorMemoryAllocation, "as others do");
  check(cudaMalloc(&third, 16));
  check(cudaFree(first));
  check(cudaFree(third));
}

// The names are what the program writes, not what CUDA's headers make of it.
void templates() {
  int* more = nullptr;
  cudaMemPool_t pool;
  check(cudaDeviceGetDefaultMemPool(&pool, 0));
  require(cudaMallocHost(&more, 16) == cudaErrorMemoryAllocation, "cudaMallocHost");
  require(cudaMallocAsync(&more, 16, pool, nullptr) == cudaErrorMemoryAllocation, "async");
  cudaGetLastError();
  check(cudaHostAlloc(&more, 16, 0));
  check(cudaFreeHost(more));
}

void launch_template() {
  int* data = device<int>(1);
  cudaLaunchConfig_t configuration = {};
  configuration.gridDim = configuration.blockDim = dim3(1);
  require(cudaLaunchKernelEx(&configuration, count_blocks, data) == cudaErrorLaunchOutOfResources,
          "a launch");
  cudaGetLastError();
  require(take(data, 1)[0] == 0, "nothing ran");
}

void occupancy_template() {
  int blocks = 0;
  require(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, add, 32, 0) == cudaErrorUnknown,
          "occupancy");
  cudaGetLastError();
}

}  // namespace

int main(int count, char** arguments) {
  return run_case(count, arguments,
                  {{"properties", properties},
                   {"occupancy", occupancy},
                   {"attributes", attributes},
                   {"launches", launches},
                   {"errors", errors},
                   {"failure", failure},
                   {"templates", templates},
                   {"launch_template", launch_template},
                   {"occupancy_template", occupancy_template}});
}
