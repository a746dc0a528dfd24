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
  if (detail::check_defined("register_parameter", tensor).producer) {
    throw ValueError(message("register_parameter: tensor \"", name,
                             "\" is the result of a tracked op: register its detach()"));
  }
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
  for (const Tensor& parameter : parameters())
    detail::set_gradient_defined(*parameter.impl(), false);
}

StateDict Module::state_dict() const {
  const NoGradGuard no_grad;
  StateDict state;
  for (const auto& [name, parameter] : named_parameters()) {
    state.emplace_back(name, parameter.clone());
  }
  return state;
}

void Module::load_state_dict(const StateDict& state) const {
  detail::StateReader reader("Module", state);
  const StateDict parameters = named_parameters();
  std::vector<Tensor> sources;
  for (const auto& [name, parameter] : parameters) {
    sources.push_back(reader.take(name, parameter.shape()));
  }
  reader.finish();
  const NoGradGuard no_grad;
  for (std::size_t i = 0; i < sources.size(); ++i) parameters[i].second.copy_(sources[i]);
}

}  // namespace kindling::nn
