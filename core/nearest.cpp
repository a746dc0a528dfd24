// SPDX-License-Identifier: MIT
#include <kindling/core/nearest.h>

#include <algorithm>
#include <numeric>
#include <utility>

namespace kindling::detail {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  // Rows of the table of distances between the first i letters of a and the first j of b.
  std::vector<std::size_t> before, last, row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    before = std::exchange(last, row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({replaced, last[j] + 1, row[j - 1] + 1});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
  }
  return row[b.size()];
}

std::string suggestion(const std::string& word, const std::vector<std::string>& known) {
  const auto distance = [&](const std::string& other) {
    // A word that is begun is nearer than its missing letters say.
    return !word.empty() && other.starts_with(word) ? 1 : edit_distance(word, other);
  };
  const auto best = std::min_element(known.begin(), known.end(), [&](const auto& a, const auto& b) {
    return distance(a) < distance(b);
  });
  const std::size_t most = std::max<std::size_t>(1, word.size() / 3);
  if (best == known.end() || distance(*best) > most) return {};
  return ": did you mean '" + *best + "'?";
}

std::string listed(const std::vector<std::string>& words) {
  std::string list;
  for (const std::string& word : words) list += (list.empty() ? "" : ", ") + word;
  return list;
}

}  // namespace kindling::detail
