# What the library stands on (docs/dependencies.md says why). None of these appears in a public header.

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(ZLIB 1.2.11 REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(GYRE_CARES REQUIRED IMPORTED_TARGET GLOBAL libcares>=1.18)
pkg_check_modules(GYRE_URING REQUIRED IMPORTED_TARGET GLOBAL liburing>=2.3)
pkg_check_modules(GYRE_IDN2 REQUIRED IMPORTED_TARGET GLOBAL libidn2>=2.3)
pkg_check_modules(GYRE_PSL REQUIRED IMPORTED_TARGET GLOBAL libpsl>=0.21)
pkg_check_modules(GYRE_BROTLI REQUIRED IMPORTED_TARGET GLOBAL libbrotlidec>=1.0.9 libbrotlienc>=1.0.9)
pkg_check_modules(GYRE_ZSTD REQUIRED IMPORTED_TARGET GLOBAL libzstd>=1.5.2)
# Headers only, and seen by one source.
find_path(GYRE_MSGPACK_INCLUDE msgpack.hpp REQUIRED DOC "msgpack-cxx: libmsgpack-cxx-dev")
