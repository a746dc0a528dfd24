# SPDX-License-Identifier: MIT
# Runs features/failing.cu or failing_blas.cu once for every call that the emulator exports, with
# --fail on it, and features/matmul_calls.cu once for every epilogue that cublasLt.h has, with --refuse
# on it. Variables: PTXRUN, LIBRARY, NM, HEADERS (folders).
execute_process(COMMAND ${NM} -D --defined-only ${LIBRARY} OUTPUT_VARIABLE symbols
  COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL " T cu(da|blas)[A-Za-z0-9_]+" names "${symbols}")
# The header gives some names an ending that no program writes.
list(TRANSFORM names REPLACE "^ T (.*)$" "\\1")
list(TRANSFORM names REPLACE "_(v2|ptsz|ptds|internal)$" "")
list(REMOVE_DUPLICATES names)
# They have no status of their own.
list(REMOVE_ITEM names cudaGetLastError cudaPeekAtLastError cudaGetErrorName cudaGetErrorString
  cublasGetStatusName cublasGetStatusString cublasLtGetStatusName cublasLtGetStatusString
  cublasLtGetVersion)
list(LENGTH names count)
if(count LESS 100)
  message(FATAL_ERROR "only ${count} names are exported: ${names}")
endif()
foreach(name IN LISTS names)
  set(program failing)
  if(name MATCHES "^cublas")
    set(program failing_blas)
  endif()
  execute_process(COMMAND ${PTXRUN} --fail ${name}:1 ./${program} ${name}
    RESULT_VARIABLE status ERROR_VARIABLE errors TIMEOUT 60)
  if(NOT status STREQUAL "0" OR errors)
    message(SEND_ERROR "--fail ${name}:1 ends with ${status}: ${errors}")
  endif()
endforeach()

find_file(header cublasLt.h PATHS ${HEADERS} NO_DEFAULT_PATH REQUIRED)
file(STRINGS "${header}" epilogues REGEX "^  CUBLASLT_EPILOGUE_[A-Z_]+ = ")
list(LENGTH epilogues count)
if(count LESS 16)
  message(FATAL_ERROR "only ${count} epilogues in ${header}")
endif()
list(TRANSFORM epilogues REPLACE "^  CUBLASLT_EPILOGUE_([A-Z_]+) = .*$" "\\1")
foreach(name IN LISTS epilogues)
  set(ENV{REFUSED} ${name})
  execute_process(COMMAND ${PTXRUN} --refuse ${name} ./matmul_calls refused
    RESULT_VARIABLE status ERROR_VARIABLE errors TIMEOUT 60)
  if(NOT status STREQUAL "0" OR errors)
    message(SEND_ERROR "--refuse ${name} ends with ${status}: ${errors}")
  endif()
endforeach()
