# llhttp, the parser of Node.js: a second opinion for the tests of our own HTTP/1 parser, never a part of the library.
# Debian's node-llhttp ships the C sources: they are compiled from where the package put them.

include_guard(GLOBAL)

find_path(GYRE_LLHTTP_SOURCES llhttp.c PATHS /usr/share/llhttp NO_DEFAULT_PATH DOC "Folder of llhttp.c, api.c, http.c")
find_path(GYRE_LLHTTP_INCLUDE llhttp.h PATHS /usr/share/include/llhttp NO_DEFAULT_PATH DOC "Folder of llhttp.h")
if(NOT GYRE_LLHTTP_SOURCES OR NOT GYRE_LLHTTP_INCLUDE)
  message(FATAL_ERROR "The tests compare gyre's HTTP/1 parser with llhttp, whose C sources are not here. "
                      "Install Debian's package node-llhttp (`./dev setup` does), or set GYRE_LLHTTP_SOURCES and "
                      "GYRE_LLHTTP_INCLUDE, or configure with -DGYRE_BUILD_TESTS=OFF.")
endif()

enable_language(C)
add_library(gyre_llhttp STATIC EXCLUDE_FROM_ALL "${GYRE_LLHTTP_SOURCES}/llhttp.c" "${GYRE_LLHTTP_SOURCES}/api.c"
                                                "${GYRE_LLHTTP_SOURCES}/http.c")
target_include_directories(gyre_llhttp SYSTEM PUBLIC "${GYRE_LLHTTP_INCLUDE}")
target_compile_definitions(gyre_llhttp PUBLIC LLHTTP_STRICT_MODE=1)
# A debug build of the generated state machine is slow to compile with sanitizers and finds nothing of ours.
target_compile_options(gyre_llhttp PRIVATE -w -fno-sanitize=all)
