// SPDX-License-Identifier: MIT
// cp.async: the bytes are read at once and arrive when the group is waited for. Until then nobody
// may touch the place they go to.
#include "tests/emulator/execution/access.h"
#include "tests/emulator/execution/handlers.h"
#include "tests/emulator/execution/lanewise.h"

#include <algorithm>
#include <cstring>

namespace emulator {
namespace {

void mark_shared(const Warp& warp, const PendingCopy& copy, LaneMask lanes, ByteState state) {
  for (const std::size_t lane : lanes_of(lanes)) {
    std::memset(&warp.block->shared_state[copy.to[lane]], state, copy.bytes);
  }
}

// The write of a copy, for the checks: it is made when the copy starts and when it is complete, and
// must have an order after everything before the one, and before everything after the other.
Accessed write(Warp& warp, const PendingCopy& copy, LaneMask lanes) {
  return resolve({warp, *copy.instruction, copy.bytes, Access::write, copy.data.data()}, lanes,
                 Space::shared, copy.to);
}

// from: shared address, global address, bytes, bytes that are read (the rest are zeros).
void copy_async(Warp& warp, const Instruction& instruction, LaneMask mask) {
  const std::uint32_t bytes = warp.lanes<const std::uint32_t>(instruction.from[2])[0];
  if (bytes != 4 && bytes != 8 && bytes != 16) return;
  const Operand& limit = instruction.from[3];
  const auto kept = [&](std::size_t lane) {
    return limit.exists() ? std::min(bytes, warp.lanes<const std::uint32_t>(limit)[lane]) : bytes;
  };
  PendingCopy copy{&instruction,
                   mask,
                   bytes,
                   warp.copy_group,
                   lane_addresses(warp, instruction, mask, 0, instruction.offset),
                   {}};
  const LaneMask reading = lanes_where(mask, [&](std::size_t lane) { return kept(lane) != 0; });
  if (reading != 0) {
    const auto offset = static_cast<std::int32_t>(instruction.target);
    const Accessed source =
        resolve({warp, instruction, bytes, Access::read}, reading, Space::global,
                lane_addresses(warp, instruction, reading, 1, offset));
    for (const std::size_t lane : lanes_of(source.mask)) {
      std::memcpy(&copy.data[lane * bytes], source.data[lane], kept(lane));
    }
  }
  copy.lanes = write(warp, copy, mask).mask;
  mark_shared(warp, copy, copy.lanes, kCopying);
  warp.pending_copies.push_back(copy);
}

void close_group(Warp& warp, LaneMask mask) {
  for (const std::size_t lane : lanes_of(mask)) ++warp.copy_group[lane];
}

void commit_group(Warp& warp, const Instruction&, LaneMask mask) { close_group(warp, mask); }

// At most `allowed` of the committed groups of a lane may still be under way.
void finish_groups(Warp& warp, LaneMask mask, std::uint32_t allowed) {
  for (PendingCopy& copy : warp.pending_copies) {
    const LaneMask lanes = lanes_where(mask & copy.lanes, [&](std::size_t lane) {
      return std::uint64_t{copy.group[lane]} + allowed < warp.copy_group[lane];
    });
    if (lanes == 0) continue;
    mark_shared(warp, copy, lanes, kAllocated);
    const Accessed accessed = write(warp, copy, lanes);
    for (const std::size_t lane : lanes_of(accessed.mask)) {
      std::memcpy(accessed.data[lane], &copy.data[lane * copy.bytes], copy.bytes);
    }
    copy.lanes &= ~lanes;
  }
  std::erase_if(warp.pending_copies, [](const PendingCopy& copy) { return copy.lanes == 0; });
}

void wait_all(Warp& warp, const Instruction&, LaneMask mask) { finish_copies(warp, mask); }

void wait_group(Warp& warp, const Instruction& instruction, LaneMask mask) {
  finish_groups(warp, mask, warp.lanes<const std::uint32_t>(instruction.from[0])[0]);
}

}  // namespace

void finish_copies(Warp& warp, LaneMask mask) {
  close_group(warp, mask);
  finish_groups(warp, mask, 0);
}

Handler copy_handler(const Statement& s, Instruction& instruction) {
  if (s.has("commit_group")) return commit_group;
  if (s.has("wait_all")) return wait_all;
  if (s.has("wait_group")) return instruction.from[0].exists() ? wait_group : nullptr;
  return copy_async;
}

}  // namespace emulator
