# SPDX-License-Identifier: MIT
# The targets that make up the library:
#   kindling_headers   include path and language level; demo and test libraries compile against it
#   kindling_code      every source but the wide kernels, compiled once
#   kindling_cold      of these, what no training step waits for
#   kindling_objects   all object files and what they link; the tests use it to reach hidden internals
#   kindling           the library itself, alias kindling::kindling

# kindling_warnings(target...): the warnings that every target of the project is held to.
function(kindling_warnings)
  foreach(target IN LISTS ARGN)
    target_compile_options(${target} PRIVATE
      -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion)
    if(KINDLING_WERROR)
      target_compile_options(${target} PRIVATE -Werror)
    endif()
  endforeach()
endfunction()

# kindling_sources(file...): sources of the library, relative to the calling folder.
function(kindling_sources)
  target_sources(kindling_code PRIVATE ${ARGN})
endfunction()

# kindling_cold_sources(file...): the same of what no training step waits for, made as small as can be.
function(kindling_cold_sources)
  target_sources(kindling_cold PRIVATE ${ARGN})
endfunction()

# kindling_public_headers(file...): headers to install, under the calling folder's name.
function(kindling_public_headers)
  file(RELATIVE_PATH folder "${PROJECT_SOURCE_DIR}" "${CMAKE_CURRENT_SOURCE_DIR}")
  install(FILES ${ARGN} DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/kindling/${folder}"
          COMPONENT kindling_development)
  list(TRANSFORM ARGN PREPEND "${CMAKE_CURRENT_SOURCE_DIR}/" OUTPUT_VARIABLE paths)
  set_property(GLOBAL APPEND PROPERTY kindling_public_header_paths ${paths})
endfunction()

# kindling_compile_settings(target): what all library code shares.
function(kindling_compile_settings target)
  target_link_libraries(${target} PRIVATE kindling_headers)
  set_target_properties(${target} PROPERTIES
    CXX_VISIBILITY_PRESET hidden
    VISIBILITY_INLINES_HIDDEN ON
    CXX_EXTENSIONS OFF
    # In the static library too: a plugin, a shared object, may link it.
    POSITION_INDEPENDENT_CODE ON)
  # Exported functions may be inlined inside libkindling.so: nobody is meant to replace them.
  target_compile_options(${target} PRIVATE -fno-semantic-interposition)
  # Thread-local variables are reached without a call. So they must be small, all together: where
  # the library is loaded at run time, glibc has some 1.5 KB for those of all such libraries. CUDA's
  # static runtime brings a page of them. (In a program that links the static library the linker
  # takes the calls out, whatever the model.)
  if(NOT KINDLING_WITH_CUDA OR CMAKE_CUDA_RUNTIME_LIBRARY STREQUAL "Shared")
    target_compile_options(${target} PRIVATE -ftls-model=initial-exec)
  endif()
  kindling_warnings(${target})
endfunction()

function(kindling_define_targets)
  # One header has one spelling, <kindling/core/tensor.h>: the include path of the build tree holds
  # links to the source tree, that of an installed library the same folders.
  set(include_dir "${PROJECT_BINARY_DIR}/include")
  file(MAKE_DIRECTORY "${include_dir}/kindling")
  foreach(entry core kernels optim schedulers kindling.h)
    file(CREATE_LINK "${PROJECT_SOURCE_DIR}/${entry}" "${include_dir}/kindling/${entry}" SYMBOLIC)
  endforeach()

  add_library(kindling_headers INTERFACE)
  target_compile_features(kindling_headers INTERFACE cxx_std_20)
  target_include_directories(kindling_headers INTERFACE "${include_dir}")

  add_library(kindling_code OBJECT)
  add_library(kindling_cold OBJECT)
  target_compile_options(kindling_cold PRIVATE $<$<CONFIG:Release,RelWithDebInfo>:-Os>)
  add_library(kindling_objects INTERFACE)
  foreach(target IN ITEMS kindling_code kindling_cold)
    kindling_compile_settings(${target})
    target_sources(kindling_objects INTERFACE $<TARGET_OBJECTS:${target}>)
  endforeach()
  target_link_libraries(kindling_objects INTERFACE kindling_headers Threads::Threads)
endfunction()

# kindling_add_library(public_header...): the library, made of the objects collected by now.
function(kindling_add_library)
  add_library(kindling)
  add_library(kindling::kindling ALIAS kindling)
  kindling_all_object_targets(objects)
  foreach(object IN LISTS objects)
    target_sources(kindling PRIVATE $<TARGET_OBJECTS:${object}>)
  endforeach()
  if(TARGET kindling_machine_code)
    add_dependencies(kindling kindling_machine_code)
  endif()
  target_compile_features(kindling PUBLIC cxx_std_20)
  target_include_directories(kindling INTERFACE
    $<BUILD_INTERFACE:${PROJECT_BINARY_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  get_property(cuda_runtime GLOBAL PROPERTY kindling_cuda_runtime)
  target_link_libraries(kindling PRIVATE Threads::Threads ${cuda_runtime})
  # Its worker threads are never joined: dlclose() must not unmap the code they wait in.
  if(BUILD_SHARED_LIBS AND CMAKE_SYSTEM_NAME STREQUAL "Linux")
    target_link_options(kindling PRIVATE "LINKER:-z,nodelete")
  endif()
  # Before 1.0 a minor version may change the ABI.
  set_target_properties(kindling PROPERTIES
    LINKER_LANGUAGE CXX
    VERSION "${PROJECT_VERSION}"
    SOVERSION "${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}")
  kindling_public_headers(${ARGN})
endfunction()
