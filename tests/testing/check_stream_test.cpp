// check_two_way_stream: the streams of gyre keep its rules, and it finds who does not.

#include "net/connected.hpp"
#include "net/tls_fixture.hpp"
#include "support/loops.hpp"

#include <gyre/testing/check_stream.hpp>

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <utility>

namespace gyre::testing {

namespace {

using Ends = std::pair<net::Stream, net::Stream>;

auto tcp_pair() -> Task<Ends> {
    auto both = co_await connected();
    co_return Ends(std::move(both.client), std::move(both.server));
}

auto memory_pair(MemoryOptions options) -> Task<Ends> { co_return memory_streams(options, options); }

/// A transport as one might write it, with one fault.
class Careless final : public net::Transport {
public:
    enum class Fault { none, reads_ahead, swallows_the_end };

    Careless(std::unique_ptr<net::Transport> below, Fault fault) noexcept : below_(std::move(below)), fault_(fault) {}

    auto read_some(std::span<std::byte> buffer) -> Task<std::size_t> override {
        const std::size_t size = co_await below_->read_some(buffer);
        if (fault_ == Fault::reads_ahead) co_await yield_now();  // cancelled here, the bytes are lost
        if (fault_ == Fault::swallows_the_end && size == 0) co_await sleep(1h);
        co_return size;
    }
    auto write_all(std::span<const std::byte> data) -> Task<void> override { return below_->write_all(data); }
    auto shutdown_write() -> Task<void> override { return below_->shutdown_write(); }
    auto close() -> Task<void> override { return below_->close(); }
    void abort() noexcept override { below_->abort(); }
    [[nodiscard]] auto local_address() const -> net::Address override { return below_->local_address(); }
    [[nodiscard]] auto peer_address() const -> net::Address override { return below_->peer_address(); }
    [[nodiscard]] auto is_closed() const noexcept -> bool override { return below_->is_closed(); }

private:
    std::unique_ptr<net::Transport> below_;
    Fault fault_;
};

auto careless_pair(Careless::Fault fault) -> Task<Ends> {
    MemoryConnection connection;
    co_return Ends(net::Stream(std::make_unique<Careless>(std::move(connection.client), fault)),
        net::Stream(std::make_unique<Careless>(std::move(connection.server), fault)));
}

}  // namespace

class CheckTwoWayStream : public OnLoops {};
GYRE_ON_LOOPS(CheckTwoWayStream);

TEST_P(CheckTwoWayStream, tcp_keeps_the_rules) { run(check_two_way_stream(tcp_pair)); }

GYRE_TEST(CheckTwoWayStreamKinds, memory_keeps_the_rules) {
    co_await check_two_way_stream([] { return memory_pair({}); });
    co_await check_two_way_stream([] { return memory_pair({.capacity = 10, .longest_transfer = 3}); });
}

GYRE_TEST(CheckTwoWayStreamKinds, tls_keeps_the_rules) {
    co_await check_two_way_stream([] { return secure_pair(); });
}

GYRE_TEST(CheckTwoWayStreamKinds, a_transport_of_one_s_own_keeps_the_rules) {
    co_await check_two_way_stream([] { return careless_pair(Careless::Fault::none); });
}

GYRE_TEST(CheckTwoWayStreamKinds, finds_what_breaks_a_rule) {
    const auto lost = co_await failure_of(check_two_way_stream([] { return memory_pair({.end_after = 1000}); }));
    EXPECT_EQ(lost, "check_two_way_stream: bytes arrive once and in order");
    const auto ahead = co_await failure_of(
        timeout(1h, check_two_way_stream([] { return careless_pair(Careless::Fault::reads_ahead); })));
    EXPECT_NE(ahead, "");
    const auto endless = co_await failure_of(
        check_two_way_stream([] { return careless_pair(Careless::Fault::swallows_the_end); }));
    EXPECT_NE(endless.find("10 s"), std::string::npos) << endless;
}

}  // namespace gyre::testing
