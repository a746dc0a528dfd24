// SPDX-License-Identifier: MIT
#include "tests/emulator/memory/memory.h"

#include "tests/emulator/memory/padding.h"
#include "tests/emulator/report/counters.h"
#include "tests/emulator/report/options.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <stdexcept>

namespace emulator {
namespace {

constexpr std::uint64_t kNullPage = 1 << 16;  // no program has memory there

std::uint64_t reserve(std::uint64_t bytes, int protection) {
  void* memory =
      mmap(nullptr, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw std::runtime_error("ptxrun: cannot reserve address space");
  return reinterpret_cast<std::uint64_t>(memory);
}

bool is_host(MemoryKind kind) { return kind == MemoryKind::managed || kind == MemoryKind::pinned; }

std::uint64_t round_up(std::uint64_t value, std::uint64_t unit) {
  return (value + unit - 1) / unit * unit;
}

}  // namespace

Memory& Memory::instance() {
  static Memory* memory = new Memory;  // outlives every static of the program
  return *memory;
}

Memory::Memory() {
  window_ = reserve(2 * kHalf, PROT_NONE);
  mprotect(reinterpret_cast<void*>(window_ + kHalf), kHalf, PROT_READ | PROT_WRITE);
  distance_ = reserve(kHalf, PROT_READ | PROT_WRITE) - window_;
  shadow_ = reinterpret_cast<std::uint8_t*>(reserve(2 * kHalf, PROT_READ | PROT_WRITE));
  next_[0] = window_ + kRedzone;
  next_[1] = window_ + kHalf + kRedzone;
}

std::uint64_t Memory::place(std::size_t bytes, bool host) {
  const std::uint64_t end = window_ + (host ? 2 : 1) * kHalf;
  const std::uint64_t address = next_[host];
  if (bytes > kHalf || address + bytes + kRedzone > end) return 0;
  next_[host] = round_up(address + bytes + kRedzone, kAlignment);
  return address;
}

std::uint64_t Memory::allocate(std::size_t bytes, MemoryKind kind, std::string origin) {
  bytes = std::max<std::size_t>(bytes, 1);
  const bool host = is_host(kind);
  Counters& counts = counters();
  if (!host && kind != MemoryKind::symbol && bytes > options().memory - counts.memory_in_use) {
    return 0;
  }
  const std::uint64_t address = place(bytes, host);
  if (address == 0) return 0;
  std::memset(data(address), 0xFF, bytes);
  std::memset(shadow(address), kAllocated, bytes);
  allocations_[address] = {address, bytes, kind, std::move(origin), false, ++number_};
  if (kind == MemoryKind::device) {
    ++counts.allocations;
    counts.memory_in_use += bytes;
    counts.peak_memory = std::max(counts.peak_memory, counts.memory_in_use);
  } else if (host) {
    ++counts.host_allocations;
  }
  return address;
}

bool Memory::free(std::uint64_t address) {
  const auto found = allocations_.find(address);
  if (found == allocations_.end() || found->second.freed) return false;
  Allocation& allocation = found->second;
  allocation.freed = true;
  if (allocation.kind == MemoryKind::registered) {
    allocations_.erase(found);
    return true;
  }
  if (allocation.kind == MemoryKind::device) {
    counters().memory_in_use -= allocation.bytes;
    ++counters().frees;
  }
  std::memset(shadow(address), kFreed, allocation.bytes);
  // The pages go back to the system; the addresses stay taken, so late accesses are recognised.
  const std::uint64_t first = round_up(reinterpret_cast<std::uint64_t>(data(address)), 4096);
  const std::uint64_t last =
      reinterpret_cast<std::uint64_t>(data(address) + allocation.bytes) / 4096 * 4096;
  if (first < last) madvise(reinterpret_cast<void*>(first), last - first, MADV_DONTNEED);
  return true;
}

void Memory::register_host(void* memory, std::size_t bytes, std::string origin) {
  const auto address = reinterpret_cast<std::uint64_t>(memory);
  allocations_[address] = {address,           bytes, MemoryKind::registered,
                           std::move(origin), false, ++number_};
}

const Allocation* Memory::nearest(std::uint64_t address) const {
  auto next = allocations_.upper_bound(address);
  return next == allocations_.begin() ? nullptr : &std::prev(next)->second;
}

const Allocation* Memory::find(std::uint64_t address) const {
  const Allocation* allocation = nearest(address);
  const bool inside =
      allocation && !allocation->freed && address - allocation->address < allocation->bytes;
  return inside ? allocation : nullptr;
}

std::byte* Memory::range(std::uint64_t address, std::size_t bytes, bool write,
                         const std::string& who, bool host_too) {
  const Allocation* allocation = find(address);
  if (allocation && allocation->kind == MemoryKind::registered) {
    return reinterpret_cast<std::byte*>(address);
  }
  const bool is_host_memory = !in_window(address);
  if (is_host_memory && host_too) return reinterpret_cast<std::byte*>(address);
  if (bytes == 0 && !is_host_memory) return data(address);
  if (!allocation || address + bytes > allocation->address + allocation->bytes) {
    report(is_host_memory ? Check::host_access : classify(address, bytes),
           text(who, write ? " writes " : " reads ", bytes, " bytes: ", describe(address, bytes)));
    return nullptr;
  }
  std::uint8_t* state = shadow(address);
  if (write) {
    std::memset(state, kAllocated | kInitialised, bytes);
  } else if (options().checks != Checks::none) {
    const std::uint8_t* bad = std::find_if(state, state + bytes, [&](const std::uint8_t& s) {
      return !(s & kInitialised) &&
             !is_padding(shadow_, static_cast<std::uint64_t>(&s - shadow_), 2 * kHalf);
    });
    if (bad != state + bytes) {
      report(Check::uninitialised,
             who + " reads uninitialised memory: " +
                 describe(address + static_cast<std::uint64_t>(bad - state), 1));
    }
  }
  return data(address);
}

void Memory::mark(std::uint64_t address, std::size_t bytes, bool initialised) {
  if (!in_window(address)) return;
  std::memset(shadow(address), initialised ? kAllocated | kInitialised : kAllocated, bytes);
}

Check Memory::classify(std::uint64_t address, std::size_t bytes) const {
  if (!in_window(address)) {
    return address < window_ >> 8 ? Check::out_of_bounds : Check::host_access;
  }
  const std::uint8_t* state = shadow(address);
  for (std::size_t i = 0; i < std::min<std::size_t>(bytes, 16); ++i) {
    if (state[i] & kFreed) return Check::use_after_free;
  }
  return Check::out_of_bounds;
}

std::string Memory::describe(std::uint64_t address, std::size_t bytes) const {
  const Allocation* allocation = nearest(address);
  if (!in_window(address) || !allocation) {
    if (address < kNullPage) return address == 0 ? "the null pointer" : "near the null pointer";
    return "memory of the host, which the device cannot see";
  }
  const std::uint64_t offset = address - allocation->address;
  const bool inside = offset + bytes <= allocation->bytes;
  const bool is_there = !inside || (*shadow(address) & (kAllocated | kFreed)) != 0;
  const char* const which = allocation->freed ? "freed " : is_there ? "" : "not yet allocated ";
  const std::string place = inside
                                ? text("byte ", offset)
                                : text(offset + bytes - allocation->bytes, " bytes past the end");
  return text(place, " of the ", which, allocation->bytes, "-byte allocation #", allocation->number,
              " (", allocation->origin, ")");
}

namespace {

struct sigaction previous_handler;

void on_fault(int signal, siginfo_t* info, void*) {
  const auto address = reinterpret_cast<std::uint64_t>(info->si_addr);
  Memory& memory = Memory::instance();
  if (memory.in_window(address) && address - memory.window() < Memory::kHalf) {
    // Not safe in a signal handler in general; the process is about to end, and the message helps.
    report(Check::device_access, "the host touches device memory: " + memory.describe(address, 1));
    _exit(finish(1));
  }
  sigaction(signal, &previous_handler, nullptr);
}

}  // namespace

void install_fault_handler() {
  struct sigaction action = {};
  action.sa_sigaction = on_fault;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGSEGV, &action, &previous_handler);
}

}  // namespace emulator
