// An HTTP server on epoll, by hand: it looks for the blank line and the path, and nothing else; files go out with sendfile.
// TLS is OpenSSL on the socket itself.
// usage: http_epoll FOLDER [CERTIFICATE KEY]
#include "http_answers.hpp"
#include "limit.hpp"

#include <fcntl.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include <csignal>
#include <string>
#include <string_view>

namespace {

struct File {
    std::string head;
    int descriptor;
    std::size_t size;
};

struct Connection {
    int descriptor;
    SSL* session = nullptr;
    std::string unread;  // a head that is cut
    std::string unsent;
    const File* file = nullptr;  // that is being sent
    off_t offset = 0;
};

int set = -1;
SSL_CTX* tls = nullptr;
File small_file;
File large_file;
File largest_file;
char storage[64 * 1024];

auto open_file(const std::string& path) -> File {
    const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    struct stat status{};
    if (descriptor < 0 || fstat(descriptor, &status) < 0) limit::fail(path.c_str());
    const auto size = static_cast<std::size_t>(status.st_size);
    return {limit::head_of("application/octet-stream", size), descriptor, size};
}

void watch(int operation, Connection& connection, std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.ptr = &connection;
    epoll_ctl(set, operation, connection.descriptor, &event);
}

void drop(Connection& connection) {
    if (connection.session != nullptr) SSL_free(connection.session);
    close(connection.descriptor);
    delete &connection;
}

/// @return how many bytes went; -1 for an error.
auto put(Connection& connection, std::string_view bytes, int flags) -> ssize_t {
    if (connection.session == nullptr) {
        const ssize_t sent = send(connection.descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL | flags);
        return sent < 0 && errno == EAGAIN ? 0 : sent;
    }
    const int sent = SSL_write(connection.session, bytes.data(), static_cast<int>(bytes.size()));
    if (sent > 0) return sent;
    return SSL_get_error(connection.session, sent) == SSL_ERROR_WANT_WRITE ? 0 : -1;
}

/// Sends what is there to send. @return false when the connection has gone.
auto flush(Connection& connection) -> bool {
    while (!connection.unsent.empty()) {
        const ssize_t sent = put(connection, connection.unsent, connection.file != nullptr ? MSG_MORE : 0);
        if (sent < 0) return drop(connection), false;
        connection.unsent.erase(0, static_cast<std::size_t>(sent));
        if (sent == 0) return watch(EPOLL_CTL_MOD, connection, EPOLLIN | EPOLLOUT), true;
    }
    while (connection.file != nullptr) {
        const std::size_t left = connection.file->size - static_cast<std::size_t>(connection.offset);
        const ssize_t sent = sendfile(connection.descriptor, connection.file->descriptor, &connection.offset, left);
        if (sent < 0 && errno == EAGAIN) return watch(EPOLL_CTL_MOD, connection, EPOLLIN | EPOLLOUT), true;
        if (sent <= 0) return drop(connection), false;
        if (static_cast<std::size_t>(sent) == left) connection.file = nullptr;
    }
    return true;
}

void send_file(Connection& connection, const File& file) {
    connection.file = &file;
    connection.offset = 0;
    connection.unsent += file.head;
}

void answer(Connection& connection, std::string_view request) {
    const std::string_view target = request.substr(4, request.find(' ', 4) - 4);
    if (target == "/plaintext") {
        connection.unsent += limit::plaintext;
    } else if (target == "/json") {
        connection.unsent += limit::json;
    } else if (target == "/files/1k" || target == "/files/1m") {
        send_file(connection, target.back() == 'k' ? small_file : large_file);
    } else if (target == "/files/10m") {
        send_file(connection, largest_file);
    } else {
        connection.unsent += limit::not_found;
    }
}

void read(Connection& connection) {
    ssize_t count = 0;
    if (connection.session == nullptr) {
        count = recv(connection.descriptor, storage, sizeof storage, 0);
        if (count < 0 && errno == EAGAIN) return;
    } else {
        count = SSL_read(connection.session, storage, sizeof storage);
        if (count <= 0 && SSL_get_error(connection.session, static_cast<int>(count)) == SSL_ERROR_WANT_READ) return;
    }
    if (count <= 0) return drop(connection);
    std::string_view bytes(storage, static_cast<std::size_t>(count));
    if (!connection.unread.empty()) bytes = connection.unread += bytes;
    for (;;) {
        const std::size_t end = bytes.find("\r\n\r\n");
        if (end == std::string_view::npos) break;
        answer(connection, bytes.substr(0, end));
        bytes.remove_prefix(end + 4);
    }
    connection.unread = std::string(bytes);
    static_cast<void>(flush(connection));
}

void accept_all(int listener) {
    for (;;) {
        const int descriptor = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK);
        if (descriptor < 0) return;
        limit::set_no_delay(descriptor);
        auto* const connection = new Connection{.descriptor = descriptor};
        watch(EPOLL_CTL_ADD, *connection, EPOLLIN);
        if (tls == nullptr) continue;
        connection->session = SSL_new(tls);
        SSL_set_fd(connection->session, descriptor);
        SSL_set_accept_state(connection->session);
    }
}

}  // namespace

int main(int count, char** arguments) {
    std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes with write(2)
    small_file = open_file(std::string(arguments[1]) + "/1k");
    large_file = open_file(std::string(arguments[1]) + "/1m");
    largest_file = open_file(std::string(arguments[1]) + "/10m");
    if (count > 3) {
        tls = SSL_CTX_new(TLS_server_method());
        SSL_CTX_use_certificate_chain_file(tls, arguments[2]);
        SSL_CTX_use_PrivateKey_file(tls, arguments[3], SSL_FILETYPE_PEM);
        SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
        SSL_CTX_set_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    }
    const int listener = limit::listen_anywhere(SOCK_NONBLOCK);
    set = epoll_create1(0);
    Connection listening{.descriptor = listener};
    watch(EPOLL_CTL_ADD, listening, EPOLLIN);
    epoll_event events[256];
    for (;;) {
        const int ready = epoll_wait(set, events, 256, -1);
        for (int i = 0; i < ready; ++i) {
            auto& connection = *static_cast<Connection*>(events[i].data.ptr);
            if (&connection == &listening) {
                accept_all(listener);
            } else if ((events[i].events & EPOLLOUT) != 0) {
                if (flush(connection) && connection.unsent.empty() && connection.file == nullptr) {
                    watch(EPOLL_CTL_MOD, connection, EPOLLIN);
                }
            } else {
                read(connection);
            }
        }
    }
}
