// TLS of http::Server: what a request knows of it, and certificates that change while it runs.

#include "app_harness.hpp"

#include <gyre/net/test_authority.hpp>

namespace gyre::testing {
namespace {

class HttpServerTls : public OnLoops {};
GYRE_ON_LOOPS(HttpServerTls);

auto tls_authority() -> const net::TestAuthority& {
    static const net::TestAuthority made;
    return made;
}

auto shown(const std::string& first_name) -> net::TlsServerOptions {
    const auto certificate = tls_authority().issue({first_name, "127.0.0.1"});
    net::TlsServerOptions options;
    options.certificate_pem(certificate.chain, certificate.key);
    return options;
}

/// The certificate that a new client of that port is shown.
auto certificate_at(std::uint16_t port) -> Task<std::string> {
    net::TlsClientOptions trust;
    trust.ca_pem(tls_authority().certificate());
    const net::TlsClientContext context(trust);
    auto stream = co_await net::connect_tls("127.0.0.1", port, context);
    const auto info = net::tls_info(stream);
    co_await stream.close();
    co_return info->peer_certificate;
}

TEST_P(HttpServerTls, requests_know_what_was_agreed_on) {
    http::App app;
    app.get("/", [](http::Request& request) -> Task<http::Response> {
        const auto* tls = request.tls();
        if (tls == nullptr) co_return http::Response::text("plain " + std::string(request.scheme()));
        std::string text = tls->version + " " + tls->peer_certificate;
        for (const auto& name : tls->peer_names) text.append(" ").append(name);
        text.append(tls->is_peer_verified ? " verified " : " unknown ").append(request.scheme());
        co_return http::Response::text(text);
    });
    run([&]() -> Task<> {
        auto options = shown("server");
        options.client_ca_pem(tls_authority().certificate()).client_certificate_optional();
        auto server = co_await http::Server::start(app, {.port = 0, .tls = &options});
        const std::string base = "https://127.0.0.1:" + std::to_string(server.port());
        net::TlsClientOptions trust;
        trust.ca_pem(tls_authority().certificate());
        {
            http::Client client({.base_url = base, .tls = &trust});
            co_await expect_text(client.get("/"), 200, "TLSv1.3  unknown https");
        }
        const auto alice = tls_authority().issue({"alice"});
        trust.certificate_pem(alice.chain, alice.key);
        {
            http::Client client({.base_url = base, .tls = &trust});
            co_await expect_text(client.get("/"), 200, "TLSv1.3 CN=alice DNS:alice verified https");
            co_await expect_text(client.get("/"), 200, "TLSv1.3 CN=alice DNS:alice verified https");
        }
        co_await server.stop(1s);
        co_await serve_app(
            app, [](http::Client& client) -> Task<> { co_await expect_text(client.get("/"), 200, "plain http"); });
    });
}

TEST_P(HttpServerTls, certificates_change_while_it_runs) {
    run([]() -> Task<> {
        const auto options = shown("first");
        http::App app;
        app.get("/", [](http::Request&) -> Task<http::Response> { co_return http::Response::text("hello"); });
        auto server = co_await http::Server::start(std::move(app), {.port = 0, .tls = &options});
        net::TlsClientOptions trust;
        trust.ca_pem(tls_authority().certificate());
        {
            http::Client old({.base_url = "https://127.0.0.1:" + std::to_string(server.port()), .tls = &trust});
            co_await expect_text(old.get("/"), 200, "hello");
            const auto before = co_await certificate_at(server.port());
            EXPECT_EQ(before, "CN=first");
            co_await server.reload_tls(shown("second"));
            const auto after = co_await certificate_at(server.port());
            EXPECT_EQ(after, "CN=second");
            const auto refused = co_await as_outcome(server.reload_tls(net::TlsServerOptions()));
            EXPECT_TRUE(failed_with<net::TlsError>(refused));
            const auto still = co_await certificate_at(server.port());
            EXPECT_EQ(still, "CN=second");
            co_await server.reload_tls();
            co_await expect_text(old.get("/"), 200, "hello");
            EXPECT_EQ(old.stats().open_connections, 1U) << "connections that are open go on";
        }
        co_await server.stop(1s);
        auto plain = co_await http::Server::start(http::App(), {.port = 0});
        const auto none = co_await as_outcome(plain.reload_tls());
        EXPECT_TRUE(failed_with<InvalidStateError>(none));
        co_await plain.stop(1s);
    });
}

auto write_certificate(std::filesystem::path directory, std::string name) -> Task<> {
    const auto certificate = tls_authority().issue({name, "127.0.0.1"});
    co_await fs::write_text(directory / "key.pem", certificate.key);
    co_await fs::write_text(directory / "chain.pem", certificate.chain);
}

TEST(HttpServerTlsFiles, are_read_anew_when_they_have_changed) {
    run([]() -> Task<> {
        int told = 0;
        this_loop().set_exception_handler([&](const ErrorContext&) { ++told; });
        auto directory = co_await fs::TemporaryDirectory::create();
        const auto path = directory.path();
        co_await write_certificate(path, "first");
        net::TlsServerOptions options;
        options.certificate((path / "chain.pem").string(), (path / "key.pem").string());
        http::ServerOptions server_options{.port = 0, .tls = &options, .tls_watch_interval = 10ms};
        auto server = co_await http::Server::start(http::App(), server_options);
        const auto first = co_await certificate_at(server.port());
        EXPECT_EQ(first, "CN=first");
        co_await fs::write_text(path / "chain.pem", "no certificate");
        for (int i = 0; i < 500 && told == 0; ++i) co_await sleep(10ms);
        EXPECT_GT(told, 0) << "files that cannot be used are told of";
        const auto still = co_await certificate_at(server.port());
        EXPECT_EQ(still, "CN=first");
        co_await write_certificate(path, "second");
        std::string now = "CN=first";
        for (int i = 0; i < 500 && now == "CN=first"; ++i) {
            co_await sleep(10ms);
            now = co_await certificate_at(server.port());
        }
        EXPECT_EQ(now, "CN=second");
        co_await server.stop(1s);
    });
}

TEST(HttpServerTlsLoops, change_on_every_loop) {
    run(
        []() -> Task<> {
            const auto options = shown("first");
            auto server = co_await http::Server::start(http::App(), {.port = 0, .loops = 2, .tls = &options});
            co_await server.reload_tls(shown("second"));
            for (int i = 0; i < 20; ++i) {
                const auto now = co_await certificate_at(server.port());
                EXPECT_EQ(now, "CN=second");
            }
            co_await server.stop(1s);
        },
        {.loops = 2});
}

}  // namespace
}  // namespace gyre::testing
