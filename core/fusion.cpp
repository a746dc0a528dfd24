// SPDX-License-Identifier: MIT
#include <kindling/core/fusion.h>

namespace kindling::detail {
namespace {

using kernels::AdvanceSchedule;
using kernels::AppendHistory;
using kernels::ClipGradNorm;
using kernels::FindNonfinite;
using kernels::RecordedCommand;
using kernels::Update;
using Commands = std::vector<RecordedCommand>;

template <class Command>
Command* as(const RecordedCommand& command) {
  return command.kind == kernels::kKind<Command> ? static_cast<Command*>(command.arguments)
                                                 : nullptr;
}

// True for the commands of an optimizer's step, clipping included.
bool belongs_to_an_update(const RecordedCommand& command) {
  return as<Update>(command) != nullptr || as<AdvanceSchedule>(command) != nullptr ||
         as<ClipGradNorm>(command) != nullptr || as<FindNonfinite>(command) != nullptr;
}

const char* end_of(const View& view) {
  return static_cast<const char*>(view.data) + view.numel * size_of(view.dtype);
}

// The pieces of memory that an update takes its gradients from, neighbours as one.
std::vector<View> gradients_of(const Update& update) {
  std::vector<View> pieces;
  for (std::int64_t i = 0; i < update.count; ++i) {
    const View& gradient = update.ranges_on_host[i].gradient;
    if (!pieces.empty() && end_of(pieces.back()) == gradient.data)
      pieces.back().numel += gradient.numel;
    else
      pieces.push_back(gradient);
  }
  return pieces;
}

// An update scales all gradients that it uses, so they have to be just the clipped ones. A clipped
// piece ends with its last parameter, an updated one with the padding behind it.
bool clips_what_is_updated(const ClipGradNorm& clip, const Update& update) {
  if (!clip.sums || !clip.scales || clip.accumulate || update.clip_total != nullptr) return false;
  const std::vector<View> pieces = gradients_of(update);
  if (pieces.size() != static_cast<std::size_t>(clip.count)) return false;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const View& clipped = clip.gradients[i];
    if (pieces[i].data != clipped.data || pieces[i].dtype != clipped.dtype ||
        pieces[i].numel != kernels::padded_numel(clipped.numel, clipped.dtype))
      return false;
  }
  return true;
}

void fold_clip(Commands& commands, std::size_t i) {
  auto* clip = as<ClipGradNorm>(commands[i]);
  std::size_t next = i + 1;  // the entry of the history is there at the latest
  if (as<FindNonfinite>(commands[next]) != nullptr) ++next;
  auto* update = as<Update>(commands[next]);
  if (update == nullptr || !clips_what_is_updated(*clip, *update)) return;
  clip->scales = false;
  update->clip_total = static_cast<const double*>(clip->total.data);
  update->max_norm = clip->max_norm;
}

// The update of the same optimizer before command i, if only other optimizers' work lies between.
Update* update_before(const Commands& commands, std::size_t i, const AdvanceSchedule& schedule) {
  while (i-- > 0) {
    if (!belongs_to_an_update(commands[i])) return nullptr;
    auto* update = as<Update>(commands[i]);
    if (update == nullptr || update->records != schedule.records) continue;
    return update->schedule.clock == nullptr ? update : nullptr;
  }
  return nullptr;
}

// The learning rate is that of the update; the value may be written after it.
void fold_history(Commands& commands) {
  auto* entry = as<AppendHistory>(commands.back());
  if (entry->record == nullptr) return;
  bool value_is_there = true;
  for (std::size_t i = commands.size() - 1; i-- > 0;) {
    if (auto* update = as<Update>(commands[i])) {
      update->history = *entry;
      if (value_is_there) return commands.pop_back();
      update->history.value = {};
      update->history.last = false;
      entry->record = nullptr;
      return;
    }
    // A clip writes the norm, which may be the value.
    value_is_there &= belongs_to_an_update(commands[i]) && as<ClipGradNorm>(commands[i]) == nullptr;
  }
}

}  // namespace

Commands fuse(Commands commands) {
  for (std::size_t i = 0; i < commands.size(); ++i) {
    if (as<ClipGradNorm>(commands[i]) != nullptr) fold_clip(commands, i);
  }
  Commands left;
  for (const RecordedCommand& command : commands) {
    left.push_back(command);
    const auto* schedule = as<AdvanceSchedule>(command);
    if (schedule == nullptr) continue;
    if (Update* update = update_before(left, left.size() - 1, *schedule)) {
      update->schedule = *schedule;
      left.pop_back();
    }
  }
  fold_history(left);
  return left;
}

}  // namespace kindling::detail
