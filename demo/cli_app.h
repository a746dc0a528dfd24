// SPDX-License-Identifier: MIT
#pragma once

/// CLI11's class, by its name alone: a compiler takes seconds to read CLI11's header.
namespace CLI {  // NOLINT(readability-identifier-naming)
class App;
}
