# The command line tool: cli/*.cpp -> the program `gyre` in the root of the build folder.

file(GLOB_RECURSE GYRE_CLI_SOURCES CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/cli/*.cpp")
if(GYRE_CLI_SOURCES)
  find_package(nlohmann_json 3.11 REQUIRED)
  find_path(GYRE_CLI11_INCLUDE CLI/CLI.hpp REQUIRED)
  add_executable(gyre_cli ${GYRE_CLI_SOURCES})
  gyre_own_code(gyre_cli)
  set_target_properties(gyre_cli PROPERTIES OUTPUT_NAME gyre)
  target_include_directories(gyre_cli SYSTEM PRIVATE "${GYRE_CLI11_INCLUDE}")
  target_compile_definitions(gyre_cli PRIVATE GYRE_VERSION="${PROJECT_VERSION}")
  target_link_libraries(gyre_cli PRIVATE gyre::gyre nlohmann_json::nlohmann_json)
endif()
