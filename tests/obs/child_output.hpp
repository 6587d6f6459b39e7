#pragma once

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

namespace gyre::testing {

inline auto file_has(const std::string& path, std::string_view part) -> bool {
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str().find(part) != std::string::npos;
}

/// Runs `program` in a child, with the path of the file that has its standard error, and gives what it wrote there.
template<class F>
auto error_output_of(F&& program) -> std::string {
    const std::string path = ::testing::TempDir() + "gyre_errors_" + std::to_string(::getpid());
    const pid_t child = ::fork();
    if (child == 0) {
        const int file = ::open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0600);
        ::dup2(file, STDERR_FILENO);
        program(path);
        ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    ::unlink(path.c_str());
    return text.str();
}

}  // namespace gyre::testing
