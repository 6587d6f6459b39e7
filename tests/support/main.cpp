// The main of every test program.
//
// A test entry says by GYRE_BACKEND which backend it is about. Where the kernel or the container refuses io_uring, the
// io_uring entries are skipped (exit status 77), not failed; with GYRE_REQUIRE_IO_URING=1 they fail.
#include <gyre/exec/process_pool.hpp>

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include <liburing.h>

namespace {

bool io_uring_works() {
    io_uring ring{};
    int error = io_uring_queue_init(8, &ring, IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN);
    if (error == 0) {
        io_uring_queue_exit(&ring);
        return true;
    }
    std::printf("io_uring is not to be had here (%s)\n", std::strerror(-error));
    return false;
}

}  // namespace

int main(int argc, char** argv) {
    if (const auto code = gyre::worker_main(argc, argv)) return *code;  // for the tests of process pools
    testing::InitGoogleTest(&argc, argv);
    const char* backend = std::getenv("GYRE_BACKEND");
    if (backend != nullptr && std::string_view{backend} == "io_uring" && !io_uring_works()) {
        return std::getenv("GYRE_REQUIRE_IO_URING") != nullptr ? 1 : 77;
    }
    return RUN_ALL_TESTS();
}
