// SPDX-License-Identifier: MIT
// The device, its memory, symbols, launches and errors.
// case properties: clean
// case memory_forms: clean
// case pools: clean
// case copies: clean
// case three_dimensions: clean
// case symbols: clean
// case occupancy: clean
// case launches: clean
// case errors: clean
// case out_of_memory: clean with --memory 1048576
// case failure: clean with --fail cudaMalloc:2
#include "tests/emulator/tests/case.h"

#include <cstdint>
#include <string>

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
  std::size_t free_before = 0, free_after = 0, total = 0;
  check(cudaMemGetInfo(&free_before, &total));
  check(cudaMemPoolTrimTo(pool, 0));
  check(cudaMemGetInfo(&free_after, &total));
  require(free_after == free_before + 256, "trimming gives back what the pool kept");
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

void three_dimensions() {
  constexpr std::size_t kWidth = 12, kHeight = 3, kDepth = 2;
  cudaPitchedPtr memory;
  check(cudaMalloc3D(&memory, make_cudaExtent(kWidth, kHeight, kDepth)));
  check(cudaMemset3D(memory, 7, make_cudaExtent(kWidth, kHeight, kDepth)));
  std::vector<char> host(kWidth * kHeight * kDepth, 1);
  cudaMemcpy3DParms parameters = {};
  parameters.srcPtr = memory;
  parameters.dstPtr = make_cudaPitchedPtr(host.data(), kWidth, kWidth, kHeight);
  parameters.dstPos = make_cudaPos(4, 1, 0);
  parameters.extent = make_cudaExtent(8, 2, 2);
  parameters.kind = cudaMemcpyDeviceToHost;
  check(cudaMemcpy3D(&parameters));
  for (std::size_t i = 0; i < host.size(); ++i) {
    const bool inside = i % kWidth >= 4 && i / kWidth % kHeight >= 1;
    require(host[i] == (inside ? 7 : 1), "a box of three dimensions");
  }
  check(cudaFree(memory.ptr));
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
                   {"memory_forms", memory_forms},
                   {"pools", pools},
                   {"copies", copies},
                   {"three_dimensions", three_dimensions},
                   {"symbols", symbols},
                   {"occupancy", occupancy},
                   {"launches", launches},
                   {"errors", errors},
                   {"out_of_memory", out_of_memory},
                   {"failure", failure}});
}
