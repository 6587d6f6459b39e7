// The HTTP client of gyre. GYRE_BACKEND chooses the backend.
// usage: client URL COUNT AT_ONCE
#include <gyre/gyre.hpp>
#include <gyre/http/client/client.hpp>

#include <cstddef>
#include <cstdlib>
#include <iostream>
#include <string>
#include <utility>

namespace {

struct Work {
    std::string url;
    std::size_t left;
    std::size_t bytes = 0;
};

auto fetch(gyre::http::Client& client, Work& work) -> gyre::Task<void> {
    while (work.left > 0) {
        --work.left;
        auto response = co_await client.get(work.url);
        for (;;) {
            const auto piece = co_await response.read();
            if (piece.empty()) break;
            work.bytes += piece.size();
        }
    }
}

auto fetch_all(Work& work, std::size_t at_once) -> gyre::Task<void> {
    gyre::http::Client client({.max_idle_per_host = at_once});
    co_await gyre::task_group([&](gyre::TaskGroup& group) -> gyre::Task<void> {
        for (std::size_t i = 0; i < at_once; ++i) group.spawn(fetch(client, work));
        co_return;
    });
}

}  // namespace

int main(int, char** arguments) {
    Work work{arguments[1], std::strtoul(arguments[2], nullptr, 10)};
    gyre::run(fetch_all(work, std::strtoul(arguments[3], nullptr, 10)));
    std::cout << R"({"bytes": )" << work.bytes << "}\n";
}
