// SPDX-License-Identifier: MIT
#include "tests/emulator/runtime/transfers.h"

#include "tests/emulator/memory/memory.h"
#include "tests/emulator/report/counters.h"

#include <cstring>
#include <memory>
#include <vector>

namespace emulator {
namespace {

// By cudaMemcpyKind, whose bit 0 says that the destination is the device's, bit 1 that the source
// is.
constexpr const char* kKinds[] = {"HostToHost", "HostToDevice", "DeviceToHost", "DeviceToDevice"};
constexpr const char* kDirections[] = {"host_to_host", "host_to_device", "device_to_host",
                                       "device_to_device"};

std::uint64_t address_of(const void* pointer) { return reinterpret_cast<std::uint64_t>(pointer); }

// Whether the bytes lie in one living allocation, or are plain host memory.
bool is_accessible(std::uint64_t address, std::size_t bytes) {
  const Memory& memory = Memory::instance();
  const Allocation* const allocation = memory.find(address);
  if (!allocation) return !memory.in_window(address);
  return address + bytes <= allocation->address + allocation->bytes;
}

void count(const char* direction, std::uint64_t bytes) {
  ++counters().copies[direction];
  counters().copied_bytes[direction] += bytes;
}

// Copies a row. What is uninitialised stays so inside the device; the host may not read it.
bool copy_row(const std::byte* to_row, const std::byte* from_row, std::size_t bytes,
              const std::string& who) {
  Memory& memory = Memory::instance();
  const std::uint64_t to = address_of(to_row), from = address_of(from_row);
  const bool inside =
      memory.in_window(from) && owner_of(to_row) == Owner::device && is_accessible(from, bytes);
  std::vector<std::uint8_t> states;
  if (inside) states.assign(memory.shadow(from), memory.shadow(from) + bytes);
  const std::byte* const source =
      inside ? memory.data(from) : memory.range(from, bytes, false, who, true);
  std::byte* const target = source ? memory.range(to, bytes, true, who, true) : nullptr;
  if (!target) return false;
  std::memmove(target, source, bytes);
  for (std::size_t i = 0; i < states.size(); ++i) {
    const bool written = (states[i] & kInitialised) != 0;
    memory.shadow(to)[i] = written ? states[i] : std::uint8_t{kAllocated};
  }
  return true;
}

cudaError_t run(const Copy& copy, const std::string& who) {
  const bool to_device = owner_of(copy.to.data) == Owner::device;
  const bool from_device = owner_of(copy.from.data) == Owner::device;
  const int from_owners = (from_device ? 2 : 0) + (to_device ? 1 : 0);
  count(kDirections[copy.kind == cudaMemcpyDefault ? from_owners : copy.kind], copy.box.bytes());
  const bool done = copy.box.all_rows([&](std::size_t row, std::size_t slice) {
    return copy_row(copy.to.row(row, slice), copy.from.row(row, slice), copy.box.width, who);
  });
  return done ? cudaSuccess : cudaErrorInvalidValue;
}

cudaError_t run(const Fill& fill, const std::string& who) {
  count("set", fill.box.bytes());
  const bool done = fill.box.all_rows([&](std::size_t row, std::size_t slice) {
    const std::uint64_t address = address_of(fill.to.row(row, slice));
    std::byte* const data = Memory::instance().range(address, fill.box.width, true, who);
    if (!data) return false;
    for (std::size_t i = 0; i < fill.box.width; i += fill.element) {
      std::memcpy(data + i, &fill.value, fill.element);
    }
    return true;
  });
  return done ? cudaSuccess : cudaErrorInvalidValue;
}

// Reports one side of a copy or fill that is not memory of one living allocation.
cudaError_t check_range(const Rows& rows, const Box& box, bool write, const char* call) {
  const std::uint64_t address = address_of(rows.data);
  const std::size_t bytes =
      box.width + rows.pitch * (box.height - 1) + rows.slice * (box.depth - 1);
  if (is_accessible(address, bytes)) return cudaSuccess;
  const Memory& memory = Memory::instance();
  report(memory.classify(address, bytes), text(call, write ? " writes " : " reads ", bytes,
                                               " bytes: ", memory.describe(address, bytes)));
  return cudaErrorInvalidValue;
}

cudaError_t check_kind(const Copy& copy, const char* call) {
  if (copy.kind == cudaMemcpyDefault) return cudaSuccess;
  if (copy.kind < cudaMemcpyHostToHost || copy.kind > cudaMemcpyDefault) {
    return cudaErrorInvalidMemcpyDirection;
  }
  const auto contradicts = [](Owner owner, bool of_device) {
    return owner == (of_device ? Owner::host : Owner::device);
  };
  const bool to_device = copy.kind & 1, from_device = copy.kind & 2;
  const bool wrong_to = contradicts(owner_of(copy.to.data), to_device);
  if (!wrong_to && !contradicts(owner_of(copy.from.data), from_device)) return cudaSuccess;
  const bool names_device = wrong_to ? to_device : from_device;
  report(Check::copy, text(call, " of ", copy.box.bytes(), " bytes with kind ", kKinds[copy.kind],
                           ", but the ", wrong_to ? "destination" : "source", " is memory of the ",
                           names_device ? "host" : "device"));
  return cudaErrorInvalidValue;
}

bool has_pitch(const Rows& rows, const Box& box) {
  return (box.height <= 1 && box.depth <= 1) || rows.pitch >= box.width;
}

}  // namespace

Owner owner_of(const void* pointer) {
  const Memory& memory = Memory::instance();
  const std::uint64_t address = address_of(pointer);
  if (memory.in_window(address)) {
    return address - memory.window() < Memory::kHalf ? Owner::device : Owner::shared;
  }
  const Allocation* const allocation = memory.find(address);
  return allocation && allocation->kind == MemoryKind::registered ? Owner::shared : Owner::host;
}

std::optional<Copy> copy_of(const cudaMemcpy3DParms& p) {
  if (p.srcArray || p.dstArray) return std::nullopt;
  const auto start = [](const cudaPitchedPtr& memory, const cudaPos& at) {
    Rows result{static_cast<std::byte*>(memory.ptr), memory.pitch, memory.pitch * memory.ysize};
    result.data = result.row(at.y, at.z) + at.x;
    return result;
  };
  return Copy{start(p.dstPtr, p.dstPos),
              start(p.srcPtr, p.srcPos),
              {p.extent.width, p.extent.height, p.extent.depth},
              p.kind};
}

Copy linear(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind) {
  return {{static_cast<std::byte*>(to)},
          {static_cast<std::byte*>(const_cast<void*>(from))},
          {bytes},
          kind};
}

cudaError_t make_copy_work(const Copy& copy, const char* call, Work& work) {
  work = {nullptr, call, cudaGraphNodeTypeMemcpy};
  if (!has_pitch(copy.to, copy.box) || !has_pitch(copy.from, copy.box)) {
    return cudaErrorInvalidPitchValue;
  }
  if (copy.box.bytes() == 0) return cudaSuccess;
  if (!copy.to.data || !copy.from.data) return cudaErrorInvalidValue;
  if (const cudaError_t error = check_kind(copy, call)) return error;
  if (const cudaError_t error = check_range(copy.from, copy.box, false, call)) return error;
  if (const cudaError_t error = check_range(copy.to, copy.box, true, call)) return error;
  work.run = [copy, who = std::string(call)] { return run(copy, who); };
  return cudaSuccess;
}

cudaError_t make_fill_work(const Fill& fill, const char* call, Work& work) {
  work = {nullptr, call, cudaGraphNodeTypeMemset};
  if (fill.element != 1 && fill.element != 2 && fill.element != 4) return cudaErrorInvalidValue;
  if (!has_pitch(fill.to, fill.box)) return cudaErrorInvalidPitchValue;
  if (fill.box.bytes() == 0) return cudaSuccess;
  if (owner_of(fill.to.data) == Owner::host) {
    report(Check::copy, text(call, " of ", fill.box.bytes(), " bytes of memory of the host"));
    return cudaErrorInvalidValue;
  }
  if (const cudaError_t error = check_range(fill.to, fill.box, true, call)) return error;
  work.run = [fill, who = std::string(call)] { return run(fill, who); };
  return cudaSuccess;
}

}  // namespace emulator
