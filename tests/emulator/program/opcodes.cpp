// SPDX-License-Identifier: MIT
#include "tests/emulator/program/opcodes.h"

#include "tests/emulator/execution/handlers.h"

#include <algorithm>
#include <iterator>
#include <string>

namespace emulator {
namespace {

Handler arithmetic_handler(const Statement& s, Instruction& instruction) {
  if (!is_float(instruction.type)) return integer_handler(s, instruction);
  const bool wide = instruction.type == Type::f32 || instruction.type == Type::f64;
  return wide ? real_handler(s, instruction) : half_handler(s, instruction);
}

constexpr Opcode kOpcodes[] = {
    {"mov", "vV", move_handler, Class::integer},
    {"cvta", "dt", address_handler},
    {"isspacep", "p8", address_handler},
    {"activemask", "w", address_handler},
    {"mov.pred not.pred", "pb", predicate_handler},
    {"and.pred or.pred xor.pred", "pBB", predicate_handler},
    {"setp", "pss?b", compare_handler},
    {"set", "dss?b", compare_handler},
    {"selp", "dttb", select_handler, Class::integer},
    {"testp", "pt", test_handler},
    {"cvt", "rs?ss", convert_handler, Class::conversion},

    {"ld ldu", "vm", load_handler, Class::memory},
    {"st", "mV", store_handler, Class::memory},
    {"atom", "rmt?t", atomic_handler, Class::atomic},
    {"red", "mt", atomic_handler, Class::atomic},
    {"fence membar", "", fence_handler, Class::memory},

    {"mbarrier.init", "m4", mbarrier_handler, Class::control},
    {"mbarrier.inval", "m", mbarrier_handler, Class::control},
    {"mbarrier.arrive mbarrier.arrive_drop", "rm?4", mbarrier_handler, Class::control},
    {"mbarrier.test_wait", "pm8", mbarrier_handler, Class::control},
    {"mbarrier.test_wait.parity", "pm4", mbarrier_handler, Class::control},
    {"mbarrier.pending_count", "w8", mbarrier_handler, Class::control},

    {"shfl", "rt44M", warp_wide_handler, Class::warp},
    {"vote", "pbM", warp_wide_handler, Class::warp},
    {"vote.ballot", "wbM", warp_wide_handler, Class::warp},
    {"match", "rtM", warp_wide_handler, Class::warp},
    {"redux", "wtM", warp_wide_handler, Class::warp},
    {"bar.warp barrier.warp", "M", warp_wide_handler, Class::warp},

    {"add addc sub subc mul div rem min max copysign and or xor", "dtt", arithmetic_handler},
    {"mad", "dttc", arithmetic_handler},
    {"fma madc sad", "dttt", arithmetic_handler},
    {"neg abs rcp sqrt rsqrt ex2 lg2 sin cos tanh not cnot brev", "dt", arithmetic_handler},
    {"slct", "dtts", arithmetic_handler},
    {"shl shr", "dt4", arithmetic_handler},
    {"bfe", "dt44", arithmetic_handler},
    {"bfi", "dtt44", arithmetic_handler},
    {"popc clz bfind", "wt", arithmetic_handler},

    {"mul24 bmsk", "w44", word_handler},
    {"mad24 prmt shf fns dp4a dp2a", "w444", word_handler},
    {"lop3", "w4444", word_handler},
};

// Whether a word is one of those of a list.
bool contains(std::string_view words, std::string_view word) {
  for (std::size_t at = 0; at < words.size();) {
    const std::size_t end = std::min(words.find(' ', at), words.size());
    if (words.substr(at, end - at) == word) return true;
    at = end + 1;
  }
  return false;
}

// Of the modifiers of some instructions one decides on the operands.
std::string_view variant(const Statement& s, const Instruction& instruction) {
  const std::string_view base = s.base();
  if (base == "vote") return s.has("ballot") ? ".ballot" : "";
  if (base == "bar" || base == "barrier") return s.has("warp") ? ".warp" : "";
  if (base == "mbarrier") return s.has("parity") ? ".parity" : "";
  return instruction.type == Type::pred ? ".pred" : "";
}

}  // namespace

const Opcode* find_opcode(const Statement& s, const Instruction& instruction) {
  std::string name(s.base());
  if (name == "mbarrier" && s.opcode.size() > 1) name.append(1, '.').append(s.opcode[1]);
  name.append(variant(s, instruction));
  const auto* found =
      std::find_if(std::begin(kOpcodes), std::end(kOpcodes),
                   [&](const Opcode& opcode) { return contains(opcode.names, name); });
  return found == std::end(kOpcodes) ? nullptr : found;
}

}  // namespace emulator
