// SPDX-License-Identifier: MIT
#pragma once

#include "tests/emulator/program/instruction.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace emulator {

/// PTX that cannot be read; what() names the line.
struct ProgramError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A source position; `caller` is the position this one was inlined at (0: none).
struct Location {
  std::uint32_t file = 0;
  std::uint32_t line = 0;
  std::uint32_t caller = 0;
};

/// A parameter or return value: bytes from the start of its area.
struct Parameter {
  std::string name;
  std::uint32_t offset = 0;
  std::uint32_t bytes = 0;
};

/// A kernel or a device function.
struct Function {
  std::string name;
  bool is_kernel = false;
  std::uint32_t entry = 0;  // index of Program::code
  std::uint32_t end = 0;
  std::vector<Parameter> parameters;
  std::vector<Parameter> results;
  std::uint32_t parameter_bytes = 0;
  std::uint32_t register_bytes = 0;  // of a register frame
  std::uint32_t registers = 0;       // 32-bit registers a thread declares, an upper bound
  std::uint32_t local_bytes = 0;     // of a thread's local frame
  std::uint32_t shared_bytes = 0;    // of the layout of static shared memory, redzones included
  std::vector<Parameter> shared_variables;  // those a kernel declares itself
  std::uint32_t stack_bytes = 0;            // local_bytes of the deepest chain of calls
  std::uint32_t max_threads = 0;            // __launch_bounds__; 0: none given
  std::uint32_t min_blocks = 0;
  bool recursive = false;              // may call itself, or calls through a pointer
  bool uses_grid_barrier = false;      // reads %envreg: must be launched cooperatively
  std::vector<std::uint32_t> callees;  // indices of Program::functions
  std::string unsupported;             // "file:line: instruction" of the first that is not emulated
};

/// Where a call passes its arguments: byte offsets in the caller's local frame.
struct CallSite {
  std::uint32_t function = 0;  // index of Program::functions; unused for indirect calls
  std::vector<Parameter> arguments;
  std::vector<Parameter> results;
};

/// The name of the shared memory that the driver reserves; it starts as zeros.
inline constexpr const char* kReservedShared = "(reserved by the driver)";

/// A module variable of the global or constant space.
struct Variable {
  std::string name;
  std::uint64_t address = 0;
  std::size_t bytes = 0;
  bool is_constant = false;
};

/// One PTX module, decoded and ready to run; its variables are allocated and initialised.
struct Program {
  std::vector<Instruction> code;
  std::vector<std::byte> constants;  // immediates, each repeated for the 32 lanes
  std::vector<Function> functions;
  std::map<std::string, std::uint32_t> function_of;  // by name
  std::map<std::string, Variable> variables;
  std::vector<CallSite> calls;
  std::vector<std::vector<std::uint32_t>> branch_tables;
  std::vector<Location> locations;
  std::vector<std::string> files;
  std::uint32_t dynamic_shared_offset = 0;  // where dynamic shared memory starts in every block
  std::vector<Parameter> shared_variables;  // those of the module, part of every block
  std::deque<std::string> names;            // of numbered registers
  std::string text;                         // the PTX, for reports
  std::vector<std::size_t> line_offsets;    // where each line of it starts

  /// nullptr if there is no kernel of that name.
  const Function* kernel(const std::string& name) const;
  /// "file:line inlined at file:line ..."; empty without line information.
  std::string source(const Instruction& instruction) const;
  /// The instruction as the PTX says it.
  std::string disassemble(const Instruction& instruction) const;
};

/// Reads and decodes PTX; throws ProgramError. An instruction that is not emulated does not throw:
/// it marks its function unsupported, and launching that one is an error.
std::unique_ptr<Program> load_program(std::string ptx);

}  // namespace emulator
