// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>

namespace emulator {

/// The fundamental types of PTX.
enum class Type : std::uint8_t {
  none,
  pred,
  b8,
  b16,
  b32,
  b64,
  b128,
  u8,
  u16,
  u32,
  u64,
  s8,
  s16,
  s32,
  s64,
  f16,
  bf16,
  f32,
  f64,
  f16x2,
  bf16x2,
  tf32,
};

/// Bytes of a value of this type; 0 for none and predicates.
constexpr int width_of(Type type) {
  switch (type) {
    case Type::none:
    case Type::pred:
      return 0;
    case Type::b8:
    case Type::u8:
    case Type::s8:
      return 1;
    case Type::b16:
    case Type::u16:
    case Type::s16:
    case Type::f16:
    case Type::bf16:
      return 2;
    case Type::b64:
    case Type::u64:
    case Type::s64:
    case Type::f64:
      return 8;
    case Type::b128:
      return 16;
    default:
      return 4;
  }
}

constexpr bool is_signed(Type type) {
  return type == Type::s8 || type == Type::s16 || type == Type::s32 || type == Type::s64;
}

constexpr bool is_float(Type type) { return type >= Type::f16; }

/// The type of that name ("u32"), or none.
Type type_named(std::string_view name);

/// The state spaces. `parameter` is a kernel's parameter buffer; the parameters of functions are
/// thread-private and live in local memory.
enum class Space : std::uint8_t { generic, global, shared, local, parameter };

// Generic addresses tell the spaces apart by their top byte; everything else is global.
inline constexpr std::uint64_t kSharedWindow = 0x01ull << 56;
inline constexpr std::uint64_t kLocalWindow = 0x02ull << 56;
inline constexpr std::uint64_t kParameterWindow = 0x03ull << 56;
inline constexpr std::uint64_t kCodeWindow = 0x04ull << 56;  // functions whose address is taken

}  // namespace emulator
