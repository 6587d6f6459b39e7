// What the kernel backends cost: a request and its response on one thread, the receive that is started and cancelled, and
// the calls around them that never leave this process. One line each, in nanoseconds.

#include <gyre/backend/backend.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace {

using gyre::Time;
using gyre::backend::Backend;
using gyre::backend::Operation;
using gyre::backend::OperationKind;

constexpr std::size_t message_size = 64;

class Request final : public Operation {
public:
    void completed() noexcept override {}
};

/// One end of a connection with a buffer of its own.
struct End {
    int descriptor = -1;
    std::vector<char> bytes = std::vector<char>(message_size);
    Request receive;
    Request send;

    void prepare() {
        receive.kind = OperationKind::receive;
        send.kind = OperationKind::send;
        for (Request* request : {&receive, &send}) {
            request->descriptor = descriptor;
            request->buffer = bytes.data();
            request->size = bytes.size();
        }
    }
};

void require(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "failed: %s\n", what);
    std::exit(1);
}

void run(Backend& backend, Operation& operation) {
    if (backend.start(operation)) return;
    while (operation.in_flight) backend.wait(Time::max());
}

void connect(Backend& backend, int domain, End& client, End& server) {
    sockaddr_storage address{};
    socklen_t length = sizeof(sockaddr_in);
    if (domain == AF_INET) {
        auto& internet = reinterpret_cast<sockaddr_in&>(address);
        internet.sin_family = AF_INET;
        internet.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    } else {
        address.ss_family = AF_UNIX;
        length = sizeof(sa_family_t);  // the kernel chooses an abstract name
    }
    const int listener = backend.open_socket(domain, SOCK_STREAM, 0);
    require(backend.bind(listener, address, length) == 0 && backend.listen(listener, 1) == 0, "listen");
    require(backend.local_address(listener, address, length) == 0, "local_address");
    client.descriptor = backend.open_socket(domain, SOCK_STREAM, 0);
    Request operation;
    operation.kind = OperationKind::connect;
    operation.descriptor = client.descriptor;
    operation.address = &address;
    operation.address_length = length;
    run(backend, operation);
    require(operation.result == 0, "connect");
    operation.kind = OperationKind::accept;
    operation.descriptor = listener;
    operation.address = nullptr;
    run(backend, operation);
    server.descriptor = static_cast<int>(operation.result);
    backend.close(listener);
    client.prepare();
    server.prepare();
}

/// The best of several runs: what the code costs, without what the machine did besides.
template<class Function>
auto best_nanoseconds(int count, Function function) -> double {
    double best = 1e18;
    for (int repeat = 0; repeat < 7; ++repeat) {
        const auto start = std::chrono::steady_clock::now();
        for (int i = 0; i < count; ++i) function();
        const std::chrono::duration<double, std::nano> taken = std::chrono::steady_clock::now() - start;
        best = std::min(best, taken.count() / count);
    }
    return best;
}

void print(const Backend& backend, const char* what, double nanoseconds) {
    std::printf("%-9s %-58s %8.1f ns\n", std::string{backend.name()}.c_str(), what, nanoseconds);
}

void measure_ping_pong(Backend& backend, int domain, int connections, const char* what) {
    std::vector<std::unique_ptr<End>> clients;
    std::vector<std::unique_ptr<End>> servers;
    for (int i = 0; i < connections; ++i) {
        clients.push_back(std::make_unique<End>());
        servers.push_back(std::make_unique<End>());
        connect(backend, domain, *clients.back(), *servers.back());
    }
    const auto send_all = [&](std::vector<std::unique_ptr<End>>& senders, std::vector<std::unique_ptr<End>>& receivers) {
        for (const auto& receiver : receivers) static_cast<void>(backend.start(receiver->receive));
        for (const auto& sender : senders) static_cast<void>(backend.start(sender->send));
        while (backend.in_flight() > 0) backend.wait(Time::max());
    };
    const double nanoseconds = best_nanoseconds(20'000 / connections, [&] {
        send_all(clients, servers);
        send_all(servers, clients);
    });
    print(backend, what, nanoseconds / connections);
    for (const auto& end : clients) backend.close(end->descriptor);
    for (const auto& end : servers) backend.close(end->descriptor);
}

/// The floor: the same four system calls without any backend.
void measure_bare_calls() {
    int ends[2] = {};
    require(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0, "socketpair");
    char bytes[message_size] = {};
    const double nanoseconds = best_nanoseconds(20'000, [&] {
        for (int way = 0; way < 2; ++way) {
            require(::send(ends[way], bytes, sizeof bytes, 0) == sizeof bytes, "send");
            require(::recv(ends[1 - way], bytes, sizeof bytes, 0) == sizeof bytes, "recv");
        }
    });
    std::printf("%-9s %-58s %8.1f ns\n", "bare", "request + response, Unix, send and recv only", nanoseconds);
}

void measure_cancel(Backend& backend) {
    End client;
    End server;
    connect(backend, AF_INET, client, server);
    print(backend, "receive started, waited for, cancelled, confirmed", best_nanoseconds(20'000, [&] {
        static_cast<void>(backend.start(server.receive));
        backend.wait(Time::min());
        backend.cancel(server.receive);
        while (server.receive.in_flight) backend.wait(Time::max());
    }));
    Request poll;
    poll.kind = OperationKind::poll;
    poll.descriptor = server.descriptor;
    poll.events = POLLIN;
    print(backend, "poll started, waited for, cancelled, confirmed", best_nanoseconds(20'000, [&] {
        static_cast<void>(backend.start(poll));
        backend.wait(Time::min());
        backend.cancel(poll);
        while (poll.in_flight) backend.wait(Time::max());
    }));
    std::vector<Request> queued(64);
    for (Request& request : queued) {
        request.kind = OperationKind::receive;
        request.descriptor = server.descriptor;
        request.buffer = server.bytes.data();
        request.size = 1;
    }
    static_cast<void>(backend.start(server.receive));
    backend.wait(Time::min());
    print(backend, "start + cancel + tell, nothing left to the kernel", best_nanoseconds(5'000, [&] {
        for (Request& request : queued) static_cast<void>(backend.start(request));
        for (Request& request : queued) backend.cancel(request);
        backend.wait(Time::min());
    }) / 64);
    backend.cancel(server.receive);
    while (backend.in_flight() > 0) backend.wait(Time::max());
    backend.close(client.descriptor);
    backend.close(server.descriptor);
}

void measure_accept(Backend& backend) {
    sockaddr_storage address{};
    reinterpret_cast<sockaddr_in&>(address).sin_family = AF_INET;
    reinterpret_cast<sockaddr_in&>(address).sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof(sockaddr_in);
    const int listener = backend.open_socket(AF_INET, SOCK_STREAM, 0);
    require(backend.bind(listener, address, length) == 0 && backend.listen(listener, 1'024) == 0, "listen");
    require(backend.local_address(listener, address, length) == 0, "local_address");
    constexpr int batch = 32;
    std::vector<Request> connects(batch);
    std::vector<int> accepted(batch);
    Request accept;
    accept.kind = OperationKind::accept;
    accept.descriptor = listener;
    const linger abort{.l_onoff = 1, .l_linger = 0};  // no TIME_WAIT, so that ports last
    print(backend, "connect + accept + close, TCP, 32 at a time", best_nanoseconds(50, [&] {
        for (Request& request : connects) {
            request.kind = OperationKind::connect;
            request.descriptor = backend.open_socket(AF_INET, SOCK_STREAM, 0);
            request.address = &address;
            request.address_length = length;
            static_cast<void>(backend.set_option(request.descriptor, SOL_SOCKET, SO_LINGER, &abort, sizeof abort));
            static_cast<void>(backend.start(request));
        }
        for (int& descriptor : accepted) {
            run(backend, accept);
            require(accept.result >= 0, "accept");
            descriptor = static_cast<int>(accept.result);
        }
        while (backend.in_flight() > 0) backend.wait(Time::max());
        for (const Request& request : connects) backend.close(request.descriptor);
        for (const int descriptor : accepted) backend.close(descriptor);
    }) / batch);
    backend.close(listener);
}

void measure(Backend& backend) {
    measure_ping_pong(backend, AF_UNIX, 1, "request + response, Unix, 1 connection");
    measure_ping_pong(backend, AF_UNIX, 64, "request + response, Unix, 64 connections");
    measure_ping_pong(backend, AF_INET, 1, "request + response, TCP, 1 connection");
    measure_ping_pong(backend, AF_INET, 64, "request + response, TCP, 64 connections");
    measure_accept(backend);
    measure_cancel(backend);
    print(backend, "wait for nothing, not blocking", best_nanoseconds(100'000, [&] { backend.wait(Time::min()); }));
    print(backend, "wake + wait", best_nanoseconds(20'000, [&] {
        backend.wake();
        backend.wait(Time::max());
    }));
}

}  // namespace

int main() {
    measure_bare_calls();
    for (const char* name : {"epoll", "io_uring"}) {
        try {
            measure(*gyre::backend::make_backend(name));
        } catch (const std::system_error& error) {
            std::fprintf(stderr, "%s\n", error.what());
        }
    }
}
