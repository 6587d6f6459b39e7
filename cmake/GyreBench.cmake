# bench/A/B.cpp -> bench/A_B in the build folder; a folder with a main.cpp is one program, bench/A.
# A file that includes Google Benchmark is linked with it. The peers' programs are built by bench/harness.

add_custom_target(gyre_bench)

function(gyre_bench name)
  add_executable(bench_${name} EXCLUDE_FROM_ALL ${ARGN})
  gyre_own_code(bench_${name})
  set_target_properties(bench_${name} PROPERTIES OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY
                                                                     "${PROJECT_BINARY_DIR}/bench")
  target_link_libraries(bench_${name} PRIVATE gyre::gyre)
  target_include_directories(bench_${name} PRIVATE "${PROJECT_SOURCE_DIR}/src") # bench/obs measures parts
  foreach(source IN LISTS ARGN)
    file(STRINGS "${source}" uses_benchmark REGEX "^#include <benchmark/benchmark.h>")
    if(uses_benchmark)
      find_package(benchmark 1.7 REQUIRED)
      target_link_libraries(bench_${name} PRIVATE benchmark::benchmark)
    endif()
  endforeach()
  add_dependencies(gyre_bench bench_${name})
endfunction()

file(GLOB_RECURSE GYRE_BENCHES CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/bench/*.cpp")
list(FILTER GYRE_BENCHES EXCLUDE REGEX "/bench/peers/")
foreach(source IN LISTS GYRE_BENCHES)
  cmake_path(GET source PARENT_PATH folder)
  cmake_path(RELATIVE_PATH source BASE_DIRECTORY "${PROJECT_SOURCE_DIR}/bench" OUTPUT_VARIABLE name)
  string(REGEX REPLACE "\\.cpp$" "" name "${name}")
  string(REPLACE "/" "_" name "${name}")
  if(NOT EXISTS "${folder}/main.cpp")
    gyre_bench(${name} "${source}")
  elseif(name MATCHES "_main$")
    string(REGEX REPLACE "_main$" "" name "${name}")
    file(GLOB together CONFIGURE_DEPENDS "${folder}/*.cpp")
    gyre_bench(${name} ${together})
  endif()
endforeach()
