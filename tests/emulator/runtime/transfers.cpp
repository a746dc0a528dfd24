// SPDX-License-Identifier: MIT
#include "tests/emulator/runtime/transfers.h"

#include "tests/emulator/memory/memory.h"
#include "tests/emulator/report/counters.h"

#include <algorithm>
#include <cstring>

namespace emulator {
namespace {

std::uint64_t address_of(const void* pointer) { return reinterpret_cast<std::uint64_t>(pointer); }

// Whether the bytes lie in one living allocation, or are plain host memory.
bool is_accessible(std::uint64_t address, std::size_t bytes) {
  const Memory& memory = Memory::instance();
  const Allocation* const allocation = memory.find(address);
  if (!allocation) return !memory.in_window(address);
  return address + bytes <= allocation->address + allocation->bytes;
}

const char* direction(const void* to, const void* from, cudaMemcpyKind kind) {
  if (kind == cudaMemcpyDefault) {
    const bool to_device = owner_of(to) == Owner::device;
    const bool from_device = owner_of(from) == Owner::device;
    kind = static_cast<cudaMemcpyKind>((from_device ? 2 : 0) + (to_device ? 1 : 0));
  }
  switch (kind) {
    case cudaMemcpyHostToHost:
      return "host_to_host";
    case cudaMemcpyHostToDevice:
      return "host_to_device";
    case cudaMemcpyDeviceToHost:
      return "device_to_host";
    default:
      return "device_to_device";
  }
}

void count(const std::string& name, std::uint64_t bytes) {
  ++counters().copies[name];
  counters().copied_bytes[name] += bytes;
}

// Copies a row. What is uninitialised stays so inside the device; the host may not read it.
bool copy_row(std::uint64_t to, std::uint64_t from, std::size_t bytes, const std::string& who) {
  Memory& memory = Memory::instance();
  const bool both_known = memory.in_window(to) && memory.in_window(from);
  std::vector<std::uint8_t> states;
  const std::byte* source = nullptr;
  if (both_known && owner_of(reinterpret_cast<void*>(to)) == Owner::device &&
      is_accessible(from, bytes)) {
    source = memory.data(from);
    states.assign(memory.shadow(from), memory.shadow(from) + bytes);
  } else {
    source = memory.range(from, bytes, false, who, true);
  }
  std::byte* const target = source ? memory.range(to, bytes, true, who, true) : nullptr;
  if (!target) return false;
  std::memmove(target, source, bytes);
  std::uint8_t* const shadow = states.empty() ? nullptr : memory.shadow(to);
  for (std::size_t i = 0; i < states.size(); ++i) {
    shadow[i] = static_cast<std::uint8_t>(kAllocated | (states[i] & kInitialised));
  }
  return true;
}

cudaError_t copy(const Transfer& transfer, const std::string& who) {
  count(direction(transfer.to, transfer.from, transfer.kind),
        transfer.width * transfer.height * transfer.depth);
  for (std::size_t slice = 0; slice < transfer.depth; ++slice) {
    for (std::size_t row = 0; row < transfer.height; ++row) {
      const std::uint64_t to =
          address_of(transfer.to) + slice * transfer.to_slice + row * transfer.to_pitch;
      const std::uint64_t from =
          address_of(transfer.from) + slice * transfer.from_slice + row * transfer.from_pitch;
      if (!copy_row(to, from, transfer.width, who)) return cudaErrorInvalidValue;
    }
  }
  return cudaSuccess;
}

cudaError_t fill_rows(const Fill& fill, const std::string& who) {
  const std::size_t bytes = fill.width * fill.element;
  count("set", bytes * fill.height);
  for (std::size_t row = 0; row < fill.height; ++row) {
    std::byte* const data =
        Memory::instance().range(address_of(fill.to) + row * fill.pitch, bytes, true, who);
    if (!data) return cudaErrorInvalidValue;
    for (std::size_t i = 0; i < bytes; i += fill.element) {
      std::memcpy(data + i, &fill.value, fill.element);
    }
  }
  return cudaSuccess;
}

// Reports one side of a copy or fill that is not memory of one living allocation.
cudaError_t check_range(const void* pointer, std::size_t bytes, bool write, const char* call) {
  if (is_accessible(address_of(pointer), bytes)) return cudaSuccess;
  Memory& memory = Memory::instance();
  report(memory.classify(address_of(pointer), bytes),
         std::string(call) + (write ? " writes " : " reads ") + std::to_string(bytes) +
             " bytes: " + memory.describe(address_of(pointer), bytes));
  return cudaErrorInvalidValue;
}

std::size_t span(std::size_t width, std::size_t pitch, std::size_t height) {
  return width + pitch * (height - 1);
}

cudaError_t check_kind(const Transfer& transfer, const char* call) {
  const bool to_device = owner_of(transfer.to) == Owner::device;
  const bool from_device = owner_of(transfer.from) == Owner::device;
  const bool to_host = owner_of(transfer.to) == Owner::host;
  const bool from_host = owner_of(transfer.from) == Owner::host;
  const char* wrong = nullptr;
  switch (transfer.kind) {
    case cudaMemcpyHostToHost:
      if (to_device || from_device) wrong = "HostToHost, but one side is memory of the device";
      break;
    case cudaMemcpyHostToDevice:
      if (to_host) wrong = "HostToDevice, but the destination is memory of the host";
      if (from_device) wrong = "HostToDevice, but the source is memory of the device";
      break;
    case cudaMemcpyDeviceToHost:
      if (to_device) wrong = "DeviceToHost, but the destination is memory of the device";
      if (from_host) wrong = "DeviceToHost, but the source is memory of the host";
      break;
    case cudaMemcpyDeviceToDevice:
      if (to_host || from_host) wrong = "DeviceToDevice, but one side is memory of the host";
      break;
    case cudaMemcpyDefault:
      break;
    default:
      return cudaErrorInvalidMemcpyDirection;
  }
  if (!wrong) return cudaSuccess;
  report(Check::copy,
         std::string(call) + " of " + std::to_string(transfer.width) + " bytes with kind " + wrong);
  return cudaErrorInvalidValue;
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

Transfer linear(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind) {
  return {to, bytes, bytes, from, bytes, bytes, bytes, 1, 1, kind};
}

bool to_transfer(const cudaMemcpy3DParms& p, Transfer& transfer) {
  if (p.srcArray || p.dstArray) return false;
  const auto start = [](const cudaPitchedPtr& memory, const cudaPos& at) {
    return static_cast<char*>(memory.ptr) + at.x + at.y * memory.pitch +
           at.z * memory.pitch * memory.ysize;
  };
  transfer = {start(p.dstPtr, p.dstPos),
              p.dstPtr.pitch,
              p.dstPtr.pitch * p.dstPtr.ysize,
              start(p.srcPtr, p.srcPos),
              p.srcPtr.pitch,
              p.srcPtr.pitch * p.srcPtr.ysize,
              p.extent.width,
              p.extent.height,
              p.extent.depth,
              p.kind};
  return true;
}

cudaMemcpy3DParms to_parameters(const Transfer& t) {
  const auto rows = [&](std::size_t slice, std::size_t pitch) {
    return pitch ? slice / pitch : t.height;
  };
  cudaMemcpy3DParms result = {};
  result.dstPtr = {t.to, t.to_pitch, t.width, rows(t.to_slice, t.to_pitch)};
  result.srcPtr = {const_cast<void*>(t.from), t.from_pitch, t.width,
                   rows(t.from_slice, t.from_pitch)};
  result.extent = {t.width, t.height, t.depth};
  result.kind = t.kind;
  return result;
}

cudaError_t make_copy_work(const Transfer& transfer, const char* call, Work& work) {
  work = {nullptr, call, cudaGraphNodeTypeMemcpy};
  const bool empty = transfer.width == 0 || transfer.height == 0 || transfer.depth == 0;
  const bool rows = transfer.height > 1 || transfer.depth > 1;
  if (rows && (transfer.to_pitch < transfer.width || transfer.from_pitch < transfer.width)) {
    return cudaErrorInvalidPitchValue;
  }
  if (!empty) {
    if (!transfer.to || !transfer.from) return cudaErrorInvalidValue;
    if (const cudaError_t error = check_kind(transfer, call)) return error;
    const auto bytes = [&](std::size_t pitch, std::size_t slice) {
      return span(span(transfer.width, pitch, transfer.height), slice, transfer.depth);
    };
    cudaError_t error =
        check_range(transfer.from, bytes(transfer.from_pitch, transfer.from_slice), false, call);
    if (error == cudaSuccess) {
      error = check_range(transfer.to, bytes(transfer.to_pitch, transfer.to_slice), true, call);
    }
    if (error != cudaSuccess) return error;
    auto shared = std::make_shared<Transfer>(transfer);
    // Rows without gaps are one row.
    const std::size_t plane = transfer.width * transfer.height;
    if (transfer.to_pitch == transfer.width && transfer.from_pitch == transfer.width &&
        (transfer.depth == 1 || (transfer.to_slice == plane && transfer.from_slice == plane))) {
      shared->width = plane * transfer.depth;
      shared->height = shared->depth = 1;
    }
    work.run = [shared, who = std::string(call)] { return copy(*shared, who); };
  }
  work.details = std::make_shared<const Transfer>(transfer);
  return cudaSuccess;
}

cudaError_t make_fill_work(const Fill& fill, const char* call, Work& work) {
  work = {nullptr, call, cudaGraphNodeTypeMemset};
  const std::size_t bytes = fill.width * fill.element;
  if (fill.element != 1 && fill.element != 2 && fill.element != 4) return cudaErrorInvalidValue;
  if (fill.height > 1 && fill.pitch < bytes) return cudaErrorInvalidPitchValue;
  if (bytes != 0 && fill.height != 0) {
    if (owner_of(fill.to) == Owner::host) {
      report(Check::copy, std::string(call) + " of " + std::to_string(bytes * fill.height) +
                              " bytes of memory of the host");
      return cudaErrorInvalidValue;
    }
    if (const cudaError_t error =
            check_range(fill.to, span(bytes, fill.pitch, fill.height), true, call)) {
      return error;
    }
    work.run = [fill, who = std::string(call)] { return fill_rows(fill, who); };
  }
  work.details = fill;
  return cudaSuccess;
}

}  // namespace emulator
