# SPDX-License-Identifier: MIT
# The CUDA backend: built where a toolkit is found, unless KINDLING_CUDA is OFF. The library needs
# nothing of CUDA to start: its runtime is inside it, and finds the driver at the first use of a GPU.

set(KINDLING_CUDA AUTO CACHE STRING "Build the CUDA backend: ON, OFF, or AUTO (where a toolkit is found)")
set_property(CACHE KINDLING_CUDA PROPERTY STRINGS AUTO ON OFF)
option(KINDLING_CHECK_MACHINE_CODE
  "Fail where the machine code of the CUDA backend spills or is wasteful (needs NVIDIA's cuobjdump)" OFF)

# Sets KINDLING_WITH_CUDA, and the architectures where the user has not: this machine's GPU, or,
# where there is none, the code of an abstract one, which a driver compiles when it is loaded.
macro(kindling_find_cuda)
  set(KINDLING_WITH_CUDA OFF)
  if(NOT KINDLING_CUDA STREQUAL "OFF")
    if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
      if(EXISTS /dev/nvidiactl)
        set(CMAKE_CUDA_ARCHITECTURES native)
      else()
        set(CMAKE_CUDA_ARCHITECTURES 80-virtual)
      endif()
    endif()
    include(CheckLanguage)
    if(NOT CMAKE_CUDA_COMPILER AND NOT DEFINED ENV{CUDACXX})
      find_program(CMAKE_CUDA_COMPILER nvcc HINTS ENV CUDA_PATH PATHS /usr/local/cuda PATH_SUFFIXES bin)
      if(NOT CMAKE_CUDA_COMPILER)
        unset(CMAKE_CUDA_COMPILER CACHE)
      endif()
    endif()
    check_language(CUDA)
    if(CMAKE_CUDA_COMPILER)
      enable_language(CUDA)
      find_package(CUDAToolkit 12.4 QUIET GLOBAL)
      if(CUDAToolkit_FOUND)
        set(KINDLING_WITH_CUDA ON)
      endif()
    endif()
    if(KINDLING_CUDA STREQUAL "ON" AND NOT KINDLING_WITH_CUDA)
      message(FATAL_ERROR "Kindling: KINDLING_CUDA is ON, but no CUDA toolkit of version 12.4 or newer "
        "was found: put its nvcc into PATH, or set CUDAToolkit_ROOT")
    endif()
  endif()
  if(KINDLING_WITH_CUDA)
    message(STATUS "CUDA: ${CMAKE_CUDA_COMPILER_VERSION}, architectures ${CMAKE_CUDA_ARCHITECTURES}")
  else()
    message(STATUS "CUDA: not built (KINDLING_CUDA=${KINDLING_CUDA})")
  endif()
endmacro()

# The objects of the backend, from sources relative to the calling folder.
function(kindling_add_cuda_sources)
  add_library(kindling_cuda OBJECT ${ARGN})
  target_link_libraries(kindling_cuda PRIVATE kindling_headers)
  target_include_directories(kindling_cuda SYSTEM PRIVATE ${CUDAToolkit_INCLUDE_DIRS})
  set_target_properties(kindling_cuda PROPERTIES
    CXX_VISIBILITY_PRESET hidden
    CUDA_VISIBILITY_PRESET hidden
    VISIBILITY_INLINES_HIDDEN ON
    CXX_EXTENSIONS OFF
    UNITY_BUILD OFF
    POSITION_INDEPENDENT_CODE ON)
  # CMake 3.25 does not know that nvcc 13 can do C++20, and would leave -std out.
  # Subnormals are flushed, as on the CPU. The formulas are functions of both devices whose callers
  # (visit, with_type) take functions of the host too: 20011 and 20014 warn of that.
  target_compile_options(kindling_cuda PRIVATE
    $<$<COMPILE_LANGUAGE:CXX>:-Wall;-Wextra;-Wpedantic;-Wshadow;-Wconversion;-Wsign-conversion>
    $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<BOOL:${KINDLING_WERROR}>>:-Werror>
    $<$<COMPILE_LANGUAGE:CUDA>:-std=c++20;-O3;-ftz=true;-lineinfo;--diag-suppress=20011,20014>
    $<$<COMPILE_LANGUAGE:CUDA>:-Xcompiler=-Wall,-Wextra,-fvisibility=hidden>
    $<$<AND:$<COMPILE_LANGUAGE:CUDA>,$<BOOL:${KINDLING_WERROR}>>:-Werror=all-warnings;-Xcompiler=-Werror>)
  if(CMAKE_CUDA_RUNTIME_LIBRARY STREQUAL "Shared")
    set(runtime CUDA::cudart)
  else()
    set(runtime CUDA::cudart_static)
  endif()
  target_sources(kindling_objects INTERFACE $<TARGET_OBJECTS:kindling_cuda>)
  target_link_libraries(kindling_objects INTERFACE ${runtime})
  set_property(GLOBAL PROPERTY kindling_cuda_runtime ${runtime})
endfunction()

# The target kindling_machine_code, which the library depends on: a look into the machine code of the
# backend's objects. PTX has none.
function(kindling_check_machine_code)
  set(virtual "${CMAKE_CUDA_ARCHITECTURES}")
  list(FILTER virtual INCLUDE REGEX "-virtual$")
  if(virtual STREQUAL "${CMAKE_CUDA_ARCHITECTURES}")
    message(STATUS "CUDA: no machine code to check, only PTX is built")
    return()
  endif()
  find_program(KINDLING_CUOBJDUMP cuobjdump HINTS "${CUDAToolkit_BIN_DIR}")
  find_package(Python3 COMPONENTS Interpreter)
  if(NOT KINDLING_CUOBJDUMP OR NOT Python3_FOUND)
    message(FATAL_ERROR "Kindling: the check of the machine code needs Python and NVIDIA's cuobjdump with "
      "nvdisasm (packages cuda-cuobjdump and cuda-nvdisasm of the toolkit, or nvidia-cuda-cuobjdump and "
      "nvidia-cuda-nvdisasm of PyPI): put them into PATH, or do without: "
      "cmake -DKINDLING_CHECK_MACHINE_CODE=OFF")
  endif()
  set(objects "$<FILTER:$<TARGET_OBJECTS:kindling_cuda>,INCLUDE,\\.cu\\.>")
  set(script "${PROJECT_SOURCE_DIR}/cmake/check_machine_code.py")
  set(stamp "${PROJECT_BINARY_DIR}/machine_code_checked")
  add_custom_command(OUTPUT "${stamp}"
    COMMAND "${Python3_EXECUTABLE}" "${script}" "${KINDLING_CUOBJDUMP}" "${objects}"
    COMMAND "${CMAKE_COMMAND}" -E touch "${stamp}"
    DEPENDS "${script}" "${objects}" COMMENT "Looking into the machine code of the CUDA backend"
    COMMAND_EXPAND_LISTS VERBATIM)
  add_custom_target(kindling_machine_code ALL DEPENDS "${stamp}")
endfunction()
