# Installation: headers, library, CMake package and pkg-config file; all of it may be moved after the installation.
include(CMakePackageConfigHelpers)
