// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/nn/module.h>

#include <cstdint>

/// Modules that are made of ops, beside Linear.
namespace kindling::nn {

/// x itself.
struct KINDLING_API Identity : Module {
  Tensor forward(const Tensor& x) const override { return x; }
};

/// x, and slope * x where it is negative.
class KINDLING_API LeakyReLU : public Module {
 public:
  explicit LeakyReLU(double negative_slope = 0.01);
  Tensor forward(const Tensor& x) const override;

 private:
  double negative_slope_;
};

/// x, and alpha (exp(x) - 1) where it is negative (Clevert et al., arXiv:1511.07289).
class KINDLING_API ELU : public Module {
 public:
  explicit ELU(double alpha = 1);
  Tensor forward(const Tensor& x) const override;

 private:
  double alpha_;
};

/// log(1 + exp(x))
struct KINDLING_API Softplus : Module {
  Tensor forward(const Tensor& x) const override;
};

/// In training, each element is 0 with probability p and else divided by 1 - p; after eval(), x
/// itself. Drawn by the default generator, anew at every replay of a captured step (Srivastava et
/// al. 2014). ValueError unless p is in [0, 1].
class KINDLING_API Dropout : public Module {
 public:
  explicit Dropout(double p = 0.5);
  Tensor forward(const Tensor& x) const override;

 private:
  double p_;
};

struct LayerNormOptions {
  double eps = 1e-5;
  bool elementwise_affine = true;  // a weight, which starts as 1, and a bias, as 0
  DType dtype = DType::float32;
  Device device = default_device();
};
/// Each row of x [..., size] moved and scaled to mean 0 and variance 1: (x - mean) / sqrt(variance
/// + eps) * weight + bias (Ba et al., arXiv:1607.06450). ShapeError for rows of another size.
class KINDLING_API LayerNorm : public Module {
 public:
  explicit LayerNorm(std::int64_t size, const LayerNormOptions& options = {});
  Tensor forward(const Tensor& x) const override;

  const Tensor weight, bias;  // [size]; undefined without elementwise_affine

 private:
  std::int64_t size_;
  double eps_;
};

struct BatchNorm1dOptions {
  double eps = 1e-5;
  double momentum = 0.1;  // the share of the newest batch in the running averages, in [0, 1]
  bool affine = true;     // a weight, which starts as 1, and a bias, as 0
  DType dtype = DType::float32;
  Device device = default_device();
};
/// Each feature of x [batch, features] or [batch, features, length] moved and scaled to mean 0 and
/// variance 1 over the batch, * weight + bias (Ioffe & Szegedy, arXiv:1502.03167). In training the
/// running averages of mean and variance take in the batch's, also as a part of a captured step;
/// after eval() these are used. ShapeError for another number of features, ValueError for training
/// on one value a feature.
class KINDLING_API BatchNorm1d : public Module {
 public:
  explicit BatchNorm1d(std::int64_t features, const BatchNorm1dOptions& options = {});
  Tensor forward(const Tensor& x) const override;

  const Tensor weight, bias;               // [features]; undefined without affine
  const Tensor running_mean, running_var;  // [features]; buffers, 0 and 1 at first
  const Tensor num_batches_tracked;        // int64, a scalar

 private:
  double eps_;
  double momentum_;
};

struct EmbeddingOptions {
  DType dtype = DType::float32;
  Device device = default_device();
};
/// Row number x[...] of the weight [count, size], which starts normal: [..., size]. x holds whole
/// numbers; one outside [0, count) is an error as it is for index_select.
class KINDLING_API Embedding : public Module {
 public:
  Embedding(std::int64_t count, std::int64_t size, const EmbeddingOptions& options = {});
  Tensor forward(const Tensor& x) const override;

  const Tensor weight;  // [count, size]
};

}  // namespace kindling::nn
