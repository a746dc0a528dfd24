// SPDX-License-Identifier: MIT
#include <kindling/core/capture.h>
#include <kindling/core/command.h>
#include <kindling/core/recorder.h>

namespace kindling::detail {

struct StepCapture::State {
  Function function;
  std::unique_ptr<Recording> recording;  // since the first step
  std::vector<Tensor> results;
  std::int64_t steps = 0;
};

StepCapture::StepCapture(Function function) : state_(new State{std::move(function), {}, {}}) {}
StepCapture::StepCapture(StepCapture&&) noexcept = default;
StepCapture& StepCapture::operator=(StepCapture&&) noexcept = default;
StepCapture::~StepCapture() = default;

StepCapture::State& StepCapture::state() const {
  if (state_) return *state_;
  throw ValueError("CapturedStep: this one was moved from: use the one that it was moved to");
}

namespace {

// What the history shows of the results.
Tensor shown(const std::vector<Tensor>& results) {
  if (results.empty() || !results.front().defined() || results.front().numel() != 1) return {};
  return results.front();
}

}  // namespace

void StepCapture::run(std::int64_t steps) {
  State& state = this->state();
  if (steps < 0) {
    throw ValueError(message("CapturedStep: ", steps, " steps: must not be negative"));
  }
  if (steps == 0) return;
  if (recorder != nullptr) {
    throw CaptureError(
        "CapturedStep: a captured step inside another: call the function itself there");
  }
  if (!state.recording) {
    Recorder recorder_of_this;
    std::vector<Tensor> results = state.function();
    state.recording = recorder_of_this.finish(shown(results));
    state.results = std::move(results);
    ++state.steps;
    --steps;
  }
  while (steps > 0) {
    const std::int64_t made = state.recording->replay(steps);
    state.steps += made;
    steps -= made;
  }
}

const std::vector<Tensor>& StepCapture::results() const {
  const State& state = this->state();
  if (state.recording) return state.results;
  throw ValueError("CapturedStep: result: no step was made yet: call it first");
}

std::int64_t StepCapture::steps() const { return state().steps; }

std::vector<StepEntry> StepCapture::history() const {
  const State& state = this->state();
  std::vector<StepEntry> entries;
  if (!state.recording) return entries;
  const std::vector<kernels::HistoryEntry> last = state.recording->last_steps();
  std::int64_t step = state.steps - static_cast<std::int64_t>(last.size());
  for (const kernels::HistoryEntry& entry : last)
    entries.push_back({step++, entry.value, entry.lr});
  return entries;
}

std::int64_t StepCapture::command_count() const {
  const State& state = this->state();
  return state.recording ? static_cast<std::int64_t>(state.recording->commands().size()) : 0;
}

}  // namespace kindling::detail
