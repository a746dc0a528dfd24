// SPDX-License-Identifier: MIT
#include "tests/emulator/execution/atomics.h"

#include "tests/emulator/execution/access.h"
#include "tests/emulator/execution/real_types.h"
#include "tests/emulator/report/options.h"

#include <array>
#include <cstring>
#include <type_traits>

namespace emulator {
namespace {

enum class Update : std::uint8_t { add, min, max, exch, cas, and_, or_, xor_, inc, dec, none };

Update update_of(const Statement& s) {
  static constexpr std::array<std::pair<std::string_view, Update>, 10> kNames = {
      {{"add", Update::add},
       {"min", Update::min},
       {"max", Update::max},
       {"exch", Update::exch},
       {"cas", Update::cas},
       {"and", Update::and_},
       {"or", Update::or_},
       {"xor", Update::xor_},
       {"inc", Update::inc},
       {"dec", Update::dec}}};
  for (const auto& [name, update] : kNames) {
    if (s.has(name)) return update;
  }
  return Update::none;
}

// The new value; `old` is what memory holds.
template <class T>
T updated(Update update, T old, T a, T b) {
  switch (update) {
    case Update::add:
      if constexpr (std::is_floating_point_v<T>)
        return canonical(old + a);
      else
        return static_cast<T>(std::uint64_t(old) + std::uint64_t(a));
    case Update::min:
      return a < old ? a : old;
    case Update::max:
      return a > old ? a : old;
    case Update::exch:
      return a;
    case Update::cas:
      return old == a ? b : old;
    case Update::inc:
      return old >= a ? T{0} : static_cast<T>(old + 1);
    case Update::dec:
      return old == 0 || old > a ? a : static_cast<T>(old - 1);
    default:
      break;
  }
  if constexpr (std::is_integral_v<T>) {
    if (update == Update::and_) return old & a;
    if (update == Update::or_) return old | a;
    if (update == Update::xor_) return old ^ a;
  }
  return old;
}

std::uint16_t add_half(std::uint16_t old, std::uint16_t a, HalfFormat format) {
  return round_to_half(fma_to_odd(from_half(old, format), 1, from_half(a, format)), format,
                       Rounding::nearest);
}

template <class T>
T halves_added(T old, T a, HalfFormat format) {
  T result = 0;
  for (std::size_t part = 0; part < sizeof(T) / 2; ++part) {
    const auto half = add_half(static_cast<std::uint16_t>(old >> (16 * part)),
                               static_cast<std::uint16_t>(a >> (16 * part)), format);
    result = static_cast<T>(result | static_cast<T>(half) << (16 * part));
  }
  return result;
}

// Lanes go one after the other, the lowest first.
template <class T, class Function>
void update_lanes(Warp& warp, const Instruction& instruction, LaneMask mask, Function function) {
  const bool ordered = options().checks == Checks::all;
  if (ordered && instruction.has(kRelease)) {
    Races::instance().fence(warp, mask, instruction.scope);
  }
  std::array<std::uint64_t, kLanes> address;
  Accessed accessed;
  lane_addresses(warp, instruction, mask, 0, instruction.offset, address);
  resolve(warp, instruction, mask, instruction.space, address, sizeof(T), Access::atomic, nullptr,
          accessed);
  const T* a = warp.lanes<const T>(instruction.from[1]);
  const T* b = instruction.from[2].exists() ? warp.lanes<const T>(instruction.from[2]) : a;
  T* to = instruction.to[0].exists() ? warp.lanes<T>(instruction.to[0]) : nullptr;
  for (LaneMask rest = accessed.mask; rest != 0; rest &= rest - 1) {
    const auto lane = static_cast<std::size_t>(__builtin_ctz(rest));
    T old;
    std::memcpy(&old, accessed.data[lane], sizeof(T));
    const T value = function(old, a[lane], b[lane]);
    std::memcpy(accessed.data[lane], &value, sizeof(T));
    if (to) to[lane] = old;
  }
  warp.block->grid->counters.atomics +=
      static_cast<std::uint64_t>(__builtin_popcount(accessed.mask));
  if (ordered && instruction.has(kAcquire)) {
    Races::instance().fence(warp, accessed.mask, instruction.scope);
  }
}

template <class T>
void atomic(Warp& warp, const Instruction& instruction, LaneMask mask) {
  const auto update = static_cast<Update>(instruction.operation);
  update_lanes<T>(warp, instruction, mask,
                  [&](T old, T a, T b) { return updated(update, old, a, b); });
}

template <class T>
void atomic_halves(Warp& warp, const Instruction& instruction, LaneMask mask) {
  const bool brain = instruction.type == Type::bf16 || instruction.type == Type::bf16x2;
  const HalfFormat format = brain ? kBrain : emulator::kHalf;
  update_lanes<T>(warp, instruction, mask,
                  [&](T old, T a, T) { return halves_added(old, a, format); });
}

}  // namespace

Handler atomic_handler(const Statement& s, Instruction& instruction) {
  const Update update = update_of(s);
  if (update == Update::none || instruction.vector != 1) return nullptr;
  if ((update == Update::cas) != instruction.from[2].exists()) return nullptr;
  const int width = width_of(instruction.type);
  for (const Operand& operand : {instruction.from[1], instruction.from[2], instruction.to[0]}) {
    if (operand.exists() && operand.width < width) return nullptr;
  }
  instruction.operation = static_cast<std::uint8_t>(update);
  switch (instruction.type) {
    case Type::b16:
    case Type::u16:
      return atomic<std::uint16_t>;
    case Type::b32:
    case Type::u32:
      return atomic<std::uint32_t>;
    case Type::s32:
      return atomic<std::int32_t>;
    case Type::b64:
    case Type::u64:
      return atomic<std::uint64_t>;
    case Type::s64:
      return atomic<std::int64_t>;
    case Type::f32:
      return update == Update::add ? atomic<float> : nullptr;
    case Type::f64:
      return update == Update::add ? atomic<double> : nullptr;
    case Type::f16:
    case Type::bf16:
      return update == Update::add ? atomic_halves<std::uint16_t> : nullptr;
    case Type::f16x2:
    case Type::bf16x2:
      return update == Update::add ? atomic_halves<std::uint32_t> : nullptr;
    default:
      return nullptr;
  }
}

}  // namespace emulator
