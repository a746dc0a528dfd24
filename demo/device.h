// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/device.h>

#include <string>

namespace kindling::demo {

/// "cpu", "cuda", "cuda:1", or "auto": CUDA where there is a device, else the CPU. ValueError for
/// another name.
Device parse_device(const std::string& name);

}  // namespace kindling::demo
