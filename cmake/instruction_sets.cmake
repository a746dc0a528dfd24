# SPDX-License-Identifier: MIT
# Wide sources are compiled once per instruction set; the program picks one level when it starts.
# KINDLING_ISA is the name of the level, which each of those sources uses as a namespace, so that no
# function compiled for a wide level can stand in for one of another level (test: isolated_symbols).

set(kindling_isa_levels baseline)
set(kindling_isa_flags_baseline "")
set(kindling_isa_flags_avx2 -mavx2 -mfma)
set(kindling_isa_flags_avx512 -mavx512f -mavx512dq -mavx512bw -mavx512vl -mfma
                              -mprefer-vector-width=512)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|amd64|AMD64)$" AND NOT CMAKE_OSX_ARCHITECTURES)
  list(APPEND kindling_isa_levels avx2 avx512)
endif()

# kindling_add_wide_sources(file...): sources compiled for every level, always optimised, so that a
# debug build trains at a bearable speed and its tests see the code that a release runs.
function(kindling_add_wide_sources)
  foreach(isa IN LISTS kindling_isa_levels)
    set(target kindling_wide_${isa})
    if(NOT TARGET ${target})
      add_library(${target} OBJECT)
      kindling_compile_settings(${target})
      target_compile_definitions(${target} PRIVATE KINDLING_ISA=${isa})
      target_compile_options(${target} PRIVATE
        ${kindling_isa_flags_${isa}} -O3 -fno-math-errno -fno-trapping-math
        # The pragma of simd_for (kernels/cpu/loops.h); clang warns where it finds no vector code.
        -fopenmp-simd $<$<CXX_COMPILER_ID:Clang,AppleClang>:-Wno-pass-failed>)
      if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
        # GCC's own AVX-512 header trips this warning, https://gcc.gnu.org/PR105593.
        target_compile_options(${target} PRIVATE -Wno-maybe-uninitialized)
      endif()
      # Link-time optimisation would mix the levels. Kernels of different files share names.
      set_target_properties(${target} PROPERTIES INTERPROCEDURAL_OPTIMIZATION OFF UNITY_BUILD OFF)
      if(NOT isa STREQUAL "baseline")
        set_target_properties(${target} PROPERTIES CXX_CLANG_TIDY "")
      endif()
      target_sources(kindling_objects INTERFACE $<TARGET_OBJECTS:${target}>)
    endif()
    target_sources(${target} PRIVATE ${ARGN})
  endforeach()
endfunction()

# kindling_all_object_targets(variable): every object library that libkindling is made of.
function(kindling_all_object_targets variable)
  set(targets kindling_code kindling_cold)
  if(TARGET kindling_cuda)
    list(APPEND targets kindling_cuda)
  endif()
  foreach(isa IN LISTS kindling_isa_levels)
    if(TARGET kindling_wide_${isa})
      list(APPEND targets kindling_wide_${isa})
    endif()
  endforeach()
  set(${variable} "${targets}" PARENT_SCOPE)
endfunction()
