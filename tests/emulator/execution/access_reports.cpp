// SPDX-License-Identifier: MIT
#include "tests/emulator/execution/access_reports.h"

#include "tests/emulator/memory/memory.h"

#include <cstdio>

namespace emulator {
namespace {

std::string hexadecimal(std::uint64_t value) {
  char text[24];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(value));
  return text;
}

std::string describe_access(Access kind, std::uint32_t bytes, std::uint64_t address,
                            const char* space) {
  const char* what = kind == Access::read ? "read" : kind == Access::write ? "write" : "atomic";
  return std::string(what) + " of " + std::to_string(bytes) + " bytes at " + space +
         hexadecimal(address);
}

void fail(const Request& request, int lane, Check check, const std::string& what, Fault fault,
          Accessed& result) {
  const Place place = place_of(request.warp, request.instruction, lane);
  report(check, what, &place);
  result.mask &= ~(1u << lane);
  Fault& current = request.warp.block->grid->fault;
  if (current == Fault::none) current = fault;
}

}  // namespace

void fail_bounds(const Request& request, int lane, Space space, std::uint64_t address,
                 Accessed& result) {
  if (space == Space::shared) {
    fail(request, lane, Check::out_of_bounds,
         describe_access(request.kind, request.bytes, address, "shared ") + ": " +
             describe_shared(request.warp, address),
         Fault::illegal_address, result);
  } else if (space == Space::global) {
    const Memory& memory = Memory::instance();
    fail(request, lane, memory.classify(address, request.bytes),
         describe_access(request.kind, request.bytes, address, "") + ": " +
             memory.describe(address, request.bytes),
         Fault::illegal_address, result);
  } else {
    const char* name = space == Space::local ? "local " : "parameter ";
    fail(request, lane, Check::out_of_bounds,
         describe_access(request.kind, request.bytes, address, name) + ": past its end",
         Fault::illegal_address, result);
  }
}

void report_uninitialised(const Request& request, int lane, const Region& region,
                          std::uint64_t address) {
  const Place place = place_of(request.warp, request.instruction, lane);
  const bool is_shared = region.space == Space::shared;
  std::uint64_t first = address;
  while (region.state[first - region.origin] & kInitialised) ++first;
  report(Check::uninitialised,
         describe_access(request.kind, request.bytes, address, is_shared ? "shared " : "") + ": " +
             (is_shared ? describe_shared(request.warp, first)
                        : Memory::instance().describe(first, 1)) +
             " was never written",
         &place);
}

void fail_alignment(const Request& request, int lane, Space space, std::uint64_t address,
                    Accessed& result) {
  const char* name = space == Space::shared ? "shared " : space == Space::local ? "local " : "";
  fail(request, lane, Check::misaligned,
       describe_access(request.kind, request.bytes, address, name) + " is not aligned to its size",
       Fault::misaligned_address, result);
}

}  // namespace emulator
