// SPDX-License-Identifier: MIT
#include "tests/emulator/execution/launch.h"

#include "tests/emulator/execution/lanes.h"
#include "tests/emulator/execution/warp.h"
#include "tests/emulator/memory/memory.h"
#include "tests/emulator/races/races.h"
#include "tests/emulator/report/options.h"

#include <algorithm>
#include <cfenv>
#include <cstring>
#include <memory>
#include <numeric>
#include <random>

namespace emulator {
namespace {

constexpr std::uint32_t kRecursionStack = 64 * 1024;  // bytes a thread, where calls recurse
constexpr std::uint64_t kTurn = 1u << 18;             // instructions of a block that runs alone
constexpr std::uint64_t kSharedTurn = 1u << 14;       // before the next resident block has its turn
constexpr std::size_t kResident = 128;                // blocks of an ordinary launch, at most

class Launch {
 public:
  explicit Launch(const LaunchRequest& request) : request_(request) {
    grid_.request = &request;
    grid_.program = request.program;
    grid_.parameters = request.parameters;
    grid_.counters = counters().kernels;
    const std::uint64_t seed = options().shuffle.value_or(0) + launches_++;
    random_.seed(seed);
    order_.resize(request.grid.count());
    std::iota(order_.begin(), order_.end(), 0u);
    if (options().shuffle) shuffle_blocks();
  }

  Fault run() {
    if (request_.cooperative) make_grid_barrier();
    if (options().checks == Checks::all) Races::instance().begin_launch(grid_);
    run_blocks();
    if (grid_.grid_barrier != 0) Memory::instance().free(grid_.grid_barrier);
    counters().kernels = grid_.counters;
    ++counters().launches[request_.kernel->name];
    return grid_.fault;
  }

 private:
  // Only among those that can be resident together: a GPU starts blocks in their order, and
  // look-back scans count on it that all blocks before one's own have started.
  void shuffle_blocks() {
    for (std::size_t first = 0; first < order_.size(); first += kResident) {
      const auto begin = order_.begin() + static_cast<std::ptrdiff_t>(first);
      const std::size_t count = std::min(kResident, order_.size() - first);
      std::shuffle(begin, begin + static_cast<std::ptrdiff_t>(count), random_);
    }
  }

  // What cooperative groups' grid.sync() counts in.
  void make_grid_barrier() {
    Memory& memory = Memory::instance();
    grid_.grid_barrier = memory.allocate(16, MemoryKind::symbol, "the grid's barrier");
    std::memset(memory.data(grid_.grid_barrier), 0, 16);
    memory.mark(grid_.grid_barrier, 16, true);
  }

  // One block after the other; if one of them waits for others, more and more take turns. All
  // blocks of a cooperative launch are resident from the start.
  void run_blocks() {
    const std::size_t most = request_.cooperative ? order_.size() : kResident;
    std::size_t wanted = request_.cooperative ? most : 1;  // resident blocks
    std::vector<std::unique_ptr<Block>> resident, spare;
    std::size_t next = 0;
    std::uint64_t idle = 0;
    while (next < order_.size() || !resident.empty()) {
      while (next < order_.size() && resident.size() < wanted) {
        if (spare.empty()) spare.push_back(std::make_unique<Block>());
        start(*spare.back(), order_[next++]);
        resident.push_back(std::move(spare.back()));
        spare.pop_back();
      }
      const std::uint64_t turn = resident.size() == 1 ? kTurn : kSharedTurn;
      for (auto& block : resident) {
        std::uint64_t budget = turn;
        run_block(*block, budget);
        if (grid_.fault != Fault::none) return;
        idle += turn - budget;
        if (!block->finished) continue;
        spare.push_back(std::move(block));
        idle = 0;
      }
      std::erase(resident, nullptr);
      // Whoever still runs may wait for a block that has not started.
      wanted = std::clamp(2 * resident.size(), std::size_t{1}, most);
      if (idle > options().patience) return give_up(resident);
    }
  }

  // Reports where one of the threads is.
  void give_up(const std::vector<std::unique_ptr<Block>>& resident) {
    grid_.fault = Fault::deadlock;
    for (const auto& block : resident) {
      for (const Warp& warp : block->warps) {
        if (warp.runnable == 0) continue;
        const std::size_t lane = first_lane(warp.runnable);
        report_at(warp, request_.program->code[warp.pc[lane]], lane, Check::endless,
                  text("the launch does not end: no block has for ", options().patience,
                       " instructions; one of the threads that still run is here"));
        return;
      }
    }
  }

  void start(Block& block, std::uint32_t number) {
    const LaunchRequest& request = request_;
    const Function& kernel = *request.kernel;
    block.grid = &grid_;
    block.number = number;
    block.index = request.grid.index_of(number);
    block.threads = static_cast<std::uint32_t>(request.block.count());
    block.finished = false;
    for (Barrier& barrier : block.barriers) barrier.first = nullptr;
    reset_shared(block);
    const std::uint32_t warps = (block.threads + kLanes - 1) / kLanes;
    block.stack_bytes = kernel.stack_bytes + (kernel.recursive ? kRecursionStack : 0);
    block.stack_bytes = (block.stack_bytes + 15) / 16 * 16;
    block.local.resize(std::size_t{warps} * kLanes * block.stack_bytes + 16);
    if (options().checks != Checks::none) block.local_state.resize(block.local.size());
    block.warps.resize(warps);
    for (std::uint32_t i = 0; i < warps; ++i) start_warp(block, block.warps[i], i);
    if (options().checks == Checks::all) Races::instance().begin_block(block);
  }

  // Static variables with redzones between them, then dynamic memory; nothing is initialised.
  void reset_shared(Block& block) {
    const Function& kernel = *request_.kernel;
    const Program& program = *request_.program;
    const bool dynamic = request_.dynamic_shared != 0;
    block.shared_bytes = dynamic ? program.dynamic_shared_offset +
                                       static_cast<std::uint32_t>(request_.dynamic_shared)
                                 : kernel.shared_bytes;
    if (block.shared_bytes == 0) return;
    block.shared.assign(block.shared_bytes + 16, std::byte{0xff});
    block.shared_state.assign(block.shared_bytes + 16, kNoMemory);
    for (const auto* list : {&kernel.shared_variables, &program.shared_variables}) {
      for (const Parameter& variable : *list) {
        const bool reserved = variable.name == kReservedShared;
        std::memset(block.shared_state.data() + variable.offset,
                    reserved ? kAllocated | kInitialised : kAllocated, variable.bytes);
        if (reserved) std::memset(block.shared.data() + variable.offset, 0, variable.bytes);
      }
    }
    if (dynamic) {
      std::memset(block.shared_state.data() + program.dynamic_shared_offset, kAllocated,
                  request_.dynamic_shared);
    }
  }

  void start_warp(Block& block, Warp& warp, std::uint32_t number) {
    const Function& kernel = *request_.kernel;
    const std::uint32_t threads = block.threads - number * kLanes;
    warp.block = &block;
    warp.number = number;
    warp.alive = warp.runnable = first_lanes(threads);
    warp.at_block_barrier = warp.at_warp_barrier = warp.carry = warp.active = warp.tired = 0;
    warp.spent = 0;
    warp.pc.fill(kernel.entry);
    warp.frame.fill(0);
    warp.frames.resize(1);
    warp.frames[0] = {};
    warp.frames[0].function =
        static_cast<std::uint32_t>(&kernel - request_.program->functions.data());
    warp.frames[0].lanes = kAllLanes;
    warp.pending_copies.clear();
    warp.copy_group.fill(0);
    warp.bases[1] = const_cast<std::byte*>(request_.program->constants.data());
    mark_local(warp, warp.alive, 0, kernel.local_bytes, kAllocated);
  }

  // Registers are lent to a warp while it is in its kernel: where nothing waits, all warps use the
  // same memory, which stays in the cache.
  void lend_registers(Warp& warp) {
    if (!warp.registers.empty()) return;
    if (free_registers_.empty()) {
      free_registers_.emplace_back(request_.kernel->register_bytes + std::size_t{64});
    }
    warp.registers = std::move(free_registers_.back());
    free_registers_.pop_back();
  }

  void run_block(Block& block, std::uint64_t& budget) {
    const std::uint64_t turn = budget;
    std::vector<std::uint32_t> order(block.warps.size());
    std::iota(order.begin(), order.end(), 0u);
    while (grid_.fault == Fault::none) {
      if (options().shuffle) std::shuffle(order.begin(), order.end(), random_);
      bool alive = false, runnable = false;
      for (const std::uint32_t index : order) {
        Warp& warp = block.warps[index];
        if (warp.runnable != 0) {
          lend_registers(warp);
          // A spinning warp must not use up the turn of the one it waits for.
          std::uint64_t part = std::min(budget, turn / 32);
          const std::uint64_t given = part;
          run_warp(warp, part);
          budget -= given - part;
          if (grid_.fault != Fault::none) return;
        }
        if (warp.alive == 0 && !warp.registers.empty()) {
          free_registers_.push_back(std::move(warp.registers));
          warp.registers.clear();
        }
        alive |= warp.alive != 0;
        runnable |= warp.runnable != 0;
      }
      if (!alive) {
        block.finished = true;
        return;
      }
      const bool released = release_block_barriers(block);
      if (!released && !runnable && !force_progress(block)) return;
      if (budget == 0) return;
    }
  }

  // Nothing runs and no barrier is complete.
  bool force_progress(Block& block) {
    for (Warp& warp : block.warps) {
      if (warp.at_warp_barrier != 0 && release_warp_barriers(warp, true)) return true;
    }
    for (Warp& warp : block.warps) {
      if (warp.alive == 0) continue;
      const std::size_t lane = first_lane(warp.alive);
      const std::uint32_t pc = warp.pc[lane];
      report_at(warp, request_.program->code[pc == 0 ? 0 : pc - 1], lane, Check::barrier,
                "deadlock: the threads wait for each other at different barriers", Fault::deadlock);
      break;
    }
    return false;
  }

  static inline std::uint64_t launches_ = 0;
  const LaunchRequest& request_;
  Grid grid_;
  std::mt19937_64 random_;
  std::vector<std::uint32_t> order_;  // of the blocks
  std::vector<std::vector<std::byte>> free_registers_;
};

// The program may have changed how its own arithmetic rounds or flushes; kernels do not see it.
class DefaultArithmetic {
 public:
  DefaultArithmetic() {
    std::fegetenv(&saved_);
    std::fesetenv(FE_DFL_ENV);
  }
  ~DefaultArithmetic() { std::fesetenv(&saved_); }
  DefaultArithmetic(const DefaultArithmetic&) = delete;
  DefaultArithmetic& operator=(const DefaultArithmetic&) = delete;

 private:
  std::fenv_t saved_;
};

}  // namespace

Fault run(const LaunchRequest& request) {
  const DefaultArithmetic arithmetic;
  return Launch(request).run();
}

}  // namespace emulator
