// SPDX-License-Identifier: MIT
#include <kindling/core/autograd.h>
#include <kindling/core/checks.h>
#include <kindling/core/makers.h>
#include <kindling/core/no_grad.h>

#include <algorithm>
#include <atomic>
#include <thread>
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

}  // namespace

std::uint64_t next_node_number() noexcept { return nodes_made.load(std::memory_order_relaxed); }

bool grad_enabled() noexcept { return tracking; }
void set_grad_enabled(bool enabled) noexcept { tracking = enabled; }

void Saved::throw_changed(const char* op) {
  throw ValueError(message("backward of ", op,
                           ": a tensor it needs was changed in place after the forward pass: "
                           "change it after backward(), or give the op a clone()"));
}

Tensor Saved::tensor(const char* op, const Shape& shape) const {
  (void)view(op);
  return Tensor(TensorImpl::make(storage_, offset_, shape));
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
      has_leaves_ = true;
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

void* Gradients::relu_bits(int input) const {
  const Node* producer = node_.inputs_[static_cast<std::size_t>(input)].node.get();
  if (producer == nullptr || !producer->relu_bits_) return nullptr;
  return memory_of<void>(producer->relu_bits_);
}

/// The walk from a root to its leaves. Nodes that have got a part of their gradient wait in a heap,
/// latest op on top.
///
/// Threads may walk to the same leaves. One at a time has the leaves' gradients to itself, while a
/// node of its walk writes to them. The others do not wait for it: their nodes write to memory of
/// their own, which they add at the end. So a walk that is alone pays an atomic exchange for a
/// node.
class GraphWalk {
 public:
  GraphWalk() noexcept = default;
  GraphWalk(const GraphWalk&) = delete;
  GraphWalk& operator=(const GraphWalk&) = delete;
  // Only a walk that an error ended leaves nodes behind, and leaves to which it wrote, or was about
  // to: the rest of their gradients will never come.
  ~GraphWalk() {
    if (!waiting_.empty() || !written_.empty()) abandon();
  }

  void run(Node& root, const Tensor& root_gradient) {
    check_not_walked(root);
    root.gradient_unmasked_ = true;
    visit(root, root_gradient);
    while (!waiting_.empty()) {
      std::pop_heap(waiting_.begin(), waiting_.end(), earlier);
      const Intrusive<Node> node = std::move(waiting_.back());
      waiting_.pop_back();
      const Tensor gradient = std::move(node->gradient_);
      visit(*node, gradient);
    }
    if (has_parts_) add_parts();
    written_.clear();
  }

  /// The walk of a root that is a leaf itself.
  void run(TensorImpl& leaf, const Tensor& gradient) {
    const LeafTurn turn;
    write(Intrusive<TensorImpl>(&leaf), view(gradient));
    written_.clear();
  }

  static void push(const Intrusive<Node>& node) {
    check_not_walked(*node);
    if (node->queued_) return;
    waiting_.push_back(node);
    node->queued_ = true;
    std::push_heap(waiting_.begin(), waiting_.end(), earlier);
  }

  /// The gradient of a leaf, or a part of it to be added later. The handle moves to those that this
  /// walk wrote to.
  GradientTarget target(Intrusive<TensorImpl>&& leaf, const char* op, DType dtype, Device device) {
    const Storage& storage = *leaf->storage;
    if (storage.dtype != dtype || storage.device != device) {
      throw ValueError(message("backward of ", op, ": ",
                               leaf->name ? "\"" + *leaf->name + "\"" : "a leaf", " is now ",
                               storage.dtype, " on ", storage.device, " but was ", dtype, " on ",
                               device, " in the forward pass: run the forward pass again"));
    }
    return has_leaves_ ? gradient_of(std::move(leaf)) : part_of(std::move(leaf));
  }

 private:
  struct Written {
    Intrusive<TensorImpl> leaf;
    Intrusive<TensorImpl> part;  // not added yet, if any
  };

  /// Waits until it has the gradients of all leaves to itself.
  class LeafTurn {
   public:
    LeafTurn() noexcept {
      while (leaves_taken_.exchange(true, std::memory_order_acquire)) std::this_thread::yield();
    }
    ~LeafTurn() { leaves_taken_.store(false, std::memory_order_release); }
    LeafTurn(const LeafTurn&) = delete;
    LeafTurn& operator=(const LeafTurn&) = delete;
  };

  static void check_not_walked(const Node& node) {
    if (recorder != nullptr && !recorder->made(node.sequence_)) {
      throw CaptureError(message("backward: cannot be part of a captured step: the graph of ",
                                 node.op_, " was made before: run its forward pass in the step"));
    }
    if (!node.walked_) return;
    throw ValueError(message("backward: the graph of ", node.op_,
                             " was already walked and freed: run the forward pass again"));
  }

  static bool earlier(const Intrusive<Node>& a, const Intrusive<Node>& b) noexcept {
    return a->sequence_ < b->sequence_;
  }

  // True when this walk has the gradients of all leaves to itself now. A captured step waits for
  // that: it must not depend on what other threads are at.
  static bool take_leaves() noexcept {
    while (leaves_taken_.exchange(true, std::memory_order_acquire)) {
      if (recorder == nullptr) return false;
      std::this_thread::yield();
    }
    return true;
  }

  void visit(Node& node, const Tensor& gradient) {
    struct Visit {
      GraphWalk& walk;
      Node& node;
      ~Visit() {
        if (walk.has_leaves_) leaves_taken_.store(false, std::memory_order_release);
        forget(node);
      }
    } const visit{*this, node};
    has_leaves_ = node.has_leaves_ && take_leaves();
    node.walked_ = true;
    const bool masked = !node.relu_output_.empty() && !node.gradient_unmasked_;
    node.run(Gradients(*this, node, gradient, masked));
  }

  // Made at its first use, and kept in place by an optimizer's arena from then on.
  static GradientTarget gradient_of(Intrusive<TensorImpl>&& handle) {
    TensorImpl& leaf = *handle;
    if (!leaf.grad) {
      const RecordingPause stays;
      leaf.grad = new_gradient(leaf);
    }
    written_.push_back({std::move(handle), {}});
    const bool accumulate = gradient_defined(leaf, /*adapts=*/true);
    set_gradient_defined(leaf, true);
    note_change(*leaf.grad->storage);
    return {view(*leaf.grad), accumulate};
  }

  GradientTarget part_of(Intrusive<TensorImpl>&& leaf) {
    for (const Written& written : written_) {
      if (written.part && written.leaf == leaf) return {view(*written.part), true};
    }
    const Intrusive<TensorImpl> part = new_gradient(*leaf);
    written_.push_back({std::move(leaf), part});
    has_parts_ = true;
    return {view(*part), false};
  }

  static Intrusive<TensorImpl> new_gradient(const TensorImpl& leaf) {
    const Storage& storage = *leaf.storage;
    return TensorImpl::make(Storage::allocate(leaf.numel, storage.dtype, storage.device), 0,
                            leaf.shape, leaf.numel);
  }

  static void write(Intrusive<TensorImpl>&& leaf, View gradient) {
    const Device device = leaf->storage->device;
    const GradientTarget place = gradient_of(std::move(leaf));
    issue_copy(device, gradient, place.view, place.accumulate);
  }

  static void add_parts() {
    const LeafTurn turn;
    for (std::size_t i = 0, count = written_.size(); i < count; ++i) {
      if (const Intrusive<TensorImpl> part = std::move(written_[i].part)) {
        write(Intrusive<TensorImpl>(written_[i].leaf), view(*part));
      }
    }
  }

  static void abandon() noexcept {
    for (Intrusive<Node>& node : waiting_) forget(*node);
    waiting_.clear();
    {
      const LeafTurn turn;
      for (const Written& written : written_) {
        if (!written.part) written.leaf->grad_defined = false;
      }
    }
    written_.clear();
  }

  // A walked node keeps nothing alive, however long its output lives.
  static void forget(Node& node) noexcept {
    node.walked_ = true;
    node.queued_ = false;
    node.gradient_ = Tensor();
    node.relu_output_ = Saved();
    node.relu_bits_.reset();
    node.release_saved();
    for (Edge& edge : node.inputs_) edge = Edge();
  }

  bool has_leaves_ = false;  // the node that is visited may write to the gradients of its leaves
  bool has_parts_ = false;   // written_ holds some

  static constinit std::atomic<bool> leaves_taken_;
  static thread_local std::vector<Intrusive<Node>> waiting_;
  static thread_local std::vector<Written> written_;
};

constinit std::atomic<bool> GraphWalk::leaves_taken_{false};
thread_local std::vector<Intrusive<Node>> GraphWalk::waiting_;
thread_local std::vector<GraphWalk::Written> GraphWalk::written_;

namespace {

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
  if (edge.leaf) {
    return walk_.target(std::move(edge.leaf), node_.op_, node_.leaf_dtype_, node_.leaf_device_);
  }
  Node& producer = *edge.node;
  GraphWalk::push(edge.node);
  producer.gradient_unmasked_ |= !masked;
  const bool accumulate = producer.gradient_.defined();
  if (!accumulate || producer.gradient_shared_) {
    const Tensor first_part = std::move(producer.gradient_);
    const std::int64_t numel = producer.shape_.numel();
    producer.gradient_ = Tensor(TensorImpl::make(
        Storage::allocate(numel, producer.dtype_, producer.device_), 0, producer.shape_, numel));
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
  GraphWalk walk;
  return impl.producer ? walk.run(*impl.producer, start) : walk.run(impl, start);
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
