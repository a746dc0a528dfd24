// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/nn/module.h>

#include <concepts>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace kindling::nn {

/// Modules applied one after the other, taken by value (they are handles). A Linear followed by an
/// activation runs as one fused op. Parameters are named by position: "0.weight".
class KINDLING_API Sequential : public Module {
 public:
  Sequential() = default;
  template <class... Modules>
  requires(sizeof...(Modules) > 0 && (std::derived_from<Modules, Module> && ...) &&
           (!std::same_as<Modules, Sequential> || ... ||
            (sizeof...(Modules) > 1))) explicit Sequential(Modules... modules) {
    (push_back(std::move(modules)), ...);
  }

  template <std::derived_from<Module> M>
  void push_back(M module) {
    append(std::make_shared<M>(std::move(module)));
  }

  std::size_t size() const noexcept { return modules_->size(); }
  /// Module i; ValueError out of range.
  const Module& operator[](std::size_t i) const;
  Tensor forward(const Tensor& x) const override;

 private:
  void append(std::shared_ptr<Module> module);

  // Shared by copies, like the parameters.
  std::shared_ptr<std::vector<std::shared_ptr<Module>>> modules_ =
      std::make_shared<std::vector<std::shared_ptr<Module>>>();
};

}  // namespace kindling::nn
