// SOCKS5: whatever a proxy answers, in whatever pieces, the talk ends; it succeeds for the answers of RFC 1928 only, and what
// follows such an answer is the tunnel's, to the last byte.
// Input: a byte that chooses the pieces and whether there is a login, then all that the proxy sends.

#include "require.hpp"

#include <gyre/backend/sim.hpp>
#include <gyre/core/errors.hpp>
#include <gyre/core/loop.hpp>
#include <gyre/core/task_group.hpp>
#include <gyre/net/connect.hpp>
#include <gyre/net/listener.hpp>
#include <gyre/net/socks5.hpp>

#include <cstdint>
#include <optional>
#include <string>

using namespace gyre;
using gyre::http::testing::require;

namespace {

auto at(std::string_view bytes, std::size_t index) -> unsigned { return static_cast<unsigned char>(bytes[index]); }

/// What the tunnel must begin with; empty if the answers of the proxy are none that a client goes on after. RFC 1928 3, 6;
/// RFC 1929 2.
auto tunnel_of(std::string_view answers, bool has_login) -> std::optional<std::string> {
    if (answers.size() < 2 || at(answers, 0) != 5) return std::nullopt;
    const auto method = at(answers, 1);
    answers.remove_prefix(2);
    if (method == 2 && has_login) {
        if (answers.size() < 2 || at(answers, 1) != 0) return std::nullopt;
        answers.remove_prefix(2);
    } else if (method != 0) {
        return std::nullopt;
    }
    if (answers.size() < 5 || at(answers, 0) != 5 || at(answers, 1) != 0) return std::nullopt;
    const auto kind = at(answers, 3);
    if (kind == 3 && at(answers, 4) == 0) return std::nullopt;
    const std::size_t address = kind == 1 ? 4 : kind == 4 ? 16 : kind == 3 ? 1 + at(answers, 4) : 0;
    if (address == 0 || answers.size() < 4 + address + 2) return std::nullopt;
    return std::string(answers.substr(4 + address + 2));
}

/// Sends all at once and reads until the client has gone.
auto be_proxy(net::Listener& listener, std::string_view answers) -> Task<void> {
    auto stream = co_await listener.accept();
    try {
        co_await stream.write(answers);
        co_await stream.shutdown_write();
        const auto heard = co_await stream.read_all();
        require(heard.starts_with("\5"), "the client speaks SOCKS5");
    } catch (const IoError&) {}
}

auto be_client(std::uint16_t port, bool has_login) -> Task<std::optional<std::string>> {
    auto stream = co_await net::connect("127.0.0.1", port);
    auto login = has_login ? net::Socks5Login("user", "password") : net::Socks5Login();
    try {
        auto tunnel = co_await net::socks5_connect(std::move(stream), "host.example", 443, std::move(login));
        auto text = co_await tunnel.read_all();
        co_return text;
    } catch (const IoError&) {}
    co_return std::nullopt;
}

auto talk(std::string_view answers, bool has_login, std::optional<std::string>& tunnel) -> Task<void> {
    auto listener = co_await net::listen("127.0.0.1", 0);
    const auto port = listener.local_address().port();
    co_await task_group([&](TaskGroup& group) -> Task<void> {
        group.spawn(be_proxy(listener, answers));
        tunnel = co_await be_client(port, has_login);
    });
}

}  // namespace

extern "C" auto LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) -> int {
    std::string_view answers{reinterpret_cast<const char*>(data), size};
    if (answers.empty()) return 0;
    const auto choice = at(answers, 0);
    answers.remove_prefix(1);
    const bool has_login = (choice & 1U) != 0;
    backend::SimOptions sim;
    sim.longest_transfer = 1 + choice / 2;
    EventLoop loop(backend::make_sim_backend(sim));
    std::optional<std::string> tunnel;
    loop.run_until_complete(talk(answers, has_login, tunnel));
    loop.close();
    require(tunnel == tunnel_of(answers, has_login), "the tunnel begins where the answers end");
    return 0;
}
