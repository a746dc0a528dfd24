// SPDX-License-Identifier: MIT
#include "demo/schedule_makers.h"

#include <kindling/core/error.h>
#include <kindling/schedulers/schedules.h>

#include "demo/nearest.h"

#include <algorithm>
#include <cmath>
#include <type_traits>
#include <utility>

namespace kindling::demo {
namespace {

using namespace schedulers;
using Kind = Argument::Kind;

// What an argument's value becomes, by the type of the option it is for.

double number(const Argument& argument) {
  if (argument.kind != Kind::number) throw SyntaxError(argument.position, "expected a number");
  return argument.values[0];
}

std::int64_t whole(const Argument& argument, double value) {
  if (value != std::floor(value) || std::abs(value) > 1e15) {
    throw SyntaxError(argument.position, message("expected a whole number, found ", value));
  }
  return static_cast<std::int64_t>(value);
}

std::int64_t steps(const Argument& argument) {
  if (argument.kind == Kind::percent) return whole(argument, argument.values[0]);
  if (argument.kind != Kind::number)
    throw SyntaxError(argument.position, "expected a whole number or a percentage");
  return whole(argument, argument.values[0]);
}

std::string word(const Argument& argument) {
  if (argument.kind != Kind::word) throw SyntaxError(argument.position, "expected a word");
  return argument.word;
}

void read(const Argument& argument, double& value) { value = number(argument); }
void read(const Argument& argument, std::optional<double>& value) { value = number(argument); }
void read(const Argument& argument, PerGroup& value) { value = number(argument); }
void read(const Argument& argument, std::int64_t& value) { value = steps(argument); }
void read(const Argument& argument, std::optional<std::int64_t>& value) { value = steps(argument); }
void read(const Argument& argument, std::string& value) { value = word(argument); }
void read(const Argument& argument, WarmupConvention& value) {
  value = warmup_convention(word(argument));
}

void read(const Argument& argument, bool& value) {
  if (argument.word != "true" && argument.word != "false") {
    throw SyntaxError(argument.position, "expected true or false");
  }
  value = argument.word == "true";
}

void read(const Argument& argument, std::vector<std::int64_t>& value) {
  if (argument.kind == Kind::word)
    throw SyntaxError(argument.position, "expected a list such as [30, 80]");
  for (const double element : argument.values) value.push_back(whole(argument, element));
}

// An option of an aggregate, and how to set it.
template <class Options>
struct OptionField {
  template <class T>
  OptionField(std::string field_name, T Options::*member)
      : name(std::move(field_name)),
        is_list(std::is_same_v<T, std::vector<std::int64_t>>),
        set([member](Options& options, const Argument& argument) {
          read(argument, options.*member);
        }) {}

  std::string name;
  bool is_list;
  std::function<void(Options&, const Argument&)> set;
};

template <class Options>
using OptionFields = std::vector<OptionField<Options>>;

// A list also takes numbers without brackets: multi_step(30, 80, gamma=0.5).
template <class Options>
bool gathered(const OptionFields<Options>& fields, const std::vector<Argument>& arguments,
              std::size_t index) {
  const Argument& argument = arguments[index];
  const bool is_number = argument.kind == Kind::number || argument.kind == Kind::percent;
  return fields[0].is_list && argument.name.empty() && is_number && arguments[0].kind != Kind::list;
}

// The field that an argument is for: the one of its name, or the one of its place.
template <class Options>
std::size_t field_of(const OptionFields<Options>& fields, const std::vector<Argument>& arguments,
                     std::size_t index) {
  const Argument& argument = arguments[index];
  if (argument.name.empty()) {
    if (index > 0 && !arguments[index - 1].name.empty()) {
      throw SyntaxError(argument.position,
                        "an argument without a name stands behind one with a name");
    }
    if (gathered(fields, arguments, index)) return 0;
    if (index >= fields.size()) {
      throw SyntaxError(argument.position,
                        message("too many arguments: expected at most ", fields.size()));
    }
    return index;
  }
  const auto found = std::find_if(fields.begin(), fields.end(),
                                  [&](const auto& f) { return f.name == argument.name; });
  if (found == fields.end()) {
    std::vector<std::string> known;
    for (const auto& field : fields) known.push_back(field.name);
    const std::string near = suggestion(argument.name, known);
    throw SyntaxError(argument.name_position,
                      message("unknown argument '", argument.name, "'",
                              near.empty() ? ": known are " + listed(known) : near));
  }
  return static_cast<std::size_t>(found - fields.begin());
}

template <class Options>
Options read_options(const OptionFields<Options>& fields, const std::vector<Argument>& arguments) {
  Options options;
  std::vector<bool> given(fields.size(), false);
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::size_t index = field_of(fields, arguments, i);
    if (given[index] && !gathered(fields, arguments, i)) {
      throw SyntaxError(arguments[i].position,
                        message("argument '", fields[index].name, "' is given twice"));
    }
    given[index] = true;
    try {
      fields[index].set(options, arguments[i]);
    } catch (const Error& refused) {
      throw SyntaxError(arguments[i].position, refused.what());
    }
  }
  return options;
}

// Where the argument stands that the library refused: its errors read "cosine: T_max 0: must be at
// least 1".
template <class Options>
std::optional<std::size_t> refused_position(const OptionFields<Options>& fields,
                                            const std::vector<Argument>& arguments,
                                            const std::string& what) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& field = fields[field_of(fields, arguments, i)].name;
    if (what.find(": " + field + " ") != std::string::npos) return arguments[i].position;
  }
  return std::nullopt;
}

template <class Options, class Make>
Maker maker(std::string name, std::string summary, OptionFields<Options> fields, Make make) {
  std::vector<std::string> parameters;
  for (const auto& field : fields) parameters.push_back(field.name);
  return {std::move(name), std::move(parameters), std::move(summary),
          [fields = std::move(fields), make](const std::vector<Argument>& arguments) -> Made {
            const Options options = read_options(fields, arguments);
            try {
              return make(options);
            } catch (const Error& refused) {
              const auto position = refused_position(fields, arguments, refused.what());
              if (position) throw SyntaxError(*position, refused.what());
              throw;
            }
          }};
}

// warmup() takes plain arguments.
struct WarmupOptions {
  std::int64_t steps = -1;  // required
  WarmupConvention convention = WarmupConvention::one_based;
  std::optional<double> start_factor = {};
};

}  // namespace

std::string Maker::signature() const { return name + "(" + listed(parameters) + ")"; }

const std::vector<Maker>& schedule_makers() {
  static const std::vector<Maker> makers{
      maker<WarmupOptions>("warmup", "climbs to the base learning rate and stays there",
                           {{"steps", &WarmupOptions::steps},
                            {"convention", &WarmupOptions::convention},
                            {"start_factor", &WarmupOptions::start_factor}},
                           [](const WarmupOptions& o) -> Made {
                             const Warmup made = warmup(o.steps, o.convention, o.start_factor);
                             return {made, o.steps, made};
                           }),
      maker<ConstantOptions>(
          "constant", "base * factor for total_iters steps, then base",
          {{"factor", &ConstantOptions::factor}, {"total_iters", &ConstantOptions::total_iters}},
          [](const auto& o) -> Made {
            return {constant(o), o.total_iters};
          }),
      maker<LinearOptions>("linear", "straight from base * start_factor to base * end_factor",
                           {{"start_factor", &LinearOptions::start_factor},
                            {"end_factor", &LinearOptions::end_factor},
                            {"total_iters", &LinearOptions::total_iters}},
                           [](const auto& o) -> Made {
                             return {linear(o), o.total_iters};
                           }),
      maker<ExponentialOptions>("exponential", "base * gamma^t",
                                {{"gamma", &ExponentialOptions::gamma}},
                                [](const auto& o) -> Made {
                                  return {exponential(o), std::nullopt};
                                }),
      maker<PolynomialOptions>(
          "polynomial", "base * (1 - t / total_iters)^power",
          {{"total_iters", &PolynomialOptions::total_iters}, {"power", &PolynomialOptions::power}},
          [](const auto& o) -> Made {
            return {polynomial(o), o.total_iters};
          }),
      maker<StepOptions>("step", "times gamma every step_size steps",
                         {{"step_size", &StepOptions::step_size}, {"gamma", &StepOptions::gamma}},
                         [](const auto& o) -> Made {
                           return {step(o), std::nullopt};
                         }),
      maker<MultiStepOptions>(
          "multi_step", "times gamma at each milestone",
          {{"milestones", &MultiStepOptions::milestones}, {"gamma", &MultiStepOptions::gamma}},
          [](const auto& o) -> Made {
            return {multi_step(o), std::nullopt};
          }),
      maker<CosineOptions>("cosine", "half a cosine down to eta_min in T_max steps",
                           {{"T_max", &CosineOptions::T_max}, {"eta_min", &CosineOptions::eta_min}},
                           [](const auto& o) -> Made {
                             return {cosine(o), o.T_max};
                           }),
      maker<WarmRestartsOptions>("warm_restarts",
                                 "the cosine again and again, T_mult times as long",
                                 {{"T_0", &WarmRestartsOptions::T_0},
                                  {"T_mult", &WarmRestartsOptions::T_mult},
                                  {"eta_min", &WarmRestartsOptions::eta_min}},
                                 [](const auto& o) -> Made {
                                   return {warm_restarts(o), std::nullopt};
                                 }),
      maker<CyclicOptions>("cyclic", "up and down between base_lr and max_lr",
                           {{"base_lr", &CyclicOptions::base_lr},
                            {"max_lr", &CyclicOptions::max_lr},
                            {"step_size_up", &CyclicOptions::step_size_up},
                            {"step_size_down", &CyclicOptions::step_size_down},
                            {"mode", &CyclicOptions::mode},
                            {"gamma", &CyclicOptions::gamma},
                            {"scale_mode", &CyclicOptions::scale_mode},
                            {"cycle_momentum", &CyclicOptions::cycle_momentum},
                            {"base_momentum", &CyclicOptions::base_momentum},
                            {"max_momentum", &CyclicOptions::max_momentum}},
                           [](const auto& o) -> Made {
                             return {cyclic(o), std::nullopt};
                           }),
      maker<OneCycleOptions>(
          "one_cycle", "once up to max_lr and down again",
          {{"max_lr", &OneCycleOptions::max_lr},
           {"total_steps", &OneCycleOptions::total_steps},
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
          [](const auto& o) -> Made {
            return {one_cycle(o), o.total_steps > 0 ? o.total_steps : o.epochs * o.steps_per_epoch};
          }),
      maker<InverseSqrtOptions>("inverse_sqrt", "base * sqrt(timescale / (t + timescale))",
                                {{"timescale", &InverseSqrtOptions::timescale}},
                                [](const auto& o) -> Made {
                                  return {inverse_sqrt(o), std::nullopt};
                                }),
      maker<NoamOptions>(
          "noam", "the transformer's: up for warmup_steps, then as 1 / sqrt(t)",
          {{"d_model", &NoamOptions::d_model}, {"warmup_steps", &NoamOptions::warmup_steps}},
          [](const auto& o) -> Made {
            return {noam(o), std::nullopt};
          }),
      maker<WsdOptions>("wsd", "warm-up, stable, decay",
                        {{"warmup_steps", &WsdOptions::warmup_steps},
                         {"stable_steps", &WsdOptions::stable_steps},
                         {"decay_steps", &WsdOptions::decay_steps},
                         {"decay_type", &WsdOptions::decay_type},
                         {"min_lr_ratio", &WsdOptions::min_lr_ratio},
                         {"warmup", &WsdOptions::warmup}},
                        [](const auto& o) -> Made {
                          return {wsd(o), o.warmup_steps + o.stable_steps + o.decay_steps};
                        }),
  };
  return makers;
}

}  // namespace kindling::demo
