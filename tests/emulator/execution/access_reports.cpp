// SPDX-License-Identifier: MIT
#include "tests/emulator/execution/access_reports.h"

#include "tests/emulator/memory/memory.h"

#include <cstdio>

namespace emulator {
namespace {

std::string describe_access(const Request& request, Space space, std::uint64_t address) {
  const char* what = request.kind == Access::read    ? "read"
                     : request.kind == Access::write ? "write"
                                                     : "atomic";
  const char* name = space == Space::shared      ? "shared "
                     : space == Space::local     ? "local "
                     : space == Space::parameter ? "parameter "
                                                 : "";
  char text[96];
  std::snprintf(text, sizeof text, "%s of %u bytes at %s0x%llx", what, request.bytes, name,
                static_cast<unsigned long long>(address));
  return text;
}

std::string describe_place(const Request& request, Space space, std::uint64_t address,
                           std::uint32_t bytes) {
  if (space == Space::shared) return describe_shared(request.warp, address);
  return Memory::instance().describe(address, bytes);
}

}  // namespace

std::string describe_shared(const Warp& warp, std::uint64_t offset) {
  const LaunchRequest& request = *warp.block->grid->request;
  const std::uint32_t dynamic = request.program->dynamic_shared_offset;
  if (offset >= dynamic) {
    return "byte " + std::to_string(offset - dynamic) + " of dynamic shared memory of " +
           std::to_string(request.dynamic_shared) + " bytes";
  }
  const Parameter* best = nullptr;  // the variable at or below the offset
  for (const auto* list : {&request.kernel->shared_variables, &request.program->shared_variables}) {
    for (const Parameter& variable : *list) {
      if (variable.offset <= offset && (!best || variable.offset > best->offset)) best = &variable;
    }
  }
  if (!best) return "the block has no shared variable there";
  return "byte " + std::to_string(offset - best->offset) + " of the shared variable " +
         demangled(best->name) + " of " + std::to_string(best->bytes) + " bytes";
}

void fail_bounds(const Request& request, std::size_t lane, Space space, std::uint64_t address,
                 Accessed& result) {
  const bool known = space == Space::shared || space == Space::global;
  const Check check = space == Space::global ? Memory::instance().classify(address, request.bytes)
                                             : Check::out_of_bounds;
  report_at(request.warp, request.instruction, lane, check,
            describe_access(request, space, address) + ": " +
                (known ? describe_place(request, space, address, request.bytes) : "past its end"),
            Fault::illegal_address);
  result.mask &= ~lane_bit(lane);
}

void fail_alignment(const Request& request, std::size_t lane, Space space, std::uint64_t address,
                    Accessed& result) {
  report_at(request.warp, request.instruction, lane, Check::misaligned,
            describe_access(request, space, address) + " is not aligned to its size",
            Fault::misaligned_address);
  result.mask &= ~lane_bit(lane);
}

void report_uninitialised(const Request& request, std::size_t lane, Space space,
                          std::uint64_t address, std::uint64_t first) {
  const std::string place =
      space == Space::local ? "" : ": " + describe_place(request, space, first, 1);
  report_at(request.warp, request.instruction, lane, Check::uninitialised,
            describe_access(request, space, address) + place + " was never written");
}

void report_unfinished_copy(const Request& request, std::size_t lane, std::uint64_t address) {
  report_at(request.warp, request.instruction, lane, Check::race,
            describe_access(request, Space::shared, address) + ": " +
                describe_shared(request.warp, address) +
                ", to which a cp.async is under way: no wait has completed it");
}

}  // namespace emulator
