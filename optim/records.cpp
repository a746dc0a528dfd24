// SPDX-License-Identifier: MIT
#include <kindling/optim/records.h>

namespace kindling::detail {

static_assert(sizeof(math::GroupRecord) % sizeof(double) == 0);

Records::Records(Device device, std::size_t capacity, const Records* earlier)
    : memory_(Storage::allocate(
          static_cast<std::int64_t>(capacity * sizeof(math::GroupRecord) / sizeof(double)),
          DType::float64, device)) {
  groups_.reserve(capacity);
  std::vector<math::GroupRecord> values;
  if (earlier != nullptr) {
    groups_.assign(earlier->groups_.begin(), earlier->groups_.end());
    values = earlier->fetch();
  }
  values.resize(capacity);  // no record is undefined, even where it has no owner yet
  backend().upload(memory_->data, values.data(), values.size() * sizeof(math::GroupRecord));
}

std::size_t Records::add(std::size_t group) {
  groups_.push_back(group);
  return groups_.size() - 1;
}

std::size_t Records::part(std::size_t record) {
  const std::size_t made = add(groups_[record]);
  const RecordingPause once;  // not in every step
  issue(backend(), kernels::WriteRecord{.record = data() + made, .source = data() + record});
  return made;
}

void Records::write_one(std::size_t record, const math::HyperParameters& values,
                        std::int64_t updates) const {
  issue(backend(), kernels::WriteRecord{.record = data() + record,
                                        .values = values,
                                        .group = static_cast<std::int64_t>(groups_[record]),
                                        .updates = updates});
}

void Records::write(std::size_t group, const math::HyperParameters& values) const {
  for (std::size_t i = 0; i < groups_.size(); ++i) {
    if (groups_[i] == group) write_one(i, values, -1);
  }
}

std::vector<math::GroupRecord> Records::fetch() const {
  std::vector<math::GroupRecord> values(groups_.size());
  backend().download(values.data(), memory_->data, values.size() * sizeof(math::GroupRecord));
  return values;
}

}  // namespace kindling::detail
