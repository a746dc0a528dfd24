// SPDX-License-Identifier: MIT
#pragma once

// The members of OptimizerOf, for the sources that instantiate it; not part of the interface. Such
// a source describes the fields of its options once, as
//
//     static constexpr auto fields_of(const SGDOptions*) {
//       return std::tuple{Field{"lr", &SGDOptions::lr, &HyperParameters::lr}, ...};
//     }

#include <kindling/optim/optimizer.h>
#include <kindling/optim/optimizer_state.h>

#include <array>
#include <tuple>

namespace kindling::optim {

using math::HyperParameters;

/// One field of an options type: its name, where it stands there, and where among the
/// hyper-parameters. `index`: of a field that is an array.
template <class Member, class Place>
struct Field {
  const char* name;
  Member member;
  Place place;
  std::size_t index = 0;

  template <class Options>
  constexpr auto& in(Options& options) const {
    if constexpr (requires { (options.*member)[index]; }) {
      return (options.*member)[index];
    } else {
      return options.*member;
    }
  }
};
template <class Member, class Place>
Field(const char*, Member, Place, std::size_t) -> Field<Member, Place>;
template <class Member, class Place>
Field(const char*, Member, Place) -> Field<Member, Place>;

inline void put(math::Rounded& place, double value) { place.set(value); }
inline void put(bool& place, bool value) { place = value; }
inline double get(const math::Rounded& place) { return place.value; }
inline bool get(bool place) { return place; }

template <class Options>
HyperParameters values_of(const detail::UpdateRule& rule, const Options& options) {
  HyperParameters values = rule.fixed;
  std::apply([&](const auto&... field) { (put(values.*field.place, field.in(options)), ...); },
             fields_of(&options));
  return values;
}

/// The fields as state dicts see them.
template <class Options>
constexpr auto option_fields() {
  return std::apply(
      [](const auto&... field) {
        return std::array{detail::OptionField{field.name, field.place}...};
      },
      fields_of(static_cast<const Options*>(nullptr)));
}

template <class Options>
detail::OptimizerState::GroupSpec spec_of(const detail::UpdateRule& rule,
                                          const ParamGroup<Options>& group) {
  return {group.params, values_of(rule, group.options), group.options.skip_nonfinite};
}

template <class Options>
void OptimizerOf<Options>::add_param_group(const ParamGroup<Options>& group) {
  state()->add_group(spec_of(state()->rule(), group));
}

template <class Options>
const std::vector<ParamGroup<Options>> OptimizerOf<Options>::param_groups() const {
  std::vector<ParamGroup<Options>> groups;
  for (std::size_t i = 0; i < group_count(); ++i) {
    groups.push_back({state()->group("param_groups", i).tensors(), options(i)});
  }
  return groups;
}

template <class Options>
Options OptimizerOf<Options>::options(std::size_t group) const {
  detail::check_not_reading_in_capture("options");
  const HyperParameters values = state()->current("options", group);
  Options options;
  std::apply([&](const auto&... field) { ((field.in(options) = get(values.*field.place)), ...); },
             fields_of(&options));
  options.skip_nonfinite = state()->skips_nonfinite();
  return options;
}

template <class Options>
void OptimizerOf<Options>::set_options(const Options& options, std::size_t group) {
  state()->set_options(group, values_of(state()->rule(), options), options.skip_nonfinite);
}

/// The shared state of a new optimizer.
template <class Options>
std::shared_ptr<detail::OptimizerState> make_state(const detail::UpdateRule& rule,
                                                   const std::vector<ParamGroup<Options>>& groups) {
  std::vector<detail::OptimizerState::GroupSpec> specs;
  for (const ParamGroup<Options>& group : groups) specs.push_back(spec_of(rule, group));
  return std::make_shared<detail::OptimizerState>(rule, specs);
}

}  // namespace kindling::optim
