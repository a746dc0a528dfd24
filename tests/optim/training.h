// SPDX-License-Identifier: MIT
#pragma once

// What the optimizer tests share: parameters with given gradients, and a place for what is logged.

#include <kindling/core/command.h>
#include <kindling/core/log.h>
#include <kindling/core/makers.h>
#include <kindling/core/ops.h>

#include <string>
#include <vector>

namespace kindling::test {

inline Tensor parameter(const std::vector<double>& values) {
  return from_data(std::span<const double>(values), {values.size()}, {.requires_grad = true});
}

/// Leaves exactly `values` as the gradient of a parameter.
inline void set_gradient(const Tensor& parameter, const std::vector<double>& values) {
  detail::set_gradient_defined(*parameter.impl(), false);
  const Tensor gradient = from_data(std::span<const double>(values), parameter.shape());
  parameter.backward(gradient.to(parameter.dtype()));
}

inline std::vector<double> values(const Tensor& tensor) { return tensor.to_vector<double>(); }

/// Keeps what is logged while it lives.
class LogKeeper {
 public:
  LogKeeper() {
    set_log_callback([this](LogLevel, const std::string& text) { texts.push_back(text); });
  }
  ~LogKeeper() { set_log_callback(nullptr); }
  LogKeeper(const LogKeeper&) = delete;
  LogKeeper& operator=(const LogKeeper&) = delete;

  std::vector<std::string> texts;
};

}  // namespace kindling::test
