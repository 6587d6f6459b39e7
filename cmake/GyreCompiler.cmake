# The compiler: language level, warnings, ccache, and what is known to be wrong with it.

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  message(
    WARNING
      "GCC ${CMAKE_CXX_COMPILER_VERSION} miscompiles some coroutine code: an aggregate or a lambda with owning captures "
      "that is built inside an awaited expression is destroyed twice. gyre itself is written so that it is right there; "
      "for your own code read docs/gcc12.md, or use GCC >= 13 or Clang >= 17.")
elseif(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 17)
  message(WARNING "gyre is tested with Clang >= 17; Clang ${CMAKE_CXX_COMPILER_VERSION} has known coroutine bugs.")
endif()

# A sanitizer given by the preset or by the user also belongs to what the tests must know (timeouts, suppressions).
string(REGEX MATCH "-fsanitize=[a-z,-]*" GYRE_SANITIZERS "${CMAKE_CXX_FLAGS}")

if(PROJECT_IS_TOP_LEVEL)
  set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
  if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
  endif()
  if(NOT CMAKE_CXX_COMPILER_LAUNCHER)
    find_program(GYRE_CCACHE ccache)
    if(GYRE_CCACHE)
      # The sloppiness is what precompiled headers need (ccache's manual, "Precompiled headers"); the depend mode spares a run of
      # the preprocessor for each source that is new.
      set(CMAKE_CXX_COMPILER_LAUNCHER
          "${CMAKE_COMMAND}" -E env CCACHE_DEPEND=1 CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
          "${GYRE_CCACHE}")
    endif()
  endif()
endif()

# gyre_own_code(TARGET): the warnings that our own targets are held to; users of the library never see them.
function(gyre_own_code target)
  target_compile_features(${target} PUBLIC cxx_std_20)
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF)
  if(PROJECT_IS_TOP_LEVEL)
    target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wnon-virtual-dtor)
    # GCC's full -Wshadow also refuses a parameter that is called like a member.
    target_compile_options(${target} PRIVATE $<IF:$<CXX_COMPILER_ID:GNU>,-Wshadow=local,-Wshadow>)
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
      # False alarms of GCC 12 inside libstdc++ and coroutine frames (GCC bugs 105329, 107852, 109448, 105762).
      target_compile_options(
        ${target} PRIVATE -Wno-restrict -Wno-stringop-overflow -Wno-array-bounds -Wno-maybe-uninitialized
                          -Wno-stringop-overread -Wno-missing-field-initializers)
    endif()
    if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
      # Leaving an option out of a designated initialiser is what options are for.
      target_compile_options(${target} PRIVATE -Wno-missing-field-initializers -Wno-missing-designated-field-initializers)
    endif()
  endif()
  if(GYRE_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
endfunction()

# gyre_precompile(TARGET HEADERS...): most of the time that a source takes to compile goes into headers that all of them include.
# CMAKE_DISABLE_PRECOMPILE_HEADERS=ON does without, and so finds an #include that is missing (preset gcc-debug).
function(gyre_precompile target)
  target_precompile_headers(${target} PRIVATE ${ARGN})
  gyre_precompiled(${target})
endfunction()

# gyre_precompiled(TARGET): what a target needs that includes a precompiled header, so that ccache can know the header again.
function(gyre_precompiled target)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    target_compile_options(${target} PRIVATE -Xclang -fno-pch-timestamp)
  else()
    target_compile_options(${target} PRIVATE -fpch-preprocess)
  endif()
endfunction()
