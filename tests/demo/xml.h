// SPDX-License-Identifier: MIT
#pragma once

#include <cctype>
#include <regex>
#include <string>
#include <vector>

namespace kindling::test {

/// What makes `text` no well-formed XML document of elements, attributes and text; empty when
/// nothing does.
inline std::string xml_mistake(const std::string& text) {
  static const std::regex tag(R"re(<(/?)([A-Za-z][\w-]*)((?:\s+[\w:-]+="[^"<]*")*)\s*(/?)>)re");
  static const std::regex bad_text(
      R"(<|&(?!(?:amp|lt|gt|quot|#\d+);)|[\x00-\x08\x0b\x0c\x0e-\x1f])");
  std::vector<std::string> open;
  int roots = 0;
  std::string between;
  auto at = text.cbegin();
  for (std::sregex_iterator match(text.begin(), text.end(), tag), end; match != end; ++match) {
    between.assign(at, (*match)[0].first);
    between += (*match)[3].str();
    if (std::regex_search(between, bad_text)) return "stray character in: " + between;
    at = (*match)[0].second;
    const std::string name = (*match)[2];
    if ((*match)[1].length() > 0) {
      if (open.empty() || open.back() != name) return "unexpected </" + name + ">";
      open.pop_back();
    } else {
      if (open.empty()) ++roots;
      if ((*match)[4].length() == 0) open.push_back(name);
    }
  }
  if (!open.empty()) return "unclosed <" + open.back() + ">";
  return roots == 1 ? "" : "not exactly one root element";
}

}  // namespace kindling::test
