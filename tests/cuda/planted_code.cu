// SPDX-License-Identifier: MIT
// Kernels whose machine code is wrong, one for each thing that cmake/check_machine_code.py looks
// for.

template <class T>
struct Adam;
template <class T>
struct Sgd;

/// Eighty sums at a time.
template <class T>
__device__ void many_sums(const T* x, T* y, int n) {
  T sums[80];
  for (T& sum : sums) sum = x[threadIdx.x];
  for (int i = 0; i < n; ++i) {
    for (int k = 0; k < 80; ++k) sums[k] = sums[k] * x[i] + sums[(k + 1) % 80];
  }
  for (const T& sum : sums) y[threadIdx.x] += sum;
}

// A block of 1024 threads leaves each 64 registers: the sums are spilled.
template <class T>
__global__ void __launch_bounds__(1024) softmax(const T* x, T* y, int n) {
  many_sums(x, y, n);
}

template <class Rule, class T>
__global__ void update(const T* x, T* y, int n) {
  many_sums(x, y, n);  // in more registers than 64
}

// An element at a time.
template <>
__global__ void update<Adam<float>, float>(const float* x, float* y, int n) {
  if (threadIdx.x < n) y[threadIdx.x] += x[threadIdx.x];
}

__global__ void argmax(float* y) { y[threadIdx.x] = static_cast<float>(y[threadIdx.x] * 1.1); }

template __global__ void softmax(const float* x, float* y, int n);
template __global__ void update<Sgd<float>, float>(const float* x, float* y, int n);
