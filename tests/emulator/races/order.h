// SPDX-License-Identifier: MIT
#pragma once

#include "tests/emulator/races/cell.h"

#include <array>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

namespace emulator {

/// One thread, or, where lanes do not matter, its warp.
struct Actor {
  std::uint32_t block = 0;
  std::uint32_t warp = 0;
  std::uint32_t lane = 0;
};

/// What up to 32 members (lanes of a warp, warps of a block) know of each other through meetings
/// of some of them.
class Meetings {
 public:
  void reset() { known_.clear(); }
  Stamp known(std::uint32_t who, std::uint32_t of) const {
    return known_.empty() ? 0 : known_[who][of];
  }
  Stamps known(std::uint32_t who) const { return known_.empty() ? Stamps{} : known_[who]; }
  void meet(std::uint32_t members, Stamp now);
  void learn(std::uint32_t who, const Stamps& row);

 private:
  std::vector<Stamps> known_;  // [who][of]; empty until some meet
};

/// What a fence of a warp makes visible to whoever acquires afterwards.
struct Fenced {
  Stamp warp = 0;   // everything of the warp itself up to here
  Stamp block = 0;  // everything of its block up to here
};

/// Fences by the width of their scope: [0] of the block or wider, [1] of the device or wider.
using FencedBy = std::array<Fenced, 2>;
/// Up to where each warp of a block had fenced when the block last met.
using Published = std::array<Stamps, 2>;

/// The strong writes to one address that a fence preceded, in their order.
struct ReleaseLog {
  struct Entry {
    std::uint32_t index;
    FencedBy fenced;
    std::shared_ptr<const Published> published;
  };
  std::uint32_t size = 0;
  Stamp last = 0;                                                 // the fence of the last entry
  std::unordered_map<std::uint64_t, std::vector<Entry>> entries;  // by block * 32 + warp
  std::unordered_map<std::uint32_t, std::uint32_t> warps;         // of each block, one bit each
  // What the releasing warps knew from other logs: the first `count` entries of them.
  std::unordered_map<const ReleaseLog*, std::uint32_t> others;
};

/// The first `count` entries of a log, read by a strong access.
struct Seen {
  const ReleaseLog* log = nullptr;
  std::uint32_t count = 0;
  Stamp last = 0;            // the fence of the last of them
  bool device_wide = false;  // a fence of the device followed
};

struct WarpOrder {
  Stamp together = 0;  // all its lanes met
  Meetings lanes;
  FencedBy fenced;
  std::vector<Seen> pending;  // read, but no fence has followed
  std::vector<Seen> known;    // acquired
  Stamp learned = 0;          // when it last met or acquired
  Stamp grid_known = 0;       // all that all blocks read up to here
  Stamp grid_tried = 0;       // when that was last looked at
  Stamp grid_unknown = 0;     // what was found then: not all up to here
};

/// What those who arrived at an mbarrier did and knew.
struct Arrived {
  Stamps warps{};
  std::vector<Seen> known;
};

/// The arrivals of one mbarrier.
struct Arrivals {
  Actor maker;  // who initialised it, and when
  Stamp made = 0;
  Arrived phase;     // in the phase that is not complete
  Arrived complete;  // in all phases before
};

struct BlockOrder {
  std::uint32_t number = 0;
  Stamp begin = 0;
  Stamp together = 0;  // all its threads met
  Meetings warps;
  std::unordered_map<std::uint64_t, Arrivals> arrivals;  // by the mbarrier's offset
  std::vector<WarpOrder> warp;
  std::vector<Seen> pending, known;  // of threads that met
  std::shared_ptr<const Published> published;
  bool has_fenced = false;  // since the block last met
  Stamp grid_known = 0;     // the most that its warps knew then
};

/// When a warp read global memory, between two fences or barriers, and which of its lanes did.
struct Reading {
  Stamp first = 0, last = 0;
  std::uint32_t lanes = 0;
};

using Readings = std::vector<std::vector<Reading>>;  // [block][warp]

/// The happens-before relation of one launch: program order, barriers, and release-acquire chains
/// (fence, strong write; strong read of it, fence). Chains are kept by warp, not by thread.
class Order {
 public:
  void begin_launch(std::uint64_t blocks, std::uint32_t warps);
  void begin_block(BlockOrder& block, std::uint32_t number, std::uint32_t warps);

  Stamp now() const { return now_; }
  Stamp launch() const { return launch_; }

  void block_meets(BlockOrder& block);
  void warps_meet(BlockOrder& block, std::uint32_t warps);
  void lanes_meet(BlockOrder& block, std::uint32_t warp, std::uint32_t lanes, bool all);
  void fence(BlockOrder& block, std::uint32_t warp, bool device_wide);
  void make_barrier(BlockOrder& block, const Actor& me, std::uint64_t barrier);
  /// A lane of the warp arrives at an mbarrier, or has seen its phase complete: the latter comes
  /// after all arrivals of that phase.
  void arrive(BlockOrder& block, std::uint32_t warp, std::uint64_t barrier, bool completes);
  void pass(BlockOrder& block, std::uint32_t warp, std::uint64_t barrier);
  /// A strong read or write of an address (a key that is unique over global and shared memory).
  void strong_read(BlockOrder& block, std::uint32_t warp, std::uint64_t key);
  void strong_write(BlockOrder& block, std::uint32_t warp, std::uint64_t key);
  /// Whether something was released at all, or through this address.
  bool has_releases() const { return !logs_.empty(); }
  bool synchronises(std::uint64_t key) const { return logs_.contains(key); }
  /// Whether the last strong write there was seen by a strong read that comes before what the warp
  /// does now: its own, or one that those made from whom it has acquired.
  bool observed(const BlockOrder& block, std::uint32_t warp, std::uint64_t key) const;
  /// Notes that a warp reads global memory: data, or a variable that synchronises. (Who waits at a
  /// grid's barrier reads it after having released all its data, and nothing releases that read.)
  void note_reading(const BlockOrder& block, std::uint32_t warp, std::uint32_t lanes,
                    bool synchronising);

  /// Whether everything that `other` did up to `stamp` happens before what `me` does now.
  bool before(BlockOrder& block, const Actor& me, const Actor& other, Stamp stamp);
  /// Whether that has been released and seen, so that a fence is all that is missing.
  bool lacks_fence(const BlockOrder& block, const Actor& me, const Actor& other, Stamp stamp) const;
  /// The same for several lanes of a warp, and for what all blocks read of data, or also of
  /// variables that synchronise.
  bool lanes_before(BlockOrder& block, const Actor& me, Actor other, std::uint32_t lanes,
                    Stamp stamp);
  bool grid_before(BlockOrder& block, const Actor& me, Stamp stamp, bool synchronising);

 private:
  // Up to where a warp knows everything of its block.
  Stamp known_of_block(const BlockOrder& block, std::uint32_t warp) const;
  // All readings after `known` up to `stamp` of data, or of variables that synchronise.
  bool all_before(BlockOrder& block, const Actor& me, Stamp known, Stamp stamp,
                  const Readings& readings);

  Stamp now_ = 1;
  Stamp launch_ = 1;
  std::uint32_t warps_ = 0;                                              // of a block
  std::unordered_map<std::uint64_t, std::unique_ptr<ReleaseLog>> logs_;  // by key
  bool has_fences_ = false;                                              // any fence in this launch
  Readings readings_, synchronising_readings_;
};

}  // namespace emulator
