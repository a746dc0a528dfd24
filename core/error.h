// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/api.h>

#include <locale>
#include <sstream>
#include <stdexcept>
#include <string>

namespace kindling {

/// Base of everything Kindling throws. The text reads "op: what is wrong: what was given: what to
/// do".
class KINDLING_API Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Shapes or ranks that do not fit.
class KINDLING_API ShapeError : public Error {
 public:
  using Error::Error;
};

/// A dtype that is not accepted, or two that differ.
class KINDLING_API DTypeError : public Error {
 public:
  using Error::Error;
};

/// A device that is not there, or two that differ.
class KINDLING_API DeviceError : public Error {
 public:
  using Error::Error;
};

/// A value outside its range, an unknown name, a use out of order.
class KINDLING_API ValueError : public Error {
 public:
  using Error::Error;
};

/// An operation that a captured step cannot hold.
class KINDLING_API CaptureError : public Error {
 public:
  using Error::Error;
};

/// A file that cannot be read or written, or whose content is malformed.
class KINDLING_API FileError : public Error {
 public:
  using Error::Error;
};

/// Memory that could not be had; the text says how much was asked for.
class KINDLING_API OutOfMemoryError : public Error {
 public:
  using Error::Error;
};

/// A failed CUDA, cuBLAS or cuBLASLt call.
class KINDLING_API CudaError : public Error {
 public:
  using Error::Error;
};

/// The parts streamed into one string: `message("linear: input ", shape, " does not fit")`. The
/// same whatever the program's locale. Never on a hot path, and so kept small.
template <class... Parts>
[[nodiscard, gnu::cold, gnu::noinline]] std::string message(const Parts&... parts) {
  std::ostringstream out;
  out.imbue(std::locale::classic());
  (out << ... << parts);
  return out.str();
}

}  // namespace kindling
