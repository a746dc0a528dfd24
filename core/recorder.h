// SPDX-License-Identifier: MIT
#pragma once

// What a step leaves behind while it is captured; not part of the interface. See core/capture.h.

#include <kindling/core/storage.h>
#include <kindling/core/tensor.h>
#include <kindling/core/tensor_impl.h>
#include <kindling/kernels/backend.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace kindling::detail {

/// Host state that takes part in a captured step: what an eager step would change on the host, in
/// one piece for many replays.
class Participant {
 public:
  virtual ~Participant() = default;
  /// Prepares up to `wanted` replays, and says how many of them may run before it is asked again:
  /// at least one. Throws, with nothing changed, what the next step would throw.
  virtual std::int64_t ready(std::int64_t wanted) = 0;
  /// That many replays were issued.
  virtual void done(std::int64_t steps) = 0;
};

/// The memory that was allocated during a recording: reused only by later commands of the same
/// recording, and never lent to anything else while the captured step may be replayed.
class RecordingPool final : public RefCounted {
 public:
  static void destroy(RecordingPool* pool) noexcept { delete pool; }

  /// The memory of `owner`, whose size and device are set.
  void* allocate(Storage& owner);
  void release(Storage& owner) noexcept;
  /// The recording is over. Returns what is still in use and so seen from outside.
  std::vector<Intrusive<Storage>> close();
  /// The step will not be replayed: memory goes back as soon as it is free.
  void abandon() noexcept;

 private:
  struct Block {
    Device device;
    std::size_t bytes;
    void* data;
  };

  bool abandoned_ = false;
  std::unordered_set<Storage*> used_;
  std::vector<Block> free_;
};

/// Everything a captured step is made of.
class Recording {
 public:
  Recording();
  ~Recording() {
    program_.reset();  // before the memory it works on
    pool_->abandon();
  }
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;

  /// Replays the step as often as the host's state allows without being looked at again, at most
  /// `wanted` times and at least once. Returns how often. Throws, with nothing changed, what the
  /// next step would throw.
  std::int64_t replay(std::int64_t wanted);
  /// The last steps, the latest last. Waits.
  std::vector<kernels::HistoryEntry> last_steps() const;
  /// What a replay runs.
  const std::vector<kernels::RecordedCommand>& commands() const noexcept { return commands_; }

 private:
  friend class Recorder;

  /// A storage that existed before, and where it was.
  struct External {
    Intrusive<Storage> storage;
    void* data;
    DType dtype;
  };

  /// A leaf whose gradient the step touches. Where it reads whether that is defined before it
  /// decides it itself, its first write has to overwrite or to add, as an eager step would.
  struct Leaf {
    Intrusive<TensorImpl> impl;
    bool reads = false;           // before it writes
    bool adapts = false;          // only a backward reads it, which can do either
    bool defined_before = false;  // what the commands are made for
    bool defined_after = false;
    bool requires_grad = false;
    bool* accumulate = nullptr;  // in the command of its first write
    bool written = false;
  };

  void check_storages();
  bool adapt_to_gradients();

  std::vector<std::unique_ptr<std::byte[]>> chunks_;
  std::size_t chunk_left_ = 0;  // bytes of the last chunk
  std::vector<kernels::RecordedCommand> commands_;
  std::unique_ptr<kernels::Program> program_;
  Intrusive<RecordingPool> pool_;
  std::vector<External> externals_;
  std::uint64_t epoch_ = 0;  // of re-pointed storages, when externals_ were last compared
  std::vector<Intrusive<Storage>> changed_;
  std::vector<Leaf> leaves_;
  std::vector<std::unique_ptr<Participant>> participants_;
  Intrusive<Storage> history_;  // one kernels::History
};

/// Takes down the commands that this thread issues, and all that they depend on, while it lives.
class Recorder {
 public:
  Recorder();
  ~Recorder();
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  /// The step is complete; `value` [1], if defined, goes into its history.
  std::unique_ptr<Recording> finish(const Tensor& value);

  template <class Command>
  void append(kernels::Backend& backend, const Command& command) {
    auto* copy = new (place(backend, sizeof command)) Command(command);
    recording_->commands_.push_back({kernels::kKind<Command>, copy});
    kernels::visit_accumulated(
        *copy, [this](const View& output, bool& accumulate) { note(output, accumulate); });
  }

  RecordingPool& pool() noexcept { return *recording_->pool_; }
  /// Whether a node of this number was made in the step.
  bool made(std::uint64_t node) const noexcept { return node >= first_node_; }
  void use(Storage& storage);
  void change(Storage& storage);
  /// An optimizer made its update: notes the learning rate in the history.
  void log_update(kernels::Backend& backend, const math::GroupRecord* record);
  /// `adapts`: by a backward, which then overwrites or adds.
  void read_gradient_flag(TensorImpl& leaf, bool adapts);
  /// A tensor was made in the step: what it is before the step does not matter.
  void made(const TensorImpl& tensor) { made_.insert(&tensor); }
  void write_gradient_flag(TensorImpl& leaf);

  /// The participant of `owner` in this step, made by make() when it joins.
  template <class P, class Make>
  P& join(const void* owner, Make make) {
    auto& place = joined_[owner];
    if (place == nullptr) {
      recording_->participants_.push_back(make());
      place = recording_->participants_.back().get();
    }
    return static_cast<P&>(*place);
  }

 private:
  void* place(kernels::Backend& backend, std::size_t bytes);
  kernels::History* history(Device device);
  void note(const View& output, bool& accumulate);
  Recording::Leaf& leaf(TensorImpl& impl);

  std::unique_ptr<Recording> recording_;
  kernels::Backend* backend_ = nullptr;
  std::unordered_set<Storage*> used_;
  std::unordered_set<Storage*> changed_;
  std::unordered_set<const TensorImpl*> made_;
  std::unordered_map<TensorImpl*, std::size_t> leaf_numbers_;
  std::unordered_map<const void*, Participant*> joined_;
  const math::GroupRecord* logged_ = nullptr;
  std::uint64_t first_node_;
};

/// The recorder of this thread, if a step is being captured.
extern constinit thread_local Recorder* recorder;

/// Keeps what happens in its scope out of a recording: what is made once, and not in every step.
class RecordingPause {
 public:
  RecordingPause() noexcept : paused_(std::exchange(recorder, nullptr)) {}
  ~RecordingPause() { recorder = paused_; }
  RecordingPause(const RecordingPause&) = delete;
  RecordingPause& operator=(const RecordingPause&) = delete;

 private:
  Recorder* paused_;
};

/// CaptureError "op: cannot be part of a captured step: reason" while one is recorded.
void check_not_capturing(const char* op, const char* reason);
/// The same for what gives a value of the host's state, which a replay would not do again.
void check_not_reading_in_capture(const char* op);

}  // namespace kindling::detail
