// SPDX-License-Identifier: MIT
#include "tests/emulator/runtime/registration.h"

#include "tests/emulator/report/options.h"
#include "tests/emulator/report/report.h"
#include "tests/emulator/runtime/entry.h"

#include <cuda_runtime_api.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <map>
#include <set>
#include <string_view>

namespace emulator {
namespace {

struct Symbol {
  Module* module = nullptr;
  std::string name;
};

// Guarded by device_lock(); never destroyed.
struct State {
  std::map<const void*, Kernel*> kernels;  // by host function
  std::set<const void*> handles;           // the kernels themselves
  std::map<const void*, Symbol> symbols;
};

State& state() {
  static State* const result = new State;
  return *result;
}

[[noreturn]] void give_up(const std::string& why) {
  std::fflush(nullptr);
  std::fprintf(stderr, "ptxrun: %s\n", why.c_str());
  _exit(86);
}

template <class T>
T read(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

// What nvcc wraps a fat binary in.
struct Wrapper {
  int magic;
  int version;
  const std::byte* data;
  const void* unused;
};

constexpr std::uint32_t kFatBinary = 0xBA55ED50u;
constexpr std::uint16_t kPtx = 1;

// The PTX for the newest architecture up to sm_80.
std::string find_ptx(const std::byte* fat_binary) {
  const std::string flags = "-gencode arch=compute_80,code=compute_80 --no-compress";
  if (read<std::uint32_t>(fat_binary) != kFatBinary) {
    give_up("the program's device code is not a fat binary of CUDA 13: build it with nvcc 13 " +
            flags);
  }
  // Header: magic, version, header bytes, payload bytes. Then entries: kind, version, header
  // bytes, payload bytes, ..., architecture at byte 28, ...
  const std::byte* entry = fat_binary + read<std::uint16_t>(fat_binary + 6);
  const std::byte* const end = entry + read<std::uint64_t>(fat_binary + 8);
  std::string best;
  std::uint32_t best_architecture = 0, newer = 0;
  while (entry < end) {
    const auto header = read<std::uint32_t>(entry + 4);
    const auto bytes = read<std::uint64_t>(entry + 8);
    const auto architecture = read<std::uint32_t>(entry + 28);
    if (read<std::uint16_t>(entry) == kPtx) {
      const auto* const text = reinterpret_cast<const char*>(entry + header);
      const std::string_view ptx(text, strnlen(text, bytes));
      if (ptx.substr(0, 4096).find(".version") == ptx.npos) {
        give_up("the program's PTX is compressed: build it with nvcc " + flags);
      }
      if (architecture > 80) {
        newer = architecture;
      } else if (architecture >= best_architecture) {
        best_architecture = architecture;
        best = ptx;
      }
    }
    entry += header + bytes;
  }
  if (best.empty() && newer != 0) {
    give_up("the program's PTX is for sm_" + std::to_string(newer) +
            ", newer than the sm_80 emulated here: build it with nvcc " + flags);
  }
  if (best.empty())
    give_up("the program has no PTX that runs without a linker: build it with nvcc " + flags +
            ", without -rdc=true");
  return best;
}

void print_kernels(const Program& program) {
  for (const Function& function : program.functions) {
    if (!function.is_kernel) continue;
    std::fprintf(
        stderr, "ptxrun: kernel %s: %u instructions, %u bytes of shared memory%s%s\n",
        kernel_label(function.name).c_str(), function.end - function.entry, function.shared_bytes,
        function.unsupported.empty() ? "" : ", NOT SUPPORTED: ", function.unsupported.c_str());
  }
}

}  // namespace

const Program& Module::program() {
  if (program_) return *program_;
  try {
    program_ = load_program(std::move(ptx_));
  } catch (const std::exception& error) {
    give_up(std::string("the program's PTX cannot be read: ") + error.what());
  }
  return *program_;
}

Kernel* find_kernel(const void* handle) {
  const State& all = state();
  if (all.handles.contains(handle)) return static_cast<Kernel*>(const_cast<void*>(handle));
  const auto found = all.kernels.find(handle);
  return found == all.kernels.end() ? nullptr : found->second;
}

const Variable* find_symbol(const void* symbol) {
  const auto found = state().symbols.find(symbol);
  if (found == state().symbols.end()) return nullptr;
  const auto& variables = found->second.module->program().variables;
  const auto variable = variables.find(found->second.name);
  return variable == variables.end() ? nullptr : &variable->second;
}

}  // namespace emulator

using namespace emulator;

extern "C" {

void** __cudaRegisterFatBinary(void* wrapper) {
  const std::lock_guard lock(device_lock());
  auto* const module = new Module(find_ptx(static_cast<const Wrapper*>(wrapper)->data));
  if (options().list) print_kernels(module->program());
  return reinterpret_cast<void**>(module);
}

void __cudaRegisterFatBinaryEnd(void**) {}
void __cudaUnregisterFatBinary(void**) {}
char __cudaInitModule(void**) { return 1; }

void __cudaRegisterFunction(void** module, const char* host, char*, const char* name, int, uint3*,
                            uint3*, dim3*, dim3*, int*) {
  const std::lock_guard lock(device_lock());
  Kernel*& kernel = state().kernels[host];
  if (kernel) return;  // the same template in another translation unit
  kernel = new Kernel{reinterpret_cast<Module*>(module), name, host};
  counters().launches.try_emplace(name);
  state().handles.insert(kernel);
}

void __cudaRegisterVar(void** module, char* host, char*, const char* name, int, std::size_t, int,
                       int) {
  const std::lock_guard lock(device_lock());
  state().symbols[host] = {reinterpret_cast<Module*>(module), name};
}

// Host and device use the variable at one address.
void __cudaRegisterManagedVar(void** module, void** host, char*, const char* name, int, std::size_t,
                              int, int) {
  const std::lock_guard lock(device_lock());
  state().symbols[host] = {reinterpret_cast<Module*>(module), name};
  const Variable* const variable = find_symbol(host);
  if (!variable) return;
  *host = reinterpret_cast<void*>(variable->address);
  state().symbols[*host] = state().symbols[host];
}

}  // extern "C"
