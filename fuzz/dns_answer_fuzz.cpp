// Answers of name servers: whatever they say, in whatever number, a question ends or waits; addresses stand in what was
// received; and what is kept of it is kept for a bounded time.
// Input: answers, each with its length in two bytes in front. The number of the question is put in, and the question too if
// the first bit of the length says so, so that what follows is looked at.

#include "require.hpp"

#include "net/ares_resolver.hpp"
#include "net/name_cache.hpp"

#include <gyre/core/loop.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

using namespace gyre;
using gyre::http::testing::require;

namespace {

constexpr std::size_t header_bytes = 12;
constexpr int most_rounds = 12;  // more than the questions that one name leads to

/// A name server that says what the input says.
class Server {
public:
    Server() : descriptor_(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
        sockaddr_in here{};
        here.sin_family = AF_INET;
        here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof here;
        auto* const address = reinterpret_cast<sockaddr*>(&here);
        const bool is_bound = descriptor_ >= 0 && ::bind(descriptor_, address, size) == 0 &&
                              ::getsockname(descriptor_, address, &size) == 0;
        require(is_bound, "there is a socket");
        text_ = "127.0.0.1:" + std::to_string(ntohs(here.sin_port));
    }
    Server(const Server&) = delete;
    auto operator=(const Server&) -> Server& = delete;
    ~Server() { ::close(descriptor_); }

    [[nodiscard]] auto text() const -> const std::string& { return text_; }

    /// Answers all that has been asked, as long as there is something to say.
    void answer(std::string_view& input, std::string& sent) {
        std::array<char, 1024> question{};
        for (;;) {
            sockaddr_storage peer{};
            socklen_t peer_size = sizeof peer;
            auto* const address = reinterpret_cast<sockaddr*>(&peer);
            const auto count = ::recvfrom(descriptor_, question.data(), question.size(), 0, address, &peer_size);
            if (count < 0) return;
            const auto reply = next_reply(input, {question.data(), static_cast<std::size_t>(count)});
            if (reply.empty()) continue;
            sent += reply;
            (void)::sendto(descriptor_, reply.data(), reply.size(), 0, address, peer_size);
        }
    }

private:
    static auto next_reply(std::string_view& input, std::string_view question) -> std::string {
        if (input.size() < 2) return {};
        const auto first = static_cast<unsigned char>(input[0]);
        const std::size_t size = (first & 0x7FU) * 256U + static_cast<unsigned char>(input[1]);
        std::string reply(input.substr(2, size));
        input.remove_prefix(2 + reply.size());
        const bool is_to_the_question = (first & 0x80U) != 0;
        if (is_to_the_question && reply.size() >= header_bytes) {
            // RFC 1035 4.1: the header, then the question as it was asked, without what EDNS has added.
            const auto end = question.find('\0', header_bytes);
            if (end != question.npos) reply.insert(header_bytes, question.substr(header_bytes, end + 5 - header_bytes));
            reply[4] = 0;
            reply[5] = 1;
        }
        if (reply.size() >= 2) reply.replace(0, 2, question.substr(0, 2));
        return reply;
    }

    int descriptor_;
    std::string text_;
};

void check_answer(const internal::Lookup& lookup, const std::string& sent) {
    const auto& answer = lookup.answer();
    require(answer.error.value() != 0 || !answer.addresses.empty(), "an answer has an address or an error");
    for (const auto& address : answer.addresses) {
        require(address.is_ip(), "every address is one of IP");
        const auto ip = address.ip();
        std::array<char, 16> bytes{};
        const bool is_six = address.family() == AF_INET6;
        require(::inet_pton(address.family(), ip.c_str(), bytes.data()) == 1, "every address can be written");
        require(sent.find({bytes.data(), is_six ? 16U : 4U}) != std::string::npos, "every address was told");
    }
    internal::NameCache cache;
    const auto now = Time();
    cache.store("fuzz.example", answer, now);
    const auto* const kept = cache.find("fuzz.example", now);
    if (kept != nullptr) require(kept->addresses.size() == answer.addresses.size(), "it is kept whole");
    require(cache.find("fuzz.example", now + internal::NameCache::longest) == nullptr, "nothing is kept for ever");
}

}  // namespace

extern "C" auto LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) -> int {
    static auto* const loop = new EventLoop();  // as long as the program
    static Server server;
    std::string_view input{reinterpret_cast<const char*>(data), size};
    std::string sent;
    std::string_view nothing;
    server.answer(nothing, sent);  // what the run before has left
    auto lookup = std::make_shared<internal::Lookup>("fuzz.example");
    {
        internal::AresResolver resolver(*loop);
        resolver.use_servers(server.text());
        resolver.start(lookup);
        for (int round = 0; round < most_rounds && !lookup->is_done(); ++round) {
            server.answer(input, sent);
            loop->poll();
        }
    }
    if (lookup->is_done()) check_answer(*lookup, sent);
    return 0;
}
