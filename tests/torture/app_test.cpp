// What stands on the plain layers: applications, forms, files, redirects, compression, WebSockets, TLS.

#include "exchange.hpp"
#include "http/client/https_fixture.hpp"

#include <gyre/http/server/app.hpp>
#include <gyre/http/server/compress.hpp>

#include <filesystem>
#include <fstream>

namespace gyre::torture {
namespace {

using http::App;
using http::Client;
using http::Request;
using http::Response;

/// A directory with a file of 100,000 bytes.
class Site {
public:
    Site() : path_(std::filesystem::temp_directory_path() / ("gyre-torture-" + std::to_string(::getpid()))) {
        std::filesystem::create_directories(path_);
        std::ofstream(path_ / "file.txt") << std::string(100'000, 'f');
    }
    Site(const Site&) = delete;
    auto operator=(const Site&) -> Site& = delete;
    ~Site() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    [[nodiscard]] auto path() const -> const std::filesystem::path& { return path_; }

private:
    std::filesystem::path path_;
};

auto form_size(Request& request) -> Task<Response> {
    http::FormOptions options;
    options.memory_bytes = 1000;  // the file goes to the disk
    const auto form = co_await request.form_data(options);
    std::size_t size = 0;
    for (const auto& [name, value] : form.fields) size += value.size();
    for (const auto& file : form.files) {
        const auto text = co_await file.text();
        size += text.size();
    }
    co_return Response::text(std::to_string(size));
}

auto echo_messages(http::WebSocket& socket) -> Task<void> {
    while (true) {
        const auto message = co_await socket.receive();
        if (!message) co_return;
        co_await socket.send(message->text());
    }
}

auto scene_of(const Site& site) -> Scene {
    App app;
    app.use(http::compress());
    app.get("/hello/{name}", [](Request& request) -> Task<Response> {
        co_return Response::text(std::string(1000, 'h') + std::string(request.path_param("name")));
    });
    app.get("/away", [](Request&) -> Task<Response> { co_return Response::redirect("/hello/you"); });
    app.post("/form", form_size);
    app.files("/files", site.path());
    app.websocket("/socket", echo_messages);
    return {app.handler()};
}

auto get_text(Client& client, std::string url) -> Task<std::string> {
    auto response = co_await client.get(std::move(url));
    auto text = co_await response.text();
    expect_success(response.status());
    co_return text;
}

auto ask_hello(Client& client, const std::string& url) -> Task<void> {
    const auto text = co_await get_text(client, url + "hello/you");
    EXPECT_EQ(text.size(), 1003U);
}

auto ask_redirected(Client& client, const std::string& url) -> Task<void> {
    const auto text = co_await get_text(client, url + "away");
    EXPECT_EQ(text.size(), 1003U);
}

auto ask_file(Client& client, const std::string& url) -> Task<void> {
    const auto text = co_await get_text(client, url + "files/file.txt");
    EXPECT_EQ(text.size(), 100'000U);
}

auto ask_ranges(Client& client, const std::string& url) -> Task<void> {
    auto response = co_await client.get(url + "files/file.txt").header("Range", "bytes=0-9,1000-1009");
    const auto text = co_await response.text();
    if (response.status() != 206) throw std::runtime_error("the server failed");
    EXPECT_NE(text.find("ffffffffff"), std::string::npos);
}

auto send_form(Client& client, const std::string& url) -> Task<void> {
    http::MultipartBody form;
    form.add("name", "value").add_file("file", "a.txt", std::string(5000, 'x'));
    auto response = co_await client.post(url + "form").multipart(std::move(form));
    const auto text = co_await response.text();
    expect_success(response.status());
    EXPECT_EQ(text, "5005");
}

auto talk(Client& client, const std::string& url) -> Task<void> {
    auto socket = co_await client.websocket(url + "socket");
    const std::string sent(3000, 'w');
    co_await socket.send(sent);
    const auto message = co_await socket.receive();
    if (!message) throw std::runtime_error("the server failed");
    EXPECT_EQ(message->text(), sent);
    co_await socket.close();
}

class AppTorture : public ::testing::Test {
protected:
    void fail_each(const Ask& ask) const {
        const auto scene = scene_of(site_);
        run(scene, ask, {});
        run(scene, ask, {.in_a_row = 3});
    }

    Site site_;
};

TEST_F(AppTorture, any_allocation_of_a_compressed_answer_may_fail) { fail_each(ask_hello); }

TEST_F(AppTorture, any_allocation_of_a_redirect_may_fail) { fail_each(ask_redirected); }

TEST_F(AppTorture, any_allocation_of_a_file_may_fail) { fail_each(ask_file); }

TEST_F(AppTorture, any_allocation_of_ranges_may_fail) { fail_each(ask_ranges); }

TEST_F(AppTorture, any_allocation_of_a_form_may_fail) { fail_each(send_form); }

TEST_F(AppTorture, any_allocation_of_a_websocket_may_fail) { fail_each(talk); }

TEST_F(AppTorture, any_allocation_of_a_tls_connection_may_fail) {
    const auto context = testing::https_context(testing::https_authority().issue({"127.0.0.1"}));
    auto scene = scene_of(site_);
    scene.tls = &context;
    scene.client = testing::https_client_options();
    run(scene, ask_hello, {});
    run(scene, ask_hello, {.on_new_connections = true});
}

}  // namespace
}  // namespace gyre::torture
