// SPDX-License-Identifier: MIT
#include "tests/emulator/execution/access.h"
#include "tests/emulator/execution/handlers.h"
#include "tests/emulator/execution/real_types.h"
#include "tests/emulator/execution/visit_type.h"
#include "tests/emulator/report/options.h"

#include <cstring>
#include <type_traits>

namespace emulator {
namespace {

template <class T>
T sum(T a, T b) {
  if constexpr (std::is_integral_v<T>)
    return static_cast<T>(std::uint64_t(a) + std::uint64_t(b));
  else if constexpr (std::is_floating_point_v<T>)
    return canonical(a + b);
  else
    return T::rounded(fma_to_odd(a, 1, b));
}
template <class T>
Pair<T> sum(Pair<T> a, Pair<T> b) {
  return {sum(a.low, b.low), sum(a.high, b.high)};
}

// memory = f(memory, from[1], from[2]), one lane after the other, the lowest first.
template <class T, class F>
Handler atomic(F) {
  return [](Warp& warp, const Instruction& instruction, LaneMask mask) {
    constexpr F f;
    const bool ordered = options().checks == Checks::all;
    if (ordered && instruction.has(kRelease)) Races::instance().fence(warp, instruction.scope);
    const Accessed accessed = resolve({warp, instruction, sizeof(T), Access::atomic}, mask);
    const T* a = warp.lanes<const T>(instruction.from[1]);
    const T* b = instruction.from[2].exists() ? warp.lanes<const T>(instruction.from[2]) : a;
    T* to = instruction.to[0].exists() ? warp.lanes<T>(instruction.to[0]) : nullptr;
    for (const std::size_t lane : lanes_of(accessed.mask)) {
      T old;
      std::memcpy(&old, accessed.data[lane], sizeof(T));
      const T value = f(old, a[lane], b[lane]);
      std::memcpy(accessed.data[lane], &value, sizeof(T));
      if (to) to[lane] = old;
    }
    warp.block->grid->counters.atomics += count_lanes(accessed.mask);
    if (ordered && instruction.has(kAcquire)) Races::instance().fence(warp, instruction.scope);
  };
}

template <class T>
Handler add() {
  return atomic<T>([](T old, T a, T) { return sum(old, a); });
}

template <class T>
Handler by_name(std::string_view operation) {
  return named<Handler>(
      operation,
      {{"add", add<T>()},
       {"min", atomic<T>([](T old, T a, T) { return a < old ? a : old; })},
       {"max", atomic<T>([](T old, T a, T) { return a > old ? a : old; })},
       {"exch", atomic<T>([](T, T a, T) { return a; })},
       {"cas", atomic<T>([](T old, T a, T b) { return old == a ? b : old; })},
       {"and", atomic<T>([](T old, T a, T) { return static_cast<T>(old & a); })},
       {"or", atomic<T>([](T old, T a, T) { return static_cast<T>(old | a); })},
       {"xor", atomic<T>([](T old, T a, T) { return static_cast<T>(old ^ a); })},
       {"inc", atomic<T>([](T old, T a, T) { return old >= a ? T{0} : static_cast<T>(old + 1); })},
       {"dec", atomic<T>([](T old, T a, T) {
          return old == 0 || old > a ? a : static_cast<T>(old - 1);
        })}});
}

// The modifier that says what is done.
std::string_view operation_of(const Statement& s) {
  for (const std::string_view name : s.opcode) {
    if (by_name<std::uint32_t>(name)) return name;
  }
  return "";
}

}  // namespace

Handler atomic_handler(const Statement& s, Instruction& instruction) {
  const std::string_view operation = operation_of(s);
  if ((operation == "cas") != instruction.from[2].exists()) return nullptr;
  for (const Operand& operand : {instruction.from[1], instruction.from[2], instruction.to[0]}) {
    if (operand.exists() && operand.width < width_of(instruction.type)) return nullptr;
  }
  return visit_type(element_of(instruction.type), [&]<class T>(T) -> Handler {
    if constexpr (std::is_integral_v<T>) {
      if constexpr (sizeof(T) > 1) return by_name<T>(operation);
      return nullptr;
    } else if constexpr (std::is_floating_point_v<T>) {
      return operation == "add" ? add<T>() : nullptr;
    } else {
      if (operation != "add") return nullptr;
      return is_packed(instruction.type) ? add<Pair<T>>() : add<T>();
    }
  });
}

}  // namespace emulator
