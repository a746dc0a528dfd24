// SPDX-License-Identifier: MIT
#pragma once

#include "tests/emulator/streams/streams.h"

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <vector>

namespace emulator {

struct Node;
struct Capture;

/// Objects behind handles of the program. A shell is never freed, so a stale handle is recognised.
template <class T>
class Registry {
 public:
  T* add() { return *live_.insert(new T).first; }
  /// The object behind a handle, or nullptr.
  T* find(const void* handle) const {
    auto* const object = static_cast<T*>(const_cast<void*>(handle));
    return live_.contains(object) ? object : nullptr;
  }
  bool remove(T* object) {
    if (live_.erase(object) == 0) return false;
    *object = T{};
    return true;
  }
  const std::set<T*>& live() const { return live_; }

 private:
  std::set<T*> live_;
};

/// The objects of a type; never destroyed, like all that the program's own destructors may use.
template <class T>
Registry<T>& registry() {
  static auto* const result = new Registry<T>;
  return *result;
}

/// Work on its way: what has to run before it, and whether it has run.
struct Operation {
  Work work;
  std::vector<std::shared_ptr<Operation>> after;
  bool done = false;
};
using OperationPtr = std::shared_ptr<Operation>;

inline constexpr int kGreatestPriority = -5;  // of a stream; the least is 0

struct Stream {
  std::uint64_t id = 0;
  unsigned flags = 0;
  int priority = 0;
  OperationPtr last;
  std::vector<OperationPtr> waits;  // events that the next work waits for
  Capture* capture = nullptr;
  std::vector<Node*> tips;  // in a capture: what the next node depends on
  std::map<cudaStreamAttrID, cudaStreamAttrValue> hints;  // attributes that were set

  bool blocking() const { return (flags & cudaStreamNonBlocking) == 0; }
};

Stream& legacy_stream();
/// The stream of a handle (0, cudaStreamLegacy, cudaStreamPerThread or a created one), or nullptr.
Stream* find_stream(cudaStream_t handle);
Stream* create_stream(unsigned flags, int priority);
/// Ends a stream; what is on it still runs.
void destroy_stream(Stream& stream);

/// Puts work on a stream that is not being captured, after what the rules of streams say. It runs
/// now unless --lazy is given.
OperationPtr enqueue(Stream& stream, Work work);
/// The same; returns the sticky error or, unless it runs later, that of the work.
cudaError_t start(Stream& stream, Work work);
/// The same for work that only waits for what is named.
OperationPtr enqueue_after(std::vector<OperationPtr> after, Work work);

/// Runs what an operation needs, and, at random, other work that is ready; then the operation.
void wait(const OperationPtr& operation);
void wait_all();
/// One step towards the end of an operation, as time passes for a program that polls.
void make_progress(const OperationPtr& operation);
/// Runs what nobody waited for, without host functions; at exit.
void finish_all();

/// The error, not a fault, with which work ended since the last question.
cudaError_t take_work_error();

/// True while this thread is inside a host function, which may not call CUDA.
bool in_host_function();

}  // namespace emulator
