// SPDX-License-Identifier: MIT
#pragma once

#include "tests/emulator/streams/schedule.h"

namespace emulator {

struct Event {
  unsigned flags = 0;
  OperationPtr operation;            // its last record; nullptr: never recorded
  std::shared_ptr<double> recorded;  // milliseconds, once that has run
  std::uint64_t capture = 0;         // of a record that was captured, else 0
  std::vector<Node*> tips;           // what that record comes after
};

/// cudaEventRecord outside graphs, or in a capture.
cudaError_t record(Event& event, Stream& stream);

}  // namespace emulator
