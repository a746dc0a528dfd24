// SPDX-License-Identifier: MIT
#include "demo/figure.h"

#include <kindling/core/error.h>
#include <kindling/schedulers/schedules.h>

#include "demo/gallery.h"
#include "demo/heat_map.h"
#include "tests/demo/xml.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <limits>
#include <regex>

namespace kindling::demo {
namespace {

using test::xml_mistake;

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t times = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
    ++times;
  return times;
}

Figure simple(std::vector<double> y, Scale scale = Scale::linear) {
  std::vector<double> x;
  for (std::size_t i = 0; i < y.size(); ++i) x.push_back(static_cast<double>(i));
  return {"Title",
          "subtitle",
          "Step",
          {{"Panel", {{.name = "curve", .x = x, .y = std::move(y)}}, scale}}};
}

TEST(Xml, CheckerSeesMistakes) {
  EXPECT_EQ(xml_mistake("<a b=\"1\"><c/>x &lt; y</a>"), "");
  EXPECT_EQ(xml_mistake("<a><b></a>"), "unexpected </a>");
  EXPECT_EQ(xml_mistake("<a>"), "unclosed <a>");
  EXPECT_EQ(xml_mistake("<a>x & y</a>"), "stray character in: x & y");
  EXPECT_EQ(xml_mistake("<a/><b/>"), "not exactly one root element");
}

TEST(Figure, IsWellFormed) {
  const std::string svg = render_svg(simple({1, 3, 2}));
  EXPECT_EQ(xml_mistake(svg), "");
  EXPECT_EQ(count(svg, "class=\"curve\""), 1U);
  EXPECT_EQ(count(svg, ">Title</text>"), 1U);
}

TEST(Figure, EscapesText) {
  Figure figure = simple({1, 2});
  figure.title = "a < b && \"c\"\x01\n";
  figure.panels[0].series[0].name = "<script>";
  const std::string svg = render_svg(figure);
  EXPECT_EQ(xml_mistake(svg), "");
  EXPECT_EQ(count(svg, "&lt;script&gt;"), 1U);
}

TEST(Figure, LeavesAGapWhereAValueIsNotFinite) {
  const std::string svg =
      render_svg(simple({1, 2, std::numeric_limits<double>::quiet_NaN(), 3, 1}));
  EXPECT_EQ(xml_mistake(svg), "");
  EXPECT_EQ(count(svg, "class=\"curve\""), 2U);
  EXPECT_EQ(count(svg, "nan"), 0U);
}

TEST(Figure, DrawsASinglePointAndAConstant) {
  EXPECT_EQ(xml_mistake(render_svg(simple({5}))), "");
  EXPECT_EQ(xml_mistake(render_svg(simple({0, 0, 0}))), "");
}

TEST(Figure, TakesALogarithmicAxisOnlyWhereItHelps) {
  const auto minor_lines = [](std::vector<double> y) {
    return count(render_svg(simple(std::move(y), Scale::automatic)), "class=\"minor\"");
  };
  EXPECT_GT(minor_lines({1, 0.1, 0.001}), 0U);
  EXPECT_EQ(minor_lines({1, 0.5}), 0U);
  EXPECT_EQ(minor_lines({1, 0.1, 0}), 0U);
}

TEST(Figure, OneOverTheOtherShareTheHorizontalAxis) {
  Figure figure = simple({1, 2, 3});
  figure.panels.push_back(figure.panels[0]);
  EXPECT_EQ(count(render_svg(figure), ">Step</text>"), 1U);
}

TEST(Figure, RefusesToDrawNothing) {
  EXPECT_THROW(render_svg({"", "", "", {}}), ValueError);
  EXPECT_THROW(render_svg(simple({std::numeric_limits<double>::infinity()})), ValueError);
}

TEST(Figure, AMillionStepsAreASmallFile) {
  std::vector<double> noise;
  for (int i = 0; i < 1000000; ++i) noise.push_back(i % 1000 * 7919 % 1000);
  EXPECT_LT(render_svg(simple(std::move(noise))).size(), 60000U);
}

TEST(Figure, SmoothingKeepsAConstantToItsEnds) {
  for (const double value : smoothed({4, 4, 4, 4}, 2)) EXPECT_DOUBLE_EQ(value, 4);
  EXPECT_EQ(smoothed({3, 1, 2}, 1), (std::vector<double>{3, 1, 2}));
}

TEST(Figure, SmoothingDoesNotLag) {
  std::vector<double> line;
  for (int i = 0; i <= 100; ++i) line.push_back(i);
  EXPECT_NEAR(smoothed(line, 5)[50], 50, 1e-6);
  EXPECT_DOUBLE_EQ(smoothed({0, 0, 9, 0, 0}, 2)[1], smoothed({0, 0, 9, 0, 0}, 2)[3]);
}

TEST(Figure, TheHorizontalAxisMayBeLogarithmic) {
  Figure figure{"", "", "Rate", {{"Loss", {{.x = {1e-3, 1e-2, 1e-1}, .y = {3, 2, 1}}}}}, true};
  const std::string svg = render_svg(figure);
  EXPECT_EQ(xml_mistake(svg), "");
  EXPECT_EQ(count(svg, ">0.01</text>"), 1U);
  // At equal distances: a straight line, of two points.
  const std::regex path("class=\"curve\"[^>]* d=\"M[0-9.]+,[0-9.]+ [0-9.]+,[0-9.]+\"");
  EXPECT_TRUE(std::regex_search(svg, path)) << svg;
}

TEST(HeatMap, DrawsACellForEachPair) {
  const HeatMap map{"Loss", "Rate", "Warm-up", {"0.1", "1"}, {"0", "5%"}, {4, 3, 2, std::nan("")}};
  const std::string svg = draw_heat_map(map, 0).svg;
  EXPECT_EQ(count(svg, "<rect"), 4U);
  EXPECT_EQ(count(svg, "stroke=\"#d55e00\""), 1U);  // the lowest
  EXPECT_EQ(count(svg, ">diverged<"), 1U);
  for (const char* text : {">Loss<", ">Rate<", ">Warm-up<", ">0.1<", ">5%<", ">4<"})
    EXPECT_EQ(count(svg, text), 1U) << text;
  EXPECT_EQ(xml_mistake("<svg>" + svg + "</svg>"), "");
}

TEST(Gallery, EveryPictureIsWellFormed) {
  const std::vector<Picture> pictures = schedule_gallery();
  EXPECT_GE(pictures.size(), 15U);
  // Every one that the manual shows is there.
  std::ifstream file(KINDLING_TESTS_DIR "/../docs/schedulers.md");
  const std::string manual{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const std::regex shown(R"(images/schedules/([a-z_]+)\.svg)");
  std::size_t links = 0;
  for (std::sregex_iterator link(manual.begin(), manual.end(), shown), end; link != end; ++link) {
    const std::string name = link->str(1);
    EXPECT_TRUE(std::any_of(pictures.begin(), pictures.end(), [&](const Picture& picture) {
      return picture.name == name;
    })) << name;
    ++links;
  }
  EXPECT_GE(links, 15U);
  for (const Picture& picture : pictures)
    EXPECT_EQ(xml_mistake(render_svg(picture.figure)), "") << picture.name;
}

TEST(Gallery, AScheduleThatDrivesTheMomentumHasTwoPanels) {
  const auto panels = [](const schedulers::Schedule& schedule) {
    return schedule_figure("", schedule, 100, 0.1).panels.size();
  };
  EXPECT_EQ(panels(schedulers::one_cycle({.max_lr = 0.1, .total_steps = 100})), 2U);
  EXPECT_EQ(panels(schedulers::cosine({.T_max = 100})), 1U);
}

}  // namespace
}  // namespace kindling::demo
