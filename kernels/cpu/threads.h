// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>

namespace kindling::kernels::cpu {

/// A reference to a callable `void(std::int64_t)` that outlives the call it is passed to.
class BlockFunction {
 public:
  template <class F>
  __attribute__((always_inline))
  BlockFunction(const F& function) noexcept  // NOLINT(google-explicit-constructor)
      : object_(&function), call_([](const void* object, std::int64_t block) {
          (*static_cast<const F*>(object))(block);
        }) {}

  __attribute__((always_inline)) void operator()(std::int64_t block) const {
    call_(object_, block);
  }

 private:
  const void* object_;
  void (*call_)(const void*, std::int64_t);
};

/// Calls function(block) once for each block of [0, blocks), on up to get_num_threads() threads
/// with the caller's floating-point mode; returns when all are done. How the work falls into blocks
/// must depend on its size alone: then results do not depend on the thread count. Serial inside
/// another parallel_for, and while another thread's is running. A thread takes consecutive blocks,
/// so that it reads on where it has read. After a block has thrown none behind it is started, and
/// the first block's exception (in their order) is thrown here.
void parallel_for(std::int64_t blocks, BlockFunction function);

/// Elements per block of for_each_block: large enough to be worth waking a thread for.
inline constexpr std::int64_t kElementsPerBlock = 32768;

/// Calls function(begin, end) for the consecutive pieces of [0, count) of `block` elements each
/// (the last may be shorter), in parallel; one piece, and so all small work, runs on the caller.
template <class F>
__attribute__((always_inline)) inline void for_each_block(std::int64_t count, std::int64_t block,
                                                          const F& function) {
  // Not inlined: the work would stand in the program twice.
  const auto piece = [&](std::int64_t i) __attribute__((noinline)) {
    const std::int64_t begin = i * block;
    function(begin, count - begin < block ? count : begin + block);
  };
  if (count > block)
    parallel_for((count + block - 1) / block, piece);
  else if (count > 0)
    piece(0);
}

/// Threads that parallel_for may use, the caller included. At first KINDLING_NUM_THREADS, or else
/// the number of processors this process may run on.
int get_num_threads();

/// The number of threads that the value of KINDLING_NUM_THREADS asks for. ValueError unless it is a
/// whole number from 1 to 65536.
int parse_thread_count(std::string_view text);

/// ValueError for count < 1.
void set_num_threads(int count);

}  // namespace kindling::kernels::cpu
