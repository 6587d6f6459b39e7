# The library `gyre`: every source under src/. A new file is picked up by the next build.

file(GLOB_RECURSE GYRE_SOURCES CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/src/*.cpp")
file(GLOB_RECURSE GYRE_HEADERS CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/include/*.hpp")
if(NOT GYRE_SOURCES)
  file(WRITE "${PROJECT_BINARY_DIR}/empty.cpp" "")
  set(GYRE_SOURCES "${PROJECT_BINARY_DIR}/empty.cpp")
endif()

add_library(gyre ${GYRE_SOURCES} ${GYRE_HEADERS})
add_library(gyre::gyre ALIAS gyre)
gyre_own_code(gyre)
set_target_properties(gyre PROPERTIES VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}
                                      POSITION_INDEPENDENT_CODE ON)
target_include_directories(
  gyre
  PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>
  PRIVATE "${PROJECT_SOURCE_DIR}/src")
if(PROJECT_IS_TOP_LEVEL)
  gyre_precompile(
    gyre <algorithm> <array> <atomic> <chrono> <coroutine> <cstdint> <cstring> <exception> <functional> <map> <memory> <mutex>
    <optional> <source_location> <span> <stdexcept> <string> <string_view> <system_error> <utility> <vector>
    <gyre/core/loop.hpp> <gyre/core/scope.hpp> <gyre/core/sleep.hpp> <gyre/core/task_handle.hpp>)
endif()
target_include_directories(gyre SYSTEM PRIVATE "${GYRE_MSGPACK_INCLUDE}")
target_compile_definitions(gyre PRIVATE GYRE_VERSION="${PROJECT_VERSION}")
if(NOT GYRE_MARKS)
  target_compile_definitions(gyre PUBLIC GYRE_NO_MARKS)
endif()
target_link_libraries(
  gyre
  PUBLIC Threads::Threads
  PRIVATE OpenSSL::SSL OpenSSL::Crypto ZLIB::ZLIB PkgConfig::GYRE_CARES PkgConfig::GYRE_URING PkgConfig::GYRE_IDN2 PkgConfig::GYRE_PSL
          PkgConfig::GYRE_BROTLI PkgConfig::GYRE_ZSTD)
# A program loads the libraries that it uses: hello world needs no TLS, and starts in half the time and memory without.
target_link_options(gyre INTERFACE LINKER:--as-needed)
