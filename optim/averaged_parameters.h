// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/state_dict.h>
#include <kindling/core/tensor.h>

#include <cstdint>
#include <vector>

namespace kindling::optim {

struct AveragedParametersOptions {
  double decay = 0.999;  // of the average, in [0, 1); ignored where `equal`
  bool equal = false;  // the mean of all values so far instead (Izmailov et al., arXiv:1803.05407)
};

/// Averages of parameters over training, which often generalise better than the last values: an
/// exponential one, a = decay a + (1 - decay) p, from the values at its making on (Polyak &
/// Juditsky 1992), or an equal one.
///
///     optim::AveragedParameters average(model.parameters(), {.decay = 0.999});
///     ... optimizer.step(); average.update();   // after each step; a part of a captured one
///     average.swap();                           // the model has the averages: evaluate, save
///     average.swap();                           // and its own values again
///
/// Not copyable. Its state is saved and loaded as an optimizer's is.
class KINDLING_API AveragedParameters {
 public:
  /// ValueError for a decay out of range, and where there are no parameters.
  explicit AveragedParameters(std::vector<Tensor> params,
                              const AveragedParametersOptions& options = {});
  AveragedParameters(const AveragedParameters&) = delete;
  AveragedParameters& operator=(const AveragedParameters&) = delete;

  /// Takes in the parameters as they are. An equal average depends on a count of the host and is no
  /// part of a captured step (CaptureError). ValueError while swapped.
  void update();
  /// Exchanges the values of parameters and averages; in between neither update(), state_dict() nor
  /// an optimizer's step() is to be called (the first two are a ValueError), and no step captured.
  void swap();
  /// The averages, in the order of the parameters.
  const std::vector<Tensor>& averages() const noexcept { return averages_; }

  StateDict state_dict() const;
  void load_state_dict(const StateDict& state) { prepare_load(state)(); }
  /// How load() begins, and the entries' prefix; see core/save.h.
  detail::TakeOver prepare_load(const StateDict& state);
  static constexpr const char* kStateKind = "average";

 private:
  std::vector<Tensor> params_;
  std::vector<Tensor> averages_;
  AveragedParametersOptions options_;
  std::int64_t updates_ = 0;  // of an equal average
  bool swapped_ = false;
};

}  // namespace kindling::optim
