// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>

#include <clocale>
#include <locale>
#include <string>

namespace kindling::test {

/// While it lives, the program's locale groups digits and writes a decimal comma: 1.234,5. C's
/// locale does too, where the system has a German one.
class ForeignLocale {
 public:
  ForeignLocale()
      : c_(std::setlocale(LC_ALL, nullptr)),
        cpp_(std::locale::global(std::locale(std::locale::classic(), new Punctuation))) {
    for (const char* name : {"de_DE.UTF-8", "de_DE.utf8", "de_DE"}) {
      if (std::setlocale(LC_ALL, name) != nullptr) return;
    }
  }
  ~ForeignLocale() {
    std::locale::global(cpp_);
    std::setlocale(LC_ALL, c_.c_str());
  }
  ForeignLocale(const ForeignLocale&) = delete;
  ForeignLocale& operator=(const ForeignLocale&) = delete;

 private:
  struct Punctuation : std::numpunct<char> {
    char do_decimal_point() const override { return ','; }
    char do_thousands_sep() const override { return '.'; }
    std::string do_grouping() const override { return "\3"; }
  };

  std::string c_;
  std::locale cpp_;
};

/// What `text()` gives must be the same under a foreign locale.
template <class Text>
void expect_locale_free(const Text& text) {
  const auto expected = text();
  const ForeignLocale foreign;
  EXPECT_EQ(text(), expected);
}

}  // namespace kindling::test
