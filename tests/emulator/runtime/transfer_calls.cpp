// SPDX-License-Identifier: MIT
// cudaMemcpy*, cudaMemset*, and symbols.
#include "tests/emulator/program/program.h"
#include "tests/emulator/report/report.h"
#include "tests/emulator/runtime/entry.h"
#include "tests/emulator/runtime/registration.h"
#include "tests/emulator/runtime/transfers.h"

#include <cstring>

using namespace emulator;

namespace {

// A call that waits: it goes to the legacy stream. Copies inside the device do not wait.
cudaError_t copy_now(const Transfer& transfer, const char* call) {
  if (const cudaError_t error = refuse_in_capture(call)) return error;
  Work work;
  if (const cudaError_t error = make_copy_work(transfer, call, work)) return error;
  if (const cudaError_t error = submit(cudaStreamLegacy, std::move(work))) return error;
  if (owner_of(transfer.to) == Owner::device && owner_of(transfer.from) == Owner::device) {
    return cudaSuccess;
  }
  return synchronise(legacy_stream().last);
}

// Rows of pageable memory, copied aside before the call returns.
Transfer staged(Transfer transfer) {
  auto bytes =
      std::make_shared<std::vector<std::byte>>(transfer.width * transfer.height * transfer.depth);
  std::byte* to = bytes->data();
  for (std::size_t slice = 0; slice < transfer.depth; ++slice) {
    for (std::size_t row = 0; row < transfer.height; ++row, to += transfer.width) {
      std::memcpy(to,
                  static_cast<const std::byte*>(transfer.from) + slice * transfer.from_slice +
                      row * transfer.from_pitch,
                  transfer.width);
    }
  }
  transfer.from = bytes->data();
  transfer.from_pitch = transfer.width;
  transfer.from_slice = transfer.width * transfer.height;
  transfer.staged = std::move(bytes);
  return transfer;
}

cudaError_t copy_async(const Transfer& transfer, const char* call, cudaStream_t stream) {
  Work work;
  if (const cudaError_t error = make_copy_work(transfer, call, work)) return error;
  const bool empty = !work.run;
  const bool captured = is_capturing(stream);
  if (!captured && !empty && owner_of(transfer.from) == Owner::host) {
    make_copy_work(staged(transfer), call, work);
  }
  if (const cudaError_t error = submit(stream, std::move(work))) return error;
  // To pageable memory the call returns when the copy is done.
  if (captured || empty || owner_of(transfer.to) != Owner::host) return cudaSuccess;
  return synchronise(find_stream(stream)->last);
}

cudaError_t fill(const Fill& what, const char* call, cudaStream_t stream) {
  Work work;
  if (const cudaError_t error = make_fill_work(what, call, work)) return error;
  return submit(stream, std::move(work));
}

cudaError_t fill_now(const Fill& what, const char* call) {
  if (const cudaError_t error = refuse_in_capture(call)) return error;
  if (const cudaError_t error = fill(what, call, cudaStreamLegacy)) return error;
  // Of the host's memory the call waits for it.
  return owner_of(what.to) == Owner::shared ? synchronise(legacy_stream().last) : cudaSuccess;
}

Fill bytes_of(void* to, int value, std::size_t width) {
  const auto byte = static_cast<unsigned char>(value);
  return {to, width, byte, 1, width, 1};
}

Fill rows_of(void* to, std::size_t pitch, int value, std::size_t width, std::size_t height) {
  Fill result = bytes_of(to, value, width);
  result.pitch = pitch;
  result.height = height;
  return result;
}

// A box, slice by slice.
template <class Put>
cudaError_t fill_box(cudaPitchedPtr to, int value, cudaExtent extent, Put put) {
  for (std::size_t slice = 0; slice < extent.depth; ++slice) {
    char* const start = static_cast<char*>(to.ptr) + slice * to.pitch * to.ysize;
    const cudaError_t error = put(rows_of(start, to.pitch, value, extent.width, extent.height));
    if (error != cudaSuccess) return error;
  }
  return cudaSuccess;
}

Transfer rows(void* to, std::size_t to_pitch, const void* from, std::size_t from_pitch,
              std::size_t width, std::size_t height, cudaMemcpyKind kind) {
  return {to, to_pitch, to_pitch * height, from, from_pitch, from_pitch * height, width, height,
          1,  kind};
}

cudaError_t with_symbol(const void* symbol, std::size_t bytes, std::size_t offset, char*& address) {
  const Variable* const variable = find_symbol(symbol);
  if (!variable) return cudaErrorInvalidSymbol;
  if (offset > variable->bytes || bytes > variable->bytes - offset) {
    report(Check::copy, "a copy of " + std::to_string(bytes) + " bytes at offset " +
                            std::to_string(offset) + " of the " + std::to_string(variable->bytes) +
                            "-byte symbol " + variable->name);
    return cudaErrorInvalidValue;
  }
  address = reinterpret_cast<char*>(variable->address) + offset;
  return cudaSuccess;
}

}  // namespace

extern "C" {

cudaError_t cudaMemcpy(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind) {
  return entry("cudaMemcpy", [&] { return copy_now(linear(to, from, bytes, kind), "cudaMemcpy"); });
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream) {
  return entry("cudaMemcpyAsync", [&] {
    return copy_async(linear(to, from, bytes, kind), "cudaMemcpyAsync", stream);
  });
}

cudaError_t cudaMemcpyPeer(void* to, int to_device, const void* from, int from_device,
                           std::size_t bytes) {
  if (to_device != 0 || from_device != 0) {
    return remember(cudaErrorInvalidDevice, "cudaMemcpyPeer");
  }
  return cudaMemcpy(to, from, bytes, cudaMemcpyDeviceToDevice);
}

cudaError_t cudaMemcpyPeerAsync(void* to, int to_device, const void* from, int from_device,
                                std::size_t bytes, cudaStream_t stream) {
  if (to_device != 0 || from_device != 0) {
    return remember(cudaErrorInvalidDevice, "cudaMemcpyPeerAsync");
  }
  return cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, stream);
}

cudaError_t cudaMemcpy2D(void* to, std::size_t to_pitch, const void* from, std::size_t from_pitch,
                         std::size_t width, std::size_t height, cudaMemcpyKind kind) {
  return entry("cudaMemcpy2D", [&] {
    return copy_now(rows(to, to_pitch, from, from_pitch, width, height, kind), "cudaMemcpy2D");
  });
}

cudaError_t cudaMemcpy2DAsync(void* to, std::size_t to_pitch, const void* from,
                              std::size_t from_pitch, std::size_t width, std::size_t height,
                              cudaMemcpyKind kind, cudaStream_t stream) {
  return entry("cudaMemcpy2DAsync", [&] {
    return copy_async(rows(to, to_pitch, from, from_pitch, width, height, kind),
                      "cudaMemcpy2DAsync", stream);
  });
}

cudaError_t cudaMemcpy3D(const cudaMemcpy3DParms* parameters) {
  return entry("cudaMemcpy3D", [&]() -> cudaError_t {
    Transfer transfer;
    if (!to_transfer(*parameters, transfer)) return cudaErrorNotSupported;
    return copy_now(transfer, "cudaMemcpy3D");
  });
}

cudaError_t cudaMemcpy3DAsync(const cudaMemcpy3DParms* parameters, cudaStream_t stream) {
  return entry("cudaMemcpy3DAsync", [&]() -> cudaError_t {
    Transfer transfer;
    if (!to_transfer(*parameters, transfer)) return cudaErrorNotSupported;
    return copy_async(transfer, "cudaMemcpy3DAsync", stream);
  });
}

cudaError_t cudaMemcpyToSymbol(const void* symbol, const void* from, std::size_t bytes,
                               std::size_t offset, cudaMemcpyKind kind) {
  return entry("cudaMemcpyToSymbol", [&] {
    char* to = nullptr;
    const cudaError_t error = with_symbol(symbol, bytes, offset, to);
    return error ? error : copy_now(linear(to, from, bytes, kind), "cudaMemcpyToSymbol");
  });
}

cudaError_t cudaMemcpyFromSymbol(void* to, const void* symbol, std::size_t bytes,
                                 std::size_t offset, cudaMemcpyKind kind) {
  return entry("cudaMemcpyFromSymbol", [&] {
    char* from = nullptr;
    const cudaError_t error = with_symbol(symbol, bytes, offset, from);
    return error ? error : copy_now(linear(to, from, bytes, kind), "cudaMemcpyFromSymbol");
  });
}

cudaError_t cudaMemcpyToSymbolAsync(const void* symbol, const void* from, std::size_t bytes,
                                    std::size_t offset, cudaMemcpyKind kind, cudaStream_t stream) {
  return entry("cudaMemcpyToSymbolAsync", [&] {
    char* to = nullptr;
    const cudaError_t error = with_symbol(symbol, bytes, offset, to);
    return error ? error
                 : copy_async(linear(to, from, bytes, kind), "cudaMemcpyToSymbolAsync", stream);
  });
}

cudaError_t cudaMemcpyFromSymbolAsync(void* to, const void* symbol, std::size_t bytes,
                                      std::size_t offset, cudaMemcpyKind kind,
                                      cudaStream_t stream) {
  return entry("cudaMemcpyFromSymbolAsync", [&] {
    char* from = nullptr;
    const cudaError_t error = with_symbol(symbol, bytes, offset, from);
    return error ? error
                 : copy_async(linear(to, from, bytes, kind), "cudaMemcpyFromSymbolAsync", stream);
  });
}

cudaError_t cudaGetSymbolAddress(void** address, const void* symbol) {
  return entry("cudaGetSymbolAddress", [&] {
    char* found = nullptr;
    const cudaError_t error = with_symbol(symbol, 0, 0, found);
    if (error == cudaSuccess) *address = found;
    return error;
  });
}

cudaError_t cudaGetSymbolSize(std::size_t* bytes, const void* symbol) {
  return entry("cudaGetSymbolSize", [&]() -> cudaError_t {
    const Variable* const variable = find_symbol(symbol);
    if (!variable) return cudaErrorInvalidSymbol;
    *bytes = variable->bytes;
    return cudaSuccess;
  });
}

cudaError_t cudaMemset(void* to, int value, std::size_t bytes) {
  return entry("cudaMemset", [&] { return fill_now(bytes_of(to, value, bytes), "cudaMemset"); });
}

cudaError_t cudaMemsetAsync(void* to, int value, std::size_t bytes, cudaStream_t stream) {
  return entry("cudaMemsetAsync",
               [&] { return fill(bytes_of(to, value, bytes), "cudaMemsetAsync", stream); });
}

cudaError_t cudaMemset2D(void* to, std::size_t pitch, int value, std::size_t width,
                         std::size_t height) {
  return entry("cudaMemset2D",
               [&] { return fill_now(rows_of(to, pitch, value, width, height), "cudaMemset2D"); });
}

cudaError_t cudaMemset2DAsync(void* to, std::size_t pitch, int value, std::size_t width,
                              std::size_t height, cudaStream_t stream) {
  return entry("cudaMemset2DAsync", [&] {
    return fill(rows_of(to, pitch, value, width, height), "cudaMemset2DAsync", stream);
  });
}

cudaError_t cudaMemset3D(cudaPitchedPtr to, int value, cudaExtent extent) {
  return entry("cudaMemset3D", [&] {
    return fill_box(to, value, extent,
                    [](const Fill& rows) { return fill_now(rows, "cudaMemset3D"); });
  });
}

cudaError_t cudaMemset3DAsync(cudaPitchedPtr to, int value, cudaExtent extent,
                              cudaStream_t stream) {
  return entry("cudaMemset3DAsync", [&] {
    return fill_box(to, value, extent,
                    [&](const Fill& rows) { return fill(rows, "cudaMemset3DAsync", stream); });
  });
}

}  // extern "C"
