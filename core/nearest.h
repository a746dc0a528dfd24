// SPDX-License-Identifier: MIT
#pragma once

// For messages about a word that is unknown; not part of the interface.

#include <kindling/core/api.h>

#include <string>
#include <string_view>
#include <vector>

namespace kindling::detail {

/// Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`.
KINDLING_API std::size_t edit_distance(std::string_view a, std::string_view b);

/// ": did you mean 'epochs'?" with the one of `known` that is most like `word`, or nothing where
/// none is like it.
KINDLING_API std::string suggestion(const std::string& word, const std::vector<std::string>& known);

/// The words with ", " between them.
KINDLING_API std::string listed(const std::vector<std::string>& words);

}  // namespace kindling::detail
