# SPDX-License-Identifier: MIT
# cmake --install: the library, its public headers, the CMake package `kindling` and its pkg-config
# file; cpack: an archive and a Debian package of them.
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

# What the library was built with, for who does not use CMake. A shared one knows it by itself.
set(KINDLING_PC_LIBS "-pthread")
if(KINDLING_WITH_CUDA AND NOT BUILD_SHARED_LIBS)
  string(APPEND KINDLING_PC_LIBS " -L${CUDAToolkit_LIBRARY_DIR} -lcudart_static -ldl -lrt")
endif()
file(RELATIVE_PATH KINDLING_PC_PREFIX "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
string(REGEX REPLACE "/$" "" KINDLING_PC_PREFIX "${KINDLING_PC_PREFIX}")
configure_file(cmake/kindling.pc.in "${PROJECT_BINARY_DIR}/cmake/kindling.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/cmake/kindling.pc"
  DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig" COMPONENT kindling_development)
install(FILES LICENSE DESTINATION "${CMAKE_INSTALL_DOCDIR}" COMPONENT kindling_development)

if(PROJECT_IS_TOP_LEVEL)
  set(CPACK_PACKAGE_NAME libkindling-dev)
  set(CPACK_PACKAGE_VENDOR Kindling)
  set(CPACK_PACKAGE_CONTACT "the Kindling project")
  set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
  set(CPACK_STRIP_FILES ON)
  set(CPACK_GENERATOR TGZ DEB)
  set(CPACK_COMPONENTS_GROUPING ALL_COMPONENTS_IN_ONE)
  set(CPACK_COMPONENTS_ALL kindling_runtime kindling_development)
  set(CPACK_DEB_COMPONENT_INSTALL ON)
  set(CPACK_ARCHIVE_COMPONENT_INSTALL ON)
  set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
  set(CPACK_DEBIAN_PACKAGE_SECTION libdevel)
  set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
  set(CPACK_DEBIAN_PACKAGE_DEPENDS libstdc++6)
  include(CPack)
endif()
