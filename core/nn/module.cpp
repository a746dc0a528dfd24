// SPDX-License-Identifier: MIT
#include <kindling/core/checks.h>
#include <kindling/core/command.h>
#include <kindling/core/nn/module.h>
#include <kindling/core/no_grad.h>

#include <algorithm>
#include <optional>

namespace kindling::nn {

struct Module::State {
  // In the order of registration; a child has no tensor of its own.
  struct Entry {
    std::string name;
    Tensor parameter;
    std::shared_ptr<State> child;
  };
  std::vector<Entry> entries;
  bool training = true;

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

  bool holds(const State& other) const {
    return this == &other || std::any_of(entries.begin(), entries.end(), [&](const Entry& entry) {
             return entry.child && entry.child->holds(other);
           });
  }

  void train(bool on) {
    training = on;
    for (const Entry& entry : entries)
      if (entry.child) entry.child->train(on);
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
  if (module.state_->holds(*state_)) {
    throw ValueError(
        message("register_module: module \"", name,
                "\" is the one that it is added to, or holds it: it would have no end"));
  }
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

std::int64_t Module::num_parameters() const {
  std::int64_t count = 0;
  for (const auto& [name, parameter] : named_parameters()) count += parameter.numel();
  return count;
}

const Module& Module::train(bool training) const {
  state_->train(training);
  return *this;
}
bool Module::is_training() const { return state_->training; }

namespace {

// Takes all memory, which may fail, before the first parameter moves.
void move(const std::vector<Tensor>& parameters, std::optional<Device> to_device,
          std::optional<DType> to_dtype) {
  detail::check_not_capturing("to", "it moves parameters: call it before");
  std::vector<std::pair<detail::Storage*, detail::Intrusive<detail::Storage>>> moves;
  for (const Tensor& parameter : parameters) {
    const Device device = to_device.value_or(parameter.device());
    const DType dtype = to_dtype.value_or(parameter.dtype());
    for (const detail::TensorImpl* impl : {parameter.impl(), parameter.impl()->grad.get()}) {
      if (impl == nullptr) continue;
      detail::Storage& storage = *impl->storage;
      if (storage.device == device && storage.dtype == dtype) continue;
      moves.emplace_back(&storage, storage.copy(device, dtype));
    }
  }
  for (const auto& [storage, copied] : moves) storage->take(*copied);
}

}  // namespace

const Module& Module::to(Device device) const {
  detail::backend_of(device);
  move(parameters(), device, std::nullopt);
  return *this;
}

const Module& Module::to(DType dtype) const {
  move(parameters(), std::nullopt, dtype);
  return *this;
}

void Module::zero_grad() const {
  for (const Tensor& parameter : parameters())
    detail::set_gradient_defined(*parameter.impl(), false);
}

StateDict Module::state_dict() const { return detail::copies_of(state_views()); }

detail::TakeOver Module::prepare_load(const StateDict& state) const {
  detail::StateReader reader("Module", state);
  const NoGradGuard no_grad;
  std::vector<std::pair<Tensor, Tensor>> copies;  // parameter, source
  for (const auto& [name, parameter] : named_parameters()) {
    copies.emplace_back(parameter, reader.take(name, parameter.shape()).to(parameter.dtype()));
  }
  reader.finish();
  return [copies] {
    const NoGradGuard taking_over;
    for (const auto& [parameter, source] : copies) parameter.copy_(source);
  };
}

}  // namespace kindling::nn
