#pragma once

#include "answer.hpp"
#include "connection.hpp"
#include "outgoing.hpp"
#include "pool.hpp"
#include "sending.hpp"
#include "speed_watch.hpp"

#include <gyre/core/task.hpp>
#include <gyre/http/body_reader.hpp>
#include <gyre/http/core/content_coding.hpp>
#include <gyre/http/core/message.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gyre::http::internal {

/// One request and its response on one connection, which it gives back to the pool when the body was read to its end.
/// Destroyed before that, it closes the connection.
class Exchange final : public Answer {
public:
    Exchange(std::shared_ptr<Pool> pool, std::unique_ptr<Connection> connection, const Outgoing& request);
    Exchange(const Exchange&) = delete;
    auto operator=(const Exchange&) -> Exchange& = delete;
    ~Exchange() override;

    /// Sends the head and the body of `request`, and reads the head of the final response. Once. The body may still be going
    /// out when this returns. @throws RequestError, and what the handler of interim responses throws.
    [[nodiscard]] auto run(WrittenHead head, const Outgoing& request) -> Task<void>;

    /// Did `run` fail because a kept connection was dead: before any byte of a response?
    [[nodiscard]] auto was_stale() const noexcept -> bool { return was_stale_; }

    /// The next piece of the body, decoded if that is wanted; empty at its end. @throws RequestError.
    [[nodiscard]] auto read() -> Task<std::span<const char>> override;
    [[nodiscard]] auto read_coded() -> Task<std::span<const char>> override;
    [[nodiscard]] auto take_stream() -> net::Stream override;
    [[nodiscard]] auto close() -> Task<void> override;

private:
    /// How far what has been received goes.
    enum class HeadStep : std::uint8_t { none, interim, final };

    /// Sends what goes without waiting. @return the rest.
    [[nodiscard]] auto send_now(std::string_view bytes) -> std::string_view;
    [[nodiscard]] auto send(std::string_view bytes) -> Task<void>;
    void note_send_error();
    [[nodiscard]] auto run_beside(WrittenHead head, const Outgoing& request) -> Task<void>;
    [[nodiscard]] auto write_limit() const -> WriteLimit;
    /// Takes the next head if it has come.
    [[nodiscard]] auto next_head() -> HeadStep;
    /// Has the final one come?
    [[nodiscard]] auto is_head_there() -> bool;
    void has_answered();
    /// The next head. @return whether it is that of the final response.
    [[nodiscard]] auto read_one_head() -> Task<bool>;
    [[nodiscard]] auto read_head() -> Task<void>;
    /// @return whether the body is to be sent: not if the final response is there.
    [[nodiscard]] auto wait_for_continue(Duration limit) -> Task<bool>;
    [[nodiscard]] auto read_continue() -> Task<bool>;
    /// How long a read may take now.
    [[nodiscard]] auto wait_limit() const -> Duration;
    /// Reads more, within the time limits. @return false at the end of the stream.
    [[nodiscard]] auto fill(RequestPhase phase, std::size_t size) -> Task<bool>;
    [[nodiscard]] auto fill_now(RequestPhase phase, std::size_t size) -> Task<bool>;
    /// Where the answer is no success, or none: cancels the sending, and waits for its end.
    [[nodiscard]] auto end_sending_in_vain() -> Task<void>;
    [[nodiscard]] auto is_sending() const noexcept -> bool { return sending_ && sending_->is_running(); }
    /// Reads more while the body is sent. @return empty once that has ended.
    [[nodiscard]] auto fill_while_sending(RequestPhase phase, std::size_t size) -> Task<std::optional<std::size_t>>;
    [[nodiscard]] auto fill_or_sent(std::size_t size) -> Task<std::optional<std::size_t>>;
    /// Once the sending has ended: what that means. @throws RequestError.
    void check_sending();
    void drop_connection() noexcept;
    /// The next event in what has been received; bytes without meaning of their own are consumed.
    [[nodiscard]] auto parse(RequestPhase phase) -> Event;
    [[nodiscard]] auto read_decoded() -> Task<std::span<const char>>;
    /// Decodes what has been received. @throws RequestError.
    [[nodiscard]] auto decode() -> std::string_view;
    void finish_decoding();
    void stream_ended(RequestPhase phase);
    void begin_body();
    void finish_with_what_is_there() noexcept;
    void finish() noexcept;
    void tell(ClientStep step, const TraceDetail& detail = {}) const noexcept {
        tracer_.tell(step, method_, url_, detail);
    }

    [[noreturn]] void fail(RequestPhase phase, std::string_view reason, std::exception_ptr cause = nullptr) override;
    [[noreturn]] void fail_timed_out(RequestPhase phase, std::string_view operation, Duration limit);
    [[noreturn]] void fail_too_slow(RequestPhase phase);
    void choose_next_read(std::size_t came) noexcept;

    /// Where reads of a body begin.
    static constexpr std::size_t body_read_size = 64 * 1024;

    std::shared_ptr<Pool> pool_;
    Tracer tracer_;
    std::unique_ptr<Connection> connection_;  ///< Null once it was given back or closed.
    ClientTimeouts timeouts_;
    SpeedWatch speed_;
    Time deadline_;                           ///< Of the whole request.
    std::string timeout_text_;                ///< What is said when that has passed; empty if there is none.
    std::size_t shown_ = 0;                   ///< Bytes of the stream's buffer that the caller looks at.
    std::size_t body_read_ = body_read_size;  ///< What the next read of the body asks for.
    std::vector<ContentCoding> codings_;      ///< What is to be decoded, in the order in which it was coded.
    std::optional<ContentDecoder> decoder_;
    std::string_view coded_;            ///< Received, and not yet decoded.
    std::shared_ptr<Sending> sending_;  ///< Of the body, beside this; null: it was sent before.
    InterimHandler on_interim_;
    std::size_t interim_ = 0;            ///< How many of those came.
    std::exception_ptr send_error_;      ///< Sending failed, and an early answer is being looked for.
    std::optional<RequestError> error_;  ///< Reading failed for good.
    bool offers_upgrade_;
    bool decodes_;
    bool requires_delimited_;
    bool may_be_kept_;
    bool has_answered_ = false;  ///< A byte of a response has come.
    bool has_head_ = false;      ///< That of the final response has come.
    bool was_stale_ = false;
    bool is_late_ = false;  ///< The deadline of the request has passed.
};

}  // namespace gyre::http::internal
