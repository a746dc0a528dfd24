# SPDX-License-Identifier: MIT
# cmake -DPROGRAM=first_steps -P check_first_steps.cmake: the README's program runs and prints its table.
execute_process(COMMAND "${PROGRAM}" OUTPUT_VARIABLE output RESULT_VARIABLE status)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "${PROGRAM} ended with ${status}:\n${output}")
endif()
if(NOT output MATCHES "^   0 \\| .*\n   9 \\| 0\\.1000 \\| [0-9]+\\.[0-9]+\n$")
  message(FATAL_ERROR "unexpected output of ${PROGRAM}:\n${output}")
endif()
