// The echo server of libevent: events, of which one stays for all reads of a connection. A bufferevent would be shorter, and reads 4 KiB at a time.
#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* What the kernel did not take at once is kept in `rest`; until it has gone nothing is read. */
struct connection {
    struct event readable;
    struct event writable;
    char *rest;
    size_t size;
    size_t sent;
};

static char buffer[65536];

static void close_connection(struct connection *connection, evutil_socket_t descriptor) {
    event_del(&connection->readable);
    event_del(&connection->writable);
    close(descriptor);
    free(connection->rest);
    free(connection);
}

static void on_writable(evutil_socket_t descriptor, short events, void *own) {
    (void)events;
    struct connection *connection = own;
    const ssize_t sent = send(descriptor, connection->rest + connection->sent, connection->size - connection->sent, 0);
    if (sent < 0 && errno != EAGAIN) return close_connection(connection, descriptor);
    if (sent > 0) connection->sent += (size_t)sent;
    if (connection->sent < connection->size) return;
    free(connection->rest);
    connection->rest = NULL;
    event_del(&connection->writable);
    event_add(&connection->readable, NULL);
}

static void on_readable(evutil_socket_t descriptor, short events, void *own) {
    (void)events;
    struct connection *connection = own;
    const ssize_t received = recv(descriptor, buffer, sizeof buffer, 0);
    if (received < 0 && errno == EAGAIN) return;
    if (received <= 0) return close_connection(connection, descriptor);
    ssize_t sent = send(descriptor, buffer, (size_t)received, 0);
    if (sent < 0 && errno != EAGAIN) return close_connection(connection, descriptor);
    if (sent < 0) sent = 0;
    if (sent == received) return;
    connection->size = (size_t)(received - sent);
    connection->sent = 0;
    connection->rest = malloc(connection->size);
    if (connection->rest == NULL) return close_connection(connection, descriptor);
    memcpy(connection->rest, buffer + sent, connection->size);
    event_del(&connection->readable);
    event_add(&connection->writable, NULL);
}

static void on_connection(struct evconnlistener *listener, evutil_socket_t descriptor, struct sockaddr *address, int size,
                          void *unused) {
    (void)address;
    (void)size;
    (void)unused;
    const int one = 1;
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct event_base *base = evconnlistener_get_base(listener);
    struct connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL) {
        close(descriptor);
        return;
    }
    event_assign(&connection->readable, base, descriptor, EV_READ | EV_PERSIST, on_readable, connection);
    event_assign(&connection->writable, base, descriptor, EV_WRITE | EV_PERSIST, on_writable, connection);
    event_add(&connection->readable, NULL);
}

int main(void) {
    signal(SIGPIPE, SIG_IGN);
    struct event_config *config = event_config_new();
    event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST);
    struct event_base *base = event_base_new_with_config(config);
    struct sockaddr_in address;
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    struct evconnlistener *listener = evconnlistener_new_bind(base, on_connection, NULL, LEV_OPT_CLOSE_ON_FREE, 4096,
                                                              (struct sockaddr *)&address, sizeof address);
    if (listener == NULL) return 1;
    socklen_t size = sizeof address;
    getsockname(evconnlistener_get_fd(listener), (struct sockaddr *)&address, &size);
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return event_base_dispatch(base);
}
