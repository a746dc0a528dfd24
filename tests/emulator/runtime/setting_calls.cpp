// SPDX-License-Identifier: MIT
// What a program may set and nothing here depends on: it is kept and checked, so that it can be
// asked for.
#include "tests/emulator/runtime/entry.h"

#include <array>

using namespace emulator;

namespace {

struct Settings {
  unsigned flags = cudaDeviceScheduleAuto;
  // By cudaLimit; a device of this architecture lets a program choose these.
  std::array<std::size_t, 7> limits = {1024, 1 << 20, 8 << 20, 2, 2048, 64, 0};
};

Settings& settings() {
  static auto* const result = new Settings;
  return *result;
}

// Of the attributes of a stream: those that say how, not what.
bool is_hint(cudaStreamAttrID which) {
  return which == cudaLaunchAttributeAccessPolicyWindow ||
         which == cudaLaunchAttributeSynchronizationPolicy;
}

}  // namespace

extern "C" {

cudaError_t cudaSetDeviceFlags(unsigned flags) {
  return query("cudaSetDeviceFlags", [&] {
    if (flags & ~unsigned{cudaDeviceMask}) return cudaErrorInvalidValue;
    settings().flags = flags;
    return cudaSuccess;
  });
}
cudaError_t cudaGetDeviceFlags(unsigned* flags) {
  return query("cudaGetDeviceFlags", [&] { *flags = settings().flags; });
}

cudaError_t cudaDeviceSetLimit(cudaLimit limit, std::size_t value) {
  return entry("cudaDeviceSetLimit", [&] {
    if (limit >= settings().limits.size()) return cudaErrorUnsupportedLimit;
    settings().limits[limit] = value;
    return cudaSuccess;
  });
}
cudaError_t cudaDeviceGetLimit(std::size_t* value, cudaLimit limit) {
  return entry("cudaDeviceGetLimit", [&] {
    if (limit >= settings().limits.size()) return cudaErrorUnsupportedLimit;
    *value = settings().limits[limit];
    return cudaSuccess;
  });
}

cudaError_t cudaStreamSetAttribute(cudaStream_t handle, cudaStreamAttrID which,
                                   const cudaStreamAttrValue* value) {
  return about<Stream>("cudaStreamSetAttribute", handle, [&](Stream& stream) {
    if (!value || !is_hint(which)) return cudaErrorInvalidValue;
    stream.hints[which] = *value;
    return cudaSuccess;
  });
}
cudaError_t cudaStreamGetAttribute(cudaStream_t handle, cudaStreamAttrID which,
                                   cudaStreamAttrValue* value) {
  return about<Stream>("cudaStreamGetAttribute", handle, [&](Stream& stream) {
    if (!value || !is_hint(which)) return cudaErrorInvalidValue;
    *value = stream.hints[which];
    return cudaSuccess;
  });
}

// Of memory that both sides may touch; where it lies makes no difference.
cudaError_t cudaMemPrefetchAsync(const void* pointer, std::size_t bytes, cudaMemLocation location,
                                 unsigned flags, cudaStream_t stream) {
  return entry("cudaMemPrefetchAsync", [&] {
    const auto address = reinterpret_cast<std::uint64_t>(pointer);
    const Allocation* const memory = Memory::instance().find(address);
    if (!memory || memory->kind != MemoryKind::managed || flags != 0 || bytes == 0 ||
        address + bytes > memory->address + memory->bytes) {
      return cudaErrorInvalidValue;
    }
    const bool on_device = location.type == cudaMemLocationTypeDevice;
    if (on_device && location.id != 0) return cudaErrorInvalidDevice;
    return submit(stream, {nullptr, "cudaMemPrefetchAsync", cudaGraphNodeTypeEmpty});
  });
}

}  // extern "C"
