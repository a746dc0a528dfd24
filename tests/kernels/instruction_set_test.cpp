// SPDX-License-Identifier: MIT
#include <kindling/core/error.h>
#include <kindling/kernels/cpu/instruction_set.h>

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace kindling::test {
namespace {

/// What a new process that starts with this KINDLING_ISA finds: 0 and the level's name, or 1 and an
/// error, on standard error.
[[noreturn]] void report_level(const char* isa) {
  setenv("KINDLING_ISA", isa, 1);
  try {
    std::fprintf(stderr, "level %s", kernels::cpu::level().name);
    std::exit(0);
  } catch (const ValueError& error) {
    std::fputs(error.what(), stderr);
    std::exit(1);
  }
}

class InstructionSetDeathTest : public testing::Test {
 protected:
  void SetUp() override { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

TEST_F(InstructionSetDeathTest, IsTheOneThatTheEnvironmentNames) {
  for (const kernels::cpu::Level* level : kernels::cpu::levels())
    EXPECT_EXIT(report_level(level->name), testing::ExitedWithCode(0),
                std::string("level ") + level->name);
}

TEST_F(InstructionSetDeathTest, IsTheWidestWhereTheEnvironmentNamesNone) {
  EXPECT_EXIT(report_level(""), testing::ExitedWithCode(0),
              std::string("level ") + kernels::cpu::levels().back()->name);
}

TEST_F(InstructionSetDeathTest, IsRefusedWithTheChoicesWhenTheProcessorHasNone) {
  EXPECT_EXIT(report_level("abacus"), testing::ExitedWithCode(1),
              "KINDLING_ISA: value \"abacus\": this processor has baseline");
}

}  // namespace
}  // namespace kindling::test
