// SPDX-License-Identifier: MIT
#include "demo/task.h"

#include "demo/number.h"

namespace kindling::demo {

std::string sizes(const Split& parts) {
  return message(counted(parts.train.rows()), " rows to train on, ", counted(parts.test.rows()),
                 " to test with, ", parts.train.width(), " features");
}

}  // namespace kindling::demo
