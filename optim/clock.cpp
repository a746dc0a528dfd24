// SPDX-License-Identifier: MIT
#include <kindling/core/command.h>
#include <kindling/optim/clock.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace kindling::detail {
namespace {

constexpr std::int64_t kChunk = 64;      // rows evaluated at a time
constexpr std::int64_t kFirstChunk = 8;  // schedulers are often built to be looked at

static_assert(sizeof(math::ScheduleClock) % sizeof(double) == 0);
static_assert(sizeof(math::SchedulePoint) == 2 * sizeof(double));
constexpr std::int64_t kClockDoubles = sizeof(math::ScheduleClock) / sizeof(double);

}  // namespace

Clock::Clock(ScheduleSource source, std::vector<double> base_lrs, bool adam, std::int64_t t)
    : source_(std::move(source)),
      base_lrs_(std::move(base_lrs)),
      adam_(adam),
      index_(t),
      ready_(t),
      tape_(static_cast<std::size_t>(kCapacity * groups())) {
  evaluate(t + kFirstChunk);
  if (ready_ == t) std::rethrow_exception(failure_);
}

math::SchedulePoint Clock::checked_point(std::size_t group, std::int64_t t) const {
  const math::SchedulePoint value = source_.point(group, t, base_lrs_[group]);
  if (!std::isfinite(value.lr) || value.lr < 0) {
    throw ValueError(message(source_.name, ": learning rate ", value.lr, " at t = ", t, " (group ",
                             group, "): must be finite and not negative"));
  }
  const bool fits =
      value.momentum >= 0 && (adam_ ? value.momentum < 1 : std::isfinite(value.momentum));
  if (!std::isnan(value.momentum) && !fits) {
    throw ValueError(message(source_.name, ": momentum ", value.momentum, " at t = ", t, " (group ",
                             group, "): must be finite and not negative",
                             adam_ ? ", and below 1" : ""));
  }
  return value;
}

// Never throws what a point throws: a schedule may well end before what is looked ahead for.
void Clock::evaluate(std::int64_t end) {
  const RecordingPause ahead;  // not in the step that happens to ask
  for (; ready_ < end && !failure_; ++ready_) {
    try {
      for (std::size_t group = 0; group < base_lrs_.size(); ++group)
        row(ready_)[group] = checked_point(group, ready_);
    } catch (...) {
      failure_ = std::current_exception();
      return;
    }
  }
}

void Clock::make_memory(Device device, const Clock& earlier) {
  memory_ =
      earlier.memory_ && earlier.groups() == groups()
          ? earlier.memory_
          : Storage::allocate(kClockDoubles + 2 * kCapacity * groups(), DType::float64, device);
}

void Clock::write(const math::GuardMark& mark) {
  const math::ScheduleClock clock{.index = index_, .mark = mark};
  backend_of(memory_->device).upload(memory_->data, &clock, sizeof clock);
  upload(index_);
}

// The rows from `begin` to ready_, which may wrap around the end of the ring once.
void Clock::upload(std::int64_t begin) const {
  auto* tape =
      reinterpret_cast<math::SchedulePoint*>(static_cast<double*>(memory_->data) + kClockDoubles);
  while (begin < ready_) {
    const std::int64_t slot = begin % kCapacity;
    const std::int64_t rows = std::min(ready_ - begin, kCapacity - slot);
    backend_of(memory_->device)
        .upload(tape + slot * groups(), row(begin),
                static_cast<std::size_t>(rows * groups()) * sizeof(math::SchedulePoint));
    begin += rows;
  }
}

std::int64_t Clock::prepare(std::int64_t wanted, std::int64_t per_step, bool lags) {
  constexpr std::int64_t kRoom = kCapacity - 1;  // the row of index() stays
  const auto last_needed = [&] {
    return index_ + std::min(std::max(per_step, kChunk), wanted * per_step);
  };
  if (ready_ <= last_needed()) {
    if (lags) fetch_index();
    const std::int64_t begin = ready_;
    evaluate(std::min(std::max(last_needed() + 1, ready_ + kChunk), index_ + 1 + kRoom));
    upload(begin);
  }
  const std::int64_t steps = std::min(wanted, (ready_ - index_ - 1) / per_step);
  if (steps > 0) return steps;
  if (failure_) std::rethrow_exception(failure_);
  throw CaptureError(message(source_.name, ": ", per_step,
                             " calls of step() in one captured step: at ", "most ", kRoom,
                             " can be: capture a shorter one"));
}

math::ScheduleClock Clock::fetch() const {
  math::ScheduleClock clock;
  backend_of(memory_->device).download(&clock, memory_->data, sizeof clock);
  return clock;
}

void Clock::fetch_index() { index_ = fetch().index; }

math::ScheduleClock* Clock::on_device() const { return memory_of<math::ScheduleClock>(memory_); }

const math::SchedulePoint* Clock::tape() const {
  return reinterpret_cast<const math::SchedulePoint*>(memory_of<double>(memory_) + kClockDoubles);
}

}  // namespace kindling::detail
