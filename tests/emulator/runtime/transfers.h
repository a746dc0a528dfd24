// SPDX-License-Identifier: MIT
#pragma once

#include "tests/emulator/streams/schedule.h"

namespace emulator {

/// Whose memory a pointer is: plain host memory, the device's, or host memory both may touch.
enum class Owner : std::uint8_t { host, device, shared };
Owner owner_of(const void* pointer);

/// A copy of `depth` slices of `height` rows of `width` bytes; the details of a memcpy node.
struct Transfer {
  void* to = nullptr;
  std::size_t to_pitch = 0, to_slice = 0;  // bytes from row to row, from slice to slice
  const void* from = nullptr;
  std::size_t from_pitch = 0, from_slice = 0;
  std::size_t width = 0, height = 1, depth = 1;
  cudaMemcpyKind kind = cudaMemcpyDefault;
  std::shared_ptr<std::vector<std::byte>> staged = nullptr;  // keeps a copy of host memory alive
};
Transfer linear(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind);
/// False if the parameters name arrays, which the emulator does not have.
bool to_transfer(const cudaMemcpy3DParms& parameters, Transfer& transfer);
cudaMemcpy3DParms to_parameters(const Transfer& transfer);

/// Fills `height` rows of `width` elements; the details of a memset node.
struct Fill {
  void* to = nullptr;
  std::size_t pitch = 0;
  unsigned value = 0;
  unsigned element = 1;  // bytes: 1, 2 or 4
  std::size_t width = 0, height = 1;
};

/// Checks a copy or a fill, reports what is wrong, and makes work of it.
cudaError_t make_copy_work(const Transfer& transfer, const char* call, Work& work);
cudaError_t make_fill_work(const Fill& fill, const char* call, Work& work);

}  // namespace emulator
