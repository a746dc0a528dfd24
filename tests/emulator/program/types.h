// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <utility>

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

/// Their names and the bytes of a value, in the order of Type.
inline constexpr std::array<std::pair<std::string_view, int>, 22> kTypes = {{
    {"", 0},      {"pred", 0},  {"b8", 1},     {"b16", 2},  {"b32", 4},  {"b64", 8},
    {"b128", 16}, {"u8", 1},    {"u16", 2},    {"u32", 4},  {"u64", 8},  {"s8", 1},
    {"s16", 2},   {"s32", 4},   {"s64", 8},    {"f16", 2},  {"bf16", 2}, {"f32", 4},
    {"f64", 8},   {"f16x2", 4}, {"bf16x2", 4}, {"tf32", 4},
}};

/// Bytes of a value of this type; 0 for none and predicates.
constexpr int width_of(Type type) { return kTypes[static_cast<std::size_t>(type)].second; }
constexpr bool is_signed(Type type) { return type >= Type::s8 && type <= Type::s64; }
constexpr bool is_float(Type type) { return type >= Type::f16; }

constexpr bool is_packed(Type type) { return type == Type::f16x2 || type == Type::bf16x2; }
/// The type of one half of a packed pair; other types are their own element.
constexpr Type element_of(Type type) {
  return type == Type::f16x2 ? Type::f16 : type == Type::bf16x2 ? Type::bf16 : type;
}

/// The type of that name ("u32"), or none.
constexpr Type type_named(std::string_view name) {
  for (std::size_t i = 1; i < kTypes.size(); ++i) {
    if (kTypes[i].first == name) return static_cast<Type>(i);
  }
  return Type::none;
}

/// What a table holds under a name; T{} if it does not have it.
template <class T>
constexpr T named(std::string_view name,
                  std::initializer_list<std::pair<std::string_view, T>> table) {
  for (const auto& [known, value] : table) {
    if (known == name) return value;
  }
  return T{};
}

/// The state spaces. `parameter` is a kernel's parameter buffer; the parameters of functions are
/// thread-private and live in local memory.
enum class Space : std::uint8_t { generic, global, shared, local, parameter };

// Generic addresses tell the spaces apart by their top byte; everything else is global.
inline constexpr std::uint64_t kSharedWindow = 0x01ull << 56;
inline constexpr std::uint64_t kLocalWindow = 0x02ull << 56;
inline constexpr std::uint64_t kParameterWindow = 0x03ull << 56;
inline constexpr std::uint64_t kCodeWindow = 0x04ull << 56;  // functions whose address is taken

}  // namespace emulator
