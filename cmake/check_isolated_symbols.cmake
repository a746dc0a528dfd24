# SPDX-License-Identifier: MIT
# cmake -DNM=nm -DISA=avx2 -DOBJECTS="a.o;b.o" -P check_isolated_symbols.cmake
#
# Of several weak definitions of one symbol the linker keeps any one, for the whole program. A template
# or inline function that was compiled with AVX would then run on processors that have none. So each
# weak symbol that a wide object defines must be named after its level, and no wide object may have
# a static initialiser, which would run before any check of the processor.
if(NOT OBJECTS)
  message(FATAL_ERROR "no object files were given")
endif()
set(own_name "(^|[^A-Za-z0-9_])${ISA}([^A-Za-z0-9_]|$)")
set(offences "")
set(weak_count 0)
foreach(object IN LISTS OBJECTS)
  execute_process(COMMAND "${NM}" --demangle --defined-only --no-sort "${object}"
    OUTPUT_VARIABLE symbols RESULT_VARIABLE status)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${NM} could not read ${object}")
  endif()
  # A demangled name may hold brackets and semicolons, which CMake lists would trip over.
  string(REGEX REPLACE "[][;]" "?" symbols "${symbols}")
  string(REPLACE "\n" ";" symbols "${symbols}")
  get_filename_component(short_name "${object}" NAME)
  foreach(symbol IN LISTS symbols)
    if(symbol MATCHES "^[0-9a-f]+ ([WVu]) (.*)$")
      set(name "${CMAKE_MATCH_2}")
      math(EXPR weak_count "${weak_count} + 1")
      if(NOT name MATCHES "${own_name}" AND NOT name MATCHES "^DW\\.ref\\.")
        list(APPEND offences "${short_name}: ${name}")
      endif()
    elseif(symbol MATCHES "_GLOBAL__sub_I_|__static_initialization_and_destruction|__cxx_global_var_init")
      list(APPEND offences "${short_name}: a static initialiser")
    endif()
  endforeach()
endforeach()
list(LENGTH OBJECTS object_count)
if(offences)
  list(REMOVE_DUPLICATES offences)
  list(LENGTH offences offence_count)
  list(JOIN offences "\n  " offences)
  message(FATAL_ERROR "${offence_count} symbols compiled for ${ISA} could serve the whole program:\n"
                      "  ${offences}")
endif()
message("${ISA}: ${object_count} objects, ${weak_count} weak symbols, all in their own namespace")
