// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/state_dict.h>
#include <kindling/core/tensor.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace kindling {

struct DataLoaderOptions {
  std::int64_t batch_size = 1;
  bool shuffle = false;
  bool drop_last = false;  // leave out the last batch of an epoch when it is short
  std::uint64_t seed = 0;
};

/// The tensors of sample i, from 0: the same number of them, with the same shapes, for every i.
using SampleFunction = std::function<std::vector<Tensor>(std::int64_t)>;

namespace detail {

/// What a DataLoader does whatever the number of its tensors.
class KINDLING_API BatchSource {
 public:
  BatchSource(std::span<const Tensor> tensors, const DataLoaderOptions& options);
  BatchSource(std::int64_t samples, SampleFunction sample, const DataLoaderOptions& options);
  // No move: it would leave a loader behind that is none.
  BatchSource(const BatchSource&) = default;
  BatchSource& operator=(const BatchSource&) = default;

  std::size_t tensors_of_batch() const;
  /// The next batch of the endless stream into `batch`.
  void next(std::span<Tensor> batch) const;
  /// Starts a loop's epoch, or goes on with one right after load_state_dict(). Returns the number
  /// of the loop's first batch: batch i of epoch e has the number e * batches() + i.
  std::int64_t start_epoch() const;
  /// A loop's batch of this number into `batch`.
  void deal(std::int64_t number, std::span<Tensor> batch) const;
  std::int64_t batches() const noexcept;
  std::int64_t epoch() const;
  StateDict state_dict() const;
  TakeOver prepare_load(const StateDict& state) const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace detail

/// Deals the rows of N tensors out in batches: [samples, ...] -> [batch_size, ...]. The order of an
/// epoch is a pure function of seed and epoch, computed where the tensors are: it takes no memory
/// and resumes exactly.
///
///     DataLoader loader({x, y}, {.batch_size = 32, .shuffle = true});
///     for (const auto& [inputs, targets] : loader) ...  // an epoch; then the next loop, the next
///     const auto [inputs, targets] = loader.next();     // the endless stream
///
/// The tensors may also come as a std::vector, or as a function that makes the samples, which are
/// then stacked: batches are std::vector<Tensor>. What a function makes is not part of a captured
/// step (CaptureError).
///
///     DataLoader loader(60000, [&](std::int64_t i) { return std::vector{image(i), label(i)}; });
///     for (const auto& batch : loader) ...  // batch[0], batch[1]
///
/// Each begin() starts an epoch of its own, 0, 1, 2 ...: loops may be nested or left early. next()
/// walks through the epochs 0, 1, 2 ... too, on its own: loops do not move it. Copies share both.
template <std::size_t N>
class DataLoader {
 public:
  using Batch =
      std::conditional_t<N == std::dynamic_extent, std::vector<Tensor>, std::array<Tensor, N>>;

  /// ShapeError unless the tensors have the same number of rows, at least one; DeviceError unless
  /// they share a device; ValueError for a batch_size below 1, or one that leaves no batch with
  /// drop_last.
  template <std::size_t M>
  requires(M == N) explicit DataLoader(const Tensor (&tensors)[M],
                                       const DataLoaderOptions& options = {})
      : source_(tensors, options) {}
  explicit DataLoader(const Batch& tensors, const DataLoaderOptions& options = {})
      : source_(tensors, options) {}
  /// Asks for sample 0. ValueError for less than one sample; next() and loops throw what the
  /// function throws, and a ShapeError where its tensors do not fit each other.
  DataLoader(std::int64_t samples, SampleFunction sample,
             const DataLoaderOptions& options = {}) requires(N == std::dynamic_extent)
      : source_(samples, std::move(sample), options) {}

  /// The next batch of the endless stream.
  Batch next() const {
    Batch batch = empty_batch(source_);
    source_.next(batch);
    return batch;
  }

  /// Batches in an epoch.
  std::int64_t size() const noexcept { return source_.batches(); }
  /// The epoch that the next batch belongs to, from 0: that of next() or of the loop that began
  /// last, whichever is further on.
  std::int64_t epoch() const { return source_.epoch(); }

  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = Batch;
    using difference_type = std::ptrdiff_t;
    using pointer = const Batch*;
    using reference = const Batch&;

    Iterator() = default;
    explicit Iterator(const DataLoader* loader)
        : source_(&loader->source_),
          number_(source_->start_epoch()),
          batch_(empty_batch(*source_)) {
      source_->deal(number_, batch_);
    }
    const Batch& operator*() const noexcept { return batch_; }
    const Batch* operator->() const noexcept { return &batch_; }
    Iterator& operator++() {
      if (++number_ % source_->batches() == 0) return *this = Iterator();
      batch_ = empty_batch(*source_);
      source_->deal(number_, batch_);
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const Iterator& a, const Iterator& b) noexcept {
      return a.source_ == b.source_ && a.number_ == b.number_;
    }

   private:
    const detail::BatchSource* source_ = nullptr;  // none at the end of the epoch
    std::int64_t number_ = 0;                      // of the batch
    Batch batch_;
  };

  Iterator begin() const { return Iterator(this); }
  Iterator end() const { return Iterator(); }

  /// The options, and where next() and the loop that began last stand.
  StateDict state_dict() const { return source_.state_dict(); }
  /// Goes on where the state was taken: next(), and in the middle of an epoch the loop that begins
  /// first. ValueError, with nothing changed, when it is of a loader with another number of
  /// samples, batch_size, shuffle or drop_last; the seed is the state's.
  void load_state_dict(const StateDict& state) const { prepare_load(state)(); }

  /// How load() begins, and the entries' prefix; see core/save.h.
  detail::TakeOver prepare_load(const StateDict& state) const {
    return source_.prepare_load(state);
  }
  static constexpr const char* kStateKind = "loader";

 private:
  static Batch empty_batch(const detail::BatchSource& source) {
    if constexpr (N == std::dynamic_extent)
      return Batch(source.tensors_of_batch());
    else
      return {};
  }

  detail::BatchSource source_;
};

template <std::size_t N>
DataLoader(const Tensor (&)[N], const DataLoaderOptions&) -> DataLoader<N>;
template <std::size_t N>
DataLoader(const Tensor (&)[N]) -> DataLoader<N>;
template <std::size_t N>
DataLoader(const std::array<Tensor, N>&, const DataLoaderOptions&) -> DataLoader<N>;
template <std::size_t N>
DataLoader(const std::array<Tensor, N>&) -> DataLoader<N>;
DataLoader(const std::vector<Tensor>&, const DataLoaderOptions&)->DataLoader<std::dynamic_extent>;
DataLoader(const std::vector<Tensor>&)->DataLoader<std::dynamic_extent>;
DataLoader(std::int64_t, SampleFunction, const DataLoaderOptions&)->DataLoader<std::dynamic_extent>;
DataLoader(std::int64_t, SampleFunction)->DataLoader<std::dynamic_extent>;

namespace detail {

/// Rows of each tensor for each part, in random order; see random_split.
KINDLING_API std::vector<std::vector<Tensor>> split_rows(std::span<const Tensor> tensors,
                                                         std::span<const double> sizes,
                                                         std::uint64_t seed);

}  // namespace detail

/// The rows of N tensors dealt out at random to M parts: fractions that sum to 1, or numbers of
/// rows that sum to all. Depends on the seed alone.
///
///     auto [training, test] = random_split({x, y}, {0.8, 0.2});
///     DataLoader loader(training, {.batch_size = 32, .shuffle = true});
///
/// ValueError for sizes that do not sum so; ShapeError for tensors of different numbers of rows.
template <std::size_t N, std::size_t M>
std::array<std::array<Tensor, N>, M> random_split(const Tensor (&tensors)[N],
                                                  const double (&sizes)[M],
                                                  std::uint64_t seed = 0) {
  const auto rows = detail::split_rows(tensors, sizes, seed);
  std::array<std::array<Tensor, N>, M> parts;
  for (std::size_t m = 0; m < M; ++m)
    for (std::size_t n = 0; n < N; ++n) parts[m][n] = rows[m][n];
  return parts;
}

}  // namespace kindling
