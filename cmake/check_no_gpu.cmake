# SPDX-License-Identifier: MIT
# cmake -DPROGRAM=gpu_report -P check_no_gpu.cmake: without a GPU a program that needs one says so in one
# line and ends with 77.
set(ENV{CUDA_VISIBLE_DEVICES} "")
execute_process(COMMAND "${PROGRAM}"
  OUTPUT_VARIABLE output ERROR_VARIABLE errors RESULT_VARIABLE status)
if(NOT status EQUAL 77 OR NOT output STREQUAL "" OR NOT errors MATCHES "^[^\n]+\n$")
  message(FATAL_ERROR "${PROGRAM} ended with ${status}:\n${output}${errors}")
endif()
