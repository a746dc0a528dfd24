# SPDX-License-Identifier: MIT
# Finds the matrix libraries that products are compared with. Their own CMake packages are not used:
# Debian's dnnl-config.cmake stops when the OpenCL headers are not installed.

# kindling_add_matrix_library(name header library...): defines kindling::<name> when both are found.
function(kindling_add_matrix_library name header)
  string(TOUPPER ${name} upper)
  find_path(KINDLING_${upper}_INCLUDE_DIR ${header} PATH_SUFFIXES openblas)
  find_library(KINDLING_${upper}_LIBRARY NAMES ${ARGN})
  mark_as_advanced(KINDLING_${upper}_INCLUDE_DIR KINDLING_${upper}_LIBRARY)
  if(KINDLING_${upper}_INCLUDE_DIR AND KINDLING_${upper}_LIBRARY)
    add_library(kindling::${name} UNKNOWN IMPORTED GLOBAL)
    set_target_properties(kindling::${name} PROPERTIES
      IMPORTED_LOCATION "${KINDLING_${upper}_LIBRARY}"
      INTERFACE_INCLUDE_DIRECTORIES "${KINDLING_${upper}_INCLUDE_DIR}")
  endif()
endfunction()

# Homebrew keeps OpenBLAS out of the default paths.
if(APPLE)
  list(APPEND CMAKE_PREFIX_PATH /opt/homebrew/opt/openblas /usr/local/opt/openblas)
endif()

kindling_add_matrix_library(onednn dnnl.h dnnl)
kindling_add_matrix_library(openblas cblas.h openblas)
