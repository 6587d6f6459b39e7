# The command line tool: cli/*.cpp -> the program `gyre` in the root of the build folder.

file(GLOB_RECURSE GYRE_CLI_SOURCES CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/cli/*.cpp")
if(GYRE_CLI_SOURCES)
  find_package(nlohmann_json 3.11 REQUIRED)
  find_path(GYRE_CLI11_INCLUDE CLI/CLI.hpp REQUIRED)
  # The page of `gyre web`: its files become a source.
  file(GLOB GYRE_WEB_FILES CONFIGURE_DEPENDS RELATIVE "${PROJECT_SOURCE_DIR}/cli/web" "${PROJECT_SOURCE_DIR}/cli/web/*")
  list(JOIN GYRE_WEB_FILES "," GYRE_WEB_NAMES)
  list(TRANSFORM GYRE_WEB_FILES PREPEND "${PROJECT_SOURCE_DIR}/cli/web/" OUTPUT_VARIABLE GYRE_WEB_PATHS)
  set(GYRE_WEB_SOURCE "${PROJECT_BINARY_DIR}/web_assets.cpp")
  add_custom_command(
    OUTPUT "${GYRE_WEB_SOURCE}"
    COMMAND "${CMAKE_COMMAND}" "-DOUTPUT=${GYRE_WEB_SOURCE}" "-DFOLDER=${PROJECT_SOURCE_DIR}/cli/web" "-DEMBED_NAMES=${GYRE_WEB_NAMES}" -P
            "${PROJECT_SOURCE_DIR}/cmake/EmbedFiles.cmake"
    DEPENDS ${GYRE_WEB_PATHS} "${PROJECT_SOURCE_DIR}/cmake/EmbedFiles.cmake"
    COMMENT "Embedding the page of gyre web"
    VERBATIM)
  add_executable(gyre_cli ${GYRE_CLI_SOURCES} "${GYRE_WEB_SOURCE}")
  target_include_directories(gyre_cli PRIVATE "${PROJECT_SOURCE_DIR}/cli")
  gyre_own_code(gyre_cli)
  set_target_properties(gyre_cli PROPERTIES OUTPUT_NAME gyre)
  target_include_directories(gyre_cli SYSTEM PRIVATE "${GYRE_CLI11_INCLUDE}")
  target_compile_definitions(gyre_cli PRIVATE GYRE_VERSION="${PROJECT_VERSION}")
  target_link_libraries(gyre_cli PRIVATE gyre::gyre nlohmann_json::nlohmann_json)
  # CLI11 and JSON take longer to read than anything here.
  gyre_precompile(gyre_cli <CLI/CLI.hpp> <nlohmann/json.hpp> <algorithm> <chrono> <filesystem> <functional> <memory> <optional>
                  <string> <utility> <vector> <gyre/gyre.hpp> <gyre/http/server/server.hpp> <gyre/obs/control.hpp>)
endif()
