// SPDX-License-Identifier: MIT
#include "tests/emulator/execution/handlers.h"
#include "tests/emulator/program/decoder.h"

#include <algorithm>
#include <array>

namespace emulator {

bool FunctionDecoder::decode_control(const Statement& statement, Instruction& instruction) {
  const std::string_view base = statement.base();
  const Class counted_as = instruction.counted_as;
  instruction.counted_as = Class::control;
  if (base == "bra") {
    require_operands(statement, 1, 1);
    instruction.control = Control::branch;
  } else if (base == "brx") {
    require_operands(statement, 2, 2);
    instruction.control = Control::branch_indexed;
    instruction.from[0] = value(statement.operands[0], 4);
  } else if (base == "ret" || base == "exit") {
    const bool leaves = base == "ret" && !function_->is_kernel;
    instruction.control = leaves ? Control::leave : Control::exit;
  } else if (base == "trap" || base == "brkpt") {
    instruction.control = Control::trap;
  } else if (base == "call") {
    decode_call(statement, instruction);
  } else {
    instruction.counted_as = counted_as;
    return false;
  }
  return true;
}

void FunctionDecoder::decode_call(const Statement& statement, Instruction& instruction) {
  CallSite site;
  std::size_t next = 0;
  const auto places = [&](const OperandText& group, std::vector<Parameter>& out) {
    for (const OperandText& part : group.parts) {
      const Symbol* symbol = find(part.text);
      if (!symbol || symbol->kind != Symbol::Kind::local) throw Unsupported{"call argument"};
      out.push_back({"", static_cast<std::uint32_t>(symbol->value), 0});
    }
  };
  const std::vector<OperandText>& operands = statement.operands;
  if (next < operands.size() && operands[next].kind == OperandText::Kind::group) {
    places(operands[next++], site.results);
  }
  if (next == operands.size()) throw Unsupported{"call without a function"};
  const OperandText& callee = operands[next++];
  if (next < operands.size() && operands[next].kind == OperandText::Kind::group) {
    places(operands[next++], site.arguments);
  }
  instruction.target = static_cast<std::uint32_t>(program_.calls.size());
  const Symbol* symbol = find(callee.text);
  if (symbol && symbol->kind == Symbol::Kind::reg) {
    instruction.control = Control::call_indirect;
    instruction.from[0] = symbol->operand;
    function_->recursive = true;  // the depth of what it calls is unknown
  } else if (const Handler builtin = builtin_handler(callee.text)) {
    instruction.handler = builtin;
  } else {
    if (!symbol || symbol->kind != Symbol::Kind::function) throw Unsupported{"unknown function"};
    site.function = static_cast<std::uint32_t>(symbol->value & ~kCodeWindow);
    instruction.control = Control::call;
    function_->callees.push_back(site.function);
  }
  program_.calls.push_back(std::move(site));
}

bool FunctionDecoder::decode_barrier(const Statement& statement, Instruction& instruction) {
  if ((statement.base() != "bar" && statement.base() != "barrier") || statement.has("warp")) {
    return false;
  }
  static constexpr std::array<std::string_view, 5> kOperations = {"sync", "arrive", "popc", "and",
                                                                  "or"};
  const auto found = std::find_if(kOperations.begin(), kOperations.end(),
                                  [&](std::string_view name) { return statement.has(name); });
  if (found == kOperations.end()) throw Unsupported{"barrier"};
  instruction.control = Control::block_barrier;
  instruction.counted_as = Class::control;
  instruction.operation = static_cast<std::uint8_t>(found - kOperations.begin());
  std::vector<OperandText> operands = statement.operands;
  if (instruction.operation >= 2) {  // reductions: d, id[, count], p
    require_operands(statement, 3, 4);
    instruction.to[0] = destination(operands.front());
    instruction.from[2] = predicate(operands.back(), &instruction);
    operands.erase(operands.begin());
    operands.pop_back();
  }
  if (operands.empty() || operands.size() > 2) throw Unsupported{"barrier"};
  instruction.from[0] = value(operands[0], 4);
  if (operands.size() == 2) instruction.from[1] = value(operands[1], 4);
  return true;
}

// The operands of every form end up as: from[0..2] arguments, from[3] the member mask.
bool FunctionDecoder::decode_warp_wide(const Statement& statement, Instruction& instruction) {
  const std::string_view base = statement.base();
  const bool is_barrier = (base == "bar" || base == "barrier") && statement.has("warp");
  if (!is_barrier && !is_one_of(base, {"shfl", "vote", "match", "redux"})) return false;
  if (!statement.has("sync")) throw Unsupported{"a form without .sync"};
  instruction.control = Control::warp_wide;
  instruction.counted_as = Class::warp;
  const std::vector<OperandText>& operands = statement.operands;
  if (is_barrier) {
    require_operands(statement, 1, 1);
  } else {
    require_operands(statement, 3, 5);
    const OperandText& to = operands[0];
    const bool is_pair = to.kind == OperandText::Kind::pair;
    const bool to_predicate = base == "vote" && !statement.has("ballot");
    instruction.to[0] = to_predicate ? predicate(to) : destination(is_pair ? to.parts[0] : to);
    if (is_pair) instruction.to[1] = predicate(to.parts[1]);
    const int width = base == "vote" ? 4 : width_of(instruction.type);
    for (std::size_t i = 1; i + 1 < operands.size(); ++i) {
      instruction.from[i - 1] = base == "vote" ? predicate(operands[i], &instruction)
                                               : value(operands[i], i == 1 ? width : 4);
    }
  }
  instruction.from[3] = value(operands.back(), 4);
  instruction.handler = warp_wide_handler(statement, instruction);
  if (!instruction.handler) throw Unsupported{"form"};
  return true;
}

}  // namespace emulator
