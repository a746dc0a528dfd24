# SPDX-License-Identifier: MIT
# cmake --install: the library, its public headers and the CMake package `kindling`.
include(CMakePackageConfigHelpers)

set(kindling_package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/kindling")

install(TARGETS kindling EXPORT kindlingTargets
  RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}" COMPONENT kindling_runtime
  LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT kindling_runtime
    NAMELINK_COMPONENT kindling_development
  ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT kindling_development)
install(EXPORT kindlingTargets NAMESPACE kindling:: DESTINATION "${kindling_package_dir}"
  COMPONENT kindling_development)

configure_package_config_file(cmake/kindlingConfig.cmake.in
  "${PROJECT_BINARY_DIR}/cmake/kindlingConfig.cmake" INSTALL_DESTINATION "${kindling_package_dir}"
  NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/cmake/kindlingConfigVersion.cmake"
  VERSION "${PROJECT_VERSION}" COMPATIBILITY SameMinorVersion)
install(FILES
  "${PROJECT_BINARY_DIR}/cmake/kindlingConfig.cmake"
  "${PROJECT_BINARY_DIR}/cmake/kindlingConfigVersion.cmake"
  DESTINATION "${kindling_package_dir}" COMPONENT kindling_development)
