// SPDX-License-Identifier: MIT
#include "tests/emulator/execution/access.h"

#include "tests/emulator/execution/access_reports.h"
#include "tests/emulator/memory/memory.h"
#include "tests/emulator/report/options.h"

#include <algorithm>
#include <cstring>

namespace emulator {

// The shared variable at or below an offset.
std::string describe_shared(const Warp& warp, std::uint64_t offset) {
  const LaunchRequest& request = *warp.block->grid->request;
  const Parameter* best = nullptr;
  for (const auto* list : {&request.kernel->shared_variables, &request.program->shared_variables}) {
    for (const Parameter& variable : *list) {
      if (variable.offset <= offset && (!best || variable.offset > best->offset)) best = &variable;
    }
  }
  const std::uint32_t dynamic = request.program->dynamic_shared_offset;
  if (offset >= dynamic) {
    return "byte " + std::to_string(offset - dynamic) + " of dynamic shared memory of " +
           std::to_string(request.dynamic_shared) + " bytes";
  }
  if (!best) return "the block has no shared variable there";
  return "byte " + std::to_string(offset - best->offset) + " of the shared variable " +
         demangled(best->name) +
         " of " + std::to_string(best->bytes) + " bytes";
}

namespace {

Region global_region() {
  const Memory& memory = Memory::instance();
  return {Space::global,
          memory.window(),
          2 * Memory::kHalf,
          memory.data(memory.window()),
          memory.shadow(memory.window()),
          Memory::kHalf,
          0 - memory.distance()};
}

Region shared_region(const Warp& warp) {
  Block& block = *warp.block;
  return {Space::shared, 0, block.shared_bytes, block.shared.data(), block.shared_state.data()};
}

Region parameter_region(const Warp& warp) {
  std::vector<std::byte>& parameters = warp.block->grid->parameters;
  return {Space::parameter, 0, parameters.size(), parameters.data(), nullptr};
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

// Checks states lane by lane; done only if the quick test of all lanes failed or cannot be made.
void check_states(const Request& request, const Region& region, const Addresses& address,
                  Accessed& result) {
  for (LaneMask rest = result.mask; rest != 0; rest &= rest - 1) {
    const int lane = __builtin_ctz(rest);
    const std::uint64_t at = address[static_cast<std::size_t>(lane)];
    const std::uint8_t* state = region.state + (at - region.origin);
    if (!all_have(state, request.bytes, kAllocated)) {
      fail_bounds(request, lane, region.space, at, result);
    } else if (request.kind != Access::write && !all_have(state, request.bytes, kInitialised)) {
      report_uninitialised(request, lane, region, at);
    }
  }
}

void mark_written(const Request& request, const Region& region, const Addresses& address,
                  const Accessed& result) {
  constexpr std::uint8_t kBoth = kAllocated | kInitialised;
  if (result.contiguous) {
    std::memset(region.state + (address[0] - region.origin), kBoth, request.bytes * kLanes);
    return;
  }
  for (LaneMask rest = result.mask; rest != 0; rest &= rest - 1) {
    const auto lane = static_cast<std::size_t>(__builtin_ctz(rest));
    std::memset(region.state + (address[lane] - region.origin), kBoth, request.bytes);
  }
}

bool states_are_good(const Request& request, const Region& region, const Addresses& address,
                     const Accessed& result) {
  const std::uint8_t bits = request.kind == Access::write ? kAllocated : kAllocated | kInitialised;
  if (result.contiguous) {
    return all_have(region.state + (address[0] - region.origin), request.bytes * kLanes, bits);
  }
  bool good = true;
  for (const std::uint64_t at : address) {  // other lanes repeat one of the mask
    good &= all_have(region.state + (at - region.origin), request.bytes, bits);
  }
  return good;
}

// The 32-byte sectors a warp touches, each counted once.
std::uint64_t count_sectors(const Addresses& address, std::uint32_t bytes, LaneMask mask) {
  std::array<std::uint64_t, 2 * kLanes> sectors;
  std::size_t count = 0;
  bool sorted = true;
  for (LaneMask rest = mask; rest != 0; rest &= rest - 1) {
    const std::uint64_t at = address[static_cast<std::size_t>(__builtin_ctz(rest))];
    for (std::uint64_t sector = at / 32; sector <= (at + bytes - 1) / 32; ++sector) {
      if (count != 0 && sectors[count - 1] == sector) continue;
      sorted &= count == 0 || sectors[count - 1] < sector;
      sectors[count++] = sector;
    }
  }
  if (sorted) return count;
  std::sort(sectors.begin(), sectors.begin() + static_cast<std::ptrdiff_t>(count));
  return static_cast<std::uint64_t>(
      std::unique(sectors.begin(), sectors.begin() + static_cast<std::ptrdiff_t>(count)) -
      sectors.begin());
}

void count(const Request& request, const Addresses& address, const Accessed& result) {
  KernelCounters& counters = request.warp.block->grid->counters;
  const auto lanes = static_cast<std::uint64_t>(__builtin_popcount(result.mask));
  const std::uint64_t sectors = result.contiguous && address[0] % 32 == 0
                                    ? request.bytes
                                    : count_sectors(address, request.bytes, result.mask);
  if (request.kind != Access::write) {
    counters.bytes_read += lanes * request.bytes;
    counters.sectors_read += sectors;
  }
  if (request.kind != Access::read) {
    counters.bytes_written += lanes * request.bytes;
    counters.sectors_written += sectors;
  }
}

// Lanes whose address is outside the region or not aligned leave the mask.
void check_bounds(const Request& request, const Region& region, const Addresses& address,
                  Accessed& result) {
  bool outside = false;
  std::uint64_t low_bits = 0;
  const std::uint64_t last = region.bytes - request.bytes;  // wraps if the region is too small
  if (region.bytes < request.bytes) {
    outside = true;
  } else {
    for (const std::uint64_t at : address) {
      outside |= at - region.origin > last;
      low_bits |= at;
    }
  }
  if (!outside && (low_bits & (request.bytes - 1)) == 0) return;
  for (LaneMask rest = result.mask; rest != 0; rest &= rest - 1) {
    const int lane = __builtin_ctz(rest);
    const std::uint64_t at = address[static_cast<std::size_t>(lane)];
    if (at % request.bytes != 0) {
      fail_alignment(request, lane, region.space, at, result);
    } else if (region.bytes < request.bytes || at - region.origin > last) {
      const Allocation* registered =
          region.space == Space::global ? Memory::instance().find(at) : nullptr;
      if (!registered) fail_bounds(request, lane, region.space, at, result);
    }
  }
}

bool inside(const Region& region, std::uint64_t at, std::uint32_t bytes) {
  return region.bytes >= bytes && at - region.origin <= region.bytes - bytes;
}

// Everything about the lanes of `mask`, which all access one region.
void resolve_in(const Request& request, const Region& region, Addresses& address,
                const std::byte* written, Accessed& result) {
  const Checks checks = options().checks;
  check_bounds(request, region, address, result);
  if (result.mask == 0) return;
  // Lanes that dropped out repeat a good one, so that vector loops need no mask.
  const std::uint64_t good = address[static_cast<std::size_t>(__builtin_ctz(result.mask))];
  if (result.mask != kAllLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      if (!((result.mask >> lane) & 1)) address[lane] = good;
    }
  }
  if (!inside(region, good, request.bytes)) {  // registered host memory is its own place
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      result.data[lane] = reinterpret_cast<std::byte*>(address[lane]);
    }
    return;
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
    if (checks == Checks::all && result.mask != 0) {
      Races::instance().access(request.warp, request.instruction, result.mask, address,
                               static_cast<int>(request.bytes), request.kind, region.space,
                               written);
    }
    if (request.kind != Access::read) mark_written(request, region, address, result);
  }
  if (region.space == Space::global) count(request, address, result);
}

// Local memory: every thread has a stack of its own.
void resolve_local(const Request& request, Addresses& address, Accessed& result) {
  Block& block = *request.warp.block;
  for (LaneMask rest = result.mask; rest != 0; rest &= rest - 1) {
    const int lane = __builtin_ctz(rest);
    const std::uint64_t at = address[static_cast<std::size_t>(lane)];
    const Region region{Space::local, 0, block.stack_bytes, nullptr, nullptr};
    if (!inside(region, at, request.bytes)) {
      fail_bounds(request, lane, Space::local, at, result);
    } else if (at % request.bytes != 0) {
      fail_alignment(request, lane, Space::local, at, result);
    } else {
      result.data[static_cast<std::size_t>(lane)] =
          block.local.data() + std::size_t{request.warp.thread(lane)} * block.stack_bytes + at;
    }
  }
}

}  // namespace

void lane_addresses(const Warp& warp, const Instruction& instruction, LaneMask mask,
                    std::size_t operand, std::int64_t offset, Addresses& address) {
  const Operand& base = instruction.from[operand];
  const auto distance = static_cast<std::uint64_t>(offset);
  if (!base.exists()) {
    address.fill(warp.frames[warp.current_frame].local + distance);
    return;
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
  if (mask == kAllLanes) return;
  const std::uint64_t first = address[static_cast<std::size_t>(__builtin_ctz(mask))];
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    if (!((mask >> lane) & 1)) address[lane] = first;
  }
}

void resolve(Warp& warp, const Instruction& instruction, LaneMask mask, Space space,
             const Addresses& given, std::uint32_t bytes, Access kind, const std::byte* written,
             Accessed& result) {
  const Request request{warp, instruction, bytes, kind};
  Addresses address = given;
  const auto in_space = [&](Space which, LaneMask lanes, Accessed& out) {
    out.mask = lanes;
    out.contiguous = false;
    if (which == Space::local)
      resolve_local(request, address, out);
    else if (which == Space::shared)
      resolve_in(request, shared_region(warp), address, written, out);
    else if (which == Space::global)
      resolve_in(request, global_region(), address, written, out);
    else
      resolve_in(request, parameter_region(warp), address, written, out);
  };
  if (space != Space::generic) {
    in_space(space, mask, result);
    return;
  }
  std::uint64_t tops = 0;
  for (const std::uint64_t at : address) tops |= at >> 56;
  if (tops == 0) {
    in_space(Space::global, mask, result);
    return;
  }
  // Lanes may point into different spaces: one space after the other.
  LaneMask done = 0, good = 0;
  while (done != mask) {
    address = given;
    LaneMask group = 0;
    const auto first = static_cast<std::size_t>(__builtin_ctz(mask & ~done));
    std::uint64_t first_address = given[first];
    const Space which = space_of(first_address);
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      const bool same = ((mask >> lane) & 1) && space_of(address[lane]) == which;
      if (same)
        group |= 1u << lane;
      else
        address[lane] = first_address;
    }
    Accessed part;
    in_space(which, group, part);
    for (LaneMask rest = part.mask; rest != 0; rest &= rest - 1) {
      const auto lane = static_cast<std::size_t>(__builtin_ctz(rest));
      result.data[lane] = part.data[lane];
    }
    if (group == mask) result.contiguous = part.contiguous;
    good |= part.mask;
    done |= group;
  }
  if (good != kAllLanes) result.contiguous = false;
  result.mask = good;
}

}  // namespace emulator
