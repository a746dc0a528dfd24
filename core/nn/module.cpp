// SPDX-License-Identifier: MIT
#include <kindling/core/checks.h>
#include <kindling/core/command.h>
#include <kindling/core/nn/module.h>
#include <kindling/core/no_grad.h>

#include <algorithm>

namespace kindling::nn {

struct Module::State {
  // In the order of registration; a child has no tensor of its own.
  struct Entry {
    std::string name;
    Tensor parameter;
    std::shared_ptr<State> child;
  };
  std::vector<Entry> entries;

  void add(const char* op, Entry entry) {
    if (entry.name.empty() || entry.name.find('.') != std::string::npos) {
      throw ValueError(message(op, ": name \"", entry.name, "\": must not be empty or hold a dot"));
    }
    for (const Entry& other : entries) {
      if (other.name == entry.name) {
        throw ValueError(message(op, ": name \"", entry.name, "\" is taken in this module"));
      }
    }
    entries.push_back(std::move(entry));
  }

  void collect(const std::string& prefix,
               std::vector<std::pair<std::string, Tensor>>& parameters) const {
    for (const Entry& entry : entries) {
      if (entry.child) {
        entry.child->collect(prefix + entry.name + ".", parameters);
        continue;
      }
      const auto same = [&](const auto& other) {
        return other.second.impl() == entry.parameter.impl();
      };
      if (std::none_of(parameters.begin(), parameters.end(), same)) {
        parameters.emplace_back(prefix + entry.name, entry.parameter);
      }
    }
  }
};

Module::Module() : state_(std::make_shared<State>()) {}
Module::~Module() = default;

Tensor Module::register_parameter(std::string name, const Tensor& tensor) {
  detail::check_defined("register_parameter", tensor);
  state_->add("register_parameter", {std::move(name), tensor, nullptr});
  tensor.set_requires_grad(true);
  return tensor;
}

void Module::add_child(std::string name, const Module& module) {
  state_->add("register_module", {std::move(name), Tensor(), module.state_});
}

std::vector<std::pair<std::string, Tensor>> Module::named_parameters() const {
  std::vector<std::pair<std::string, Tensor>> parameters;
  state_->collect("", parameters);
  return parameters;
}

std::vector<Tensor> Module::parameters() const {
  std::vector<Tensor> tensors;
  for (auto& [name, parameter] : named_parameters()) tensors.push_back(std::move(parameter));
  return tensors;
}

namespace {

void move(const Tensor& parameter, Device device, DType dtype) {
  detail::TensorImpl& impl = *parameter.impl();
  impl.storage->move_to(device, dtype);
  if (impl.grad) impl.grad->storage->move_to(device, dtype);
}

}  // namespace

const Module& Module::to(Device device) const {
  detail::backend_of(device);
  for (const Tensor& parameter : parameters()) move(parameter, device, parameter.dtype());
  return *this;
}

const Module& Module::to(DType dtype) const {
  for (const Tensor& parameter : parameters()) move(parameter, parameter.device(), dtype);
  return *this;
}

void Module::zero_grad() const {
  for (const Tensor& parameter : parameters()) parameter.impl()->grad_defined = false;
}

StateDict Module::state_dict() const {
  const NoGradGuard no_grad;
  StateDict state;
  for (const auto& [name, parameter] : named_parameters()) {
    state.emplace_back(name, parameter.clone());
  }
  return state;
}

namespace {

const Tensor* find(const StateDict& entries, const std::string& name) {
  for (const auto& entry : entries) {
    if (entry.first == name) return &entry.second;
  }
  return nullptr;
}

}  // namespace

void Module::load_state_dict(const StateDict& state) const {
  const StateDict parameters = named_parameters();
  std::vector<Tensor> sources;
  for (const auto& [name, parameter] : parameters) {
    const Tensor* source = find(state, name);
    if (source == nullptr) {
      throw ValueError(message("load_state_dict: parameter ", name, " is missing in the state"));
    }
    const Shape& shape = detail::check_defined("load_state_dict", *source).shape;
    if (shape != parameter.shape()) {
      throw ShapeError(message("load_state_dict: parameter ", name, " is ", parameter.shape(),
                               " but the state holds ", shape));
    }
    sources.push_back(*source);
  }
  for (const auto& [name, tensor] : state) {
    if (find(parameters, name) == nullptr) {
      throw ValueError(message("load_state_dict: the state holds ", name,
                               ", which is no parameter of this module"));
    }
  }
  const NoGradGuard no_grad;
  for (std::size_t i = 0; i < sources.size(); ++i) parameters[i].second.copy_(sources[i]);
}

}  // namespace kindling::nn
