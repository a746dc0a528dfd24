// SPDX-License-Identifier: MIT
#pragma once

#include "tests/emulator/program/program.h"

#include <memory>
#include <string>

namespace emulator {

/// One fat binary: its PTX, decoded when something of it is first used.
class Module {
 public:
  explicit Module(std::string ptx) : ptx_(std::move(ptx)) {}
  /// Ends the process with one sentence if the PTX cannot be read.
  const Program& program();

 private:
  std::string ptx_;
  std::unique_ptr<Program> program_;
};

/// A registered kernel; cudaKernel_t and cudaFunction_t point to it.
struct Kernel {
  Module* module = nullptr;
  std::string name;            // in the PTX
  const void* host = nullptr;  // what the program calls it by
  int dynamic_limit = -1;      // cudaFuncAttributeMaxDynamicSharedMemorySize; -1: not set
  int carveout = -1;

  /// nullptr if the module has no such kernel.
  const Function* function() const { return module->program().kernel(name); }
};

/// The kernel of a host function, cudaKernel_t or cudaFunction_t, or nullptr.
Kernel* find_kernel(const void* handle);
/// The variable behind a host symbol, or nullptr.
const Variable* find_symbol(const void* symbol);

}  // namespace emulator
