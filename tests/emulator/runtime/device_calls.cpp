// SPDX-License-Identifier: MIT
// The one emulated device: what it says about itself, waiting for it, its last error.
#include "tests/emulator/report/options.h"
#include "tests/emulator/runtime/allocations.h"
#include "tests/emulator/runtime/device_limits.h"
#include "tests/emulator/runtime/entry.h"

#include <cstdio>

using namespace emulator;

namespace {

struct Attribute {
  cudaDeviceAttr which;
  int value;
  int cudaDeviceProp::*property = nullptr;  // that says the same
};

using Prop = cudaDeviceProp;
// Those that are not 0.
constexpr Attribute kAttributes[] = {
    {cudaDevAttrComputeCapabilityMajor, 8, &Prop::major},
    {cudaDevAttrMaxThreadsPerBlock, kMaxThreads, &Prop::maxThreadsPerBlock},
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
    {cudaDevAttrMaxPitch, kMaxPitch},
    {cudaDevAttrWarpSize, kWarpSize, &Prop::warpSize},
    {cudaDevAttrMaxRegistersPerBlock, kRegisters, &Prop::regsPerBlock},
    {cudaDevAttrMaxRegistersPerMultiprocessor, kRegisters, &Prop::regsPerMultiprocessor},
    {cudaDevAttrClockRate, 1410000},        // kHz
    {cudaDevAttrMemoryClockRate, 1215000},  // kHz
    {cudaDevAttrGlobalMemoryBusWidth, 5120, &Prop::memoryBusWidth},
    {cudaDevAttrMultiProcessorCount, kMultiprocessors, &Prop::multiProcessorCount},
    {cudaDevAttrL2CacheSize, kL2Cache, &Prop::l2CacheSize},
    {cudaDevAttrMaxThreadsPerMultiProcessor, kThreadsPerMultiprocessor,
     &Prop::maxThreadsPerMultiProcessor},
    {cudaDevAttrMaxBlocksPerMultiprocessor, kBlocksPerMultiprocessor,
     &Prop::maxBlocksPerMultiProcessor},
    {cudaDevAttrAsyncEngineCount, 3, &Prop::asyncEngineCount},
    {cudaDevAttrSingleToDoublePrecisionPerfRatio, 2},
    {cudaDevAttrGpuOverlap, 1},
    {cudaDevAttrCanMapHostMemory, 1, &Prop::canMapHostMemory},
    {cudaDevAttrConcurrentKernels, 1, &Prop::concurrentKernels},
    {cudaDevAttrUnifiedAddressing, 1, &Prop::unifiedAddressing},
    {cudaDevAttrStreamPrioritiesSupported, 1, &Prop::streamPrioritiesSupported},
    {cudaDevAttrManagedMemory, 1, &Prop::managedMemory},
    {cudaDevAttrConcurrentManagedAccess, 1, &Prop::concurrentManagedAccess},
    {cudaDevAttrCooperativeLaunch, 1, &Prop::cooperativeLaunch},
    {cudaDevAttrHostRegisterSupported, 1, &Prop::hostRegisterSupported},
    {cudaDevAttrMemoryPoolsSupported, 1, &Prop::memoryPoolsSupported},
};

void fill(cudaDeviceProp& p) {
  p = {};
  std::snprintf(p.name, sizeof p.name, "ptxrun (emulated sm_80)");
  for (const Attribute& attribute : kAttributes) {
    if (attribute.property) p.*attribute.property = attribute.value;
  }
  for (int i = 0; i < 3; ++i) {
    p.maxThreadsDim[i] = static_cast<int>(kMaxBlock[i]);
    p.maxGridSize[i] = static_cast<int>(kMaxGrid[i]);
  }
  p.totalGlobalMem = options().memory;
  p.totalConstMem = kConstantMemory;
  p.sharedMemPerBlock = kShared;
  p.sharedMemPerBlockOptin = kSharedOptIn;
  p.sharedMemPerMultiprocessor = kSharedOfMultiprocessor;
  p.reservedSharedMemPerBlock = kSharedReserved;
  p.memPitch = kMaxPitch;
}

cudaError_t give(const char* call, int* to, int value) {
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

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
  return query("cudaGetDeviceProperties", [&] {
    if (const cudaError_t error = check_device(device)) return error;
    fill(*properties);
    return cudaSuccess;
  });
}

cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr which, int device) {
  return query("cudaDeviceGetAttribute", [&] {
    if (which < 1 || which >= cudaDevAttrMax || !value) return cudaErrorInvalidValue;
    if (const cudaError_t error = check_device(device)) return error;
    *value = 0;
    for (const Attribute& attribute : kAttributes) {
      if (attribute.which == which) *value = attribute.value;
    }
    return cudaSuccess;
  });
}

cudaError_t cudaDeviceGetStreamPriorityRange(int* least, int* greatest) {
  return query("cudaDeviceGetStreamPriorityRange", [&] {
    if (least) *least = 0;
    if (greatest) *greatest = kGreatestPriority;
  });
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
      if (!allocation.freed && !allocation.is_variable()) living.push_back(address);
    }
    for (const std::uint64_t address : living) {
      leave_pool(address);
      memory.free(address);
    }
    while (!registry<Stream>().live().empty()) destroy_stream(**registry<Stream>().live().begin());
    heal();
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

// What profilers bracket: nothing here.
cudaError_t cudaProfilerStart() {
  return query("cudaProfilerStart", [] {});
}
cudaError_t cudaProfilerStop() {
  return query("cudaProfilerStop", [] {});
}

}  // extern "C"
