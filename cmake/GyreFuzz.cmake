# fuzz/NAME_fuzz.cpp -> fuzz/NAME_fuzz in the build folder, a libFuzzer program. Seeds: fuzz/corpus/NAME/, words: fuzz/*.dict

if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  message(FATAL_ERROR "The fuzz targets need Clang's libFuzzer: configure with `cmake --preset asan`.")
endif()

file(GLOB GYRE_FUZZERS CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/fuzz/*_fuzz.cpp")
add_custom_target(gyre_fuzz)
# The fuzzer counts the branches of the library; those of the tests would only take time.
target_compile_options(gyre PRIVATE -fsanitize=fuzzer-no-link)
foreach(source IN LISTS GYRE_FUZZERS)
  cmake_path(GET source STEM name)
  add_executable(${name} "${source}")
  gyre_own_code(${name})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/fuzz")
  target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}/src" "${PROJECT_SOURCE_DIR}/fuzz")
  target_link_libraries(${name} PRIVATE gyre::gyre)
  target_compile_options(${name} PRIVATE -fsanitize=fuzzer-no-link)
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  add_dependencies(gyre_fuzz ${name})
endforeach()

include(GyreLlhttp)
target_link_libraries(h1_differential_fuzz PRIVATE gyre_llhttp)
