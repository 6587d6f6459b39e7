/* The HTTP server of libh2o on its own event loop, with its own handler of files.
   usage: http FOLDER [CERTIFICATE KEY] */
#include <h2o.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static h2o_globalconf_t config;
static h2o_context_t context;
static h2o_accept_ctx_t accepting;

static int send_text(h2o_req_t *request, h2o_iovec_t type, h2o_iovec_t body) {
    static h2o_generator_t generator = {NULL, NULL};
    request->res.status = 200;
    request->res.reason = "OK";
    request->res.content_length = body.len;
    h2o_add_header(&request->pool, &request->res.headers, H2O_TOKEN_CONTENT_TYPE, NULL, type.base, type.len);
    h2o_start_response(request, &generator);
    h2o_send(request, &body, 1, H2O_SEND_STATE_FINAL);
    return 0;
}

static int on_plaintext(h2o_handler_t *self, h2o_req_t *request) {
    (void)self;
    return send_text(request, h2o_iovec_init(H2O_STRLIT("text/plain")), h2o_iovec_init(H2O_STRLIT("Hello, World!")));
}

static int on_json(h2o_handler_t *self, h2o_req_t *request) {
    (void)self;
    return send_text(request, h2o_iovec_init(H2O_STRLIT("application/json")),
                     h2o_iovec_init(H2O_STRLIT("{\"message\":\"Hello, World!\"}")));
}

static void on_accept(h2o_socket_t *listener, const char *error) {
    if (error != NULL) return;
    for (int i = 0; i < 64; ++i) {
        h2o_socket_t *connection = h2o_evloop_socket_accept(listener);
        if (connection == NULL) return;
        h2o_accept(&accepting, connection);
    }
}

static void use_tls(const char *certificate, const char *key) {
    accepting.ssl_ctx = SSL_CTX_new(TLS_server_method());
    SSL_CTX_use_certificate_chain_file(accepting.ssl_ctx, certificate);
    SSL_CTX_use_PrivateKey_file(accepting.ssl_ctx, key, SSL_FILETYPE_PEM);
    SSL_CTX_set_session_cache_mode(accepting.ssl_ctx, SSL_SESS_CACHE_OFF);
}

int main(int count, char **arguments) {
    signal(SIGPIPE, SIG_IGN);
    h2o_config_init(&config);
    config.http1.req_timeout = 600000;
    h2o_hostconf_t *host = h2o_config_register_host(&config, h2o_iovec_init(H2O_STRLIT("default")), 65535);
    h2o_create_handler(h2o_config_register_path(host, "/plaintext", 0), sizeof(h2o_handler_t))->on_req = on_plaintext;
    h2o_create_handler(h2o_config_register_path(host, "/json", 0), sizeof(h2o_handler_t))->on_req = on_json;
    h2o_file_register(h2o_config_register_path(host, "/files", 0), arguments[1], NULL, NULL, H2O_FILE_FLAG_NO_ETAG);
    h2o_context_init(&context, h2o_evloop_create(), &config);
    accepting.ctx = &context;
    accepting.hosts = config.hosts;
    if (count > 3) use_tls(arguments[2], arguments[3]);

    struct sockaddr_in address;
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int descriptor = socket(AF_INET, SOCK_STREAM, 0);
    socklen_t size = sizeof address;
    if (bind(descriptor, (struct sockaddr *)&address, size) != 0 || listen(descriptor, 4096) != 0) return 1;
    getsockname(descriptor, (struct sockaddr *)&address, &size);
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    h2o_socket_read_start(h2o_evloop_socket_create(context.loop, descriptor, H2O_SOCKET_FLAG_DONT_READ), on_accept);
    while (h2o_evloop_run(context.loop, INT32_MAX) == 0) {
    }
    return 0;
}
