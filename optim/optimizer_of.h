// SPDX-License-Identifier: MIT
#pragma once

// The members of OptimizerOf, for the sources that instantiate it; not part of the interface. An
// options type comes with settings_of(const Options&) and options_of(const GroupSettings&,
// Options&) in its namespace.

#include <kindling/optim/optimizer.h>
#include <kindling/optim/optimizer_state.h>

namespace kindling::optim {

template <class Options>
void OptimizerOf<Options>::add_param_group(const ParamGroup<Options>& group) {
  state()->add_group({group.params, settings_of(group.options)});
}

template <class Options>
std::vector<ParamGroup<Options>> OptimizerOf<Options>::param_groups() const {
  std::vector<ParamGroup<Options>> groups;
  for (std::size_t i = 0; i < group_count(); ++i) {
    groups.push_back({state()->group("param_groups", i).tensors(), options(i)});
  }
  return groups;
}

template <class Options>
Options OptimizerOf<Options>::options(std::size_t group) const {
  Options options;
  options_of(state()->settings("options", group), options);
  return options;
}

template <class Options>
void OptimizerOf<Options>::set_options(const Options& options, std::size_t group) {
  state()->set_settings(group, settings_of(options));
}

/// The shared state of a new optimizer.
template <class Options>
std::shared_ptr<detail::OptimizerState> make_state(const detail::UpdateRule& rule,
                                                   const std::vector<ParamGroup<Options>>& groups) {
  std::vector<detail::OptimizerState::GroupSpec> specs;
  for (const ParamGroup<Options>& group : groups) {
    specs.emplace_back(group.params, settings_of(group.options));
  }
  return std::make_shared<detail::OptimizerState>(rule, specs);
}

}  // namespace kindling::optim
