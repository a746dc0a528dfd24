// SPDX-License-Identifier: MIT
#include <kindling/core/checks.h>
#include <kindling/core/command.h>
#include <kindling/core/nn/module.h>
#include <kindling/core/no_grad.h>

#include <cxxabi.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <ostream>
#include <typeinfo>

namespace kindling::nn {

namespace {

using NamedTensors = std::vector<std::pair<std::string, Tensor>>;

// The name of a class as the program writes it, without its namespaces.
std::string class_name(const Module& module) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> readable(
      abi::__cxa_demangle(typeid(module).name(), nullptr, nullptr, &status), std::free);
  const std::string name = readable ? readable.get() : "Module";
  const std::size_t last = name.rfind("::");
  return last == std::string::npos ? name : name.substr(last + 2);
}

}  // namespace

struct Module::State {
  enum class Kind : std::uint8_t { parameter, buffer, module };
  // In the order of registration; a child has no tensor of its own.
  struct Entry {
    Kind kind;
    std::string name;
    Tensor tensor;
    std::shared_ptr<State> child;
  };
  std::vector<Entry> entries;
  std::string description;
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

  void collect(Kind kind, const std::string& prefix, NamedTensors& tensors) const {
    for (const Entry& entry : entries) {
      if (entry.child) entry.child->collect(kind, prefix + entry.name + ".", tensors);
      if (entry.kind != kind) continue;
      const auto same = [&](const auto& other) {
        return other.second.impl() == entry.tensor.impl();
      };
      if (std::none_of(tensors.begin(), tensors.end(), same))
        tensors.emplace_back(prefix + entry.name, entry.tensor);
    }
  }

  void print(std::ostream& out, const std::string& own, const std::string& indent) const {
    out << (description.empty() ? own : description);
    bool open = false;
    for (const Entry& entry : entries) {
      if (!entry.child) continue;
      out << (open ? "" : "(") << '\n' << indent << "  " << entry.name << ": ";
      entry.child->print(out, "Module", indent + "  ");
      open = true;
    }
    if (open) out << '\n' << indent << ')';
  }
};

Module::Module() : state_(std::make_shared<State>()) {}
Module::~Module() = default;

Tensor Module::forward(const Tensor&) const {
  throw ValueError(message(class_name(*this), ": forward: the class has no \"Tensor forward(const ",
                           "Tensor&) const override\": call the one that it has, or add this"));
}

namespace {

void check_no_result(const char* op, const std::string& name, const Tensor& tensor) {
  if (!detail::check_defined(op, tensor).producer) return;
  throw ValueError(
      message(op, ": tensor \"", name, "\" is the result of a tracked op: register its detach()"));
}

}  // namespace

Tensor Module::register_parameter(std::string name, const Tensor& tensor) {
  check_no_result("register_parameter", name, tensor);
  detail::check_may_require_grad("register_parameter", tensor.dtype());
  state_->add("register_parameter", {State::Kind::parameter, name, tensor, nullptr});
  tensor.set_requires_grad(true);
  tensor.impl()->name = std::make_unique<const std::string>(std::move(name));
  return tensor;
}

Tensor Module::register_buffer(std::string name, const Tensor& tensor) {
  check_no_result("register_buffer", name, tensor);
  state_->add("register_buffer", {State::Kind::buffer, std::move(name), tensor, nullptr});
  tensor.set_requires_grad(false);
  return tensor;
}

void Module::describe(std::string description) { state_->description = std::move(description); }

void Module::add_child(const std::string& name, const Module& module) {
  if (module.state_->holds(*state_)) {
    throw ValueError(
        message("register_module: module \"", name,
                "\" is the one that it is added to, or holds it: it would have no end"));
  }
  if (module.state_->description.empty()) module.state_->description = class_name(module);
  state_->add("register_module", {State::Kind::module, name, Tensor(), module.state_});
  for (const auto& [own, parameter] : module.named_parameters())
    parameter.impl()->name = std::make_unique<const std::string>(message(name, ".", own));
}

NamedTensors Module::named_parameters() const {
  NamedTensors parameters;
  state_->collect(State::Kind::parameter, "", parameters);
  return parameters;
}

NamedTensors Module::named_buffers() const {
  NamedTensors buffers;
  state_->collect(State::Kind::buffer, "", buffers);
  return buffers;
}

StateDict Module::state_views() const {
  StateDict state = named_parameters();
  state_->collect(State::Kind::buffer, "", state);
  return state;
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

const Module& Module::requires_grad_(bool requires_grad) const {
  for (const Tensor& parameter : parameters()) parameter.set_requires_grad(requires_grad);
  return *this;
}

const Module& Module::train(bool training) const {
  state_->train(training);
  return *this;
}
bool Module::is_training() const { return state_->training; }

namespace {

// Takes all memory, which may fail, before the first parameter moves.
void move(const StateDict& tensors, std::optional<Device> to_device,
          std::optional<DType> to_dtype) {
  detail::check_not_capturing("to", "it moves parameters: call it before");
  std::vector<std::pair<detail::Storage*, detail::Intrusive<detail::Storage>>> moves;
  for (const auto& [name, tensor] : tensors) {
    const Device device = to_device.value_or(tensor.device());
    const DType dtype =
        is_floating(tensor.dtype()) ? to_dtype.value_or(tensor.dtype()) : tensor.dtype();
    for (const detail::TensorImpl* impl : {tensor.impl(), tensor.impl()->grad.get()}) {
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
  move(state_views(), device, std::nullopt);
  return *this;
}

const Module& Module::to(DType dtype) const {
  if (!is_floating(dtype)) detail::throw_not_floating("to");
  move(state_views(), std::nullopt, dtype);
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
  std::vector<std::pair<Tensor, Tensor>> copies;  // target, source
  for (const auto& [name, tensor] : state_views())
    copies.emplace_back(tensor, reader.take(name, tensor.shape()).to(tensor.dtype()));
  reader.finish();
  return [copies] {
    const NoGradGuard taking_over;
    for (const auto& [target, source] : copies) target.copy_(source);
  };
}

std::ostream& operator<<(std::ostream& out, const Module& module) {
  module.state_->print(out, class_name(module), "");
  return out << "\n" << std::to_string(module.num_parameters()) << " parameters";
}

}  // namespace kindling::nn
