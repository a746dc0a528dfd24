// SPDX-License-Identifier: MIT
// cudaMalloc and cudaFree in the forms that are not ordered by a stream.
#include "tests/emulator/report/options.h"
#include "tests/emulator/runtime/allocations.h"
#include "tests/emulator/runtime/device_limits.h"
#include "tests/emulator/runtime/entry.h"
#include "tests/emulator/runtime/transfers.h"
#include "tests/emulator/streams/graph_memory.h"

#include <algorithm>
#include <cstring>

namespace emulator {

cudaError_t allocate(void** pointer, std::size_t bytes, MemoryKind kind, const char* call) {
  if (!pointer) return cudaErrorInvalidValue;
  *pointer = nullptr;
  if (bytes == 0) return cudaSuccess;
  Memory& memory = Memory::instance();
  std::uint64_t address = memory.allocate(bytes, kind, call_site(call));
  if (address == 0) {
    wait_all();
    address = memory.allocate(bytes, kind, call_site(call));
  }
  if (address == 0) return cudaErrorMemoryAllocation;
  // What the host writes goes unseen.
  if (kind != MemoryKind::device) memory.mark(address, bytes, true);
  *pointer = reinterpret_cast<void*>(address);
  return cudaSuccess;
}

cudaError_t free_checked(void* pointer, bool host, const char* call) {
  Memory& memory = Memory::instance();
  const auto address = reinterpret_cast<std::uint64_t>(pointer);
  if (const GraphMemoryPtr graph_memory = find_graph_memory(address)) return release(*graph_memory);
  const Allocation* const allocation = memory.find(address);
  const bool right = allocation && allocation->address == address &&
                     allocation->kind != MemoryKind::symbol &&
                     (allocation->kind == MemoryKind::pinned) == host;
  if (!right) {
    report(Check::double_free,
           text(call, " of a pointer that it cannot free: ", memory.describe(address, 1)));
    return cudaErrorInvalidValue;
  }
  leave_pool(address);
  memory.free(address);
  return cudaSuccess;
}

}  // namespace emulator

using namespace emulator;

namespace {

cudaError_t allocate_now(const char* call, void** pointer, std::size_t bytes, MemoryKind kind) {
  return entry(call, [&] {
    const cudaError_t error = refuse_in_capture(call);
    return error != cudaSuccess ? error : allocate(pointer, bytes, kind, call);
  });
}

// Freeing at once waits for all work that may still use the memory.
cudaError_t free_now(const char* call, void* pointer, bool host) {
  return entry(call, [&] {
    if (!pointer) return cudaSuccess;
    if (const cudaError_t error = refuse_in_capture(call)) return error;
    ++counters().synchronisations;
    wait_all();
    const cudaError_t error = free_checked(pointer, host, call);
    return error != cudaSuccess ? error : outcome();
  });
}

std::size_t pitch_of(std::size_t width) { return (width + kPitch - 1) / kPitch * kPitch; }

}  // namespace

extern "C" {

cudaError_t cudaMalloc(void** pointer, std::size_t bytes) {
  return allocate_now("cudaMalloc", pointer, bytes, MemoryKind::device);
}

cudaError_t cudaMallocManaged(void** pointer, std::size_t bytes, unsigned flags) {
  const bool right = flags == cudaMemAttachGlobal || flags == cudaMemAttachHost;
  return allocate_now("cudaMallocManaged", right && bytes != 0 ? pointer : nullptr, bytes,
                      MemoryKind::managed);
}

cudaError_t cudaMallocHost(void** pointer, std::size_t bytes) {
  return allocate_now("cudaMallocHost", pointer, bytes, MemoryKind::pinned);
}

cudaError_t cudaHostAlloc(void** pointer, std::size_t bytes, unsigned flags) {
  constexpr unsigned kFlags =
      cudaHostAllocPortable | cudaHostAllocMapped | cudaHostAllocWriteCombined;
  return allocate_now("cudaHostAlloc", flags & ~kFlags ? nullptr : pointer, bytes,
                      MemoryKind::pinned);
}

cudaError_t cudaMallocPitch(void** pointer, std::size_t* pitch, std::size_t width,
                            std::size_t height) {
  const std::size_t row = pitch_of(width);
  const cudaError_t error =
      allocate_now("cudaMallocPitch", pitch ? pointer : nullptr, row * height, MemoryKind::device);
  if (error == cudaSuccess) *pitch = row;
  return error;
}

cudaError_t cudaMalloc3D(cudaPitchedPtr* memory, cudaExtent extent) {
  const std::size_t row = pitch_of(extent.width);
  void* pointer = nullptr;
  const cudaError_t error = allocate_now("cudaMalloc3D", memory ? &pointer : nullptr,
                                         row * extent.height * extent.depth, MemoryKind::device);
  if (error == cudaSuccess) *memory = {pointer, row, extent.width, extent.height};
  return error;
}

cudaError_t cudaFree(void* pointer) { return free_now("cudaFree", pointer, false); }
cudaError_t cudaFreeHost(void* pointer) { return free_now("cudaFreeHost", pointer, true); }

cudaError_t cudaHostRegister(void* pointer, std::size_t bytes, unsigned) {
  return entry("cudaHostRegister", [&] {
    if (const cudaError_t error = refuse_in_capture("cudaHostRegister")) return error;
    if (!pointer || bytes == 0) return cudaErrorInvalidValue;
    if (owner_of(pointer) == Owner::device) return cudaErrorInvalidValue;
    if (owner_of(pointer) == Owner::shared) return cudaErrorHostMemoryAlreadyRegistered;
    Memory::instance().register_host(pointer, bytes, call_site("cudaHostRegister"));
    return cudaSuccess;
  });
}

cudaError_t cudaHostUnregister(void* pointer) {
  return entry("cudaHostUnregister", [&] {
    const auto address = reinterpret_cast<std::uint64_t>(pointer);
    const Allocation* const allocation = Memory::instance().find(address);
    if (!allocation || allocation->kind != MemoryKind::registered ||
        allocation->address != address) {
      return cudaErrorHostMemoryNotRegistered;
    }
    if (const cudaError_t error = refuse_in_capture("cudaHostUnregister")) return error;
    wait_all();
    Memory::instance().free(address);
    return cudaSuccess;
  });
}

cudaError_t cudaHostGetDevicePointer(void** device, void* host, unsigned flags) {
  return entry("cudaHostGetDevicePointer", [&] {
    if (flags != 0 || owner_of(host) != Owner::shared) return cudaErrorInvalidValue;
    *device = host;
    return cudaSuccess;
  });
}

cudaError_t cudaPointerGetAttributes(cudaPointerAttributes* attributes, const void* pointer) {
  return entry("cudaPointerGetAttributes", [&] {
    const auto* const allocation =
        Memory::instance().find(reinterpret_cast<std::uint64_t>(pointer));
    auto* const address = const_cast<void*>(pointer);
    const bool device = owner_of(pointer) == Owner::device;
    *attributes = {};
    if (!allocation) {
      attributes->type = cudaMemoryTypeUnregistered;
      attributes->device = cudaInvalidDeviceId;
    } else {
      attributes->type = device                                    ? cudaMemoryTypeDevice
                         : allocation->kind == MemoryKind::managed ? cudaMemoryTypeManaged
                                                                   : cudaMemoryTypeHost;
      attributes->devicePointer = address;
    }
    attributes->hostPointer = device ? nullptr : address;
  });
}

cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total) {
  return entry("cudaMemGetInfo", [&] {
    *total = options().memory;
    const std::uint64_t taken = counters().memory_in_use + idle_in_pools();
    *free = options().memory - std::min<std::uint64_t>(options().memory, taken);
  });
}

}  // extern "C"
