// SPDX-License-Identifier: MIT
#include <kindling/core/error.h>
#include <kindling/core/makers.h>
#include <kindling/core/recorder.h>
#include <kindling/core/state_dict.h>

#include <cmath>

namespace kindling::detail {

Tensor state_scalar(double value) {
  return full({}, value, {.dtype = DType::float64, .device = Device::cpu()});
}

StateReader::StateReader(std::string owner, const StateDict& state) : owner_(std::move(owner)) {
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

void StateReader::finish() const {
  if (entries_.empty()) return;
  throw ValueError(message(owner_, ": load_state_dict: \"", entries_.begin()->first,
                           "\" is unknown here: load the state of an object that was built alike"));
}

}  // namespace kindling::detail
