// SPDX-License-Identifier: MIT
#pragma once

#include <cublas_v2.h>

#include <cstdint>
#include <string>

namespace emulator {

/// A matrix or vector of a library call in device memory: `lines` runs of `length` adjacent
/// elements, a line being a column, or, with lines_are_rows, a row.
struct Matrix {
  const char* name = "";  // "matrix A", for reports
  std::uint64_t address = 0;
  cudaDataType type = CUDA_R_32F;
  std::int64_t length = 0;  // elements
  std::int64_t lines = 1;
  std::int64_t step = 0;  // elements from line to line; negative for BLAS's negative strides
  bool lines_are_rows = false;
  std::int64_t batch_step = 0;  // elements from one matrix of a batch to the next
  bool listed = false;  // `address` is that of a list of the addresses of a batch's matrices

  std::int64_t rows() const { return lines_are_rows ? lines : length; }
  std::int64_t columns() const { return lines_are_rows ? length : lines; }
  Matrix transposed() const;
};

/// A column-major matrix.
Matrix column_major(const char* name, const void* address, cudaDataType type, std::int64_t rows,
                    std::int64_t columns, std::int64_t ld, std::int64_t batch_step = 0);
/// n elements, `step` apart; with a negative step the first one is the last in memory.
Matrix as_matrix(const char* name, const void* address, cudaDataType type, std::int64_t n,
                 std::int64_t step);

/// One matrix of a batch that is listed in device memory; false, and reported, if the list cannot
/// be read.
bool look_up(Matrix& matrix, std::int64_t batch, const std::string& call);

/// What happens to float32 factors before they are multiplied.
enum class Rounding32 : std::uint8_t {
  none,
  tf32,   // to 10 fraction bits, nearest, ties away from zero, as cvt.rna.tf32.f32 does
  half,   // to the nearest half
  brain,  // to the nearest bfloat16
};

/// Bytes of an element, 0 if the type is not emulated.
std::int64_t bytes_of(cudaDataType type);

/// Checks the bounds, the alignment and, of what is read, the initialisation of one matrix, reports
/// what is wrong for the library call `call`, marks what is written, and returns where element
/// (0, 0) lies; nullptr if the matrix may not be touched.
std::byte* touch(const Matrix& matrix, std::int64_t batch, bool write, const std::string& call);

/// Reads a matrix, to [columns][rows]. False if it may not be touched. T is float or double.
template <class T>
bool load(const Matrix& matrix, std::int64_t batch, const std::string& call, T* to,
          Rounding32 rounding = Rounding32::none);
/// Writes a matrix from [columns][rows], rounded to nearest once.
template <class T>
bool store(const Matrix& matrix, std::int64_t batch, const std::string& call, const T* from);

/// Whether an element of one is an element of the other; interleaved lines of equal steps are
/// told apart.
bool overlap(const Matrix& a, const Matrix& b);

}  // namespace emulator
