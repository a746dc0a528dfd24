// SPDX-License-Identifier: MIT
#include "tests/emulator/execution/handlers.h"
#include "tests/emulator/program/decoder.h"

#include <algorithm>
#include <array>

namespace emulator {
namespace {

Class class_of(Type type) {
  if (type == Type::f64) return Class::float64;
  if (type == Type::f32 || type == Type::tf32) return Class::float32;
  return is_float(type) ? Class::float16 : Class::integer;
}

// Hints for the assembler or the caches that change no value.
bool is_hint(const Statement& statement) {
  return is_one_of(statement.base(),
                   {"prefetch", "prefetchu", "nanosleep", "pmevent", "applypriority"});
}

}  // namespace

void FunctionDecoder::fill_modifiers(const Statement& statement, Instruction& instruction) const {
  bool first = true;
  for (std::size_t i = 1; i < statement.opcode.size(); ++i) {
    const std::string_view modifier = statement.opcode[i];
    if (const Type type = type_named(modifier); type != Type::none) {
      if (first) instruction.type = type;
      instruction.source_type = type;
      first = false;
    }
    if (modifier == "ftz") instruction.flags |= kFlush;
    if (modifier == "sat") instruction.flags |= kSaturate;
    if (modifier == "volatile") instruction.flags |= kVolatile;
    if (is_one_of(modifier, {"relaxed", "acquire", "release", "acq_rel", "mmio"})) {
      instruction.flags |= kStrong;
    }
    if (is_one_of(modifier, {"acquire", "acq_rel", "sc"})) instruction.flags |= kAcquire;
    if (is_one_of(modifier, {"release", "acq_rel", "sc"})) instruction.flags |= kRelease;
    if (modifier == "approx" || modifier == "full") instruction.flags |= kApproximate;
    if (modifier == "rz") instruction.rounding = Rounding::zero;
    if (modifier == "rm") instruction.rounding = Rounding::down;
    if (modifier == "rp") instruction.rounding = Rounding::up;
    if (modifier == "cta") instruction.scope = Scope::block;
    if (modifier == "sys") instruction.scope = Scope::system;
    if (modifier == "global" || modifier == "const") instruction.space = Space::global;
    if (modifier == "shared" || modifier == "shared::cta") instruction.space = Space::shared;
    if (modifier == "local") instruction.space = Space::local;
    if (modifier.substr(0, 5) == "param") {
      instruction.space = function_->is_kernel ? Space::parameter : Space::local;
    }
  }
  instruction.counted_as = class_of(instruction.type);
}

void FunctionDecoder::add(const Statement& statement) {
  Instruction instruction;
  instruction.text = statement.line;
  instruction.location = statement.location;
  const auto first = static_cast<std::uint32_t>(program_.code.size());
  try {
    fill_modifiers(statement, instruction);
    decode_statement(statement, instruction);
    if (!statement.guard.empty()) {
      OperandText guard;
      guard.text = statement.guard;
      instruction.guard = predicate(guard);
      instruction.guard_negated = statement.guard_negated;
    }
  } catch (const Unsupported& reason) {
    if (function_->unsupported.empty()) {
      function_->unsupported = program_.source(instruction) + ": " +
                               program_.disassemble(instruction) + " (" + reason.why + ")";
    }
    return;  // the kernel is never launched
  }
  for (std::uint32_t i = first; i < program_.code.size(); ++i) {
    program_.code[i].text = statement.line;
    program_.code[i].location = statement.location;
  }
  if (instruction.control == Control::branch || instruction.control == Control::branch_indexed) {
    pending_.push_back(
        {static_cast<std::uint32_t>(program_.code.size()), statement.operands.back().text});
  }
  if (instruction.handler || instruction.control != Control::next) emit(instruction);
}

void FunctionDecoder::decode_statement(const Statement& statement, Instruction& instruction) {
  if (is_hint(statement)) return;
  if (decode_control(statement, instruction) || decode_barrier(statement, instruction) ||
      decode_warp_wide(statement, instruction) || decode_memory(statement, instruction) ||
      decode_atomic(statement, instruction) || decode_move(statement, instruction) ||
      decode_predicates(statement, instruction)) {
    return;
  }
  decode_arithmetic(statement, instruction);
}

bool FunctionDecoder::decode_memory(const Statement& statement, Instruction& instruction) {
  const std::string_view base = statement.base();
  if (!is_one_of(base, {"ld", "ldu", "st", "cp", "fence", "membar"})) return false;
  const std::vector<OperandText>& operands = statement.operands;
  const int width = width_of(instruction.type);
  const bool real = instruction.type == Type::f32 || instruction.type == Type::f64;
  instruction.counted_as = Class::memory;
  if (base == "ld" || base == "ldu") {
    require_operands(statement, 2, 2);
    destinations(operands[0], instruction);
    address(operands[1], instruction);
  } else if (base == "st") {
    require_operands(statement, 2, 2);
    address(operands[0], instruction);
    values(operands[1], width, real, &instruction.from[1], instruction);
  } else if (base == "cp") {
    if (!statement.has("async") || statement.has("bulk") || statement.has("mbarrier")) {
      throw Unsupported{"form"};
    }
    const bool copies = !statement.has("commit_group") && !statement.has("wait_group") &&
                        !statement.has("wait_all");
    if (copies) {  // [shared], [global], bytes[, bytes that are read]
      require_operands(statement, 3, 4);
      Instruction source;
      address(operands[1], source);
      if (!source.from[0].exists()) throw Unsupported{"address"};
      address(operands[0], instruction);
      instruction.from[1] = source.from[0];
      instruction.target = static_cast<std::uint32_t>(source.offset);
      instruction.from[2] = value(operands[2], 4);
      if (operands.size() == 4) instruction.from[3] = value(operands[3], 4);
    } else if (!operands.empty()) {
      instruction.from[0] = value(operands[0], 4);
    }
  } else {
    if (base == "membar" || !statement.has("acq_rel")) instruction.flags |= kAcquire | kRelease;
    if (statement.has("gl")) instruction.scope = Scope::device;
  }
  instruction.handler = memory_handler(statement, instruction);
  if (!instruction.handler) throw Unsupported{"form"};
  return true;
}

bool FunctionDecoder::decode_atomic(const Statement& statement, Instruction& instruction) {
  if (statement.base() != "atom" && statement.base() != "red") return false;
  const bool is_reduction = statement.base() == "red";
  const int width = width_of(instruction.type);
  const bool real = instruction.type == Type::f32 || instruction.type == Type::f64;
  instruction.counted_as = Class::atomic;
  instruction.flags |= kStrong;
  if (is_reduction) instruction.flags |= kReduction;
  const std::size_t first = is_reduction ? 0 : 1;
  require_operands(statement, first + 2, first + 3);
  if (!is_reduction) instruction.to[0] = destination(statement.operands[0]);
  address(statement.operands[first], instruction);
  for (std::size_t i = first + 1; i < statement.operands.size(); ++i) {
    instruction.from[i - first] = value(statement.operands[i], width, real);
  }
  instruction.handler = memory_handler(statement, instruction);
  if (!instruction.handler) throw Unsupported{"form"};
  return true;
}

bool FunctionDecoder::decode_move(const Statement& statement, Instruction& instruction) {
  const std::string_view base = statement.base();
  const std::vector<OperandText>& operands = statement.operands;
  if (base == "activemask") {
    require_operands(statement, 1, 1);
    instruction.to[0] = destination(operands[0]);
  } else if (base == "cvta") {
    require_operands(statement, 2, 2);
    instruction.to[0] = destination(operands[0]);
    instruction.from[0] = value(operands[1], width_of(instruction.type));
  } else if (base == "isspacep") {
    require_operands(statement, 2, 2);
    instruction.to[0] = predicate(operands[0]);
    instruction.from[0] = value(operands[1], 8);
  } else if (base == "mov" && instruction.type != Type::pred) {
    require_operands(statement, 2, 2);
    const int width = width_of(instruction.type);
    const bool real = instruction.type == Type::f32 || instruction.type == Type::f64;
    destinations(operands[0], instruction);
    const bool splits = operands[0].kind == OperandText::Kind::vector;
    const bool joins = operands[1].kind == OperandText::Kind::vector;
    if (splits && joins) throw Unsupported{"vector move"};
    const int part =
        joins ? width / static_cast<int>(std::max<std::size_t>(1, operands[1].parts.size()))
              : width;
    values(operands[1], part, real, &instruction.from[0], instruction);
  } else {
    return false;
  }
  instruction.handler = move_handler(statement, instruction);
  if (!instruction.handler) throw Unsupported{"form"};
  return true;
}

bool FunctionDecoder::decode_predicates(const Statement& statement, Instruction& instruction) {
  const std::string_view base = statement.base();
  const std::vector<OperandText>& operands = statement.operands;
  const bool real = instruction.source_type == Type::f32 || instruction.source_type == Type::f64;
  const int width = width_of(instruction.source_type);
  if (base == "setp" || base == "set") {  // p[|q], a, b[, c]
    require_operands(statement, 3, 4);
    const OperandText& to = operands[0];
    if (to.kind == OperandText::Kind::pair) {
      instruction.to[0] = predicate(to.parts[0]);
      instruction.to[1] = predicate(to.parts[1]);
    } else {
      instruction.to[0] = base == "set" ? destination(to) : predicate(to);
    }
    instruction.from[0] = value(operands[1], width, real);
    instruction.from[1] = value(operands[2], width, real);
    if (operands.size() == 4) instruction.from[2] = predicate(operands[3], &instruction);
    instruction.counted_as = class_of(instruction.source_type);
  } else if (base == "selp") {
    require_operands(statement, 4, 4);
    instruction.to[0] = destination(operands[0]);
    instruction.from[0] = value(operands[1], width, real);
    instruction.from[1] = value(operands[2], width, real);
    instruction.from[2] = predicate(operands[3], &instruction);
  } else if (base == "testp") {
    require_operands(statement, 2, 2);
    instruction.to[0] = predicate(operands[0]);
    instruction.from[0] = value(operands[1], width, real);
  } else if (instruction.type == Type::pred) {  // mov, not, and, or, xor
    require_operands(statement, 2, 3);
    instruction.to[0] = predicate(operands[0]);
    instruction.from[0] = predicate(operands[1], operands.size() == 2 ? &instruction : nullptr);
    if (operands.size() == 3) instruction.from[1] = predicate(operands[2]);
  } else {
    return false;
  }
  instruction.handler = compare_handler(statement, instruction);
  if (!instruction.handler) throw Unsupported{"form"};
  return true;
}

namespace {

// How many sources an arithmetic instruction must have; its handler reads that many.
std::size_t sources_of(std::string_view base) {
  if (is_one_of(base, {"bfi", "lop3"})) return 4;
  if (is_one_of(base, {"fma", "mad", "madc", "mad24", "sad", "bfe", "slct", "prmt", "shf", "dp4a",
                       "dp2a", "fns"})) {
    return 3;
  }
  if (is_one_of(base, {"neg", "abs", "not", "cnot", "popc", "clz", "bfind", "brev", "rcp", "rsqrt",
                       "sqrt", "ex2", "lg2", "sin", "cos", "tanh", "cvt"})) {
    return 1;
  }
  return 2;
}

}  // namespace

void FunctionDecoder::decode_arithmetic(const Statement& statement, Instruction& instruction) {
  const std::string_view base = statement.base();
  const std::vector<OperandText>& operands = statement.operands;
  require_operands(statement, 2, 5);
  const bool wide = statement.has("wide");
  const bool converts = base == "cvt";
  const bool narrow_tail = is_one_of(base, {"shl", "shr", "bfe", "bfi"});
  const int width = width_of(converts ? instruction.source_type : instruction.type);
  const bool real = is_float(converts ? instruction.source_type : instruction.type);
  instruction.to[0] = destination(operands[0]);
  for (std::size_t i = 1; i < operands.size(); ++i) {
    int operand_width = width;
    if (wide && i == 3) operand_width = 2 * width;
    // Positions and lengths are 32 bits whatever the type: the last operand, or the last two.
    if (narrow_tail && i >= (base == "bfi" ? 3u : 2u)) operand_width = 4;
    if (base == "slct" && i == 3) operand_width = width_of(instruction.source_type);
    instruction.from[i - 1] = value(operands[i], operand_width, real);
  }
  if (converts) {
    instruction.counted_as = Class::conversion;
    instruction.handler = convert_handler(statement, instruction);
  } else if (!is_float(instruction.type)) {
    instruction.handler = integer_handler(statement, instruction);
  } else if (instruction.type == Type::f32 || instruction.type == Type::f64) {
    instruction.handler = real_handler(statement, instruction);
  } else {
    instruction.handler = half_handler(statement, instruction);
  }
  if (!instruction.handler) throw Unsupported{"instruction"};
  bool complete = instruction.to[0].exists();
  for (std::size_t i = 0; i < sources_of(base); ++i) complete &= instruction.from[i].exists();
  if (!complete) throw Unsupported{"operands"};
  // Handlers use the widths of the types; only conversions may have wider registers.
  const auto check = [&](const Operand& operand, int expected) {
    if (operand.exists() && !converts && operand.width < expected) throw Unsupported{"register"};
  };
  const bool counts = is_one_of(base, {"popc", "clz", "bfind", "dp4a", "dp2a"});
  check(instruction.to[0], counts ? 4 : wide ? 2 * width : width);
}

}  // namespace emulator
