// SPDX-License-Identifier: MIT
#include <kindling/schedulers/checks.h>
#include <kindling/schedulers/compose.h>

#include <algorithm>
#include <memory>
#include <utility>

namespace kindling::schedulers {

namespace {

struct Parts {
  std::vector<Schedule> schedules;
  std::vector<std::int64_t> milestones;

  struct Position {
    const Schedule& schedule;
    std::int64_t t;  // on the part's own clock
  };

  Position at(std::int64_t t) const {
    const auto next = std::upper_bound(milestones.begin(), milestones.end(), t);
    const auto index = static_cast<std::size_t>(next - milestones.begin());
    return {schedules[index], index == 0 ? t : t - milestones[index - 1]};
  }

  std::optional<std::int64_t> length() const {
    const auto last = schedules.back().length();
    if (!last || milestones.empty()) return last;
    return sum_of_lengths(milestones.back(), *last);
  }
};

std::string describe(const Parts& parts) {
  std::string text = "sequence({";
  for (std::size_t i = 0; i < parts.schedules.size(); ++i) {
    text += message(i == 0 ? "" : ", ", parts.schedules[i]);
  }
  text += "}, {";
  for (std::size_t i = 0; i < parts.milestones.size(); ++i) {
    text += message(i == 0 ? "" : ", ", parts.milestones[i]);
  }
  return text + "})";
}

void check(const Parts& parts, const Caller& caller) {
  if (parts.schedules.empty()) {
    throw ValueError(message(caller.name, ": no schedules: give at least one"));
  }
  if (parts.milestones.size() + 1 != parts.schedules.size()) {
    throw ValueError(message(caller.name, ": ", parts.schedules.size(), " schedules and ",
                             parts.milestones.size(),
                             " milestones: give one milestone fewer than schedules"));
  }
  std::int64_t last = 0;
  for (const std::int64_t milestone : parts.milestones) {
    require(milestone >= last, caller, "milestones", milestone,
            last == 0 ? "0 or more" : message("in ascending order, but follows ", last));
    last = milestone;
  }
}

}  // namespace

Schedule sequence(std::vector<Schedule> parts, std::vector<std::int64_t> milestones) {
  const Caller caller = caller_of("sequence");
  const auto all = std::make_shared<const Parts>(Parts{std::move(parts), std::move(milestones)});
  check(*all, caller);

  Schedule::Momentum momentum;
  if (std::any_of(all->schedules.begin(), all->schedules.end(),
                  [](const Schedule& part) { return part.drives_momentum(); })) {
    momentum = [all](std::int64_t t) {
      const auto [schedule, local] = all->at(t);
      return schedule.momentum(local);
    };
  }
  return {describe(*all),
          [all](std::int64_t t, double base) {
            const auto [schedule, local] = all->at(t);
            return schedule(local, base);
          },
          std::move(momentum), all->length()};
}

Schedule operator*(const Schedule& a, const Schedule& b) {
  Schedule::Momentum momentum;
  if (a.drives_momentum() || b.drives_momentum()) {
    momentum = [a, b](std::int64_t t) {
      const std::optional<double> last = b.momentum(t);
      return last ? last : a.momentum(t);
    };
  }
  std::optional<std::int64_t> length;
  if (a.length() && b.length()) length = std::max(*a.length(), *b.length());
  return {grouped(a.description()) + " * " + grouped(b.description()),
          [a, b](std::int64_t t, double base) { return b(t, a(t, base)); }, std::move(momentum),
          length};
}

Schedule chain(const std::vector<Schedule>& parts) {
  const Caller caller = caller_of("chain");
  if (parts.empty()) throw ValueError(message(caller.name, ": no schedules: give at least one"));
  Schedule product = parts.front();
  for (std::size_t i = 1; i < parts.size(); ++i) product = product * parts[i];
  return product;
}

}  // namespace kindling::schedulers
