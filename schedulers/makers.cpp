// SPDX-License-Identifier: MIT
#include <kindling/schedulers/reflection.h>
#include <kindling/schedulers/schedules.h>

namespace kindling::schedulers {
namespace {

// warmup() takes plain arguments.
struct WarmupOptions {
  std::int64_t steps = -1;
  WarmupConvention convention = WarmupConvention::one_based;
  std::optional<double> start_factor = {};
};

Schedule warmup_of(const WarmupOptions& options) {
  return warmup(options.steps, options.convention, options.start_factor);
}

}  // namespace

std::string Maker::signature() const {
  std::string text;
  for (const Parameter& parameter : parameters) {
    text += text.empty() ? parameter.name : ", " + parameter.name;
    if (!parameter.usual.empty()) text += " = " + parameter.usual;
  }
  return text;
}

const std::vector<Maker>& makers() {
  static const std::vector<Maker> all{
      maker<WarmupOptions>("warmup", "climbs to the base learning rate and stays there",
                           {{"steps", &WarmupOptions::steps, kNoDefault},
                            {"convention", &WarmupOptions::convention},
                            {"start_factor", &WarmupOptions::start_factor, kNoDefault}},
                           warmup_of),
      maker<ConstantOptions>("constant", "base * factor for total_iters steps, then base",
                             {{"factor", &ConstantOptions::factor, "1/3"},
                              {"total_iters", &ConstantOptions::total_iters}},
                             constant),
      maker<LinearOptions>("linear", "straight from base * start_factor to base * end_factor",
                           {{"start_factor", &LinearOptions::start_factor, "1/3"},
                            {"end_factor", &LinearOptions::end_factor},
                            {"total_iters", &LinearOptions::total_iters}},
                           linear),
      maker<ExponentialOptions>("exponential", "base * gamma^t",
                                {{"gamma", &ExponentialOptions::gamma, kNoDefault}}, exponential),
      maker<PolynomialOptions>(
          "polynomial", "base * (1 - t / total_iters)^power",
          {{"total_iters", &PolynomialOptions::total_iters}, {"power", &PolynomialOptions::power}},
          polynomial),
      maker<StepOptions>(
          "step", "times gamma every step_size steps",
          {{"step_size", &StepOptions::step_size, kNoDefault}, {"gamma", &StepOptions::gamma}},
          step),
      maker<MultiStepOptions>("multi_step", "times gamma at each milestone",
                              {{"milestones", &MultiStepOptions::milestones, kNoDefault},
                               {"gamma", &MultiStepOptions::gamma}},
                              multi_step),
      maker<CosineOptions>(
          "cosine", "half a cosine down to eta_min in T_max steps",
          {{"T_max", &CosineOptions::T_max, kNoDefault}, {"eta_min", &CosineOptions::eta_min}},
          cosine),
      maker<WarmRestartsOptions>("warm_restarts",
                                 "the cosine again and again, T_mult times as long",
                                 {{"T_0", &WarmRestartsOptions::T_0, kNoDefault},
                                  {"T_mult", &WarmRestartsOptions::T_mult},
                                  {"eta_min", &WarmRestartsOptions::eta_min}},
                                 warm_restarts),
      maker<CyclicOptions>(
          "cyclic", "up and down between base_lr and max_lr, whatever the base learning rate",
          {{"base_lr", &CyclicOptions::base_lr, kNoDefault},
           {"max_lr", &CyclicOptions::max_lr, kNoDefault},
           {"step_size_up", &CyclicOptions::step_size_up},
           {"step_size_down", &CyclicOptions::step_size_down, "step_size_up"},
           {"mode", &CyclicOptions::mode},
           {"gamma", &CyclicOptions::gamma},
           {"scale_mode", &CyclicOptions::scale_mode},
           {"cycle_momentum", &CyclicOptions::cycle_momentum},
           {"base_momentum", &CyclicOptions::base_momentum},
           {"max_momentum", &CyclicOptions::max_momentum}},
          cyclic),
      maker<OneCycleOptions>(
          "one_cycle", "once up to max_lr and down again, whatever the base learning rate",
          {{"max_lr", &OneCycleOptions::max_lr, kNoDefault},
           {"total_steps", &OneCycleOptions::total_steps, "epochs * steps_per_epoch"},
           {"epochs", &OneCycleOptions::epochs},
           {"steps_per_epoch", &OneCycleOptions::steps_per_epoch},
           {"pct_start", &OneCycleOptions::pct_start},
           {"anneal_strategy", &OneCycleOptions::anneal_strategy},
           {"cycle_momentum", &OneCycleOptions::cycle_momentum},
           {"base_momentum", &OneCycleOptions::base_momentum},
           {"max_momentum", &OneCycleOptions::max_momentum},
           {"div_factor", &OneCycleOptions::div_factor},
           {"final_div_factor", &OneCycleOptions::final_div_factor},
           {"three_phase", &OneCycleOptions::three_phase}},
          one_cycle),
      maker<InverseSqrtOptions>("inverse_sqrt", "base * sqrt(timescale / (t + timescale))",
                                {{"timescale", &InverseSqrtOptions::timescale}}, inverse_sqrt),
      maker<NoamOptions>("noam", "the transformer's: up for warmup_steps, then as 1 / sqrt(t)",
                         {{"d_model", &NoamOptions::d_model, kNoDefault},
                          {"warmup_steps", &NoamOptions::warmup_steps}},
                         noam),
      maker<SwaOptions>("swa", "from base to swa_lr, and there it stays",
                        {{"swa_lr", &SwaOptions::swa_lr, kNoDefault},
                         {"anneal_epochs", &SwaOptions::anneal_epochs},
                         {"anneal_strategy", &SwaOptions::anneal_strategy}},
                        swa),
      maker<WsdOptions>("wsd", "warm-up, stable, decay",
                        {{"warmup_steps", &WsdOptions::warmup_steps},
                         {"stable_steps", &WsdOptions::stable_steps},
                         {"decay_steps", &WsdOptions::decay_steps, kNoDefault},
                         {"decay_type", &WsdOptions::decay_type},
                         {"min_lr_ratio", &WsdOptions::min_lr_ratio},
                         {"warmup", &WsdOptions::warmup}},
                        wsd),
  };
  return all;
}

}  // namespace kindling::schedulers
