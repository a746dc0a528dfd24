// SPDX-License-Identifier: MIT
#include <kindling/core/checks.h>
#include <kindling/core/command.h>
#include <kindling/core/makers.h>
#include <kindling/core/random.h>

#include <cmath>
#include <mutex>
#include <vector>

namespace kindling {

using namespace detail;

/// The stream's position lives in the memory of the device that draws from it, so that a replayed
/// step goes on with it. It moves along when another device draws.
struct Generator::State {
  std::uint64_t seed = 0;
  Intrusive<Storage> position;  // one kernels::RandomState

  explicit State(std::uint64_t new_seed) { start(new_seed); }

  void start(std::uint64_t new_seed) {
    seed = new_seed;
    write({new_seed, 0}, position ? position->device : Device::cpu());
  }

  kernels::RandomState* on(Device device) {
    if (position->device != device) {
      kernels::RandomState now;
      backend_of(position->device).download(&now, position->data, sizeof now);
      write(now, device);
    }
    return static_cast<kernels::RandomState*>(position->data);
  }

 private:
  void write(const kernels::RandomState& state, Device device) {
    if (!position || position->device != device) {
      position = Storage::allocate(sizeof state / sizeof(double), DType::float64, device);
    }
    backend_of(device).upload(position->data, &state, sizeof state);
  }
};

Generator::Generator(std::uint64_t seed) : state_(std::make_shared<State>(seed)) {}
void Generator::manual_seed(std::uint64_t seed) { state_->start(seed); }
std::uint64_t Generator::seed() const { return state_->seed; }

Generator& default_generator() {
  static Generator generator;
  return generator;
}
void manual_seed(std::uint64_t seed) { default_generator().manual_seed(seed); }

namespace {

Tensor draw(const char* op, kernels::Distribution distribution, const Shape& shape, double first,
            double second, const TensorOptions& options) {
  const Tensor result = make_tensor(op, shape, options.dtype, options.device);
  result.impl()->requires_grad = options.requires_grad;
  issue(backend_of(result), kernels::Random{distribution, view(result), first, second,
                                            default_generator().state().on(options.device)});
  return result;
}

}  // namespace

Tensor rand(const Shape& shape, const TensorOptions& options) {
  return draw("rand", kernels::Distribution::uniform, shape, 0, 1, options);
}
Tensor randn(const Shape& shape, const TensorOptions& options) {
  return draw("randn", kernels::Distribution::normal, shape, 0, 1, options);
}
Tensor uniform(const Shape& shape, double low, double high, const TensorOptions& options) {
  if (!std::isfinite(low) || !std::isfinite(high) || low > high) {
    throw ValueError(
        message("uniform: range ", low, " to ", high, ": must be finite and not empty"));
  }
  return draw("uniform", kernels::Distribution::uniform, shape, low, high, options);
}

Tensor randperm(std::int64_t n, const TensorOptions& options) {
  const std::int64_t most = largest_whole_number(options.dtype);
  if (n < 0 || n > most) {
    throw ValueError(message("randperm: n ", n, ": ", options.dtype,
                             " holds whole numbers from 0 to ", most, " exactly",
                             n < 0 ? "" : ": use float64"));
  }
  const Tensor result = empty({n}, options);
  issue(backend_of(result),
        kernels::RandomPermutation{view(result), default_generator().state().on(options.device)});
  return result;
}

}  // namespace kindling
