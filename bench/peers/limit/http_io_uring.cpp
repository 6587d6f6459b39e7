// An HTTP server on io_uring, by hand: multishot accept and receive, one kernel entry a batch; it looks for the blank line and the
// path, and nothing else. What is in memory only: files and TLS are the business of http_epoll.cpp.
// usage: http_io_uring [anything]
#include "http_answers.hpp"
#include "ring.hpp"

#include <string>
#include <string_view>

namespace {

enum Kind : std::uint64_t { accepted = 1, received = 2, sent = 3, kind_mask = 7 };

struct Connection {
    int descriptor;
    bool is_sending = false;
    bool is_closed = false;
    std::string unread;  // a head that is cut
    std::string unsent;
    std::string sending;
};

class Server {
public:
    Server() : ring_(4'096, 4'096), listener_(limit::listen_anywhere(0)) {}

    [[noreturn]] void run() {
        ring_.accept(listener_, accepted);
        for (;;) {
            ring_.turn([this](const io_uring_cqe& completion) { handle(completion); });
        }
    }

private:
    static auto tag(Connection& connection, Kind kind) -> std::uint64_t {
        return reinterpret_cast<std::uintptr_t>(&connection) | kind;
    }

    void handle(const io_uring_cqe& completion) {
        const bool has_ended = (completion.flags & IORING_CQE_F_MORE) == 0;
        auto* const connection = reinterpret_cast<Connection*>(completion.user_data & ~std::uint64_t{kind_mask});
        switch (completion.user_data & kind_mask) {
        case accepted:
            if (completion.res >= 0) begin(completion.res);
            if (has_ended) ring_.accept(listener_, accepted);
            return;
        case received:
            return handle_received(*connection, completion, has_ended);
        default:
            return handle_sent(*connection, completion);
        }
    }

    void begin(int descriptor) {
        limit::set_no_delay(descriptor);
        auto* const connection = new Connection{.descriptor = descriptor};
        ring_.receive(descriptor, tag(*connection, received));
    }

    static void answer(Connection& connection, std::string_view request) {
        const std::string_view target = request.substr(4, request.find(' ', 4) - 4);
        connection.unsent += target == "/plaintext" ? limit::plaintext
                             : target == "/json"    ? limit::json
                                                    : limit::not_found;
    }

    void handle_received(Connection& connection, const io_uring_cqe& completion, bool has_ended) {
        if (completion.res > 0) {
            const unsigned buffer = completion.flags >> IORING_CQE_BUFFER_SHIFT;
            std::string_view bytes(ring_.buffer(buffer), static_cast<std::size_t>(completion.res));
            if (!connection.unread.empty()) bytes = connection.unread += bytes;
            for (;;) {
                const std::size_t end = bytes.find("\r\n\r\n");
                if (end == std::string_view::npos) break;
                answer(connection, bytes.substr(0, end));
                bytes.remove_prefix(end + 4);
            }
            connection.unread = std::string(bytes);
            ring_.give_back(buffer);
            if (!connection.is_sending && !connection.unsent.empty()) send(connection);
            if (has_ended) ring_.receive(connection.descriptor, tag(connection, received));
        } else if (completion.res == -ENOBUFS) {
            ring_.receive(connection.descriptor, tag(connection, received));
        } else {
            close(connection.descriptor);
            connection.is_closed = true;
            if (!connection.is_sending) delete &connection;
        }
    }

    void send(Connection& connection) {
        connection.sending.swap(connection.unsent);
        connection.unsent.clear();
        connection.is_sending = true;
        ring_.send(connection.descriptor, connection.sending.data(), connection.sending.size(), tag(connection, sent));
    }

    void handle_sent(Connection& connection, const io_uring_cqe& completion) {
        connection.is_sending = false;
        if (connection.is_closed) return delete &connection;
        if (completion.res >= 0 && !connection.unsent.empty()) send(connection);
    }

    limit::Ring ring_;
    int listener_;
};

}  // namespace

int main() { Server().run(); }
