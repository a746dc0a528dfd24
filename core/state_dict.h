// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/api.h>
#include <kindling/core/tensor.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace kindling {

/// What an object has to remember, by name and in a fixed order. The tensors are copies; a number
/// is a 0-dim float64, which holds counters exactly up to 2^53.
using StateDict = std::vector<std::pair<std::string, Tensor>>;

namespace detail {

/// A number as a StateDict holds it.
Tensor state_scalar(double value);
/// A whole number of 64 bits, which do not fit a float64: two entries, name + "_high" and "_low".
void append_word(StateDict& state, const std::string& name, std::uint64_t value);
/// The same entries with tensors of their own.
KINDLING_API StateDict copies_of(const StateDict& state);

/// The second half of load_state_dict(), when everything was checked and all memory is there: it
/// takes the values over and does not fail. Until it is called, nothing has changed.
using TakeOver = std::function<void()>;

/// Reads a StateDict on behalf of load_state_dict(). Its errors name the owner and the entry, and
/// it changes nothing: an owner reads all it needs and calls finish() before it takes anything
/// over.
class StateReader {
 public:
  /// ValueError when a name comes twice.
  StateReader(std::string owner, const StateDict& state);

  bool has(const std::string& name) const { return entries_.contains(name); }
  /// The entry of that name. ValueError when there is none, ShapeError when its shape is another.
  const Tensor& take(const std::string& name, const Shape& shape);
  /// A number. Waits for the device, if it is on one.
  double take_scalar(const std::string& name);
  /// A whole number of at least 0.
  std::int64_t take_count(const std::string& name);
  /// What append_word() appended.
  std::uint64_t take_word(const std::string& name);
  /// ValueError when entries were not taken: they belong to something else.
  void finish() const;

 private:
  std::string owner_;
  const StateDict& state_;
  std::unordered_map<std::string_view, const Tensor*> entries_;
};

}  // namespace detail

}  // namespace kindling
