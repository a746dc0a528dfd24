// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/api.h>

#include <cstdint>
#include <iosfwd>

namespace kindling {

/// Where a tensor's memory lives and its kernels run.
class Device {
 public:
  enum class Type : std::uint8_t { cpu, cuda };

  static constexpr Device cpu() noexcept { return Device(Type::cpu, 0); }
  static constexpr Device cuda(int index = 0) noexcept { return Device(Type::cuda, index); }

  constexpr Type type() const noexcept { return type_; }
  constexpr int index() const noexcept { return index_; }
  constexpr bool is_cpu() const noexcept { return type_ == Type::cpu; }
  constexpr bool is_cuda() const noexcept { return type_ == Type::cuda; }

  friend constexpr bool operator==(Device, Device) noexcept = default;

 private:
  constexpr Device(Type type, int index) noexcept : type_(type), index_(index) {}

  Type type_;
  int index_;
};

/// Prints "cpu" or "cuda:0".
KINDLING_API std::ostream& operator<<(std::ostream& out, Device device);

}  // namespace kindling
