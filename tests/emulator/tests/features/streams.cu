// SPDX-License-Identifier: MIT
// Streams, events, host functions and threads.
// case streams: clean
// case events: clean
// case dependencies: clean
// case host_functions: clean
// case threads: clean
// case no_event: clean with --fail cudaEventCreate:2
#include "tests/emulator/tests/case.h"

#include <atomic>
#include <thread>

namespace {

__global__ void add(int* data, int value) { data[blockIdx.x * blockDim.x + threadIdx.x] += value; }

void streams() {
  int least = 0, greatest = 0, priority = 1;
  check(cudaDeviceGetStreamPriorityRange(&least, &greatest));
  cudaStream_t stream, other;
  check(cudaStreamCreateWithPriority(&stream, cudaStreamNonBlocking, greatest));
  check(cudaStreamGetPriority(stream, &priority));
  require(priority == greatest, "priority");
  check(cudaStreamCreateWithFlags(&other, cudaStreamNonBlocking));
  int* data = device<int>(64);
  check(cudaDeviceSynchronize());  // the stream does not wait for the legacy stream's memset
  for (int i = 0; i < 3; ++i) add<<<1, 64, 0, stream>>>(data, i);
  check(cudaStreamSynchronize(stream));
  require(cudaStreamQuery(stream) == cudaSuccess, "the stream is done");
  add<<<1, 64, 0, cudaStreamPerThread>>>(data, 4);
  check(cudaStreamSynchronize(cudaStreamPerThread));
  add<<<1, 64, 0, cudaStreamLegacy>>>(data, 5);
  check(wait());
  check(cudaStreamDestroy(stream));
  check(cudaStreamDestroy(other));
  require(take(data, 64)[63] == 12, "streams");
}

void events() {
  cudaEvent_t begin, end, untimed;
  check(cudaEventCreate(&begin));
  check(cudaEventCreate(&end));
  check(cudaEventCreateWithFlags(&untimed, cudaEventDisableTiming));
  int* data = device<int>(64);
  check(cudaEventRecord(begin));
  add<<<1, 64>>>(data, 1);
  check(cudaEventRecord(end));
  check(cudaEventSynchronize(end));
  float milliseconds = -1;
  check(cudaEventElapsedTime(&milliseconds, begin, end));
  require(milliseconds >= 0 && cudaEventQuery(end) == cudaSuccess, "elapsed time");
  check(cudaEventRecord(untimed));
  check(cudaEventSynchronize(untimed));
  require(cudaEventElapsedTime(&milliseconds, begin, untimed) != cudaSuccess, "no timing");
  cudaGetLastError();
  check(cudaEventDestroy(begin));
  check(cudaEventDestroy(end));
  check(cudaEventDestroy(untimed));
  check(cudaFree(data));
}

// Two streams that hand the data to each other: right in every order that the events allow.
void dependencies() {
  cudaStream_t streams[2];
  cudaEvent_t event;
  check(cudaStreamCreateWithFlags(&streams[0], cudaStreamNonBlocking));
  check(cudaStreamCreateWithFlags(&streams[1], cudaStreamNonBlocking));
  check(cudaEventCreateWithFlags(&event, cudaEventDisableTiming));
  int* data = device<int>(64);
  int* to = device<int>(64);
  check(cudaDeviceSynchronize());
  for (int i = 0; i < 6; ++i) {
    add<<<1, 64, 0, streams[i % 2]>>>(data, 1);
    check(cudaMemcpyAsync(to, data, 256, cudaMemcpyDeviceToDevice, streams[i % 2]));
    check(cudaEventRecord(event, streams[i % 2]));
    check(cudaStreamWaitEvent(streams[1 - i % 2], event, 0));
  }
  check(cudaDeviceSynchronize());
  check(cudaFree(data));
  require(take(to, 64)[5] == 6, "dependencies");
  check(cudaStreamDestroy(streams[0]));
  check(cudaStreamDestroy(streams[1]));
  check(cudaEventDestroy(event));
}

void host_functions() {
  static int calls = 0;
  for (int i = 0; i < 3; ++i) {
    check(cudaLaunchHostFunc(
        nullptr, [](void* sum) { ++*static_cast<int*>(sum); }, &calls));
  }
  check(cudaStreamSynchronize(nullptr));
  require(calls == 3, "host functions");
}

void threads() {
  std::vector<std::thread> all;
  std::atomic<int> right{0};
  for (int t = 0; t < 4; ++t) {
    all.emplace_back([t, &right] {
      cudaStream_t stream;
      check(cudaStreamCreate(&stream));
      int* data = device<int>(64);
      for (int i = 0; i < 20; ++i) add<<<1, 64, 0, stream>>>(data, t);
      check(cudaStreamSynchronize(stream));
      check(cudaStreamDestroy(stream));
      if (take(data, 64)[7] == 20 * t) ++right;
    });
  }
  for (std::thread& one : all) one.join();
  require(right == 4, "threads");
}

// A call fails by its own name, whatever it is made of.
void no_event() {
  cudaEvent_t first, second, third;
  check(cudaEventCreate(&first));
  check(cudaEventCreateWithFlags(&second, cudaEventDisableTiming));
  require(cudaEventCreate(&third) != cudaSuccess, "--fail");
  cudaGetLastError();
  check(cudaEventDestroy(first));
  check(cudaEventDestroy(second));
}

}  // namespace

int main(int count, char** arguments) {
  return run_case(count, arguments,
                  {{"streams", streams},
                   {"events", events},
                   {"dependencies", dependencies},
                   {"host_functions", host_functions},
                   {"threads", threads},
                   {"no_event", no_event}});
}
