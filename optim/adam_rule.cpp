// SPDX-License-Identifier: MIT
#include <kindling/core/command.h>
#include <kindling/optim/adam_rule.h>

namespace kindling::detail {
namespace {

constexpr UpdateRule::Number kNumbers[] = {{"lr", &GroupSettings::lr},
                                           {"beta1", &GroupSettings::momentum},
                                           {"beta2", &GroupSettings::beta2},
                                           {"eps", &GroupSettings::eps},
                                           {"weight_decay", &GroupSettings::weight_decay}};
constexpr UpdateRule::Flag kFlags[] = {{"amsgrad", &GroupSettings::amsgrad},
                                       {"maximize", &GroupSettings::maximize},
                                       {"skip_nonfinite", &GroupSettings::skip_nonfinite}};
constexpr const char* kBuffers[] = {"exp_avg", "exp_avg_sq", "max_exp_avg_sq"};

bool uses_buffer(const GroupSettings& settings, std::size_t b) { return b < 2 || settings.amsgrad; }

void check_beta(const char* name, const char* field, double beta) {
  if (beta >= 0 && beta < 1) return;
  throw ValueError(message(name, ": ", field, " ", beta, ": must be at least 0 and below 1"));
}

void check(const char* name, const GroupSettings& settings) {
  check_not_negative(name, "lr", settings.lr.value);
  check_beta(name, "betas[0]", settings.momentum.value);
  check_beta(name, "betas[1]", settings.beta2.value);
  check_not_negative(name, "eps", settings.eps.value);
  check_not_negative(name, "weight_decay", settings.weight_decay.value);
}

void issue_update(kernels::Backend& backend, const RangeViews& views, math::GroupRecord* record,
                  bool advance) {
  issue(backend, kernels::AdamUpdate{views.parameter, views.gradient, views.buffers[0],
                                     views.buffers[1], views.buffers[2], record, advance});
}

}  // namespace

UpdateRule adam_rule(const char* name) {
  return {.name = name,
          .numbers = kNumbers,
          .flags = kFlags,
          .buffers = kBuffers,
          .first_update_fills_buffers = false,
          .uses_buffer = uses_buffer,
          .check = check,
          .issue = issue_update};
}

}  // namespace kindling::detail
