// An echo server on io_uring, by hand: multishot accept and receive, one kernel entry a batch.
// usage: echo_io_uring [BUFFER_SIZE BUFFERS]      BUFFERS: a power of two
#include "ring.hpp"

#include <deque>
#include <utility>

namespace {

enum Kind : std::uint64_t { accepted = 1, received = 2, sent = 3, kind_mask = 7 };

struct Connection {
    int descriptor;
    bool is_sending = false;
    bool is_closed = false;
    std::deque<std::pair<unsigned, std::size_t>> unsent;  // buffers and how full they are
};

class Server {
public:
    Server(unsigned buffer_size, unsigned buffers)
        : ring_(buffer_size, buffers), listener_(limit::listen_anywhere(0)) {}

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
            return handle_sent(*connection);
        }
    }

    void begin(int descriptor) {
        limit::set_no_delay(descriptor);
        auto* const connection = new Connection{descriptor, false, false, {}};
        ring_.receive(descriptor, tag(*connection, received));
    }

    void handle_received(Connection& connection, const io_uring_cqe& completion, bool has_ended) {
        if (completion.res > 0) {
            connection.unsent.emplace_back(
                completion.flags >> IORING_CQE_BUFFER_SHIFT, static_cast<std::size_t>(completion.res));
            if (!connection.is_sending) send_first(connection);
            if (has_ended) ring_.receive(connection.descriptor, tag(connection, received));
        } else if (completion.res == -ENOBUFS) {
            ring_.receive(connection.descriptor, tag(connection, received));
        } else {
            close(connection.descriptor);
            connection.is_closed = true;
            if (!connection.is_sending) delete &connection;
        }
    }

    void send_first(Connection& connection) {
        const auto [buffer, count] = connection.unsent.front();
        ring_.send(connection.descriptor, ring_.buffer(buffer), count, tag(connection, sent));
        connection.is_sending = true;
    }

    void handle_sent(Connection& connection) {
        ring_.give_back(connection.unsent.front().first);
        connection.unsent.pop_front();
        connection.is_sending = false;
        if (connection.is_closed && connection.unsent.empty()) return delete &connection;
        if (!connection.unsent.empty()) send_first(connection);
    }

    limit::Ring ring_;
    int listener_;
};

}  // namespace

int main(int count, char** arguments) {
    const auto number = [&](int index, unsigned otherwise) {
        return count > index ? static_cast<unsigned>(std::strtoul(arguments[index], nullptr, 10)) : otherwise;
    };
    Server(number(1, 4'096), number(2, 4'096)).run();
}
