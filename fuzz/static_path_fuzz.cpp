// Paths of files: whatever is asked for, the server sends what a plain reading of the path names below the directory, and
// nothing else; never what lies outside, whichever options it has.
// Input: a byte that chooses the options, then the target of a request behind its first slash.

#include "h1_fuzz_support.hpp"

#include <gyre/core/loop.hpp>
#include <gyre/http/core/percent.hpp>
#include <gyre/http/server/app.hpp>
#include <gyre/http/server/connection.hpp>
#include <gyre/testing/memory_stream.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>

using namespace gyre;
using namespace gyre::http;
using gyre::http::testing::require;
using gyre::http::testing::take_choice;

namespace {

namespace files = std::filesystem;

constexpr std::string_view secret = "what nobody may read 7f3a9c";

struct Choice {
    explicit Choice(unsigned bits)
        : hidden((bits & 1U) != 0),
          follow_links((bits & 2U) != 0),
          listing((bits & 4U) != 0),
          precompressed((bits & 8U) != 0) {}
    bool hidden;
    bool follow_links;
    bool listing;
    bool precompressed;
};

/// A directory with all kinds of names, and secrets around it. It goes when the program ends.
class Tree {
public:
    Tree() {
        std::string name = (files::temp_directory_path() / "gyre-static-path-XXXXXX").string();
        require(::mkdtemp(name.data()) != nullptr, "there is room for a directory");
        top_ = name;
        root = top_ / "site";
        for (const auto* folder : {"site/folder/deep", "site/.hidden", "site2", "outside"})
            files::create_directories(top_ / folder);
        for (const auto* outside : {"secret.txt", "outside/secret.txt", "outside/index.html", "site2/secret.txt"}) {
            std::ofstream(top_ / outside) << secret;
        }
        for (const auto* inside : {"index.html", "a.txt", "a b.txt", "%41.txt", "\xc3\xa4.txt", "folder/index.html",
                 "folder/deep/c.txt", ".htaccess", ".hidden/h.txt", "back\\slash.txt", "...", "folder/..txt"}) {
            std::ofstream(root / inside) << "inside: " << inside;
            bodies.emplace(inside, std::string("inside: ") + inside);
        }
        std::ofstream(root / "a.txt.gz") << "compressed";
        files::create_symlink("a.txt", root / "inner.txt");
        files::create_symlink("../secret.txt", root / "link.txt");
        files::create_symlink(top_ / "outside" / "secret.txt", root / "absolute.txt");
        files::create_directory_symlink("..", root / "up");
        files::create_directory_symlink("../../outside", root / "folder" / "out");
        files::create_directory_symlink("/proc/self/cwd", root / "magic");
    }
    Tree(const Tree&) = delete;
    auto operator=(const Tree&) -> Tree& = delete;
    ~Tree() {
        std::error_code ignored;
        files::remove_all(top_, ignored);
    }

    files::path root;
    std::map<std::string, std::string, std::less<>> bodies;

private:
    files::path top_;
};

auto tree() -> const Tree& {
    static const Tree instance;
    return instance;
}

auto handler_for(unsigned bits) -> const ExchangeHandler& {
    static std::array<ExchangeHandler, 16> handlers;
    auto& handler = handlers[bits];
    if (!handler) {
        const Choice choice(bits);
        App app;
        app.files("/", tree().root,
            {.listing = choice.listing,
                .hidden = choice.hidden,
                .follow_links = choice.follow_links,
                .precompressed = choice.precompressed});
        handler = app.handler();
    }
    return handler;
}

auto is_hex(char c) -> bool { return std::string_view("0123456789abcdefABCDEF").find(c) != std::string_view::npos; }

/// Read once, as RFC 3986 says; what is no escape stands for itself.
auto decoded(std::string_view text) -> std::string {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%' && i + 2 < text.size() && is_hex(text[i + 1]) && is_hex(text[i + 2])) {
            out += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
            i += 2;
        } else {
            out += text[i];
        }
    }
    return out;
}

/// The name below the directory that a path stands for; nothing if it must not stand for any.
auto name_of(std::string_view path, const Choice& choice) -> std::optional<std::string> {
    std::string name;
    for (;;) {
        const auto slash = path.find('/');
        const auto segment = decoded(path.substr(0, slash));
        const bool is_last = slash == path.npos;
        const bool is_bad = std::ranges::any_of(segment, [](unsigned char byte) { return byte < 0x20 || byte == 0x7f; });
        if (is_bad || segment.find_first_of("/\\") != segment.npos || segment == "." || segment == "..")
            return std::nullopt;
        if (segment.starts_with('.') && !choice.hidden) return std::nullopt;
        if (segment.empty() && !is_last) return std::nullopt;
        name += segment;
        if (is_last) break;
        name += '/';
        path.remove_prefix(slash + 1);
    }
    if (name.empty() || name.ends_with('/')) name += "index.html";
    return name;
}

struct Reply {
    int status = 0;
    std::string text;  ///< All of it.
    std::string body;
};

auto ask(const ExchangeHandler& handler, std::string request) -> Task<std::string> {
    ConnectionOptions options;
    options.disconnect_check_after = Duration::zero();  // it says at once that there is no more of it
    auto [client, server] = gyre::testing::memory_streams();
    co_await client.write(request);
    co_await client.shutdown_write();
    co_await serve_connection(std::move(server), handler, options);
    auto text = co_await client.read_all();
    co_return text;
}

auto reply_to(unsigned bits, std::string_view target) -> Reply {
    static auto* const loop = new EventLoop();  // as long as the program
    Reply reply;
    std::string request = "GET /";
    request.append(target).append(" HTTP/1.1\r\nHost: h\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n");
    reply.text = loop->run_until_complete(ask(handler_for(bits), std::move(request)));
    require(reply.text.starts_with("HTTP/1.1 ") && reply.text.size() > 12, "every request is answered");
    reply.status = std::stoi(reply.text.substr(9, 3));
    reply.body = reply.text.substr(reply.text.find("\r\n\r\n") + 4);
    return reply;
}

}  // namespace

extern "C" auto LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) -> int {
    std::string_view target{reinterpret_cast<const char*>(data), size};
    const auto given = take_choice(target);
    if (!given || target.size() > 4'000) return 0;
    for (const char c : target) {
        if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7f) return 0;  // the parser's affair
    }
    const auto bits = *given % 16;
    const Choice choice(bits);
    const auto reply = reply_to(bits, target);
    const bool is_echo = decoded(target).find(secret) != std::string::npos;
    require(is_echo || reply.text.find(secret) == std::string::npos, "what lies outside stays there");
    require(reply.status < 500, "no path is a fault of the server");
    if (reply.status == 400) return 0;  // no target of HTTP

    const auto name = name_of(target.substr(0, target.find('?')), choice);
    const auto known = name ? tree().bodies.find(*name) : tree().bodies.end();
    if (known != tree().bodies.end()) {
        require(reply.status == 200, "what is there is found");
        const bool is_coded = choice.precompressed && reply.body == "compressed";
        require(reply.body == known->second || is_coded, "and it is what the path names");
        return 0;
    }
    if (reply.status != 200) return 0;
    const bool is_listing = choice.listing && reply.body.starts_with("<!doctype html>");
    const bool is_link = choice.follow_links && name && reply.body.starts_with("inside: a.txt");
    require(name.has_value() && (is_listing || is_link || reply.body == "compressed"), "nothing else is sent");
    return 0;
}
