# SPDX-License-Identifier: MIT
# cmake -DREADME=README.md -DSOURCE=first_steps.cpp -DPROGRAM=first_steps -P check_readme_program.cmake
# The README shows the program that the tests build, and what it prints.
file(READ "${README}" readme)
file(READ "${SOURCE}" source)
string(REPLACE "// SPDX-License-Identifier: MIT\n" "" source "${source}")
string(FIND "${readme}" "```cpp\n${source}```" position)
if(position EQUAL -1)
  message(FATAL_ERROR "the first program in ${README} is not that of ${SOURCE}")
endif()
execute_process(COMMAND "${PROGRAM}" OUTPUT_VARIABLE output COMMAND_ERROR_IS_FATAL ANY)
string(FIND "${readme}" "```text\n${output}```" position)
if(position EQUAL -1)
  message(FATAL_ERROR "${README} does not show what its program prints:\n${output}")
endif()
