# Installation: headers, library, CMake package and pkg-config file. All paths in them are relative to where they lie, so
# that an installed tree may be moved.

include(CMakePackageConfigHelpers)

set(GYRE_CMAKE_DIR "${CMAKE_INSTALL_LIBDIR}/cmake/gyre")

install(
  TARGETS gyre
  EXPORT gyreTargets
  ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}"
  LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}"
  INCLUDES DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" FILES_MATCHING PATTERN "*.hpp")
install(DIRECTORY "${PROJECT_SOURCE_DIR}/share/" DESTINATION "${CMAKE_INSTALL_DATADIR}/gyre"
        FILES_MATCHING PATTERN "*.py" PATTERN "*.json")
if(TARGET gyre_cli)
  install(TARGETS gyre_cli RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}" OPTIONAL)
endif()

install(EXPORT gyreTargets NAMESPACE gyre:: DESTINATION "${GYRE_CMAKE_DIR}")
configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/gyreConfig.cmake.in" "${PROJECT_BINARY_DIR}/gyreConfig.cmake"
                              INSTALL_DESTINATION "${GYRE_CMAKE_DIR}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/gyreConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/gyreConfig.cmake" "${PROJECT_BINARY_DIR}/gyreConfigVersion.cmake"
        DESTINATION "${GYRE_CMAKE_DIR}")

# A static library needs its own dependencies at every link; a shared one has them inside. libidn2 and libpsl stand there by
# their names and not as requirements: as such, `pkg-config --static` would also ask for libunistring, which they bring themselves.
get_target_property(gyre_library_type gyre TYPE)
if(gyre_library_type STREQUAL "STATIC_LIBRARY")
  set(GYRE_PC_REQUIRES "Requires")
  set(GYRE_PC_LIBS "-lidn2 -lpsl")
  set(GYRE_PC_LIBS_PRIVATE "")
else()
  set(GYRE_PC_REQUIRES "Requires.private")
  set(GYRE_PC_LIBS "")
  set(GYRE_PC_LIBS_PRIVATE "-lidn2 -lpsl")
endif()
file(RELATIVE_PATH GYRE_PC_PREFIX "/prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/prefix")
string(REGEX REPLACE "/$" "" GYRE_PC_PREFIX "${GYRE_PC_PREFIX}")
configure_file("${PROJECT_SOURCE_DIR}/cmake/gyre.pc.in" "${PROJECT_BINARY_DIR}/gyre.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/gyre.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
