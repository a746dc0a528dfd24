// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

/// What is fed with bytes of any kind: by libFuzzer (fuzz_safetensors, fuzz_state_dict; the preset
/// `fuzz`), and by the unit tests.
namespace kindling::test {

/// Reads them as the header of a file whose tensors have as many bytes as that says. Aborts unless
/// it is refused or well-formed; true in the latter case.
bool feed_safetensors(std::string_view bytes);

/// Loads them as the file of a whole run. Aborts unless all of it or nothing has changed; true in
/// the former case.
bool feed_state_dict(std::string_view bytes);

/// A file that feed_state_dict() loads.
std::string whole_state_dict();

}  // namespace kindling::test
