// SPDX-License-Identifier: MIT
// cp.async: the bytes are read at once and arrive when the group is waited for.
#include "tests/emulator/execution/access.h"
#include "tests/emulator/execution/handlers.h"
#include "tests/emulator/execution/lanewise.h"

#include <algorithm>
#include <cstring>

namespace emulator {
namespace {

// from: shared address, global address, bytes, bytes that are read (the rest are zeros).
void copy_async(Warp& warp, const Instruction& instruction, LaneMask mask) {
  const std::uint32_t bytes = warp.lanes<const std::uint32_t>(instruction.from[2])[0];
  if (bytes != 4 && bytes != 8 && bytes != 16) return;
  const Operand& limit = instruction.from[3];
  const auto kept = [&](std::size_t lane) {
    return limit.exists() ? std::min(bytes, warp.lanes<const std::uint32_t>(limit)[lane]) : bytes;
  };
  const Addresses to = lane_addresses(warp, instruction, mask, 0, instruction.offset);
  const LaneMask reading = lanes_where(mask, [&](std::size_t lane) { return kept(lane) != 0; });
  Accessed source;
  if (reading != 0) {
    const auto offset = static_cast<std::int32_t>(instruction.target);
    source = resolve({warp, instruction, bytes, Access::read}, reading, Space::global,
                     lane_addresses(warp, instruction, reading, 1, offset));
  }
  for (const std::size_t lane : lanes_of(mask)) {
    PendingCopy copy{&instruction, lane, warp.copy_group, to[lane], bytes, {}};
    if (has_lane(source.mask, lane)) {
      std::memcpy(copy.data.data(), source.data[lane], kept(lane));
    }
    warp.pending_copies.push_back(copy);
  }
}

void commit_group(Warp& warp, const Instruction&, LaneMask) { ++warp.copy_group; }

void wait_all(Warp& warp, const Instruction&, LaneMask mask) { finish_copies(warp, mask, ~0u); }

// At most N of the committed groups may still be under way.
void wait_group(Warp& warp, const Instruction& instruction, LaneMask mask) {
  const std::uint32_t allowed = warp.lanes<const std::uint32_t>(instruction.from[0])[0];
  if (warp.copy_group >= allowed + 1) finish_copies(warp, mask, warp.copy_group - allowed - 1);
}

}  // namespace

void finish_copies(Warp& warp, LaneMask mask, std::uint32_t up_to_group) {
  std::vector<PendingCopy> later;
  for (const PendingCopy& copy : warp.pending_copies) {
    if (!has_lane(mask, copy.lane) || copy.group > up_to_group) {
      later.push_back(copy);
      continue;
    }
    Addresses to;
    to.fill(copy.to);
    const Accessed accessed = resolve({warp, *copy.instruction, copy.bytes, Access::write},
                                      lane_bit(copy.lane), Space::shared, to);
    if (accessed.mask != 0) {
      std::memcpy(accessed.data[copy.lane], copy.data.data(), copy.bytes);
    }
  }
  warp.pending_copies = std::move(later);
}

Handler copy_handler(const Statement& s, Instruction& instruction) {
  if (s.has("commit_group")) return commit_group;
  if (s.has("wait_all")) return wait_all;
  if (s.has("wait_group")) return instruction.from[0].exists() ? wait_group : nullptr;
  return copy_async;
}

}  // namespace emulator
