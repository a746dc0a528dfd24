// SPDX-License-Identifier: MIT
#include "demo/least_squares.h"

#include <Eigen/QR>

namespace kindling::demo {
namespace {

// The features of `data` and a last column of ones, for the intercept.
Eigen::MatrixXd design_matrix(const Dataset& data) {
  using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const auto rows = static_cast<Eigen::Index>(data.rows());
  const auto width = static_cast<Eigen::Index>(data.width());
  Eigen::MatrixXd matrix = Eigen::MatrixXd::Ones(rows, width + 1);
  matrix.leftCols(width) = Eigen::Map<const RowMajor>(data.x.data(), rows, width);
  return matrix;
}

}  // namespace

std::vector<double> least_squares_predictions(const Dataset& train, const Dataset& test) {
  const Eigen::Map<const Eigen::VectorXd> targets(train.y.data(),
                                                  static_cast<Eigen::Index>(train.rows()));
  const Eigen::VectorXd weights = design_matrix(train).colPivHouseholderQr().solve(targets);
  const Eigen::VectorXd predictions = design_matrix(test) * weights;
  return {predictions.begin(), predictions.end()};
}

}  // namespace kindling::demo
