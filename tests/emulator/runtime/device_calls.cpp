// SPDX-License-Identifier: MIT
// The one emulated device: what it says about itself, waiting for it, its limits, its last error.
#include "tests/emulator/report/options.h"
#include "tests/emulator/runtime/allocations.h"
#include "tests/emulator/runtime/device_limits.h"
#include "tests/emulator/runtime/entry.h"

#include <cstdio>
#include <cstring>
#include <map>

using namespace emulator;

namespace {

constexpr int kClock = 1410000;        // kHz
constexpr int kMemoryClock = 1215000;  // kHz

// Attributes that are not 0.
const std::map<int, int>& attributes() {
  static const auto* const result = new std::map<int, int>{
      {cudaDevAttrMaxThreadsPerBlock, kMaxThreads},
      {cudaDevAttrMaxBlockDimX, kMaxBlock[0]},
      {cudaDevAttrMaxBlockDimY, kMaxBlock[1]},
      {cudaDevAttrMaxBlockDimZ, kMaxBlock[2]},
      {cudaDevAttrMaxGridDimX, kMaxGrid[0]},
      {cudaDevAttrMaxGridDimY, kMaxGrid[1]},
      {cudaDevAttrMaxGridDimZ, kMaxGrid[2]},
      {cudaDevAttrMaxSharedMemoryPerBlock, kShared},
      {cudaDevAttrMaxSharedMemoryPerBlockOptin, kSharedOptIn},
      {cudaDevAttrMaxSharedMemoryPerMultiprocessor, kSharedOfMultiprocessor},
      {cudaDevAttrReservedSharedMemoryPerBlock, kSharedReserved},
      {cudaDevAttrTotalConstantMemory, kConstantMemory},
      {cudaDevAttrWarpSize, kWarpSize},
      {cudaDevAttrMaxPitch, kMaxPitch},
      {cudaDevAttrMaxRegistersPerBlock, kRegisters},
      {cudaDevAttrMaxRegistersPerMultiprocessor, kRegisters},
      {cudaDevAttrClockRate, kClock},
      {cudaDevAttrMemoryClockRate, kMemoryClock},
      {cudaDevAttrGlobalMemoryBusWidth, 5120},
      {cudaDevAttrTextureAlignment, 512},
      {cudaDevAttrTexturePitchAlignment, 32},
      {cudaDevAttrSurfaceAlignment, 512},
      {cudaDevAttrGpuOverlap, 1},
      {cudaDevAttrMultiProcessorCount, kMultiprocessors},
      {cudaDevAttrCanMapHostMemory, 1},
      {cudaDevAttrConcurrentKernels, 1},
      {cudaDevAttrL2CacheSize, kL2Cache},
      {cudaDevAttrMaxThreadsPerMultiProcessor, kThreadsPerMultiprocessor},
      {cudaDevAttrMaxBlocksPerMultiprocessor, kBlocksPerMultiprocessor},
      {cudaDevAttrAsyncEngineCount, 3},
      {cudaDevAttrUnifiedAddressing, 1},
      {cudaDevAttrComputeCapabilityMajor, 8},
      {cudaDevAttrStreamPrioritiesSupported, 1},
      {cudaDevAttrGlobalL1CacheSupported, 1},
      {cudaDevAttrLocalL1CacheSupported, 1},
      {cudaDevAttrManagedMemory, 1},
      {cudaDevAttrSingleToDoublePrecisionPerfRatio, 2},
      {cudaDevAttrConcurrentManagedAccess, 1},
      {cudaDevAttrComputePreemptionSupported, 1},
      {cudaDevAttrCanUseHostPointerForRegisteredMem, 1},
      {cudaDevAttrCooperativeLaunch, 1},
      {cudaDevAttrHostRegisterSupported, 1},
      {cudaDevAttrMemoryPoolsSupported, 1},
      {cudaDevAttrMemSyncDomainCount, 1},
      {cudaDevAttrNumaId, -1},
      {cudaDevAttrHostNumaId, -1},
  };
  return *result;
}

int attribute(cudaDeviceAttr which) {
  const auto found = attributes().find(which);
  return found == attributes().end() ? 0 : found->second;
}

std::map<cudaLimit, std::size_t>& limits() {
  static auto* const result = new std::map<cudaLimit, std::size_t>{
      {cudaLimitStackSize, 1024},          {cudaLimitPrintfFifoSize, 1 << 20},
      {cudaLimitMallocHeapSize, 8 << 20},  {cudaLimitMaxL2FetchGranularity, 64},
      {cudaLimitPersistingL2CacheSize, 0},
  };
  return *result;
}

unsigned device_flags = cudaDeviceScheduleAuto;

void fill(cudaDeviceProp& p) {
  p = {};
  std::snprintf(p.name, sizeof p.name, "ptxrun (emulated sm_80)");
  p.totalGlobalMem = options().memory;
  p.sharedMemPerBlock = kShared;
  p.regsPerBlock = p.regsPerMultiprocessor = kRegisters;
  p.warpSize = kWarpSize;
  p.memPitch = kMaxPitch;
  p.maxThreadsPerBlock = kMaxThreads;
  for (int i = 0; i < 3; ++i) {
    p.maxThreadsDim[i] = static_cast<int>(kMaxBlock[i]);
    p.maxGridSize[i] = static_cast<int>(kMaxGrid[i]);
  }
  p.totalConstMem = kConstantMemory;
  p.major = 8;
  p.textureAlignment = p.surfaceAlignment = 512;
  p.texturePitchAlignment = 32;
  p.multiProcessorCount = kMultiprocessors;
  p.asyncEngineCount = attribute(cudaDevAttrAsyncEngineCount);
  p.memoryBusWidth = attribute(cudaDevAttrGlobalMemoryBusWidth);
  p.l2CacheSize = kL2Cache;
  p.maxThreadsPerMultiProcessor = kThreadsPerMultiprocessor;
  p.maxBlocksPerMultiProcessor = kBlocksPerMultiprocessor;
  p.sharedMemPerMultiprocessor = kSharedOfMultiprocessor;
  p.sharedMemPerBlockOptin = kSharedOptIn;
  p.reservedSharedMemPerBlock = kSharedReserved;
  p.canMapHostMemory = p.concurrentKernels = p.unifiedAddressing = 1;
  p.streamPrioritiesSupported = p.globalL1CacheSupported = p.localL1CacheSupported = 1;
  p.managedMemory = p.concurrentManagedAccess = p.computePreemptionSupported = 1;
  p.canUseHostPointerForRegisteredMem = p.cooperativeLaunch = p.hostRegisterSupported = 1;
  p.memoryPoolsSupported = 1;
  p.hostNumaId = p.deviceNumaId = -1;
}

cudaError_t check_device(int device) { return device == 0 ? cudaSuccess : cudaErrorInvalidDevice; }

template <class T>
cudaError_t give(const char* call, T* to, T value) {
  return query(call, [&] {
    if (!to) return cudaErrorInvalidValue;
    *to = value;
    return cudaSuccess;
  });
}

}  // namespace

extern "C" {

cudaError_t cudaGetDeviceCount(int* count) { return give("cudaGetDeviceCount", count, 1); }
cudaError_t cudaGetDevice(int* device) { return give("cudaGetDevice", device, 0); }
cudaError_t cudaDriverGetVersion(int* version) {
  return give("cudaDriverGetVersion", version, CUDART_VERSION);
}
cudaError_t cudaRuntimeGetVersion(int* version) {
  return give("cudaRuntimeGetVersion", version, CUDART_VERSION);
}
cudaError_t cudaSetDevice(int device) {
  return query("cudaSetDevice", [&] { return check_device(device); });
}
cudaError_t cudaInitDevice(int device, unsigned, unsigned) {
  return query("cudaInitDevice", [&] { return check_device(device); });
}
cudaError_t cudaChooseDevice(int* device, const cudaDeviceProp*) {
  return give("cudaChooseDevice", device, 0);
}
cudaError_t cudaSetDeviceFlags(unsigned flags) {
  return query("cudaSetDeviceFlags", [&] {
    device_flags = flags;
    return cudaSuccess;
  });
}
cudaError_t cudaGetDeviceFlags(unsigned* flags) {
  return give("cudaGetDeviceFlags", flags, device_flags);
}
cudaError_t cudaDeviceCanAccessPeer(int* can, int, int) {
  return give("cudaDeviceCanAccessPeer", can, 0);
}
cudaError_t cudaDeviceEnablePeerAccess(int, unsigned) {
  return query("cudaDeviceEnablePeerAccess", [] { return cudaErrorInvalidDevice; });
}
cudaError_t cudaDeviceDisablePeerAccess(int) {
  return query("cudaDeviceDisablePeerAccess", [] { return cudaErrorPeerAccessNotEnabled; });
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
  return query("cudaGetDeviceProperties", [&] {
    if (const cudaError_t error = check_device(device)) return error;
    fill(*properties);
    return cudaSuccess;
  });
}

cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr which, int device) {
  return query("cudaDeviceGetAttribute", [&]() -> cudaError_t {
    if (which < 1 || which >= cudaDevAttrMax || !value) return cudaErrorInvalidValue;
    if (const cudaError_t error = check_device(device)) return error;
    *value = attribute(which);
    return cudaSuccess;
  });
}

cudaError_t cudaDeviceGetPCIBusId(char* id, int length, int device) {
  return query("cudaDeviceGetPCIBusId", [&] {
    if (const cudaError_t error = check_device(device)) return error;
    std::snprintf(id, static_cast<std::size_t>(length), "0000:00:00.0");
    return cudaSuccess;
  });
}

cudaError_t cudaDeviceGetStreamPriorityRange(int* least, int* greatest) {
  return query("cudaDeviceGetStreamPriorityRange", [&] {
    if (least) *least = 0;
    if (greatest) *greatest = -5;
    return cudaSuccess;
  });
}

cudaError_t cudaDeviceSetLimit(cudaLimit limit, std::size_t value) {
  return entry("cudaDeviceSetLimit", [&] {
    const auto found = limits().find(limit);
    if (found == limits().end()) return cudaErrorUnsupportedLimit;
    found->second = value;
    return cudaSuccess;
  });
}

cudaError_t cudaDeviceGetLimit(std::size_t* value, cudaLimit limit) {
  return entry("cudaDeviceGetLimit", [&] {
    const auto found = limits().find(limit);
    if (found == limits().end()) return cudaErrorUnsupportedLimit;
    *value = found->second;
    return cudaSuccess;
  });
}

cudaError_t cudaDeviceSetCacheConfig(cudaFuncCache) {
  return entry("cudaDeviceSetCacheConfig", [] { return cudaSuccess; });
}

cudaError_t cudaDeviceGetCacheConfig(cudaFuncCache* config) {
  return give("cudaDeviceGetCacheConfig", config, cudaFuncCachePreferNone);
}

cudaError_t cudaCtxResetPersistingL2Cache() {
  return entry("cudaCtxResetPersistingL2Cache", [] { return cudaSuccess; });
}

cudaError_t cudaDeviceSynchronize() {
  return entry("cudaDeviceSynchronize", [] {
    if (const cudaError_t error = refuse_device_wait("cudaDeviceSynchronize")) return error;
    ++counters().synchronisations;
    wait_all();
    trim_pools();
    return outcome();
  });
}

// Ends allocations and streams, and a fault. Stream-ordered allocations end too.
cudaError_t cudaDeviceReset() {
  return query("cudaDeviceReset", [] {
    wait_all();
    Memory& memory = Memory::instance();
    std::vector<std::uint64_t> living;
    for (const auto& [address, allocation] : memory.allocations()) {
      if (!allocation.freed && allocation.kind != MemoryKind::symbol &&
          allocation.origin.rfind("__managed__", 0) != 0)
        living.push_back(address);
    }
    for (const std::uint64_t address : living) {
      leave_pool(address);
      memory.free(address);
    }
    while (!streams().live().empty()) destroy_stream(**streams().live().begin());
    heal();
    return cudaSuccess;
  });
}

cudaError_t cudaGetLastError() {
  const std::lock_guard lock(device_lock());
  return last_error(true);
}

cudaError_t cudaPeekAtLastError() {
  const std::lock_guard lock(device_lock());
  return last_error(false);
}

cudaError_t cudaProfilerStart() { return cudaSuccess; }
cudaError_t cudaProfilerStop() { return cudaSuccess; }

}  // extern "C"
