// SPDX-License-Identifier: MIT
#include "tests/emulator/program/program.h"

#include "tests/emulator/memory/memory.h"
#include "tests/emulator/program/decoder.h"
#include "tests/emulator/report/report.h"
#include "tests/emulator/text/syntax.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <functional>

namespace emulator {
namespace {

constexpr std::uint32_t kMaxShared = 1u << 24;
constexpr std::uint32_t kReserved = 2048;  // bytes of shared memory

class Loader {
 public:
  explicit Loader(Program& program)
      : program_(program), text_(parse_module(program.text)), constants_(program.constants) {
    program.files = text_.files;
    program.locations = text_.locations;
  }

  void run() {
    declare_variables();
    declare_reserved_shared();
    declare_functions();
    place_dynamic_shared();
    FunctionDecoder decoder(program_, constants_, symbols_, shared_end_);
    for (const FunctionText& text : text_.functions) {
      Function& function = program_.functions[program_.function_of.at(std::string(text.name))];
      if (text.has_body) decoder.decode(text, function);
    }
    for (Function& function : program_.functions) complete(function);
    initialise_variables();
  }

 private:
  void declare_variables() {
    for (const FunctionText& function : text_.functions) {
      if (!function.is_kernel) declare_shared_of(function);
    }
    for (const Declaration& declaration : text_.variables) {
      if (declaration.space == "shared") {
        declare_shared(declaration);
        continue;
      }
      if (declaration.space != "global" && declaration.space != "const") {
        throw ProgramError("PTX line " + std::to_string(declaration.line) + ": cannot declare ." +
                           std::string(declaration.space) + " in a module");
      }
      Variable variable{std::string(declaration.name), 0, declaration.bytes(),
                        declaration.space == "const"};
      const bool managed = declaration.is_managed;
      variable.address = Memory::instance().allocate(
          variable.bytes, managed ? MemoryKind::managed : MemoryKind::symbol,
          (managed ? "__managed__ " : "__device__ ") + demangled(variable.name));
      if (variable.address == 0) throw ProgramError(variable.name + " is too large");
      symbols_[declaration.name] = {Symbol::Kind::global, {}, variable.address};
      program_.variables[variable.name] = variable;
    }
  }

  // What the driver reserves for cooperative groups whose tiles span warps.
  void declare_reserved_shared() {
    if (program_.text.find("%reserved_smem_offset") == std::string::npos) return;
    const auto place = [&](std::string_view name, std::uint32_t offset) {
      symbols_[name] = {Symbol::Kind::shared, {}, shared_end_ + offset};
    };
    shared_end_ = (shared_end_ + 127) / 128 * 128;
    place("%reserved_smem_offset_begin", 0);
    place("%reserved_smem_offset_0", 0);
    place("%reserved_smem_offset_1", kReserved / 2);
    place("%reserved_smem_offset_end", kReserved);
    program_.shared_variables.push_back({kReservedShared, shared_end_, kReserved});
    shared_end_ += kReserved;
  }

  // The shared variables of a function belong to all who call it: to every block.
  void declare_shared_of(const FunctionText& function) {
    for (const BodyItem& item : function.body) {
      const auto* declaration = std::get_if<Declaration>(&item);
      if (declaration && declaration->space == "shared") declare_shared(*declaration);
    }
  }

  // Module-wide shared variables come first in every block; the one without a size is dynamic.
  void declare_shared(const Declaration& declaration) {
    const std::uint64_t bytes = declaration.bytes();
    if (bytes == 0) {
      dynamic_.push_back(declaration.name);
      return;
    }
    const std::uint32_t unit = std::max(16u, declaration.aligned_to());
    shared_end_ = (shared_end_ + unit - 1) / unit * unit;
    if (bytes > kMaxShared - shared_end_) throw ProgramError("shared variable too large");
    symbols_[declaration.name] = {Symbol::Kind::shared, {}, shared_end_};
    program_.shared_variables.push_back(
        {std::string(declaration.name), shared_end_, static_cast<std::uint32_t>(bytes)});
    shared_end_ += static_cast<std::uint32_t>(bytes) + 64;
  }

  void declare_functions() {
    for (const FunctionText& text : text_.functions) {
      const std::string name(text.name);
      const auto index = static_cast<std::uint32_t>(program_.functions.size());
      if (!program_.function_of.try_emplace(name, index).second) continue;
      program_.functions.emplace_back().name = name;
      program_.functions.back().unsupported = "the function " + name + " has no body";
      symbols_[text.name] = {Symbol::Kind::function, {}, kCodeWindow | index};
    }
    for (const FunctionText& text : text_.functions) {
      if (!text.has_body) continue;
      Function& function = program_.functions[program_.function_of.at(std::string(text.name))];
      function.unsupported.clear();
      function.is_kernel = text.is_kernel;
    }
  }

  // Dynamic shared memory starts at one place for all kernels, past the static part of any.
  void place_dynamic_shared() {
    std::uint64_t largest = 0;
    for (const FunctionText& text : text_.functions) {
      if (!text.is_kernel) continue;
      std::uint64_t bytes = 0;
      for (const BodyItem& item : text.body) {
        const auto* declaration = std::get_if<Declaration>(&item);
        if (declaration && declaration->space == "shared") {
          bytes += declaration->bytes() + declaration->aligned_to() + 64;
        }
      }
      if (bytes > kMaxShared) throw ProgramError("too much shared memory");
      largest = std::max(largest, bytes);
    }
    program_.dynamic_shared_offset =
        (shared_end_ + static_cast<std::uint32_t>(largest) + 1023) / 1024 * 1024;
    for (const std::string_view name : dynamic_) {
      symbols_[name] = {Symbol::Kind::shared, {}, program_.dynamic_shared_offset};
    }
  }

  // What depends on the functions it calls.
  void complete(Function& function) {
    std::vector<bool> under_way(program_.functions.size());
    std::map<std::uint32_t, std::uint32_t> known;
    const std::function<std::uint32_t(std::uint32_t)> deepest = [&](std::uint32_t index) {
      Function& callee = program_.functions[index];
      if (under_way[index]) {
        function.recursive = true;
        return 0u;
      }
      if (const auto found = known.find(index); found != known.end()) return found->second;
      if (!callee.unsupported.empty() && function.unsupported.empty()) {
        function.unsupported = callee.unsupported;
      }
      function.recursive |= callee.recursive;
      function.uses_grid_barrier |= callee.uses_grid_barrier;
      under_way[index] = true;
      std::uint32_t bytes = 0;
      for (const std::uint32_t next : callee.callees) bytes = std::max(bytes, deepest(next));
      under_way[index] = false;
      return known[index] = bytes + callee.local_bytes;
    };
    const auto index = static_cast<std::uint32_t>(&function - program_.functions.data());
    function.stack_bytes = deepest(index);
  }

  void initialise_variables() {
    Memory& memory = Memory::instance();
    for (const Declaration& declaration : text_.variables) {
      const auto found = program_.variables.find(std::string(declaration.name));
      if (found == program_.variables.end()) continue;
      const Variable& variable = found->second;
      std::byte* data = memory.data(variable.address);
      std::memset(data, 0, variable.bytes);
      memory.mark(variable.address, variable.bytes, true);
      const auto width = static_cast<std::size_t>(width_of(declaration.type));
      for (std::size_t i = 0; i < declaration.values.size(); ++i) {
        if ((i + 1) * width > variable.bytes)
          throw ProgramError(variable.name + ": too many values");
        const std::uint64_t bits = value_of(declaration.values[i], width);
        std::memcpy(data + i * width, &bits, std::min<std::size_t>(width, 8));
      }
    }
  }

  std::uint64_t value_of(const InitialValue& value, std::size_t width) const {
    if (value.symbol.empty()) {
      if (!value.is_real || width == 8 || value.is_single) return value.number;
      return std::bit_cast<std::uint32_t>(static_cast<float>(std::bit_cast<double>(value.number)));
    }
    const auto found = symbols_.find(value.symbol);
    if (found == symbols_.end()) throw ProgramError("no symbol " + std::string(value.symbol));
    return found->second.value + value.number;
  }

  Program& program_;
  ModuleText text_;
  ConstantPool constants_;
  SymbolTable symbols_;
  std::vector<std::string_view> dynamic_;
  std::uint32_t shared_end_ = 0;
};

std::string position(const Program& program, const Location& location) {
  const std::string file =
      location.file < program.files.size() ? program.files[location.file] : "?";
  return file + ":" + std::to_string(location.line);
}

}  // namespace

const Function* Program::kernel(const std::string& name) const {
  const auto found = function_of.find(name);
  if (found == function_of.end() || !functions[found->second].is_kernel) return nullptr;
  return &functions[found->second];
}

std::string Program::source(const Instruction& instruction) const {
  std::string result;
  std::uint32_t index = instruction.location;
  for (int depth = 0; index != 0 && depth < 8; ++depth) {
    result += (result.empty() ? "" : " inlined at ") + position(*this, locations[index]);
    index = locations[index].caller;
  }
  return result;
}

std::string Program::disassemble(const Instruction& instruction) const {
  if (instruction.text == 0 || instruction.text > line_offsets.size()) return "";
  const std::size_t start = line_offsets[instruction.text - 1];
  std::string line = text.substr(start, text.find(';', start) + 1 - start);  // calls have several
  for (char& c : line) c = c == '\t' || c == '\n' ? ' ' : c;
  const std::size_t first = line.find_first_not_of(' ');
  return first == std::string::npos ? "" : line.substr(first);
}

std::unique_ptr<Program> load_program(std::string ptx) {
  auto program = std::make_unique<Program>();
  program->text = std::move(ptx);
  program->line_offsets.push_back(0);
  for (std::size_t i = 0; i < program->text.size(); ++i) {
    if (program->text[i] == '\n') program->line_offsets.push_back(i + 1);
  }
  Loader(*program).run();
  return program;
}

}  // namespace emulator
