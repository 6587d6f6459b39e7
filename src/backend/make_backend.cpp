#include <gyre/backend/backend.hpp>

#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

namespace gyre::backend {

namespace {

auto name_from_environment() -> std::string_view {
    const char* const value = std::getenv("GYRE_BACKEND");
    return value == nullptr ? std::string_view{} : std::string_view{value};
}

}  // namespace

auto make_backend(std::string_view name) -> std::unique_ptr<Backend> {
    const bool is_from_environment = name.empty();
    if (is_from_environment) name = name_from_environment();
    if (name.empty() || name == "mixed") return make_mixed_backend();
    if (name == "epoll") return make_epoll_backend();
    if (name == "io_uring") return make_io_uring_backend();
    throw std::invalid_argument{"unknown backend \"" + std::string{name} + "\"" +
                                (is_from_environment ? " in the environment's GYRE_BACKEND" : "") +
                                ": known are \"mixed\", \"epoll\" and \"io_uring\""};
}

}  // namespace gyre::backend
