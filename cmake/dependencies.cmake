# SPDX-License-Identifier: MIT
# Finds what the chosen parts need, and names everything that is missing in one message.

# The names under which the package managers know each dependency.
set(kindling_package_names_Eigen3 "libeigen3-dev" "eigen3-devel" "eigen" "eigen")
set(kindling_package_names_GTest "libgtest-dev" "gtest-devel" "gtest" "googletest")
set(kindling_package_names_nlohmann_json "nlohmann-json3-dev" "json-devel" "nlohmann-json" "nlohmann-json")
set(kindling_package_names_CLI11 "libcli11-dev" "cli11-devel" "cli11" "cli11")

set(kindling_missing "")

# kindling_require(name use switch): find_package, visible everywhere; remembers a failure.
# `switch` is the CMake option that makes it unnecessary, if there is one.
macro(kindling_require name use switch)
  find_package(${name} QUIET GLOBAL)
  if(NOT ${name}_FOUND)
    kindling_miss(${name} "${use}" "${switch}")
  endif()
endmacro()

function(kindling_miss name use switch)
  list(GET kindling_package_names_${name} 0 debian)
  list(GET kindling_package_names_${name} 1 fedora)
  list(GET kindling_package_names_${name} 2 arch)
  list(GET kindling_package_names_${name} 3 homebrew)
  set(text "  ${name}, needed for ${use}, was not found. Get it with one of:
      Debian, Ubuntu   apt-get install ${debian}
      Fedora           dnf install ${fedora}
      Arch             pacman -S ${arch}
      Homebrew         brew install ${homebrew}")
  if(switch)
    string(APPEND text "\n    or do without: cmake -D${switch}")
  endif()
  set(kindling_missing "${kindling_missing}\n${text}\n" PARENT_SCOPE)
endfunction()

macro(kindling_find_dependencies)
  find_package(Threads REQUIRED GLOBAL)
  if(KINDLING_BUILD_TESTS)
    kindling_require(GTest "the tests" "KINDLING_BUILD_TESTS=OFF")
    kindling_require(nlohmann_json "the tests" "KINDLING_BUILD_TESTS=OFF")
  endif()
  if(KINDLING_BUILD_DEMO)
    kindling_require(Eigen3 "the demo trainer" "KINDLING_BUILD_DEMO=OFF")
    if(Eigen3_FOUND AND Eigen3_VERSION VERSION_LESS 3.3)
      kindling_miss(Eigen3 "the demo trainer, in version 3.3 or newer," "KINDLING_BUILD_DEMO=OFF")
    endif()
    kindling_require(CLI11 "the demo trainer" "KINDLING_BUILD_DEMO=OFF")
  endif()
  if(KINDLING_BUILD_BENCH)
    find_package(benchmark QUIET GLOBAL)
  endif()
  if(kindling_missing)
    message(FATAL_ERROR "Kindling: something it needs is missing.\n${kindling_missing}")
  endif()
endmacro()
