# SPDX-License-Identifier: MIT
# cmake -DCXX=c++ -DINCLUDE_DIR=<installed headers> -DSOURCE=<program> -P check_consumer_includes.cmake
#
# The program must find every Kindling header among the installed ones and must reach no header of
# the libraries behind Kindling, wherever those are installed.
execute_process(
  COMMAND "${CXX}" -std=c++20 "-I${INCLUDE_DIR}" -M "${SOURCE}"
  OUTPUT_VARIABLE headers ERROR_VARIABLE errors RESULT_VARIABLE status)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "the program does not compile against the installed headers:\n${errors}")
endif()
if(NOT headers MATCHES "/kindling/kindling\\.h")
  message(FATAL_ERROR "the program did not include <kindling/kindling.h>:\n${headers}")
endif()
foreach(foreign IN ITEMS Eigen dnnl cblas)
  if(headers MATCHES "[^ ]*/${foreign}[^ ]*")
    message(FATAL_ERROR "a public header of Kindling includes ${CMAKE_MATCH_0}")
  endif()
endforeach()
