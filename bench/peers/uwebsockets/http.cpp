// The HTTP server of uWebSockets. It has no way to send files of its own.
// usage: http FOLDER [CERTIFICATE KEY]
#include <App.h>
#include <crypto/sni_tree.cpp>

#include <cstdio>

namespace {

template<class App>
void serve(App&& app) {
    app.get("/plaintext",
        [](auto* response, auto*) { response->writeHeader("Content-Type", "text/plain")->end("Hello, World!"); });
    app.get("/json", [](auto* response, auto*) {
        response->writeHeader("Content-Type", "application/json")->end(R"({"message":"Hello, World!"})");
    });
    app.listen("127.0.0.1", 0, [](us_listen_socket_t* socket) {
        if (socket == nullptr) return;
        std::printf("%d\n", us_socket_local_port(0, reinterpret_cast<us_socket_t*>(socket)));
        std::fflush(stdout);
    });
    app.run();
}

}  // namespace

auto main(int argc, char** argv) -> int {
    if (argc == 4) {
        serve(uWS::SSLApp({.key_file_name = argv[3], .cert_file_name = argv[2]}));
    } else {
        serve(uWS::App());
    }
}
