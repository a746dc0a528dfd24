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

# The whole test program starts and its numeric tests pass on processors without AVX-512, or
# without any AVX at all.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|amd64)$" AND CMAKE_SYSTEM_NAME STREQUAL "Linux")
  # Every kind of kernel, and training with them; not all tests, for an emulated processor is slow,
  # and slowest at fused multiplications, which Haswell has. Natively, the tests of kernels run every
  # level that the processor at hand has.
  string(JOIN ":" tests_on_Haswell Elementwise.* Copy.* All/GoldenOptimizer* Tutorial.*)
  string(JOIN ":" tests_on_Nehalem ${tests_on_Haswell} GatherOf/* LinearFused.* Losses/* Movement/*
    UpdateKernels.* SgdKernel.* RandomOf/*.SameBits* Reduce/*)
  find_program(KINDLING_QEMU qemu-x86_64)
  mark_as_advanced(KINDLING_QEMU)
  foreach(processor IN ITEMS Nehalem Haswell)
    if(KINDLING_QEMU)
      add_test(NAME runs_on_${processor}
        COMMAND "${KINDLING_QEMU}" -cpu ${processor} $<TARGET_FILE:kindling_tests> --gtest_brief=1
                "--gtest_filter=${tests_on_${processor}}")
      set_tests_properties(runs_on_${processor} PROPERTIES
        FAIL_REGULAR_EXPRESSION " 0 tests from" TIMEOUT 600)
    else()
      add_test(NAME runs_on_${processor} COMMAND "${CMAKE_COMMAND}" -E echo
        "SKIPPED: qemu-x86_64 was not found when the build was configured (Debian: qemu-user)")
      set_tests_properties(runs_on_${processor} PROPERTIES SKIP_REGULAR_EXPRESSION "^SKIPPED")
    endif()
  endforeach()
endif()
