// SPDX-License-Identifier: MIT
#pragma once

#include "tests/emulator/program/program.h"
#include "tests/emulator/text/syntax.h"

#include <algorithm>
#include <initializer_list>
#include <map>
#include <string_view>
#include <vector>

namespace emulator {

/// A reason why one instruction cannot be decoded; it marks the function unsupported.
struct Unsupported {
  std::string why;
};

/// Whether a name is in the list.
inline bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

inline bool is_pair(const OperandText& text) { return text.kind == OperandText::Kind::pair; }

/// Throws Unsupported unless the statement has at least `least` and at most `most` operands.
inline void require_operands(const Statement& statement, std::size_t least, std::size_t most) {
  if (statement.operands.size() < least || statement.operands.size() > most) {
    throw Unsupported{"number of operands"};
  }
}

/// Immediates of a program, each stored once, as 32 equal lanes.
class ConstantPool {
 public:
  explicit ConstantPool(std::vector<std::byte>& bytes) : bytes_(bytes) {}
  Operand value(std::uint64_t bits, int width);
  Operand predicate(bool value);

 private:
  std::vector<std::byte>& bytes_;
  std::map<std::pair<std::uint64_t, int>, Operand> known_;
};

/// What a name stands for.
struct Symbol {
  enum class Kind : std::uint8_t { reg, global, shared, local, parameter, function };
  Kind kind = Kind::reg;
  Operand operand;          // of a register
  std::uint64_t value = 0;  // address, offset or index
};

using SymbolTable = std::map<std::string_view, Symbol>;

/// Decodes one function after the other into a program.
class FunctionDecoder {
 public:
  FunctionDecoder(Program& program, ConstantPool& constants, const SymbolTable& module_symbols,
                  std::uint32_t shared_start);
  /// Appends the code of `text` to the program and completes its Function.
  void decode(const FunctionText& text, Function& function);

 private:
  // Declarations.
  void declare(const Declaration& declaration);
  void declare_registers(const Declaration& declaration);
  void declare_parameters(const FunctionText& text);
  Operand new_register(Type type);
  void add_symbol(std::string_view name, Symbol symbol) { scopes_.back()[name] = symbol; }
  const Symbol* find(std::string_view name) const;

  // Operands.
  Operand value(const OperandText& text, int width, bool real = false);
  Operand destination(const OperandText& text);
  Operand predicate(const OperandText& text, Instruction* negates = nullptr);
  Operand symbol_address(const Symbol& symbol, std::int64_t offset, int width);
  void values(const OperandText& text, Instruction& instruction, std::size_t first);
  void destinations(const OperandText& text, Instruction& instruction);
  static void set_vector(const OperandText& text, Instruction& instruction);
  void address(const OperandText& text, Instruction& instruction);
  std::uint64_t literal(const OperandText& text, int width, bool real) const;

  // Instructions.
  void add(const Statement& statement);
  void emit(Instruction instruction) { program_.code.push_back(instruction); }
  void fill_modifiers(const Statement& statement, Instruction& instruction) const;
  void decode_statement(const Statement& statement, Instruction& instruction);
  void decode_operands(std::string_view letters, const Statement& statement,
                       Instruction& instruction);
  bool decode_control(const Statement& statement, Instruction& instruction);
  void decode_barrier(const Statement& statement, Instruction& instruction);
  void decode_copy(const Statement& statement, Instruction& instruction);
  void decode_call(const Statement& statement, Instruction& instruction);
  void resolve_targets();
  void mark_guesses();
  void mark_early_loads();
  bool in_a_row(std::uint32_t first, std::uint32_t last, Operand unchanged) const;

  Program& program_;
  ConstantPool& constants_;
  std::uint32_t shared_start_;
  Function* function_ = nullptr;
  std::vector<SymbolTable> scopes_;
  std::map<std::string_view, std::uint32_t> labels_;  // code index
  std::map<std::string_view, std::vector<std::string_view>> tables_;
  struct Pending {
    std::uint32_t instruction;
    std::string_view label;
  };
  std::vector<Pending> pending_;  // branches whose label may come later
};

}  // namespace emulator
