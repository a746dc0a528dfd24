// SPDX-License-Identifier: MIT
#include "tests/emulator/execution/access.h"
#include "tests/emulator/execution/handlers.h"
#include "tests/emulator/execution/lanewise.h"
#include "tests/emulator/execution/visit_type.h"
#include "tests/emulator/report/options.h"

#include <cstring>

namespace emulator {
namespace {

void order(const Warp& warp, const Instruction& instruction, Flag flag) {
  if (instruction.has(flag) && options().checks == Checks::all) {
    Races::instance().fence(warp, instruction.scope);
  }
}

// A loaded value may be narrower than its register: it is extended by its sign.
template <class T>
void load_element(Warp& warp, const Operand& to, std::size_t element, const Accessed& accessed) {
  const auto value_of = [&](std::size_t lane) {
    T value;
    std::memcpy(&value, accessed.data[lane] + element * sizeof(T), sizeof(T));
    return value;
  };
  if (to.width == sizeof(T)) {
    T* values = warp.lanes<T>(to);
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      if (has_lane(accessed.mask, lane)) values[lane] = value_of(lane);
    }
    return;
  }
  for (const std::size_t lane : lanes_of(accessed.mask)) {
    write_lane(warp, to, lane, static_cast<std::uint64_t>(value_of(lane)));
  }
}

template <class T>
void load(Warp& warp, const Instruction& instruction, LaneMask mask) {
  const std::uint32_t bytes = sizeof(T) * instruction.vector;
  const Accessed accessed = resolve({warp, instruction, bytes, Access::read}, mask);
  if (accessed.mask == 0) return;
  const Operand& first = instruction.to[0];
  if (accessed.contiguous && instruction.vector == 1 && first.width == sizeof(T)) {
    std::memcpy(warp.lanes<std::byte>(first), accessed.data[0], sizeof(T) * kLanes);
  } else {
    for (std::size_t element = 0; element < instruction.vector; ++element) {
      const Operand& to = instruction.to[element];
      if (to.exists()) load_element<T>(warp, to, element, accessed);
    }
  }
  order(warp, instruction, kAcquire);
}

// Only the lanes that take what was loaded have read it.
void select_loaded(Warp& warp, const Instruction& instruction, LaneMask mask) {
  Instruction load = warp.program().code[instruction.target];
  load.flags = static_cast<std::uint16_t>(load.flags & ~kEarly);
  const LaneMask first = read_predicate(warp, instruction, 2);
  const bool is_first = instruction.from[0].place == load.to[0].place;
  const LaneMask taken = mask & (is_first ? first : ~first);
  const auto bytes = static_cast<std::uint32_t>(width_of(load.type));
  if (taken != 0) resolve({warp, load, bytes, Access::read}, taken);
  instruction.inner(warp, instruction, mask);
}

void store(Warp& warp, const Instruction& instruction, LaneMask mask) {
  const auto width = static_cast<std::uint32_t>(width_of(instruction.type));
  const std::uint32_t bytes = width * instruction.vector;
  order(warp, instruction, kRelease);
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
  const Accessed accessed = resolve({warp, instruction, bytes, Access::write, written}, mask);
  if (accessed.contiguous) {
    std::memcpy(accessed.data[0], written, std::size_t{bytes} * kLanes);
    return;
  }
  for (const std::size_t lane : lanes_of(accessed.mask)) {
    std::memcpy(accessed.data[lane], written + lane * bytes, bytes);
  }
}

// The parameters of the kernel are the same for all lanes. T is unsigned, of the type's width.
template <class T>
void load_parameter(Warp& warp, const Instruction& instruction, LaneMask mask) {
  const std::vector<std::byte>& parameters = warp.block->grid->parameters;
  const std::uint64_t at = warp.lanes<const std::uint64_t>(instruction.from[0])[0] +
                           static_cast<std::uint64_t>(instruction.offset);
  if (at + sizeof(T) * instruction.vector > parameters.size()) {
    load<T>(warp, instruction, mask);  // reports it
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

void fence(Warp& warp, const Instruction& instruction, LaneMask) {
  if (options().checks == Checks::all) Races::instance().fence(warp, instruction.scope);
}

bool is_plain(const Instruction& instruction) {
  const int width = width_of(instruction.type), bytes = width * instruction.vector;
  return width > 0 && width <= 8 && bytes <= 16 && (bytes & (bytes - 1)) == 0;
}

}  // namespace

Handler select_loaded_handler() { return select_loaded; }

Handler fence_handler(const Statement& s, Instruction& instruction) {
  if (s.has("proxy")) return nullptr;
  if (s.has("gl")) instruction.scope = Scope::device;
  return fence;
}

Handler store_handler(const Statement&, Instruction& instruction) {
  for (std::size_t i = 1; i <= instruction.vector; ++i) {
    if (instruction.from[i].width < width_of(instruction.type)) return nullptr;
  }
  return is_plain(instruction) ? store : nullptr;
}

Handler load_handler(const Statement&, Instruction& instruction) {
  if (!is_plain(instruction)) return nullptr;
  const int width = width_of(instruction.type);
  bool same_widths = true;
  for (std::size_t i = 0; i < instruction.vector; ++i) {
    if (!instruction.to[i].exists()) continue;
    if (instruction.to[i].width < std::max(width, 1)) return nullptr;
    same_widths &= instruction.to[i].width == width;
  }
  const Operand& base = instruction.from[0];
  const bool is_constant = base.exists() && (base.place & Operand::kConstant) != 0;
  if (instruction.space == Space::parameter && is_constant && same_widths && width > 1) {
    return visit_width(width, []<class T>(T) -> Handler { return load_parameter<T>; });
  }
  // Reals are loaded as bits.
  if (is_float(instruction.type)) {
    return visit_width(width, []<class T>(T) -> Handler { return load<T>; });
  }
  return visit_integer(instruction.type, []<class T>(T) -> Handler { return load<T>; });
}

}  // namespace emulator
