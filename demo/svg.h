// SPDX-License-Identifier: MIT
#pragma once

#include <string>

// The parts that drawings are made of: lengths in SVG user units, y downwards.
namespace kindling::demo::svg {

inline constexpr double kWidth = 880, kLeft = 76, kRight = 32;
inline constexpr double kHeader = 76;      ///< title and subtitle
inline constexpr double kPanelTitle = 34;  ///< above each panel
inline constexpr double kPlotWidth = kWidth - kLeft - kRight;

/// Text for XML.
std::string escaped(const std::string& text);

/// A length with one decimal, without a trailing ".0".
std::string length(double value);

/// Text in one of the page's styles: title, subtitle, panel, legend, x (centred), y (right)
/// or x light, which is white.
std::string text_at(double x, double y, const char* style, const std::string& text);

/// A line in one of the page's styles: grid, minor, axis.
std::string line(const char* style, double x1, double y1, double x2, double y2);

/// The document that shows `drawing` under a title and a subtitle.
std::string page(const std::string& title, const std::string& subtitle, const std::string& drawing,
                 double height);

}  // namespace kindling::demo::svg
