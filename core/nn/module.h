// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/api.h>
#include <kindling/core/state_dict.h>
#include <kindling/core/tensor.h>

#include <cstdint>
#include <iosfwd>
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
///
/// A module whose result takes more than one tensor has a forward() of its own, with any
/// parameters, instead of that one, and is called by it.
class KINDLING_API Module {
 public:
  Module();
  // No move, in derived classes neither: it would leave a module behind that is none.
  Module(const Module&) = default;
  Module(Module&&) = delete;
  Module& operator=(const Module&) = delete;
  virtual ~Module();

  /// The module's result for input x; called through operator(). ValueError where a class has none.
  virtual Tensor forward(const Tensor& x) const;
  Tensor operator()(const Tensor& x) const { return forward(x); }

  /// Its own parameters and those of its registered modules, in the order of registration; each
  /// once.
  std::vector<Tensor> parameters() const;
  /// The same, under dotted names such as "fc1.weight".
  std::vector<std::pair<std::string, Tensor>> named_parameters() const;

  /// Tensors that are part of the module's state and not trained, such as running averages: named
  /// as the parameters are, and in state_dict() after those.
  std::vector<std::pair<std::string, Tensor>> named_buffers() const;

  /// The elements of all parameters.
  std::int64_t num_parameters() const;
  /// Asks for gradients of all parameters, or for none: what is frozen is not trained by an
  /// optimizer that is built afterwards from the others, and no gradient of it is computed.
  const Module& requires_grad_(bool requires_grad = true) const;

  /// Whether this module and those registered in it compute as in training, which they do from the
  /// start: it matters to Dropout and BatchNorm1d. A captured step keeps to what was when it was
  /// recorded.
  const Module& train(bool training = true) const;
  const Module& eval() const { return train(false); }
  bool is_training() const;

  /// Moves or converts parameters and buffers (but those of int64) in place: every handle follows.
  /// To be done before an optimizer is built. Waits when it leaves a GPU.
  const Module& to(Device device) const;
  const Module& to(DType dtype) const;
  /// Makes every grad() undefined.
  void zero_grad() const;

  /// Copies of the named parameters and buffers.
  StateDict state_dict() const;
  /// Copies the values in, whatever their device and dtype. ValueError for a missing or unknown
  /// name, ShapeError for a shape that differs; then nothing is changed.
  void load_state_dict(const StateDict& state) const { prepare_load(state)(); }

  /// What save() writes, and how load() begins; see core/save.h.
  StateDict state_views() const;
  detail::TakeOver prepare_load(const StateDict& state) const;

 protected:
  /// Makes `tensor` a parameter of this module, with requires_grad, and returns it. ValueError for
  /// an empty name, one with a dot, or one that is taken.
  Tensor register_parameter(std::string name, const Tensor& tensor);
  /// The same for a buffer, which gets no gradient.
  Tensor register_buffer(std::string name, const Tensor& tensor);
  /// Makes the parameters of `module` part of this one's, under name + ".", and returns it.
  /// ValueError for such names, and for a module that is this one or holds it.
  template <class M>
  M register_module(const std::string& name, M module) {
    add_child(name, module);
    return module;
  }
  /// The same for a module that is kept elsewhere.
  void add_child(const std::string& name, const Module& module);
  /// What printing shows of this module: "Linear(10, 7)". Without it the name of its class.
  void describe(std::string description);

 private:
  friend KINDLING_API std::ostream& operator<<(std::ostream& out, const Module& module);
  struct State;

  std::shared_ptr<State> state_;
};

/// Prints the tree of modules, each under its name, and the number of parameters.
KINDLING_API std::ostream& operator<<(std::ostream& out, const Module& module);

}  // namespace kindling::nn
