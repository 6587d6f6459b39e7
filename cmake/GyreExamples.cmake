# examples/NAME.cpp -> examples/NAME in the build folder. embed_*.cpp need a library of a host, and are left out without it.

file(GLOB GYRE_EXAMPLES CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/examples/*.cpp")
add_custom_target(gyre_examples)
foreach(source IN LISTS GYRE_EXAMPLES)
  cmake_path(GET source STEM name)
  set(host)
  if(name MATCHES "^embed_(.+)$")
    set(host "${CMAKE_MATCH_1}")
    pkg_check_modules(GYRE_HOST_${host} QUIET IMPORTED_TARGET ${host})
    if(NOT GYRE_HOST_${host}_FOUND)
      continue()
    endif()
  endif()
  add_executable(example_${name} "${source}")
  gyre_own_code(example_${name})
  set_target_properties(example_${name} PROPERTIES OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY
                                                                       "${PROJECT_BINARY_DIR}/examples")
  target_link_libraries(example_${name} PRIVATE gyre::gyre)
  if(host)
    target_link_libraries(example_${name} PRIVATE PkgConfig::GYRE_HOST_${host})
  endif()
  add_dependencies(gyre_examples example_${name})
endforeach()

# What the guest and its host print together.
if(GYRE_BUILD_TESTS AND TARGET example_embed_libuv)
  enable_testing()
  set(GYRE_EXAMPLES_TESTED example_embed_libuv)  # built with the tests
  foreach(backend epoll io_uring)
    add_test(NAME example.embed_libuv.${backend} COMMAND example_embed_libuv)
    set_tests_properties(
      example.embed_libuv.${backend}
      PROPERTIES ENVIRONMENT "GYRE_BACKEND=${backend}" TIMEOUT 20 PASS_REGULAR_EXPRESSION
                 "^gyre 1\nlibuv\ngyre 2\ngyre 3\nclosed: clean\n$")
  endforeach()
endif()
