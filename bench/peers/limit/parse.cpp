// picohttpparser, as it is inside of h2o: pointers into the text, which it neither copies nor looks into: no framing, no rules between fields.
// usage: parse WORK COUNT SECONDS; prints a line of JSON for each round
#include "heads.hpp"

#include <cstddef>

// Of picohttpparser.h, which Debian's headers of h2o leave out.
extern "C" {
struct phr_header {
    const char* name;
    std::size_t name_len;
    const char* value;
    std::size_t value_len;
};
int phr_parse_request(const char* buf, std::size_t len, const char** method, std::size_t* method_len, const char** path,
    std::size_t* path_len, int* minor_version, phr_header* headers, std::size_t* num_headers, std::size_t last_len);
}

int main(int argc, char** argv) {
    return rounds::run_with_heads(argc, argv, [](std::string_view text) -> std::size_t {
        phr_header headers[100];
        const char* method = nullptr;
        const char* path = nullptr;
        std::size_t method_size = 0;
        std::size_t path_size = 0;
        std::size_t count = 100;
        int minor_version = 0;
        const int read = phr_parse_request(
            text.data(), text.size(), &method, &method_size, &path, &path_size, &minor_version, headers, &count, 0);
        return read == static_cast<int>(text.size()) && minor_version == 1 ? count : 0;
    });
}
