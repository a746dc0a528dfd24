# SPDX-License-Identifier: MIT
# Tests of what the compiler and linker made: wide code stays apart, and an old processor runs it.

# ELF only: the script reads symbol types as GNU nm prints them.
if(CMAKE_SYSTEM_NAME STREQUAL "Linux" AND CMAKE_NM)
  foreach(isa IN LISTS kindling_isa_levels)
    if(NOT isa STREQUAL "baseline" AND TARGET kindling_wide_${isa})
      add_test(NAME isolated_symbols_${isa}
        COMMAND "${CMAKE_COMMAND}" -DNM=${CMAKE_NM} -DISA=${isa}
                "-DOBJECTS=$<JOIN:$<TARGET_OBJECTS:kindling_wide_${isa}>,$<SEMICOLON>>"
                -P "${PROJECT_SOURCE_DIR}/cmake/check_isolated_symbols.cmake")
    endif()
  endforeach()
endif()

# The whole test program starts and its numeric tests pass on a processor without any AVX. (The
# unit tests themselves run the kernels of every instruction set that the processor at hand has.)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|amd64)$" AND CMAKE_SYSTEM_NAME STREQUAL "Linux")
  # Every kind of kernel, and training with them; not all tests, for an emulated processor is slow.
  string(JOIN ":" tests_on_old_processor Elementwise.* All/GoldenOptimizer* Tutorial.* Copy.* GatherOf/*
    LinearFused.* Losses/* Movement/* UpdateKernels.* SgdKernel.* RandomOf/*.EveryBackend* Reduce/*)
  find_program(KINDLING_QEMU qemu-x86_64)
  mark_as_advanced(KINDLING_QEMU)
  if(KINDLING_QEMU)
    add_test(NAME runs_on_Nehalem
      COMMAND "${KINDLING_QEMU}" -cpu Nehalem $<TARGET_FILE:kindling_tests> --gtest_brief=1
              "--gtest_filter=${tests_on_old_processor}")
    set_tests_properties(runs_on_Nehalem PROPERTIES
      FAIL_REGULAR_EXPRESSION " 0 tests from" TIMEOUT 600)
  else()
    add_test(NAME runs_on_Nehalem COMMAND "${CMAKE_COMMAND}" -E echo
      "SKIPPED: qemu-x86_64 was not found when the build was configured (Debian: qemu-user)")
    set_tests_properties(runs_on_Nehalem PROPERTIES SKIP_REGULAR_EXPRESSION "^SKIPPED")
  endif()
endif()
