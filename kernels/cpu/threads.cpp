// SPDX-License-Identifier: MIT
#include <kindling/core/error.h>
#include <kindling/kernels/cpu/flush.h>
#include <kindling/kernels/cpu/threads.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstdlib>
#include <exception>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace kindling::kernels::cpu {
namespace {

constinit thread_local bool inside_parallel_for = false;

void pause() noexcept {
#if defined(__x86_64__)
  _mm_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

/// Waits until value differs from `old`: for some ten microseconds awake, then asleep.
template <class T>
void wait_for_change(const std::atomic<T>& value, T old) noexcept {
  constexpr int kSpins = 1000;
  for (int spin = 0; spin < kSpins; ++spin) {
    if (value.load(std::memory_order_acquire) != old) return;
    pause();
  }
  value.wait(old, std::memory_order_acquire);
}

/// One job at a time: the thread that brings it and the workers that are woken for it take its
/// blocks in runs, long ones at first, so that each reads on where it has read, and single ones at
/// the end, so that all end together. The job ends when its blocks are done: a worker that wakes up
/// too late finds it closed and is not waited for.
class Pool {
 public:
  void run(std::int64_t blocks, const BlockFunction& function, int helpers) {
    function_ = &function;
    blocks_ = blocks;
    runs_ = 2 * (std::int64_t{helpers} + 1);
    failed_block_.store(blocks, std::memory_order_relaxed);
    mode_ = float_mode();
    next_.store(0, std::memory_order_relaxed);
    participants_.store(1, std::memory_order_release);  // opens the job
    wake(helpers);
    inside_parallel_for = true;
    take_blocks();
    inside_parallel_for = false;
    participants_.fetch_sub(1, std::memory_order_acq_rel);
    for (int left; (left = participants_.load(std::memory_order_acquire)) != 0;)
      wait_for_change(participants_, left);
    if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
  }

  std::mutex mutex;  // held by the thread whose job runs

 private:
  struct alignas(64) Worker {
    std::atomic<std::uint32_t> calls{0};
  };

  void take_blocks() noexcept {
    for (std::int64_t begin = next_.load(std::memory_order_relaxed); begin < blocks_;) {
      const std::int64_t end = begin + (blocks_ - begin + runs_ - 1) / runs_;
      if (!next_.compare_exchange_weak(begin, end, std::memory_order_relaxed)) continue;
      take_run(begin, end);
      begin = next_.load(std::memory_order_relaxed);
    }
  }

  /// No block after one that has thrown, but all before it: so the first that throws is found.
  void take_run(std::int64_t begin, std::int64_t end) noexcept {
    for (std::int64_t block = begin; block < end; ++block) {
      if (block > failed_block_.load(std::memory_order_relaxed)) return;
      try {
        (*function_)(block);
      } catch (...) {
        const std::lock_guard lock(error_mutex_);
        if (block > failed_block_.load(std::memory_order_relaxed)) return;
        error_ = std::current_exception();
        failed_block_.store(block, std::memory_order_relaxed);
        return;
      }
    }
  }

  void wake(int helpers) noexcept {
    const auto wanted = static_cast<std::size_t>(helpers);
    while (workers_.size() < wanted && start_worker()) {
    }
    for (std::size_t i = 0; i < std::min(wanted, workers_.size()); ++i) {
      workers_[i]->calls.fetch_add(1, std::memory_order_release);
      workers_[i]->calls.notify_one();
    }
  }

  /// False when the system has no thread or memory to give: the work is then done by fewer.
  bool start_worker() noexcept {
    try {
      workers_.reserve(workers_.size() + 1);
      auto worker = std::make_unique<Worker>();
      std::thread([this, w = worker.get()] { serve(*w); }).detach();
      workers_.push_back(std::move(worker));
    } catch (const std::exception&) {
      return false;
    }
    return true;
  }

  [[noreturn]] void serve(const Worker& worker) {
    inside_parallel_for = true;
    for (std::uint32_t seen = 0;;) {
      wait_for_change(worker.calls, seen);
      seen = worker.calls.load(std::memory_order_acquire);
      if (!join()) continue;
      {
        const FloatModeScope scope(mode_);
        take_blocks();
      }
      if (participants_.fetch_sub(1, std::memory_order_acq_rel) == 1) participants_.notify_one();
    }
  }

  /// Takes part in the open job; false when it has been closed.
  bool join() noexcept {
    int count = participants_.load(std::memory_order_relaxed);
    while (count != 0)
      if (participants_.compare_exchange_weak(count, count + 1, std::memory_order_acquire))
        return true;
    return false;
  }

  const BlockFunction* function_ = nullptr;
  std::int64_t blocks_ = 0;
  std::int64_t runs_ = 1;  // a run is this part of what is left
  FloatMode mode_ = 0;
  alignas(64) std::atomic<std::int64_t> next_{0};
  alignas(64) std::atomic<int> participants_{0};  // 0: no job is open
  std::vector<std::unique_ptr<Worker>> workers_;
  std::mutex error_mutex_;
  std::exception_ptr error_;                   // of failed_block_
  std::atomic<std::int64_t> failed_block_{0};  // or the number of blocks
};

/// Never destroyed: kernels may run in destructors of static objects, and sleeping workers end with
/// the process.
Pool& pool() {
  static Pool& pool = *new Pool;
  return pool;
}

int initial_thread_count() {
  const char* text = std::getenv("KINDLING_NUM_THREADS");
  if (text != nullptr && *text != '\0') return parse_thread_count(text);
  return static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
}

std::atomic<int>& thread_count() {
  static std::atomic<int> count = initial_thread_count();
  return count;
}

}  // namespace

void parallel_for(std::int64_t blocks, BlockFunction function) {
  const auto threads = static_cast<int>(std::min<std::int64_t>(blocks, get_num_threads()));
  if (threads > 1 && !inside_parallel_for) {
    const std::unique_lock lock(pool().mutex, std::try_to_lock);
    if (lock.owns_lock()) return pool().run(blocks, function, threads - 1);
  }
  for (std::int64_t block = 0; block < blocks; ++block) function(block);
}

int get_num_threads() { return thread_count().load(std::memory_order_relaxed); }

int parse_thread_count(std::string_view text) {
  int count = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, count);
  if (error != std::errc() || rest != end || count < 1 || count > 65536)
    throw ValueError(message("KINDLING_NUM_THREADS: value \"", text,
                             "\": set it to a whole number of threads, from 1 to 65536"));
  return count;
}

void set_num_threads(int count) {
  if (count < 1)
    throw ValueError(message("set_num_threads: count ", count, ": must be at least 1"));
  thread_count().store(count, std::memory_order_relaxed);
}

}  // namespace kindling::kernels::cpu
