// SPDX-License-Identifier: MIT
#include "demo/svg.h"

#include <kindling/core/error.h>

#include "demo/number.h"

namespace kindling::demo::svg {
namespace {

constexpr const char* kStyle = R"(<style>
text { font-family: Inter, "Helvetica Neue", "Segoe UI", Helvetica, Arial, "DejaVu Sans", sans-serif; fill: #57606a; font-size: 12px }
.title { font-size: 18px; font-weight: 600; fill: #1f2328 }
.subtitle { font-size: 13px }
.panel { font-size: 13px; font-weight: 600; fill: #1f2328 }
.y { text-anchor: end }
.x { text-anchor: middle }
.light { fill: #ffffff }
.grid { stroke: #e6e8eb; stroke-width: 1 }
.minor { stroke: #f1f2f4; stroke-width: 1 }
.axis { stroke: #8c959f; stroke-width: 1.2 }
.curve { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round }
.faint { fill: none; stroke-width: 1; stroke-opacity: 0.3; stroke-linejoin: round }
.area { fill-opacity: 0.1 }
.key { stroke-width: 2; stroke-linecap: round }
</style>
)";

}  // namespace

std::string escaped(const std::string& text) {
  std::string result;
  for (const char c : text) {
    switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      // XML knows no other control characters, not even escaped.
      default:
        result += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
  }
  return result;
}

std::string length(double value) {
  std::string text = format_fixed(value, 1);
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  return text == "-0" ? "0" : text;
}

std::string text_at(double x, double y, const char* style, const std::string& text) {
  return message("<text class=\"", style, "\" x=\"", length(x), "\" y=\"", length(y), "\">",
                 escaped(text), "</text>\n");
}

std::string line(const char* style, double x1, double y1, double x2, double y2) {
  return message("<line class=\"", style, "\" x1=\"", length(x1), "\" y1=\"", length(y1),
                 "\" x2=\"", length(x2), "\" y2=\"", length(y2), "\"/>\n");
}

std::string page(const std::string& title, const std::string& subtitle, const std::string& drawing,
                 double height) {
  return message("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 ", kWidth, ' ', height,
                 "\" width=\"", kWidth, "\" height=\"", height, "\" role=\"img\">\n<title>",
                 escaped(title), "</title>\n", kStyle,
                 "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n",
                 text_at(kLeft, 36, "title", title), text_at(kLeft, 57, "subtitle", subtitle),
                 drawing, "</svg>\n");
}

}  // namespace kindling::demo::svg
