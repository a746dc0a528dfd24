// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/device.h>
#include <kindling/kernels/commands.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace kindling::kernels {

class Backend;

/// Runs one command: the one kernel of its kind. `arguments` is the command's structure.
using Kernel = void (*)(Backend& backend, const void* arguments);

/// The kernel of each kind of command.
struct KernelTable {
  Kernel kernels[AllCommands::kCount];
};

/// A command that is kept to be run again.
struct RecordedCommand {
  int kind;
  void* arguments;
};

/// Commands made ready to be run together, any number of times.
class Program {
 public:
  virtual ~Program() = default;
  virtual void run(std::int64_t times) = 0;
  /// To be called after arguments were changed.
  virtual void refresh() {}
};

/// A device, with everything that its kernels need beside their arguments (on CUDA: stream, pool,
/// handles, scratch and tickets). All functions but those marked work in the order they are called
/// and do not wait.
class Backend {
 public:
  Backend(Device device, const KernelTable& table) noexcept : device_(device), table_(&table) {}
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;
  virtual ~Backend() = default;

  Device device() const noexcept { return device_; }
  const KernelTable& table() const noexcept { return *table_; }

  /// 64-byte aligned (256 from 256 bytes on), nullptr for none. OutOfMemoryError.
  virtual void* allocate(std::size_t bytes) = 0;
  virtual void deallocate(void* data, std::size_t bytes) noexcept = 0;
  /// To the device; the host's memory may be reused on return.
  virtual void upload(void* target, const void* host, std::size_t bytes) = 0;
  /// To the host. Waits.
  virtual void download(void* host, const void* source, std::size_t bytes) = 0;
  /// Waits for all work so far.
  virtual void synchronize() = 0;
  /// How much memory a product [m, n] with a ReLU may use to leave the mask of its backward in a
  /// form of the device's own (Product::relu_bits): 0 where the output serves.
  virtual std::size_t relu_bits_bytes(std::int64_t m, std::int64_t n) const {
    (void)m;
    (void)n;
    return 0;
  }
  /// The program of these commands, whose arguments stay where they are while it lives.
  virtual std::unique_ptr<Program> compile(std::span<const RecordedCommand> commands) = 0;

 private:
  Device device_;
  const KernelTable* table_;
};

/// Runs one command.
template <class Command>
void run(Backend& backend, const Command& command) {
  backend.table().kernels[kKind<Command>](backend, &command);
}

namespace cpu {

/// The CPU, with the kernels for the widest instruction set of this machine (or the one that
/// KINDLING_ISA names).
Backend& backend();

}  // namespace cpu

namespace cuda {

/// CUDA device `index`, or nullptr where there is none (always so in a CPU-only build).
Backend* backend(int index);

/// Why there is none, and what to do: the end of an error's text.
std::string why_unavailable(int index);

}  // namespace cuda

}  // namespace kindling::kernels
