// SPDX-License-Identifier: MIT
// cudaMemcpy*, cudaMemset*, and symbols.
#include "tests/emulator/program/program.h"
#include "tests/emulator/report/report.h"
#include "tests/emulator/runtime/entry.h"
#include "tests/emulator/runtime/registration.h"
#include "tests/emulator/runtime/transfers.h"

#include <cstring>
#include <optional>

using namespace emulator;

namespace {

Rows rows(const void* data, std::size_t pitch, std::size_t height = 1) {
  return {static_cast<std::byte*>(const_cast<void*>(data)), pitch, pitch * height};
}

Box box_of(const cudaExtent& extent) { return {extent.width, extent.height, extent.depth}; }

// A call that waits: it goes to the legacy stream. Copies inside the device do not wait.
cudaError_t copy_now(const Copy& copy, const char* call) {
  if (const cudaError_t error = refuse_in_capture(call)) return error;
  Work work;
  if (const cudaError_t error = make_copy_work(copy, call, work)) return error;
  if (const cudaError_t error = submit(cudaStreamLegacy, std::move(work))) return error;
  const bool inside =
      owner_of(copy.to.data) == Owner::device && owner_of(copy.from.data) == Owner::device;
  return inside ? cudaSuccess : synchronise(legacy_stream().last);
}

// Pageable memory, copied aside before the call returns; `kept` keeps the copy alive.
Rows staged(const Rows& from, const Box& box, std::shared_ptr<std::vector<std::byte>>& kept) {
  kept = std::make_shared<std::vector<std::byte>>(box.bytes());
  const Rows to{kept->data(), box.width, box.width * box.height};
  box.all_rows([&](std::size_t row, std::size_t slice) {
    return std::memcpy(to.row(row, slice), from.row(row, slice), box.width) != nullptr;
  });
  return to;
}

cudaError_t copy_async(Copy copy, const char* call, cudaStream_t stream) {
  Work work;
  if (const cudaError_t error = make_copy_work(copy, call, work)) return error;
  if (!work.run || is_capturing(stream)) return submit(stream, std::move(work));
  if (owner_of(copy.from.data) == Owner::host) {
    std::shared_ptr<std::vector<std::byte>> kept;
    copy.from = staged(copy.from, copy.box, kept);
    make_copy_work(copy, call, work);
    work.details = kept;
  }
  if (const cudaError_t error = submit(stream, std::move(work))) return error;
  // To pageable memory the call returns when the copy is done.
  const bool waits = owner_of(copy.to.data) == Owner::host;
  return waits ? synchronise(find_stream(stream)->last) : cudaSuccess;
}

using MaybeStream = std::optional<cudaStream_t>;  // none: a call that waits

cudaError_t transfer(const char* call, const Copy& copy, MaybeStream stream = {}) {
  return entry(call,
               [&] { return stream ? copy_async(copy, call, *stream) : copy_now(copy, call); });
}

// Of boxes, but not of arrays, which the emulator does not have.
cudaError_t transfer(const char* call, const cudaMemcpy3DParms& p, MaybeStream stream = {}) {
  if (p.srcArray || p.dstArray) return remember(cudaErrorNotSupported);
  const auto start = [](const cudaPitchedPtr& memory, const cudaPos& at) {
    Rows result = rows(memory.ptr, memory.pitch, memory.ysize);
    result.data = result.row(at.y, at.z) + at.x;
    return result;
  };
  return transfer(call,
                  {start(p.dstPtr, p.dstPos), start(p.srcPtr, p.srcPos), box_of(p.extent), p.kind},
                  stream);
}

cudaError_t set(const char* call, const Rows& to, const Box& box, int value,
                MaybeStream stream = {}) {
  return entry(call, [&] {
    if (const cudaError_t error = stream ? cudaSuccess : refuse_in_capture(call)) return error;
    Work work;
    const Fill fill{to, box, static_cast<unsigned char>(value)};
    if (const cudaError_t error = make_fill_work(fill, call, work)) return error;
    if (const cudaError_t error = submit(stream.value_or(cudaStreamLegacy), std::move(work))) {
      return error;
    }
    // Of the host's memory the call waits for it.
    const bool waits = !stream && owner_of(to.data) == Owner::shared;
    return waits ? synchronise(legacy_stream().last) : cudaSuccess;
  });
}

// `body` gets the address of a part of a symbol.
template <class Body>
cudaError_t at_symbol(const char* call, const void* symbol, std::size_t bytes, std::size_t offset,
                      Body body) {
  return entry(call, [&] {
    const Variable* const variable = find_symbol(symbol);
    if (!variable) return cudaErrorInvalidSymbol;
    if (offset > variable->bytes || bytes > variable->bytes - offset) {
      report(Check::copy, std::string(call) + " of " + std::to_string(bytes) + " bytes at offset " +
                              std::to_string(offset) + " of the " +
                              std::to_string(variable->bytes) + "-byte symbol " +
                              demangled(variable->name));
      return cudaErrorInvalidValue;
    }
    return body(reinterpret_cast<void*>(variable->address + offset));
  });
}

}  // namespace

extern "C" {

cudaError_t cudaMemcpy(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind) {
  return transfer("cudaMemcpy", linear(to, from, bytes, kind));
}
cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream) {
  return transfer("cudaMemcpyAsync", linear(to, from, bytes, kind), stream);
}

cudaError_t cudaMemcpy2D(void* to, std::size_t to_pitch, const void* from, std::size_t from_pitch,
                         std::size_t width, std::size_t height, cudaMemcpyKind kind) {
  return transfer("cudaMemcpy2D",
                  Copy{rows(to, to_pitch), rows(from, from_pitch), {width, height}, kind});
}
cudaError_t cudaMemcpy2DAsync(void* to, std::size_t to_pitch, const void* from,
                              std::size_t from_pitch, std::size_t width, std::size_t height,
                              cudaMemcpyKind kind, cudaStream_t stream) {
  return transfer("cudaMemcpy2DAsync",
                  Copy{rows(to, to_pitch), rows(from, from_pitch), {width, height}, kind}, stream);
}

cudaError_t cudaMemcpy3D(const cudaMemcpy3DParms* parameters) {
  return transfer("cudaMemcpy3D", *parameters);
}
cudaError_t cudaMemcpy3DAsync(const cudaMemcpy3DParms* parameters, cudaStream_t stream) {
  return transfer("cudaMemcpy3DAsync", *parameters, stream);
}

cudaError_t cudaMemset(void* to, int value, std::size_t bytes) {
  return set("cudaMemset", rows(to, 0), {bytes}, value);
}
cudaError_t cudaMemsetAsync(void* to, int value, std::size_t bytes, cudaStream_t stream) {
  return set("cudaMemsetAsync", rows(to, 0), {bytes}, value, stream);
}

cudaError_t cudaMemset2D(void* to, std::size_t pitch, int value, std::size_t width,
                         std::size_t height) {
  return set("cudaMemset2D", rows(to, pitch), {width, height}, value);
}
cudaError_t cudaMemset2DAsync(void* to, std::size_t pitch, int value, std::size_t width,
                              std::size_t height, cudaStream_t stream) {
  return set("cudaMemset2DAsync", rows(to, pitch), {width, height}, value, stream);
}

cudaError_t cudaMemset3D(cudaPitchedPtr to, int value, cudaExtent extent) {
  return set("cudaMemset3D", rows(to.ptr, to.pitch, to.ysize), box_of(extent), value);
}
cudaError_t cudaMemset3DAsync(cudaPitchedPtr to, int value, cudaExtent extent,
                              cudaStream_t stream) {
  return set("cudaMemset3DAsync", rows(to.ptr, to.pitch, to.ysize), box_of(extent), value, stream);
}

cudaError_t cudaMemcpyToSymbol(const void* symbol, const void* from, std::size_t bytes,
                               std::size_t offset, cudaMemcpyKind kind) {
  return at_symbol("cudaMemcpyToSymbol", symbol, bytes, offset, [&](void* to) {
    return copy_now(linear(to, from, bytes, kind), "cudaMemcpyToSymbol");
  });
}

cudaError_t cudaMemcpyFromSymbol(void* to, const void* symbol, std::size_t bytes,
                                 std::size_t offset, cudaMemcpyKind kind) {
  return at_symbol("cudaMemcpyFromSymbol", symbol, bytes, offset, [&](void* from) {
    return copy_now(linear(to, from, bytes, kind), "cudaMemcpyFromSymbol");
  });
}

cudaError_t cudaMemcpyToSymbolAsync(const void* symbol, const void* from, std::size_t bytes,
                                    std::size_t offset, cudaMemcpyKind kind, cudaStream_t stream) {
  return at_symbol("cudaMemcpyToSymbolAsync", symbol, bytes, offset, [&](void* to) {
    return copy_async(linear(to, from, bytes, kind), "cudaMemcpyToSymbolAsync", stream);
  });
}

cudaError_t cudaMemcpyFromSymbolAsync(void* to, const void* symbol, std::size_t bytes,
                                      std::size_t offset, cudaMemcpyKind kind,
                                      cudaStream_t stream) {
  return at_symbol("cudaMemcpyFromSymbolAsync", symbol, bytes, offset, [&](void* from) {
    return copy_async(linear(to, from, bytes, kind), "cudaMemcpyFromSymbolAsync", stream);
  });
}

cudaError_t cudaGetSymbolAddress(void** address, const void* symbol) {
  return at_symbol("cudaGetSymbolAddress", symbol, 0, 0, [&](void* found) {
    *address = found;
    return cudaSuccess;
  });
}

cudaError_t cudaGetSymbolSize(std::size_t* bytes, const void* symbol) {
  return at_symbol("cudaGetSymbolSize", symbol, 0, 0, [&](void*) {
    *bytes = find_symbol(symbol)->bytes;
    return cudaSuccess;
  });
}

}  // extern "C"
