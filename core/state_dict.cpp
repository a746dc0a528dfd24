// SPDX-License-Identifier: MIT
#include <kindling/core/error.h>
#include <kindling/core/makers.h>
#include <kindling/core/no_grad.h>
#include <kindling/core/recorder.h>
#include <kindling/core/state_dict.h>

#include <cmath>

namespace kindling::detail {

Tensor state_scalar(double value) {
  return full({}, value, {.dtype = DType::float64, .device = Device::cpu()});
}

void append_word(StateDict& state, const std::string& name, std::uint64_t value) {
  state.emplace_back(name + "_high", state_scalar(static_cast<double>(value >> 32)));
  state.emplace_back(name + "_low", state_scalar(static_cast<double>(value & 0xffffffffu)));
}

StateDict copies_of(const StateDict& state) {
  const NoGradGuard no_grad;
  StateDict copies;
  for (const auto& [name, tensor] : state) copies.emplace_back(name, tensor.clone());
  return copies;
}

StateReader::StateReader(std::string owner, const StateDict& state)
    : owner_(std::move(owner)), state_(state) {
  check_not_capturing("load_state_dict", "it gives values of the host: call it between steps");
  for (const auto& [name, tensor] : state) {
    if (!tensor.defined()) {
      throw ValueError(message(owner_, ": load_state_dict: \"", name, "\" is an undefined tensor"));
    }
    if (!entries_.emplace(name, &tensor).second) {
      throw ValueError(message(owner_, ": load_state_dict: \"", name, "\" comes twice"));
    }
  }
}

const Tensor& StateReader::take(const std::string& name, const Shape& shape) {
  const auto found = entries_.find(name);
  if (found == entries_.end()) {
    throw ValueError(message(owner_, ": load_state_dict: \"", name,
                             "\" is missing: load the state of ",
                             "an object that was built alike"));
  }
  const Tensor& tensor = *found->second;
  if (tensor.shape() != shape) {
    throw ShapeError(message(owner_, ": load_state_dict: \"", name, "\" has shape ", tensor.shape(),
                             ", not ", shape,
                             ": load the state of an object that was built alike"));
  }
  entries_.erase(found);
  return tensor;
}

double StateReader::take_scalar(const std::string& name) { return take(name, {}).item(); }

std::int64_t StateReader::take_count(const std::string& name) {
  const double value = take_scalar(name);
  if (!(value >= 0 && value <= 0x1p53 && value == std::floor(value))) {
    throw ValueError(message(owner_, ": load_state_dict: \"", name, "\" is ", value,
                             ": must be a whole number from 0 to 2^53"));
  }
  return static_cast<std::int64_t>(value);
}

std::uint64_t StateReader::take_word(const std::string& name) {
  const auto half = [&](const char* which) {
    const std::int64_t value = take_count(name + which);
    if (value >> 32 == 0) return static_cast<std::uint64_t>(value);
    throw ValueError(message(owner_, ": load_state_dict: \"", name, which, "\" is ", value,
                             ": must be below 2^32"));
  };
  return half("_high") << 32 | half("_low");
}

void StateReader::finish() const {
  if (entries_.empty()) return;
  constexpr std::size_t kNamed = 3;
  std::string names;
  std::size_t named = 0;
  for (const auto& [name, tensor] : state_) {
    if (named == kNamed || !entries_.contains(name)) continue;
    names += message(named++ == 0 ? "\"" : ", \"", name, "\"");
  }
  if (entries_.size() > named) names += message(" and ", entries_.size() - named, " more");
  throw ValueError(message(owner_, ": load_state_dict: ", names,
                           entries_.size() == 1 ? " is" : " are",
                           " unknown here: load the state of an object that was built alike"));
}

}  // namespace kindling::detail
