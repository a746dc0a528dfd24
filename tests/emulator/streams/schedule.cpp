// SPDX-License-Identifier: MIT
#include "tests/emulator/streams/schedule.h"

#include "tests/emulator/report/options.h"
#include "tests/emulator/streams/capture.h"
#include "tests/emulator/streams/errors.h"

#include <algorithm>
#include <random>
#include <utility>

namespace emulator {
namespace {

constexpr std::size_t kDepth = 512;  // operations that may be under way at once

// Guarded by device_lock(); never destroyed.
struct State {
  std::vector<OperationPtr> pending;
  std::mt19937_64 random{options().lazy.value_or(0)};
  cudaError_t error = cudaSuccess;
  std::uint64_t ids = 0;
};

State& state() {
  static State* const result = new State;
  return *result;
}

thread_local bool inside_host_function = false;
thread_local Stream* own_stream = nullptr;  // cudaStreamPerThread

bool is_done(const OperationPtr& operation) { return !operation || operation->done; }

bool is_ready(const OperationPtr& operation) {
  return std::all_of(operation->after.begin(), operation->after.end(), is_done);
}

void run(const OperationPtr& operation) {
  const OperationPtr alive = operation;  // `operation` may be an element of what changes below
  std::erase(state().pending, alive);
  alive->done = true;
  alive->after.clear();
  const Work work = std::move(alive->work);
  alive->work = {};
  if (!work.run || sticky_error() != cudaSuccess) return;
  const WorksFor scope(work.site);
  inside_host_function = work.kind == cudaGraphNodeTypeHost;
  const cudaError_t error = work.run();
  inside_host_function = false;
  if (is_fault(error)) {
    stick(error, work.what);
  } else if (error != cudaSuccess) {
    state().error = error;
  }
}

// What has to run before `operation`, and itself.
void collect_needed(const OperationPtr& operation, std::set<OperationPtr>& needed) {
  std::vector<OperationPtr> rest = {operation};
  while (!rest.empty()) {
    const OperationPtr next = rest.back();
    rest.pop_back();
    if (is_done(next) || !needed.insert(next).second) continue;
    rest.insert(rest.end(), next->after.begin(), next->after.end());
  }
}

// Runs one pending operation that is ready, drawn at random from `among`, or, rarely, from all.
void run_one(const std::set<OperationPtr>* among) {
  State& all = state();
  if (all.random() % 4 == 0) among = nullptr;
  std::vector<OperationPtr> ready;
  for (const OperationPtr& operation : all.pending) {
    if (is_ready(operation) && (!among || among->contains(operation))) ready.push_back(operation);
  }
  if (!ready.empty()) run(ready[all.random() % ready.size()]);
}

}  // namespace

Stream& legacy_stream() {
  static auto* const stream = new Stream;
  return *stream;
}

Stream* create_stream(unsigned flags, int priority) {
  Stream* const stream = registry<Stream>().add();
  stream->id = ++state().ids;
  stream->flags = flags;
  stream->priority = std::clamp(priority, kGreatestPriority, 0);
  return stream;
}

Stream* find_stream(cudaStream_t handle) {
  if (handle == nullptr || handle == cudaStreamLegacy) return &legacy_stream();
  if (handle != cudaStreamPerThread) return registry<Stream>().find(handle);
  if (!own_stream) own_stream = create_stream(cudaStreamDefault, 0);
  return own_stream;
}

void destroy_stream(Stream& stream) {
  if (stream.blocking() && !is_done(stream.last)) legacy_stream().waits.push_back(stream.last);
  registry<Stream>().remove(&stream);
}

OperationPtr enqueue_after(std::vector<OperationPtr> after, Work work) {
  State& all = state();
  std::erase_if(after, is_done);
  auto operation = std::make_shared<Operation>(Operation{std::move(work), std::move(after)});
  all.pending.push_back(operation);
  if (!options().lazy) {
    run(operation);
  } else {
    while (all.pending.size() > kDepth) run_one(nullptr);
  }
  return operation;
}

OperationPtr enqueue(Stream& stream, Work work) {
  std::vector<OperationPtr> after = std::move(stream.waits);
  stream.waits.clear();
  after.push_back(stream.last);
  // The legacy stream waits for all blocking streams, and they wait for it.
  if (&stream == &legacy_stream()) {
    for (const Stream* other : registry<Stream>().live()) {
      if (!other->blocking()) continue;
      after.push_back(other->last);
      after.insert(after.end(), other->waits.begin(), other->waits.end());
    }
  } else if (stream.blocking()) {
    after.push_back(legacy_stream().last);
  }
  return stream.last = enqueue_after(std::move(after), std::move(work));
}

void wait(const OperationPtr& operation) {
  if (is_done(operation)) return;
  std::set<OperationPtr> needed;
  collect_needed(operation, needed);
  while (!operation->done) run_one(&needed);
}

void wait_all() {
  while (!state().pending.empty()) run_one(nullptr);
}

void make_progress(const OperationPtr& operation) {
  if (is_done(operation)) return;
  std::set<OperationPtr> needed;
  collect_needed(operation, needed);
  run_one(&needed);
}

void finish_all() {
  for (const OperationPtr& operation : state().pending) {
    if (operation->work.kind == cudaGraphNodeTypeHost) operation->work.run = nullptr;
  }
  wait_all();
}

cudaError_t take_work_error() { return std::exchange(state().error, cudaSuccess); }

bool in_host_function() { return inside_host_function; }

cudaError_t start(Stream& stream, Work work) {
  if (sticky_error() != cudaSuccess) return sticky_error();
  enqueue(stream, std::move(work));
  return options().lazy ? cudaSuccess : take_work_error();
}

cudaError_t submit(cudaStream_t handle, Work work) {
  const std::lock_guard lock(device_lock());
  Stream* const stream = find_stream(handle);
  if (!stream) return cudaErrorInvalidResourceHandle;
  if (options().lazy || stream->capture) work.site = current_host_call();
  if (stream->capture) return capture_work(*stream, std::move(work));
  if (stream == &legacy_stream()) {
    if (const cudaError_t error = refuse_legacy_work(work.what)) return error;
  }
  return start(*stream, std::move(work));
}

}  // namespace emulator
