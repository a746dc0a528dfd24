// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/command.h>
#include <kindling/core/pool.h>
#include <kindling/core/tensor.h>

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

/// Define by run: each tracked op leaves a Node that turns the gradient of its output into those of
/// its inputs. Nodes are walked in descending order of their sequence numbers, so every consumer
/// comes before its producer; nothing recurses, and nothing comes from the heap once the pools are
/// warm. Gradients are first-order.
namespace kindling::detail {

/// The memory of a tensor that a backward needs, with the version it had: it keeps no graph alive
/// (so a node may save its own output), and an in-place change since then is found out when it is
/// used.
class Saved {
 public:
  Saved() = default;
  explicit Saved(const Tensor& tensor)
      : storage_(tensor.impl()->storage),
        offset_(tensor.impl()->offset),
        numel_(tensor.impl()->numel),
        version_(storage_->version) {}

  bool empty() const noexcept { return !storage_; }
  /// ValueError, naming `op`, when the tensor was changed since.
  View view(const char* op) const {
    if (empty()) return {};
    if (storage_->version != version_) throw_changed(op);
    if (recorder != nullptr) [[unlikely]]
      recorder->use(*storage_);
    return {static_cast<char*>(storage_->data) + offset_ * size_of(storage_->dtype), numel_,
            storage_->dtype};
  }
  /// The same memory as a tensor of `shape`.
  Tensor tensor(const char* op, const Shape& shape) const;

 private:
  [[noreturn]] static void throw_changed(const char* op);

  Intrusive<Storage> storage_;
  std::int64_t offset_ = 0;
  std::int64_t numel_ = 0;
  std::uint32_t version_ = 0;
};

/// Where a backward writes its part of an input's gradient: over what is there when it is the first
/// part, else added.
struct GradientTarget {
  View view;
  bool accumulate = false;
};

class GraphWalk;

/// What a backward function works with: the gradient of the op's output, and the places of its
/// inputs' gradients.
class Gradients {
 public:
  Gradients(GraphWalk& walk, Node& node, const Tensor& output, bool output_masked) noexcept
      : walk_(walk), node_(node), output_(output), output_masked_(output_masked) {}

  const Tensor& output() const noexcept { return output_; }
  View output_view() const noexcept { return detail::view(output_); }
  /// True when output() is the constant 1 that the backward of a scalar starts from.
  bool output_is_one() const noexcept;
  /// True when every consumer has already set the gradient to 0 where this op's ReLU output is 0.
  bool output_masked() const noexcept { return output_masked_; }
  View view(const Saved& saved) const;
  Tensor tensor(const Saved& saved, const Shape& shape) const;

  bool needs(int input) const noexcept;
  /// The place of this input's gradient, which the caller fills; to be asked for once. `masked`
  /// promises that mask(input) is applied to it.
  GradientTarget target(int input, bool masked = false) const;
  /// The output of the ReLU that made this input, or an empty View. A kernel that writes 0 where it
  /// is not positive saves the ReLU its own backward pass: the mask of a sum is the sum of the
  /// masks.
  View mask(int input) const;
  /// What the product that made this ReLU left for its backward, or nullptr.
  void* relu_bits(int input) const;
  /// Gives `gradient` itself to the input, without a copy where it is the first part.
  void pass(int input, const Tensor& gradient) const;

 private:
  GraphWalk& walk_;
  Node& node_;
  const Tensor& output_;
  bool output_masked_;
};

/// One input of a node: the node that made it, or the leaf it is; neither when no gradient flows
/// there.
struct Edge {
  Intrusive<Node> node;
  Intrusive<TensorImpl> leaf;
};

/// One tracked op.
class Node : public RefCounted {
 public:
  static constexpr std::size_t kMaxInputs = 3;
  using Inputs = std::span<const Tensor* const>;

  static void destroy(Node* node) noexcept;
  const char* op() const noexcept { return op_; }
  /// Says that the op's output is that of a ReLU, so that consumers may mask its gradient.
  void mark_relu(const Tensor& output, Intrusive<Storage> bits = {}) {
    relu_output_ = Saved(output);
    relu_bits_ = std::move(bits);
  }

 protected:
  Node(const char* op, const Tensor& output, Inputs inputs) noexcept;
  virtual ~Node();

 private:
  friend class Gradients;
  friend class GraphWalk;

  virtual void run(const Gradients& gradients) = 0;
  virtual void release_saved() noexcept = 0;

  const char* op_;
  std::uint64_t sequence_;
  std::array<Edge, kMaxInputs> inputs_;
  Shape shape_;  // of the output
  DType dtype_;
  Device device_;
  // Of the leaves among the inputs: another than the output's where the op converts.
  DType leaf_dtype_;
  Device leaf_device_;

  Tensor gradient_;                 // of the output, while a walk is under way
  Saved relu_output_;               // empty unless the output is a ReLU's
  Intrusive<Storage> relu_bits_;    // Product::relu_bits, if any
  bool gradient_shared_ = false;    // gradient_ is someone else's too: not to be written
  bool gradient_unmasked_ = false;  // some part of it was not masked by relu_output_
  bool queued_ = false;
  bool walked_ = false;
  bool has_leaves_ = false;  // among the inputs
  Node* next_doomed_ = nullptr;
};

template <class Backward>
class NodeOf final : public Node {
 public:
  NodeOf(const char* op, const Tensor& output, Inputs inputs, Backward backward) noexcept
      : Node(op, output, inputs), backward_(std::move(backward)) {}

  static void* operator new(std::size_t bytes) {
    static_assert(sizeof(NodeOf) <= kMaxPooledBytes,
                  "a step that is warm takes nothing from the heap");
    return pool_allocate(bytes);
  }
  static void operator delete(void* data, std::size_t bytes) noexcept {
    pool_deallocate(data, bytes);
  }

 private:
  void run(const Gradients& gradients) override { (*backward_)(gradients); }
  void release_saved() noexcept override { backward_.reset(); }

  std::optional<Backward> backward_;
};

/// The number that the next node will have.
std::uint64_t next_node_number() noexcept;

/// True while this thread tracks ops; see NoGradGuard.
bool grad_enabled() noexcept;
void set_grad_enabled(bool enabled) noexcept;

/// True when an op on these inputs is to be tracked. Undefined inputs need no gradient.
template <class... Tensors>
bool is_tracked(const Tensors&... inputs) noexcept {
  return grad_enabled() && ((inputs.defined() && inputs.impl()->requires_grad) || ...);
}

/// Makes `output` the result of a node with this backward function: `void(const Gradients&)`.
template <class Backward, std::size_t count>
Node& track(const char* op, const Tensor& output, const Tensor* const (&inputs)[count],
            Backward backward) {
  static_assert(count <= Node::kMaxInputs);
  auto* node = new NodeOf<Backward>(op, output, inputs, std::move(backward));
  output.impl()->producer = Intrusive<Node>(node);
  output.impl()->requires_grad = true;
  return *node;
}

/// Tensor::backward.
void backward(const Tensor& root, const Tensor& gradient);

}  // namespace kindling::detail

namespace kindling {

/// Nodes of graphs that exist now, in all threads: 0 when nothing holds on to a tracked result.
KINDLING_API std::int64_t live_graph_nodes() noexcept;

}  // namespace kindling
