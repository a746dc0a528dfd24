// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace emulator {

/// Whether the byte at offset `at` of a region, whose states these are, is padding of a struct, as
/// far as the writes round it tell. Padding is what nobody wrote of an aligned granule of 2, 4 or 8
/// bytes that begins with a member, in a struct that has a member of that width: the one that
/// follows, or one a little before. Elements of an array are as wide as each other, so that one
/// that was never written is no padding.
bool is_padding(const std::uint8_t* states, std::uint64_t at, std::uint64_t bytes);

}  // namespace emulator
