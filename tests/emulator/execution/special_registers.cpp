// SPDX-License-Identifier: MIT
#include "tests/emulator/execution/handlers.h"
#include "tests/emulator/execution/lanewise.h"

#include <algorithm>
#include <chrono>
#include <iterator>

namespace emulator {
namespace {

constexpr std::uint32_t kProcessors = 108;

std::uint64_t nanoseconds() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
}

struct Special {
  using Value = std::uint64_t (*)(const Warp&, std::size_t lane);
  std::string_view name;
  int width;  // bytes
  Value value;
};

const LaunchRequest& request(const Warp& warp) { return *warp.block->grid->request; }

using W = const Warp&;
using Lane = std::size_t;

constexpr Special kSpecials[] = {
    {"%tid.x", 4, [](W w, Lane lane) -> std::uint64_t { return w.thread_index(lane).x; }},
    {"%tid.y", 4, [](W w, Lane lane) -> std::uint64_t { return w.thread_index(lane).y; }},
    {"%tid.z", 4, [](W w, Lane lane) -> std::uint64_t { return w.thread_index(lane).z; }},
    {"%ntid.x", 4, [](W w, Lane) -> std::uint64_t { return request(w).block.x; }},
    {"%ntid.y", 4, [](W w, Lane) -> std::uint64_t { return request(w).block.y; }},
    {"%ntid.z", 4, [](W w, Lane) -> std::uint64_t { return request(w).block.z; }},
    {"%ctaid.x", 4, [](W w, Lane) -> std::uint64_t { return w.block->index.x; }},
    {"%ctaid.y", 4, [](W w, Lane) -> std::uint64_t { return w.block->index.y; }},
    {"%ctaid.z", 4, [](W w, Lane) -> std::uint64_t { return w.block->index.z; }},
    {"%nctaid.x", 4, [](W w, Lane) -> std::uint64_t { return request(w).grid.x; }},
    {"%nctaid.y", 4, [](W w, Lane) -> std::uint64_t { return request(w).grid.y; }},
    {"%nctaid.z", 4, [](W w, Lane) -> std::uint64_t { return request(w).grid.z; }},
    {"%laneid", 4, [](W, Lane lane) -> std::uint64_t { return lane; }},
    {"%warpid", 4, [](W w, Lane) -> std::uint64_t { return w.number; }},
    {"%nwarpid", 4, [](W w, Lane) -> std::uint64_t { return w.block->warps.size(); }},
    {"%smid", 4, [](W w, Lane) -> std::uint64_t { return w.block->number % kProcessors; }},
    {"%nsmid", 4, [](W, Lane) -> std::uint64_t { return kProcessors; }},
    {"%gridid", 8, [](W, Lane) -> std::uint64_t { return 0; }},
    {"%lanemask_eq", 4, [](W, Lane lane) -> std::uint64_t { return lane_bit(lane); }},
    {"%lanemask_lt", 4, [](W, Lane lane) -> std::uint64_t { return lane_bit(lane) - 1; }},
    {"%lanemask_le", 4, [](W, Lane lane) -> std::uint64_t { return 2 * lane_bit(lane) - 1; }},
    {"%lanemask_gt", 4, [](W, Lane lane) -> std::uint64_t { return ~(2 * lane_bit(lane) - 1); }},
    {"%lanemask_ge", 4, [](W, Lane lane) -> std::uint64_t { return ~(lane_bit(lane) - 1); }},
    {"%clock", 4, [](W, Lane) { return nanoseconds(); }},
    {"%clock_hi", 4, [](W, Lane) { return nanoseconds() >> 32; }},
    {"%clock64", 8, [](W, Lane) { return nanoseconds(); }},
    {"%globaltimer", 8, [](W, Lane) { return nanoseconds(); }},
    {"%globaltimer_lo", 4, [](W, Lane) { return nanoseconds(); }},
    // The address of the grid's barrier: high half, low half.
    {"%envreg1", 4, [](W w, Lane) { return w.block->grid->grid_barrier >> 32; }},
    {"%envreg2", 4, [](W w, Lane) { return w.block->grid->grid_barrier & 0xffffffffu; }},
    {"%dynamic_smem_size", 4, [](W w, Lane) -> std::uint64_t { return request(w).dynamic_shared; }},
    {"%total_smem_size", 4, [](W w, Lane) -> std::uint64_t { return w.block->shared_bytes; }},
};

void read_special(Warp& warp, const Instruction& instruction, LaneMask mask) {
  const Special& special = kSpecials[instruction.operation];
  for (const std::size_t lane : lanes_of(mask)) {
    write_lane(warp, instruction.to[0], lane, special.value(warp, lane));
  }
}

}  // namespace

int special_register(std::string_view name, Instruction& read) {
  const auto* found = std::find_if(std::begin(kSpecials), std::end(kSpecials),
                                   [&](const Special& special) { return special.name == name; });
  if (found == std::end(kSpecials)) return 0;
  read.handler = read_special;
  read.operation = static_cast<std::uint8_t>(found - std::begin(kSpecials));
  return found->width;
}

}  // namespace emulator
