// SPDX-License-Identifier: MIT
// Programs whose counters are known by construction.
// case copies: clean
// case sectors: clean
// case names: clean
// case instructions: clean
// case calls: clean
// case forgiven: double-free
// case child: clean
// case json: clean with --stats counters_test.json
#include "tests/emulator/tests/case.h"

#include <dlfcn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>

namespace {

void reset() {
  const auto function = reinterpret_cast<void (*)()>(dlsym(RTLD_DEFAULT, "ptxrun_reset_counters"));
  require(function != nullptr, "the counters can be reset");
  function();
}

void expect(const char* name, std::uint64_t value) {
  if (counter(name) == value) return;
  std::fprintf(stderr, "%s is %llu, not %llu\n", name,
               static_cast<unsigned long long>(counter(name)),
               static_cast<unsigned long long>(value));
  require(false, name);
}

__global__ void copy(const float* from, float* to, int stride) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  to[i] = from[i * stride];
}

template <class T, int kStep>
__global__ void fill(T* to) {
  to[threadIdx.x] = kStep;
}

__global__ void arithmetic(const float* from, float* to, const double* wide_from, double* wide_to) {
  const unsigned i = threadIdx.x;
  float sum = from[i];
  for (int k = 0; k < 16; ++k) asm volatile("add.rn.f32 %0, %0, %0;" : "+f"(sum));
  to[i] = sum;
  double wide = wide_from[i];
  for (int k = 0; k < 8; ++k) asm volatile("mul.rn.f64 %0, %0, %0;" : "+d"(wide));
  wide_to[i] = wide;
}

// Constants and copies of f64 registers are no arithmetic.
__global__ void multiply_add(const double* from, double* to) {
  double sum = from[threadIdx.x];
  for (int k = 0; k < 100; ++k) {
    double factor = 0;
    asm volatile("mov.f64 %0, 0d3FF0000000000000;" : "=d"(factor));
    sum = fma(sum, factor, 1.0);
  }
  to[threadIdx.x] = sum;
}

__global__ void synchronise(unsigned* to) {
  __syncthreads();
  if (threadIdx.x < 5) atomicAdd(to, 1u);
  __syncthreads();
}

void copies() {
  float* device_memory = device<float>(256);
  float host[256] = {};
  reset();
  check(cudaMemcpy(device_memory, host, 1024, cudaMemcpyHostToDevice));
  check(cudaMemcpy(host, device_memory, 512, cudaMemcpyDeviceToHost));
  check(cudaMemcpy(host, device_memory, 512, cudaMemcpyDeviceToHost));
  check(cudaMemcpy(device_memory + 128, device_memory, 256, cudaMemcpyDeviceToDevice));
  check(cudaDeviceSynchronize());
  expect("copies.host_to_device", 1);
  expect("copied_bytes.host_to_device", 1024);
  expect("copies.device_to_host", 2);
  expect("copied_bytes.device_to_host", 1024);
  expect("copied_bytes.device_to_device", 256);
  expect("launches", 0);
  check(cudaFree(device_memory));
  expect("frees", 1);
}

// Four warps of 32 threads read and write 4 bytes each; at a stride of 8 floats every thread of a
// warp touches a sector of its own.
void sectors() {
  float* from = device<float>(128 * 8);
  float* to = device<float>(128);
  reset();
  copy<<<2, 64>>>(from, to, 1);
  check(wait());
  expect("launches", 1);
  expect("launches.(anonymous namespace)::copy", 1);
  expect("bytes_read", 512);
  expect("bytes_written", 512);
  expect("sectors_read", 16);
  expect("sectors_written", 16);
  copy<<<2, 64>>>(from, to, 8);
  check(wait());
  expect("launches", 2);
  expect("bytes_read", 1024);
  expect("sectors_read", 16 + 128);
  expect("sectors_written", 32);
  check(cudaFree(from));
  check(cudaFree(to));
}

// A kernel's counter has its name as C++ writes it, without parameters.
void names() {
  float* data = device<float>(64);
  reset();
  fill<float, 2><<<1, 64>>>(data);
  fill<float, 3><<<1, 64>>>(data);
  fill<float, 3><<<1, 64>>>(data);
  check(wait());
  expect("launches", 3);
  expect("launches.(anonymous namespace)::fill<float, 2>", 1);
  expect("launches.(anonymous namespace)::fill<float, 3>", 2);
  expect("launches.(anonymous namespace)::synchronise", 0);
  require(counter("launches.never") == ~0ull, "unknown kernels");
  check(cudaFree(data));
}

void instructions() {
  float* data = device<float>(64);
  double* wide = device<double>(64);
  unsigned* sum = device<unsigned>(1);
  reset();
  arithmetic<<<1, 32>>>(data, data + 32, wide, wide + 32);
  check(wait());
  expect("thread_instructions.float32", 32 * 16);
  expect("thread_instructions.float64", 32 * 8);
  expect("thread_instructions.atomic", 0);
  expect("atomics", 0);
  reset();
  multiply_add<<<1, 32>>>(wide, wide + 32);
  check(wait());
  expect("thread_instructions.float64", 32 * 100);
  synchronise<<<3, 64>>>(sum);
  check(wait());
  expect("barriers", 6);
  expect("atomics", 15);
  check(cudaFree(data));
  check(cudaFree(wide));
  require(take(sum, 1)[0] == 15, "sum");
}

void calls() {
  check(cudaFree(nullptr));
  reset();
  void *first = nullptr, *second = nullptr;
  check(cudaMalloc(&first, 1000));
  check(cudaMalloc(&second, 3000));
  check(cudaFree(first));
  check(cudaMalloc(&first, 500));
  check(cudaFree(first));
  check(cudaFree(second));
  expect("allocations", 3);
  expect("frees", 3);
  expect("peak_memory", 4000);
  check(cudaMalloc(&first, 2000));
  check(cudaMallocHost(&second, 10));
  expect("host_allocations", 1);
  reset();
  expect("allocations", 0);
  expect("memory_in_use", 2000);  // what is there stays
  expect("peak_memory", 2000);
  check(cudaFree(first));
  check(cudaFreeHost(second));
  expect("memory_in_use", 0);
  reset();
  check(cudaDeviceSynchronize());
  expect("synchronisations", 1);
  expect("graph_launches", 0);
  expect("library_calls", 0);
  require(counter("no such counter") == ~0ull, "unknown names");
}

// A reset is for the counters; the program stays guilty.
void forgiven() {
  int* data = nullptr;
  check(cudaMalloc(&data, 4));
  check(cudaFree(data));
  require(cudaFree(data) == cudaErrorInvalidValue, "the second cudaFree");
  expect("reports.double-free", 1);
  reset();
  expect("reports.double-free", 0);
  require(cudaGetLastError() == cudaErrorInvalidValue, "the last error");
}

// What its parent has not freed is not the child's leak.
void child() {
  int* data = nullptr;
  check(cudaMalloc(&data, 4));
  const pid_t process = fork();
  if (process == 0) std::exit(0);
  int status = -1;
  require(waitpid(process, &status, 0) == process && status == 0, "the child's status");
  check(cudaFree(data));
}

void json() {}

}  // namespace

int main(int count, char** arguments) {
  return run_case(count, arguments,
                  {{"copies", copies},
                   {"sectors", sectors},
                   {"names", names},
                   {"instructions", instructions},
                   {"calls", calls},
                   {"forgiven", forgiven},
                   {"child", child},
                   {"json", json}});
}
