// SPDX-License-Identifier: MIT
#include "tests/emulator/execution/access.h"
#include "tests/emulator/execution/handlers.h"
#include "tests/emulator/memory/memory.h"

#include <cstdio>
#include <cstring>

namespace emulator {
namespace {

constexpr std::size_t kMaxText = 4096;

// Reads memory behind a generic address as the lane would; zeros if it may not.
std::uint64_t read_generic(Warp& warp, const Instruction& instruction, std::size_t lane,
                           std::uint64_t address, std::uint32_t bytes) {
  Addresses addresses;
  addresses.fill(address);
  const Accessed accessed =
      resolve({warp, instruction, bytes, Access::read}, lane_bit(lane), Space::generic, addresses);
  std::uint64_t value = 0;
  if (accessed.mask != 0) std::memcpy(&value, accessed.data[lane], bytes);
  return value;
}

std::string read_text(Warp& warp, const Instruction& instruction, std::size_t lane,
                      std::uint64_t address) {
  std::string text;
  while (text.size() < kMaxText) {
    const auto c = static_cast<char>(read_generic(warp, instruction, lane, address++, 1));
    if (c == '\0') break;
    text += c;
  }
  return text;
}

// The argument of that number of the call, from the caller's frame.
std::uint64_t argument(const Warp& warp, const Instruction& instruction, std::size_t lane,
                       std::size_t number, std::size_t bytes = 8) {
  const CallSite& site = warp.program().calls[instruction.target];
  std::uint64_t value = 0;
  if (number >= site.arguments.size()) return 0;
  const std::uint32_t frame = warp.frames[warp.current_frame].local;
  std::memcpy(&value,
              &warp.block->local[warp.local_place(lane, frame + site.arguments[number].offset)],
              bytes);
  return value;
}

template <class T>
void set_result(Warp& warp, const Instruction& instruction, std::size_t lane, T value) {
  const CallSite& site = warp.program().calls[instruction.target];
  if (site.results.empty()) return;
  const std::uint32_t frame = warp.frames[warp.current_frame].local;
  std::memcpy(&warp.block->local[warp.local_place(lane, frame + site.results[0].offset)], &value,
              sizeof value);
}

// Formats one conversion ("%-8.3f") with the next argument of the buffer at `address`.
std::string format_one(Warp& warp, const Instruction& instruction, std::size_t lane,
                       const std::string& conversion, std::uint64_t& address) {
  const char kind = conversion.back();
  const bool is_long = conversion.find_first_of("lzj") != std::string::npos;
  const bool is_real = std::strchr("aAeEfFgG", kind) != nullptr;
  const bool is_wide = is_long || is_real || kind == 'p' || kind == 's';
  const std::uint32_t bytes = is_wide ? 8 : 4;
  address = (address + bytes - 1) / bytes * bytes;
  const std::uint64_t bits = read_generic(warp, instruction, lane, address, bytes);
  address += bytes;
  char text[512];
  if (is_real) {
    double value;
    std::memcpy(&value, &bits, sizeof value);
    std::snprintf(text, sizeof text, conversion.c_str(), value);
  } else if (kind == 's') {
    const std::string argument = read_text(warp, instruction, lane, bits);
    std::snprintf(text, sizeof text, conversion.c_str(), argument.c_str());
  } else if (is_wide) {
    std::snprintf(text, sizeof text, conversion.c_str(), bits);
  } else {
    std::snprintf(text, sizeof text, conversion.c_str(), static_cast<std::uint32_t>(bits));
  }
  return text;
}

void print(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  for (const std::size_t lane : lanes_of(lanes)) {
    const std::string format =
        read_text(warp, instruction, lane, argument(warp, instruction, lane, 0));
    std::uint64_t address = argument(warp, instruction, lane, 1);
    std::string output;
    std::uint32_t printed = 0;
    for (std::size_t i = 0; i < format.size(); ++i) {
      if (format[i] != '%') {
        output += format[i];
        continue;
      }
      const std::size_t end = format.find_first_of("%aAcdeEfFgGiopsuxX", i + 1);
      if (end == std::string::npos) break;
      if (format[end] == '%') {
        output += '%';
      } else {
        output += format_one(warp, instruction, lane, format.substr(i, end + 1 - i), address);
        ++printed;
      }
      i = end;
    }
    std::fwrite(output.data(), 1, output.size(), stdout);
    set_result(warp, instruction, lane, printed);
  }
}

// __assertfail(message, file, line, function, character size)
void assertion_failed(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  const std::size_t lane = first_lane(lanes);
  const auto text = [&](std::size_t number) {
    return read_text(warp, instruction, lane, argument(warp, instruction, lane, number));
  };
  report_at(warp, instruction, lane, Check::assertion,
            text(1) + ":" + std::to_string(argument(warp, instruction, lane, 2, 4)) + ": " +
                text(3) + ": assertion `" + text(0) + "` failed",
            Fault::assertion);
}

// malloc and free of kernels take from the device's memory, where they are checked for bounds,
// lifetime and leaks as what the host allocates; the heap's limit is not emulated.
void allocate(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  for (const std::size_t lane : lanes_of(lanes)) {
    const std::uint64_t bytes = argument(warp, instruction, lane, 0);
    const std::string kernel = kernel_label(warp.block->grid->request->kernel->name);
    set_result(warp, instruction, lane,
               Memory::instance().allocate(bytes, MemoryKind::device, "malloc in " + kernel));
  }
}

void release(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  Memory& memory = Memory::instance();
  for (const std::size_t lane : lanes_of(lanes)) {
    const std::uint64_t address = argument(warp, instruction, lane, 0);
    if (address == 0 || memory.free(address)) continue;
    const Allocation* nearest = memory.nearest(address);
    const bool again = nearest && nearest->address == address && nearest->freed;
    report_at(warp, instruction, lane, again ? Check::double_free : Check::out_of_bounds,
              "free of " + memory.describe(address, 1), Fault::illegal_address);
  }
}

}  // namespace

Handler builtin_handler(std::string_view function) {
  return named<Handler>(function, {{"vprintf", print},
                                   {"__assertfail", assertion_failed},
                                   {"malloc", allocate},
                                   {"free", release}});
}

}  // namespace emulator
