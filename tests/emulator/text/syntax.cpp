// SPDX-License-Identifier: MIT
#include "tests/emulator/text/syntax.h"

#include "tests/emulator/text/cursor.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace emulator {

bool Statement::has(std::string_view modifier) const {
  for (std::size_t i = 1; i < opcode.size(); ++i) {
    if (opcode[i] == modifier) return true;
  }
  return false;
}

namespace {

constexpr std::uint32_t kMaxRegisters = 1 << 20;
constexpr std::uint64_t kMaxVariableBytes = 1ull << 32;
constexpr int kMaxNesting = 64;

class Parser : private TokenCursor {
 public:
  explicit Parser(std::string_view ptx) : TokenCursor(ptx) {
    module_.files.emplace_back();
    module_.locations.emplace_back();
  }

  ModuleText run() {
    while (!at_end()) parse_top_level();
    return std::move(module_);
  }

 private:
  // --- the module ---
  void parse_top_level() {
    const Token& token = peek();
    if (token.is(".version") || token.is(".address_size")) {
      take();
      take();
    } else if (token.is(".target")) {
      take();
      do take();
      while (take_if(","));
    } else if (token.is(".file")) {
      parse_file();
    } else if (token.is(".loc")) {
      parse_location();
    } else if (token.is(".section")) {
      skip_section();
    } else if (token.is(".pragma") || token.is(".alias") || token.is(".weak_alias")) {
      skip_statement();
    } else {
      parse_definition();
    }
  }

  void parse_file() {
    take();
    const std::uint32_t number = take_count(1 << 20);
    if (module_.files.size() <= number) module_.files.resize(number + 1);
    module_.files[number] = std::string(take().text);
    while (take_if(",")) take();  // time stamp and size
  }

  void skip_section() {
    while (!at_end() && !peek().is("{")) take();
    int depth = 0;
    do {
      if (peek().is("{")) ++depth;
      if (peek().is("}")) --depth;
      take();
    } while (depth > 0 && !at_end());
  }

  void skip_statement() {
    while (!at_end() && !take_if(";")) take();
  }

  // .loc file line column[, function_name label[+n], inlined_at file line column]
  void parse_location() {
    const std::uint32_t text_line = take().line;
    Location location;
    location.file = take_count();
    location.line = take_count();
    const std::uint32_t column = take_count();
    while (peek().line == text_line && !at_end()) {
      if (!take_if("inlined_at")) {
        take();
        continue;
      }
      const std::uint32_t file = take_count();
      const std::uint32_t line = take_count();
      location.caller = location_at(file, line, take_count());
    }
    current_location_ = static_cast<std::uint32_t>(module_.locations.size());
    location_of_[{location.file, location.line, column}] = current_location_;
    module_.locations.push_back(location);
  }

  std::uint32_t location_at(std::uint32_t file, std::uint32_t line, std::uint32_t column) {
    const auto known = location_of_.find({file, line, column});
    if (known != location_of_.end()) return known->second;
    module_.locations.push_back({file, line, 0});
    const auto index = static_cast<std::uint32_t>(module_.locations.size() - 1);
    location_of_[{file, line, column}] = index;
    return index;
  }

  // A variable or a function, with its linkage before it.
  void parse_definition() {
    bool is_external = false;
    while (peek().is(".visible") || peek().is(".extern") || peek().is(".weak") ||
           peek().is(".common")) {
      is_external |= take().is(".extern");
    }
    if (peek().is(".entry") || peek().is(".func")) {
      parse_function();
      return;
    }
    Declaration variable = parse_declaration();
    variable.is_external = is_external;
    module_.variables.push_back(std::move(variable));
  }

  void parse_function() {
    FunctionText function;
    current_location_ = 0;
    function.line = peek().line;
    function.is_kernel = take().is(".entry");
    if (peek().is("(")) function.results = parse_parameters();
    function.name = take_word();
    if (peek().is("(")) function.parameters = parse_parameters();
    while (!peek().is("{") && !peek().is(";")) {
      if (at_end()) fail("expected a function body");
      parse_function_directive(function);
    }
    if (!take_if(";")) {
      function.has_body = true;
      parse_body(function);
    }
    module_.functions.push_back(std::move(function));
  }

  void parse_function_directive(FunctionText& function) {
    const Token& token = take();
    if (token.is(".maxntid") || token.is(".reqntid")) {
      function.max_threads = 1;
      do function.max_threads *= std::max(1u, take_count(1024));
      while (take_if(","));
    } else if (token.is(".minnctapersm")) {
      function.min_blocks = take_count();
    }  // others (.maxnreg, .noreturn, ...) only advise the assembler
  }

  std::vector<Declaration> parse_parameters() {
    std::vector<Declaration> parameters;
    expect("(");
    while (!take_if(")")) {
      parameters.push_back(parse_variable());
      if (!peek().is(")")) expect(",");
    }
    return parameters;
  }

  // .space [.align n] [.ptr ...] [.v2] .type name[<n>|[n]]
  Declaration parse_variable() {
    Declaration result;
    result.line = peek().line;
    result.space = take_word().substr(1);
    for (;;) {
      const Token& token = peek();
      if (token.kind != Token::Kind::word || token.text[0] != '.') break;
      take();
      if (token.is(".align"))
        result.alignment = take_count(1 << 16);
      else if (token.is(".attribute")) {
        expect("(");
        result.is_managed = take_word() == ".managed";
        expect(")");
      } else if (token.is(".v2"))
        result.vector = 2;
      else if (token.is(".v4"))
        result.vector = 4;
      else if (type_named(token.text.substr(1)) != Type::none) {
        result.type = type_named(token.text.substr(1));
      }  // .ptr and .global say nothing that matters here
    }
    if (result.type == Type::none) fail("expected a type");
    result.name = take_word();
    if (take_if("<")) {
      result.range = take_count(kMaxRegisters);
      expect(">");
    }
    while (take_if("[")) {
      result.count = peek().is("]") ? 0 : result.count * take_number().bits;
      if (result.count > kMaxVariableBytes) fail("array too large");
      expect("]");
    }
    return result;
  }

  Declaration parse_declaration() {
    Declaration result = parse_variable();
    if (take_if("=")) parse_values(result.values, 0);
    expect(";");
    return result;
  }

  void parse_values(std::vector<InitialValue>& values, int depth) {
    if (depth > kMaxNesting) fail("initialiser nested too deeply");
    if (take_if("{")) {
      while (!take_if("}")) {
        parse_values(values, depth + 1);
        if (!peek().is("}")) expect(",");
      }
      return;
    }
    InitialValue value;
    if (peek().kind == Token::Kind::word) {
      value.symbol = take_word();
      if (value.symbol == "generic") {
        expect("(");
        value.symbol = take_word();
        expect(")");
      }
      if (take_if("+")) value.number = take_number().bits;
    } else {
      const OperandText number = take_number();
      value.number = number.bits;
      value.is_real = number.is_real;
      value.is_single = number.is_single;
    }
    values.push_back(value);
  }

  // --- function bodies ---
  void parse_body(FunctionText& function) {
    expect("{");
    int depth = 1;
    while (depth > 0) {
      const Token& token = peek();
      if (at_end()) fail("a function body does not end");
      if (token.is("{") || token.is("}")) {
        depth += take().is("{") ? 1 : -1;
        if (depth > kMaxNesting) fail("scopes nested too deeply");
        if (depth > 0) {
          function.body.emplace_back(token.is("{") ? ScopeMark::open : ScopeMark::close);
        }
      } else if (token.is(".loc")) {
        parse_location();
      } else if (token.is(".pragma")) {
        skip_statement();
      } else if (token.kind == Token::Kind::word && token.text[0] == '.') {
        add_declarations(function);
      } else if (token.kind == Token::Kind::word && peek(1).is(":")) {
        parse_label(function);
      } else if (!take_if(";")) {
        function.body.emplace_back(parse_statement());
      }
    }
  }

  // ".reg .b32 %r<8>;" or ".reg .b32 a, b;"
  void add_declarations(FunctionText& function) {
    Declaration first = parse_variable();
    std::vector<Declaration> all{first};
    while (take_if(",")) {
      Declaration next = first;
      next.range = 0;
      next.name = take_word();
      if (take_if("<")) {
        next.range = take_count(kMaxRegisters);
        expect(">");
      }
      all.push_back(next);
    }
    expect(";");
    for (Declaration& declaration : all) function.body.emplace_back(std::move(declaration));
  }

  void parse_label(FunctionText& function) {
    const std::string_view name = take_word();
    expect(":");
    if (take_if(".branchtargets")) {
      BranchTable table{name, {}};
      do table.targets.push_back(take_word());
      while (take_if(","));
      expect(";");
      function.body.emplace_back(std::move(table));
    } else if (peek().is(".callprototype") || peek().is(".calltargets")) {
      skip_statement();
    } else {
      function.body.emplace_back(Label{name});
    }
  }

  Statement parse_statement() {
    Statement statement;
    statement.location = current_location_;
    if (take_if("@")) {
      statement.guard_negated = take_if("!");
      statement.guard = take_word();
    }
    statement.line = peek().line;
    std::string_view opcode = take_word();
    for (;;) {
      const std::size_t dot = opcode.find('.', 1);
      statement.opcode.push_back(opcode.substr(0, dot));
      if (dot == std::string_view::npos) break;
      opcode.remove_prefix(dot + 1);
    }
    while (!take_if(";")) {
      if (at_end()) fail("an instruction does not end");
      statement.operands.push_back(parse_operand(0));
      if (!peek().is(";")) expect(",");
    }
    return statement;
  }

  OperandText parse_operand(int depth) {
    if (depth > kMaxNesting) fail("operand nested too deeply");
    OperandText result;
    if (take_if("{")) {
      parse_list(result, OperandText::Kind::vector, "}", depth);
    } else if (take_if("(")) {
      parse_list(result, OperandText::Kind::group, ")", depth);
    } else if (take_if("[")) {
      result.kind = OperandText::Kind::address;
      result.parts.push_back(parse_operand(depth + 1));
      std::swap(result.offset, result.parts[0].offset);
      expect("]");
    } else if (take_if("!")) {
      result = parse_operand(depth + 1);
      result.negated = !result.negated;
    } else if (peek().kind == Token::Kind::word) {
      result.text = take_word();
      while (peek().is("+") || peek().is("-")) {
        result.offset += static_cast<std::int64_t>(take_number().bits);
      }
      if (take_if("|")) {
        OperandText pair;
        pair.kind = OperandText::Kind::pair;
        pair.parts.push_back(std::move(result));
        pair.parts.push_back(parse_operand(depth + 1));
        return pair;
      }
    } else {
      result = take_number();
    }
    return result;
  }

  void parse_list(OperandText& result, OperandText::Kind kind, std::string_view close, int depth) {
    result.kind = kind;
    while (!take_if(close)) {
      result.parts.push_back(parse_operand(depth + 1));
      if (!peek().is(close)) expect(",");
    }
  }

  ModuleText module_;
  std::uint32_t current_location_ = 0;
  std::map<std::tuple<std::uint32_t, std::uint32_t, std::uint32_t>, std::uint32_t> location_of_;
};

}  // namespace

ModuleText parse_module(std::string_view ptx) { return Parser(ptx).run(); }

}  // namespace emulator
