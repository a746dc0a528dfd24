// SPDX-License-Identifier: MIT
#include <kindling/core/autograd.h>
#include <kindling/optim/group.h>

#include <algorithm>
#include <utility>

namespace kindling::detail {
namespace {

constexpr std::int64_t kParameterAlignment = 64;  // bytes
// Arenas that are walked together start at different offsets modulo 4 KiB: equal ones make loads
// and stores wait for each other (measured).
constexpr std::int64_t kArenaStagger = 768;  // bytes; keeps 256-byte alignment

static_assert(sizeof(math::GroupRecord) % sizeof(double) == 0);

std::int64_t padded(std::int64_t numel, DType dtype) {
  const std::int64_t unit = kParameterAlignment / size_of(dtype);
  return (numel + unit - 1) / unit * unit;
}

// True when this gradient can be moved into an arena as it is, so that handles on it follow.
bool is_movable(const TensorImpl& gradient, const TensorImpl& parameter) {
  const Storage& storage = *gradient.storage;
  return storage.dtype == parameter.storage->dtype && storage.device == parameter.storage->device &&
         gradient.offset == 0 && gradient.numel == parameter.numel &&
         storage.numel == gradient.numel;
}

}  // namespace

Group::Group(const UpdateRule& rule, const std::vector<Tensor>& tensors,
             const GroupSettings& values)
    : settings(values),
      base_lr(values.lr.value),
      rule_(&rule),
      backend_(&backend_of(tensors.front().device())),
      device_(tensors.front().device()),
      dtype_(tensors.front().dtype()) {
  for (const Tensor& tensor : tensors) {
    parameters.push_back({.impl = Intrusive<TensorImpl>(tensor.impl()), .offset = numel_});
    numel_ += padded(tensor.numel(), dtype_);
  }
  parameters_ = make_arena(0);
  gradients_ = make_arena(1);
  add_buffers(settings);
  for (GroupParameter& parameter : parameters) {
    const TensorImpl& impl = *parameter.impl;
    if (impl.grad && is_movable(*impl.grad, impl)) {
      parameter.gradient = impl.grad;
    } else {
      parameter.gradient = TensorImpl::make(
          Storage::within(gradients_.memory, gradients_.start + parameter.offset, impl.numel), 0,
          impl.shape);
    }
  }
  const std::size_t count = parameters.size();
  records_ = Storage::allocate(
      static_cast<std::int64_t>(count * sizeof(math::GroupRecord) / sizeof(double)), DType::float64,
      device_);
  cohorts_.reserve(count);
  ranges.reserve(count);
}

Arena Group::make_arena(std::size_t index) const {
  Arena arena;
  arena.start = static_cast<std::int64_t>(index) * kArenaStagger / size_of(dtype_);
  arena.memory = Storage::allocate(arena.start + numel_, dtype_, device_);
  issue(*backend_, kernels::Fill{{arena.memory->data, arena.memory->numel, dtype_}, 0});
  return arena;
}

void Group::adopt(std::uint64_t optimizer) {
  for (GroupParameter& parameter : parameters) {
    TensorImpl& impl = *parameter.impl;
    impl.storage->move_into(parameters_.memory, parameters_.start + parameter.offset);
    impl.storage->optimizer = optimizer;
    if (impl.grad == parameter.gradient) {
      impl.grad->storage->move_into(gradients_.memory, gradients_.start + parameter.offset);
    } else {
      impl.grad = parameter.gradient;
      impl.grad_defined = false;
    }
  }
  issue(*backend_, kernels::WriteRecord{record(0), nullptr, settings, /*keep_updates=*/false});
}

bool Group::add_buffers(const GroupSettings& for_settings) {
  bool restart = false;
  for (std::size_t b = 0; b < rule_->buffers.size(); ++b) {
    if (buffers[b].exists() || !rule_->uses_buffer(for_settings, b)) continue;
    buffers[b] = make_buffer(b);
    restart = rule_->first_update_fills_buffers;
  }
  return restart;
}

void Group::part_records() {
  cohorts_.assign(record_count_, Cohort{});
  for (const GroupParameter& parameter : parameters) {
    Cohort& cohort = cohorts_[parameter.record];
    (parameter.impl->grad_defined ? cohort.with_gradient : cohort.without_gradient) = true;
  }
  for (std::size_t i = 0; i < cohorts_.size(); ++i) {
    cohorts_[i].successor = i;
    if (!cohorts_[i].with_gradient || !cohorts_[i].without_gradient) continue;
    cohorts_[i].successor = record_count_++;
    issue(*backend_, kernels::WriteRecord{record(cohorts_[i].successor), record(i), settings,
                                          /*keep_updates=*/false});
  }
  for (GroupParameter& parameter : parameters) {
    if (parameter.impl->grad_defined) parameter.record = cohorts_[parameter.record].successor;
  }
}

void Group::make_ranges() {
  part_records();
  ranges.clear();
  bool previous_has_gradient = false;
  for (GroupParameter& parameter : parameters) {
    parameter.has_gradient = parameter.impl->grad_defined;
    if (parameter.has_gradient) {
      const std::int64_t numel = padded(parameter.impl->numel, dtype_);
      if (previous_has_gradient && ranges.back().record == parameter.record) {
        ranges.back().numel += numel;
      } else {
        ranges.push_back({.offset = parameter.offset, .numel = numel, .record = parameter.record});
      }
    }
    previous_has_gradient = parameter.has_gradient;
  }
  cohorts_.assign(record_count_, Cohort{});
  for (std::size_t i = ranges.size(); i-- > 0;) {
    ranges[i].advance = !std::exchange(cohorts_[ranges[i].record].with_gradient, true);
  }
}

void Group::issue_update() {
  for (const GroupRange& range : ranges) {
    RangeViews views{parameters_.view(range.offset, range.numel), gradient_view(range), {}};
    for (std::size_t b = 0; b < rule_->buffers.size(); ++b) {
      if (rule_->uses_buffer(settings, b))
        views.buffers[b] = buffers[b].view(range.offset, range.numel);
    }
    rule_->issue(*backend_, views, record(range.record), range.advance);
  }
  for (const GroupParameter& parameter : parameters) {
    if (parameter.has_gradient) ++parameter.impl->storage->version;
  }
}

void Group::write_settings(bool restart) {
  settings.updates = 0;
  for (std::size_t i = 0; i < record_count_; ++i) {
    issue(*backend_, kernels::WriteRecord{record(i), nullptr, settings, /*keep_updates=*/!restart});
  }
}

void Group::follow_first_record() {
  for (std::size_t i = 1; i < record_count_; ++i) {
    issue(*backend_, kernels::WriteRecord{record(i), record(0), settings, /*keep_updates=*/true});
  }
}

void Group::set_updates(const std::vector<std::int64_t>& updates) {
  std::vector<std::int64_t> distinct;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const auto found = std::find(distinct.begin(), distinct.end(), updates[i]);
    parameters[i].record = static_cast<std::size_t>(found - distinct.begin());
    if (found == distinct.end()) distinct.push_back(updates[i]);
  }
  record_count_ = distinct.size();
  for (std::size_t i = 0; i < record_count_; ++i) {
    settings.updates = distinct[i];
    issue(*backend_, kernels::WriteRecord{record(i), nullptr, settings, /*keep_updates=*/false});
  }
}

std::vector<std::int64_t> Group::updates() const {
  std::vector<math::GroupRecord> records(record_count_);
  backend_->download(records.data(), record(0), record_count_ * sizeof(math::GroupRecord));
  std::vector<std::int64_t> counts;
  for (const GroupParameter& parameter : parameters) {
    counts.push_back(records[parameter.record].updates);
  }
  return counts;
}

void Group::fetch_settings() {
  math::GroupRecord values;
  backend_->download(&values, record(0), sizeof values);
  static_cast<math::GroupRecord&>(settings) = values;
}

std::vector<Tensor> Group::tensors() const {
  std::vector<Tensor> handles;
  for (const GroupParameter& parameter : parameters) handles.emplace_back(parameter.impl);
  return handles;
}

}  // namespace kindling::detail
