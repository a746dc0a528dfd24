// SPDX-License-Identifier: MIT
// cuBLASLt: what its products compute.
// case layouts: clean
// case epilogues: clean
// case by_rows: clean
// case half_epilogues: clean
// case transposed_gradients: clean
// case scalars: clean
// case batches: clean
#include "tests/emulator/tests/features/blas.h"

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <utility>

namespace {

void layouts() {
  const int m = 5, n = 7, k = 3;
  const auto a = numbers<float>(m * k, 6), b = numbers<float>(k * n, 7), c = numbers<float>(m, 8);
  float *da = device(a), *db = device(b), *dc = device(c), *dd = device<float>(m * n);
  for (int form = 0; form < 8; ++form) {
    Lt lt;
    lt.shape(m, n, k);
    const bool ta = form & 1, tb = form & 2, by_rows = form & 4;
    // A matrix that is read by rows and transposed is the same as one that is neither.
    if (ta) {
      check(cublasLtMatrixLayoutDestroy(lt.a));
      check(cublasLtMatrixLayoutCreate(&lt.a, CUDA_R_32F, k, m, m));
      Lt::set(lt.a, CUBLASLT_MATRIX_LAYOUT_ORDER, std::int32_t{CUBLASLT_ORDER_ROW});
      lt.set(CUBLASLT_MATMUL_DESC_TRANSA, std::int32_t{CUBLAS_OP_T});
    }
    if (tb) {
      check(cublasLtMatrixLayoutDestroy(lt.b));
      check(cublasLtMatrixLayoutCreate(&lt.b, CUDA_R_32F, n, k, n));
      lt.set(CUBLASLT_MATMUL_DESC_TRANSB, std::int32_t{CUBLAS_OP_T});
    }
    if (by_rows) {
      for (auto layout : {lt.c, lt.d}) {
        Lt::set(layout, CUBLASLT_MATRIX_LAYOUT_ORDER, std::int32_t{CUBLASLT_ORDER_ROW});
        Lt::set(layout, CUBLASLT_MATRIX_LAYOUT_LD, std::int64_t{n});
      }
      check(lt.run(da, db, nullptr, dd));
    } else {
      Lt::set(lt.c, CUBLASLT_MATRIX_LAYOUT_LD, std::int64_t{0});  // one column for all
      check(lt.run(da, db, dc, dd, 1, 2));
    }
    std::vector<float> got(m * n);
    check(cudaMemcpy(got.data(), dd, sizeof(float) * got.size(), cudaMemcpyDeviceToHost));
    for (int i = 0; i < m; ++i) {
      for (int j = 0; j < n; ++j) {
        double sum = by_rows ? 0 : 2 * number(c[static_cast<std::size_t>(i)]);
        for (int l = 0; l < k; ++l) {
          sum += at(a, m, false, i, l) * at(b, tb ? n : k, tb, l, j);
        }
        near(got[static_cast<std::size_t>(by_rows ? i * n + j : i + j * m)], sum, 0, "layouts");
      }
    }
  }
  for (float* memory : {da, db, dc, dd}) check(cudaFree(memory));
}

double gelu(double x) {
  return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
}

void epilogues() {
  const int m = 130, n = 6, k = 4, mask_ld = 256, gelu_ld = 136;
  const auto a = numbers<float>(m * k, 9), b = numbers<float>(k * n, 10),
             bias = numbers<float>(m, 11);
  float *da = device(a), *db = device(b), *dbias = device(bias), *dd = device<float>(m * n),
        *sums = device<float>(m), *aux = device<float>(gelu_ld * n);
  auto* mask = device<std::uint8_t>(mask_ld / 8 * n);
  Lt lt;
  lt.shape(m, n, k);
  const auto product = [&](int i, int j) {
    double sum = 0;
    for (int l = 0; l < k; ++l) sum += at(a, m, false, i, l) * at(b, k, false, l, j);
    return sum;
  };
  const auto with_bias = [&](int i, int j) {
    return product(i, j) + number(bias[static_cast<std::size_t>(i)]);
  };
  const auto run = [&](cublasLtEpilogue_t epilogue, void* vector, void* auxiliary, std::int64_t ld,
                       double error, auto wanted) {
    lt.epilogue(epilogue, vector, auxiliary, ld);
    check(lt.run(da, db, dd, dd));
    std::vector<float> got(m * n);
    check(cudaMemcpy(got.data(), dd, sizeof(float) * got.size(), cudaMemcpyDeviceToHost));
    for (int j = 0; j < n; ++j) {
      for (int i = 0; i < m; ++i) {
        near(got[static_cast<std::size_t>(i + j * m)], wanted(i, j), error, "epilogue");
      }
    }
  };
  const auto relu = [](double x) { return std::fmax(x, 0.0); };
  const auto slope = [](double x) { return (gelu(x + 1e-5) - gelu(x - 1e-5)) / 2e-5; };
  const auto check_sums = [&](int count, double error, auto wanted) {
    std::vector<float> got(static_cast<std::size_t>(count));
    check(cudaMemcpy(got.data(), sums, sizeof(float) * got.size(), cudaMemcpyDeviceToHost));
    for (int i = 0; i < count; ++i)
      near(got[static_cast<std::size_t>(i)], wanted(i), error, "sums");
  };
  const auto over_n = [&](auto f) {
    return [&, f](int i) {
      double sum = 0;
      for (int j = 0; j < n; ++j) sum += f(i, j);
      return sum;
    };
  };
  run(CUBLASLT_EPILOGUE_BIAS, dbias, nullptr, 0, 0, with_bias);
  run(CUBLASLT_EPILOGUE_RELU, nullptr, nullptr, 0, 0,
      [&](int i, int j) { return relu(product(i, j)); });
  run(CUBLASLT_EPILOGUE_RELU_BIAS, dbias, nullptr, 0, 0,
      [&](int i, int j) { return relu(with_bias(i, j)); });
  run(CUBLASLT_EPILOGUE_RELU_AUX_BIAS, dbias, mask, mask_ld, 0,
      [&](int i, int j) { return relu(with_bias(i, j)); });
  // The gradient passes where the forward pass was positive.
  const auto masked = [&](int i, int j) { return with_bias(i, j) > 0 ? product(i, j) : 0; };
  run(CUBLASLT_EPILOGUE_DRELU, nullptr, mask, mask_ld, 0, masked);
  run(CUBLASLT_EPILOGUE_DRELU_BGRAD, sums, mask, mask_ld, 0, masked);
  check_sums(m, 0, over_n(masked));
  run(CUBLASLT_EPILOGUE_RELU_AUX, nullptr, mask, mask_ld, 0,
      [&](int i, int j) { return relu(product(i, j)); });
  run(CUBLASLT_EPILOGUE_GELU, nullptr, nullptr, 0, 1e-5,
      [&](int i, int j) { return gelu(product(i, j)); });
  run(CUBLASLT_EPILOGUE_GELU_BIAS, dbias, nullptr, 0, 1e-5,
      [&](int i, int j) { return gelu(with_bias(i, j)); });
  run(CUBLASLT_EPILOGUE_GELU_AUX, nullptr, aux, gelu_ld, 1e-5,
      [&](int i, int j) { return gelu(product(i, j)); });
  run(CUBLASLT_EPILOGUE_GELU_AUX_BIAS, dbias, aux, gelu_ld, 1e-5,
      [&](int i, int j) { return gelu(with_bias(i, j)); });
  const auto scaled = [&](int i, int j) { return product(i, j) * slope(with_bias(i, j)); };
  run(CUBLASLT_EPILOGUE_DGELU, nullptr, aux, gelu_ld, 1e-4, scaled);
  run(CUBLASLT_EPILOGUE_DGELU_BGRAD, sums, aux, gelu_ld, 1e-4, scaled);
  check_sums(m, 1e-3, over_n(scaled));
  run(CUBLASLT_EPILOGUE_BGRADA, sums, nullptr, 0, 0, product);
  check_sums(m, 0, [&](int i) {
    double sum = 0;
    for (int l = 0; l < k; ++l) sum += at(a, m, false, i, l);
    return sum;
  });
  run(CUBLASLT_EPILOGUE_BGRADB, sums, nullptr, 0, 0, product);
  check_sums(n, 0, [&](int j) {
    double sum = 0;
    for (int l = 0; l < k; ++l) sum += at(b, k, false, l, j);
    return sum;
  });
  check(cudaFree(mask));
  for (float* memory : {da, db, dbias, dd, sums, aux}) check(cudaFree(memory));
}

// D, C and the bias of [2, 3] = [2, 1] [1, 3], row-major: the bias still has an element per row.
void by_rows() {
  float *a = filled<float>(1, -2), *b = filled<float>(1, 2, 3), *bias = filled<float>(10, 20);
  const auto run = [&](cublasLtEpilogue_t epilogue) {
    Lt lt;
    lt.shape(2, 3, 1);
    for (auto layout : {lt.c, lt.d}) {
      Lt::set(layout, CUBLASLT_MATRIX_LAYOUT_ORDER, std::int32_t{CUBLASLT_ORDER_ROW});
      Lt::set(layout, CUBLASLT_MATRIX_LAYOUT_LD, std::int64_t{3});
    }
    float* d = device<float>(6);
    lt.epilogue(epilogue, bias);
    check(lt.run(a, b, nullptr, d));
    return take(d, 6);
  };
  using Values = std::vector<float>;
  require(run(CUBLASLT_EPILOGUE_BIAS) == Values({11, 12, 13, 18, 16, 14}), "bias");
  require(run(CUBLASLT_EPILOGUE_RELU) == Values({1, 2, 3, 0, 0, 0}), "relu");
  near(run(CUBLASLT_EPILOGUE_GELU)[1], gelu(2), 1e-6, "gelu");
  run(CUBLASLT_EPILOGUE_BGRADA);
  require(take(bias, 2) == Values({1, -2}), "gradient of the bias");
  check(cudaFree(a));
  check(cudaFree(b));
}

// Bias, kept input and gradients have D's type, and are rounded once.
template <class T>
void half_epilogue(cudaDataType type) {
  // [1, 1] = [1, 2] [2, 1]: 1 + 2^-9 and 256 + 1, whose bits T does not have.
  T *a = filled<T>(1.f, 1.f), *b = filled<T>(1.f, 0.001953125f), *d = filled<T>(0.f),
    *bias = filled<T>(256.f), *input = device<T>(8);
  const float sum = 1 + 0.001953125f;
  Lt lt;
  lt.shape(1, 1, 2, type);
  const auto result = [&](cublasLtEpilogue_t epilogue, T* vector) {
    lt.epilogue(epilogue, vector, input, 8);
    check(lt.run(a, b, d, d));
    T value;
    check(cudaMemcpy(&value, d, sizeof value, cudaMemcpyDeviceToHost));
    return static_cast<float>(value);
  };
  const auto rounded = [](double x) { return static_cast<float>(T(static_cast<float>(x))); };
  const double ulp = type == CUDA_R_16F ? 0.001 : 0.008;
  require(result(CUBLASLT_EPILOGUE_BIAS, bias) == rounded(256 + sum), "bias");
  require(result(CUBLASLT_EPILOGUE_RELU_BIAS, bias) == rounded(256 + sum), "relu");
  near(result(CUBLASLT_EPILOGUE_GELU_AUX, bias), gelu(sum), ulp, "gelu");
  const double kept = rounded(sum);
  const double slope = (gelu(kept + 1e-5) - gelu(kept - 1e-5)) / 2e-5;
  near(result(CUBLASLT_EPILOGUE_DGELU_BGRAD, bias), sum * slope, 2 * ulp, "gradient");
  near(take(bias, 1)[0], sum * slope, 2 * ulp, "gradient of the bias");
  require(static_cast<float>(take(input, 8)[0]) == rounded(sum), "the input of gelu");
  for (T* memory : {a, b, d}) check(cudaFree(memory));
}

void half_epilogues() {
  half_epilogue<__half>(CUDA_R_16F);
  half_epilogue<__nv_bfloat16>(CUDA_R_16BF);
}

// BGRADA and BGRADB sum over k, however A and B are stored.
void transposed_gradients() {
  using Values = std::vector<float>;
  float *a = filled<float>(1, 2, 3, 4, 5, 6), *b = filled<float>(1, 10, 100, 1000, 2, 20),
        *d = device<float>(4), *sums = device<float>(2);
  for (const bool transposed : {false, true}) {
    Lt lt;
    lt.shape(2, 2, 3);
    if (transposed) {
      for (auto [layout, which] : {std::pair(&lt.a, CUBLASLT_MATMUL_DESC_TRANSA),
                                   std::pair(&lt.b, CUBLASLT_MATMUL_DESC_TRANSB)}) {
        const bool is_a = layout == &lt.a;
        check(cublasLtMatrixLayoutDestroy(*layout));
        check(cublasLtMatrixLayoutCreate(layout, CUDA_R_32F, is_a ? 3 : 2, is_a ? 2 : 3,
                                         is_a ? 3 : 2));
        lt.set(which, std::int32_t{CUBLAS_OP_T});
      }
    }
    const auto gradient = [&](cublasLtEpilogue_t epilogue) {
      lt.epilogue(epilogue, sums);
      check(lt.run(a, b, nullptr, d));
      Values values(2);
      check(cudaMemcpy(values.data(), sums, 8, cudaMemcpyDeviceToHost));
      return values;
    };
    require(gradient(CUBLASLT_EPILOGUE_BGRADA) == (transposed ? Values{6, 15} : Values{9, 12}),
            "rows of A");
    require(
        gradient(CUBLASLT_EPILOGUE_BGRADB) == (transposed ? Values{103, 1030} : Values{111, 1022}),
        "columns of B");
  }
  for (float* memory : {a, b, d, sums}) check(cudaFree(memory));
}

// alpha and beta of the device, and C beside D.
void scalars() {
  Lt lt;
  lt.shape(1, 1, 1);
  float *a = filled<float>(3), *b = filled<float>(4), *c = filled<float>(5), *d = filled<float>(0),
        *factors = filled<float>(2, 10);
  check(lt.run(a, b, c, d, 2, 10));
  require(take(d, 1)[0] == 74, "of the host");
  d = filled<float>(0);
  lt.set(CUBLASLT_MATMUL_DESC_POINTER_MODE, std::int32_t{CUBLASLT_POINTER_MODE_DEVICE});
  check(cublasLtMatmul(lt.handle, lt.how, factors, a, lt.a, b, lt.b, factors + 1, c, lt.c, d, lt.d,
                       nullptr, nullptr, 0, nullptr));
  require(take(d, 1)[0] == 74, "of the device, without an algorithm");
  for (float* memory : {a, b, c, factors}) check(cudaFree(memory));
}

// A ReLU layer and its gradient, two at a time: a bias, a mask and a bias gradient each.
void batches() {
  const int m = 3, n = 2, count = 2, gap = 16;
  float *a = device(numbers<float>(m * count, 12)), *b = device(numbers<float>(n * count, 13)),
        *bias = device(numbers<float>(gap + m, 14)), *d = device<float>(m * n * count),
        *sums = device<float>(gap + m);
  auto* masks = device<std::uint8_t>(256 / 8 * n * count);
  Lt lt;
  lt.shape(m, n, 2);  // of A and B one column and one row count; the others are zeros
  const auto batch = [](cublasLtMatrixLayout_t layout, std::int64_t step) {
    Lt::set(layout, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, std::int32_t{count});
    Lt::set(layout, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, step);
  };
  float *wide_a = device<float>(2 * m * count), *wide_b = device<float>(2 * n * count);
  check(cudaMemcpy2D(wide_a, 8 * m, a, 4 * m, 4 * m, count, cudaMemcpyDeviceToDevice));
  check(cudaMemcpy2D(wide_b, 8, b, 4, 4, n * count, cudaMemcpyDeviceToDevice));
  batch(lt.a, 2 * m);
  batch(lt.b, 2 * n);
  batch(lt.c, m * n);
  batch(lt.d, m * n);
  lt.set(CUBLASLT_MATMUL_DESC_BIAS_BATCH_STRIDE, std::int64_t{gap});
  lt.set(CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_BATCH_STRIDE, std::int64_t{256 * n});
  lt.epilogue(CUBLASLT_EPILOGUE_RELU_AUX_BIAS, bias, masks, 256);
  check(lt.run(wide_a, wide_b, nullptr, d));
  const auto hb = take(bias, gap + m), ha = take(a, m * count), hv = take(b, n * count);
  std::vector<float> forward(m * n * count);
  check(cudaMemcpy(forward.data(), d, sizeof(float) * forward.size(), cudaMemcpyDeviceToHost));
  lt.epilogue(CUBLASLT_EPILOGUE_DRELU_BGRAD, sums, masks, 256);
  check(lt.run(wide_a, wide_b, nullptr, d));
  const auto backward = take(d, m * n * count), gradient = take(sums, gap + m);
  for (int item = 0; item < count; ++item) {
    for (int i = 0; i < m; ++i) {
      float sum = 0;
      for (int j = 0; j < n; ++j) {
        const auto at = static_cast<std::size_t>(i + j * m + item * m * n);
        const float product =
            ha[static_cast<std::size_t>(i + item * m)] * hv[static_cast<std::size_t>(j + item * n)];
        const float input = product + hb[static_cast<std::size_t>(i + item * gap)];
        require(forward[at] == std::fmax(input, 0.0f), "forward");
        require(backward[at] == (input > 0 ? product : 0), "backward");
        sum += backward[at];
      }
      require(gradient[static_cast<std::size_t>(i + item * gap)] == sum, "bias gradient");
    }
  }
  check(cudaFree(masks));
  check(cudaFree(wide_a));
  check(cudaFree(wide_b));
}

}  // namespace

int main(int count, char** arguments) {
  return run_case(count, arguments,
                  {{"layouts", layouts},
                   {"epilogues", epilogues},
                   {"by_rows", by_rows},
                   {"half_epilogues", half_epilogues},
                   {"transposed_gradients", transposed_gradients},
                   {"scalars", scalars},
                   {"batches", batches}});
}
