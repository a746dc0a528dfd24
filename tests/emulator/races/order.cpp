// SPDX-License-Identifier: MIT
#include "tests/emulator/races/order.h"

#include <algorithm>
#include <initializer_list>
#include <set>
#include <utility>

namespace emulator {
namespace {

constexpr std::uint64_t kMaxReaders = 1u << 26;  // warps of a launch that are remembered

void add(std::vector<Seen>& list, const Seen& seen) {
  for (Seen& old : list) {
    if (old.log == seen.log && old.device_wide == seen.device_wide) {
      old.count = std::max(old.count, seen.count);
      old.last = std::max(old.last, seen.last);
      return;
    }
  }
  list.push_back(seen);
}

void add_all(std::vector<Seen>& list, const std::vector<Seen>& more) {
  for (const Seen& seen : more) add(list, seen);
}

void raise(Stamps& row, const Stamps& other) {
  for (std::size_t i = 0; i < row.size(); ++i) row[i] = std::max(row[i], other[i]);
}

using Visited = std::set<const ReleaseLog*>;

// Whether one of the first `count` entries makes `other` visible up to `stamp`.
bool released(const ReleaseLog& log, std::uint32_t count, const Actor& other, Stamp stamp,
              std::size_t scope, Visited& visited) {
  if (!visited.insert(&log).second) return false;
  const auto warps = log.warps.find(other.block);
  for (std::uint32_t rest = warps == log.warps.end() ? 0 : warps->second; rest; rest &= rest - 1) {
    const auto warp = static_cast<std::uint32_t>(__builtin_ctz(rest));
    const auto& entries = log.entries.at(std::uint64_t{other.block} * 32 + warp);
    auto entry = std::lower_bound(
        entries.begin(), entries.end(), count,
        [](const ReleaseLog::Entry& e, std::uint32_t limit) { return e.index < limit; });
    if (entry == entries.begin()) continue;
    --entry;  // later entries of a warp know all that earlier ones know
    const Fenced& fenced = entry->fenced[scope];
    if (stamp <= fenced.block || (warp == other.warp && stamp <= fenced.warp)) return true;
    if (entry->published && stamp <= (*entry->published)[scope][other.warp]) return true;
  }
  return std::any_of(log.others.begin(), log.others.end(), [&](const auto& pair) {
    return released(*pair.first, pair.second, other, stamp, scope, visited);
  });
}

// Whether its first `count` entries include, or were written knowing, all entries of `wanted`.
bool includes(const ReleaseLog& log, std::uint32_t count, const ReleaseLog& wanted,
              Visited& visited) {
  if (&log == &wanted) return count == wanted.size;
  return visited.insert(&log).second &&
         std::any_of(log.others.begin(), log.others.end(), [&](const auto& pair) {
           return includes(*pair.first, pair.second, wanted, visited);
         });
}

// Whether one of these lists makes `other` visible to the block up to `stamp`.
bool acquired(const BlockOrder& block, std::initializer_list<const std::vector<Seen>*> lists,
              bool any_width, const Actor& other, Stamp stamp) {
  const bool same_block = other.block == block.number;
  Visited visited;
  for (const std::vector<Seen>* list : lists) {
    for (const Seen& seen : *list) {
      if (!same_block && !any_width && !seen.device_wide) continue;
      visited.erase(seen.log);  // another list may have seen more of it
      if (released(*seen.log, seen.count, other, stamp, same_block ? 0 : 1, visited)) return true;
    }
  }
  return false;
}

}  // namespace

void Meetings::meet(std::uint32_t members, Stamp now) {
  if (known_.empty()) known_.resize(32);
  Stamps sum{};
  for (std::uint32_t rest = members; rest != 0; rest &= rest - 1) {
    raise(sum, known_[static_cast<std::size_t>(__builtin_ctz(rest))]);
  }
  for (std::size_t i = 0; i < 32; ++i) {
    if ((members >> i) & 1) sum[i] = now;
  }
  for (std::uint32_t rest = members; rest != 0; rest &= rest - 1) {
    known_[static_cast<std::size_t>(__builtin_ctz(rest))] = sum;
  }
}

void Meetings::learn(std::uint32_t who, const Stamps& row) {
  if (known_.empty()) known_.resize(32);
  raise(known_[who], row);
}

void Order::begin_launch(std::uint64_t blocks, std::uint32_t warps) {
  launch_ = ++now_;
  warps_ = warps;
  logs_.clear();
  has_fences_ = false;
  readings_.assign(blocks * warps <= kMaxReaders ? blocks * warps : 0, {});
  synchronising_readings_.clear();
}

void Order::note_reading(const BlockOrder& block, std::uint32_t warp, std::uint32_t lanes,
                         bool synchronising) {
  if (readings_.empty()) return;
  if (synchronising) synchronising_readings_.resize(readings_.size());
  std::vector<Reading>& mine =
      (synchronising ? synchronising_readings_
                     : readings_)[std::size_t{block.number} * warps_ + warp];
  const Stamp boundary = std::max(block.together, block.warp[warp].fenced[0].warp);
  if (mine.empty() || (has_fences_ && mine.back().last <= boundary))
    mine.push_back({now_, now_, 0});
  mine.back().last = now_;
  mine.back().lanes |= lanes;
}

void Order::begin_block(BlockOrder& block, std::uint32_t number, std::uint32_t warps) {
  std::vector<WarpOrder> old = std::move(block.warp);
  block = {};
  block.number = number;
  block.begin = ++now_;
  block.warp = std::move(old);
  block.warp.resize(warps);
  for (WarpOrder& warp : block.warp) {
    warp.together = 0;
    warp.lanes.reset();
    warp.fenced = {};
    warp.pending.clear();
    warp.known.clear();
    warp.learned = warp.grid_known = warp.grid_tried = 0;
  }
}

void Order::block_meets(BlockOrder& block) {
  block.together = now_++;
  if (block.has_fenced) {
    Published published{};
    for (std::size_t warp = 0; warp < block.warp.size(); ++warp) {
      for (std::size_t scope = 0; scope < 2; ++scope) {
        published[scope][warp] = block.warp[warp].fenced[scope].warp;
      }
    }
    block.published = std::make_shared<const Published>(published);
    block.has_fenced = false;
  }
  for (WarpOrder& warp : block.warp) {
    add_all(block.known, warp.known);
    add_all(block.pending, warp.pending);
    block.grid_known = std::max(block.grid_known, warp.grid_known);
    warp.known.clear();
    warp.pending.clear();
  }
}

void Order::warps_meet(BlockOrder& block, std::uint32_t warps) {
  block.warps.meet(warps, now_);
  std::vector<Seen> known;
  for (std::size_t warp = 0; warp < block.warp.size(); ++warp) {
    if ((warps >> warp) & 1) add_all(known, block.warp[warp].known);
  }
  for (std::size_t warp = 0; warp < block.warp.size(); ++warp) {
    if (((warps >> warp) & 1) == 0) continue;
    block.warp[warp].known = known;
    block.warp[warp].learned = now_;
  }
  ++now_;
}

void Order::lanes_meet(BlockOrder& block, std::uint32_t warp, std::uint32_t lanes, bool all) {
  if (all)
    block.warp[warp].together = now_;
  else
    block.warp[warp].lanes.meet(lanes, now_);
  block.warp[warp].learned = now_++;
}

void Order::fence(BlockOrder& block, std::uint32_t warp, bool device_wide) {
  WarpOrder& me = block.warp[warp];
  me.fenced[0] = {now_, known_of_block(block, warp)};
  if (device_wide) me.fenced[1] = me.fenced[0];
  block.has_fenced = has_fences_ = true;
  for (std::vector<Seen>* list : {&me.pending, &block.pending}) {
    for (Seen seen : *list) {
      seen.device_wide = device_wide;
      add(me.known, seen);
    }
  }
  if (device_wide) me.pending.clear();
  me.learned = now_++;
}

void Order::make_barrier(BlockOrder& block, const Actor& me, std::uint64_t barrier) {
  block.arrivals[barrier] = {me, now_, {}, {}};
}

void Order::arrive(BlockOrder& block, std::uint32_t warp, std::uint64_t barrier, bool completes) {
  auto& [maker, made, phase, complete] = block.arrivals[barrier];
  raise(phase.warps, block.warps.known(warp));
  phase.warps[warp] = now_++;
  add_all(phase.known, block.warp[warp].known);
  if (!completes) return;
  raise(complete.warps, phase.warps);
  add_all(complete.known, phase.known);
  phase = {};
}

void Order::pass(BlockOrder& block, std::uint32_t warp, std::uint64_t barrier) {
  const Arrived& complete = block.arrivals[barrier].complete;
  block.warps.learn(warp, complete.warps);
  add_all(block.warp[warp].known, complete.known);
  block.warp[warp].learned = now_;
}

Stamp Order::known_of_block(const BlockOrder& block, std::uint32_t warp) const {
  Stamp least = now_;
  for (std::uint32_t other = 0; other < block.warp.size(); ++other) {
    if (other != warp) least = std::min(least, block.warps.known(warp, other));
  }
  return std::max(block.together, least);
}

void Order::strong_read(BlockOrder& block, std::uint32_t warp, std::uint64_t key) {
  const auto found = logs_.find(key);
  if (found != logs_.end()) {
    add(block.warp[warp].pending,
        {found->second.get(), found->second->size, found->second->last, false});
  }
}

void Order::strong_write(BlockOrder& block, std::uint32_t warp, std::uint64_t key) {
  const WarpOrder& me = block.warp[warp];
  if (me.fenced[0].warp == 0 && !block.published) return;  // nothing is released
  std::unique_ptr<ReleaseLog>& log = logs_[key];
  if (!log) log = std::make_unique<ReleaseLog>();
  auto& entries = log->entries[std::uint64_t{block.number} * 32 + warp];
  log->warps[block.number] |= 1u << warp;
  if (entries.empty() || entries.back().fenced[0].warp != me.fenced[0].warp ||
      entries.back().published != block.published) {
    entries.push_back({log->size++, me.fenced, block.published});
    log->last = std::max(log->last, me.fenced[0].warp);
  }
  for (const std::vector<Seen>* list : {&me.known, &std::as_const(block).known}) {
    for (const Seen& seen : *list) {
      if (seen.log == log.get()) continue;
      std::uint32_t& count = log->others[seen.log];
      count = std::max(count, seen.count);
    }
  }
}

bool Order::observed(const BlockOrder& block, std::uint32_t warp, std::uint64_t key) const {
  const auto found = logs_.find(key);
  if (found == logs_.end()) return false;
  Visited visited;
  const WarpOrder& me = block.warp[warp];
  for (const auto* list : {&me.pending, &me.known, &block.pending, &block.known}) {
    for (const Seen& seen : *list) {
      if (includes(*seen.log, seen.count, *found->second, visited)) return true;
    }
  }
  return false;
}

bool Order::before(BlockOrder& block, const Actor& me, const Actor& other, Stamp stamp) {
  if (other.block == block.number) {
    if (stamp <= block.together) return true;
    if (other.warp == me.warp) {
      const WarpOrder& warp = block.warp[me.warp];
      if (other.lane == me.lane || stamp <= warp.together) return true;
      if (stamp <= warp.lanes.known(me.lane, other.lane)) return true;
    }
    if (stamp <= block.warps.known(me.warp, other.warp)) return true;
  }
  return !logs_.empty() &&
         acquired(block, {&block.warp[me.warp].known, &block.known}, false, other, stamp);
}

bool Order::lanes_before(BlockOrder& block, const Actor& me, Actor other, std::uint32_t lanes,
                         Stamp stamp) {
  // Those of another warp are known as one.
  if (other.block != block.number || other.warp != me.warp) return before(block, me, other, stamp);
  for (std::uint32_t rest = lanes; rest != 0; rest &= rest - 1) {
    other.lane = static_cast<std::uint32_t>(__builtin_ctz(rest));
    if (!before(block, me, other, stamp)) return false;
  }
  return true;
}

bool Order::grid_before(BlockOrder& block, const Actor& me, Stamp stamp, bool synchronising) {
  if (synchronising && !all_before(block, me, 0, stamp, synchronising_readings_)) return false;
  WarpOrder& warp = block.warp[me.warp];
  Stamp known = std::max(block.grid_known, warp.grid_known);
  if (stamp <= known) return true;
  if (logs_.empty() || readings_.empty()) return false;
  const auto all_data_before = [&](Stamp up_to) {
    const bool before = all_before(block, me, known, up_to, readings_);
    if (before)
      known = warp.grid_known = up_to;
    else
      warp.grid_unknown = up_to;
    return before;
  };
  if (warp.grid_tried <= std::max(block.together, warp.learned)) {
    warp.grid_tried = now_;
    warp.grid_unknown = ~Stamp{0};
    // Blocks that met in a log have all released by its last entry: one test for many cells.
    Stamp met = 0;
    for (const std::vector<Seen>* list : {&warp.known, &block.known}) {
      for (const Seen& seen : *list) met = std::max(met, seen.last);
    }
    if (met > known && all_data_before(met) && stamp <= met) return true;
  }
  return stamp < warp.grid_unknown && all_data_before(stamp);
}

bool Order::lacks_fence(const BlockOrder& block, const Actor& me, const Actor& other,
                        Stamp stamp) const {
  return acquired(block, {&block.warp[me.warp].pending, &block.pending}, true, other, stamp);
}

// Every warp's last reading up to the stamp must be known.
bool Order::all_before(BlockOrder& block, const Actor& me, Stamp known, Stamp stamp,
                       const Readings& readings) {
  for (std::size_t reader = 0; reader < readings.size(); ++reader) {
    const std::vector<Reading>& list = readings[reader];
    const auto later = std::upper_bound(list.begin(), list.end(), stamp,
                                        [](Stamp s, const Reading& one) { return s < one.first; });
    if (later == list.begin()) continue;
    const Stamp last = std::min(std::prev(later)->last, stamp);
    const Actor other{static_cast<std::uint32_t>(reader / warps_),
                      static_cast<std::uint32_t>(reader % warps_), 0};
    if (last > known && !lanes_before(block, me, other, std::prev(later)->lanes, last))
      return false;
  }
  return true;
}

}  // namespace emulator
