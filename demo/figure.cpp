// SPDX-License-Identifier: MIT
#include "demo/figure.h"

#include <kindling/core/error.h>

#include "demo/axis.h"
#include "demo/number.h"
#include "demo/outline.h"
#include "demo/svg.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace kindling::demo {
namespace {

using namespace svg;

constexpr double kPanelHeight = 204, kSinglePanelHeight = 268;
constexpr double kPanelGap = 18;
constexpr double kFooter = 62;           // labels of the x axis
constexpr double kCharacterWidth = 6.7;  // of the legend's font, on the wide side
constexpr double kCurveTolerance = 0.1;  // how far a drawn curve may be off

// Okabe and Ito's palette, dark ones first.
constexpr std::array kPalette = {"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"};

const char* colour_of(const Series& series) {
  return kPalette[static_cast<std::size_t>(series.colour) % kPalette.size()];
}

struct Range {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();

  void include(double value) {
    if (!std::isfinite(value)) return;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  bool empty() const { return low > high; }
};

// Draws panels into a document; x and y are SVG units, y downwards.
class Painter {
 public:
  Painter(const Figure& figure, const Axis& x_axis) : figure_(figure), x_axis_(x_axis) {}

  void panel(const Panel& panel, double top, double height) {
    const Axis y_axis = vertical_axis(panel);
    const double bottom = top + height;
    const auto y_of = [&](double value) { return bottom - y_axis.position(value) * height; };

    svg_ += text_at(kLeft, top - 12, "panel", panel.title);
    legend(panel, top - 12);
    for (const Tick& tick : y_axis.ticks()) {
      const double y = y_of(tick.value);
      svg_ += line(tick.label.empty() ? "minor" : "grid", kLeft, y, kLeft + kPlotWidth, y);
      if (!tick.label.empty()) svg_ += text_at(kLeft - 10, y + 4, "y", tick.label);
    }
    for (const Tick& tick : x_axis_.ticks())
      svg_ += line("grid", x_of(tick.value), top, x_of(tick.value), bottom);
    for (const Series& series : panel.series) curve(series, bottom, y_of);
    svg_ += line("axis", kLeft, bottom, kLeft + kPlotWidth, bottom);
  }

  void horizontal_axis(double top) {
    for (const Tick& tick : x_axis_.ticks()) {
      svg_ += line("axis", x_of(tick.value), top, x_of(tick.value), top + 5);
      svg_ += text_at(x_of(tick.value), top + 20, "x", tick.label);
    }
    svg_ += text_at(kLeft + kPlotWidth / 2, top + 42, "x", figure_.x_label);
  }

  const std::string& drawing() const { return svg_; }

 private:
  double x_of(double value) const { return kLeft + x_axis_.position(value) * kPlotWidth; }

  static Axis vertical_axis(const Panel& panel) {
    Range range;
    for (const Series& series : panel.series) {
      for (const double value : series.y) range.include(value);
    }
    if (range.empty())
      throw ValueError(message("plot: panel '", panel.title, "' has no finite value to draw"));
    if (panel.scale == Scale::automatic && range.low > 0.0 && range.high / range.low > 10.0) {
      return Axis::logarithmic(range.low / 1.1, range.high * 1.1);
    }
    if (panel.scale == Scale::from_zero) range.include(0.0);
    return Axis::linear_rounded(range.low, range.high, 4);
  }

  // Right-aligned: a short stroke and a name for each series that has one.
  void legend(const Panel& panel, double baseline) {
    double x = kLeft + kPlotWidth;
    for (auto series = panel.series.rbegin(); series != panel.series.rend(); ++series) {
      if (series->name.empty()) continue;
      x -= static_cast<double>(series->name.size()) * kCharacterWidth;
      svg_ += text_at(x, baseline, "legend", series->name);
      svg_ += message("<line class=\"key\" stroke-opacity=\"", series->faint ? 0.4 : 1.0,
                      "\" stroke=\"", colour_of(*series), "\" x1=\"", length(x - 26), "\" y1=\"",
                      length(baseline - 4), "\" x2=\"", length(x - 8), "\" y2=\"",
                      length(baseline - 4), "\"/>\n");
      x -= 46;
    }
  }

  template <class YOf>
  void curve(const Series& series, double bottom, const YOf& y_of) {
    std::vector<Point> run;
    const auto finish_run = [&] {
      if (!run.empty()) polyline(series, simplified(run, kCurveTolerance), bottom);
      run.clear();
    };
    for (std::size_t i = 0; i < series.x.size(); ++i) {
      if (std::isfinite(series.y[i])) {
        run.push_back({x_of(series.x[i]), y_of(series.y[i])});
      } else {
        finish_run();
      }
    }
    finish_run();
    for (std::size_t i = 0; series.dotted && i < series.x.size(); ++i) {
      if (std::isfinite(series.y[i])) dot(series, x_of(series.x[i]), y_of(series.y[i]));
    }
  }

  void dot(const Series& series, double x, double y) {
    svg_ += message("<circle r=\"3.2\" fill=\"", colour_of(series), "\" cx=\"", length(x),
                    "\" cy=\"", length(y), "\"/>\n");
  }

  void polyline(const Series& series, const std::vector<Point>& points, double bottom) {
    std::string path = "M";
    for (const Point& point : points) path += length(point.x) + ',' + length(point.y) + ' ';
    if (points.size() == 1) path += "h0 ";  // a dot, by the round line cap
    path.pop_back();
    if (series.filled) {
      svg_ += message("<path class=\"area\" fill=\"", colour_of(series), "\" d=\"", path, " V",
                      length(bottom), " H", length(points.front().x), "Z\"/>\n");
    }
    svg_ += message("<path class=\"", series.faint ? "faint" : "curve", "\" stroke=\"",
                    colour_of(series), "\" d=\"", path, "\"/>\n");
  }

  const Figure& figure_;
  const Axis& x_axis_;
  std::string svg_;
};

// An exponential mean over about `span` values, free of a bias at the start.
std::vector<double> running_mean(const std::vector<double>& values, double span) {
  const double keep = 1.0 - 1.0 / std::max(1.0, span);
  double mean = 0.0;
  double weight = 0.0;
  std::vector<double> result;
  for (const double value : values) {
    mean = keep * mean + (1.0 - keep) * value;
    weight = keep * weight + (1.0 - keep);
    result.push_back(mean / weight);
  }
  return result;
}

}  // namespace

Drawing draw_panels(const Figure& figure, double top) {
  Range range;
  for (const Panel& panel : figure.panels) {
    for (const Series& series : panel.series) {
      for (const double value : series.x) range.include(value);
    }
  }
  if (range.empty()) throw ValueError("plot: there is nothing to draw");
  const Axis x_axis = figure.logarithmic_x ? Axis::logarithmic(range.low, range.high)
                                           : Axis::linear(range.low, range.high, 8);
  const double panel_height = figure.panels.size() == 1 ? kSinglePanelHeight : kPanelHeight;
  Painter painter(figure, x_axis);
  for (const Panel& panel : figure.panels) {
    painter.panel(panel, top + kPanelTitle, panel_height);
    top += kPanelTitle + panel_height + kPanelGap;
  }
  painter.horizontal_axis(top - kPanelGap);
  return {painter.drawing(), top - kPanelGap + kFooter};
}

std::string render_svg(const Figure& figure) {
  const Drawing drawing = draw_panels(figure, kHeader);
  return page(figure.title, figure.subtitle, drawing.svg, drawing.bottom);
}

std::vector<double> smoothed(const std::vector<double>& values, double span) {
  // The mean of the values behind lags, that of the values ahead hurries by as much.
  std::vector<double> mean = running_mean(values, span);
  std::vector<double> ahead = running_mean({values.rbegin(), values.rend()}, span);
  std::reverse(ahead.begin(), ahead.end());
  for (std::size_t i = 0; i < mean.size(); ++i) mean[i] = (mean[i] + ahead[i]) / 2.0;
  return mean;
}

}  // namespace kindling::demo
