// SPDX-License-Identifier: MIT
#include "tests/emulator/execution/access.h"
#include "tests/emulator/execution/handlers.h"

#include <cstdio>
#include <cstring>

namespace emulator {
namespace {

constexpr std::size_t kMaxText = 4096;

// Reads memory behind a generic address as the lane would; zeros if it may not.
std::uint64_t read_generic(Warp& warp, const Instruction& instruction, int lane,
                           std::uint64_t address, std::uint32_t bytes) {
  std::array<std::uint64_t, kLanes> addresses;
  addresses.fill(address);
  Accessed accessed;
  resolve(warp, instruction, 1u << lane, Space::generic, addresses, bytes, Access::read, nullptr,
          accessed);
  std::uint64_t value = 0;
  if (accessed.mask != 0) {
    std::memcpy(&value, accessed.data[static_cast<std::size_t>(lane)], bytes);
  }
  return value;
}

std::string read_text(Warp& warp, const Instruction& instruction, int lane, std::uint64_t address) {
  std::string text;
  while (text.size() < kMaxText) {
    const auto c = static_cast<char>(read_generic(warp, instruction, lane, address++, 1));
    if (c == '\0') break;
    text += c;
  }
  return text;
}

// The argument of that number of the call, from the caller's frame.
std::uint64_t argument(const Warp& warp, const Instruction& instruction, int lane,
                       std::size_t number, std::size_t bytes) {
  const CallSite& site = warp.program().calls[instruction.target];
  const Block& block = *warp.block;
  std::uint64_t value = 0;
  if (number >= site.arguments.size()) return 0;
  const std::size_t at = std::size_t{warp.thread(lane)} * block.stack_bytes +
                         warp.frames[warp.current_frame].local + site.arguments[number].offset;
  std::memcpy(&value, block.local.data() + at, bytes);
  return value;
}

void set_result(Warp& warp, const Instruction& instruction, int lane, std::uint32_t value) {
  const CallSite& site = warp.program().calls[instruction.target];
  Block& block = *warp.block;
  if (site.results.empty()) return;
  const std::size_t at = std::size_t{warp.thread(lane)} * block.stack_bytes +
                         warp.frames[warp.current_frame].local + site.results[0].offset;
  std::memcpy(block.local.data() + at, &value, sizeof value);
}

// Formats one conversion ("%-8.3f") with the next argument of the buffer at `address`.
std::string format_one(Warp& warp, const Instruction& instruction, int lane, std::string conversion,
                       std::uint64_t& address) {
  const char kind = conversion.back();
  const bool is_long = conversion.find('l') != std::string::npos ||
                       conversion.find('z') != std::string::npos ||
                       conversion.find('j') != std::string::npos;
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
  for (LaneMask rest = lanes; rest != 0; rest &= rest - 1) {
    const int lane = __builtin_ctz(rest);
    const std::string format =
        read_text(warp, instruction, lane, argument(warp, instruction, lane, 0, 8));
    std::uint64_t address = argument(warp, instruction, lane, 1, 8);
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
  const int lane = __builtin_ctz(lanes);
  const auto text = [&](std::size_t number) {
    return read_text(warp, instruction, lane, argument(warp, instruction, lane, number, 8));
  };
  const Place place = place_of(warp, instruction, lane);
  report(Check::assertion,
         text(1) + ":" + std::to_string(argument(warp, instruction, lane, 2, 4)) + ": " + text(3) +
             ": assertion `" + text(0) + "` failed",
         &place);
  if (warp.block->grid->fault == Fault::none) warp.block->grid->fault = Fault::assertion;
}

}  // namespace

Handler builtin_handler(std::string_view function) {
  if (function == "vprintf") return print;
  if (function == "__assertfail") return assertion_failed;
  return nullptr;
}

}  // namespace emulator
