// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/api.h>
#include <kindling/core/tensor.h>

#include <cstdint>
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
  /// ValueError when an entry was not taken: it belongs to something else.
  void finish() const;

 private:
  std::string owner_;
  std::unordered_map<std::string_view, const Tensor*> entries_;
};

}  // namespace detail

}  // namespace kindling
