// SPDX-License-Identifier: MIT
// Memory that is allocated and freed in the order of a stream, and its pools.
#include "tests/emulator/runtime/allocations.h"
#include "tests/emulator/runtime/entry.h"
#include "tests/emulator/streams/graph_memory.h"

#include <algorithm>
#include <cstring>
#include <map>

using namespace emulator;

namespace {

// Freed memory stays reserved until the host waits, and then as much of it as the threshold says.
struct Pool {
  std::uint64_t threshold = 0;
  std::uint64_t used = 0, used_high = 0;
  std::uint64_t reserved = 0, reserved_high = 0;

  void trim(std::uint64_t keep) { reserved = std::max(used, std::min(reserved, keep)); }
};

// The attributes, all of type cuuint64_t. Of the reuse policies there is nothing to choose here.
struct Attribute {
  cudaMemPoolAttr which;
  std::uint64_t Pool::*value;
  std::uint64_t Pool::*reset_to;  // of a high-water mark: what setting it to 0 makes of it
};
constexpr Attribute kAttributes[] = {
    {cudaMemPoolAttrReleaseThreshold, &Pool::threshold, nullptr},
    {cudaMemPoolAttrReservedMemCurrent, &Pool::reserved, nullptr},
    {cudaMemPoolAttrReservedMemHigh, &Pool::reserved_high, &Pool::reserved},
    {cudaMemPoolAttrUsedMemCurrent, &Pool::used, nullptr},
    {cudaMemPoolAttrUsedMemHigh, &Pool::used_high, &Pool::used},
};

const Attribute* find_attribute(cudaMemPoolAttr which) {
  for (const Attribute& attribute : kAttributes) {
    if (attribute.which == which) return &attribute;
  }
  return nullptr;
}

struct Given {
  Pool* pool = nullptr;
  std::size_t bytes = 0;
};

// Guarded by device_lock(); never destroyed.
struct State {
  Pool* standard = registry<Pool>().add();
  Pool* current = standard;
  std::map<std::uint64_t, Given> given;
};

State& state() {
  static State* const result = new State;
  return *result;
}

void fill_states(std::uint64_t address, std::size_t bytes, ByteState byte) {
  std::memset(Memory::instance().shadow(address), byte, bytes);
}

// A node that allocates; the address is known at once.
cudaError_t allocate_captured(void** pointer, std::size_t bytes, Stream& stream, const char* call) {
  if (!stream.capture->valid) return cudaErrorStreamCaptureInvalidated;
  std::uint64_t address = 0;
  Work work = allocate_in_graph(bytes, call_site(call), address);
  if (address == 0) return cudaErrorMemoryAllocation;
  *pointer = reinterpret_cast<void*>(address);
  return capture_work(stream, std::move(work));
}

cudaError_t allocate_async(const char* call, void** pointer, std::size_t bytes, Pool& pool,
                           Stream& stream, cudaStream_t handle) {
  if (!pointer) return cudaErrorInvalidValue;
  *pointer = nullptr;
  if (bytes == 0) return cudaSuccess;
  if (stream.capture) return allocate_captured(pointer, bytes, stream, call);
  if (const cudaError_t error = allocate(pointer, bytes, MemoryKind::device, call)) return error;
  const auto address = reinterpret_cast<std::uint64_t>(*pointer);
  state().given[address] = {&pool, bytes};
  pool.used += bytes;
  pool.used_high = std::max(pool.used_high, pool.used);
  pool.reserved = std::max(pool.reserved, pool.used);
  pool.reserved_high = std::max(pool.reserved_high, pool.reserved);
  // Work of other streams may use it only when it comes after this.
  fill_states(address, bytes, kNoMemory);
  const auto run = [address, bytes] {
    if (Memory::instance().find(address)) fill_states(address, bytes, kAllocated);
    return cudaSuccess;
  };
  return submit(handle, {run, call});
}

cudaError_t give_pool(const char* call, cudaMemPool_t* pool, int device, Pool* which) {
  return query(call, [&] {
    *pool = reinterpret_cast<cudaMemPool_t>(which);
    return check_device(device);
  });
}

}  // namespace

namespace emulator {

bool leave_pool(std::uint64_t address) {
  const auto found = state().given.find(address);
  if (found == state().given.end()) return false;
  found->second.pool->used -= found->second.bytes;
  state().given.erase(found);
  return true;
}

void trim_pools() {
  for (Pool* pool : registry<Pool>().live()) pool->trim(pool->threshold);
}

std::uint64_t idle_in_pools() {
  std::uint64_t bytes = 0;
  for (const Pool* pool : registry<Pool>().live()) bytes += pool->reserved - pool->used;
  return bytes;
}

}  // namespace emulator

extern "C" {

cudaError_t cudaMallocAsync(void** pointer, std::size_t bytes, cudaStream_t handle) {
  return about<Stream>("cudaMallocAsync", handle, [&](Stream& stream) {
    return allocate_async("cudaMallocAsync", pointer, bytes, *state().current, stream, handle);
  });
}

cudaError_t cudaMallocFromPoolAsync(void** pointer, std::size_t bytes, cudaMemPool_t pool_handle,
                                    cudaStream_t handle) {
  return about<Stream>("cudaMallocFromPoolAsync", handle, [&](Stream& stream) {
    Pool* const pool = registry<Pool>().find(pool_handle);
    if (!pool) return cudaErrorInvalidValue;
    return allocate_async("cudaMallocFromPoolAsync", pointer, bytes, *pool, stream, handle);
  });
}

cudaError_t cudaFreeAsync(void* pointer, cudaStream_t handle) {
  return about<Stream>("cudaFreeAsync", handle, [&](Stream& stream) {
    if (!pointer) return cudaSuccess;
    if (!stream.capture) {
      const auto run = [pointer] { return free_checked(pointer, false, "cudaFreeAsync"); };
      return submit(handle, {run, "cudaFreeAsync"});
    }
    const GraphMemoryPtr memory = find_graph_memory(reinterpret_cast<std::uint64_t>(pointer));
    if (!memory) return cudaErrorInvalidValue;  // a graph frees what a graph allocated
    return capture_work(stream, release_in_graph(memory));
  });
}

cudaError_t cudaMemPoolTrimTo(cudaMemPool_t handle, std::size_t keep) {
  return about<Pool>("cudaMemPoolTrimTo", handle, [&](Pool& pool) { pool.trim(keep); });
}

cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t handle, cudaMemPoolAttr which, void* value) {
  return about<Pool>("cudaMemPoolSetAttribute", handle, [&](Pool& pool) {
    const Attribute* const attribute = find_attribute(which);
    if (!attribute) return cudaErrorInvalidValue;
    const std::uint64_t number = *static_cast<const std::uint64_t*>(value);
    if (which == cudaMemPoolAttrReleaseThreshold) {
      pool.threshold = number;
    } else if (attribute->reset_to && number == 0) {
      pool.*attribute->value = pool.*attribute->reset_to;
    } else {
      return cudaErrorInvalidValue;
    }
    return cudaSuccess;
  });
}

cudaError_t cudaMemPoolGetAttribute(cudaMemPool_t handle, cudaMemPoolAttr which, void* value) {
  return about<Pool>("cudaMemPoolGetAttribute", handle, [&](const Pool& pool) {
    const Attribute* const attribute = find_attribute(which);
    if (!attribute) return cudaErrorInvalidValue;
    *static_cast<std::uint64_t*>(value) = pool.*attribute->value;
    return cudaSuccess;
  });
}

// The one device may always read and write what its pools give.
cudaError_t cudaMemPoolSetAccess(cudaMemPool_t handle, const cudaMemAccessDesc* access,
                                 std::size_t count) {
  return about<Pool>("cudaMemPoolSetAccess", handle, [&](Pool&) {
    for (std::size_t i = 0; i < count; ++i) {
      const bool is_ours =
          access[i].location.type == cudaMemLocationTypeDevice && access[i].location.id == 0;
      if (!is_ours) return cudaErrorInvalidDevice;
      if (access[i].flags != cudaMemAccessFlagsProtReadWrite) return cudaErrorInvalidValue;
    }
    return cudaSuccess;
  });
}

cudaError_t cudaMemPoolCreate(cudaMemPool_t* pool, const cudaMemPoolProps* properties) {
  return entry("cudaMemPoolCreate", [&] {
    if (properties->allocType != cudaMemAllocationTypePinned ||
        properties->location.type != cudaMemLocationTypeDevice || properties->location.id != 0) {
      return cudaErrorInvalidValue;
    }
    *pool = reinterpret_cast<cudaMemPool_t>(registry<Pool>().add());
    return cudaSuccess;
  });
}

cudaError_t cudaMemPoolDestroy(cudaMemPool_t handle) {
  return about<Pool>("cudaMemPoolDestroy", handle, [&](Pool& pool) {
    if (&pool == state().standard) return cudaErrorInvalidValue;
    if (&pool == state().current) state().current = state().standard;
    // What it gave stays allocated.
    std::erase_if(state().given, [&](const auto& item) { return item.second.pool == &pool; });
    registry<Pool>().remove(&pool);
    return cudaSuccess;
  });
}

cudaError_t cudaDeviceGetDefaultMemPool(cudaMemPool_t* pool, int device) {
  return give_pool("cudaDeviceGetDefaultMemPool", pool, device, state().standard);
}

cudaError_t cudaDeviceGetMemPool(cudaMemPool_t* pool, int device) {
  return give_pool("cudaDeviceGetMemPool", pool, device, state().current);
}

cudaError_t cudaDeviceSetMemPool(int device, cudaMemPool_t handle) {
  return about<Pool>("cudaDeviceSetMemPool", handle, [&](Pool& pool) {
    if (device == 0) state().current = &pool;
    return check_device(device);
  });
}

}  // extern "C"
