// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace emulator {

/// When something happened: the count of synchronising events (barriers, fences) before it. What
/// happens between two such events has the same stamp, so "known up to a stamp" includes it.
using Stamp = std::uint32_t;

/// One for each lane of a warp, or warp of a block; 0: never.
using Stamps = std::array<Stamp, 32>;

/// Who has read a word since it was last written, apart from those that came before a later reader.
enum class Readers : std::uint8_t { lanes, warps, blocks };

/// How an access takes part in races: weak ones race with everything, strong ones (atomics,
/// .relaxed) not with each other; volatile is strong, except within a warp in shared memory, where
/// code that counts on lanes running in step is the mistake to find.
enum class Strength : std::uint8_t { weak, is_volatile, strong };

/// The last write and the readers since then of one 4-byte word, or of one byte of a word that
/// was accessed in smaller pieces. A stamp before the launch (or block) started: nothing yet.
struct Cell {
  Stamp write_stamp = 0;
  std::uint32_t write_block = 0;
  std::uint32_t write_at = 0;  // index of Program::code
  Stamp read_stamp = 0;        // of the last one
  std::uint32_t read_block = 0;
  std::uint32_t read_at = 0;       // of the first one
  std::uint32_t read_members = 0;  // lanes of read_warp, or the place of warps in ReadDates
  std::uint16_t write_thread = 0;  // in the block
  std::uint8_t read_warp : 5 = 0;
  std::uint8_t split : 1 = 0;           // the bytes have cells of their own
  std::uint8_t write_in_block : 1 = 0;  // an atomic of block scope
  std::uint8_t read_strongly : 1 = 0;   // by some of the readers
  Strength write_strength : 2 = Strength::weak;
  Strength read_strength : 2 = Strength::weak;  // the least of the readers
  Readers readers : 2 = Readers::lanes;
  std::uint8_t : 2;
};
static_assert(sizeof(Cell) == 32);

/// When lanes of a warp read a word last.
struct ReadDate {
  Stamp stamp = 0;
  std::uint32_t lanes = 0;
};

/// A date for each warp of a block, for every word that several of them have read.
class ReadDates {
 public:
  using Row = std::array<ReadDate, 32>;
  /// The place of a row in which nobody has read.
  std::uint32_t add() {
    if (free_.empty()) {
      rows_.emplace_back();
      return static_cast<std::uint32_t>(rows_.size() - 1);
    }
    const std::uint32_t place = free_.back();
    free_.pop_back();
    rows_[place] = {};
    return place;
  }
  void remove(std::uint32_t place) { free_.push_back(place); }
  void clear() {
    rows_.clear();
    free_.clear();
  }
  Row& operator[](std::uint32_t place) { return rows_[place]; }

 private:
  std::vector<Row> rows_;
  std::vector<std::uint32_t> free_;
};

/// The cells of an address space: words and, beside them, bytes.
struct Cells {
  Cell* words = nullptr;
  Cell* bytes = nullptr;
  ReadDates* dates = nullptr;
};

}  // namespace emulator
