// SPDX-License-Identifier: MIT
#pragma once

// The golden files of golden/make_golden.py, and the options in them as Kindling's.

#include <kindling/schedulers/caller.h>
#include <kindling/schedulers/schedules.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <functional>
#include <iomanip>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace kindling::golden {

using Json = nlohmann::json;
using schedulers::Schedule;

inline Json load(const std::string& scheduler) {
  const std::string path = KINDLING_TESTS_DIR "/schedulers/golden/" + scheduler + ".json";
  std::ifstream file(path);
  if (!file) throw std::runtime_error("no golden file " + path);
  return Json::parse(file);
}

/// Within 1e-12 of the golden value, relative to it. (0 only matches 0.)
inline testing::AssertionResult close(double value, double golden) {
  if (std::abs(value - golden) <= 1e-12 * std::abs(golden)) return testing::AssertionSuccess();
  return testing::AssertionFailure()
         << std::setprecision(17) << value << ", PyTorch has " << golden << ", relative difference "
         << std::setprecision(3) << std::abs(value - golden) / std::abs(golden);
}

/// The functions that make_golden.py names in FUNCTIONS.
inline schedulers::Factor function(const std::string& name) {
  using Table = std::vector<std::pair<std::string, double (*)(double)>>;
  static const Table table{
      {"0.95^t", [](double t) { return std::pow(0.95, t); }},
      {"1/(1+t)", [](double t) { return 1 / (1 + t); }},
      {"min(1,t/5)", [](double t) { return std::min(1.0, t / 5); }},
      {"sqrt(1+t)/20", [](double t) { return std::sqrt(1 + t) / 20; }},
      {"cos^2(t/50)", [](double t) { return std::cos(t / 50) * std::cos(t / 50); }},
      {"0.99", [](double) { return 0.99; }},
      {"1-1/(t+2)", [](double t) { return 1 - 1 / (t + 2); }},
      {"t%10==0?0.5:1", [](double t) { return std::fmod(t, 10) == 0 ? 0.5 : 1.0; }},
      {"1+0.02cos(t)", [](double t) { return 1 + 0.02 * std::cos(t); }},
      {"1+1e-3", [](double) { return 1 + 1e-3; }},
      {"1/2^(c-1)", [](double c) { return std::pow(0.5, c - 1); }},
      {"0.999^t", [](double t) { return std::pow(0.999, t); }},
  };
  for (const auto& [known, call] : table) {
    if (known == name) return [f = call](std::int64_t t) { return f(static_cast<double>(t)); };
  }
  throw std::runtime_error("unknown golden function " + name);
}

/// Fills option fields that the JSON names, and refuses a name that no read() asked for.
class Options {
 public:
  explicit Options(const Json& json) : json_(json) {}

  template <class T>
  Options& read(const char* name, T& field) {
    if (!json_.contains(name)) return *this;
    ++used_;
    const Json& value = json_.at(name);
    if constexpr (std::is_same_v<T, schedulers::PerGroup>) {
      if (value.is_array())
        field = value.get<std::vector<double>>();
      else
        field = value.get<double>();
    } else if constexpr (std::is_same_v<T, std::optional<std::int64_t>>) {
      field = value.get<std::int64_t>();
    } else if constexpr (std::is_same_v<T, std::function<double(double)>>) {
      field = [f = function(value.get<std::string>())](double x) {
        return f(static_cast<std::int64_t>(x));
      };
    } else {
      value.get_to(field);
    }
    return *this;
  }

  /// True, so that a reader of options can end with it; throws when a field was left unread.
  bool complete() const {
    if (used_ != json_.size()) throw std::runtime_error("unread options in " + json_.dump());
    return true;
  }

 private:
  const Json& json_;
  std::size_t used_ = 0;
};

/// A metric of ReduceLROnPlateau; JSON has no NaN or infinity, and so these are strings.
inline double metric_of(const Json& value) {
  if (value.is_number()) return value;
  const double infinity = std::numeric_limits<double>::infinity();
  if (value == "nan") return std::numeric_limits<double>::quiet_NaN();
  return value == "inf" ? infinity : -infinity;
}

inline schedulers::Factor lambda_of(const Json& options, std::size_t group) {
  const Json& names = options.at("lr_lambda");
  return function(names.is_array() ? names.at(group) : names);
}

// PyTorch's options as those of the maker.

inline void read(const Json& json, schedulers::StepOptions& o) {
  Options(json).read("step_size", o.step_size).read("gamma", o.gamma).complete();
}

inline void read(const Json& json, schedulers::MultiStepOptions& o) {
  Options(json).read("milestones", o.milestones).read("gamma", o.gamma).complete();
}

inline void read(const Json& json, schedulers::ConstantOptions& o) {
  Options(json).read("factor", o.factor).read("total_iters", o.total_iters).complete();
}

inline void read(const Json& json, schedulers::LinearOptions& o) {
  Options(json)
      .read("start_factor", o.start_factor)
      .read("end_factor", o.end_factor)
      .read("total_iters", o.total_iters)
      .complete();
}

inline void read(const Json& json, schedulers::ExponentialOptions& o) {
  Options(json).read("gamma", o.gamma).complete();
}

inline void read(const Json& json, schedulers::PolynomialOptions& o) {
  Options(json).read("total_iters", o.total_iters).read("power", o.power).complete();
}

inline void read(const Json& json, schedulers::SwaOptions& o) {
  Options(json)
      .read("swa_lr", o.swa_lr)
      .read("anneal_epochs", o.anneal_epochs)
      .read("anneal_strategy", o.anneal_strategy)
      .complete();
}

inline void read(const Json& json, schedulers::CosineOptions& o) {
  Options(json).read("T_max", o.T_max).read("eta_min", o.eta_min).complete();
}

inline void read(const Json& json, schedulers::WarmRestartsOptions& o) {
  Options(json).read("T_0", o.T_0).read("T_mult", o.T_mult).read("eta_min", o.eta_min).complete();
}

inline void read(const Json& json, schedulers::CyclicOptions& o) {
  Options(json)
      .read("base_lr", o.base_lr)
      .read("max_lr", o.max_lr)
      .read("step_size_up", o.step_size_up)
      .read("step_size_down", o.step_size_down)
      .read("mode", o.mode)
      .read("gamma", o.gamma)
      .read("scale_fn", o.scale_fn)
      .read("scale_mode", o.scale_mode)
      .read("cycle_momentum", o.cycle_momentum)
      .read("base_momentum", o.base_momentum)
      .read("max_momentum", o.max_momentum)
      .complete();
}

inline void read(const Json& json, schedulers::OneCycleOptions& o) {
  Options(json)
      .read("max_lr", o.max_lr)
      .read("total_steps", o.total_steps)
      .read("epochs", o.epochs)
      .read("steps_per_epoch", o.steps_per_epoch)
      .read("pct_start", o.pct_start)
      .read("anneal_strategy", o.anneal_strategy)
      .read("cycle_momentum", o.cycle_momentum)
      .read("base_momentum", o.base_momentum)
      .read("max_momentum", o.max_momentum)
      .read("div_factor", o.div_factor)
      .read("final_div_factor", o.final_div_factor)
      .read("three_phase", o.three_phase)
      .complete();
}

template <class OptionsType>
OptionsType options_of(const Json& json) {
  OptionsType options;
  read(json, options);
  return options;
}

/// The schedule of one parameter group of PyTorch's scheduler `name`.
inline Schedule schedule(const std::string& name, const Json& json, std::size_t group,
                         std::size_t groups) {
  namespace s = schedulers;
  const s::BuildingFor building({name, group, groups});
  if (name == "LambdaLR") return s::lambda(lambda_of(json, group));
  if (name == "MultiplicativeLR") return s::multiplicative(lambda_of(json, group));
  if (name == "StepLR") return s::step(options_of<s::StepOptions>(json));
  if (name == "MultiStepLR") return s::multi_step(options_of<s::MultiStepOptions>(json));
  if (name == "ConstantLR") return s::constant(options_of<s::ConstantOptions>(json));
  if (name == "LinearLR") return s::linear(options_of<s::LinearOptions>(json));
  if (name == "ExponentialLR") return s::exponential(options_of<s::ExponentialOptions>(json));
  if (name == "SWALR") return s::swa(options_of<s::SwaOptions>(json));
  if (name == "PolynomialLR") return s::polynomial(options_of<s::PolynomialOptions>(json));
  if (name == "CosineAnnealingLR") return s::cosine(options_of<s::CosineOptions>(json));
  if (name == "CosineAnnealingWarmRestarts") {
    return s::warm_restarts(options_of<s::WarmRestartsOptions>(json));
  }
  if (name == "CyclicLR") return s::cyclic(options_of<s::CyclicOptions>(json));
  if (name == "OneCycleLR") return s::one_cycle(options_of<s::OneCycleOptions>(json));
  std::vector<Schedule> parts;
  for (const Json& part : json.at("schedulers")) {
    parts.push_back(schedule(part.at(0), part.at(1), group, groups));
  }
  if (name == "SequentialLR") return s::sequence(std::move(parts), json.at("milestones"));
  if (name == "ChainedScheduler") return s::chain(parts);
  throw std::runtime_error("unknown scheduler " + name);
}

}  // namespace kindling::golden
