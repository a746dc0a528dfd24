// SPDX-License-Identifier: MIT
#pragma once

// The scheduler classes at work on small optimizers, built from the golden files.

#include <kindling/optim/group.h>
#include <kindling/optim/optimizer_state.h>
#include <kindling/optim/optimizers.h>
#include <kindling/schedulers/schedulers.h>

#include "tests/optim/training.h"
#include "tests/schedulers/golden.h"

#include <array>
#include <memory>
#include <string>
#include <vector>

namespace kindling::golden {

using schedulers::LRScheduler;

/// One group for each learning rate, with one parameter whose gradient is always 1.
template <class Optimizer, class OptionsType>
struct Training {
  std::vector<Tensor> weights;
  Optimizer optimizer;

  explicit Training(const std::vector<double>& lrs, const OptionsType& options = {})
      : optimizer(groups(lrs, options)) {
    for (const Tensor& weight : weights) test::set_gradient(weight, {1, 1, 1});
  }

 private:
  std::vector<optim::ParamGroup<OptionsType>> groups(const std::vector<double>& lrs,
                                                     OptionsType options) {
    std::vector<optim::ParamGroup<OptionsType>> all;
    for (const double lr : lrs) {
      options.lr = lr;
      all.push_back({{weights.emplace_back(test::parameter({1, -2, 0.5}))}, options});
    }
    return all;
  }
};

using SGDTraining = Training<optim::SGD, optim::SGDOptions>;
using AdamTraining = Training<optim::Adam, optim::AdamOptions>;

inline double momentum_of(const optim::SGD& optimizer, std::size_t group = 0) {
  return optimizer.options(group).momentum;
}

inline double momentum_of(const optim::Adam& optimizer, std::size_t group = 0) {
  return optimizer.options(group).betas[0];
}

/// What the kernels read of a group.
inline math::GroupRecord record_of(const optim::Optimizer& optimizer, std::size_t group = 0) {
  const detail::Records& records = optimizer.state()->records();
  return records.fetch()[records.first_of(group)];
}

template <class Class>
std::unique_ptr<LRScheduler> by_functions(optim::Optimizer& optimizer, const Json& json) {
  if (!json.at("lr_lambda").is_array()) {
    return std::make_unique<Class>(optimizer, lambda_of(json, 0));
  }
  std::vector<schedulers::Factor> functions;
  for (std::size_t group = 0; group < json.at("lr_lambda").size(); ++group) {
    functions.push_back(lambda_of(json, group));
  }
  return std::make_unique<Class>(optimizer, functions);
}

template <class Class, class OptionsType>
std::unique_ptr<LRScheduler> by_options(optim::Optimizer& optimizer, const Json& json) {
  return std::make_unique<Class>(optimizer, options_of<OptionsType>(json));
}

inline std::vector<Schedule> parts_of(const optim::Optimizer& optimizer, const Json& json) {
  std::vector<Schedule> parts;
  for (const Json& part : json.at("schedulers")) {
    parts.push_back(schedule(part.at(0), part.at(1), 0, optimizer.group_count()));
  }
  return parts;
}

inline std::unique_ptr<LRScheduler> sequential(optim::Optimizer& optimizer, const Json& json) {
  return std::make_unique<schedulers::SequentialLR>(optimizer, parts_of(optimizer, json),
                                                    json.at("milestones"));
}

inline std::unique_ptr<LRScheduler> chained(optim::Optimizer& optimizer, const Json& json) {
  return std::make_unique<schedulers::ChainedScheduler>(optimizer, parts_of(optimizer, json));
}

struct SchedulerClass {
  const char* name;
  std::unique_ptr<LRScheduler> (*attach)(optim::Optimizer& optimizer, const Json& options);
};

namespace s = schedulers;

/// Every class that follows a schedule.
inline constexpr std::array kClasses{
    SchedulerClass{"LambdaLR", by_functions<s::LambdaLR>},
    SchedulerClass{"MultiplicativeLR", by_functions<s::MultiplicativeLR>},
    SchedulerClass{"StepLR", by_options<s::StepLR, s::StepOptions>},
    SchedulerClass{"MultiStepLR", by_options<s::MultiStepLR, s::MultiStepOptions>},
    SchedulerClass{"ConstantLR", by_options<s::ConstantLR, s::ConstantOptions>},
    SchedulerClass{"LinearLR", by_options<s::LinearLR, s::LinearOptions>},
    SchedulerClass{"ExponentialLR", by_options<s::ExponentialLR, s::ExponentialOptions>},
    SchedulerClass{"SWALR", by_options<s::SWALR, s::SwaOptions>},
    SchedulerClass{"PolynomialLR", by_options<s::PolynomialLR, s::PolynomialOptions>},
    SchedulerClass{"CosineAnnealingLR", by_options<s::CosineAnnealingLR, s::CosineOptions>},
    SchedulerClass{"CosineAnnealingWarmRestarts",
                   by_options<s::CosineAnnealingWarmRestarts, s::WarmRestartsOptions>},
    SchedulerClass{"CyclicLR", by_options<s::CyclicLR, s::CyclicOptions>},
    SchedulerClass{"OneCycleLR", by_options<s::OneCycleLR, s::OneCycleOptions>},
    SchedulerClass{"SequentialLR", sequential},
    SchedulerClass{"ChainedScheduler", chained}};

inline std::string class_name(const testing::TestParamInfo<SchedulerClass>& test) {
  return test.param.name;
}

inline void PrintTo(const SchedulerClass& which, std::ostream* out) { *out << which.name; }

}  // namespace kindling::golden
