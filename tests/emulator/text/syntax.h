// SPDX-License-Identifier: MIT
#pragma once

#include "tests/emulator/program/program.h"

#include <cstdint>
#include <string_view>
#include <variant>
#include <vector>

namespace emulator {

/// An operand as it is written.
struct OperandText {
  enum class Kind : std::uint8_t {
    name,     // text, plus offset: "table+8"; "_" is the empty destination
    number,   // bits; is_real tells a floating literal, is_single a 32-bit one
    vector,   // parts: {a, b}
    address,  // [parts[0] + offset]
    group,    // (parts): of calls
    pair,     // parts[0] | parts[1]
  };
  Kind kind = Kind::name;
  std::string_view text;
  std::uint64_t bits = 0;
  bool is_real = false;
  bool is_single = false;
  bool negated = false;  // !p
  std::int64_t offset = 0;
  std::vector<OperandText> parts;
};

/// An instruction: "@!%p1 ld.global.f32 %f1, [%rd1+4];"
struct Statement {
  std::uint32_t line = 0;
  std::uint32_t location = 0;
  std::string_view guard;
  bool guard_negated = false;
  std::vector<std::string_view> opcode;  // "ld", "global", "f32"
  std::vector<OperandText> operands;

  std::string_view base() const { return opcode.front(); }
  bool has(std::string_view modifier) const;
};

/// A value that a variable starts with.
struct InitialValue {
  std::string_view symbol;  // its address, if not empty, plus number
  std::uint64_t number = 0;
  bool is_real = false;
  bool is_single = false;
};

/// A declaration: registers, variables, parameters.
struct Declaration {
  std::uint32_t line = 0;
  std::string_view space;  // "reg", "local", "shared", "param", "global", "const"
  Type type = Type::none;
  std::string_view name;
  std::uint32_t alignment = 0;  // 0: that of the type
  std::uint32_t vector = 1;
  std::uint32_t range = 0;  // "%r<8>": registers %r0 to %r7
  std::uint64_t count = 1;  // elements of an array
  bool is_external = false;
  bool is_managed = false;
  std::vector<InitialValue> values;

  std::uint64_t bytes() const {
    return count * vector * static_cast<std::uint64_t>(width_of(type));
  }
  std::uint32_t aligned_to() const {
    return alignment ? alignment : vector * static_cast<std::uint32_t>(width_of(type));
  }
};

struct Label {
  std::string_view name;
};

/// "name: .branchtargets a, b;"
struct BranchTable {
  std::string_view name;
  std::vector<std::string_view> targets;
};

enum class ScopeMark : std::uint8_t { open, close };

using BodyItem = std::variant<Statement, Declaration, Label, BranchTable, ScopeMark>;

struct FunctionText {
  std::uint32_t line = 0;
  std::string_view name;
  bool is_kernel = false;
  bool has_body = false;
  std::vector<Declaration> results;
  std::vector<Declaration> parameters;
  std::uint32_t max_threads = 0;
  std::uint32_t min_blocks = 0;
  std::vector<BodyItem> body;
};

/// A whole module, its names pointing into the text.
struct ModuleText {
  std::vector<Declaration> variables;
  std::vector<FunctionText> functions;
  std::vector<std::string> files;
  std::vector<Location> locations;
};

/// Reads a module. Throws ProgramError with the line of what it cannot read.
ModuleText parse_module(std::string_view ptx);

}  // namespace emulator
