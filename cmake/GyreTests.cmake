# The tests: one program per room (tests/core -> core_test), one ctest entry per program and backend (core.epoll, core.io_uring).
#
# tests/ROOM/**/*_test.cpp   the tests of a room
# tests/ROOM/**/*.cpp        other sources there are linked into the room's program
# tests/support/*.cpp        linked into every program; main() is there
# tests/interop/NAME.cpp     a program of its own, interop_NAME, that the scripts beside it run; not a part of gyre_tests
# tests/http/core            a program of its own, http_core: it needs no loop and so no backend

include(GyreLlhttp)
find_package(GTest 1.12 REQUIRED)
find_package(simdjson 3.0 CONFIG REQUIRED)

set(GYRE_ROOMS_ONCE backend http_core sim)                # run once: they choose the backend themselves, or have none
set(GYRE_FOLDERS_NO_TESTS support canary refused install acceptance data oracles interop web diagnosis)
if(NOT TARGET gyre_cli)
  list(APPEND GYRE_FOLDERS_NO_TESTS cli)
endif()

file(GLOB_RECURSE GYRE_TEST_SUPPORT CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tests/support/*.cpp")
add_custom_target(gyre_tests)
if(GYRE_EXAMPLES_TESTED)
  add_dependencies(gyre_tests ${GYRE_EXAMPLES_TESTED})
endif()

# Each source is sorted into its room.
file(GLOB_RECURSE gyre_all_test_files CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tests/*.cpp")
set(GYRE_ROOMS_WITH_TESTS)
foreach(source IN LISTS gyre_all_test_files)
  cmake_path(RELATIVE_PATH source BASE_DIRECTORY "${PROJECT_SOURCE_DIR}/tests" OUTPUT_VARIABLE path)
  if(NOT path MATCHES "^([^/]+)/")
    continue()
  endif()
  set(room "${CMAKE_MATCH_1}")
  if(room IN_LIST GYRE_FOLDERS_NO_TESTS)
    continue()
  endif()
  if(path MATCHES "^http/core/")
    set(room http_core)
  endif()
  if(path MATCHES "_test\\.cpp$")
    list(APPEND GYRE_ROOMS_WITH_TESTS ${room})
  endif()
  list(APPEND GYRE_ROOM_${room} "${source}")
endforeach()
list(REMOVE_DUPLICATES GYRE_ROOMS_WITH_TESTS)

function(gyre_test_target target)
  gyre_own_code(${target})
  target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}/tests" "${PROJECT_SOURCE_DIR}/src")
  target_link_libraries(
    ${target} PRIVATE gyre::gyre GTest::gtest OpenSSL::SSL OpenSSL::Crypto PkgConfig::GYRE_CARES PkgConfig::GYRE_URING
                      Threads::Threads)
  if(GYRE_QUICK_TESTS)
    target_compile_options(${target} PRIVATE -O0)
  endif()
  gyre_precompiled(${target})
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    # GoogleTest's macros end in an else of their own: `if (x) EXPECT_EQ(...)` is meant as it stands.
    target_compile_options(${target} PRIVATE -Wno-dangling-else)
  endif()
endfunction()

add_library(gyre_test_support OBJECT ${GYRE_TEST_SUPPORT})
gyre_test_target(gyre_test_support)
target_precompile_headers(
  gyre_test_support PRIVATE <gtest/gtest.h> <algorithm> <array> <chrono> <coroutine> <functional> <memory> <optional>
  <source_location> <string> <string_view> <system_error> <tuple> <utility> <variant> <vector>
  <gyre/gyre.hpp> <gyre/http.hpp> <gyre/testing.hpp> <gyre/testing/gtest.hpp>)

# gyre_add_ctest(NAME TARGET [BACKEND])
function(gyre_add_ctest name target)
  add_test(NAME ${name} COMMAND ${target})
  set(environment "TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1" "UBSAN_OPTIONS=print_stacktrace=1"
                  "ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1")
  if(ARGC GREATER 2)
    list(APPEND environment "GYRE_BACKEND=${ARGV2}")
  endif()
  # 77: the kernel or the container refuses this backend (tests/support/main.cpp).
  set_tests_properties(${name} PROPERTIES ENVIRONMENT "${environment}" TIMEOUT 300 SKIP_RETURN_CODE 77)
endfunction()

set(GYRE_TORTURE_LINKED "LINKER:--wrap=BrotliEncoderCompressStream")  # tests/torture/failing_memory.cpp stands between

foreach(room IN LISTS GYRE_ROOMS_WITH_TESTS)
  add_executable(${room}_test ${GYRE_ROOM_${room}})
  gyre_test_target(${room}_test)
  target_link_libraries(${room}_test PRIVATE gyre_test_support)
  target_precompile_headers(${room}_test REUSE_FROM gyre_test_support)
  set_target_properties(${room}_test PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests")
  # It replaces what takes memory, and so does the thread sanitizer.
  if(room STREQUAL "torture" AND CMAKE_CXX_FLAGS MATCHES "-fsanitize=thread")
    set_target_properties(torture_test PROPERTIES EXCLUDE_FROM_ALL ON)
    continue()
  endif()
  add_dependencies(gyre_tests ${room}_test)
  if(room STREQUAL "cli")  # it runs the real program
    target_compile_definitions(cli_test PRIVATE GYRE_TOOL="$<TARGET_FILE:gyre_cli>" GYRE_CIRCLES="${PROJECT_SOURCE_DIR}/tests/cli/circles.json")
    target_link_libraries(cli_test PRIVATE nlohmann_json::nlohmann_json)
    add_dependencies(cli_test gyre_cli)
  endif()
  if(room STREQUAL "obs")
    set_source_files_properties(
      "${PROJECT_SOURCE_DIR}/tests/obs/schema_test.cpp"
      PROPERTIES COMPILE_DEFINITIONS "GYRE_SNAPSHOT_SCHEMA=\"${PROJECT_SOURCE_DIR}/share/snapshot.schema.json\"")
  endif()
  if(room STREQUAL "torture")
    target_link_options(torture_test PRIVATE ${GYRE_TORTURE_LINKED})
  endif()
  if(room STREQUAL "http_core")
    target_link_libraries(http_core_test PRIVATE gyre_llhttp)
  endif()
  if(room STREQUAL "http")
    target_link_libraries(http_test PRIVATE simdjson::simdjson)
  endif()
  if(room IN_LIST GYRE_ROOMS_ONCE)
    gyre_add_ctest(${room} ${room}_test)
  else()
    gyre_add_ctest(${room}.epoll ${room}_test epoll)
    gyre_add_ctest(${room}.io_uring ${room}_test io_uring)
    if(room STREQUAL "os")  # its sockets are those of epoll; what is of its own is how it does files
      gyre_add_ctest(${room}.mixed ${room}_test mixed)
    endif()
  endif()
endforeach()

# Answers questions about URLs and cookies for tests/oracles/compare.mjs (./dev check oracles).
add_executable(oracle_answers EXCLUDE_FROM_ALL "${PROJECT_SOURCE_DIR}/tests/oracles/answers.cpp")
gyre_own_code(oracle_answers)
target_link_libraries(oracle_answers PRIVATE gyre::gyre)
set_target_properties(oracle_answers PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests")

# The tests of http/core, and those in which memory fails, with that folder compiled once more, so that it counts its
# branches (./dev check coverage). These objects come before those of the library, which then has nothing left to add.
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  file(GLOB GYRE_COUNTED CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/src/http/core/*.cpp")
  add_library(http_core_counted OBJECT EXCLUDE_FROM_ALL ${GYRE_COUNTED})
  gyre_own_code(http_core_counted)
  target_include_directories(http_core_counted PRIVATE "${PROJECT_SOURCE_DIR}/src")
  target_link_libraries(http_core_counted PRIVATE gyre::gyre)
  target_compile_options(http_core_counted PRIVATE -O0 -fprofile-instr-generate -fcoverage-mapping)
  set_target_properties(http_core_counted PROPERTIES EXPORT_COMPILE_COMMANDS OFF)  # once is enough for clang-tidy
  add_executable(http_core_coverage EXCLUDE_FROM_ALL $<TARGET_OBJECTS:http_core_counted> $<TARGET_OBJECTS:http_core_test>
                                                     $<TARGET_OBJECTS:torture_test> $<TARGET_OBJECTS:gyre_test_support>)
  target_link_libraries(http_core_coverage PRIVATE gyre::gyre gyre_llhttp GTest::gtest OpenSSL::SSL OpenSSL::Crypto
                                                   PkgConfig::GYRE_CARES PkgConfig::GYRE_URING Threads::Threads)
  target_link_options(http_core_coverage PRIVATE -fprofile-instr-generate ${GYRE_TORTURE_LINKED})
  set_target_properties(http_core_coverage PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests")
endif()

file(GLOB GYRE_INTEROP_PROGRAMS CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tests/interop/*.cpp")
foreach(source IN LISTS GYRE_INTEROP_PROGRAMS)
  cmake_path(GET source STEM name)
  add_executable(interop_${name} EXCLUDE_FROM_ALL "${source}")
  gyre_own_code(interop_${name})
  set_target_properties(interop_${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests")
  target_link_libraries(interop_${name} PRIVATE gyre::gyre)
endforeach()

# The program that the tests of `gyre web` look at: tests/web, run by `./dev check web`.
add_executable(web_subject "${PROJECT_SOURCE_DIR}/tests/web/subject.cpp")
gyre_own_code(web_subject)
target_link_libraries(web_subject PRIVATE gyre::gyre)
set_target_properties(web_subject PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests")

# The diagnosis benchmark: tests/diagnosis/FAULT.cpp -> tests/diagnosis/FAULT in the build folder, a program with one fault.
# Not under sanitizers, which have their own to say of these faults, and whose memory no core file should hold.
if(NOT CMAKE_CXX_FLAGS MATCHES "-fsanitize")
  file(GLOB GYRE_FAULTS CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tests/diagnosis/*.cpp")
  find_package(Python3 COMPONENTS Interpreter REQUIRED)
  add_custom_target(gyre_diagnosis)
  add_dependencies(gyre_tests gyre_diagnosis)
  set(first)
  foreach(source IN LISTS GYRE_FAULTS)
    cmake_path(GET source STEM fault)
    add_executable(diagnosis_${fault} "${source}")
    gyre_test_target(diagnosis_${fault})
    if(first)
      target_precompile_headers(diagnosis_${fault} REUSE_FROM ${first})
    else()
      set(first diagnosis_${fault})
      target_precompile_headers(${first} PRIVATE "${PROJECT_SOURCE_DIR}/tests/diagnosis/diagnosis.hpp")
    endif()
    set_target_properties(diagnosis_${fault} PROPERTIES OUTPUT_NAME ${fault} RUNTIME_OUTPUT_DIRECTORY
                                                                             "${PROJECT_BINARY_DIR}/tests/diagnosis")
    add_dependencies(gyre_diagnosis diagnosis_${fault})
  endforeach()
  set(doctor)
  if(TARGET gyre_cli)
    add_dependencies(gyre_diagnosis gyre_cli)
    set(doctor --gyre "$<TARGET_FILE:gyre_cli>")
  endif()
  foreach(backend epoll io_uring)
    add_test(NAME diagnosis.${backend} COMMAND Python3::Interpreter "${PROJECT_SOURCE_DIR}/tests/diagnosis/run" ${doctor}
                                               "${PROJECT_BINARY_DIR}/tests/diagnosis")
    set_tests_properties(diagnosis.${backend} PROPERTIES ENVIRONMENT "GYRE_BACKEND=${backend}" TIMEOUT 300 SKIP_RETURN_CODE 77)
  endforeach()
  foreach(debugger gdb lldb)
    add_test(NAME diagnosis.${debugger} COMMAND Python3::Interpreter "${PROJECT_SOURCE_DIR}/tests/diagnosis/debugger_test"
                                                ${debugger} "${PROJECT_BINARY_DIR}/tests/diagnosis")
    set_tests_properties(diagnosis.${debugger} PROPERTIES TIMEOUT 120 SKIP_RETURN_CODE 77)
  endforeach()
endif()
