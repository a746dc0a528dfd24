// SPDX-License-Identifier: MIT
#include "tests/emulator/execution/handlers.h"
#include "tests/emulator/execution/lanewise.h"
#include "tests/emulator/execution/visit_type.h"

namespace emulator {
namespace {

void local_address(Warp& warp, const Instruction& instruction, LaneMask mask) {
  const std::uint64_t frame = warp.frames[warp.current_frame].local;
  write_lanes(warp, instruction.to[0], mask,
              frame + static_cast<std::uint64_t>(instruction.offset));
}

// mov.b64 {a, b}, c and mov.b64 c, {a, b}: the lowest bits go first.
template <bool joins>
void move_vector(Warp& warp, const Instruction& instruction, LaneMask mask) {
  const std::size_t bits =
      8 * static_cast<std::size_t>(width_of(instruction.type)) / instruction.vector;
  const std::uint64_t part = ~0ull >> (64 - bits);
  for (const std::size_t lane : lanes_of(mask)) {
    std::uint64_t value = joins ? 0 : read_lane(warp, instruction.from[0], lane);
    for (std::size_t i = 0; i < instruction.vector; ++i) {
      if (joins)
        value |= (read_lane(warp, instruction.from[i], lane) & part) << (i * bits);
      else
        write_lane(warp, instruction.to[i], lane, value >> (i * bits) & part);
    }
    if (joins) write_lane(warp, instruction.to[0], lane, value);
  }
}

void active_mask(Warp& warp, const Instruction& instruction, LaneMask mask) {
  write_lanes(warp, instruction.to[0], mask, mask);
}

std::uint64_t window_of(Space space) {
  return space == Space::shared      ? kSharedWindow
         : space == Space::local     ? kLocalWindow
         : space == Space::parameter ? kParameterWindow
                                     : 0;
}

// cvta and cvta.to: between a space's addresses and generic ones. The handler's `offset` is how
// far they are apart.
template <class T>
void convert_address(Warp& warp, const Instruction& instruction, LaneMask mask) {
  const auto distance = static_cast<T>(instruction.offset);
  const T* from = warp.lanes<const T>(instruction.from[0]);
  T* to = warp.lanes<T>(instruction.to[0]);
  for (int lane = 0; lane < kLanes; ++lane) {
    const T value = from[lane] + distance;
    to[lane] = (mask >> lane) & 1 ? value : to[lane];
  }
}

void is_in_space(Warp& warp, const Instruction& instruction, LaneMask mask) {
  const std::uint64_t window = window_of(instruction.space);
  const LaneMask inside = lanes_where(mask, [&](std::size_t lane) {
    const std::uint64_t top = read_lane(warp, instruction.from[0], lane) >> 56 << 56;
    const bool tagged = top >= kSharedWindow && top <= kParameterWindow;
    return window == 0 ? !tagged : top == window;
  });
  write_predicate(warp, instruction.to[0], mask, inside);
}

}  // namespace

Handler local_address_handler() { return local_address; }

Handler address_handler(const Statement& s, Instruction& instruction) {
  if (s.base() == "activemask") return active_mask;
  if (s.base() == "isspacep") return is_in_space;
  const std::uint64_t window = window_of(instruction.space);
  instruction.offset = static_cast<std::int64_t>(s.has("to") ? 0 - window : window);
  return visit_width(width_of(instruction.type),
                     []<class T>(T) -> Handler { return convert_address<T>; });
}

Handler move_handler(const Statement& s, Instruction& instruction) {
  const int width = width_of(instruction.type);
  if (instruction.vector > 1) {
    if (width == 0 || width > 8 || 8 * width % instruction.vector != 0) return nullptr;
    const bool splits = s.operands[0].kind == OperandText::Kind::vector;
    return splits ? move_vector<false> : move_vector<true>;
  }
  if (instruction.to[0].width != width) return nullptr;
  return visit_width(width,
                     []<class T>(T) -> Handler { return lanewise<T>([](T a) { return a; }); });
}

}  // namespace emulator
