# SPDX-License-Identifier: MIT
# cmake -DPAGE=docs/saving.md -DSOURCE=resume.cpp -DPROGRAM=resume -DFOLDER=folder -P check_resume_recipe.cmake
# The page shows the program. Stopped after 400 of its 500 steps and run again, it ends as if it had
# not been.
file(READ "${PAGE}" page)
file(READ "${SOURCE}" source)
string(REPLACE "// SPDX-License-Identifier: MIT\n" "" source "${source}")
string(FIND "${page}" "```cpp\n${source}```" position)
if(position EQUAL -1)
  message(FATAL_ERROR "the program in ${PAGE} is not that of ${SOURCE}")
endif()
file(REMOVE_RECURSE "${FOLDER}")
file(MAKE_DIRECTORY "${FOLDER}")
macro(run output)
  execute_process(COMMAND "${PROGRAM}" WORKING_DIRECTORY "${FOLDER}" OUTPUT_VARIABLE ${output}
                  COMMAND_ERROR_IS_FATAL ANY)
  file(SHA256 "${FOLDER}/model.safetensors" ${output}_model)
endmacro()
run(unbroken)
file(REMOVE "${FOLDER}/run/checkpoint-500.safetensors" "${FOLDER}/model.safetensors")
run(resumed)
string(REGEX MATCH "500 \\| [0-9.]+\n$" end "${unbroken}")
if(NOT end OR NOT resumed STREQUAL "goes on after step 400\n${end}"
   OR NOT resumed_model STREQUAL unbroken_model)
  message(FATAL_ERROR "unbroken:\n${unbroken}resumed:\n${resumed}models: ${unbroken_model} ${resumed_model}")
endif()
