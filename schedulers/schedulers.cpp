// SPDX-License-Identifier: MIT
#include <kindling/schedulers/caller.h>
#include <kindling/schedulers/schedulers.h>

#include <utility>

namespace kindling::schedulers {

namespace {

using optim::Optimizer;

// The schedules of the class `name`: one for all groups, or one for each of `groups`.
template <class Make>
std::vector<Schedule> built_for(const char* name, Make make, std::size_t groups = 1) {
  std::vector<Schedule> schedules;
  for (std::size_t group = 0; group < groups; ++group) {
    const BuildingFor building({name, group, groups});
    schedules.push_back(make());
  }
  return schedules;
}

template <class Make>
std::vector<Schedule> one_each(const char* name, const std::vector<Factor>& factors, Make make) {
  auto factor = factors.begin();
  return built_for(
      name, [&] { return make(*factor++); }, factors.size());
}

}  // namespace

LambdaLR::LambdaLR(Optimizer& optimizer, Factor factor)
    : LRScheduler("LambdaLR", optimizer,
                  built_for("LambdaLR", [&] { return lambda(std::move(factor)); })) {}

LambdaLR::LambdaLR(Optimizer& optimizer, const std::vector<Factor>& factors)
    : LRScheduler("LambdaLR", optimizer, one_each("LambdaLR", factors, lambda)) {}

MultiplicativeLR::MultiplicativeLR(Optimizer& optimizer, Factor factor)
    : LRScheduler("MultiplicativeLR", optimizer, built_for("MultiplicativeLR", [&] {
                    return multiplicative(std::move(factor));
                  })) {}

MultiplicativeLR::MultiplicativeLR(Optimizer& optimizer, const std::vector<Factor>& factors)
    : LRScheduler("MultiplicativeLR", optimizer,
                  one_each("MultiplicativeLR", factors, multiplicative)) {}

StepLR::StepLR(Optimizer& optimizer, const StepOptions& options)
    : LRScheduler("StepLR", optimizer,
                  built_for("StepLR", [&] { return schedulers::step(options); })) {}

MultiStepLR::MultiStepLR(Optimizer& optimizer, const MultiStepOptions& options)
    : LRScheduler("MultiStepLR", optimizer,
                  built_for("MultiStepLR", [&] { return multi_step(options); })) {}

ConstantLR::ConstantLR(Optimizer& optimizer, const ConstantOptions& options)
    : LRScheduler("ConstantLR", optimizer,
                  built_for("ConstantLR", [&] { return constant(options); })) {}

LinearLR::LinearLR(Optimizer& optimizer, const LinearOptions& options)
    : LRScheduler("LinearLR", optimizer, built_for("LinearLR", [&] { return linear(options); })) {}

ExponentialLR::ExponentialLR(Optimizer& optimizer, const ExponentialOptions& options)
    : LRScheduler("ExponentialLR", optimizer,
                  built_for("ExponentialLR", [&] { return exponential(options); })) {}

SWALR::SWALR(Optimizer& optimizer, const SwaOptions& options)
    : LRScheduler("SWALR", optimizer,
                  built_for(
                      "SWALR", [&] { return swa(options); }, optimizer.group_count())) {}

PolynomialLR::PolynomialLR(Optimizer& optimizer, const PolynomialOptions& options)
    : LRScheduler("PolynomialLR", optimizer,
                  built_for("PolynomialLR", [&] { return polynomial(options); })) {}

CosineAnnealingLR::CosineAnnealingLR(Optimizer& optimizer, const CosineOptions& options)
    : LRScheduler("CosineAnnealingLR", optimizer,
                  built_for("CosineAnnealingLR", [&] { return cosine(options); })) {}

CosineAnnealingWarmRestarts::CosineAnnealingWarmRestarts(Optimizer& optimizer,
                                                         const WarmRestartsOptions& options)
    : LRScheduler(
          "CosineAnnealingWarmRestarts", optimizer,
          built_for("CosineAnnealingWarmRestarts", [&] { return warm_restarts(options); })) {}

CyclicLR::CyclicLR(Optimizer& optimizer, const CyclicOptions& options)
    : LRScheduler("CyclicLR", optimizer,
                  built_for(
                      "CyclicLR", [&] { return cyclic(options); }, optimizer.group_count())) {}

OneCycleLR::OneCycleLR(Optimizer& optimizer, const OneCycleOptions& options)
    : LRScheduler("OneCycleLR", optimizer,
                  built_for(
                      "OneCycleLR", [&] { return one_cycle(options); }, optimizer.group_count())) {}

SequentialLR::SequentialLR(Optimizer& optimizer, std::vector<Schedule> schedules,
                           std::vector<std::int64_t> milestones)
    : LRScheduler("SequentialLR", optimizer, built_for("SequentialLR", [&] {
                    return sequence(std::move(schedules), std::move(milestones));
                  })) {}

ChainedScheduler::ChainedScheduler(Optimizer& optimizer, const std::vector<Schedule>& schedules)
    : LRScheduler("ChainedScheduler", optimizer,
                  built_for("ChainedScheduler", [&] { return chain(schedules); })) {}

}  // namespace kindling::schedulers
