// SPDX-License-Identifier: MIT
// Instructions whose operands need code of their own: calls, branches, barriers, cp.async.
#include "tests/emulator/execution/handlers.h"
#include "tests/emulator/program/decoder.h"

#include <algorithm>
#include <array>

namespace emulator {

bool FunctionDecoder::decode_control(const Statement& statement, Instruction& instruction) {
  const std::string_view base = statement.base();
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
  } else if ((base == "bar" || base == "barrier") && !statement.has("warp")) {
    decode_barrier(statement, instruction);
  } else if (base == "cp") {
    decode_copy(statement, instruction);
  } else {
    return false;
  }
  return true;
}

void FunctionDecoder::decode_call(const Statement& statement, Instruction& instruction) {
  CallSite site;
  std::size_t next = 0;
  const std::vector<OperandText>& operands = statement.operands;
  const auto take_places = [&](std::vector<Parameter>& out) {
    if (next == operands.size() || operands[next].kind != OperandText::Kind::group) return;
    for (const OperandText& part : operands[next++].parts) {
      const Symbol* symbol = find(part.text);
      if (!symbol || symbol->kind != Symbol::Kind::local) throw Unsupported{"call argument"};
      out.push_back({"", static_cast<std::uint32_t>(symbol->value), 0});
    }
  };
  take_places(site.results);
  if (next == operands.size()) throw Unsupported{"call without a function"};
  const OperandText& callee = operands[next++];
  take_places(site.arguments);
  instruction.target = static_cast<std::uint32_t>(program_.calls.size());
  const Symbol* symbol = find(callee.text);
  if (symbol && symbol->kind == Symbol::Kind::reg) {
    if (symbol->operand.width != 8) throw Unsupported{"call through a register"};
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

void FunctionDecoder::decode_barrier(const Statement& statement, Instruction& instruction) {
  static constexpr std::array<std::string_view, 5> kOperations = {"sync", "arrive", "popc", "and",
                                                                  "or"};
  const auto found = std::find_if(kOperations.begin(), kOperations.end(),
                                  [&](std::string_view name) { return statement.has(name); });
  if (found == kOperations.end()) throw Unsupported{"barrier"};
  instruction.control = Control::block_barrier;
  instruction.operation = static_cast<std::uint8_t>(found - kOperations.begin());
  std::vector<OperandText> operands = statement.operands;
  if (instruction.operation >= 2) {  // reductions: d, id[, count], p
    require_operands(statement, 3, 4);
    instruction.to[0] = destination(operands.front());
    const bool counts = instruction.operation == 2;  // popc gives a number, the others a predicate
    if (counts != (instruction.to[0].width != 0)) throw Unsupported{"barrier"};
    instruction.from[2] = predicate(operands.back(), &instruction);
    operands.erase(operands.begin());
    operands.pop_back();
  }
  if (operands.empty() || operands.size() > 2) throw Unsupported{"barrier"};
  for (std::size_t i = 0; i < operands.size(); ++i) instruction.from[i] = value(operands[i], 4);
}

void FunctionDecoder::decode_copy(const Statement& statement, Instruction& instruction) {
  const std::vector<OperandText>& operands = statement.operands;
  if (!statement.has("async") || statement.has("bulk")) throw Unsupported{"form"};
  instruction.counted_as = Class::memory;
  if (statement.has("mbarrier")) {
    require_operands(statement, 1, 1);
    address(operands[0], instruction);
    instruction.handler = mbarrier_handler(statement, instruction);
    if (!instruction.handler) throw Unsupported{"form"};
    return;
  }
  const bool waits =
      statement.has("commit_group") || statement.has("wait_group") || statement.has("wait_all");
  if (!waits) {  // [shared], [global], bytes[, bytes that are read]
    require_operands(statement, 3, 4);
    Instruction source;
    address(operands[1], source);
    if (!source.from[0].exists()) throw Unsupported{"address"};
    address(operands[0], instruction);
    instruction.from[1] = source.from[0];
    instruction.target = static_cast<std::uint32_t>(source.offset);
    for (std::size_t i = 2; i < operands.size(); ++i) instruction.from[i] = value(operands[i], 4);
  } else if (!operands.empty()) {
    instruction.from[0] = value(operands[0], 4);
  }
  instruction.handler = copy_handler(statement, instruction);
  if (!instruction.handler) throw Unsupported{"form"};
}

}  // namespace emulator
