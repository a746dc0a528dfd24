// SPDX-License-Identifier: MIT
#include "tests/emulator/execution/access.h"
#include "tests/emulator/execution/atomics.h"
#include "tests/emulator/execution/handlers.h"
#include "tests/emulator/report/options.h"

#include <algorithm>
#include <cstring>

namespace emulator {
namespace {

using Addresses = std::array<std::uint64_t, kLanes>;

void order(const Warp& warp, const Instruction& instruction, LaneMask mask, Flag flag) {
  if (instruction.has(flag) && options().checks == Checks::all) {
    Races::instance().fence(warp, mask, instruction.scope);
  }
}

// A loaded value, extended to the width of its register.
template <class T>
T extended(const std::byte* data, Type type) {
  switch (type) {
    case Type::s8: {
      std::int8_t v;
      std::memcpy(&v, data, 1);
      return static_cast<T>(v);
    }
    case Type::s16: {
      std::int16_t v;
      std::memcpy(&v, data, 2);
      return static_cast<T>(v);
    }
    case Type::s32: {
      std::int32_t v;
      std::memcpy(&v, data, 4);
      return static_cast<T>(v);
    }
    default: {
      std::uint64_t v = 0;
      std::memcpy(&v, data, static_cast<std::size_t>(width_of(type)));
      return static_cast<T>(v);
    }
  }
}

template <class T>
void load_extended(Warp& warp, const Instruction& instruction, const Operand& to,
                   std::size_t element, const Accessed& accessed) {
  const auto skip = element * static_cast<std::size_t>(width_of(instruction.type));
  for (LaneMask rest = accessed.mask; rest != 0; rest &= rest - 1) {
    const auto lane = static_cast<std::size_t>(__builtin_ctz(rest));
    warp.lanes<T>(to)[lane] = extended<T>(accessed.data[lane] + skip, instruction.type);
  }
}

// T has the width of the type and of the register.
template <class T>
void load_element(Warp& warp, const Operand& to, std::size_t element, const Accessed& accessed) {
  T* values = warp.lanes<T>(to);
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    if (accessed.mask != kAllLanes && !((accessed.mask >> lane) & 1)) continue;
    std::memcpy(&values[lane], accessed.data[lane] + element * sizeof(T), sizeof(T));
  }
}

void load(Warp& warp, const Instruction& instruction, LaneMask mask) {
  Addresses address;
  Accessed accessed;
  const auto width = static_cast<std::uint32_t>(width_of(instruction.type));
  lane_addresses(warp, instruction, mask, 0, instruction.offset, address);
  resolve(warp, instruction, mask, instruction.space, address, width * instruction.vector,
          Access::read, nullptr, accessed);
  if (accessed.mask == 0) return;
  for (std::size_t element = 0; element < instruction.vector; ++element) {
    const Operand& to = instruction.to[element];
    if (!to.exists()) continue;
    if (accessed.contiguous && instruction.vector == 1 && to.width == width) {
      std::memcpy(warp.lanes<std::byte>(to), accessed.data[0], std::size_t{width} * kLanes);
    } else if (to.width == width && width == 4) {
      load_element<std::uint32_t>(warp, to, element, accessed);
    } else if (to.width == width && width == 8) {
      load_element<std::uint64_t>(warp, to, element, accessed);
    } else if (to.width == 8) {
      load_extended<std::uint64_t>(warp, instruction, to, element, accessed);
    } else if (to.width == 4) {
      load_extended<std::uint32_t>(warp, instruction, to, element, accessed);
    } else {
      load_extended<std::uint16_t>(warp, instruction, to, element, accessed);
    }
  }
  order(warp, instruction, accessed.mask, kAcquire);
}

void store(Warp& warp, const Instruction& instruction, LaneMask mask) {
  Addresses address;
  Accessed accessed;
  const auto width = static_cast<std::size_t>(width_of(instruction.type));
  const std::size_t bytes = width * instruction.vector;
  order(warp, instruction, mask, kRelease);
  // What each lane writes, its elements side by side.
  alignas(64) std::byte staged[kLanes * 16];
  const std::byte* written = staged;
  const Operand& first = instruction.from[1];
  if (instruction.vector == 1 && first.width == width) {
    written = warp.lanes<const std::byte>(first);
  } else {
    for (std::size_t element = 0; element < instruction.vector; ++element) {
      const Operand& from = instruction.from[1 + element];
      const std::byte* source = warp.lanes<const std::byte>(from);
      for (std::size_t lane = 0; lane < kLanes; ++lane) {
        std::memcpy(staged + lane * bytes + element * width, source + lane * from.width, width);
      }
    }
  }
  lane_addresses(warp, instruction, mask, 0, instruction.offset, address);
  resolve(warp, instruction, mask, instruction.space, address, static_cast<std::uint32_t>(bytes),
          Access::write, written, accessed);
  if (accessed.contiguous) {
    std::memcpy(accessed.data[0], written, bytes * kLanes);
    return;
  }
  for (LaneMask rest = accessed.mask; rest != 0; rest &= rest - 1) {
    const auto lane = static_cast<std::size_t>(__builtin_ctz(rest));
    std::memcpy(accessed.data[lane], written + lane * bytes, bytes);
  }
}

// The parameters of the kernel are the same for all lanes.
template <class T>
void load_parameter(Warp& warp, const Instruction& instruction, LaneMask mask) {
  const std::vector<std::byte>& parameters = warp.block->grid->parameters;
  const std::uint64_t at = warp.lanes<const std::uint64_t>(instruction.from[0])[0] +
                           static_cast<std::uint64_t>(instruction.offset);
  if (at + sizeof(T) * instruction.vector > parameters.size()) {
    load(warp, instruction, mask);  // reports it
    return;
  }
  for (std::size_t element = 0; element < instruction.vector; ++element) {
    if (!instruction.to[element].exists()) continue;
    T value;
    std::memcpy(&value, parameters.data() + at + element * sizeof(T), sizeof(T));
    T* to = warp.lanes<T>(instruction.to[element]);
    for (int lane = 0; lane < kLanes; ++lane) to[lane] = (mask >> lane) & 1 ? value : to[lane];
  }
}

void fence(Warp& warp, const Instruction& instruction, LaneMask mask) {
  if (options().checks == Checks::all) Races::instance().fence(warp, mask, instruction.scope);
}

// --- cp.async: the bytes are read at once and arrive when the group is waited for ---

void copy_async(Warp& warp, const Instruction& instruction, LaneMask mask) {
  const std::uint32_t bytes = warp.lanes<const std::uint32_t>(instruction.from[2])[0];
  if (bytes != 4 && bytes != 8 && bytes != 16) return;
  Addresses to, from;
  lane_addresses(warp, instruction, mask, 0, instruction.offset, to);
  lane_addresses(warp, instruction, mask, 1, static_cast<std::int32_t>(instruction.target), from);
  const Operand& limit = instruction.from[3];
  LaneMask reading = 0;
  for (LaneMask rest = mask; rest != 0; rest &= rest - 1) {
    const int lane = __builtin_ctz(rest);
    if (!limit.exists() || warp.lanes<const std::uint32_t>(limit)[lane] != 0) reading |= 1u << lane;
  }
  Accessed source;
  if (reading != 0) {
    const auto good = from[static_cast<std::size_t>(__builtin_ctz(reading))];
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      if (!((reading >> lane) & 1)) from[lane] = good;
    }
    resolve(warp, instruction, reading, Space::global, from, bytes, Access::read, nullptr, source);
  }
  for (LaneMask rest = mask; rest != 0; rest &= rest - 1) {
    const auto lane = static_cast<std::size_t>(__builtin_ctz(rest));
    PendingCopy copy{&instruction, static_cast<int>(lane), warp.copy_group, to[lane], bytes, {}};
    if ((source.mask >> lane) & 1) {
      const std::uint32_t kept =
          limit.exists() ? std::min(bytes, warp.lanes<const std::uint32_t>(limit)[lane]) : bytes;
      std::memcpy(copy.data.data(), source.data[lane], kept);
    }
    warp.pending_copies.push_back(copy);
  }
}

void finish_copies(Warp& warp, LaneMask mask, std::uint32_t up_to_group) {
  std::vector<PendingCopy> later;
  for (const PendingCopy& copy : warp.pending_copies) {
    const LaneMask lane = 1u << copy.lane;
    if (!(mask & lane) || copy.group > up_to_group) {
      later.push_back(copy);
      continue;
    }
    Addresses to;
    to.fill(copy.to);
    Accessed accessed;
    resolve(warp, *copy.instruction, lane, Space::shared, to, copy.bytes, Access::write, nullptr,
            accessed);
    if (accessed.mask != 0) {
      std::memcpy(accessed.data[static_cast<std::size_t>(copy.lane)], copy.data.data(), copy.bytes);
    }
  }
  warp.pending_copies = std::move(later);
}

void commit_group(Warp& warp, const Instruction&, LaneMask) { ++warp.copy_group; }

void wait_all(Warp& warp, const Instruction&, LaneMask mask) { finish_copies(warp, mask, ~0u); }

// At most N of the committed groups may still be under way.
void wait_group(Warp& warp, const Instruction& instruction, LaneMask mask) {
  const std::uint32_t allowed = warp.lanes<const std::uint32_t>(instruction.from[0])[0];
  if (warp.copy_group >= allowed + 1) finish_copies(warp, mask, warp.copy_group - allowed - 1);
}

Handler copy_handler(const Statement& s, const Instruction& instruction) {
  if (s.has("commit_group")) return commit_group;
  if (s.has("wait_all")) return wait_all;
  if (s.has("wait_group")) return instruction.from[0].exists() ? wait_group : nullptr;
  return copy_async;
}

bool is_plain(const Instruction& instruction) {
  const int bytes = width_of(instruction.type) * instruction.vector;
  return width_of(instruction.type) > 0 && width_of(instruction.type) <= 8 && bytes <= 16 &&
         (bytes & (bytes - 1)) == 0;
}

bool registers_fit(const Instruction& instruction) {
  for (std::size_t i = 0; i < instruction.vector; ++i) {
    if (!instruction.to[i].exists()) continue;
    if (instruction.to[i].width != width_of(instruction.type)) return false;
  }
  return true;
}

}  // namespace

Handler memory_handler(const Statement& s, Instruction& instruction) {
  const std::string_view base = s.base();
  if (base == "cp") return copy_handler(s, instruction);
  if (base == "fence" || base == "membar") return s.has("proxy") ? nullptr : fence;
  if (base == "atom" || base == "red") return atomic_handler(s, instruction);
  if (!is_plain(instruction)) return nullptr;
  if (base == "st") {
    for (std::size_t i = 1; i <= instruction.vector; ++i) {
      if (instruction.from[i].width < width_of(instruction.type)) return nullptr;
    }
    return store;
  }
  for (std::size_t i = 0; i < instruction.vector; ++i) {
    const Operand& to = instruction.to[i];
    if (to.exists() && to.width < width_of(instruction.type)) return nullptr;
    if (to.exists() && to.width == 0) return nullptr;
  }
  if (instruction.space == Space::parameter && instruction.from[0].exists() &&
      (instruction.from[0].place & Operand::kConstant) && registers_fit(instruction)) {
    switch (width_of(instruction.type)) {
      case 4:
        return load_parameter<std::uint32_t>;
      case 8:
        return load_parameter<std::uint64_t>;
      default:
        break;
    }
  }
  return load;
}

}  // namespace emulator
