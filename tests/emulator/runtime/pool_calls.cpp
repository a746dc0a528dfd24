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
  int reuse[3] = {1, 1, 1};  // cudaMemPoolReuse*: kept, without a meaning here

  void trim(std::uint64_t keep) { reserved = std::max(used, std::min(reserved, keep)); }
};

struct Given {
  Pool* pool = nullptr;
  std::size_t bytes = 0;
};

// Guarded by device_lock(); never destroyed.
struct State {
  Registry<Pool> pools;
  Pool* standard = pools.add();
  Pool* current = standard;
  std::map<std::uint64_t, Given> given;
};

State& state() {
  static State* const result = new State;
  return *result;
}

Pool* find_pool(cudaMemPool_t pool) { return state().pools.find(pool); }

void fill_states(std::uint64_t address, std::size_t bytes, ByteState byte) {
  std::memset(Memory::instance().shadow(address), byte, bytes);
}

// A node that allocates; the address is known at once.
cudaError_t allocate_captured(void** pointer, std::size_t bytes, Stream& stream, const char* call) {
  if (!stream.capture->valid) return cudaErrorStreamCaptureInvalidated;
  cudaMemAllocNodeParams parameters = {};
  parameters.bytesize = bytes;
  std::uint64_t address = 0;
  Work work = allocate_in_graph(parameters, call_site(call), address);
  if (address == 0) return cudaErrorMemoryAllocation;
  *pointer = reinterpret_cast<void*>(address);
  return capture_work(stream, std::move(work));
}

cudaError_t allocate_async(void** pointer, std::size_t bytes, Pool* pool, cudaStream_t handle,
                           const char* call) {
  Stream* const stream = find_stream(handle);
  if (!stream) return cudaErrorInvalidResourceHandle;
  if (!pool || !pointer) return cudaErrorInvalidValue;
  *pointer = nullptr;
  if (bytes == 0) return cudaSuccess;
  if (stream->capture) return allocate_captured(pointer, bytes, *stream, call);
  if (const cudaError_t error = allocate(pointer, bytes, MemoryKind::device, call)) return error;
  const auto address = reinterpret_cast<std::uint64_t>(*pointer);
  state().given[address] = {pool, bytes};
  pool->used += bytes;
  pool->used_high = std::max(pool->used_high, pool->used);
  pool->reserved = std::max(pool->reserved, pool->used);
  pool->reserved_high = std::max(pool->reserved_high, pool->reserved);
  // Work of other streams may use it only when it comes after this.
  fill_states(address, bytes, kNoMemory);
  return submit(handle, {[address, bytes] {
                           if (Memory::instance().find(address)) {
                             fill_states(address, bytes, kAllocated);
                           }
                           return cudaSuccess;
                         },
                         call});
}

cudaError_t free_async(void* pointer, cudaStream_t handle) {
  Stream* const stream = find_stream(handle);
  if (!stream) return cudaErrorInvalidResourceHandle;
  if (!pointer) return cudaSuccess;
  const GraphMemoryPtr graph_memory = find_graph_memory(reinterpret_cast<std::uint64_t>(pointer));
  if (stream->capture) {
    if (!graph_memory) return cudaErrorInvalidValue;  // a graph frees what a graph allocated
    return capture_work(*stream, release_in_graph(graph_memory));
  }
  return submit(handle, {[pointer] { return free_checked(pointer, false, "cudaFreeAsync"); },
                         "cudaFreeAsync"});
}

// Attributes are of type int (reuse) or cuuint64_t.
cudaError_t set_attribute(Pool& pool, cudaMemPoolAttr attribute, const void* value) {
  if (attribute <= cudaMemPoolReuseAllowInternalDependencies) {
    pool.reuse[attribute - 1] = *static_cast<const int*>(value);
    return cudaSuccess;
  }
  const std::uint64_t number = *static_cast<const std::uint64_t*>(value);
  if (attribute == cudaMemPoolAttrReleaseThreshold) {
    pool.threshold = number;
  } else if (attribute == cudaMemPoolAttrReservedMemHigh && number == 0) {
    pool.reserved_high = pool.reserved;
  } else if (attribute == cudaMemPoolAttrUsedMemHigh && number == 0) {
    pool.used_high = pool.used;
  } else {
    return cudaErrorInvalidValue;
  }
  return cudaSuccess;
}

cudaError_t get_attribute(const Pool& pool, cudaMemPoolAttr attribute, void* value) {
  auto& number = *static_cast<std::uint64_t*>(value);
  switch (attribute) {
    case cudaMemPoolReuseFollowEventDependencies:
    case cudaMemPoolReuseAllowOpportunistic:
    case cudaMemPoolReuseAllowInternalDependencies:
      *static_cast<int*>(value) = pool.reuse[attribute - 1];
      return cudaSuccess;
    case cudaMemPoolAttrReleaseThreshold:
      number = pool.threshold;
      return cudaSuccess;
    case cudaMemPoolAttrReservedMemCurrent:
      number = pool.reserved;
      return cudaSuccess;
    case cudaMemPoolAttrReservedMemHigh:
      number = pool.reserved_high;
      return cudaSuccess;
    case cudaMemPoolAttrUsedMemCurrent:
      number = pool.used;
      return cudaSuccess;
    case cudaMemPoolAttrUsedMemHigh:
      number = pool.used_high;
      return cudaSuccess;
  }
  return cudaErrorInvalidValue;
}

template <class Body>
cudaError_t about_pool(const char* call, cudaMemPool_t handle, Body body) {
  return entry(call, [&]() -> cudaError_t {
    Pool* const pool = find_pool(handle);
    return pool ? body(*pool) : cudaErrorInvalidValue;
  });
}

cudaError_t give_pool(const char* call, cudaMemPool_t* pool, Pool* which) {
  return query(call, [&] {
    *pool = reinterpret_cast<cudaMemPool_t>(which);
    return cudaSuccess;
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
  for (Pool* pool : state().pools.live()) pool->trim(pool->threshold);
}

}  // namespace emulator

extern "C" {

cudaError_t cudaMallocAsync(void** pointer, std::size_t bytes, cudaStream_t stream) {
  return entry("cudaMallocAsync", [&] {
    return allocate_async(pointer, bytes, state().current, stream, "cudaMallocAsync");
  });
}

cudaError_t cudaMallocFromPoolAsync(void** pointer, std::size_t bytes, cudaMemPool_t pool,
                                    cudaStream_t stream) {
  return entry("cudaMallocFromPoolAsync", [&] {
    return allocate_async(pointer, bytes, find_pool(pool), stream, "cudaMallocFromPoolAsync");
  });
}

cudaError_t cudaFreeAsync(void* pointer, cudaStream_t stream) {
  return entry("cudaFreeAsync", [&] { return free_async(pointer, stream); });
}

cudaError_t cudaMemPoolTrimTo(cudaMemPool_t handle, std::size_t keep) {
  return about_pool("cudaMemPoolTrimTo", handle, [&](Pool& pool) {
    pool.trim(keep);
    return cudaSuccess;
  });
}

cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t handle, cudaMemPoolAttr attribute, void* value) {
  return about_pool("cudaMemPoolSetAttribute", handle,
                    [&](Pool& pool) { return set_attribute(pool, attribute, value); });
}

cudaError_t cudaMemPoolGetAttribute(cudaMemPool_t handle, cudaMemPoolAttr attribute, void* value) {
  return about_pool("cudaMemPoolGetAttribute", handle,
                    [&](Pool& pool) { return get_attribute(pool, attribute, value); });
}

cudaError_t cudaMemPoolSetAccess(cudaMemPool_t handle, const cudaMemAccessDesc*, std::size_t) {
  return about_pool("cudaMemPoolSetAccess", handle, [](Pool&) { return cudaSuccess; });
}

cudaError_t cudaMemPoolGetAccess(cudaMemAccessFlags* flags, cudaMemPool_t handle,
                                 cudaMemLocation*) {
  return about_pool("cudaMemPoolGetAccess", handle, [&](Pool&) {
    *flags = cudaMemAccessFlagsProtReadWrite;
    return cudaSuccess;
  });
}

cudaError_t cudaMemPoolCreate(cudaMemPool_t* pool, const cudaMemPoolProps* properties) {
  return entry("cudaMemPoolCreate", [&]() -> cudaError_t {
    if (properties->allocType != cudaMemAllocationTypePinned ||
        properties->location.type != cudaMemLocationTypeDevice || properties->location.id != 0) {
      return cudaErrorInvalidValue;
    }
    *pool = reinterpret_cast<cudaMemPool_t>(state().pools.add());
    return cudaSuccess;
  });
}

cudaError_t cudaMemPoolDestroy(cudaMemPool_t handle) {
  return about_pool("cudaMemPoolDestroy", handle, [&](Pool& pool) -> cudaError_t {
    if (&pool == state().standard) return cudaErrorInvalidValue;
    if (&pool == state().current) state().current = state().standard;
    // What it gave stays allocated.
    std::erase_if(state().given, [&](const auto& item) { return item.second.pool == &pool; });
    state().pools.remove(&pool);
    return cudaSuccess;
  });
}

cudaError_t cudaDeviceGetDefaultMemPool(cudaMemPool_t* pool, int device) {
  if (device != 0) return remember(cudaErrorInvalidDevice, "cudaDeviceGetDefaultMemPool");
  return give_pool("cudaDeviceGetDefaultMemPool", pool, state().standard);
}

cudaError_t cudaDeviceGetMemPool(cudaMemPool_t* pool, int device) {
  if (device != 0) return remember(cudaErrorInvalidDevice, "cudaDeviceGetMemPool");
  return give_pool("cudaDeviceGetMemPool", pool, state().current);
}

cudaError_t cudaDeviceSetMemPool(int device, cudaMemPool_t handle) {
  if (device != 0) return remember(cudaErrorInvalidDevice, "cudaDeviceSetMemPool");
  return about_pool("cudaDeviceSetMemPool", handle, [&](Pool& pool) {
    state().current = &pool;
    return cudaSuccess;
  });
}

}  // extern "C"
