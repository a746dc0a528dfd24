# SPDX-License-Identifier: MIT
# The target `reference`: HTML pages of all public headers, made by Doxygen where it is found. A
# warning is an error.
find_program(DOXYGEN_EXECUTABLE doxygen)
mark_as_advanced(DOXYGEN_EXECUTABLE)
if(NOT DOXYGEN_EXECUTABLE)
  return()
endif()

get_property(headers GLOBAL PROPERTY kindling_public_header_paths)
list(FILTER headers EXCLUDE REGEX "/kernels/|/intrusive.h$|/storage.h$|/tensor_impl.h$")
list(JOIN headers "\" \"" KINDLING_PUBLIC_HEADERS)
configure_file(docs/Doxyfile.in "${PROJECT_BINARY_DIR}/Doxyfile" @ONLY)
add_custom_target(reference
  COMMAND "${DOXYGEN_EXECUTABLE}" "${PROJECT_BINARY_DIR}/Doxyfile"
  COMMENT "The reference goes to ${PROJECT_BINARY_DIR}/reference/html/index.html" VERBATIM)
