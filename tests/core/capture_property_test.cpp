// SPDX-License-Identifier: MIT
// A captured step equals the eager one, bit for bit, in random programs: nets, losses, optimizers,
// schedules, and whatever is done between the steps. Each program runs twice, eager and with
// replays among the eager steps, and everything that the host can see has to agree after each of
// its actions.
#include <kindling/kindling.h>

#include "tests/support/devices.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace kindling {
namespace {

namespace s = schedulers;

std::uint64_t cases() { return test::sized<std::uint64_t>(2000, 160); }

// Decisions that follow from a seed (splitmix64, Steele et al., OOPSLA 2014).
class Decisions {
 public:
  explicit Decisions(std::uint64_t seed) : state_(seed) {}
  std::int64_t below(std::int64_t n) {
    return static_cast<std::int64_t>(next() % static_cast<std::uint64_t>(n));
  }
  std::int64_t from(std::int64_t low, std::int64_t high) { return low + below(high - low + 1); }
  bool one_in(std::int64_t n) { return below(n) == 0; }
  double number(double low, double high) {
    return low + (high - low) * static_cast<double>(next() >> 11) * 0x1p-53;
  }

 private:
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  std::uint64_t state_;
};

// One of the fifteen (but for the plateau), with lengths that the programs reach.
std::unique_ptr<s::LRScheduler> make_scheduler(Decisions& d, optim::Optimizer& optimizer) {
  const auto length = [&] { return d.from(2, 40); };
  const double factor = d.number(0.2, 0.95);
  switch (d.below(15)) {
    case 0:
      return std::make_unique<s::LambdaLR>(
          optimizer, [](std::int64_t t) { return 1.0 / (1.0 + 0.1 * static_cast<double>(t)); });
    case 1:
      return std::make_unique<s::MultiplicativeLR>(
          optimizer, [factor](std::int64_t t) { return t % 3 == 0 ? factor : 1.0; });
    case 2:
      return std::make_unique<s::StepLR>(optimizer,
                                         s::StepOptions{.step_size = length(), .gamma = factor});
    case 3:
      return std::make_unique<s::MultiStepLR>(
          optimizer, s::MultiStepOptions{.milestones = {length(), 45, 60}, .gamma = factor});
    case 4:
      return std::make_unique<s::ConstantLR>(
          optimizer, s::ConstantOptions{.factor = factor, .total_iters = length()});
    case 5:
      return std::make_unique<s::LinearLR>(
          optimizer, s::LinearOptions{.start_factor = factor, .total_iters = length()});
    case 6:
      return std::make_unique<s::ExponentialLR>(optimizer, s::ExponentialOptions{.gamma = factor});
    case 7:
      return std::make_unique<s::PolynomialLR>(
          optimizer, s::PolynomialOptions{.total_iters = length(), .power = 2});
    case 8:
      return std::make_unique<s::CosineAnnealingLR>(optimizer, s::CosineOptions{.T_max = length()});
    case 9:
      return std::make_unique<s::CosineAnnealingWarmRestarts>(
          optimizer, s::WarmRestartsOptions{.T_0 = length(), .T_mult = 2});
    case 10:
      return std::make_unique<s::CyclicLR>(
          optimizer, s::CyclicOptions{.base_lr = 1e-3, .max_lr = 1e-2, .step_size_up = length()});
    case 11:
      return std::make_unique<s::OneCycleLR>(
          optimizer, s::OneCycleOptions{.max_lr = 1e-2, .total_steps = length() + 5});
    case 12:
      return std::make_unique<s::SequentialLR>(
          optimizer,
          std::vector<s::Schedule>{s::linear({.total_iters = 5}),
                                   s::exponential({.gamma = factor})},
          std::vector<std::int64_t>{length()});
    case 13:
      return std::make_unique<s::ChainedScheduler>(
          optimizer,
          std::vector<s::Schedule>{s::warmup(length()), s::exponential({.gamma = factor})});
    default:
      return std::make_unique<s::LRScheduler>(optimizer,
                                              s::warmup(length()).then(s::cosine({.T_max = 30})));
  }
}

nn::Sequential make_model(Decisions& d, std::int64_t inputs, std::int64_t outputs) {
  nn::Sequential model;
  std::int64_t width = inputs;
  for (std::int64_t layer = d.below(3); layer > 0; --layer) {
    const std::int64_t next = d.from(1, 6);
    model.push_back(nn::Linear(width, next, {.bias = !d.one_in(4)}));
    width = next;
    switch (d.below(6)) {
      case 0:
        model.push_back(nn::Tanh());
        break;
      case 1:
        model.push_back(nn::GELU());
        break;
      case 2:
        model.push_back(nn::SiLU());
        break;
      case 3:
        model.push_back(nn::Sigmoid());
        break;
      default:
        model.push_back(nn::ReLU());
    }
  }
  model.push_back(nn::Linear(width, outputs));
  return model;
}

// An optimizer with its options behind one face.
struct AnyOptimizer {
  std::unique_ptr<optim::Optimizer> optimizer;
  std::function<void(Decisions&)> change_values;     // a captured step follows
  std::function<void(Decisions&)> change_structure;  // it has to be captured again
};

template <class Optimizer, class Options>
AnyOptimizer make(Decisions& d, const std::vector<Tensor>& parameters, Options options) {
  options.lr = d.number(1e-3, 1e-1);
  options.weight_decay = d.one_in(2) ? 0.0 : d.number(0, 0.1);
  options.maximize = d.one_in(8);
  options.skip_nonfinite = d.one_in(4);
  std::unique_ptr<Optimizer> made;
  if (parameters.size() > 1 && d.one_in(3)) {
    Options other = options;
    other.lr *= 0.5;
    const auto middle = parameters.begin() + d.from(1, std::ssize(parameters) - 1);
    made = std::make_unique<Optimizer>(std::vector<optim::ParamGroup<Options>>{
        {{parameters.begin(), middle}, options}, {{middle, parameters.end()}, other}});
  } else {
    made = std::make_unique<Optimizer>(parameters, options);
  }
  Optimizer* raw = made.get();
  AnyOptimizer any{std::move(made), {}, {}};
  any.change_values = [raw](Decisions& choice) {
    const auto group =
        static_cast<std::size_t>(choice.below(static_cast<std::int64_t>(raw->group_count())));
    Options changed = raw->options(group);
    changed.lr = choice.number(1e-3, 1e-1);
    changed.weight_decay = choice.number(0, 0.1);
    if constexpr (requires { changed.momentum; }) {
      if (changed.momentum > 0) changed.momentum = choice.number(0.1, 0.9);
    } else {
      changed.betas[1] = choice.number(0.9, 0.999);
    }
    raw->set_options(changed, group);
  };
  any.change_structure = [raw](Decisions&) {
    Options changed = raw->options(0);
    if constexpr (requires { changed.momentum; }) {
      if constexpr (requires { changed.nesterov; }) changed.nesterov = false;
      changed.momentum = changed.momentum > 0 ? 0 : 0.5;
    } else {
      changed.amsgrad = !changed.amsgrad;
    }
    raw->set_options(changed, 0);
  };
  return any;
}

AnyOptimizer make_optimizer(Decisions& d, const std::vector<Tensor>& parameters) {
  switch (d.below(4)) {
    case 0: {
      optim::SGDOptions options;
      if (!d.one_in(3)) options.momentum = d.number(0.1, 0.9);
      if (options.momentum > 0 && d.one_in(2)) options.nesterov = true;
      if (!options.nesterov && d.one_in(2)) options.dampening = 0.3;
      return make<optim::SGD>(d, parameters, options);
    }
    case 1:
      return make<optim::Adam>(d, parameters, optim::AdamOptions{.amsgrad = d.one_in(3)});
    case 2:
      return make<optim::RMSprop>(
          d, parameters,
          optim::RMSpropOptions{.momentum = d.one_in(2) ? d.number(0.1, 0.9) : 0,
                                .centered = d.one_in(3)});
    default:
      return make<optim::AdamW>(d, parameters, optim::AdamWOptions{.amsgrad = d.one_in(3)});
  }
}

class Program {
 public:
  Program(std::uint64_t seed, bool captures)
      : d_((manual_seed(seed), seed)),
        captures_(captures),
        inputs_(d_.from(1, 5)),
        outputs_(d_.from(1, 4)),
        classify_(outputs_ > 1 && d_.one_in(4)),
        model_(make_model(d_, inputs_, outputs_)) {
    const DType dtype = d_.one_in(3) ? DType::float64 : DType::float32;
    model_.to(dtype);
    parameters_ = model_.parameters();
    optimizer_ = make_optimizer(d_, parameters_);
    if (const std::int64_t kind = d_.below(8); kind == 0)
      plateau_ = std::make_unique<s::ReduceLROnPlateau>(
          *optimizer_.optimizer, s::PlateauOptions{.factor = 0.5, .patience = 1});
    else if (kind > 1)
      scheduler_ = make_scheduler(d_, *optimizer_.optimizer);
    const std::int64_t batch = d_.from(1, 5);
    const TensorOptions options{.dtype = dtype};
    const std::int64_t samples = batch * d_.from(1, 3);
    const Tensor x = randn({samples, inputs_}, options);
    const Tensor y = classify_ ? full({samples}, 1, options) : randn({samples, outputs_}, options);
    if (d_.one_in(3))
      loader_ = std::make_unique<DataLoader<2>>(
          DataLoader({x, y}, {.batch_size = batch, .shuffle = d_.one_in(2), .seed = seed}));
    x_ = x.narrow(0, 0, batch).clone();
    y_ = y.narrow(0, 0, batch).clone();
    scale_ = ones({}, options);
    zero_grad_ = d_.below(4);  // 0: never, 1: at the end, else at the start
    micro_batches_ = d_.one_in(4) ? d_.from(2, 3) : 1;
    clip_ = d_.one_in(3) ? d_.number(0.1, 2) : 0;
    noise_ = d_.one_in(6);
    schedule_steps_ = d_.one_in(6) ? 2 : 1;
    recapture();
  }

  // Runs one action, and appends what can be seen after it.
  void act(std::vector<double>& seen) {
    const bool heads = d_.one_in(3);  // decided alike in both runs
    const bool replay = captures_ && !heads;
    const std::int64_t action = d_.below(14);
    switch (action) {
      case 0:
        optimizer_.optimizer->set_lr(d_.number(1e-3, 1e-1));
        break;
      case 1:
        optimizer_.change_values(d_);
        break;
      case 2:
        if (!d_.one_in(3)) break;
        optimizer_.change_structure(d_);
        ++structure_;
        recapture();
        break;
      case 3:
        x_.copy_(std::vector<float>(static_cast<std::size_t>(x_.numel()),
                                    static_cast<float>(d_.number(-1, 1))));
        break;
      case 4:
        save();
        break;
      case 5:
        load();
        break;
      case 6:
        loss().backward();
        break;
      case 7:
        optimizer_.optimizer->zero_grad();
        break;
      case 8:
        seen.push_back(rand({3}).sum().item());
        break;
      case 9:
        scale_.fill_(d_.one_in(2) ? std::numeric_limits<double>::infinity() : 1.0);
        break;
      case 10:
        if (scheduler_) scheduler_->step();
        break;
      default:
        break;
    }
    const std::int64_t steps = d_.from(1, d_.one_in(5) ? 40 : 3);
    if (replay) {
      (*step_)(steps);
      seen.push_back(step_->result().item());
    } else {
      double last = 0;
      for (std::int64_t i = 0; i < steps; ++i) last = step().item();
      seen.push_back(last);
    }
    look(seen);
  }

 private:
  void recapture() {
    step_.emplace(capture([this] { return step(); }));
  }

  Tensor loss() {
    Tensor x = x_, y = y_;
    if (loader_) {
      const auto batch = loader_->next();
      x = batch[0];
      y = batch[1];
    }
    if (noise_) x = x + 0.1 * randn(x.shape(), {.dtype = x.dtype()});
    const Tensor output = model_(x);
    const Tensor value = classify_ ? nn::cross_entropy_loss(output, y) : nn::mse_loss(output, y);
    return value * scale_;
  }

  Tensor step() {
    if (zero_grad_ > 1) optimizer_.optimizer->zero_grad();
    Tensor value;
    for (std::int64_t i = 0; i < micro_batches_; ++i) {
      value = loss();
      value.backward();
    }
    if (clip_ > 0) optim::clip_grad_norm_(parameters_, clip_);
    optimizer_.optimizer->step();
    for (std::int64_t i = 0; scheduler_ && i < schedule_steps_; ++i) scheduler_->step();
    if (plateau_) plateau_->step(value);
    if (zero_grad_ == 1) optimizer_.optimizer->zero_grad();
    return value.detach();
  }

  void save() {
    saved_structure_ = structure_;
    saved_ = {model_.state_dict(), optimizer_.optimizer->state_dict()};
    saved_.push_back(scheduler_ ? scheduler_->state_dict()
                     : plateau_ ? plateau_->state_dict()
                                : StateDict());
    if (loader_) saved_.push_back(loader_->state_dict());
  }

  void load() {
    if (saved_.empty()) return;
    model_.load_state_dict(saved_[0]);
    optimizer_.optimizer->load_state_dict(saved_[1]);
    if (scheduler_) scheduler_->load_state_dict(saved_[2]);
    if (plateau_) plateau_->load_state_dict(saved_[2]);
    if (loader_) loader_->load_state_dict(saved_[3]);
    if (saved_structure_ != structure_) recapture();
  }

  static void add(const StateDict& state, std::vector<double>& seen) {
    for (const auto& [name, value] : state)
      for (const double number : value.to_vector<double>()) seen.push_back(number);
  }

  void look(std::vector<double>& seen) {
    add(model_.state_dict(), seen);
    add(optimizer_.optimizer->state_dict(), seen);
    for (std::size_t g = 0; g < optimizer_.optimizer->group_count(); ++g)
      seen.push_back(optimizer_.optimizer->lr(g));
    if (scheduler_) add(scheduler_->state_dict(), seen);
    if (plateau_) add(plateau_->state_dict(), seen);
    if (loader_) add(loader_->state_dict(), seen);
    for (const Tensor& parameter : parameters_) {
      const Tensor gradient = parameter.grad();
      seen.push_back(gradient.defined() ? 1 : 0);
      if (!gradient.defined()) continue;
      for (const double value : gradient.to_vector<double>()) seen.push_back(value);
    }
  }

  Decisions d_;
  bool captures_;
  std::int64_t inputs_;
  std::int64_t outputs_;
  bool classify_;
  nn::Sequential model_;
  std::vector<Tensor> parameters_;
  AnyOptimizer optimizer_;
  std::unique_ptr<s::LRScheduler> scheduler_;
  std::unique_ptr<s::ReduceLROnPlateau> plateau_;
  std::unique_ptr<DataLoader<2>> loader_;
  Tensor x_, y_, scale_;
  std::int64_t zero_grad_ = 0;
  std::int64_t micro_batches_ = 1;
  double clip_ = 0;
  bool noise_ = false;
  std::int64_t schedule_steps_ = 1;
  std::vector<StateDict> saved_;
  int structure_ = 0;  // how often the optimizer's structure was changed
  int saved_structure_ = 0;
  std::optional<CapturedStep<Tensor>> step_;
};

std::vector<double> run(std::uint64_t seed, bool captures) {
  std::vector<double> seen;
  try {
    Program program(seed, captures);
    for (int action = 0; action < 8; ++action) program.act(seen);
  } catch (const Error& error) {
    ADD_FAILURE() << "seed " << seed << (captures ? ", captured: " : ", eager: ") << error.what();
  }
  return seen;
}

class CaptureProperty : public testing::TestWithParam<int> {};
constexpr int kParts = 8;

TEST_P(CaptureProperty, RandomProgramsAreTheSameEagerAndCaptured) {
  set_log_callback([](LogLevel, const std::string&) {});
  for (std::uint64_t seed = static_cast<std::uint64_t>(GetParam()); seed < cases();
       seed += kParts) {
    const std::vector<double> eager = run(seed, false);
    const std::vector<double> captured = run(seed, true);
    ASSERT_EQ(eager.size(), captured.size()) << "seed " << seed;
    for (std::size_t i = 0; i < eager.size(); ++i) {
      if (std::isnan(eager[i]) && std::isnan(captured[i])) continue;
      ASSERT_EQ(std::bit_cast<std::uint64_t>(eager[i]), std::bit_cast<std::uint64_t>(captured[i]))
          << "seed " << seed << ", number " << i << " of " << eager.size() << ": " << eager[i]
          << " eager, " << captured[i] << " captured";
    }
  }
  set_log_callback(nullptr);
}

INSTANTIATE_TEST_SUITE_P(Parts, CaptureProperty, testing::Range(0, kParts));

}  // namespace
}  // namespace kindling
