// Boost.Beast's parser of requests, which is for one message and so is made anew in the same place, with the memory of its fields taken from
// one block as in Beast's example of a fast server. It decides the framing; a limit of the head and of the body is on.
// usage: parse WORK COUNT SECONDS; prints a line of JSON for each round
#include "heads.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http.hpp>

#include <cstddef>
#include <new>
#include <optional>
#include <tuple>

namespace http = boost::beast::http;

namespace {

alignas(std::max_align_t) char block[16 * 1024];
std::size_t block_used = 0;
std::size_t pieces = 0;

/// Pieces one after another; all of it is free again when the last piece is given back.
template<class T>
struct Pieces {
    using value_type = T;

    Pieces() = default;
    template<class U>
    Pieces(const Pieces<U>&) {}

    T* allocate(std::size_t count) {
        const std::size_t size = (count * sizeof(T) + alignof(std::max_align_t) - 1) / alignof(std::max_align_t) *
                                 alignof(std::max_align_t);
        if (size > sizeof block - block_used) throw std::bad_alloc();
        char* const piece = block + block_used;
        block_used += size;
        ++pieces;
        return reinterpret_cast<T*>(piece);
    }
    void deallocate(T*, std::size_t) {
        if (--pieces == 0) block_used = 0;
    }
    template<class U>
    bool operator==(const Pieces<U>&) const {
        return true;
    }
};

using Parser = http::request_parser<http::empty_body, Pieces<char>>;

}  // namespace

int main(int argc, char** argv) {
    std::optional<Parser> parser;
    return rounds::run_with_heads(argc, argv, [&parser](std::string_view text) -> std::size_t {
        parser.emplace();
        parser->header_limit(16 * 1024);
        parser->body_limit(1024 * 1024);
        parser->eager(false);
        boost::beast::error_code error;
        const std::size_t read = parser->put(boost::asio::const_buffer(text.data(), text.size()), error);
        if (error || read != text.size() || !parser->is_done()) return 0;
        const auto& fields = parser->get();
        return static_cast<std::size_t>(std::distance(fields.begin(), fields.end()));
    });
}
