// SPDX-License-Identifier: MIT
#pragma once

#include "tests/emulator/streams/streams.h"

#include <cstdint>
#include <optional>

namespace emulator {

/// Whose memory a pointer is: plain host memory, the device's, or host memory both may touch.
enum class Owner : std::uint8_t { host, device, shared };
Owner owner_of(const void* pointer);

/// Rows of adjacent bytes in slices of rows. Pitches are bytes from row to row and from slice to
/// slice.
struct Rows {
  std::byte* data = nullptr;
  std::size_t pitch = 0, slice = 0;

  std::byte* row(std::size_t number, std::size_t slice_number) const {
    return data + slice_number * slice + number * pitch;
  }
};

/// The extent of rows: `depth` slices of `height` rows of `width` bytes.
struct Box {
  std::size_t width = 0, height = 1, depth = 1;

  std::size_t bytes() const { return width * height * depth; }
  /// Calls visit(row, slice) for every row until it returns false.
  template <class Visit>
  bool all_rows(Visit visit) const {
    for (std::size_t slice_number = 0; slice_number < depth; ++slice_number) {
      for (std::size_t row = 0; row < height; ++row) {
        if (!visit(row, slice_number)) return false;
      }
    }
    return true;
  }
};

struct Copy {
  Rows to, from;
  Box box;
  cudaMemcpyKind kind = cudaMemcpyDefault;
};
/// Of boxes; nullopt for arrays, which the emulator does not have.
std::optional<Copy> copy_of(const cudaMemcpy3DParms& parameters);
Copy linear(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind);

/// Fills elements of 1, 2 or 4 bytes with the low bytes of `value`.
struct Fill {
  Rows to;
  Box box;
  unsigned value = 0, element = 1;
};

/// Checks a copy or a fill, reports what is wrong, and makes work of it; none if it is empty.
cudaError_t make_copy_work(const Copy& copy, const char* call, Work& work);
cudaError_t make_fill_work(const Fill& fill, const char* call, Work& work);

/// Where a call puts its work, and whether it waits for it.
struct On {
  cudaStream_t stream;
  bool waits;
};
/// What a call that copies does.
cudaError_t copy(const char* call, Copy copy, const On& on);

}  // namespace emulator
