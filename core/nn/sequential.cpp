// SPDX-License-Identifier: MIT
#include <kindling/core/error.h>
#include <kindling/core/nn/activations.h>
#include <kindling/core/nn/linear.h>
#include <kindling/core/nn/sequential.h>

#include <typeinfo>

namespace kindling::nn {

void Sequential::append(std::shared_ptr<Module> module) {
  modules_->push_back(std::move(module));
  try {
    add_child(std::to_string(modules_->size() - 1), *modules_->back());
  } catch (...) {
    modules_->pop_back();
    throw;
  }
}

const Module& Sequential::operator[](std::size_t i) const {
  if (i >= modules_->size()) {
    throw ValueError(
        message("Sequential: module ", i, " does not exist: it has ", modules_->size()));
  }
  return *(*modules_)[i];
}

Tensor Sequential::forward(const Tensor& x) const {
  Tensor y = x;
  for (std::size_t i = 0; i < modules_->size(); ++i) {
    const Module& module = *(*modules_)[i];
    const Module* next = i + 1 < modules_->size() ? (*modules_)[i + 1].get() : nullptr;
    // A class derived from Linear may have a forward of its own.
    const auto* layer =
        typeid(module) == typeid(Linear) ? static_cast<const Linear*>(&module) : nullptr;
    const auto* activation = dynamic_cast<const ActivationModule*>(next);
    if (layer != nullptr && activation != nullptr) {
      y = linear(y, layer->weight, layer->bias, activation->activation());
      ++i;
    } else {
      y = module(y);
    }
  }
  return y;
}

}  // namespace kindling::nn
