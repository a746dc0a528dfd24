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

Rows rows(const void* data, std::size_t pitch, std::size_t height = 1) {
  return {static_cast<std::byte*>(const_cast<void*>(data)), pitch, pitch * height};
}

Box box_of(const cudaExtent& extent) { return {extent.width, extent.height, extent.depth}; }

const On kNow{cudaStreamLegacy, true};
On later(cudaStream_t stream) { return {stream, false}; }

// Starts work that is known to be right; `waits` if the call waits for it.
cudaError_t begin(const char* call, const On& on, Work work, bool waits) {
  Stream* const stream = find_stream(on.stream);
  if (!stream) return cudaErrorInvalidResourceHandle;
  if (on.waits) {
    if (const cudaError_t error = refuse_stream_wait(*stream, call)) return error;
  }
  const bool runs = work.run && !stream->capture;
  const cudaError_t error =
      on.waits ? start(*stream, std::move(work)) : submit(on.stream, std::move(work));
  return error == cudaSuccess && runs && waits ? synchronise(stream->last) : error;
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

}  // namespace

namespace emulator {

cudaError_t copy(const char* call, Copy copy, const On& on) {
  Work work;
  if (const cudaError_t error = make_copy_work(copy, call, work)) return error;
  const Owner to = owner_of(copy.to.data), from = owner_of(copy.from.data);
  const Stream* const stream = find_stream(on.stream);
  if (work.run && !on.waits && from == Owner::host && stream && !stream->capture) {
    std::shared_ptr<std::vector<std::byte>> kept;
    copy.from = staged(copy.from, copy.box, kept);
    make_copy_work(copy, call, work);
    work.details = kept;
  }
  // A copy inside the device is not waited for, one to pageable memory always.
  const bool inside = to == Owner::device && from == Owner::device;
  return begin(call, on, std::move(work), on.waits ? !inside : to == Owner::host);
}

}  // namespace emulator

namespace {

cudaError_t transfer(const char* call, const Copy& what, const On& on) {
  return entry(call, [&] { return copy(call, what, on); });
}

cudaError_t transfer(const char* call, const cudaMemcpy3DParms& p, const On& on) {
  return entry(call, [&] {
    const std::optional<Copy> boxes = copy_of(p);
    return boxes ? copy(call, *boxes, on) : cudaErrorNotSupported;
  });
}

cudaError_t set(const char* call, const Rows& to, const Box& box, int value, const On& on) {
  return entry(call, [&] {
    Work work;
    const Fill fill{to, box, static_cast<unsigned char>(value)};
    if (const cudaError_t error = make_fill_work(fill, call, work)) return error;
    // Of the host's memory the call waits for it.
    return begin(call, on, std::move(work), on.waits && owner_of(to.data) == Owner::shared);
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
      report(Check::copy, text(call, " of ", bytes, " bytes at offset ", offset, " of the ",
                               variable->bytes, "-byte symbol ", demangled(variable->name)));
      return cudaErrorInvalidValue;
    }
    return body(reinterpret_cast<void*>(variable->address + offset));
  });
}

}  // namespace

extern "C" {

cudaError_t cudaMemcpy(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind) {
  return transfer("cudaMemcpy", linear(to, from, bytes, kind), kNow);
}
cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream) {
  return transfer("cudaMemcpyAsync", linear(to, from, bytes, kind), later(stream));
}

// Of programs built with --default-stream per-thread (per_thread_calls.cpp).
cudaError_t cudaMemcpy_ptds(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind) {
  return transfer("cudaMemcpy", linear(to, from, bytes, kind), {cudaStreamPerThread, true});
}
cudaError_t cudaMemset_ptds(void* to, int value, std::size_t bytes) {
  return set("cudaMemset", rows(to, 0), {bytes}, value, {cudaStreamPerThread, true});
}

cudaError_t cudaMemcpy2D(void* to, std::size_t to_pitch, const void* from, std::size_t from_pitch,
                         std::size_t width, std::size_t height, cudaMemcpyKind kind) {
  return transfer("cudaMemcpy2D",
                  Copy{rows(to, to_pitch), rows(from, from_pitch), {width, height}, kind}, kNow);
}
cudaError_t cudaMemcpy2DAsync(void* to, std::size_t to_pitch, const void* from,
                              std::size_t from_pitch, std::size_t width, std::size_t height,
                              cudaMemcpyKind kind, cudaStream_t stream) {
  return transfer("cudaMemcpy2DAsync",
                  Copy{rows(to, to_pitch), rows(from, from_pitch), {width, height}, kind},
                  later(stream));
}

cudaError_t cudaMemcpy3D(const cudaMemcpy3DParms* parameters) {
  return transfer("cudaMemcpy3D", *parameters, kNow);
}
cudaError_t cudaMemcpy3DAsync(const cudaMemcpy3DParms* parameters, cudaStream_t stream) {
  return transfer("cudaMemcpy3DAsync", *parameters, later(stream));
}

cudaError_t cudaMemset(void* to, int value, std::size_t bytes) {
  return set("cudaMemset", rows(to, 0), {bytes}, value, kNow);
}
cudaError_t cudaMemsetAsync(void* to, int value, std::size_t bytes, cudaStream_t stream) {
  return set("cudaMemsetAsync", rows(to, 0), {bytes}, value, later(stream));
}

cudaError_t cudaMemset2D(void* to, std::size_t pitch, int value, std::size_t width,
                         std::size_t height) {
  return set("cudaMemset2D", rows(to, pitch), {width, height}, value, kNow);
}
cudaError_t cudaMemset2DAsync(void* to, std::size_t pitch, int value, std::size_t width,
                              std::size_t height, cudaStream_t stream) {
  return set("cudaMemset2DAsync", rows(to, pitch), {width, height}, value, later(stream));
}

cudaError_t cudaMemset3D(cudaPitchedPtr to, int value, cudaExtent extent) {
  return set("cudaMemset3D", rows(to.ptr, to.pitch, to.ysize), box_of(extent), value, kNow);
}
cudaError_t cudaMemset3DAsync(cudaPitchedPtr to, int value, cudaExtent extent,
                              cudaStream_t stream) {
  return set("cudaMemset3DAsync", rows(to.ptr, to.pitch, to.ysize), box_of(extent), value,
             later(stream));
}

cudaError_t cudaMemcpyToSymbol(const void* symbol, const void* from, std::size_t bytes,
                               std::size_t offset, cudaMemcpyKind kind) {
  return at_symbol("cudaMemcpyToSymbol", symbol, bytes, offset, [&](void* to) {
    return copy("cudaMemcpyToSymbol", linear(to, from, bytes, kind), kNow);
  });
}

cudaError_t cudaMemcpyFromSymbol(void* to, const void* symbol, std::size_t bytes,
                                 std::size_t offset, cudaMemcpyKind kind) {
  return at_symbol("cudaMemcpyFromSymbol", symbol, bytes, offset, [&](void* from) {
    return copy("cudaMemcpyFromSymbol", linear(to, from, bytes, kind), kNow);
  });
}

cudaError_t cudaMemcpyToSymbolAsync(const void* symbol, const void* from, std::size_t bytes,
                                    std::size_t offset, cudaMemcpyKind kind, cudaStream_t stream) {
  return at_symbol("cudaMemcpyToSymbolAsync", symbol, bytes, offset, [&](void* to) {
    return copy("cudaMemcpyToSymbolAsync", linear(to, from, bytes, kind), later(stream));
  });
}

cudaError_t cudaMemcpyFromSymbolAsync(void* to, const void* symbol, std::size_t bytes,
                                      std::size_t offset, cudaMemcpyKind kind,
                                      cudaStream_t stream) {
  return at_symbol("cudaMemcpyFromSymbolAsync", symbol, bytes, offset, [&](void* from) {
    return copy("cudaMemcpyFromSymbolAsync", linear(to, from, bytes, kind), later(stream));
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
