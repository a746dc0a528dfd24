// SPDX-License-Identifier: MIT
#include "tests/emulator/program/decoder.h"
#include "tests/emulator/program/opcodes.h"

#include <algorithm>

namespace emulator {
namespace {

Class class_of(Type type) {
  if (type == Type::f64) return Class::float64;
  if (type == Type::f32 || type == Type::tf32) return Class::float32;
  return is_float(type) ? Class::float16 : Class::integer;
}

bool is_real(Type type) { return type == Type::f32 || type == Type::f64; }

// Hints for the assembler or the caches that change no value.
bool is_hint(const Statement& statement) {
  return is_one_of(statement.base(),
                   {"prefetch", "prefetchu", "nanosleep", "pmevent", "applypriority"});
}

}  // namespace

void FunctionDecoder::fill_modifiers(const Statement& statement, Instruction& instruction) const {
  for (std::size_t i = 1; i < statement.opcode.size(); ++i) {
    const std::string_view modifier = statement.opcode[i];
    if (const Type type = type_named(modifier); type != Type::none) {
      if (instruction.type == Type::none) instruction.type = type;
      instruction.source_type = type;
    }
    instruction.flags |= named<std::uint16_t>(modifier, {{"ftz", kFlush},
                                                         {"sat", kSaturate},
                                                         {"volatile", kVolatile},
                                                         {"relaxed", kStrong},
                                                         {"mmio", kStrong},
                                                         {"acquire", kStrong | kAcquire},
                                                         {"release", kStrong | kRelease},
                                                         {"acq_rel", kStrong | kAcquire | kRelease},
                                                         {"sc", kAcquire | kRelease}});
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
      instruction.flags |= kParameter;
    }
  }
  if (is_one_of(statement.base(), {"atom", "red"})) instruction.flags |= kStrong;
}

void FunctionDecoder::add(const Statement& statement) {
  Instruction instruction;
  instruction.text = statement.line;
  instruction.location = statement.location;
  const auto first = static_cast<std::uint32_t>(program_.code.size());
  try {
    fill_modifiers(statement, instruction);
    if (!is_hint(statement)) decode_statement(statement, instruction);
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
  if (decode_control(statement, instruction)) return;
  const Opcode* opcode = find_opcode(statement, instruction);
  if (!opcode) throw Unsupported{"instruction"};
  decode_operands(opcode->operands, statement, instruction);
  const bool compares = is_one_of(statement.base(), {"set", "setp"});
  instruction.counted_as =
      opcode->counted_as.value_or(class_of(compares ? instruction.source_type : instruction.type));
  if (opcode->counted_as == Class::warp) instruction.control = Control::warp_wide;
  instruction.handler = opcode->choose(statement, instruction);
  if (!instruction.handler) throw Unsupported{"form"};
}

// Handlers use the widths of the types, so no register may be narrower. Sources go to `from` in
// their order; an address is the first.
void FunctionDecoder::decode_operands(std::string_view letters, const Statement& statement,
                                      Instruction& instruction) {
  const std::vector<OperandText>& operands = statement.operands;
  const std::size_t required = std::min(letters.find('?'), letters.size());
  const auto most = letters.size() - (required < letters.size() ? 1 : 0);
  require_operands(statement, required, most);
  const int width = width_of(instruction.type), wide = statement.has("wide") ? 2 * width : width;
  std::size_t sources = 0;
  for (std::size_t i = 0, letter = 0; i < operands.size(); ++i, ++letter) {
    const OperandText& text = operands[i];
    if (letters[letter] == '?') ++letter;
    const auto source = [&](int bytes, Type type) {
      instruction.from[sources++] = value(text, bytes, is_real(type));
    };
    const char kind = letters[letter];
    if (kind == 'd' || kind == 'w') {
      const Operand to = instruction.to[0] = destination(text);
      if (!to.exists() || to.width < (kind == 'd' ? wide : 4)) throw Unsupported{"destination"};
    } else if (kind == 'r' || kind == 'p') {
      const OperandText& first = is_pair(text) ? text.parts[0] : text;
      instruction.to[0] = kind == 'p' ? predicate(first) : destination(first);
      if (is_pair(text)) instruction.to[1] = predicate(text.parts[1]);
    } else if (kind == 'v') {
      destinations(text, instruction);
    } else if (kind == 'V') {
      values(text, instruction, sources);
    } else if (kind == 't') {
      source(width, instruction.type);
    } else if (kind == 'c') {
      source(wide, instruction.type);
    } else if (kind == 's') {
      source(width_of(instruction.source_type), instruction.source_type);
    } else if (kind == '4' || kind == '8') {
      source(kind - '0', Type::none);
    } else if (kind == 'b' || kind == 'B') {
      instruction.from[sources++] = predicate(text, kind == 'b' ? &instruction : nullptr);
    } else if (kind == 'm') {
      address(text, instruction);
      ++sources;
    } else {  // M
      instruction.from[3] = value(text, 4);
    }
  }
}

void FunctionDecoder::values(const OperandText& text, Instruction& instruction, std::size_t first) {
  const bool real = is_real(instruction.type), is_vector = text.kind == OperandText::Kind::vector;
  int width = width_of(instruction.type);
  if (!is_vector) {
    instruction.from[first] = value(text, width, real);
    return;
  }
  if (instruction.vector != 1) throw Unsupported{"vector move"};
  set_vector(text, instruction);
  if (first == 0) width /= instruction.vector;  // mov joins the parts of one value
  for (std::size_t i = 0; i < text.parts.size(); ++i) {
    instruction.from[first + i] = value(text.parts[i], width, real);
  }
}

void FunctionDecoder::destinations(const OperandText& text, Instruction& instruction) {
  if (text.kind != OperandText::Kind::vector) {
    instruction.to[0] = destination(text);
    return;
  }
  set_vector(text, instruction);
  for (std::size_t i = 0; i < text.parts.size(); ++i) {
    instruction.to[i] = destination(text.parts[i]);
  }
}

void FunctionDecoder::set_vector(const OperandText& text, Instruction& instruction) {
  if (text.parts.empty() || text.parts.size() > 4) throw Unsupported{"vector size"};
  instruction.vector = static_cast<std::uint8_t>(text.parts.size());
}

}  // namespace emulator
