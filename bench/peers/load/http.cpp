// Asks an HTTP/1.1 server for one thing again and again. With TLS it offers version 1.3, one cipher suite and one group, so that
// every server does the same work; nothing is resumed.
// usage: http PORT PATH CONNECTIONS PIPELINE SECONDS plain|tls|handshake PROCESSES
// PIPELINE requests are sent together on each connection; `handshake` makes a new connection for each request.
#include "load.hpp"

#include <openssl/ssl.h>

#include <csignal>
#include <string_view>
#include <utility>

namespace {

std::string requests;
std::size_t pipelined = 1;
std::string_view mode;
int port = 0;
int set = -1;
SSL_CTX* tls = nullptr;
std::size_t answered = 0;  // connections that have, at least once
std::vector<char> storage(512 * 1024);

struct Connection {
    int descriptor = -1;
    SSL* session = nullptr;
    std::string head;      // of the response that is coming
    std::size_t body = 0;  // bytes of it that have not come
    bool in_body = false;
    std::size_t waited = 0;  // responses that have not come
    bool has_answered = false;
    double started = 0;
};

[[noreturn]] void die(const char* what) {
    std::fprintf(stderr, "load: %s\n", what);
    std::exit(1);
}

void open(Connection& connection, std::size_t index) {
    connection.descriptor = load::connect_to(port);
    epoll_event event{};
    event.events = EPOLLIN | EPOLLET;
    event.data.u64 = index;
    epoll_ctl(set, EPOLL_CTL_ADD, connection.descriptor, &event);
    connection.started = load::now();
    if (tls == nullptr) return;
    connection.session = SSL_new(tls);
    SSL_set_fd(connection.session, connection.descriptor);
    SSL_set_connect_state(connection.session);
    SSL_do_handshake(connection.session);  // sends the first message; its answer is an event
}

void close(Connection& connection) {
    if (connection.session != nullptr) SSL_free(connection.session);
    connection.session = nullptr;
    load::reset(connection.descriptor);
}

void ask(Connection& connection) {
    if (mode != "handshake") connection.started = load::now();
    connection.waited = pipelined;
    const auto size = static_cast<int>(requests.size());
    const auto sent = connection.session != nullptr ? SSL_write(connection.session, requests.data(), size)
                                                    : static_cast<int>(send(connection.descriptor, requests.data(),
                                                          requests.size(), MSG_NOSIGNAL));
    if (sent != size) die("the server did not take a request");
}

/// @return bytes, 0 when there are none now; ends the program at the end of the stream.
auto receive(Connection& connection, bool discard) -> std::size_t {
    if (connection.session != nullptr) {
        const int count = SSL_read(connection.session, storage.data(), static_cast<int>(storage.size()));
        if (count > 0) return static_cast<std::size_t>(count);
        if (SSL_get_error(connection.session, count) == SSL_ERROR_WANT_READ) return 0;
        die("TLS failed, or the server closed");
    }
    // A body that is not looked at need not be copied either: the load must not be what is measured.
    const std::size_t room = discard ? std::min(storage.size(), connection.body) : storage.size();
    const ssize_t count = recv(connection.descriptor, storage.data(), room, discard ? MSG_TRUNC : 0);
    if (count > 0) return static_cast<std::size_t>(count);
    if (count < 0 && errno == EAGAIN) return 0;
    die("the server closed");
}

auto length_of(std::string_view head) -> std::size_t {
    if (!head.starts_with("HTTP/1.1 200")) die("the answer is not 200");
    constexpr std::string_view name = "\r\ncontent-length:";
    for (std::size_t at = head.find("\r\n"); at != std::string_view::npos; at = head.find("\r\n", at + 2)) {
        if (head.size() - at < name.size() || strncasecmp(head.data() + at, name.data(), name.size()) != 0) continue;
        return std::strtoul(head.data() + at + name.size(), nullptr, 10);
    }
    die("the answer has no Content-Length");
}

/// Looks at what came. @return how many responses ended in it.
auto parse(Connection& connection, std::string_view bytes) -> std::size_t {
    std::size_t ended = 0;
    while (!bytes.empty()) {
        if (!connection.in_body) {
            // Heads are rarely cut: one that is whole is read in place.
            std::size_t end = std::string_view::npos;
            if (connection.head.empty() && (end = bytes.find("\r\n\r\n")) != std::string_view::npos) {
                connection.body = length_of(bytes.substr(0, end + 2));
                bytes.remove_prefix(end + 4);
            } else {
                const std::size_t before = connection.head.size();
                connection.head += bytes;
                end = connection.head.find("\r\n\r\n");
                if (end == std::string::npos) return ended;
                connection.body = length_of(std::string_view(connection.head).substr(0, end + 2));
                bytes.remove_prefix(end + 4 - before);
                connection.head.clear();
            }
            connection.in_body = true;
        }
        const std::size_t taken = std::min(bytes.size(), connection.body);
        connection.body -= taken;
        bytes.remove_prefix(taken);
        if (connection.body > 0) break;
        connection.in_body = false;
        ++ended;
    }
    return ended;
}

void advance(Connection& connection, std::size_t index, load::Window& window) {
    if (connection.session != nullptr && !SSL_is_init_finished(connection.session)) {
        const int done = SSL_do_handshake(connection.session);
        if (done != 1 && SSL_get_error(connection.session, done) == SSL_ERROR_WANT_READ) return;
        if (done != 1) die("the handshake failed");
        ask(connection);
    }
    for (;;) {
        const bool discards = connection.session == nullptr && connection.in_body && connection.body >= 4'096;
        const std::size_t count = receive(connection, discards);
        if (count == 0) return;
        std::size_t ended = 0;
        if (discards) {
            connection.body -= count;
            if (connection.body == 0) {
                connection.in_body = false;
                ended = 1;
            }
        } else {
            ended = parse(connection, {storage.data(), count});
        }
        if (window.is_open()) window.add_bytes(count);
        for (std::size_t i = 0; i < ended && window.is_open(); ++i) {
            window.done((load::now() - connection.started) * 1e6);
        }
        if (ended > 0 && !std::exchange(connection.has_answered, true)) ++answered;
        if (ended > connection.waited) die("more answers than questions");
        connection.waited -= ended;
        if (connection.waited > 0 || ended == 0) continue;
        if (mode != "handshake") {
            ask(connection);
        } else {
            close(connection);
            connection = {};
            connection.has_answered = true;
            return open(connection, index);
        }
    }
}

}  // namespace

int main(int count, char** arguments) {
    if (count < 8) return 2;
    load::raise_descriptor_limit();
    port = std::atoi(arguments[1]);
    std::vector<Connection> connections(std::strtoul(arguments[3], nullptr, 10));
    pipelined = std::strtoul(arguments[4], nullptr, 10);
    const double seconds = std::strtod(arguments[5], nullptr);
    mode = arguments[6];
    for (std::size_t i = 0; i < pipelined; ++i) {
        requests += std::string("GET ") + arguments[2] + " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
    }
    std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes with write(2)
    if (mode != "plain") {
        tls = SSL_CTX_new(TLS_client_method());
        SSL_CTX_set_min_proto_version(tls, TLS1_3_VERSION);
        SSL_CTX_set_ciphersuites(tls, "TLS_AES_128_GCM_SHA256");
        SSL_CTX_set1_groups_list(tls, "X25519");
        SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
    }
    set = epoll_create1(0);
    load::Window window(std::min(0.5, seconds / 4), seconds, arguments[7]);
    for (std::size_t i = 0; i < connections.size(); ++i) {
        open(connections[i], i);
        if (tls == nullptr) ask(connections[i]);
    }
    epoll_event events[256];
    while (window.turn(answered >= connections.size())) {
        const int ready = epoll_wait(set, events, 256, 100);
        for (int i = 0; i < ready; ++i) advance(connections[events[i].data.u64], events[i].data.u64, window);
    }
    window.report();
}
