# examples/NAME.cpp -> examples/NAME in the build folder.

file(GLOB GYRE_EXAMPLES CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/examples/*.cpp")
add_custom_target(gyre_examples)
foreach(source IN LISTS GYRE_EXAMPLES)
  cmake_path(GET source STEM name)
  add_executable(example_${name} "${source}")
  gyre_own_code(example_${name})
  set_target_properties(example_${name} PROPERTIES OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY
                                                                       "${PROJECT_BINARY_DIR}/examples")
  target_link_libraries(example_${name} PRIVATE gyre::gyre)
  add_dependencies(gyre_examples example_${name})
endforeach()
