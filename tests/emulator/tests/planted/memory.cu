// SPDX-License-Identifier: MIT
// case global_write: out-of-bounds in write_all "4 bytes past the end of the 400-byte allocation"
// case global_write_repaired: clean
// case global_read: out-of-bounds in sum_pairs
// case global_read_repaired: clean
// case redzone: out-of-bounds in write_at
// case redzone_repaired: clean
// case null: out-of-bounds in write_at "the null pointer"
// case shared_static: out-of-bounds in two_arrays "first"
// case shared_static_repaired: clean
// case shared_dynamic: out-of-bounds in fill_dynamic "dynamic shared memory of 64 bytes"
// case shared_dynamic_repaired: clean
// case local: out-of-bounds in local_array
// case local_repaired: clean
// case misaligned: misaligned in read_pair
// case misaligned_repaired: clean
// case freed: use-after-free in write_at "freed 400-byte allocation"
// case freed_repaired: clean
// case freed_async: use-after-free in write_at
// case freed_async_repaired: clean
// case double_free: double-free "400-byte allocation"
// case double_free_repaired: clean
// case uninitialised_global: uninitialised in copy "404 of the 800-byte allocation"
// case uninitialised_global_repaired: clean
// case uninitialised_shared: uninitialised in half_filled "buffer"
// case uninitialised_shared_repaired: clean
// case host_pointer: host-access in write_at
// case host_pointer_repaired: clean
// case device_pointer: device-access "400-byte allocation"
// case device_pointer_repaired: clean
// case uninitialised_local: uninitialised in local_part "local"
// case uninitialised_local_repaired: clean
// case uninitialised_frame: uninitialised in call_twice
// case uninitialised_frame_repaired: clean
// case dangling_local: out-of-bounds in read_after_return "local"
// case dangling_local_repaired: clean
// case padding: clean
// case member: uninitialised "byte 1 of the 24-byte allocation"
// case member_repaired: clean
// case element: uninitialised "byte 4 of the 16-byte allocation"
// case half: uninitialised in read_half_pairs "byte 6 of the 8-byte allocation"
// case half_repaired: clean
// case early: uninitialised in take_some
// case early_repaired: clean
// case stack: out-of-bounds in recurse "the stack of"
// case stack_repaired: clean
// case misaligned_shared: misaligned in read_shared_pair
// case misaligned_shared_repaired: clean
// case function: out-of-bounds in call_through "a pointer to no function"
// case function_repaired: clean
// case heap_overrun: out-of-bounds in use_heap "malloc in use_heap"
// case heap_overrun_repaired: clean
// case heap_twice: double-free in free_twice "malloc in free_twice"
// case heap_twice_repaired: clean
// case heap_leak: leak "malloc in use_heap"
#include "tests/emulator/tests/case.h"

__global__ void write_all(int* to, int count) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (i <= count) to[i] = i;  // <- global_write
}

__global__ void write_right(int* to, int count) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (i < count) to[i] = i;
}

__global__ void sum_pairs(const int* from, int* to, int count, int last) {
  const int i = static_cast<int>(threadIdx.x);
  if (i < count) to[i] = i == last ? from[i] : from[i] + from[i + 1];  // <- global_read
}

__global__ void write_at(int* to, int at) {
  to[at] = 1;  // <- redzone null freed freed_async host_pointer
}

__global__ void two_arrays(int* to, int last) {
  __shared__ int first[8];
  __shared__ int second[8];
  const int i = static_cast<int>(threadIdx.x);
  second[i & 7] = i & 7;
  __syncthreads();
  if (i <= last) first[i] = i;  // <- shared_static
  __syncthreads();
  to[i] = first[i & 7] + second[i & 7];
}

__global__ void fill_dynamic(int* to) {
  extern __shared__ int buffer[];
  buffer[threadIdx.x] = static_cast<int>(threadIdx.x);  // <- shared_dynamic
  __syncthreads();
  to[threadIdx.x] = buffer[threadIdx.x ^ 1];
}

__global__ void local_array(int* to, int at) {
  int values[8];
  for (int i = 0; i < 8; ++i) values[(i * 5 + at) & 7] = i;
  volatile int* pointer = values;
  to[threadIdx.x] = pointer[at];  // <- local
}

__global__ void read_pair(const float* from, float* to, int at) {
  const float2 pair = *reinterpret_cast<const float2*>(from + at);  // <- misaligned
  *to = pair.x + pair.y;
}

__global__ void copy(const int* from, int* to) {
  to[threadIdx.x] = from[threadIdx.x] + 1;  // <- uninitialised_global
}

__global__ void half_filled(int* to, int filled) {
  __shared__ int buffer[64];
  const int i = static_cast<int>(threadIdx.x);
  if (i < filled) buffer[i] = i;
  __syncthreads();
  to[i] = buffer[63 - i];  // <- uninitialised_shared
}

struct Loss {
  bool finite;
  double value;
  float scale;
};

__global__ void set_loss(Loss* loss, bool all) {
  loss->finite = true;
  if (all) loss->value = 0.5;
  loss->scale = 2;
}

__global__ void set_some(float* to) {
  if (threadIdx.x != 1) to[threadIdx.x] = 1;
}

// A pair of 16-bit numbers is read as one, of which the last half was never written.
__global__ void read_half_pairs(const unsigned* from, unsigned* to) {
  to[threadIdx.x] = from[threadIdx.x];  // <- half
}
__global__ void set_halves(short* to) { to[threadIdx.x] = 1; }

__device__ __noinline__ bool get(int index, int wanted, int* value) {
  if (index != wanted) return false;
  *value = index + 1;
  return true;
}

// The compiler loads the variable for all threads, and selects.
__global__ void take_some(int* to, int wanted, bool careless) {
  int value;
  const bool is_there = get(static_cast<int>(threadIdx.x), wanted, &value);
  to[threadIdx.x] = is_there || careless ? value : -1;  // <- early
}

__global__ void local_part(int* to, int filled, int at) {
  int values[8];
#pragma unroll 1
  for (int i = 0; i < filled; ++i) values[i] = i * at;
  to[threadIdx.x] = values[at];  // <- uninitialised_local
}

// Every call has a new frame, although it lies where the last one lay.
__device__ __noinline__ int element(int filled, int at) {
  int values[8];
#pragma unroll 1
  for (int i = 0; i < filled; ++i) values[i] = i * at;
  return values[at];  // <- uninitialised_frame
}
__global__ void call_twice(int* to, int filled, int at) {
  to[0] = element(8, at);
  to[1] = element(filled, at);
}

__device__ __noinline__ const int* table(int* own, int at, bool repaired) {
  int values[8];
#pragma unroll 1
  for (int i = 0; i < 8; ++i) own[i] = values[i] = i * at;
  int* volatile pointer = repaired ? own : values;
  return pointer;
}
__global__ void read_after_return(int* to, int at, bool repaired) {
  int own[8];
  to[0] = table(own, at, repaired)[at];  // <- dangling_local
}

// Copies of a structure copy its padding too.
struct Padded {
  char small;
  double large;
  char last;
};
__global__ void copy_padded(int* to, int at) {
  Padded values[4], copies[4];
  for (int i = 0; i < 4; ++i) {
    values[i].small = static_cast<char>(i);
    values[i].large = i;
    values[i].last = static_cast<char>(at);
  }
  for (int i = 0; i < 4; ++i) copies[(i + at) & 3] = values[i];
  to[0] = copies[at].small + static_cast<int>(copies[at].large);
}

__device__ __noinline__ int deep(int depth, int at) {
  volatile int values[64];
  values[at] = depth;
  return depth == 0 ? 0 : deep(depth - 1, at) + values[at];  // <- stack
}
__global__ void recurse(int* to, int depth) { to[0] = deep(depth, depth % 64); }

__global__ void read_shared_pair(int* to, int at) {
  __shared__ int buffer[4];
  buffer[threadIdx.x] = static_cast<int>(threadIdx.x);
  __syncthreads();
  const int2 pair = *reinterpret_cast<const int2*>(buffer + at);  // <- misaligned_shared
  to[threadIdx.x] = pair.x + pair.y;
}

using Function = int (*)(int);
__device__ int twice(int x) { return 2 * x; }
__device__ int square(int x) { return x * x; }
__global__ void call_through(int* to, int which) {
  const Function functions[] = {twice, square, nullptr};
  to[0] = functions[which](3);  // <- function
}

__global__ void use_heap(int* to, int at, bool frees) {
  int* numbers = static_cast<int*>(malloc(8 * sizeof(int)));
  numbers[at] = at;  // <- heap_overrun
  to[0] = numbers[at];
  if (frees) free(numbers);
}

__global__ void free_twice(int* to, bool twice) {
  int* number = static_cast<int*>(malloc(sizeof(int)));
  *number = 3;
  to[0] = *number;
  free(number);
  if (twice) free(number);  // <- heap_twice
}

void write(int* to, int at) {
  write_at<<<1, 1>>>(to, at);
  wait();
}

void redzone_at(int at) {
  int* first = device<int>(100);
  int* second = device<int>(100);
  write(first, at);
  cudaFree(first);
  cudaFree(second);
}

void global_write_with(void (*kernel)(int*, int)) {
  int* to = device<int>(100);
  kernel<<<1, 128>>>(to, 100);
  wait();
  cudaFree(to);
}

void global_read_with(int last) {
  int* from = device<int>(100);
  int* to = device<int>(100);
  sum_pairs<<<1, 128>>>(from, to, 100, last);
  wait();
  cudaFree(from);
  cudaFree(to);
}

void dynamic_with(std::size_t bytes) {
  int* to = device<int>(32);
  fill_dynamic<<<1, 32, bytes>>>(to);
  wait();
  cudaFree(to);
}

void misaligned_with(int at) {
  float* from = device<float>(8);
  float* to = device<float>(1);
  read_pair<<<1, 1>>>(from, to, at);
  wait();
  cudaFree(from);
  cudaFree(to);
}

void freed_with(bool early) {
  int* to = device<int>(100);
  if (early) cudaFree(to);
  write(to, 5);
  if (!early) cudaFree(to);
}

void freed_async_with(bool early) {
  cudaStream_t stream;
  check(cudaStreamCreate(&stream));
  int* to = nullptr;
  check(cudaMallocAsync(&to, 400, stream));
  if (early) cudaFreeAsync(to, stream);
  write_at<<<1, 1, 0, stream>>>(to, 5);
  if (!early) cudaFreeAsync(to, stream);
  cudaStreamSynchronize(stream);
  cudaGetLastError();
  cudaStreamDestroy(stream);
}

void double_free_with(bool twice) {
  int* memory = device<int>(100);
  cudaFree(memory);
  if (twice) cudaFree(memory);
  cudaGetLastError();
}

void uninitialised_global_with(int filled) {
  int* from = nullptr;
  check(cudaMalloc(&from, 800));
  int* to = device<int>(200);
  check(cudaMemset(from, 0, static_cast<std::size_t>(filled) * 4));
  copy<<<1, 200>>>(from, to);
  wait();
  cudaFree(from);
  cudaFree(to);
}

void loss_with(bool all) {
  Loss* loss = nullptr;
  check(cudaMalloc(&loss, sizeof(Loss)));
  set_loss<<<1, 1>>>(loss, all);
  require(take(loss, 1)[0].scale == 2, "members");
}

void some_elements() {
  float* values = nullptr;
  check(cudaMalloc(&values, 16));
  set_some<<<1, 4>>>(values);
  require(take(values, 4)[3] == 1, "elements");
}

void halves_with(unsigned count) {
  short* halves = nullptr;
  check(cudaMalloc(&halves, 8));
  unsigned* to = device<unsigned>(2);
  set_halves<<<1, count>>>(halves);
  read_half_pairs<<<1, 2>>>(reinterpret_cast<unsigned*>(halves), to);
  check(wait());
  check(cudaFree(halves));
  require(take(to, 2)[0] == 0x10001, "halves");
}

void host_pointer_with(bool managed) {
  int* memory = nullptr;
  if (managed) check(cudaMallocManaged(&memory, 400));
  int* host = new int[100]();
  write(managed ? memory : host, 3);
  if (managed) require(memory[3] == 1, "managed memory holds what the kernel wrote");
  delete[] host;
  if (managed) cudaFree(memory);
}

void device_pointer() {
  volatile int* memory = device<int>(100);
  memory[1] = 5;
}

void device_pointer_repaired() {
  int* memory = device<int>(100);
  const int value = 5;
  check(cudaMemcpy(memory + 1, &value, 4, cudaMemcpyHostToDevice));
  require(take(memory, 100)[1] == 5, "copy");
}

int main(int count, char** arguments) {
  return run_case(count, arguments,
                  {{"global_write", [] { global_write_with(write_all); }},
                   {"global_write_repaired", [] { global_write_with(write_right); }},
                   {"global_read", [] { global_read_with(-1); }},
                   {"global_read_repaired", [] { global_read_with(99); }},
                   {"redzone", [] { redzone_at(101); }},
                   {"redzone_repaired", [] { redzone_at(99); }},
                   {"null", [] { write(nullptr, 0); }},
                   {"shared_static", [] { launch_block(two_arrays, 32, 8); }},
                   {"shared_static_repaired", [] { launch_block(two_arrays, 32, 7); }},
                   {"shared_dynamic", [] { dynamic_with(64); }},
                   {"shared_dynamic_repaired", [] { dynamic_with(128); }},
                   {"local", [] { launch_block(local_array, 1, 1 << 20); }},
                   {"local_repaired", [] { launch_block(local_array, 1, 7); }},
                   {"misaligned", [] { misaligned_with(1); }},
                   {"misaligned_repaired", [] { misaligned_with(2); }},
                   {"freed", [] { freed_with(true); }},
                   {"freed_repaired", [] { freed_with(false); }},
                   {"freed_async", [] { freed_async_with(true); }},
                   {"freed_async_repaired", [] { freed_async_with(false); }},
                   {"double_free", [] { double_free_with(true); }},
                   {"double_free_repaired", [] { double_free_with(false); }},
                   {"uninitialised_global", [] { uninitialised_global_with(101); }},
                   {"uninitialised_global_repaired", [] { uninitialised_global_with(200); }},
                   {"uninitialised_shared", [] { launch_block(half_filled, 64, 32); }},
                   {"uninitialised_shared_repaired", [] { launch_block(half_filled, 64, 64); }},
                   {"host_pointer", [] { host_pointer_with(false); }},
                   {"host_pointer_repaired", [] { host_pointer_with(true); }},
                   {"device_pointer", device_pointer},
                   {"device_pointer_repaired", device_pointer_repaired},
                   {"uninitialised_local", [] { launch_block(local_part, 1, 4, 4); }},
                   {"uninitialised_local_repaired", [] { launch_block(local_part, 1, 5, 4); }},
                   {"uninitialised_frame", [] { launch_block(call_twice, 1, 3, 3); }},
                   {"uninitialised_frame_repaired", [] { launch_block(call_twice, 1, 4, 3); }},
                   {"dangling_local", [] { launch_block(read_after_return, 1, 3, false); }},
                   {"dangling_local_repaired", [] { launch_block(read_after_return, 1, 3, true); }},
                   {"member", [] { loss_with(false); }},
                   {"member_repaired", [] { loss_with(true); }},
                   {"element", some_elements},
                   {"half", [] { halves_with(3); }},
                   {"half_repaired", [] { halves_with(4); }},
                   {"early", [] { launch_block(take_some, 2, 0, true); }},
                   {"early_repaired", [] { launch_block(take_some, 2, 0, false); }},
                   {"padding", [] { launch_block(copy_padded, 1, 1); }},
                   {"stack", [] { launch_block(recurse, 1, 1000); }},
                   {"stack_repaired", [] { launch_block(recurse, 1, 100); }},
                   {"misaligned_shared", [] { launch_block(read_shared_pair, 4, 1); }},
                   {"misaligned_shared_repaired", [] { launch_block(read_shared_pair, 4, 2); }},
                   {"function", [] { launch_block(call_through, 1, 2); }},
                   {"function_repaired", [] { launch_block(call_through, 1, 1); }},
                   {"heap_overrun", [] { launch_block(use_heap, 1, 8, true); }},
                   {"heap_overrun_repaired", [] { launch_block(use_heap, 1, 7, true); }},
                   {"heap_twice", [] { launch_block(free_twice, 1, true); }},
                   {"heap_twice_repaired", [] { launch_block(free_twice, 1, false); }},
                   {"heap_leak", [] { launch_block(use_heap, 1, 7, false); }}});
}
