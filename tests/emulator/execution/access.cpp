// SPDX-License-Identifier: MIT
#include "tests/emulator/execution/access.h"

#include "tests/emulator/execution/access_reports.h"
#include "tests/emulator/memory/memory.h"
#include "tests/emulator/memory/padding.h"
#include "tests/emulator/report/options.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace emulator {
namespace {

/// A range of addresses with its bytes and their states.
struct Region {
  Space space = Space::global;
  std::uint64_t origin = 0;
  std::uint64_t bytes = 0;
  std::byte* data = nullptr;
  std::uint8_t* state = nullptr;  // nullptr: not tracked
  // Offsets from `split` on lie `jump` further than `data` says: memory that the host shares.
  std::uint64_t split = ~0ull;
  std::uint64_t jump = 0;
  std::uint64_t stride = ~0ull;  // of local memory: the bytes of one thread

  bool holds(std::uint64_t at, std::uint32_t count) const {
    return bytes >= count && at - origin <= bytes - count;
  }
  std::uint8_t* state_of(std::uint64_t at) const { return state + (at - origin); }
};

Region region_of(const Warp& warp, Space space) {
  const Memory& memory = Memory::instance();
  Block& block = *warp.block;
  std::vector<std::byte>& parameters = block.grid->parameters;
  switch (space) {
    case Space::shared:
      return {space, 0, block.shared_bytes, block.shared.data(), block.shared_state.data()};
    case Space::local:
      return {space, 0, block.local.size(), block.local.data(), block.local_state.data(),
              ~0ull, 0, block.stack_bytes};
    case Space::parameter:
      return {space, 0, parameters.size(), parameters.data()};
    default:
      return {Space::global,
              memory.window(),
              2 * Memory::kHalf,
              memory.data(memory.window()),
              memory.shadow(memory.window()),
              Memory::kHalf,
              0 - memory.distance()};
  }
}

// The space of a generic address, which then loses its mark.
Space space_of(std::uint64_t& address) {
  const std::uint64_t top = address >> 56 << 56;
  if (top == 0 || top > kParameterWindow) return Space::global;
  address -= top;
  if (top == kSharedWindow) return Space::shared;
  return top == kLocalWindow ? Space::local : Space::parameter;
}

// All bytes of [state, state + bytes) have these bits.
bool all_have(const std::uint8_t* state, std::uint64_t bytes, std::uint8_t bits) {
  const std::uint64_t wanted = 0x0101010101010101ull * bits;
  std::uint64_t found = wanted;
  while (bytes >= 8) {
    std::uint64_t eight;
    std::memcpy(&eight, state, 8);
    found &= eight;
    state += 8;
    bytes -= 8;
  }
  std::uint8_t rest = bits;
  for (; bytes > 0; --bytes) rest &= *state++;
  return found == wanted && rest == bits;
}

// The first byte that is not initialised and makes the access a mistake, or nullptr. Copies of
// structs include their padding; of a thread's variables, which the compiler rearranges, one
// initialised byte will do. Code that is not optimised copies members that nobody wrote, and its
// addresses are generic.
const std::uint8_t* uninitialised_byte(const Request& request, const Region& region,
                                       std::uint64_t at) {
  if (request.kind == Access::write) return nullptr;
  const auto is_written = [](std::uint8_t byte) { return (byte & kInitialised) != 0; };
  const std::uint8_t* const begin = region.state_of(at);
  const std::uint8_t* const end = begin + request.bytes;
  const Instruction& instruction = request.instruction;
  if (region.space == Space::local) {
    const bool may_be = instruction.has(kParameter) || instruction.has(kEarly) ||
                        instruction.space == Space::generic || std::any_of(begin, end, is_written);
    return may_be ? nullptr : begin;
  }
  const std::uint32_t width = request.bytes / instruction.vector;
  for (const std::uint8_t* element = begin; element != end; element += width) {
    const bool any = std::any_of(element, element + width, is_written);
    const auto* const bad = std::find_if(element, element + width, [&](const std::uint8_t& byte) {
      const auto offset = static_cast<std::uint64_t>(&byte - region.state);
      return !is_written(byte) && !(any && is_padding(region.state, offset, region.bytes));
    });
    if (bad != element + width) return bad;
  }
  return nullptr;
}

// Checks states lane by lane; done only if the quick test of all lanes failed.
void check_states(const Request& request, const Region& region, const Addresses& address,
                  Accessed& result) {
  for (const std::size_t lane : lanes_of(result.mask)) {
    const std::uint64_t at = address[lane];
    const std::uint8_t* state = region.state_of(at);
    if (std::find(state, state + request.bytes, kCopying) != state + request.bytes) {
      report_unfinished_copy(request, lane, at);
    } else if (!all_have(state, request.bytes, kAllocated)) {
      fail_bounds(request, lane, region.space, at % region.stride, result);
    } else if (const auto* byte = uninitialised_byte(request, region, at)) {
      const auto first = at + static_cast<std::uint64_t>(byte - state);
      report_uninitialised(request, lane, region.space, at % region.stride, first);
    }
  }
}

void mark_written(const Request& request, const Region& region, const Addresses& address,
                  const Accessed& result) {
  const std::uint32_t width = request.bytes / request.instruction.vector;
  const unsigned log = width <= 8 ? static_cast<unsigned>(std::countr_zero(width)) : 0;
  const int state = kAllocated | kInitialised | static_cast<int>(log << kWidthShift);
  if (result.contiguous) {
    std::memset(region.state_of(address[0]), state, request.bytes * kLanes);
    return;
  }
  for (const std::size_t lane : lanes_of(result.mask)) {
    std::memset(region.state_of(address[lane]), state, request.bytes);
  }
}

bool states_are_good(const Request& request, const Region& region, const Addresses& address,
                     const Accessed& result) {
  const std::uint8_t bits = request.kind == Access::write ? kAllocated : kAllocated | kInitialised;
  if (result.contiguous) {
    return all_have(region.state_of(address[0]), request.bytes * kLanes, bits);
  }
  bool good = true;
  for (const std::uint64_t at : address) {  // other lanes repeat one of the mask
    good &= all_have(region.state_of(at), request.bytes, bits);
  }
  return good;
}

// The 32-byte sectors a warp touches, each counted once.
std::uint64_t count_sectors(const Addresses& address, std::uint32_t bytes, LaneMask mask) {
  std::array<std::uint64_t, 2 * kLanes> sectors;
  auto end = sectors.begin();
  bool sorted = true;
  for (const std::size_t lane : lanes_of(mask)) {
    const std::uint64_t last = (address[lane] + bytes - 1) / 32;
    for (std::uint64_t sector = address[lane] / 32; sector <= last; ++sector) {
      if (end != sectors.begin() && end[-1] == sector) continue;
      sorted &= end == sectors.begin() || end[-1] < sector;
      *end++ = sector;
    }
  }
  if (!sorted) {
    std::sort(sectors.begin(), end);
    end = std::unique(sectors.begin(), end);
  }
  return static_cast<std::uint64_t>(end - sectors.begin());
}

void count(const Request& request, const Addresses& address, const Accessed& result) {
  KernelCounters& counters = request.warp.block->grid->counters;
  const std::uint64_t bytes = std::uint64_t{count_lanes(result.mask)} * request.bytes;
  const std::uint64_t sectors = result.contiguous && address[0] % 32 == 0
                                    ? request.bytes
                                    : count_sectors(address, request.bytes, result.mask);
  if (request.kind != Access::write) {
    counters.bytes_read += bytes;
    counters.sectors_read += sectors;
  }
  if (request.kind != Access::read) {
    counters.bytes_written += bytes;
    counters.sectors_written += sectors;
  }
}

// Lanes whose address is outside the region or not aligned leave the mask.
void check_bounds(const Request& request, const Region& region, const Addresses& address,
                  Accessed& result) {
  bool outside = false;
  std::uint64_t low_bits = 0;
  const std::uint64_t last = region.bytes - request.bytes;  // wraps if the region is too small
  for (const std::uint64_t at : address) {
    outside |= at - region.origin > last;
    low_bits |= at;
  }
  outside |= region.bytes < request.bytes;
  if (!outside && (low_bits & (request.bytes - 1)) == 0) return;
  for (const std::size_t lane : lanes_of(result.mask)) {
    const std::uint64_t at = address[lane];
    if (at % request.bytes != 0) {
      fail_alignment(request, lane, region.space, at % region.stride, result);
    } else if (!region.holds(at, request.bytes)) {
      const bool registered =
          region.space == Space::global && Memory::instance().find(at) != nullptr;
      if (!registered) fail_bounds(request, lane, region.space, at, result);
    }
  }
}

// Lanes outside the mask repeat the first one in it, so that vector loops need no mask.
void repeat_first(Addresses& address, LaneMask mask) {
  if (mask == kAllLanes) return;
  const std::uint64_t first = address[first_lane(mask)];
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    if (!has_lane(mask, lane)) address[lane] = first;
  }
}

// Every thread has a stack of its own: addresses become offsets in those of the block.
void place_in_stacks(const Request& request, Addresses& address, Accessed& result) {
  const std::uint64_t stack = request.warp.block->stack_bytes;
  for (const std::size_t lane : lanes_of(result.mask)) {
    if (address[lane] + request.bytes > stack || address[lane] >= stack) {
      fail_bounds(request, lane, Space::local, address[lane], result);
    }
    address[lane] += request.warp.thread(lane) * stack;
  }
}

// Everything about the lanes of `mask`, which all access one space.
Accessed resolve_in(const Request& request, LaneMask mask, Space space, Addresses address) {
  Accessed result;
  result.mask = mask;
  const Region region = region_of(request.warp, space);
  const Checks checks = options().checks;
  if (space == Space::local) {
    place_in_stacks(request, address, result);
    if (result.mask == 0) return result;
    repeat_first(address, result.mask);
  }
  check_bounds(request, region, address, result);
  if (result.mask == 0) return result;
  repeat_first(address, result.mask);
  if (!region.holds(address[first_lane(result.mask)], request.bytes)) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {  // registered host memory is its own place
      result.data[lane] = reinterpret_cast<std::byte*>(address[lane]);
    }
    return result;
  }
  bool contiguous = result.mask == kAllLanes;
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    contiguous &= address[lane] == address[0] + lane * request.bytes;
    const std::uint64_t offset = address[lane] - region.origin;
    result.data[lane] = region.data + offset + (offset >= region.split ? region.jump : 0);
  }
  result.contiguous = contiguous;
  if (region.state && checks != Checks::none) {
    if (!states_are_good(request, region, address, result)) {
      result.contiguous = false;
      check_states(request, region, address, result);
    }
    if (checks == Checks::all && result.mask != 0 && space != Space::local) {
      Races::instance().access(request, result.mask, address, space);
    }
    if (request.kind != Access::read) mark_written(request, region, address, result);
  }
  if (space == Space::global) count(request, address, result);
  return result;
}

}  // namespace

Addresses lane_addresses(const Warp& warp, const Instruction& instruction, LaneMask mask,
                         std::size_t operand, std::int64_t offset) {
  Addresses address;
  const Operand& base = instruction.from[operand];
  const auto distance = static_cast<std::uint64_t>(offset);
  if (!base.exists()) {
    address.fill(warp.frames[warp.current_frame].local + distance);
    return address;
  }
  if (base.width == 8) {
    const auto* from = warp.lanes<const std::uint64_t>(base);
    for (std::size_t lane = 0; lane < kLanes; ++lane) address[lane] = from[lane] + distance;
  } else {
    const auto* from = warp.lanes<const std::uint32_t>(base);
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      address[lane] = static_cast<std::uint32_t>(from[lane] + distance);
    }
  }
  repeat_first(address, mask);
  return address;
}

Accessed resolve(const Request& request, LaneMask mask, Space space, const Addresses& given) {
  std::uint64_t tops = 0;
  for (const std::uint64_t at : given) tops |= at >> 56;
  if (space != Space::generic || tops == 0) {
    return resolve_in(request, mask, space == Space::generic ? Space::global : space, given);
  }
  // Lanes may point into different spaces: one space after the other.
  Accessed result;
  for (LaneMask left = mask; left != 0;) {
    Addresses address = given;
    const Space which = space_of(address[first_lane(left)]);
    const LaneMask group = lanes_where(left, [&](std::size_t lane) {
      if (lane == first_lane(left)) return true;
      return space_of(address[lane]) == which;
    });
    repeat_first(address, group);
    const Accessed part = resolve_in(request, group, which, address);
    if (group == mask) return part;
    for (const std::size_t lane : lanes_of(part.mask)) result.data[lane] = part.data[lane];
    result.mask |= part.mask;
    left &= ~group;
  }
  return result;
}

Accessed resolve(const Request& request, LaneMask mask) {
  const Instruction& instruction = request.instruction;
  return resolve(request, mask, instruction.space,
                 lane_addresses(request.warp, instruction, mask, 0, instruction.offset));
}

}  // namespace emulator
