// SPDX-License-Identifier: MIT
#include "tests/emulator/program/decoder.h"

#include "tests/emulator/execution/handlers.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <set>
#include <utility>

namespace emulator {
namespace {

// Registers and constants are aligned for vector instructions.
constexpr std::uint32_t kRegisterAlignment = 64;
constexpr std::uint32_t kMaxFrameBytes = 1u << 28;
// Between two shared variables, so that an index past the end of one is not inside the next.
constexpr std::uint32_t kSharedRedzone = 64;

std::uint32_t round_up(std::uint32_t value, std::uint32_t unit) {
  return (value + unit - 1) / unit * unit;
}

}  // namespace

Operand ConstantPool::value(std::uint64_t bits, int width) {
  if (width < 8) bits &= (1ull << (8 * width)) - 1;
  const auto [entry, is_new] = known_.try_emplace({bits, width});
  if (is_new) {
    entry->second = {static_cast<std::uint32_t>(bytes_.size()) | Operand::kConstant,
                     static_cast<std::uint8_t>(width)};
    for (int lane = 0; lane < kLanes; ++lane) {
      const auto* raw = reinterpret_cast<const std::byte*>(&bits);
      bytes_.insert(bytes_.end(), raw, raw + width);
    }
    bytes_.resize(round_up(static_cast<std::uint32_t>(bytes_.size()), kRegisterAlignment));
  }
  return entry->second;
}

Operand ConstantPool::predicate(bool value) {
  Operand result = this->value(value ? ~0u : 0u, 4);
  result.width = 0;
  return result;
}

FunctionDecoder::FunctionDecoder(Program& program, ConstantPool& constants,
                                 const SymbolTable& module_symbols, std::uint32_t shared_start)
    : program_(program), constants_(constants), shared_start_(shared_start) {
  scopes_.push_back(module_symbols);
}

const Symbol* FunctionDecoder::find(std::string_view name) const {
  for (auto scope = scopes_.rbegin(); scope != scopes_.rend(); ++scope) {
    const auto found = scope->find(name);
    if (found != scope->end()) return &found->second;
  }
  return nullptr;
}

void FunctionDecoder::decode(const FunctionText& text, Function& function) {
  function_ = &function;
  function.entry = static_cast<std::uint32_t>(program_.code.size());
  function.max_threads = text.max_threads;
  function.min_blocks = text.min_blocks;
  scopes_.resize(1);
  scopes_.emplace_back();
  declare_parameters(text);
  if (function.is_kernel) function.shared_bytes = shared_start_;
  for (const BodyItem& item : text.body) {
    if (const auto* table = std::get_if<BranchTable>(&item)) tables_[table->name] = table->targets;
  }
  for (const BodyItem& item : text.body) {
    if (const auto* statement = std::get_if<Statement>(&item)) {
      add(*statement);
    } else if (const auto* declaration = std::get_if<Declaration>(&item)) {
      declare(*declaration);
    } else if (const auto* label = std::get_if<Label>(&item)) {
      labels_[label->name] = static_cast<std::uint32_t>(program_.code.size());
    } else if (const auto* mark = std::get_if<ScopeMark>(&item)) {
      if (*mark == ScopeMark::open)
        scopes_.emplace_back();
      else
        scopes_.pop_back();
    }
  }
  Instruction last;
  last.control = function.is_kernel ? Control::exit : Control::leave;
  last.counted_as = Class::control;
  emit(last);
  function.end = static_cast<std::uint32_t>(program_.code.size());
  resolve_targets();
  mark_guesses();
  mark_early_loads();
  function.local_bytes = round_up(function.local_bytes, 16);
  labels_.clear();
  tables_.clear();
}

void FunctionDecoder::declare_parameters(const FunctionText& text) {
  Function& function = *function_;
  const auto place = [&](const Declaration& declaration, std::uint32_t& end) {
    end = round_up(end, std::max(1u, declaration.aligned_to()));
    const Parameter parameter{std::string(declaration.name), end,
                              static_cast<std::uint32_t>(declaration.bytes())};
    end += parameter.bytes;
    return parameter;
  };
  for (const Declaration& declaration : text.parameters) {
    if (declaration.space == "reg") throw ProgramError("register parameters are not supported");
    // A function's parameters are part of its local frame; a kernel's have a buffer of their own.
    std::uint32_t& end = function.is_kernel ? function.parameter_bytes : function.local_bytes;
    function.parameters.push_back(place(declaration, end));
    const auto kind = function.is_kernel ? Symbol::Kind::parameter : Symbol::Kind::local;
    add_symbol(declaration.name, {kind, {}, function.parameters.back().offset});
  }
  for (const Declaration& declaration : text.results) {
    function.results.push_back(place(declaration, function.local_bytes));
    add_symbol(declaration.name, {Symbol::Kind::local, {}, function.results.back().offset});
  }
}

void FunctionDecoder::declare(const Declaration& declaration) {
  if (declaration.space == "reg") {
    declare_registers(declaration);
    return;
  }
  const bool shared = declaration.space == "shared";
  if (!shared && declaration.space != "local" && declaration.space != "param") {
    throw ProgramError("PTX line " + std::to_string(declaration.line) + ": cannot declare ." +
                       std::string(declaration.space) + " in a function");
  }
  if (shared && !function_->is_kernel) return;  // placed with those of the module
  std::uint32_t& end = shared ? function_->shared_bytes : function_->local_bytes;
  if (declaration.bytes() > kMaxFrameBytes - end) throw ProgramError("variable too large");
  end = round_up(end, std::max(1u, declaration.aligned_to()));
  add_symbol(declaration.name, {shared ? Symbol::Kind::shared : Symbol::Kind::local, {}, end});
  const auto bytes = static_cast<std::uint32_t>(declaration.bytes());
  if (shared) {
    function_->shared_variables.push_back({std::string(declaration.name), end, bytes});
    end += kSharedRedzone;
  }
  end += bytes;
}

Operand FunctionDecoder::new_register(Type type) {
  const auto width = static_cast<std::uint32_t>(width_of(type));
  std::uint32_t& end = function_->register_bytes;
  end = round_up(end, width == 0 ? 4 : kRegisterAlignment);
  const Operand result{end, static_cast<std::uint8_t>(width)};
  end += width == 0 ? 4 : width * kLanes;
  if (end > kMaxFrameBytes) throw ProgramError("too many registers");
  function_->registers += width == 8 ? 2 : width == 0 ? 0 : 1;
  return result;
}

void FunctionDecoder::declare_registers(const Declaration& declaration) {
  if (declaration.range == 0) {
    add_symbol(declaration.name, {Symbol::Kind::reg, new_register(declaration.type)});
    return;
  }
  for (std::uint32_t i = 0; i < declaration.range; ++i) {
    program_.names.push_back(std::string(declaration.name) + std::to_string(i));
    add_symbol(program_.names.back(), {Symbol::Kind::reg, new_register(declaration.type)});
  }
}

// --- operands ---

std::uint64_t FunctionDecoder::literal(const OperandText& text, int width, bool real) const {
  if (!text.is_real) {
    if (!real || width < 4) return text.bits;
    const auto number = static_cast<double>(static_cast<std::int64_t>(text.bits));
    return width == 8 ? std::bit_cast<std::uint64_t>(number)
                      : std::bit_cast<std::uint32_t>(static_cast<float>(number));
  }
  if (text.is_single) {
    const auto single = std::bit_cast<float>(static_cast<std::uint32_t>(text.bits));
    return width == 8 ? std::bit_cast<std::uint64_t>(static_cast<double>(single)) : text.bits;
  }
  const auto number = std::bit_cast<double>(text.bits);
  return width == 8 ? text.bits : std::bit_cast<std::uint32_t>(static_cast<float>(number));
}

Operand FunctionDecoder::symbol_address(const Symbol& symbol, std::int64_t offset, int width) {
  const std::uint64_t address = symbol.value + static_cast<std::uint64_t>(offset);
  if (symbol.kind != Symbol::Kind::local) return constants_.value(address, width);
  // A local address depends on the call: read it into a register first.
  Instruction read;
  read.handler = local_address_handler();
  read.to[0] = new_register(width == 8 ? Type::b64 : Type::b32);
  read.offset = static_cast<std::int64_t>(address);
  emit(read);
  return read.to[0];
}

Operand FunctionDecoder::value(const OperandText& text, int width, bool real) {
  if (text.kind == OperandText::Kind::number) {
    return constants_.value(literal(text, width, real), width);
  }
  if (text.kind != OperandText::Kind::name) throw Unsupported{"operand"};
  if (text.text == "WARP_SZ") return constants_.value(kLanes, width);
  if (const Symbol* symbol = find(text.text)) {
    if (symbol->kind != Symbol::Kind::reg) return symbol_address(*symbol, text.offset, width);
    if (symbol->operand.width == 0) throw Unsupported{"a predicate as a value"};
    if (symbol->operand.width < width) throw Unsupported{"a register narrower than its type"};
    return symbol->operand;
  }
  Instruction read;
  const int bytes = special_register(text.text, read);
  if (bytes == 0) throw Unsupported{"unknown name " + std::string(text.text)};
  read.to[0] = new_register(std::max(bytes, width) == 8 ? Type::u64 : Type::u32);
  if (text.text.substr(0, 7) == "%envreg") function_->uses_grid_barrier = true;
  emit(read);
  return read.to[0];
}

Operand FunctionDecoder::destination(const OperandText& text) {
  if (text.text == "_") return {};
  const Symbol* symbol = find(text.text);
  if (text.kind != OperandText::Kind::name || !symbol || symbol->kind != Symbol::Kind::reg) {
    throw Unsupported{"destination"};
  }
  return symbol->operand;
}

Operand FunctionDecoder::predicate(const OperandText& text, Instruction* negates) {
  if (text.negated) {
    if (!negates) throw Unsupported{"negated predicate"};
    negates->flags |= kNegatedPredicate;
  }
  if (text.kind == OperandText::Kind::number) return constants_.predicate(text.bits != 0);
  const Operand result = destination(text);
  if (result.exists() && result.width != 0) throw Unsupported{"a value as a predicate"};
  return result;
}

void FunctionDecoder::address(const OperandText& text, Instruction& instruction) {
  if (text.kind != OperandText::Kind::address) throw Unsupported{"address"};
  const OperandText& base = text.parts[0];
  instruction.offset = text.offset;
  if (base.kind == OperandText::Kind::number) {
    instruction.from[0] = constants_.value(base.bits, 8);
    return;
  }
  const Symbol* symbol = find(base.text);
  if (!symbol) throw Unsupported{"unknown name " + std::string(base.text)};
  if (symbol->kind == Symbol::Kind::function) throw Unsupported{"access to code"};
  if (symbol->kind == Symbol::Kind::reg) {
    if (symbol->operand.width < 4) throw Unsupported{"address register"};
    instruction.from[0] = symbol->operand;
  } else if (symbol->kind == Symbol::Kind::local) {  // no base: from the start of the local frame
    instruction.space = Space::local;
    instruction.offset += static_cast<std::int64_t>(symbol->value);
  } else {
    instruction.space = symbol->kind == Symbol::Kind::parameter ? Space::parameter
                        : symbol->kind == Symbol::Kind::shared  ? Space::shared
                                                                : Space::global;
    instruction.from[0] = constants_.value(symbol->value, 8);
  }
}

void FunctionDecoder::resolve_targets() {
  const auto target_of = [&](std::string_view label) {
    const auto found = labels_.find(label);
    if (found == labels_.end()) throw ProgramError("no label " + std::string(label));
    return found->second;
  };
  for (const Pending& branch : pending_) {
    Instruction& instruction = program_.code[branch.instruction];
    if (instruction.control == Control::branch) {
      instruction.target = target_of(branch.label);
      continue;
    }
    const auto table = tables_.find(branch.label);
    if (table == tables_.end()) throw ProgramError("no table " + std::string(branch.label));
    instruction.target = static_cast<std::uint32_t>(program_.branch_tables.size());
    std::vector<std::uint32_t>& targets = program_.branch_tables.emplace_back();
    for (const std::string_view label : table->second) targets.push_back(target_of(label));
  }
  pending_.clear();
}

// A plain load of what an atom.cas then compares memory with is a guess, which the atom.cas checks:
// the first read of the usual loop, in NVIDIA's headers too. It may be stale, so it does not race
// with atomics.
void FunctionDecoder::mark_guesses() {
  const auto begin = program_.code.begin() + function_->entry;
  std::set<std::uint32_t> compared;  // places of registers
  for (auto code = begin; code != program_.code.end(); ++code) {
    const bool is_cas = code->counted_as == Class::atomic && code->from[2].exists();
    if (!is_cas) continue;
    compared.insert(code->from[1].place);
    if (!function_->is_kernel) code->flags |= kAnyGuess;  // code that is not optimised calls it
  }
  for (auto code = begin; code != program_.code.end(); ++code) {
    const bool is_load = code->counted_as == Class::memory && code->to[0].exists();
    if (is_load && compared.contains(code->to[0].place)) code->flags |= kStrong;
  }
}

// Whether the code runs from `first` to `last` without a jump, and without a change of a register.
bool FunctionDecoder::in_a_row(std::uint32_t first, std::uint32_t last, Operand unchanged) const {
  for (std::uint32_t at = first + 1; at < last; ++at) {
    const Instruction& code = program_.code[at];
    const bool changes = std::any_of(code.to.begin(), code.to.end(), [&](const Operand& to) {
      return to.exists() && to.place == unchanged.place;
    });
    if (code.control != Control::next || changes) return false;
  }
  return std::none_of(labels_.begin(), labels_.end(), [&](const auto& label) {
    return label.second > first && label.second <= last;
  });
}

// The compiler makes a load and a selp of an `if` whose branch alone reads a variable: what the
// load reads matters only where the selp takes it. One of a thread's variables is looked at there.
void FunctionDecoder::mark_early_loads() {
  std::map<std::uint32_t, std::vector<std::uint32_t>> uses;  // code that has a register as source
  for (std::uint32_t at = function_->entry; at < program_.code.size(); ++at) {
    for (const Operand& from : program_.code[at].from) {
      if (from.exists()) uses[from.place].push_back(at);
    }
  }
  for (std::uint32_t at = function_->entry; at < program_.code.size(); ++at) {
    Instruction& load = program_.code[at];
    const bool reads = load.counted_as == Class::memory && load.to[0].exists();
    if (!reads || load.space != Space::local || load.vector != 1 || load.guard.exists()) continue;
    const std::vector<std::uint32_t>& selects = uses[load.to[0].place];
    const bool fits = std::all_of(selects.begin(), selects.end(), [&](std::uint32_t use) {
      const Instruction& code = program_.code[use];
      const bool is_early =
          use > at && code.has(kSelects) && !code.inner && code.from[0].place != code.from[1].place;
      return is_early && in_a_row(at, use, load.from[0]);
    });
    if (!fits) continue;
    load.flags |= kEarly;
    for (const std::uint32_t use : selects) {
      Instruction& select = program_.code[use];
      select.inner = std::exchange(select.handler, select_loaded_handler());
      select.target = at;
    }
  }
}

}  // namespace emulator
