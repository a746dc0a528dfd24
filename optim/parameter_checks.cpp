// SPDX-License-Identifier: MIT
#include <kindling/core/autograd.h>
#include <kindling/optim/parameter_checks.h>

namespace kindling::detail {

std::string parameter_name(std::size_t parameter, std::size_t group, const TensorImpl* impl) {
  const std::string number = message("parameter ", parameter, " of group ", group);
  return impl == nullptr || !impl->name ? number : message(number, " (\"", *impl->name, "\")");
}

void ParameterChecks::add_checked(const std::vector<Tensor>& tensors) {
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    seen_.emplace(tensors[i].impl()->storage.get(), parameter_name(i, groups_, tensors[i].impl()));
  }
  device_ = tensors.front().device();
  ++groups_;
}

void ParameterChecks::add(const std::vector<Tensor>& tensors) {
  if (tensors.empty()) {
    throw ValueError(message(optimizer_, ": group ", groups_,
                             " has no parameters: give it at least one tensor"));
  }
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const std::string name = parameter_name(i, groups_, tensors[i].impl());
    check_one(tensors[i], name);
    if (tensors[i].dtype() != tensors.front().dtype()) {
      throw DTypeError(message(optimizer_, ": ", name, " is ", tensors[i].dtype(),
                               ", parameter 0 is ", tensors.front().dtype(),
                               ": give each dtype a group of its own"));
    }
    if (groups_ == 0 && i == 0) device_ = tensors[i].device();
    if (tensors[i].device() != device_) {
      throw DeviceError(message(optimizer_, ": ", name, " is on ", tensors[i].device(),
                                ", the parameters before it on ", device_,
                                ": move the model to one device first"));
    }
    const auto [other, is_new] = seen_.emplace(tensors[i].impl()->storage.get(), name);
    if (!is_new) {
      throw ValueError(message(optimizer_, ": ", name, " is the same tensor as ", other->second,
                               ", or shares its memory: give each parameter once"));
    }
  }
  ++groups_;
}

void ParameterChecks::check_one(const Tensor& tensor, const std::string& name) const {
  if (!tensor.defined()) {
    throw ValueError(
        message(optimizer_, ": ", name, " is an undefined tensor: give it a value first"));
  }
  const TensorImpl& impl = *tensor.impl();
  if (impl.producer) {
    throw ValueError(message(optimizer_, ": ", name, " is the result of an op, not a leaf: ",
                             "optimize the tensors that it was computed from"));
  }
  if (!impl.requires_grad) {
    throw ValueError(message(optimizer_, ": ", name, " does not require a gradient: ",
                             "call set_requires_grad(true), or leave it out"));
  }
  const Storage& storage = *impl.storage;
  if (impl.offset != 0 || impl.numel != storage.numel) {
    throw ValueError(message(
        optimizer_, ": ", name, " of shape ", impl.shape,
        " is a view of a part of a larger tensor: clone() it, or optimize the ", "larger one"));
  }
  if (!storage.owns_data && !storage.arena) {
    throw ValueError(message(optimizer_, ": ", name,
                             " is borrowed memory, whose owner would see no ",
                             "update: clone() it first"));
  }
}

}  // namespace kindling::detail
