// SPDX-License-Identifier: MIT
#include <kindling/schedulers/schedulers.h>

#include <utility>

namespace kindling::schedulers {

namespace {

using optim::Optimizer;

using FunctionMaker = Schedule (*)(Factor factor, const Caller& caller);

std::vector<Schedule> one_each(FunctionMaker maker, const char* name,
                               const std::vector<Factor>& factors) {
  std::vector<Schedule> schedules;
  for (const Factor& factor : factors) schedules.push_back(maker(factor, {name}));
  return schedules;
}

}  // namespace

LambdaLR::LambdaLR(Optimizer& optimizer, Factor factor)
    : LRScheduler("LambdaLR", optimizer, {lambda(std::move(factor), {"LambdaLR"})}) {}

LambdaLR::LambdaLR(Optimizer& optimizer, const std::vector<Factor>& factors)
    : LRScheduler("LambdaLR", optimizer, one_each(lambda, "LambdaLR", factors)) {}

MultiplicativeLR::MultiplicativeLR(Optimizer& optimizer, Factor factor)
    : LRScheduler("MultiplicativeLR", optimizer,
                  {multiplicative(std::move(factor), {"MultiplicativeLR"})}) {}

MultiplicativeLR::MultiplicativeLR(Optimizer& optimizer, const std::vector<Factor>& factors)
    : LRScheduler("MultiplicativeLR", optimizer,
                  one_each(multiplicative, "MultiplicativeLR", factors)) {}

StepLR::StepLR(Optimizer& optimizer, const StepOptions& options)
    : LRScheduler("StepLR", optimizer, {schedulers::step(options, {"StepLR"})}) {}

MultiStepLR::MultiStepLR(Optimizer& optimizer, const MultiStepOptions& options)
    : LRScheduler("MultiStepLR", optimizer, {multi_step(options, {"MultiStepLR"})}) {}

ConstantLR::ConstantLR(Optimizer& optimizer, const ConstantOptions& options)
    : LRScheduler("ConstantLR", optimizer, {constant(options, {"ConstantLR"})}) {}

LinearLR::LinearLR(Optimizer& optimizer, const LinearOptions& options)
    : LRScheduler("LinearLR", optimizer, {linear(options, {"LinearLR"})}) {}

ExponentialLR::ExponentialLR(Optimizer& optimizer, const ExponentialOptions& options)
    : LRScheduler("ExponentialLR", optimizer, {exponential(options, {"ExponentialLR"})}) {}

PolynomialLR::PolynomialLR(Optimizer& optimizer, const PolynomialOptions& options)
    : LRScheduler("PolynomialLR", optimizer, {polynomial(options, {"PolynomialLR"})}) {}

CosineAnnealingLR::CosineAnnealingLR(Optimizer& optimizer, const CosineOptions& options)
    : LRScheduler("CosineAnnealingLR", optimizer, {cosine(options, {"CosineAnnealingLR"})}) {}

CosineAnnealingWarmRestarts::CosineAnnealingWarmRestarts(Optimizer& optimizer,
                                                         const WarmRestartsOptions& options)
    : LRScheduler("CosineAnnealingWarmRestarts", optimizer,
                  {warm_restarts(options, {"CosineAnnealingWarmRestarts"})}) {}

CyclicLR::CyclicLR(Optimizer& optimizer, const CyclicOptions& options)
    : LRScheduler("CyclicLR", optimizer,
                  schedule_per_group("CyclicLR", optimizer, [&](const Caller& caller) {
                    return cyclic(options, caller);
                  })) {}

OneCycleLR::OneCycleLR(Optimizer& optimizer, const OneCycleOptions& options)
    : LRScheduler("OneCycleLR", optimizer,
                  schedule_per_group("OneCycleLR", optimizer, [&](const Caller& caller) {
                    return one_cycle(options, caller);
                  })) {}

SequentialLR::SequentialLR(Optimizer& optimizer, std::vector<Schedule> schedules,
                           std::vector<std::int64_t> milestones)
    : LRScheduler("SequentialLR", optimizer,
                  {sequence(std::move(schedules), std::move(milestones), {"SequentialLR"})}) {}

ChainedScheduler::ChainedScheduler(Optimizer& optimizer, const std::vector<Schedule>& schedules)
    : LRScheduler("ChainedScheduler", optimizer, {chain(schedules, {"ChainedScheduler"})}) {}

}  // namespace kindling::schedulers
