// The echo server of libuv. What the kernel takes at once is written with uv_try_write; only the rest is queued.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

static char storage[65536]; /* shared: what is read is written before the next read */

static void on_closed(uv_handle_t *handle) { free(handle); }

static void on_written(uv_write_t *request, int status) {
    (void)status;
    free(request);
}

static void on_alloc(uv_handle_t *handle, size_t size, uv_buf_t *buffer) {
    (void)handle;
    (void)size;
    *buffer = uv_buf_init(storage, sizeof storage);
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer) {
    if (count < 0) {
        uv_close((uv_handle_t *)stream, on_closed);
        return;
    }
    if (count == 0) return;
    uv_buf_t message = uv_buf_init(buffer->base, (unsigned)count);
    int written = uv_try_write(stream, &message, 1);
    if (written == count) return;
    if (written < 0) written = 0;
    const size_t left = (size_t)count - (size_t)written;
    uv_write_t *request = malloc(sizeof *request + left);
    uv_buf_t rest = uv_buf_init((char *)(request + 1), (unsigned)left);
    memcpy(rest.base, buffer->base + written, left);
    if (uv_write(request, stream, &rest, 1, on_written) != 0) free(request);
}

static void on_connection(uv_stream_t *listener, int status) {
    if (status != 0) return;
    uv_tcp_t *connection = malloc(sizeof *connection);
    uv_tcp_init(listener->loop, connection);
    if (uv_accept(listener, (uv_stream_t *)connection) != 0) {
        uv_close((uv_handle_t *)connection, on_closed);
        return;
    }
    uv_tcp_nodelay(connection, 1);
    uv_read_start((uv_stream_t *)connection, on_alloc, on_read);
}

int main(void) {
    signal(SIGPIPE, SIG_IGN);
    uv_loop_t *loop = uv_default_loop();
    uv_tcp_t listener;
    struct sockaddr_in address;
    int size = sizeof address;
    uv_ip4_addr("127.0.0.1", 0, &address);
    uv_tcp_init(loop, &listener);
    uv_tcp_bind(&listener, (const struct sockaddr *)&address, 0);
    if (uv_listen((uv_stream_t *)&listener, 4096, on_connection) != 0) return 1;
    uv_tcp_getsockname(&listener, (struct sockaddr *)&address, &size);
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return uv_run(loop, UV_RUN_DEFAULT);
}
