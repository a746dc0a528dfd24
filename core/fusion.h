// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/kernels/backend.h>

#include <vector>

namespace kindling::detail {

/// Makes one command of those that the update kernels can do on their way: the scaling of clipped
/// gradients before an update, the schedule's step and the history's entry after it, which is the
/// last of them. Their arguments change in place; the results are the same bit for bit.
std::vector<kernels::RecordedCommand> fuse(std::vector<kernels::RecordedCommand> commands);

}  // namespace kindling::detail
