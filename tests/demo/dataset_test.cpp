// SPDX-License-Identifier: MIT
#include "demo/dataset.h"

#include <kindling/core/error.h>

#include "demo/builtin_data.h"
#include "demo/columns.h"
#include "demo/least_squares.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace kindling::demo {
namespace {

using Numbers = std::vector<double>;

// Row i has the features 10 i and 10 i + 1 and the target i.
Dataset counted(std::size_t rows) {
  Dataset data{{"a", "b"}, "y", {}, {}};
  for (std::size_t i = 0; i < rows; ++i) {
    const double row = static_cast<double>(i);
    data.x.insert(data.x.end(), {10 * row, 10 * row + 1});
    data.y.push_back(row);
  }
  return data;
}

TEST(Dataset, BuiltInDataIsWhole) {
  const Dataset diabetes =
      encode(parse_csv(kDiabetesCsv, "diabetes.csv"), {.target = "target"}).data;
  EXPECT_EQ(diabetes.rows(), 442U);
  EXPECT_EQ(diabetes.width(), 10U);
  const Dataset digits =
      encode(parse_csv(kDigitsCsv, "digits.csv"), {.target = "label", .classify = true}).data;
  EXPECT_EQ(digits.rows(), 1797U);
  EXPECT_EQ(digits.width(), 64U);
  EXPECT_EQ(digits.classes.size(), 10U);
  EXPECT_TRUE(
      std::all_of(digits.x.begin(), digits.x.end(), [](double v) { return v >= 0 && v <= 16; }));
}

TEST(Split, KeepsEveryRowOnceAndWhole) {
  const Split parts = split(counted(11), 0.3, 1);
  EXPECT_EQ(parts.test.rows(), 3U);
  EXPECT_EQ(parts.train.rows(), 8U);
  Numbers seen;
  for (const Dataset* part : {&parts.train, &parts.test}) {
    for (std::size_t i = 0; i < part->rows(); ++i) {
      EXPECT_EQ(part->x[2 * i], 10 * part->y[i]);
      EXPECT_EQ(part->x[2 * i + 1], 10 * part->y[i] + 1);
      seen.push_back(part->y[i]);
    }
  }
  std::sort(seen.begin(), seen.end());
  EXPECT_EQ(seen, counted(11).y);
}

TEST(Split, DependsOnTheSeedAlone) {
  EXPECT_EQ(split(counted(50), 0.2, 7).train.y, split(counted(50), 0.2, 7).train.y);
  EXPECT_NE(split(counted(50), 0.2, 7).train.y, split(counted(50), 0.2, 8).train.y);
}

TEST(Split, RefusesAnEmptyPart) {
  EXPECT_THROW(split(counted(10), 0.0, 0), ValueError);
  EXPECT_THROW(split(counted(10), 1.0, 0), ValueError);
  EXPECT_THROW(split(counted(10), -0.5, 0), ValueError);
  EXPECT_THROW(split(counted(10), std::nan(""), 0), ValueError);
  EXPECT_THROW(split(counted(1), 0.5, 0), ValueError);
}

TEST(Standardizer, GivesMeanZeroAndDeviationOne) {
  const Numbers values{1, 10, 3, 30, 5, 20};
  const Standardizer standardizer(values, 2);
  const Numbers scaled = standardizer.apply(values);
  for (std::size_t column = 0; column < 2; ++column) {
    const double a = scaled[column], b = scaled[column + 2], c = scaled[column + 4];
    EXPECT_NEAR(a + b + c, 0.0, 1e-12);
    EXPECT_NEAR((a * a + b * b + c * c) / 3, 1.0, 1e-12);
  }
  const Numbers back = standardizer.undo(scaled);
  for (std::size_t i = 0; i < values.size(); ++i) EXPECT_NEAR(back[i], values[i], 1e-12);
}

TEST(Standardizer, AConstantColumnBecomesZero) {
  EXPECT_EQ(Standardizer({0.5, 0.5, 0.5}, 1).apply({0.5, 2.5}), (Numbers{0, 0}));
  EXPECT_EQ(Standardizer({0.5, 0.5, 0.5}, 1).undo({0, 3}), (Numbers{0.5, 0.5}));
}

TEST(FillMissing, TakesTheMeanOfTheTrainingRows) {
  const double nan = std::nan("");
  const Numbers train{1, nan, 3, nan, nan, nan};
  const Numbers means = column_means(train, 2);
  EXPECT_EQ(means, (Numbers{2, 0}));
  EXPECT_EQ(filled(train, means), (Numbers{1, 0, 3, 0, 2, 0}));
  EXPECT_EQ(filled({nan, 7, 100, nan}, means), (Numbers{2, 7, 100, 0}));
}

TEST(LeastSquares, FindsAPlane) {
  Dataset data{{"a", "b"}, "y", {0, 0, 1, 0, 0, 1, 2, 3}, {}};
  for (std::size_t i = 0; i < 4; ++i)
    data.y.push_back(5 + 2 * data.x[2 * i] - 3 * data.x[2 * i + 1]);
  const Dataset elsewhere{{"a", "b"}, "y", {10, 20}, {0}};
  EXPECT_NEAR(least_squares_predictions(data, elsewhere).at(0), 5 + 20 - 60, 1e-10);
}

TEST(LeastSquares, TakesColumnsThatDependOnEachOther) {
  const Dataset data{{"a", "b"}, "y", {1, 2, 2, 4, 3, 6}, {3, 5, 7}};
  EXPECT_NEAR(least_squares_predictions(data, data).at(2), 7, 1e-10);
}

}  // namespace
}  // namespace kindling::demo
