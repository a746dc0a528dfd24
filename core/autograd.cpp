// SPDX-License-Identifier: MIT
#include <kindling/core/autograd.h>
#include <kindling/core/checks.h>
#include <kindling/core/makers.h>
#include <kindling/core/no_grad.h>

#include <algorithm>
#include <atomic>
#include <vector>

namespace kindling {

namespace detail {

namespace {

// Both only rise, so that one relaxed addition counts a node and numbers it.
std::atomic<std::uint64_t> nodes_made{0};
std::atomic<std::uint64_t> nodes_freed{0};

thread_local bool tracking = true;

// Nodes whose last reference is gone wait here while one is being freed: freeing a deep graph must
// not recurse.
thread_local Node* first_doomed = nullptr;
thread_local bool freeing = false;

Tensor tensor_on(const Intrusive<Storage>& storage, std::int64_t offset, const Shape& shape) {
  return Tensor(TensorImpl::make(storage, offset, shape));
}

}  // namespace

bool grad_enabled() noexcept { return tracking; }
void set_grad_enabled(bool enabled) noexcept { tracking = enabled; }

void Saved::throw_changed(const char* op) {
  throw ValueError(message("backward of ", op,
                           ": a tensor it needs was changed in place after the forward pass: "
                           "change it after backward(), or give the op a clone()"));
}

Tensor Saved::tensor(const char* op, const Shape& shape) const {
  (void)view(op);
  return tensor_on(storage_, offset_, shape);
}

Node::Node(const char* op, const Tensor& output, Inputs inputs) noexcept
    : op_(op),
      sequence_(nodes_made.fetch_add(1, std::memory_order_relaxed)),
      shape_(output.impl()->shape),
      dtype_(output.impl()->storage->dtype),
      device_(output.impl()->storage->device),
      leaf_dtype_(dtype_),
      leaf_device_(device_) {
  std::size_t i = 0;
  for (const Tensor* input : inputs) {
    Edge& edge = inputs_[i++];
    TensorImpl* impl = input->impl();
    if (impl == nullptr || !impl->requires_grad) continue;
    if (impl->producer) {
      edge.node = impl->producer;
    } else {
      edge.leaf = Intrusive<TensorImpl>(impl);
      leaf_dtype_ = impl->storage->dtype;
      leaf_device_ = impl->storage->device;
    }
  }
}

Node::~Node() { nodes_freed.fetch_add(1, std::memory_order_relaxed); }

void Node::destroy(Node* node) noexcept {
  node->next_doomed_ = std::exchange(first_doomed, node);
  if (freeing) return;
  freeing = true;
  while (first_doomed != nullptr) {
    Node* doomed = std::exchange(first_doomed, first_doomed->next_doomed_);
    delete doomed;
  }
  freeing = false;
}

View Gradients::view(const Saved& saved) const { return saved.view(node_.op_); }

Tensor Gradients::tensor(const Saved& saved, const Shape& shape) const {
  return saved.tensor(node_.op_, shape);
}

bool Gradients::needs(int input) const noexcept {
  const Edge& edge = node_.inputs_[static_cast<std::size_t>(input)];
  return edge.node || edge.leaf;
}

View Gradients::mask(int input) const {
  const Node* producer = node_.inputs_[static_cast<std::size_t>(input)].node.get();
  return producer == nullptr ? View{} : producer->relu_output_.view(producer->op_);
}

/// The walk from a root to its leaves. Nodes that have got a part of their gradient wait in a heap,
/// latest op on top.
class GraphWalk {
 public:
  GraphWalk(const Intrusive<Node>& root, const Tensor& gradient) {
    push(root);
    root->gradient_ = gradient;
    root->gradient_shared_ = true;
    root->gradient_unmasked_ = true;
  }
  // Only a walk that an error ended leaves nodes behind.
  ~GraphWalk() {
    for (Intrusive<Node>& node : waiting_) forget(*node);
    waiting_.clear();
  }

  static void push(const Intrusive<Node>& node) {
    if (node->walked_) {
      throw ValueError(message("backward: the graph of ", node->op_,
                               " was already walked and freed: run the forward pass again"));
    }
    if (std::exchange(node->queued_, true)) return;
    waiting_.push_back(node);
    std::push_heap(waiting_.begin(), waiting_.end(), earlier);
  }

  void run() {
    while (!waiting_.empty()) {
      std::pop_heap(waiting_.begin(), waiting_.end(), earlier);
      const Intrusive<Node> node = std::move(waiting_.back());
      waiting_.pop_back();
      node->walked_ = true;
      const Tensor gradient = std::move(node->gradient_);
      node->run(
          Gradients(*node, gradient, !node->relu_output_.empty() && !node->gradient_unmasked_));
      forget(*node);
    }
  }

 private:
  static bool earlier(const Intrusive<Node>& a, const Intrusive<Node>& b) noexcept {
    return a->sequence_ < b->sequence_;
  }

  // A walked node keeps nothing alive, however long its output lives.
  static void forget(Node& node) noexcept {
    node.walked_ = true;
    node.queued_ = false;
    node.gradient_ = Tensor();
    node.relu_output_ = Saved();
    node.release_saved();
    for (Edge& edge : node.inputs_) edge = Edge();
  }

  static thread_local std::vector<Intrusive<Node>> waiting_;
};

thread_local std::vector<Intrusive<Node>> GraphWalk::waiting_;

namespace {

// The gradient of a leaf: made at its first use, and kept in place by an optimizer's arena from
// then on.
GradientTarget leaf_target(TensorImpl& leaf, const char* op, DType dtype, Device device) {
  if (leaf.storage->dtype != dtype || leaf.storage->device != device) {
    throw ValueError(message("backward of ", op, ": a leaf is now ", leaf.storage->dtype, " on ",
                             leaf.storage->device, " but was ", dtype, " on ", device,
                             " in the forward pass: run the forward pass again"));
  }
  if (!leaf.grad) {
    const RecordingPause pause;  // it stays
    leaf.grad = TensorImpl::make(Storage::allocate(leaf.numel, dtype, device), 0, leaf.shape);
  }
  const bool accumulate = gradient_defined(leaf);
  set_gradient_defined(leaf, true);
  return {changed_view(Tensor(leaf.grad)), accumulate};
}

const Tensor& one(DType dtype, Device device) {
  thread_local std::vector<Tensor> ones;
  for (const Tensor& candidate : ones) {
    if (candidate.dtype() == dtype && candidate.device() == device) return candidate;
  }
  const RecordingPause pause;  // it stays
  return ones.emplace_back(full({}, 1.0, {.dtype = dtype, .device = device}));
}

}  // namespace

bool Gradients::output_is_one() const noexcept {
  return output_.impl()->storage == one(node_.dtype_, node_.device_).impl()->storage;
}

GradientTarget Gradients::target(int input, bool masked) const {
  Edge& edge = node_.inputs_[static_cast<std::size_t>(input)];
  if (edge.leaf) return leaf_target(*edge.leaf, node_.op_, node_.leaf_dtype_, node_.leaf_device_);
  Node& producer = *edge.node;
  GraphWalk::push(edge.node);
  producer.gradient_unmasked_ |= !masked;
  const bool accumulate = producer.gradient_.defined();
  if (!accumulate || producer.gradient_shared_) {
    const Tensor first_part = std::move(producer.gradient_);
    producer.gradient_ =
        tensor_on(Storage::allocate(producer.shape_.numel(), producer.dtype_, producer.device_), 0,
                  producer.shape_);
    if (accumulate) {
      issue_copy(node_.device_, detail::view(first_part), detail::view(producer.gradient_));
    }
    producer.gradient_shared_ = false;
  }
  return {detail::view(producer.gradient_), accumulate};
}

void Gradients::pass(int input, const Tensor& gradient) const {
  Edge& edge = node_.inputs_[static_cast<std::size_t>(input)];
  if (edge.node && !edge.node->gradient_.defined()) {
    Node& producer = *edge.node;
    GraphWalk::push(edge.node);
    producer.gradient_ = gradient;
    producer.gradient_shared_ = true;
    producer.gradient_unmasked_ = true;
    return;
  }
  const GradientTarget place = target(input);
  issue_copy(node_.device_, detail::view(gradient), place.view, place.accumulate);
}

void backward(const Tensor& root, const Tensor& gradient) {
  TensorImpl& impl = check_defined("backward", root);
  if (!impl.requires_grad) {
    throw ValueError(
        "backward: the tensor does not depend on anything that requires a gradient: "
        "call set_requires_grad() on a leaf, and stay outside of NoGradGuard");
  }
  if (!gradient.defined() && impl.numel != 1) {
    throw ShapeError(message("backward: a tensor of shape ", impl.shape,
                             " needs a gradient of that shape as argument"));
  }
  if (gradient.defined()) {
    check_same("backward", root, gradient);
    if (gradient.shape() != impl.shape) {
      throw ShapeError(
          message("backward: gradient ", gradient.shape(), " does not fit tensor ", impl.shape));
    }
  }
  const Tensor& start = gradient.defined() ? gradient : one(root.dtype(), root.device());
  if (!impl.producer) {
    const GradientTarget place = leaf_target(impl, "backward", root.dtype(), root.device());
    issue_copy(root.device(), view(start), place.view, place.accumulate);
    return;
  }
  GraphWalk(impl.producer, start).run();
}

}  // namespace detail

NoGradGuard::NoGradGuard() noexcept : previous_(detail::grad_enabled()) {
  detail::set_grad_enabled(false);
}
NoGradGuard::~NoGradGuard() { detail::set_grad_enabled(previous_); }

std::int64_t live_graph_nodes() noexcept {
  return static_cast<std::int64_t>(detail::nodes_made.load() - detail::nodes_freed.load());
}

}  // namespace kindling
