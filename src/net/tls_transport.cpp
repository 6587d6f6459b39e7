#include "net/tls_transport.hpp"

#include "net/busy.hpp"
#include "net/quiet.hpp"
#include "net/tls_text.hpp"

#include <gyre/core/loop.hpp>
#include <gyre/core/scope.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace gyre::net {

namespace {

/// A buffer of the caller's that is at least this large also serves to receive ciphertext into: a waiting read then pins no
/// memory of ours. Smaller ones would cost a system call for every few bytes.
constexpr std::size_t useful_room = 2048;

/// Our own room for ciphertext where there is no useful one.
constexpr std::size_t own_room = 4096;

/// What `close` takes off the layer below at most, so that the kernel need not answer unread bytes with a reset.
constexpr int drained_reads = 16;

/// As many reads may bring nothing but messages of TLS, when it is asked whether something has come; a peer that goes on is not quiet.
constexpr int reads_of_messages = 16;

}  // namespace

/// The task that waits for input; when it goes, however that happens, the next one may.
class TlsTransport::Receiving {
public:
    explicit Receiving(TlsTransport& transport) noexcept : transport_(transport) {
        transport_.receiving_ = true;
        transport_.received_.clear();
    }
    Receiving(const Receiving&) = delete;
    auto operator=(const Receiving&) -> Receiving& = delete;
    ~Receiving() {
        transport_.receiving_ = false;
        transport_.received_.set();
    }

private:
    TlsTransport& transport_;
};

/// The task that writes below. If it goes before all was written, part of a record may be out.
class TlsTransport::Sending {
public:
    explicit Sending(TlsTransport& transport) noexcept : transport_(transport) { transport_.sending_ = true; }
    Sending(const Sending&) = delete;
    auto operator=(const Sending&) -> Sending& = delete;
    ~Sending() {
        transport_.sending_ = false;
        if (!complete) transport_.torn_ = true;
    }

    bool complete = false;

private:
    TlsTransport& transport_;
};

TlsTransport::TlsTransport(std::unique_ptr<Transport> below, SslPointer ssl, std::string host, std::string peer)
    : below_(std::move(below)), engine_(std::move(ssl), std::move(host)), peer_(std::move(peer)) {}

auto TlsTransport::handshake() -> Task<void> {
    buffers_.join(this_loop());
    std::vector<std::byte> room(own_room);
    std::exception_ptr unsent;
    for (;;) {
        const auto step = engine_.handshake();
        if (step == TlsStep::failed) {
            co_await send_alert();
            throw error(engine_.failure());
        }
        // Session tickets go out with the first write: a client that does not read yet must not hold up its server.
        if (step == TlsStep::done && engine_.owes_tickets_only()) co_return;
        try {
            co_await flush();
        } catch (const IoError&) {
            // A peer that refuses says why before it goes, and that is the better error: read on.
            unsent = std::current_exception();
        }
        if (step == TlsStep::done && !unsent) co_return;
        if (step == TlsStep::done || ended_) break;
        co_await receive(room);
        if (ended_) break;
    }
    if (unsent) std::rethrow_exception(unsent);
    throw TlsError(std::make_error_code(std::errc::connection_reset), "tls", peer_,
        "the peer ended the connection during the handshake");
}

auto TlsTransport::read_some(std::span<std::byte> buffer) -> Task<std::size_t> {
    check_open("read");
    const internal::Busy busy(reading_, "read: another task is reading this connection");
    if (buffer.empty()) co_return 0;
    std::vector<std::byte> own;
    for (;;) {
        // First what lies here: bytes that have come already never wait for new ones.
        const auto [step, count] = engine_.read(buffer);
        if (step == TlsStep::done) co_return count;
        if (step == TlsStep::ended) co_return 0;
        if (step == TlsStep::failed) {
            co_await send_alert();
            throw error(engine_.failure());
        }
        if (ended_) throw error("the connection ended without a TLS goodbye: what was read may be truncated");
        auto room = buffer;
        if (buffer.size() < useful_room) {
            own.resize(own_room);
            room = own;
        }
        co_await receive(room);
    }
}

auto TlsTransport::wait_for_input() -> Task<void> {
    check_open("read");
    const internal::Busy busy(reading_, "read: another task is reading this connection");
    while (!ended_ && !engine_.has_failed() && !engine_.has_input()) {
        if (receiving_) {
            co_await received_.wait();
            co_return;
        }
        buffers_.give_back();
        {
            const Receiving receiving(*this);
            co_await below_->wait_for_input();
        }
        // A few bytes of a record are no reason to return: the caller would make room for what is not there yet.
        std::vector<std::byte> room(own_room);
        co_await receive(room);
    }
}

auto TlsTransport::take_messages() -> Task<bool> {
    check_open("read");
    const internal::Busy busy(reading_, "read: another task is reading this connection");
    std::vector<std::byte> room(own_room);
    for (int i = 0; i < reads_of_messages; ++i) {
        if (engine_.look() != TlsStep::needs_input || ended_) co_return false;
        auto asking = is_quiet(*below_);
        const bool is_all = co_await std::move(asking);
        if (is_all) co_return true;
        co_await receive(room);
    }
    co_return false;
}

auto TlsTransport::write_all(std::span<const std::byte> data) -> Task<void> {
    check_writable("write");
    const internal::Busy busy(writing_, "write: another task is writing to this connection");
    Sending sending(*this);
    std::vector<std::byte> room;
    while (!data.empty()) {
        const auto [step, count] = engine_.write(data);
        buffers_.used();
        data = data.subspan(count);
        if (step == TlsStep::failed) throw error(engine_.failure());
        if (engine_.has_output()) co_await flush();
        if (step != TlsStep::needs_input) continue;
        if (ended_) throw error("the peer ended the connection in the middle of a message");
        room.resize(own_room);
        co_await receive(room);
    }
    if (engine_.has_output()) co_await flush();
    sending.complete = true;
}

auto TlsTransport::shutdown_write() -> Task<void> {
    if (engine_.has_said_goodbye()) co_return;
    check_writable("shut down");
    const internal::Busy busy(writing_, "shutdown_write: another task is writing to this connection");
    Sending sending(*this);
    const auto step = co_await say_goodbye();
    if (step == TlsStep::failed) throw error(engine_.failure());
    if (step == TlsStep::needs_input) throw error("the peer ended the connection in the middle of a message");
    sending.complete = true;
}

auto TlsTransport::close() -> Task<void> {
    if (std::exchange(closed_, true)) co_return;
    // However this ends, the layer below is closed: a second close or abort is nothing to it.
    struct Dropping {
        explicit Dropping(Transport& transport) noexcept : below(transport) {}
        Dropping(const Dropping&) = delete;
        auto operator=(const Dropping&) -> Dropping& = delete;
        ~Dropping() { below.abort(); }
        Transport& below;
    };
    const Dropping dropping(*below_);
    co_await move_on_after(goodbye_limit, part());
}

void TlsTransport::abort() noexcept {
    closed_ = true;
    below_->abort();
}

/// Gets more ciphertext from below; or waits until another task has, or has given up.
auto TlsTransport::receive(std::span<std::byte> room) -> Task<void> {
    if (receiving_) {
        co_await received_.wait();
        co_return;
    }
    const Receiving receiving(*this);
    const auto count = co_await below_->read_some(room);
    if (count == 0) ended_ = true;
    engine_.feed(room.first(count));
    buffers_.used();
}

/// Writes all output below, also what is added meanwhile.
auto TlsTransport::flush() -> Task<void> {
    while (engine_.has_output()) {
        const auto output = engine_.take_output();
        const auto rest = std::span<const std::byte>(output).subspan(below_->write_now(output));
        if (!rest.empty()) co_await below_->write_all(rest);
    }
}

/// Tells the peer why, if it listens. A task that is sending takes the alert along.
auto TlsTransport::send_alert() -> Task<void> {
    if (sending_ || torn_) co_return;
    Sending sending(*this);
    try {
        co_await move_on_after(goodbye_limit, flush());
    } catch (const IoError&) {
        co_return;  // the peer has gone, and our own error says more
    }
    sending.complete = true;
}

/// Says goodbye as soon as the protocol allows it. @return `needs_input` if the peer ended the connection before that.
auto TlsTransport::say_goodbye() -> Task<TlsStep> {
    std::vector<std::byte> room;
    for (;;) {
        const auto step = engine_.say_goodbye();
        buffers_.used();
        co_await flush();
        if (step != TlsStep::needs_input || ended_) co_return step;
        room.resize(own_room);
        co_await receive(room);
    }
}

/// The polite end: goodbye, what lies unread, and the layer below.
auto TlsTransport::part() -> Task<void> {
    try {
        if (!torn_ && !sending_) {
            static_cast<void>(co_await say_goodbye());
        }
        std::array<std::byte, 1024> rest;
        for (int i = 0; i < drained_reads && !receiving_ && !ended_; ++i) {
            const auto count = co_await move_on_after(Duration::zero(), below_->read_some(rest));
            if (!count.has_value() || *count == 0) break;
        }
    } catch (const IoError&) {
        // The peer has gone: there is nobody to part from.
    }
    co_await below_->close();
}

void TlsTransport::check_open(std::string_view operation) const {
    if (closed_)
        throw IoError(
            std::make_error_code(std::errc::bad_file_descriptor), operation, peer_, "the connection is closed");
}

void TlsTransport::check_writable(std::string_view operation) const {
    check_open(operation);
    if (engine_.has_failed()) throw error(engine_.failure());
    if (torn_) throw error("an earlier write failed or was cancelled: the connection can only be closed");
    if (engine_.has_said_goodbye()) {
        throw IoError(std::make_error_code(std::errc::broken_pipe), operation, peer_, "this side was shut down before");
    }
}

void TlsTransport::check_pins(const std::vector<std::string>& pins) const {
    if (pins.empty()) return;
    const std::string shown = engine_.peer_key_sha256();
    if (std::find(pins.begin(), pins.end(), shown) != pins.end()) return;
    throw error("the key of its certificate is none of those pinned: its SHA-256 is " + shown);
}

auto TlsTransport::error(std::string_view text) const -> TlsError {
    return TlsError(protocol_error(), "tls", peer_, text);
}

}  // namespace gyre::net
