// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

namespace emulator {

/// When something happened: the count of synchronising events (barriers, fences) before it. What
/// happens between two such events has the same stamp, so "known up to a stamp" includes it.
using Stamp = std::uint32_t;

/// Who has read a word since it was last written, as exactly as 32 bits allow.
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
  std::uint32_t read_at = 0;
  std::uint32_t read_members = 0;  // lanes of read_warp, or warps of read_block
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

/// The cells of an address space: words and, beside them, bytes.
struct Cells {
  Cell* words = nullptr;
  Cell* bytes = nullptr;
};

}  // namespace emulator
