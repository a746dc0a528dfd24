// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/api.h>
#include <kindling/core/state_dict.h>
#include <kindling/core/tensor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace kindling::nn {

/// Base of everything that computes with parameters. A Module is a handle: a copy shares the
/// parameters. It is not assigned to, as the module that holds it and the optimizer would go on
/// with what it was: load_state_dict() gives it other values. One's own, whose parameters are
/// constant handles for the same reason (`net.scale.copy_(x)` changes the values, `net.scale = x`
/// does not compile):
///
///     struct Net : nn::Module {
///       nn::Linear fc1 = register_module("fc1", nn::Linear(10, 7));
///       nn::Linear fc2 = register_module("fc2", nn::Linear(7, 1));
///       const Tensor scale = register_parameter("scale", ones({1}));
///       Tensor forward(const Tensor& x) const override { return fc2(relu(fc1(x))) * scale; }
///     };
class KINDLING_API Module {
 public:
  Module();
  // No move, in derived classes neither: it would leave a module behind that is none.
  Module(const Module&) = default;
  Module(Module&&) = delete;
  Module& operator=(const Module&) = delete;
  virtual ~Module();

  /// The module's result for input x; called through operator().
  virtual Tensor forward(const Tensor& x) const = 0;
  Tensor operator()(const Tensor& x) const { return forward(x); }

  /// Its own parameters and those of its registered modules, in the order of registration; each
  /// once.
  std::vector<Tensor> parameters() const;
  /// The same, under dotted names such as "fc1.weight".
  std::vector<std::pair<std::string, Tensor>> named_parameters() const;

  /// The elements of all parameters.
  std::int64_t num_parameters() const;

  /// Whether this module and those registered in it compute as in training, which they do from the
  /// start: it matters to Dropout. A captured step keeps to what was when it was recorded.
  const Module& train(bool training = true) const;
  const Module& eval() const { return train(false); }
  bool is_training() const;

  /// Moves or converts the parameters in place: every handle follows. To be done before an
  /// optimizer is built. Waits when it leaves a GPU.
  const Module& to(Device device) const;
  const Module& to(DType dtype) const;
  /// Makes every grad() undefined.
  void zero_grad() const;

  /// Copies of the named parameters.
  StateDict state_dict() const;
  /// Copies the values in, whatever their device and dtype. ValueError for a missing or unknown
  /// name, ShapeError for a shape that differs; then nothing is changed.
  void load_state_dict(const StateDict& state) const { prepare_load(state)(); }

  /// What save() writes, and how load() begins; see core/save.h.
  StateDict state_views() const { return named_parameters(); }
  detail::TakeOver prepare_load(const StateDict& state) const;

 protected:
  /// Makes `tensor` a parameter of this module, with requires_grad, and returns it. ValueError for
  /// an empty name, one with a dot, or one that is taken.
  Tensor register_parameter(std::string name, const Tensor& tensor);
  /// Makes the parameters of `module` part of this one's, under name + ".", and returns it.
  /// ValueError for such names, and for a module that is this one or holds it.
  template <class M>
  M register_module(const std::string& name, M module) {
    add_child(name, module);
    return module;
  }
  /// The same for a module that is kept elsewhere.
  void add_child(std::string name, const Module& module);

 private:
  struct State;

  std::shared_ptr<State> state_;
};

}  // namespace kindling::nn
