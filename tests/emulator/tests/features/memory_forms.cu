// SPDX-License-Identifier: MIT
// Memory in all its forms, and copies and sets of it.
// case managed: clean
// case pinned: clean
// case registered: clean
// case attributes: clean
// case standard_pool: clean
// case own_pool: clean
// case linear: clean
// case directions: clean
// case two_dimensions: clean
// case three_dimensions: clean
// case symbols: clean
// case out_of_memory: clean with --memory 1048576
// case out_of_memory_async: clean with --memory 1048576
#include "tests/emulator/tests/case.h"

namespace {

__device__ int table[4] = {1, 2, 3, 4};
__constant__ int offset = 5;
__managed__ int shared_sum = 5;

__global__ void add(int* data, int value) { data[threadIdx.x] += value; }
__global__ void add_table(int* data) { data[threadIdx.x] += table[threadIdx.x] + offset; }

void managed() {
  int *global = nullptr, *host = nullptr;
  check(cudaMallocManaged(&global, 256));
  check(cudaMallocManaged(&host, 256, cudaMemAttachHost));
  for (int i = 0; i < 64; ++i) global[i] = host[i] = i;
  add<<<1, 64>>>(global, 1);
  add<<<1, 64>>>(host, 2);
  add<<<1, 1>>>(&shared_sum, 3);
  check(wait());
  require(global[9] == 10 && host[9] == 11 && shared_sum == 8, "managed memory");
  require(cudaMallocManaged(&host, 256, 7) == cudaErrorInvalidValue, "flags");
  cudaGetLastError();
  check(cudaFree(global));
  check(cudaFree(host));
}

void pinned() {
  int *plain = nullptr, *mapped = nullptr, *on_device = nullptr, *data = device<int>(64);
  check(cudaMallocHost(&plain, 256));
  check(cudaHostAlloc(&mapped, 256, cudaHostAllocMapped | cudaHostAllocPortable));
  check(cudaHostGetDevicePointer(&on_device, mapped, 0));
  for (int i = 0; i < 64; ++i) plain[i] = mapped[i] = i;
  add<<<1, 64>>>(on_device, 2);
  check(cudaMemcpyAsync(data, plain, 256, cudaMemcpyHostToDevice, nullptr));
  add<<<1, 64>>>(data, 5);
  check(cudaMemcpyAsync(plain, data, 256, cudaMemcpyDeviceToHost, nullptr));
  check(cudaStreamSynchronize(nullptr));
  require(mapped[9] == 11 && plain[9] == 14, "pinned and mapped memory");
  check(cudaFreeHost(plain));
  check(cudaFreeHost(mapped));
  check(cudaFree(data));
}

void registered() {
  std::vector<int> host(64, 3);
  int* on_device = nullptr;
  require(cudaHostGetDevicePointer(&on_device, host.data(), 0) == cudaErrorInvalidValue,
          "pageable");
  check(cudaHostRegister(host.data(), 256, cudaHostRegisterMapped));
  require(cudaHostRegister(host.data(), 256, 0) == cudaErrorHostMemoryAlreadyRegistered, "twice");
  check(cudaHostGetDevicePointer(&on_device, host.data(), 0));
  add<<<1, 64>>>(on_device, 4);
  check(wait());
  check(cudaHostUnregister(host.data()));
  require(cudaHostUnregister(host.data()) == cudaErrorHostMemoryNotRegistered, "no longer");
  cudaGetLastError();
  require(host[17] == 7, "registered memory");
}

void attributes() {
  int local = 0, *data = device<int>(64), *both = nullptr, *host = nullptr;
  check(cudaMallocManaged(&both, 256));
  check(cudaMallocHost(&host, 256));
  const auto type = [](const void* pointer) {
    cudaPointerAttributes result;
    check(cudaPointerGetAttributes(&result, pointer));
    require((result.devicePointer == pointer) == (result.type != cudaMemoryTypeUnregistered),
            "the device's pointer");
    require((result.hostPointer == pointer) == (result.type != cudaMemoryTypeDevice),
            "the host's pointer");
    return result.type;
  };
  require(type(data + 3) == cudaMemoryTypeDevice && type(both) == cudaMemoryTypeManaged &&
              type(host) == cudaMemoryTypeHost && type(&local) == cudaMemoryTypeUnregistered,
          "types of memory");
  check(cudaFree(data));
  check(cudaFree(both));
  check(cudaFreeHost(host));
}

std::uint64_t attribute(cudaMemPool_t pool, cudaMemPoolAttr which) {
  std::uint64_t value = 0;
  check(cudaMemPoolGetAttribute(pool, which, &value));
  return value;
}

std::size_t free_bytes() {
  std::size_t free = 0, total = 0;
  check(cudaMemGetInfo(&free, &total));
  return free;
}

// The pool keeps what is freed until it is trimmed.
void standard_pool() {
  cudaMemPool_t pool, same;
  check(cudaDeviceGetDefaultMemPool(&pool, 0));
  check(cudaDeviceGetMemPool(&same, 0));
  require(same == pool, "the pool of the device");
  std::uint64_t threshold = ~0ull;
  check(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &threshold));
  cudaStream_t stream;
  check(cudaStreamCreate(&stream));
  int *data = nullptr, host[64] = {};
  check(cudaMallocAsync(&data, 256, stream));
  check(cudaMemsetAsync(data, 0, 256, stream));
  add<<<1, 64, 0, stream>>>(data, 7);
  check(cudaMemcpyAsync(host, data, 256, cudaMemcpyDeviceToHost, stream));
  check(cudaFreeAsync(data, stream));
  check(cudaStreamSynchronize(stream));
  require(host[63] == 7, "pool memory");
  require(attribute(pool, cudaMemPoolAttrUsedMemCurrent) == 0, "nothing is in use");
  require(attribute(pool, cudaMemPoolAttrReservedMemCurrent) == 256, "what is freed is kept");
  const std::size_t before = free_bytes();
  check(cudaMemPoolTrimTo(pool, 0));
  require(free_bytes() == before + 256, "trimming gives it back");
  // Without a threshold, waiting does.
  threshold = 0;
  check(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &threshold));
  check(cudaMallocAsync(&data, 512, stream));
  check(cudaFreeAsync(data, stream));
  check(cudaStreamSynchronize(stream));
  require(free_bytes() == before + 256, "waiting gives it back");
  check(cudaStreamDestroy(stream));
}

void own_pool() {
  cudaMemPool_t pool, standard, current;
  cudaMemPoolProps properties = {};
  properties.allocType = cudaMemAllocationTypePinned;
  properties.location.type = cudaMemLocationTypeHost;
  require(cudaMemPoolCreate(&pool, &properties) == cudaErrorInvalidValue, "a pool of the host");
  cudaGetLastError();
  properties.location.type = cudaMemLocationTypeDevice;
  check(cudaMemPoolCreate(&pool, &properties));
  check(cudaDeviceGetDefaultMemPool(&standard, 0));
  check(cudaDeviceSetMemPool(0, pool));
  check(cudaDeviceGetMemPool(&current, 0));
  require(current == pool, "the current pool");
  int *first = nullptr, *second = nullptr, *third = nullptr;
  check(cudaMallocAsync(&first, 256, nullptr));
  check(cudaMallocFromPoolAsync(&second, 512, pool, nullptr));
  check(cudaMallocAsync(&third, 1024, standard, nullptr));
  require(attribute(pool, cudaMemPoolAttrUsedMemCurrent) == 768 &&
              attribute(standard, cudaMemPoolAttrUsedMemCurrent) == 1024,
          "in use");
  check(cudaFreeAsync(first, nullptr));
  check(cudaFree(second));
  check(cudaFreeAsync(third, nullptr));
  check(wait());
  require(attribute(pool, cudaMemPoolAttrUsedMemCurrent) == 0 &&
              attribute(pool, cudaMemPoolAttrUsedMemHigh) == 768 &&
              attribute(pool, cudaMemPoolAttrReservedMemHigh) == 768,
          "high-water marks");
  std::uint64_t value = 0;
  check(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrUsedMemHigh, &value));
  require(attribute(pool, cudaMemPoolAttrUsedMemHigh) == 0, "are reset");
  require(
      cudaMemPoolSetAttribute(pool, cudaMemPoolAttrUsedMemCurrent, &value) == cudaErrorInvalidValue,
      "a number that is not the program's");
  require(cudaMemPoolDestroy(standard) == cudaErrorInvalidValue, "the standard pool stays");
  cudaGetLastError();
  check(cudaMemPoolDestroy(pool));
  check(cudaDeviceGetMemPool(&current, 0));
  require(current == standard, "is the current one again");
}

void linear() {
  int *data = device<int>(64), host[64];
  for (int i = 0; i < 64; ++i) host[i] = i;
  check(cudaMemcpy(data, host, 256, cudaMemcpyDefault));
  check(cudaMemset(data, 1, 8));
  check(cudaMemsetAsync(data + 2, 2, 4, nullptr));
  check(cudaMemcpyAsync(data + 32, data, 128, cudaMemcpyDeviceToDevice, nullptr));
  host[3] = 0;
  check(cudaMemcpyAsync(data + 3, host + 3, 4, cudaMemcpyDefault, nullptr));
  host[3] = 9;  // after the call the host may change what was pageable
  check(cudaMemcpyAsync(host, data, 256, cudaMemcpyDefault, nullptr));
  require(host[1] == 0x01010101 && host[2] == 0x02020202 && host[3] == 0 && host[4] == 4 &&
              host[35] == 3,
          "copies and sets");
  check(cudaMemcpy(host + 8, host, 16, cudaMemcpyHostToHost));
  check(cudaMemcpy(nullptr, nullptr, 0, cudaMemcpyDefault));
  require(host[10] == 0x02020202, "inside the host");
  require(
      cudaMemcpy(data, host, 4, static_cast<cudaMemcpyKind>(9)) == cudaErrorInvalidMemcpyDirection,
      "no direction");
  cudaGetLastError();
  check(cudaFree(data));
}

// The direction of a default copy is that of its pointers.
void directions() {
  int *data = device<int>(64), *both = nullptr, host[4] = {1, 2, 3, 4};
  check(cudaMallocManaged(&both, 256));
  const auto moves = [](const char* direction, void* to, const void* from) {
    const std::uint64_t before = counter(direction);
    check(cudaMemcpy(to, from, 16, cudaMemcpyDefault));
    check(cudaDeviceSynchronize());
    require(counter(direction) == before + 16, direction);
  };
  moves("copied_bytes.host_to_device", data, host);
  moves("copied_bytes.device_to_device", data + 4, data);
  moves("copied_bytes.device_to_host", host, data + 4);
  moves("copied_bytes.host_to_host", both, host);
  moves("copied_bytes.host_to_device", data + 8, both);
  require(take(data, 64)[11] == 4, "through all of them");
  check(cudaFree(both));
}

void two_dimensions() {
  std::vector<int> host(8 * 8), back(4 * 8, -1);
  for (int i = 0; i < 64; ++i) host[static_cast<std::size_t>(i)] = i;
  int* data = nullptr;
  std::size_t pitch = 0;
  check(cudaMallocPitch(&data, &pitch, 8 * 4, 8));
  require(pitch >= 32 && pitch % 256 == 0, "pitch");
  for (const bool async : {false, true}) {
    const auto to = cudaMemcpyHostToDevice, from = cudaMemcpyDeviceToHost;
    check(async ? cudaMemcpy2DAsync(data, pitch, host.data(), 32, 32, 8, to, nullptr)
                : cudaMemcpy2D(data, pitch, host.data(), 32, 32, 8, to));
    check(async ? cudaMemcpy2DAsync(back.data(), 16, data + 2, pitch, 16, 8, from, nullptr)
                : cudaMemcpy2D(back.data(), 16, data + 2, pitch, 16, 8, from));
    require(back[5] == 11 && back[31] == 61, "two dimensions");
    check(async ? cudaMemset2DAsync(data, pitch, 0, 16, 8, nullptr)
                : cudaMemset2D(data, pitch, 0, 16, 8));
    check(cudaMemcpy2D(back.data(), 16, data + 2, pitch, 16, 8, from));
    require(back[1] == 0 && back[2] == 4, "set in two dimensions");
  }
  require(cudaMemcpy2D(data, 31, host.data(), 32, 32, 8, cudaMemcpyHostToDevice) ==
              cudaErrorInvalidPitchValue,
          "rows that overlap");
  cudaGetLastError();
  check(cudaFree(data));
}

void three_dimensions() {
  constexpr std::size_t kWidth = 12, kHeight = 3, kDepth = 2;
  const cudaExtent all = make_cudaExtent(kWidth, kHeight, kDepth);
  cudaPitchedPtr memory;
  check(cudaMalloc3D(&memory, all));
  for (const bool async : {false, true}) {
    check(async ? cudaMemset3DAsync(memory, 7, all, nullptr) : cudaMemset3D(memory, 7, all));
    std::vector<char> host(kWidth * kHeight * kDepth, 1);
    cudaMemcpy3DParms parameters = {};
    parameters.srcPtr = memory;
    parameters.dstPtr = make_cudaPitchedPtr(host.data(), kWidth, kWidth, kHeight);
    parameters.dstPos = make_cudaPos(4, 1, 0);
    parameters.extent = make_cudaExtent(8, 2, 2);
    parameters.kind = cudaMemcpyDeviceToHost;
    check(async ? cudaMemcpy3DAsync(&parameters, nullptr) : cudaMemcpy3D(&parameters));
    for (std::size_t i = 0; i < host.size(); ++i) {
      const bool inside = i % kWidth >= 4 && i / kWidth % kHeight >= 1;
      require(host[i] == (inside ? 7 : 1), "a box of three dimensions");
    }
  }
  check(cudaFree(memory.ptr));
}

void symbols() {
  int *data = device<int>(4), values[4] = {10, 20, 30, 40}, back[4] = {};
  add_table<<<1, 4>>>(data);
  check(cudaMemcpyToSymbol(table, values, sizeof values));
  check(cudaMemcpyToSymbol(offset, values, sizeof offset));
  check(cudaMemcpyToSymbolAsync(table, values, 4, 8, cudaMemcpyHostToDevice, nullptr));
  add_table<<<1, 4>>>(data);
  check(cudaMemcpyFromSymbolAsync(back, table, 12, 0, cudaMemcpyDeviceToHost, nullptr));
  check(cudaMemcpyFromSymbol(back + 3, table, 4, 12));
  require(back[0] == 10 && back[2] == 10 && back[3] == 40, "symbols are read");
  void* address = nullptr;
  std::size_t bytes = 0;
  check(cudaGetSymbolAddress(&address, table));
  check(cudaGetSymbolSize(&bytes, table));
  check(cudaMemset(address, 0, bytes));
  check(cudaMemcpyFromSymbol(back, table, sizeof back));
  require(bytes == 16 && back[3] == 0, "and have an address");
  require(cudaGetSymbolSize(&bytes, back) == cudaErrorInvalidSymbol, "no symbol");
  cudaGetLastError();
  require(take(data, 4)[2] == 3 + 5 + 10 + 10, "and written");
}

void out_of_memory() {
  void *first = nullptr, *second = nullptr;
  check(cudaMalloc(&first, 900 << 10));
  require(cudaMalloc(&second, 200 << 10) == cudaErrorMemoryAllocation, "the device is full");
  require(second == nullptr, "no memory");
  require(cudaGetLastError() == cudaErrorMemoryAllocation, "and says so");
  check(cudaMallocHost(&second, 2 << 20));  // the host is not
  check(cudaFreeHost(second));
  check(cudaFree(first));
  check(cudaMalloc(&second, 200 << 10));
  check(cudaFree(second));
}

void out_of_memory_async() {
  int *first = nullptr, *second = nullptr;
  check(cudaMallocAsync(&first, 900 << 10, nullptr));
  require(cudaMallocAsync(&second, 200 << 10, nullptr) == cudaErrorMemoryAllocation, "full");
  cudaGetLastError();
  // What was freed before is there again, in the order of the stream.
  check(cudaFreeAsync(first, nullptr));
  check(cudaMallocAsync(&second, 200 << 10, nullptr));
  check(cudaFreeAsync(second, nullptr));
  // So it is for a graph.
  cudaGraph_t graph;
  cudaGraphNode_t node;
  cudaMemAllocNodeParams parameters = {};
  parameters.poolProps.allocType = cudaMemAllocationTypePinned;
  parameters.poolProps.location.type = cudaMemLocationTypeDevice;
  parameters.bytesize = 2 << 20;
  check(cudaGraphCreate(&graph, 0));
  require(
      cudaGraphAddMemAllocNode(&node, graph, nullptr, 0, &parameters) == cudaErrorMemoryAllocation,
      "a node");
  cudaGetLastError();
  check(cudaGraphDestroy(graph));
  check(wait());
}

}  // namespace

int main(int count, char** arguments) {
  return run_case(count, arguments,
                  {{"managed", managed},
                   {"pinned", pinned},
                   {"registered", registered},
                   {"attributes", attributes},
                   {"standard_pool", standard_pool},
                   {"own_pool", own_pool},
                   {"linear", linear},
                   {"directions", directions},
                   {"two_dimensions", two_dimensions},
                   {"three_dimensions", three_dimensions},
                   {"symbols", symbols},
                   {"out_of_memory", out_of_memory},
                   {"out_of_memory_async", out_of_memory_async}});
}
