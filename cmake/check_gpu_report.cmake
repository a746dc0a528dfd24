# SPDX-License-Identifier: MIT
# cmake -DEMULATOR=ptxrun -DPROGRAM=gpu_report -P check_gpu_report.cmake: in the emulator all checks of the
# report hold, it counts launches, and prints no times.
execute_process(COMMAND "${EMULATOR}" "${PROGRAM}"
  OUTPUT_VARIABLE output ERROR_VARIABLE errors RESULT_VARIABLE status)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "${PROGRAM} ended with ${status}:\n${output}${errors}")
endif()
set(no_times " +- +- +- +- +-")
foreach(expected IN ITEMS
    "add 2\\^12${no_times} +1  -\n"
    "Adam 2\\^12${no_times} +1  -\n"
    "Linear and ReLU 128 x 128 x 128${no_times} +1  -\n"
    "Linear and its backward 128 x 128 x 128${no_times} +3  -\n"
    "step A, captured${no_times} +4  -\n"
    "step B, captured${no_times} +10  -\n"
    "step B, eager${no_times} +11  -\n"
    "\nDRELU +yes +yes +yes +yes +yes +yes "
    "captured = eager +yes\n"
    "\n0 checks failed\n$")
  if(NOT output MATCHES "${expected}")
    message(FATAL_ERROR "not in the output: ${expected}\n${output}")
  endif()
endforeach()
