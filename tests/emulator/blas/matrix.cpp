// SPDX-License-Identifier: MIT
#include "tests/emulator/blas/matrix.h"

#include "tests/emulator/execution/real_types.h"
#include "tests/emulator/memory/memory.h"
#include "tests/emulator/report/options.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

namespace emulator {
namespace {

// The lowest address of a matrix and its bytes, gaps between lines included.
struct Span {
  std::uint64_t address;
  std::size_t bytes;
};

Span span(const Matrix& matrix, std::int64_t batch) {
  const std::int64_t size = bytes_of(matrix.type);
  const std::int64_t reach = matrix.step * (matrix.lines - 1);
  const std::int64_t lowest = batch * matrix.batch_step + std::min<std::int64_t>(reach, 0);
  return {matrix.address + static_cast<std::uint64_t>(lowest * size),
          static_cast<std::size_t>((std::abs(reach) + matrix.length) * size)};
}

float to_tf32(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const bool finite = (bits & 0x7f800000u) != 0x7f800000u;
  return finite ? std::bit_cast<float>((bits + 0x1000u) & 0xffffe000u) : value;
}

float through_half(float value, HalfFormat format) {
  const std::uint16_t bits = round_to_half(static_cast<double>(value), format, Rounding::nearest);
  return static_cast<float>(from_half(bits, format));
}

float rounded(float value, Rounding32 rounding) {
  switch (rounding) {
    case Rounding32::tf32:
      return to_tf32(value);
    case Rounding32::half:
      return through_half(value, kHalf);
    case Rounding32::brain:
      return through_half(value, kBrain);
    default:
      return value;
  }
}

template <class S>
S value_at(const std::byte* from) {
  S value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

template <class T>
T read(const std::byte* from, cudaDataType type, Rounding32 rounding) {
  switch (type) {
    case CUDA_R_64F:
      return static_cast<T>(value_at<double>(from));
    case CUDA_R_16F:
      return static_cast<T>(from_half(value_at<std::uint16_t>(from), kHalf));
    case CUDA_R_16BF:
      return static_cast<T>(from_half(value_at<std::uint16_t>(from), kBrain));
    default:
      return static_cast<T>(rounded(value_at<float>(from), rounding));
  }
}

template <class T>
void write(std::byte* to, cudaDataType type, T value) {
  const auto put = [&](auto stored) { std::memcpy(to, &stored, sizeof stored); };
  if (type == CUDA_R_64F) return put(static_cast<double>(value));
  if (type == CUDA_R_32F) return put(static_cast<float>(value));
  const HalfFormat format = type == CUDA_R_16F ? kHalf : kBrain;
  put(round_to_half(static_cast<double>(value), format, Rounding::nearest));
}

// Calls visit(i, offset) for every element: its place in [columns][rows], and in memory, in bytes.
template <class Visit>
void for_each(const Matrix& matrix, Visit visit) {
  const std::int64_t along = matrix.lines_are_rows ? matrix.lines : 1;
  const std::int64_t across = matrix.lines_are_rows ? 1 : matrix.length;
  const std::int64_t size = bytes_of(matrix.type);
  for (std::int64_t line = 0; line < matrix.lines; ++line) {
    for (std::int64_t i = 0; i < matrix.length; ++i) {
      visit(line * across + i * along, (line * matrix.step + i) * size);
    }
  }
}

}  // namespace

Matrix Matrix::transposed() const {
  Matrix result = *this;
  result.lines_are_rows = !lines_are_rows;
  return result;
}

Matrix column_major(const char* name, const void* address, cudaDataType type, std::int64_t rows,
                    std::int64_t columns, std::int64_t ld, std::int64_t batch_step) {
  const auto start = reinterpret_cast<std::uint64_t>(address);
  return {name, start, type, rows, columns, ld, false, batch_step};
}

Matrix as_matrix(const char* name, const void* address, cudaDataType type, std::int64_t n,
                 std::int64_t step) {
  if (step == 1) return column_major(name, address, type, n, 1, n);
  Matrix result = column_major(name, address, type, 1, n, step).transposed();
  if (step < 0) result.address -= static_cast<std::uint64_t>(step * (n - 1) * bytes_of(type));
  return result;
}

bool look_up(Matrix& matrix, std::int64_t batch, const std::string& call) {
  if (!matrix.listed) return true;
  const std::uint64_t entry = matrix.address + static_cast<std::uint64_t>(batch) * sizeof(void*);
  const std::byte* const from = Memory::instance().range(
      entry, sizeof(void*), false, call + ", the list of each " + matrix.name + ",");
  if (!from) return false;
  matrix.address = value_at<std::uint64_t>(from);
  matrix.listed = false;
  return true;
}

std::int64_t bytes_of(cudaDataType type) {
  switch (type) {
    case CUDA_R_64F:
      return 8;
    case CUDA_R_32F:
      return 4;
    case CUDA_R_16F:
    case CUDA_R_16BF:
      return 2;
    case CUDA_R_8U:
      return 1;  // bit masks
    default:
      return 0;
  }
}

std::byte* touch(const Matrix& matrix, std::int64_t batch, bool write, const std::string& call) {
  Memory& memory = Memory::instance();
  const std::string who = call + ", " + matrix.name + ",";
  const std::int64_t size = bytes_of(matrix.type);
  const auto [address, bytes] = span(matrix, batch);
  if (address % static_cast<std::uint64_t>(size) != 0) {
    report(Check::misaligned, text(who, " has elements of ", size, " bytes, but is ",
                                   memory.describe(address, bytes)));
    return nullptr;
  }
  const std::uint64_t first =
      matrix.address + static_cast<std::uint64_t>(batch * matrix.batch_step * size);
  const Allocation* const allocation = memory.find(address);
  const bool outside = !allocation || address - allocation->address + bytes > allocation->bytes;
  if (outside || matrix.lines == 1 || matrix.step == matrix.length) {
    return memory.range(address, bytes, write, who);
  }
  // The gaps between lines are nobody's business. One report a matrix is enough.
  const std::uint64_t reports = report_count();
  for (std::int64_t line = 0; line < matrix.lines; ++line) {
    if (!write && report_count() != reports) break;
    memory.range(first + static_cast<std::uint64_t>(line * matrix.step * size),
                 static_cast<std::size_t>(matrix.length * size), write, who);
  }
  return memory.data(first);
}

template <class T>
bool load(const Matrix& matrix, std::int64_t batch, const std::string& call, T* to,
          Rounding32 rounding) {
  if (matrix.length == 0 || matrix.lines == 0) return true;
  const std::byte* const from = touch(matrix, batch, false, call);
  if (!from) return false;
  for_each(matrix, [&](std::int64_t i, std::int64_t offset) {
    to[i] = read<T>(from + offset, matrix.type, rounding);
  });
  return true;
}

template <class T>
bool store(const Matrix& matrix, std::int64_t batch, const std::string& call, const T* from) {
  if (matrix.length == 0 || matrix.lines == 0) return true;
  std::byte* const to = touch(matrix, batch, true, call);
  if (!to) return false;
  for_each(matrix,
           [&](std::int64_t i, std::int64_t offset) { write(to + offset, matrix.type, from[i]); });
  return true;
}

template bool load(const Matrix&, std::int64_t, const std::string&, float*, Rounding32);
template bool load(const Matrix&, std::int64_t, const std::string&, double*, Rounding32);
template bool store(const Matrix&, std::int64_t, const std::string&, const float*);
template bool store(const Matrix&, std::int64_t, const std::string&, const double*);

bool overlap(const Matrix& a, const Matrix& b) {
  if (a.length * a.lines == 0 || b.length * b.lines == 0) return false;
  const Span x = span(a, 0), y = span(b, 0);
  if (x.address + x.bytes <= y.address || y.address + y.bytes <= x.address) return false;
  if (a.step != b.step || a.step <= 0 || a.type != b.type) return true;
  const std::int64_t between =
      static_cast<std::int64_t>(b.address - a.address) / bytes_of(a.type) % a.step;
  const std::int64_t offset = between < 0 ? between + a.step : between;
  return offset < a.length || offset + b.length > a.step;
}

}  // namespace emulator
