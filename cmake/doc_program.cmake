# SPDX-License-Identifier: MIT

# kindling_doc_program(name page): a program of the C++ on a page of the documentation, and the test
# that runs it. Blocks that are marked ```cpp follow each other in main(), those marked ```cpp global
# stand before it.
function(kindling_doc_program name page)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${page}")
  file(READ "${page}" text)
  set(before "")
  set(body "")
  while(TRUE)
    string(FIND "${text}" "```cpp" start)
    if(start EQUAL -1)
      break()
    endif()
    string(SUBSTRING "${text}" ${start} -1 text)
    string(FIND "${text}" "\n" line)
    string(SUBSTRING "${text}" 0 ${line} fence)
    string(SUBSTRING "${text}" ${line} -1 text)
    string(FIND "${text}" "\n```" end)
    if(end EQUAL -1)
      message(FATAL_ERROR "${page}: a block of C++ has no end")
    endif()
    string(SUBSTRING "${text}" 0 ${end} block)
    math(EXPR end "${end} + 4")
    string(SUBSTRING "${text}" ${end} -1 text)
    if(fence STREQUAL "```cpp global")
      string(APPEND before "${block}\n")
    else()
      string(APPEND body "${block}\n")
    endif()
  endwhile()
  if(body STREQUAL "")
    message(FATAL_ERROR "${page}: no block of C++")
  endif()
  set(source "${CMAKE_CURRENT_BINARY_DIR}/${name}.cpp")
  file(CONFIGURE OUTPUT "${source}" @ONLY CONTENT "\
// Made from ${page}.
#include <kindling/kindling.h>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <thread>
#include <vector>
using namespace kindling;
${before}
int main() {
${body}
}
")
  add_executable(${name} "${source}")
  target_compile_options(${name} PRIVATE -Wall -Wextra -Wno-unused -Wno-shadow)
  target_link_libraries(${name} PRIVATE kindling::kindling)
  set_target_properties(${name} PROPERTIES CXX_EXTENSIONS OFF)
  add_test(NAME ${name} COMMAND ${name} WORKING_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}")
endfunction()
