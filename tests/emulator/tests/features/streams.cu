// SPDX-License-Identifier: MIT
// Streams, events, host functions and threads.
// case streams: clean
// case events: clean
// case dependencies: clean
// case host_functions: clean
// case handles: clean
// case polling: clean
// case threads: clean
// case shared_stream: clean
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
  require(priority == greatest && greatest < least, "priority");
  check(cudaStreamCreateWithPriority(&other, cudaStreamDefault, least + 1));
  unsigned flags = 7;
  unsigned long long id = 0, other_id = 0;
  check(cudaStreamGetPriority(other, &priority));
  check(cudaStreamGetFlags(stream, &flags));
  check(cudaStreamGetId(stream, &id));
  check(cudaStreamGetId(other, &other_id));
  require(priority == least && flags == cudaStreamNonBlocking && id != other_id,
          "what a stream says of itself");
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
  static cudaError_t inside = cudaSuccess;
  check(cudaLaunchHostFunc(
      nullptr, [](void*) { inside = cudaDeviceSynchronize(); }, nullptr));
  check(cudaStreamSynchronize(nullptr));
  require(inside == cudaErrorNotPermitted, "which may not call CUDA");
  cudaGetLastError();
}

void handles() {
  cudaStream_t stream;
  cudaEvent_t event, untouched;
  float milliseconds;
  check(cudaStreamCreate(&stream));
  check(cudaEventCreate(&event));
  check(cudaEventCreate(&untouched));
  // An event that was never recorded has happened.
  check(cudaEventSynchronize(untouched));
  check(cudaEventQuery(untouched));
  check(cudaStreamWaitEvent(stream, untouched, 0));
  check(cudaEventRecord(event, stream));
  check(cudaEventSynchronize(event));
  const auto kInvalid = cudaErrorInvalidResourceHandle;
  require(cudaEventElapsedTime(&milliseconds, untouched, event) == kInvalid, "never recorded");
  // The work of a stream that is destroyed still runs.
  int* data = device<int>(64);
  add<<<1, 64, 0, stream>>>(data, 3);
  check(cudaStreamDestroy(stream));
  require(take(data, 64)[0] == 3, "work of a destroyed stream");
  check(cudaEventDestroy(event));
  check(cudaEventDestroy(untouched));
  require(cudaStreamSynchronize(stream) == kInvalid && cudaStreamDestroy(stream) == kInvalid &&
              cudaEventRecord(event) == kInvalid && cudaEventDestroy(event) == kInvalid &&
              cudaStreamDestroy(nullptr) == kInvalid,
          "handles of what is gone");
  require(cudaStreamCreateWithFlags(&stream, 8) == cudaErrorInvalidValue &&
              cudaEventCreateWithFlags(&event, 64) == cudaErrorInvalidValue,
          "flags");
  cudaGetLastError();
}

// Without a wait, work is done at last.
void polling() {
  cudaStream_t stream;
  cudaEvent_t event;
  check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  check(cudaEventCreate(&event));
  int *data = device<int>(64), *to = nullptr;
  check(cudaMallocHost(&to, 256));
  check(cudaDeviceSynchronize());
  add<<<1, 64, 0, stream>>>(data, 3);
  check(cudaMemcpyAsync(to, data, 256, cudaMemcpyDeviceToHost, stream));
  check(cudaEventRecord(event, stream));
  cudaError_t error;
  while ((error = cudaEventQuery(event)) == cudaErrorNotReady) cudaGetLastError();
  check(error);
  require(to[5] == 3 && cudaStreamQuery(stream) == cudaSuccess, "polling");
  check(cudaFreeHost(to));
  check(cudaFree(data));
  check(cudaEventDestroy(event));
  check(cudaStreamDestroy(stream));
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

// Threads that use one stream, and each its own.
void shared_stream() {
  cudaStream_t stream;
  check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  int *sum = device<int>(64), *own = device<int>(4 * 64);
  check(cudaDeviceSynchronize());
  std::vector<std::thread> all;
  for (int t = 0; t < 4; ++t) {
    all.emplace_back([=] {
      for (int i = 0; i < 10; ++i) {
        add<<<1, 64, 0, stream>>>(sum, 1);
        add<<<1, 64, 0, cudaStreamPerThread>>>(own + t * 64, t);
      }
      check(cudaStreamSynchronize(cudaStreamPerThread));
    });
  }
  for (std::thread& one : all) one.join();
  check(cudaStreamSynchronize(stream));
  require(take(sum, 64)[3] == 40 && take(own, 256)[200] == 30, "threads");
  check(cudaStreamDestroy(stream));
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
                   {"handles", handles},
                   {"polling", polling},
                   {"threads", threads},
                   {"shared_stream", shared_stream},
                   {"no_event", no_event}});
}
