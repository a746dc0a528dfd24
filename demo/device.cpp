// SPDX-License-Identifier: MIT
#include "demo/device.h"

#include <kindling/kindling.h>

#include "demo/number.h"

#include <cmath>

namespace kindling::demo {

Device parse_device(const std::string& name) {
  if (name == "cpu") return Device::cpu();
  if (name == "cuda") return Device::cuda();
  if (name == "auto") return cuda::is_available() ? Device::cuda() : Device::cpu();
  const std::string prefix = "cuda:";
  if (name.starts_with(prefix)) {
    const auto index = parse_number(name.substr(prefix.size()));
    if (index && *index >= 0 && *index < 64 && *index == std::floor(*index)) {
      return Device::cuda(static_cast<int>(*index));
    }
  }
  throw ValueError(message("device: '", name, "' is unknown: expected auto, cpu, cuda or cuda:N"));
}

}  // namespace kindling::demo
