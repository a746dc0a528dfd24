// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/state_dict.h>
#include <kindling/core/tensor.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <span>

namespace kindling {

struct DataLoaderOptions {
  std::int64_t batch_size = 1;
  bool shuffle = false;
  bool drop_last = false;  // leave out the last batch of an epoch when it is short
  std::uint64_t seed = 0;
};

namespace detail {

/// What a DataLoader does whatever the number of its tensors.
class KINDLING_API BatchSource {
 public:
  BatchSource(std::span<const Tensor> tensors, const DataLoaderOptions& options);
  // No move: it would leave a loader behind that is none.
  BatchSource(const BatchSource&) = default;
  BatchSource& operator=(const BatchSource&) = default;

  /// The next batch into `batch`; an epoch follows the other.
  void next(std::span<Tensor> batch) const;
  /// Leaves the epoch under way, if any of it was delivered, for the next one; goes on with it
  /// right after load_state_dict(). Returns the batches to come.
  std::int64_t start_epoch() const;
  std::int64_t batches() const noexcept;
  std::int64_t epoch() const noexcept;
  StateDict state_dict() const;
  void load_state_dict(const StateDict& state) const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace detail

/// Deals the rows of N tensors out in batches: [samples, ...] -> [batch_size, ...]. The order of an
/// epoch is a pure function of seed and epoch, computed where the tensors are: it takes no memory
/// and resumes exactly. Copies share the position.
///
///     DataLoader loader({x, y}, {.batch_size = 32, .shuffle = true});
///     for (const auto& [inputs, targets] : loader) ...  // an epoch; then the next loop, the next
///     const auto [inputs, targets] = loader.next();     // the endless stream
template <std::size_t N>
class DataLoader {
 public:
  using Batch = std::array<Tensor, N>;

  /// ShapeError unless the tensors have the same number of rows, at least one; DeviceError unless
  /// they share a device; ValueError for a batch_size below 1, or one that leaves no batch with
  /// drop_last.
  explicit DataLoader(const Tensor (&tensors)[N], const DataLoaderOptions& options = {})
      : source_(tensors, options) {}

  /// The next batch of the endless stream.
  Batch next() const {
    Batch batch;
    source_.next(batch);
    return batch;
  }

  /// Batches in an epoch.
  std::int64_t size() const noexcept { return source_.batches(); }
  /// The epoch that the next batch belongs to, from 0.
  std::int64_t epoch() const noexcept { return source_.epoch(); }

  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = Batch;
    using difference_type = std::ptrdiff_t;
    using pointer = const Batch*;
    using reference = const Batch&;

    Iterator() = default;
    Iterator(const DataLoader* loader, std::int64_t left) : loader_(loader), left_(left) {
      if (left_ > 0) batch_ = loader_->next();
    }
    const Batch& operator*() const noexcept { return batch_; }
    const Batch* operator->() const noexcept { return &batch_; }
    Iterator& operator++() {
      if (--left_ > 0) batch_ = loader_->next();
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const Iterator& a, const Iterator& b) noexcept {
      return a.left_ == b.left_;
    }

   private:
    const DataLoader* loader_ = nullptr;
    std::int64_t left_ = 0;  // batches of the epoch not yet delivered, this one included
    Batch batch_;
  };

  Iterator begin() const { return Iterator(this, source_.start_epoch()); }
  Iterator end() const { return Iterator(); }

  /// Seed, epoch and position.
  StateDict state_dict() const { return source_.state_dict(); }
  /// Goes on where the state was taken, in the middle of an epoch too, with next() or with a loop.
  /// ValueError, with nothing changed, when it is of other data.
  void load_state_dict(const StateDict& state) const { source_.load_state_dict(state); }

 private:
  detail::BatchSource source_;
};

template <std::size_t N>
DataLoader(const Tensor (&)[N], const DataLoaderOptions&) -> DataLoader<N>;
template <std::size_t N>
DataLoader(const Tensor (&)[N]) -> DataLoader<N>;

}  // namespace kindling
