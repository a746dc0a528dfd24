// SPDX-License-Identifier: MIT
#include "tests/emulator/execution/handlers.h"
#include "tests/emulator/execution/lanewise.h"

#include <array>
#include <chrono>
#include <cstring>

namespace emulator {
namespace {

enum Special : std::uint8_t {
  kTidX,
  kTidY,
  kTidZ,
  kNtidX,
  kNtidY,
  kNtidZ,
  kCtaidX,
  kCtaidY,
  kCtaidZ,
  kNctaidX,
  kNctaidY,
  kNctaidZ,
  kLaneId,
  kWarpId,
  kNwarpId,
  kSmId,
  kNsmId,
  kGridId,
  kMaskEq,
  kMaskLt,
  kMaskLe,
  kMaskGt,
  kMaskGe,
  kClock,
  kClockHi,
  kClock64,
  kGlobalTimer,
  kGlobalTimerLo,
  kEnvreg1,
  kEnvreg2,
  kDynamicShared,
  kTotalShared,
  kSpecials
};

constexpr std::array<std::string_view, kSpecials> kSpecialNames = {"%tid.x",
                                                                   "%tid.y",
                                                                   "%tid.z",
                                                                   "%ntid.x",
                                                                   "%ntid.y",
                                                                   "%ntid.z",
                                                                   "%ctaid.x",
                                                                   "%ctaid.y",
                                                                   "%ctaid.z",
                                                                   "%nctaid.x",
                                                                   "%nctaid.y",
                                                                   "%nctaid.z",
                                                                   "%laneid",
                                                                   "%warpid",
                                                                   "%nwarpid",
                                                                   "%smid",
                                                                   "%nsmid",
                                                                   "%gridid",
                                                                   "%lanemask_eq",
                                                                   "%lanemask_lt",
                                                                   "%lanemask_le",
                                                                   "%lanemask_gt",
                                                                   "%lanemask_ge",
                                                                   "%clock",
                                                                   "%clock_hi",
                                                                   "%clock64",
                                                                   "%globaltimer",
                                                                   "%globaltimer_lo",
                                                                   "%envreg1",
                                                                   "%envreg2",
                                                                   "%dynamic_smem_size",
                                                                   "%total_smem_size"};

std::uint64_t nanoseconds() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
}

std::uint64_t special_value(const Warp& warp, int special, int lane) {
  const Block& block = *warp.block;
  const LaunchRequest& request = *block.grid->request;
  const std::uint32_t thread = warp.thread(lane);
  const std::uint32_t bit = 1u << lane;
  switch (special) {
    case kTidX:
      return thread % request.block.x;
    case kTidY:
      return thread / request.block.x % request.block.y;
    case kTidZ:
      return thread / request.block.x / request.block.y;
    case kNtidX:
      return request.block.x;
    case kNtidY:
      return request.block.y;
    case kNtidZ:
      return request.block.z;
    case kCtaidX:
      return block.index.x;
    case kCtaidY:
      return block.index.y;
    case kCtaidZ:
      return block.index.z;
    case kNctaidX:
      return request.grid.x;
    case kNctaidY:
      return request.grid.y;
    case kNctaidZ:
      return request.grid.z;
    case kLaneId:
      return static_cast<std::uint64_t>(lane);
    case kWarpId:
      return warp.number;
    case kNwarpId:
      return block.warps.size();
    case kSmId:
      return block.number % 108;
    case kNsmId:
      return 108;
    case kMaskEq:
      return bit;
    case kMaskLt:
      return bit - 1;
    case kMaskLe:
      return bit | (bit - 1);
    case kMaskGt:
      return ~(bit | (bit - 1));
    case kMaskGe:
      return ~(bit - 1);
    case kClock:
    case kClock64:
    case kGlobalTimer:
    case kGlobalTimerLo:
      return nanoseconds();
    case kClockHi:
      return nanoseconds() >> 32;
    // The address of the grid's barrier: high half, low half.
    case kEnvreg1:
      return block.grid->grid_barrier >> 32;
    case kEnvreg2:
      return block.grid->grid_barrier & 0xffffffffu;
    case kDynamicShared:
      return request.dynamic_shared;
    case kTotalShared:
      return block.shared_bytes;
    default:
      return 0;
  }
}

void store(Warp& warp, const Operand& to, int lane, std::uint64_t value) {
  if (to.exists()) std::memcpy(warp.lanes<std::byte>(to) + lane * to.width, &value, to.width);
}

std::uint64_t load(const Warp& warp, const Operand& from, int lane) {
  std::uint64_t value = 0;
  std::memcpy(&value, warp.lanes<const std::byte>(from) + lane * from.width, from.width);
  return value;
}

void read_special(Warp& warp, const Instruction& instruction, LaneMask mask) {
  for (LaneMask rest = mask; rest != 0; rest &= rest - 1) {
    const int lane = __builtin_ctz(rest);
    store(warp, instruction.to[0], lane, special_value(warp, instruction.operation, lane));
  }
}

void local_address(Warp& warp, const Instruction& instruction, LaneMask mask) {
  const std::uint64_t address =
      warp.frames[warp.current_frame].local + static_cast<std::uint64_t>(instruction.offset);
  for (LaneMask rest = mask; rest != 0; rest &= rest - 1) {
    store(warp, instruction.to[0], __builtin_ctz(rest), address);
  }
}

// mov.b64 {a, b}, c: the lowest bits go first.
void split(Warp& warp, const Instruction& instruction, LaneMask mask) {
  const int bits = 8 * width_of(instruction.type) / instruction.vector;
  for (LaneMask rest = mask; rest != 0; rest &= rest - 1) {
    const int lane = __builtin_ctz(rest);
    std::uint64_t value = load(warp, instruction.from[0], lane);
    for (std::size_t i = 0; i < instruction.vector; ++i) {
      store(warp, instruction.to[i], lane, value & (~0ull >> (64 - bits)));
      value >>= bits;
    }
  }
}

void join(Warp& warp, const Instruction& instruction, LaneMask mask) {
  const int bits = 8 * width_of(instruction.type) / instruction.vector;
  for (LaneMask rest = mask; rest != 0; rest &= rest - 1) {
    const int lane = __builtin_ctz(rest);
    std::uint64_t value = 0;
    for (std::size_t i = instruction.vector; i-- > 0;) {
      value = value << bits | (load(warp, instruction.from[i], lane) & (~0ull >> (64 - bits)));
    }
    store(warp, instruction.to[0], lane, value);
  }
}

void active_mask(Warp& warp, const Instruction& instruction, LaneMask mask) {
  for (LaneMask rest = mask; rest != 0; rest &= rest - 1) {
    store(warp, instruction.to[0], __builtin_ctz(rest), mask);
  }
}

std::uint64_t window_of(const Instruction& instruction) {
  switch (instruction.space) {
    case Space::shared:
      return kSharedWindow;
    case Space::local:
      return kLocalWindow;
    case Space::parameter:
      return kParameterWindow;
    default:
      return 0;
  }
}

// cvta and cvta.to: between a space's addresses and generic ones.
template <class T>
void convert_address(Warp& warp, const Instruction& instruction, LaneMask mask) {
  const auto window = static_cast<T>(window_of(instruction));
  const T* from = warp.lanes<const T>(instruction.from[0]);
  T* to = warp.lanes<T>(instruction.to[0]);
  for (int lane = 0; lane < kLanes; ++lane) {
    const T value = instruction.operation ? from[lane] - window : from[lane] + window;
    to[lane] = (mask >> lane) & 1 ? value : to[lane];
  }
}

void is_in_space(Warp& warp, const Instruction& instruction, LaneMask mask) {
  const std::uint64_t window = window_of(instruction);
  LaneMask& to = warp.predicate(instruction.to[0]);
  for (LaneMask rest = mask; rest != 0; rest &= rest - 1) {
    const int lane = __builtin_ctz(rest);
    const std::uint64_t address = load(warp, instruction.from[0], lane);
    const std::uint64_t top = address >> 56 << 56;
    const bool tagged = top == kSharedWindow || top == kLocalWindow || top == kParameterWindow;
    const bool yes = window == 0 ? !tagged : top == window;
    to = yes ? to | 1u << lane : to & ~(1u << lane);
  }
}

}  // namespace

int special_register(std::string_view name) {
  for (std::size_t i = 0; i < kSpecialNames.size(); ++i) {
    if (kSpecialNames[i] == name) return static_cast<int>(i);
  }
  return -1;
}

int special_register_width(int number) {
  return number == kClock64 || number == kGlobalTimer || number == kGridId ? 8 : 4;
}

Handler special_register_handler() { return read_special; }
Handler local_address_handler() { return local_address; }

Handler move_handler(const Statement& s, Instruction& instruction) {
  const std::string_view base = s.base();
  if (base == "activemask") return active_mask;
  if (base == "isspacep") return is_in_space;
  const int width = width_of(instruction.type);
  if (base == "cvta") {
    if (instruction.to[0].width < width || instruction.from[0].width < width) return nullptr;
    instruction.operation = s.has("to");
    return width == 8   ? convert_address<std::uint64_t>
           : width == 4 ? convert_address<std::uint32_t>
                        : nullptr;
  }
  if (instruction.vector > 1) {
    if (width == 0 || width > 8 || 8 * width % instruction.vector != 0) return nullptr;
    return s.operands[0].kind == OperandText::Kind::vector ? split : join;
  }
  if (instruction.to[0].width != width) return nullptr;
  switch (width) {
    case 2:
      return lanewise<std::uint16_t, std::uint16_t>([](std::uint16_t a) { return a; });
    case 4:
      return lanewise<std::uint32_t, std::uint32_t>([](std::uint32_t a) { return a; });
    case 8:
      return lanewise<std::uint64_t, std::uint64_t>([](std::uint64_t a) { return a; });
    default:
      return nullptr;
  }
}

}  // namespace emulator
