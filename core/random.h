// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/state_dict.h>
#include <kindling/core/tensor.h>

#include <cstdint>
#include <memory>

namespace kindling {

/// A counter-based stream of random numbers (Philox4x32-10): the same seed gives the same bits on
/// every device and for any number of threads. Copies share the stream. Threads may draw from one
/// at once, each its own numbers in an order that is left open; nothing else may go on meanwhile, a
/// captured step that draws from it included.
class KINDLING_API Generator {
 public:
  explicit Generator(std::uint64_t seed = 0);
  // No move: it would leave a generator behind that is none.
  Generator(const Generator&) = default;
  Generator& operator=(const Generator&) = default;

  /// Starts the stream of `seed` from its beginning.
  void manual_seed(std::uint64_t seed);
  /// The seed in use.
  std::uint64_t seed() const;

  /// The seed, and how far the stream is.
  StateDict state_dict() const;
  /// Goes on where the state was taken. ValueError, with nothing changed, when it is none.
  void load_state_dict(const StateDict& state) { prepare_load(state)(); }

  /// How load() begins, and the entries' prefix; see core/save.h.
  detail::TakeOver prepare_load(const StateDict& state);
  static constexpr const char* kStateKind = "random";

  struct State;
  State& state() const noexcept { return *state_; }

 private:
  std::shared_ptr<State> state_;
};

/// The generator that makers and modules draw from.
KINDLING_API Generator& default_generator();
/// Seeds the default generator.
KINDLING_API void manual_seed(std::uint64_t seed);

/// Uniform in [0, 1). These makers draw from the default generator, or from the one given.
KINDLING_API Tensor rand(const Shape& shape, const TensorOptions& options = {});
KINDLING_API Tensor rand(const Shape& shape, Generator& generator,
                         const TensorOptions& options = {});
/// Normal with mean 0 and standard deviation 1.
KINDLING_API Tensor randn(const Shape& shape, const TensorOptions& options = {});
KINDLING_API Tensor randn(const Shape& shape, Generator& generator,
                          const TensorOptions& options = {});
/// Uniform in [low, high). ValueError unless low <= high, both finite.
KINDLING_API Tensor uniform(const Shape& shape, double low, double high,
                            const TensorOptions& options = {});
KINDLING_API Tensor uniform(const Shape& shape, double low, double high, Generator& generator,
                            const TensorOptions& options = {});
/// rand and randn with the shape, dtype and device of x.
KINDLING_API Tensor rand_like(const Tensor& x);
KINDLING_API Tensor randn_like(const Tensor& x);
/// 1 with the probability p of the element, else 0. A p below 0 counts as 0, one above 1 as 1.
KINDLING_API Tensor bernoulli(const Tensor& p);
KINDLING_API Tensor bernoulli(const Tensor& p, Generator& generator);
/// Whole numbers of [low, high), uniform up to the fineness of rand. ValueError unless low < high
/// and the dtype holds both exactly.
KINDLING_API Tensor randint(std::int64_t low, std::int64_t high, const Shape& shape,
                            const TensorOptions& options = {});
KINDLING_API Tensor randint(std::int64_t low, std::int64_t high, const Shape& shape,
                            Generator& generator, const TensorOptions& options = {});
/// The whole numbers 0 .. n - 1 in random order, [n]. ValueError if the dtype cannot hold n - 1
/// exactly.
KINDLING_API Tensor randperm(std::int64_t n, const TensorOptions& options = {});
KINDLING_API Tensor randperm(std::int64_t n, Generator& generator,
                             const TensorOptions& options = {});

}  // namespace kindling
