// SPDX-License-Identifier: MIT
#pragma once

// Internal to optim; not part of the interface.

#include <kindling/core/tensor.h>

#include <cstddef>
#include <string>
#include <unordered_map>
#include <vector>

namespace kindling::detail {

/// "parameter 1 of group 0", and where a module has named it: ("fc1.weight")
std::string parameter_name(std::size_t parameter, std::size_t group, const TensorImpl* impl);

/// The checks on parameters that an optimizer makes before it takes any of them over, through all
/// its groups.
class ParameterChecks {
 public:
  explicit ParameterChecks(const char* optimizer) : optimizer_(optimizer) {}

  /// Notes a group that was checked before.
  void add_checked(const std::vector<Tensor>& tensors);
  /// ValueError, DTypeError or DeviceError, unless these are distinct leaves of one dtype and
  /// device that require gradients and own their memory.
  void add(const std::vector<Tensor>& tensors);

 private:
  void check_one(const Tensor& tensor, const std::string& name) const;

  const char* optimizer_;
  std::size_t groups_ = 0;
  std::unordered_map<const Storage*, std::string> seen_;
  Device device_ = Device::cpu();
};

}  // namespace kindling::detail
