// SPDX-License-Identifier: MIT
#include <kindling/schedulers/checks.h>
#include <kindling/schedulers/function.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace kindling::schedulers {

namespace {

void require_callable(const Factor& factor, const Caller& caller) {
  if (!factor) {
    throw ValueError(message(caller.name, ": the function is empty: give one that can be called"));
  }
}

// product(t) = factor(1) ... factor(t), always multiplied in this order, so that the bits do not
// depend on the order of the calls. checkpoints_[i] is product(256 i).
class RunningProduct {
 public:
  explicit RunningProduct(Factor factor) : factor_(std::move(factor)) {}

  double at(std::int64_t t) {
    const std::lock_guard<std::mutex> lock(mutex_);
    go_to_checkpoint(t);
    while (step_ < t) {
      const double next = product_ * factor_(step_ + 1);  // may throw: nothing has changed yet
      if ((step_ + 1) / kInterval == std::ssize(checkpoints_)) checkpoints_.push_back(next);
      product_ = next;
      ++step_;
    }
    return product_;
  }

 private:
  static constexpr std::int64_t kInterval = 256;

  // To the last checkpoint at or before t, unless the present place is nearer.
  void go_to_checkpoint(std::int64_t t) {
    const std::int64_t index = std::min<std::int64_t>(t / kInterval, std::ssize(checkpoints_) - 1);
    if (step_ <= t && step_ >= index * kInterval) return;
    product_ = checkpoints_[static_cast<std::size_t>(index)];
    step_ = index * kInterval;
  }

  const Factor factor_;
  std::mutex mutex_;
  std::vector<double> checkpoints_{1.0};
  std::int64_t step_ = 0;
  double product_ = 1.0;
};

}  // namespace

Schedule lambda(Factor factor) {
  const Caller caller = caller_of("lambda");
  require_callable(factor, caller);
  return {"lambda(f)",
          [factor = std::move(factor)](std::int64_t t, double base) { return base * factor(t); }};
}

Schedule multiplicative(Factor factor) {
  const Caller caller = caller_of("multiplicative");
  require_callable(factor, caller);
  const auto product = std::make_shared<RunningProduct>(std::move(factor));
  return {"multiplicative(f)",
          [product](std::int64_t t, double base) { return base * product->at(t); }};
}

}  // namespace kindling::schedulers
