// SPDX-License-Identifier: MIT
#include <kindling/core/checks.h>
#include <kindling/core/command.h>
#include <kindling/core/makers.h>
#include <kindling/core/ops.h>
#include <kindling/core/random.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <mutex>
#include <vector>

namespace kindling {

using namespace detail;

/// The stream's position lies in the memory of each device that draws from it, so that a replayed
/// step goes on with it; the host counts along. Only the device that drew last is up to date.
struct Generator::State : std::enable_shared_from_this<Generator::State> {
  kernels::RandomState now;                   // once the work under way is done
  std::vector<Intrusive<Storage>> positions;  // one kernels::RandomState each, the latest last
  std::mutex drawing;                         // held while a maker draws

  explicit State(std::uint64_t seed) : now{seed, 0} {}

  /// Goes on from there.
  void start(kernels::RandomState from) {
    now = from;
    if (!positions.empty()) write(positions.back());
  }

  /// The position of a device, for a command that uses up so many counters.
  kernels::RandomState* use(Device device, std::int64_t counters) {
    if (recorder != nullptr) [[unlikely]]
      join_capture(device, counters);
    on(device);
    now.offset += static_cast<std::uint64_t>(counters);
    return memory_of<kernels::RandomState>(positions.back());
  }

 private:
  class Captured;

  /// Makes the position of a device the latest.
  void on(Device device) {
    if (!positions.empty() && positions.back()->device == device) return;
    const auto found = std::find_if(positions.begin(), positions.end(),
                                    [&](const auto& memory) { return memory->device == device; });
    if (found != positions.end()) {
      std::rotate(found, found + 1, positions.end());
    } else {
      const RecordingPause stays;
      positions.push_back(Storage::allocate(sizeof now / sizeof(double), DType::float64, device));
    }
    write(positions.back());
  }
  void write(const Intrusive<Storage>& memory) const {
    backend_of(memory->device).upload(memory->data, &now, sizeof now);
  }
  void join_capture(Device device, std::int64_t counters);
};

/// A generator's part in a captured step: its place on the host.
class Generator::State::Captured final : public Participant {
 public:
  Captured(std::shared_ptr<State> state, Device device)
      : state_(std::move(state)), device_(device) {}
  std::int64_t ready(std::int64_t wanted) override {
    state_->on(device_);
    return wanted;
  }
  void done(std::int64_t steps) override {
    state_->now.offset += static_cast<std::uint64_t>(steps * counters_);
  }
  void count(std::int64_t counters) noexcept { counters_ += counters; }

 private:
  std::shared_ptr<State> state_;
  Device device_;
  std::int64_t counters_ = 0;  // of a step
};

void Generator::State::join_capture(Device device, std::int64_t counters) {
  recorder
      ->join<Captured>(this, [&] { return std::make_unique<Captured>(shared_from_this(), device); })
      .count(counters);
}

Generator::Generator(std::uint64_t seed) : state_(std::make_shared<State>(seed)) {}
void Generator::manual_seed(std::uint64_t seed) {
  check_not_capturing("manual_seed", "it gives a value of the host: call it between steps");
  state_->start({seed, 0});
}
std::uint64_t Generator::seed() const { return state_->now.seed; }

StateDict Generator::state_dict() const {
  check_not_capturing("state_dict", "it is for the host: call it between steps");
  StateDict state;
  append_word(state, "seed", state_->now.seed);
  append_word(state, "offset", state_->now.offset);
  return state;
}

TakeOver Generator::prepare_load(const StateDict& saved) {
  StateReader reader("Generator", saved);
  const kernels::RandomState from{.seed = reader.take_word("seed"),
                                  .offset = reader.take_word("offset")};
  reader.finish();
  return [state = state_, from] { state->start(from); };
}

Generator& default_generator() {
  static Generator generator;
  return generator;
}
void manual_seed(std::uint64_t seed) { default_generator().manual_seed(seed); }

namespace {

Tensor draw(const char* op, kernels::Distribution distribution, const Shape& shape, double first,
            double second, Generator& generator, const TensorOptions& options) {
  if (!is_floating(options.dtype)) {
    throw DTypeError(
        message(op, ": dtype int64: must be float32 or float64: randint draws whole ", "numbers"));
  }
  const Tensor result = make_tensor(op, shape, options.dtype, options.device);
  result.impl()->requires_grad = options.requires_grad;
  const std::lock_guard lock(generator.state().drawing);
  kernels::RandomState* state = generator.state().use(
      options.device, kernels::Random::counters(result.numel(), options.dtype));
  issue(backend_of(result), kernels::Random{distribution, view(result), first, second, state});
  return result;
}

}  // namespace

Tensor rand(const Shape& shape, const TensorOptions& options) {
  return rand(shape, default_generator(), options);
}
Tensor rand(const Shape& shape, Generator& generator, const TensorOptions& options) {
  return draw("rand", kernels::Distribution::uniform, shape, 0, 1, generator, options);
}
Tensor randn(const Shape& shape, const TensorOptions& options) {
  return randn(shape, default_generator(), options);
}
Tensor randn(const Shape& shape, Generator& generator, const TensorOptions& options) {
  return draw("randn", kernels::Distribution::normal, shape, 0, 1, generator, options);
}
Tensor uniform(const Shape& shape, double low, double high, const TensorOptions& options) {
  return uniform(shape, low, high, default_generator(), options);
}
Tensor uniform(const Shape& shape, double low, double high, Generator& generator,
               const TensorOptions& options) {
  const double most = options.dtype == DType::float32 ? std::numeric_limits<float>::max()
                                                      : std::numeric_limits<double>::max();
  if (!(low >= -most && high <= most && low <= high)) {
    throw ValueError(message("uniform: range ", low, " to ", high, ": must be finite in ",
                             options.dtype, " and low not above high"));
  }
  return draw("uniform", kernels::Distribution::uniform, shape, low, high, generator, options);
}

Tensor rand_like(const Tensor& x) {
  check_floating("rand_like", x);
  const TensorOptions options = options_like("rand_like", x);
  return rand(x.shape(), options);
}
Tensor randn_like(const Tensor& x) {
  check_floating("randn_like", x);
  const TensorOptions options = options_like("randn_like", x);
  return randn(x.shape(), options);
}
Tensor bernoulli(const Tensor& p) { return bernoulli(p, default_generator()); }
Tensor bernoulli(const Tensor& p, Generator& generator) {
  check_floating("bernoulli", p);
  const TensorOptions options = options_like("bernoulli", p);
  return rand(p.shape(), generator, options) < p;
}

Tensor randint(std::int64_t low, std::int64_t high, const Shape& shape,
               const TensorOptions& options) {
  return randint(low, high, shape, default_generator(), options);
}
Tensor randint(std::int64_t low, std::int64_t high, const Shape& shape, Generator& generator,
               const TensorOptions& options) {
  const std::int64_t most = largest_whole_number(options.dtype);
  if (low >= high || low < -most || high > most) {
    throw ValueError(message("randint: from ", low, " to below ", high,
                             ": low must be less than high, ", "and ", options.dtype,
                             " holds whole numbers up to ", most, " exactly"));
  }
  if (options.requires_grad) check_may_require_grad("randint", options.dtype);
  TensorOptions plain = options;
  plain.requires_grad = false;
  if (!is_floating(options.dtype)) plain.dtype = DType::float64;
  // The last multiple of 2^-24 (or 2^-53) below 1 may round up to `high`.
  const Tensor numbers =
      floor(uniform(shape, static_cast<double>(low), static_cast<double>(high), generator, plain));
  const Tensor result =
      clamp(numbers, static_cast<double>(low), static_cast<double>(high - 1)).to(options.dtype);
  result.impl()->requires_grad = options.requires_grad;
  return result;
}

Tensor randperm(std::int64_t n, const TensorOptions& options) {
  return randperm(n, default_generator(), options);
}
Tensor randperm(std::int64_t n, Generator& generator, const TensorOptions& options) {
  const std::int64_t most = largest_whole_number(options.dtype);
  if (n < 0 || n > most) {
    throw ValueError(message("randperm: n ", n, ": ", options.dtype,
                             " holds whole numbers from 0 to ", most, " exactly",
                             n < 0 ? "" : ": use int64"));
  }
  const Tensor result = empty({n}, options);
  const std::lock_guard lock(generator.state().drawing);
  issue(backend_of(result),
        kernels::RandomPermutation{view(result), generator.state().use(options.device, 1)});
  return result;
}

}  // namespace kindling
