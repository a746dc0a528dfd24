// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/error.h>

#include <gtest/gtest.h>

#include <string>
#include <typeinfo>

namespace kindling::test {

/// The call must throw exactly an E with exactly this text.
template <class E, class F>
void expect_error(const std::string& text, F&& call) {
  try {
    (void)call();
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()), text);
    EXPECT_TRUE(typeid(error) == typeid(E)) << "another type of error: " << error.what();
    return;
  }
  ADD_FAILURE() << "nothing was thrown; expected: " << text;
}

/// What every op says of a default-constructed or moved-from tensor.
inline std::string undefined(const std::string& op) {
  return op +
         ": undefined tensor: it was default-constructed or moved from, or is the grad() of a "
         "tensor "
         "that no backward has reached";
}

}  // namespace kindling::test
