// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

namespace kindling::demo {

/// A curve through the points (x[i], y[i]), x ascending. A point that is not finite leaves a gap.
struct Series {
  std::string name = {};  ///< for the legend; empty for none
  std::vector<double> x = {}, y = {};
  int colour = 0;       ///< index into a palette that colour-blind readers can tell apart
  bool faint = false;   ///< in the background: the noisy values behind their mean
  bool filled = false;  ///< shaded down to the lower edge of the panel
  bool dotted = false;  ///< a dot on every point
};

enum class Scale {
  linear,     ///< the values as they are
  from_zero,  ///< linear, and 0 is on the axis
  automatic,  ///< logarithmic for positive values that span more than a decade, else linear
};

/// Curves over one vertical axis.
struct Panel {
  std::string title;
  std::vector<Series> series;
  Scale scale = Scale::linear;
};

/// Panels, one above the other, over one horizontal axis.
struct Figure {
  std::string title;
  std::string subtitle;
  std::string x_label;
  std::vector<Panel> panels;
  bool logarithmic_x = false;
};

/// A part of a page.
struct Drawing {
  std::string svg;
  double bottom;  ///< where it ends
};

/// The panels and their axis, from `top` downwards. ValueError for a panel without a finite point.
Drawing draw_panels(const Figure& figure, double top);

/// The figure as an SVG document, 880 units wide. ValueError for a panel without a finite point.
std::string render_svg(const Figure& figure);

/// `values` smoothed by an exponential mean over about `span` of them to either side.
std::vector<double> smoothed(const std::vector<double>& values, double span);

}  // namespace kindling::demo
