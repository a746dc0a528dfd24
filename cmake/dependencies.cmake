# SPDX-License-Identifier: MIT
# Finds what the chosen parts need, and names everything that is missing in one message.
include(find_providers)

# The names under which the package managers know each dependency.
set(kindling_package_names_Eigen3 "libeigen3-dev" "eigen3-devel" "eigen" "eigen")
set(kindling_package_names_GTest "libgtest-dev" "gtest-devel" "gtest" "googletest")
set(kindling_package_names_nlohmann_json "nlohmann-json3-dev" "json-devel" "nlohmann-json" "nlohmann-json")
set(kindling_package_names_CLI11 "libcli11-dev" "cli11-devel" "cli11" "cli11")
set(kindling_package_names_oneDNN "libdnnl-dev" "onednn-devel" "onednn" "onednn")
set(kindling_package_names_OpenBLAS "libopenblas-dev" "openblas-devel" "cblas openblas" "openblas")

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
  kindling_require(Eigen3 "the matrix product" "")
  if(Eigen3_FOUND AND Eigen3_VERSION VERSION_LESS 3.3)
    kindling_miss(Eigen3 "the matrix product, in version 3.3 or newer," "")
  endif()
  if(KINDLING_BUILD_TESTS)
    kindling_require(GTest "the tests" "KINDLING_BUILD_TESTS=OFF")
    kindling_require(nlohmann_json "the tests" "KINDLING_BUILD_TESTS=OFF")
  endif()
  if(KINDLING_BUILD_DEMO)
    kindling_require(CLI11 "the demo trainer" "KINDLING_BUILD_DEMO=OFF")
  endif()
  if(KINDLING_BUILD_BENCH)
    find_package(benchmark QUIET GLOBAL)
  endif()
  kindling_find_product_providers()
  if(kindling_missing)
    message(FATAL_ERROR "Kindling: something it needs is missing.\n${kindling_missing}")
  endif()
endmacro()

# Sets kindling_providers to the compiled products, fastest first, and kindling_default_provider to
# the one that is used unless the program says otherwise.
macro(kindling_find_product_providers)
  set(kindling_providers "")
  if(KINDLING_ONEDNN)
    kindling_find_onednn()
    if(TARGET kindling::onednn)
      list(APPEND kindling_providers onednn)
    endif()
  endif()
  if(KINDLING_OPENBLAS)
    kindling_find_openblas()
    if(TARGET kindling::openblas)
      list(APPEND kindling_providers openblas)
    endif()
  endif()
  list(APPEND kindling_providers eigen)

  if(KINDLING_PRODUCT_PROVIDER STREQUAL "auto")
    list(GET kindling_providers 0 kindling_default_provider)
  elseif(KINDLING_PRODUCT_PROVIDER IN_LIST kindling_providers)
    set(kindling_default_provider "${KINDLING_PRODUCT_PROVIDER}")
  elseif(KINDLING_PRODUCT_PROVIDER STREQUAL "onednn")
    kindling_miss(oneDNN "KINDLING_PRODUCT_PROVIDER=onednn" "KINDLING_PRODUCT_PROVIDER=auto")
  elseif(KINDLING_PRODUCT_PROVIDER STREQUAL "openblas")
    kindling_miss(OpenBLAS "KINDLING_PRODUCT_PROVIDER=openblas" "KINDLING_PRODUCT_PROVIDER=auto")
  else()
    message(FATAL_ERROR "KINDLING_PRODUCT_PROVIDER is '${KINDLING_PRODUCT_PROVIDER}'; "
                        "it can be auto, eigen, onednn or openblas")
  endif()
  list(JOIN kindling_providers ", " kindling_providers_text)
  message(STATUS "Matrix products: ${kindling_providers_text}; default ${kindling_default_provider}")
endmacro()
