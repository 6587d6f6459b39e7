#pragma once

#include "connection.hpp"
#include "speed_watch.hpp"
#include "tracer.hpp"
#include "upload.hpp"

#include <gyre/core/task.hpp>
#include <gyre/core/task_handle.hpp>
#include <gyre/http/body_writer.hpp>
#include <gyre/http/core/h1_writer.hpp>
#include <gyre/sync/event.hpp>

#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace gyre::http::internal {

class Outgoing;
class Pool;

/// How long one write to a server may take.
struct WriteLimit {
    Duration each;  ///< Zero or less: any time.
    Time deadline;  ///< Of the whole request.
};

/// Writes all of it, a piece at a time. @throws IoError, TimeoutError.
[[nodiscard]] auto write_within(net::Stream& stream, std::string_view bytes, WriteLimit limit) -> Task<void>;

/// The same, and at the speed that is wanted. A kernel that holds megabytes takes nothing for long while the peer takes them: what
/// counts then is what has arrived there. @return false: it goes too slowly. @throws as `write_within`.
[[nodiscard]] auto write_at_speed(net::Stream& stream, std::string_view bytes, SpeedQuota& speed, WriteLimit limit)
    -> Task<bool>;

/// The sending of a request's body beside the reading of the response, in a task of its own: it may go on after the head of
/// the response has come.
class Sending final : public BodySink {
public:
    /// Why it ended before its end.
    enum class Failure : std::uint8_t {
        none,
        stopped,     ///< it was told to
        connection,  ///< the server does not take more
        late,        ///< the server does not take more for too long
        slow,        ///< the server takes it too slowly
        body,        ///< making the body failed
    };

    /// @param connection must live until `abandon`, `keep_afterwards` or the end.
    Sending(Connection& connection, BodyEncoder encoder, WriteLimit limit, const Outgoing& request);
    Sending(const Sending&) = delete;
    auto operator=(const Sending&) -> Sending& = delete;
    ~Sending();

    /// Begins, when the head has been sent.
    static void start(const std::shared_ptr<Sending>& sending);

    [[nodiscard]] auto is_running() const noexcept -> bool { return !ended_.is_set(); }
    [[nodiscard]] auto ended() noexcept { return ended_.wait(); }
    /// Once it does not run any more.
    [[nodiscard]] auto failure() const noexcept -> Failure { return failure_; }
    [[nodiscard]] auto error() const noexcept -> const std::exception_ptr& { return error_; }

    /// Stops sending; the connection stays.
    void stop();
    /// Is the last byte on its way? A server may have taken it, and answered, before this is told.
    [[nodiscard]] auto is_at_end() const noexcept -> bool { return is_at_end_; }
    /// Keeps the connection for other requests when the last byte has gone.
    void keep_afterwards(std::unique_ptr<Connection> connection, std::shared_ptr<Pool> pool) noexcept;
    /// Drops the connection, which goes when nothing uses it any more. @param pool that it belongs to.
    void abandon(std::unique_ptr<Connection> connection, std::shared_ptr<Pool> pool) noexcept;

    /// A piece of the body. @throws ProtocolError, IoError, TimeoutError.
    [[nodiscard]] auto write(std::string_view piece) -> Task<void> override;

private:
    class AtEnd;

    [[nodiscard]] static auto run(AtEnd self) -> Task<void>;
    [[nodiscard]] auto send_body() -> Task<void>;
    [[nodiscard]] auto send(std::string_view bytes) -> Task<void>;
    [[nodiscard]] auto send_watched(std::string_view bytes) -> Task<void>;
    void check_whole() const;
    void tell_of_piece(std::size_t bytes) const noexcept;

    Connection* connection_;
    std::shared_ptr<Pool> pool_;             ///< Outlives the next.
    std::unique_ptr<Connection> abandoned_;  ///< Nobody else has it any more.
    BodyEncoder encoder_;
    WriteLimit limit_;
    SpeedQuota speed_;
    Tracer tracer_;
    std::string traced_method_;      ///< For the tracer, as long as somebody wants to know.
    std::optional<Url> traced_url_;  ///< So too.
    std::shared_ptr<const std::string> bytes_;
    std::shared_ptr<Upload> upload_;
    std::uint64_t left_;  ///< Of a body whose length is known.
    TaskHandle<void> task_;
    gyre::Event ended_{"the body of the request"};
    std::exception_ptr error_;
    bool is_at_end_ = false;
    bool is_kept_ = false;
    bool is_torn_ = false;                ///< A piece was begun, and has not come to its end: nothing can follow.
    Failure failure_ = Failure::stopped;  ///< Until it is known better: a cancelled task says nothing.
};

}  // namespace gyre::http::internal
