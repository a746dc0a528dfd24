// SPDX-License-Identifier: MIT
#pragma once

#include "tests/emulator/execution/real_types.h"
#include "tests/emulator/program/types.h"

#include <cstdint>

namespace emulator {

// Each of these calls `visit` with a value of the C++ type that the lanes of a PTX type have and
// returns the handler that it chooses; nullptr for other types. Bits count as unsigned numbers.

template <class Visit>
auto visit_integer(Type type, Visit visit) -> decltype(visit(std::uint32_t{})) {
  switch (type) {
    case Type::b8:
    case Type::u8:
      return visit(std::uint8_t{});
    case Type::s8:
      return visit(std::int8_t{});
    case Type::b16:
    case Type::u16:
      return visit(std::uint16_t{});
    case Type::s16:
      return visit(std::int16_t{});
    case Type::b32:
    case Type::u32:
      return visit(std::uint32_t{});
    case Type::s32:
      return visit(std::int32_t{});
    case Type::b64:
    case Type::u64:
      return visit(std::uint64_t{});
    case Type::s64:
      return visit(std::int64_t{});
    default:
      return nullptr;
  }
}

template <class Visit>
auto visit_type(Type type, Visit visit) -> decltype(visit(std::uint32_t{})) {
  switch (type) {
    case Type::f16:
      return visit(Half{});
    case Type::bf16:
      return visit(Brain{});
    case Type::f32:
      return visit(float{});
    case Type::f64:
      return visit(double{});
    default:
      return visit_integer(type, visit);
  }
}

/// The unsigned type of that many bytes.
template <class Visit>
auto visit_width(int bytes, Visit visit) -> decltype(visit(std::uint32_t{})) {
  return bytes == 2   ? visit(std::uint16_t{})
         : bytes == 4 ? visit(std::uint32_t{})
         : bytes == 8 ? visit(std::uint64_t{})
                      : nullptr;
}

}  // namespace emulator
