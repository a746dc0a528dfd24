// SPDX-License-Identifier: MIT
#include <kindling/core/autograd.h>
#include <kindling/core/command.h>
#include <kindling/core/fusion.h>
#include <kindling/core/recorder.h>

#include <algorithm>
#include <cstddef>

namespace kindling::detail {

constinit thread_local Recorder* recorder = nullptr;

void check_not_capturing(const char* op, const char* reason) {
  if (recorder == nullptr) return;
  throw CaptureError(message(op, ": cannot be part of a captured step: ", reason));
}

void check_not_reading_in_capture(const char* op) {
  check_not_capturing(op, "its value would stay as it is now: read it between steps");
}

void* RecordingPool::allocate(Storage& owner) {
  const auto bytes = static_cast<std::size_t>(owner.bytes());
  const auto fits = [&](const Block& block) {
    return block.bytes == bytes && block.device == owner.device;
  };
  // So that nothing can fail once there is a block, and release() never.
  used_.insert(&owner);
  free_.reserve(used_.size() + free_.size());
  const auto found = std::find_if(free_.begin(), free_.end(), fits);
  if (found != free_.end()) {
    void* data = found->data;
    free_.erase(found);
    return data;
  }
  try {
    return backend_of(owner.device).allocate(bytes);
  } catch (...) {
    used_.erase(&owner);
    throw;
  }
}

void RecordingPool::release(Storage& owner) noexcept {
  used_.erase(&owner);
  const auto bytes = static_cast<std::size_t>(owner.bytes());
  if (abandoned_) return backend_of(owner.device).deallocate(owner.data, bytes);
  free_.push_back({owner.device, bytes, owner.data});
}

std::vector<Intrusive<Storage>> RecordingPool::close() {
  std::vector<Intrusive<Storage>> in_use;
  for (Storage* storage : used_) in_use.emplace_back(storage);
  return in_use;
}

void RecordingPool::abandon() noexcept {
  abandoned_ = true;
  for (const Block& block : free_) backend_of(block.device).deallocate(block.data, block.bytes);
  free_.clear();
}

namespace {

constexpr std::size_t kChunk = std::size_t{64} << 10;

static_assert(sizeof(kernels::History) % sizeof(double) == 0);

}  // namespace

Recording::Recording() : pool_(new RecordingPool) {}

Recorder::Recorder() : first_node_(next_node_number()) {
  recording_ = std::make_unique<Recording>();
  recorder = this;
}

Recorder::~Recorder() { recorder = nullptr; }

void* Recorder::place(kernels::Backend& backend, std::size_t bytes) {
  if (backend_ == nullptr) {
    (void)history(backend.device());  // out of memory before the step has changed anything
    backend_ = &backend;
  }
  if (backend_ != &backend) {
    throw CaptureError(message("capture: commands for ", backend_->device(), " and ",
                               backend.device(), ": a captured step stays on one device"));
  }
  Recording& r = *recording_;
  constexpr std::size_t kAlignment = alignof(std::max_align_t);
  const std::size_t rounded = (bytes + kAlignment - 1) / kAlignment * kAlignment;
  if (r.chunk_left_ < rounded) {
    r.chunks_.push_back(std::make_unique<std::byte[]>(kChunk));
    r.chunk_left_ = kChunk;
  }
  std::byte* data = r.chunks_.back().get() + (kChunk - r.chunk_left_);
  r.chunk_left_ -= rounded;
  return data;
}

void Recorder::use(Storage& storage) {
  if (storage.pool.get() == &pool() || !used_.insert(&storage).second) return;
  recording_->externals_.push_back({Intrusive<Storage>(&storage), storage.data, storage.dtype});
}

void Recorder::change(Storage& storage) {
  if (storage.pool.get() == &pool() || !changed_.insert(&storage).second) return;
  recording_->changed_.emplace_back(&storage);
}

Recording::Leaf& Recorder::leaf(TensorImpl& impl) {
  const auto [found, is_new] = leaf_numbers_.emplace(&impl, recording_->leaves_.size());
  if (is_new) recording_->leaves_.push_back({.impl = Intrusive<TensorImpl>(&impl)});
  return recording_->leaves_[found->second];
}

void Recorder::read_gradient_flag(TensorImpl& impl, bool adapts) {
  if (made_.contains(&impl)) return;
  Recording::Leaf& leaf = this->leaf(impl);
  if (leaf.written || leaf.reads) return;
  leaf.reads = true;
  leaf.adapts = adapts;
  leaf.defined_before = impl.grad_defined;
}

void Recorder::write_gradient_flag(TensorImpl& impl) { leaf(impl).written = true; }

// The first command that writes to the gradient of a leaf whose flag was read.
void Recorder::note(const View& output, bool& accumulate) {
  for (Recording::Leaf& leaf : recording_->leaves_) {
    if (!leaf.adapts || leaf.accumulate != nullptr || !leaf.impl->grad) continue;
    if (address_of(*leaf.impl->grad) == output.data) leaf.accumulate = &accumulate;
  }
}

void Recorder::log_update(kernels::Backend& backend, const math::GroupRecord* record) {
  logged_ = record;
  kernels::run(backend, kernels::AppendHistory{history(backend.device()), {}, record, false});
}

kernels::History* Recorder::history(Device device) {
  Intrusive<Storage>& storage = recording_->history_;
  if (!storage) {
    const RecordingPause pause;
    constexpr auto kDoubles = static_cast<std::int64_t>(sizeof(kernels::History) / sizeof(double));
    storage = Storage::allocate(kDoubles, DType::float64, device);
    const auto empty = std::make_unique<kernels::History>();
    backend_of(device).upload(storage->data, empty.get(), sizeof *empty);
  }
  return static_cast<kernels::History*>(storage->data);
}

std::unique_ptr<Recording> Recorder::finish(const Tensor& value) {
  Recording& r = *recording_;
  if (backend_ != nullptr) {
    const bool is_shown =
        value.defined() && value.device() == backend_->device() && is_floating(value.dtype());
    kernels::AppendHistory entry{history(backend_->device()), is_shown ? view(value) : View{}};
    kernels::run(*backend_, entry);  // what log_update() noted stands
    entry.record = logged_;
    append(*backend_, entry);
    r.commands_ = fuse(std::move(r.commands_));
    r.program_ = backend_->compile(r.commands_);
  }
  for (Recording::Leaf& leaf : r.leaves_) {
    leaf.defined_after = leaf.impl->grad_defined;
    leaf.requires_grad = leaf.impl->requires_grad;
  }
  for (Intrusive<Storage>& storage : r.pool_->close()) {
    r.externals_.push_back({storage, storage->data, storage->dtype});
    r.changed_.push_back(std::move(storage));
  }
  r.epoch_ = repointed_storages.load(std::memory_order_relaxed);
  return std::move(recording_);
}

std::vector<kernels::HistoryEntry> Recording::last_steps() const {
  std::vector<kernels::HistoryEntry> entries;
  if (!history_) return entries;
  auto history = std::make_unique<kernels::History>();
  backend_of(history_->device).download(history.get(), history_->data, sizeof *history);
  constexpr std::int64_t kCapacity = kernels::History::kCapacity;
  for (std::int64_t t = std::max<std::int64_t>(0, history->steps - kCapacity); t < history->steps;
       ++t)
    entries.push_back(history->entries[t % kCapacity]);
  return entries;
}

void Recording::check_storages() {
  const std::uint64_t epoch = repointed_storages.load(std::memory_order_relaxed);
  if (epoch == epoch_) [[likely]]
    return;
  for (const External& external : externals_) {
    if (external.storage->data == external.data && external.storage->dtype == external.dtype)
      continue;
    throw CaptureError(
        "CapturedStep: a tensor of the step has moved to other memory since it was captured, "
        "by to() or an optimizer built over it: capture the step again");
  }
  epoch_ = epoch;
}

// Makes the first writes to gradients overwrite or add, as the flags say now; true when they will
// say the same after the step.
bool Recording::adapt_to_gradients() {
  bool changed = false;
  bool settled = true;
  for (const Leaf& leaf : leaves_) {
    if (leaf.impl->requires_grad != leaf.requires_grad) {
      throw CaptureError(message("CapturedStep: requires_grad of a tensor of shape ",
                                 leaf.impl->shape, " has changed: capture the step again"));
    }
    if (!leaf.reads) continue;
    const bool defined = leaf.impl->grad_defined;
    settled &= defined == leaf.defined_after;
    if (defined == leaf.defined_before) continue;
    if (leaf.accumulate == nullptr) {
      throw CaptureError(message("CapturedStep: the step depends on whether a gradient of shape ",
                                 leaf.impl->shape,
                                 " is defined, which has changed: capture it again"));
    }
    changed = true;
  }
  if (!changed) return settled;
  for (Leaf& leaf : leaves_) {
    if (leaf.accumulate != nullptr)
      leaf.defined_before = *leaf.accumulate = leaf.impl->grad_defined;
  }
  if (program_) program_->refresh();
  return settled;
}

std::int64_t Recording::replay(std::int64_t wanted) {
  check_storages();
  std::int64_t steps = wanted;
  for (const auto& participant : participants_) steps = participant->ready(steps);
  if (!adapt_to_gradients()) steps = 1;
  if (program_) program_->run(steps);
  for (const Leaf& leaf : leaves_) leaf.impl->grad_defined = leaf.defined_after;
  for (const Intrusive<Storage>& storage : changed_) ++storage->version;
  for (const auto& participant : participants_) participant->done(steps);
  return steps;
}

}  // namespace kindling::detail
