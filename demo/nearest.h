// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kindling::demo {

/// Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`.
std::size_t edit_distance(std::string_view a, std::string_view b);

/// ": did you mean 'epochs'?" with the one of `known` that is most like `word`, or nothing where
/// none is like it.
std::string suggestion(const std::string& word, const std::vector<std::string>& known);

/// The words with ", " between them.
std::string listed(const std::vector<std::string>& words);

}  // namespace kindling::demo
