// SPDX-License-Identifier: MIT
// cudaMalloc and cudaFree in the forms that are not ordered by a stream.
#include "tests/emulator/report/options.h"
#include "tests/emulator/runtime/allocations.h"
#include "tests/emulator/runtime/device_limits.h"
#include "tests/emulator/runtime/entry.h"
#include "tests/emulator/runtime/transfers.h"
#include "tests/emulator/streams/graph_memory.h"

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
           std::string(call) + " of a pointer that it cannot free: " + memory.describe(address, 1));
    return cudaErrorInvalidValue;
  }
  leave_pool(address);
  memory.free(address);
  return cudaSuccess;
}

}  // namespace emulator

using namespace emulator;

namespace {

// Freeing at once waits for all work that may still use the memory.
cudaError_t free_now(void* pointer, bool host, const char* call) {
  if (!pointer) return cudaSuccess;
  if (const cudaError_t error = refuse_in_capture(call)) return error;
  ++counters().synchronisations;
  wait_all();
  const cudaError_t error = free_checked(pointer, host, call);
  return error != cudaSuccess ? error : outcome();
}

cudaError_t allocate_now(void** pointer, std::size_t bytes, MemoryKind kind, const char* call) {
  const cudaError_t error = refuse_in_capture(call);
  return error != cudaSuccess ? error : allocate(pointer, bytes, kind, call);
}

}  // namespace

extern "C" {

cudaError_t cudaMalloc(void** pointer, std::size_t bytes) {
  return entry("cudaMalloc",
               [&] { return allocate_now(pointer, bytes, MemoryKind::device, "cudaMalloc"); });
}

cudaError_t cudaMallocManaged(void** pointer, std::size_t bytes, unsigned flags) {
  return entry("cudaMallocManaged", [&]() -> cudaError_t {
    if (bytes == 0 || (flags != cudaMemAttachGlobal && flags != cudaMemAttachHost)) {
      return cudaErrorInvalidValue;
    }
    return allocate_now(pointer, bytes, MemoryKind::managed, "cudaMallocManaged");
  });
}

cudaError_t cudaMallocHost(void** pointer, std::size_t bytes) {
  return entry("cudaMallocHost",
               [&] { return allocate_now(pointer, bytes, MemoryKind::pinned, "cudaMallocHost"); });
}

cudaError_t cudaHostAlloc(void** pointer, std::size_t bytes, unsigned flags) {
  return entry("cudaHostAlloc", [&]() -> cudaError_t {
    if (flags > 7u) return cudaErrorInvalidValue;
    return allocate_now(pointer, bytes, MemoryKind::pinned, "cudaHostAlloc");
  });
}

cudaError_t cudaMallocPitch(void** pointer, std::size_t* pitch, std::size_t width,
                            std::size_t height) {
  return entry("cudaMallocPitch", [&] {
    *pitch = (width + kPitch - 1) / kPitch * kPitch;
    return allocate_now(pointer, *pitch * height, MemoryKind::device, "cudaMallocPitch");
  });
}

cudaError_t cudaMalloc3D(cudaPitchedPtr* memory, cudaExtent extent) {
  return entry("cudaMalloc3D", [&] {
    *memory = {nullptr, (extent.width + kPitch - 1) / kPitch * kPitch, extent.width, extent.height};
    return allocate_now(&memory->ptr, memory->pitch * extent.height * extent.depth,
                        MemoryKind::device, "cudaMalloc3D");
  });
}

cudaError_t cudaFree(void* pointer) {
  return entry("cudaFree", [&] { return free_now(pointer, false, "cudaFree"); });
}

cudaError_t cudaFreeHost(void* pointer) {
  return entry("cudaFreeHost", [&] { return free_now(pointer, true, "cudaFreeHost"); });
}

cudaError_t cudaHostRegister(void* pointer, std::size_t bytes, unsigned) {
  return entry("cudaHostRegister", [&]() -> cudaError_t {
    if (const cudaError_t error = refuse_in_capture("cudaHostRegister")) return error;
    if (!pointer || bytes == 0) return cudaErrorInvalidValue;
    if (owner_of(pointer) == Owner::device) return cudaErrorInvalidValue;
    if (owner_of(pointer) == Owner::shared) return cudaErrorHostMemoryAlreadyRegistered;
    Memory::instance().register_host(pointer, bytes, call_site("cudaHostRegister"));
    return cudaSuccess;
  });
}

cudaError_t cudaHostUnregister(void* pointer) {
  return entry("cudaHostUnregister", [&]() -> cudaError_t {
    const auto address = reinterpret_cast<std::uint64_t>(pointer);
    const Allocation* const allocation = Memory::instance().find(address);
    if (!allocation || allocation->kind != MemoryKind::registered ||
        allocation->address != address) {
      return cudaErrorHostMemoryNotRegistered;
    }
    wait_all();
    Memory::instance().free(address);
    return cudaSuccess;
  });
}

cudaError_t cudaHostGetDevicePointer(void** device, void* host, unsigned flags) {
  return entry("cudaHostGetDevicePointer", [&]() -> cudaError_t {
    if (flags != 0 || owner_of(host) != Owner::shared) return cudaErrorInvalidValue;
    *device = host;
    return cudaSuccess;
  });
}

cudaError_t cudaHostGetFlags(unsigned* flags, void* host) {
  return entry("cudaHostGetFlags", [&]() -> cudaError_t {
    if (owner_of(host) != Owner::shared) return cudaErrorInvalidValue;
    *flags = cudaHostAllocMapped;
    return cudaSuccess;
  });
}

cudaError_t cudaPointerGetAttributes(cudaPointerAttributes* attributes, const void* pointer) {
  return entry("cudaPointerGetAttributes", [&] {
    const auto* const allocation =
        Memory::instance().find(reinterpret_cast<std::uint64_t>(pointer));
    auto* const address = const_cast<void*>(pointer);
    *attributes = {};
    attributes->device = allocation ? 0 : cudaInvalidDeviceId;
    if (!allocation) {
      attributes->type = cudaMemoryTypeUnregistered;
      attributes->hostPointer = address;
      return cudaSuccess;
    }
    const bool device = owner_of(pointer) == Owner::device;
    attributes->type = device                                    ? cudaMemoryTypeDevice
                       : allocation->kind == MemoryKind::managed ? cudaMemoryTypeManaged
                                                                 : cudaMemoryTypeHost;
    attributes->devicePointer = address;
    attributes->hostPointer = device ? nullptr : address;
    return cudaSuccess;
  });
}

cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total) {
  return entry("cudaMemGetInfo", [&] {
    *total = options().memory;
    *free = options().memory - Memory::instance().bytes_in_use();
    return cudaSuccess;
  });
}

cudaError_t cudaMemPrefetchAsync(const void* pointer, std::size_t, cudaMemLocation, unsigned,
                                 cudaStream_t stream) {
  return entry("cudaMemPrefetchAsync", [&]() -> cudaError_t {
    if (owner_of(pointer) != Owner::shared) return cudaErrorInvalidValue;
    return submit(stream, {nullptr, "cudaMemPrefetchAsync", cudaGraphNodeTypeEmpty});
  });
}

cudaError_t cudaMemAdvise(const void* pointer, std::size_t, cudaMemoryAdvise, cudaMemLocation) {
  return entry("cudaMemAdvise", [&] {
    return owner_of(pointer) == Owner::shared ? cudaSuccess : cudaErrorInvalidValue;
  });
}

}  // extern "C"
