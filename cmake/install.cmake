# SPDX-License-Identifier: MIT
# `cmake --install`: library, public headers, CMake package and pkg-config file. tests/package builds consumers of all.
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/askr)

install(TARGETS askr EXPORT askrTargets)
install(DIRECTORY libaskr/include/askr DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.hpp")
install(EXPORT askrTargets NAMESPACE askr:: DESTINATION ${package_dir})

configure_package_config_file(cmake/askrConfig.cmake.in ${CMAKE_CURRENT_BINARY_DIR}/askrConfig.cmake
  INSTALL_DESTINATION ${package_dir})
# Before 1.0 a minor version may break: askr 0.2 does not serve a consumer that asks for 0.1.
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/askrConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/askrConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/askrConfigVersion.cmake
  DESTINATION ${package_dir})

# A static library does not carry its own dependencies: then they are public for pkg-config.
get_target_property(library_type askr TYPE)
if(library_type STREQUAL "SHARED_LIBRARY")
  set(askr_pc_requires "Requires.private")
else()
  set(askr_pc_requires "Requires")
endif()
# Relative to the .pc file itself, so that the installed tree can be moved.
file(RELATIVE_PATH askr_pc_prefix
  ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
configure_file(cmake/askr.pc.in ${CMAKE_CURRENT_BINARY_DIR}/askr.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/askr.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
