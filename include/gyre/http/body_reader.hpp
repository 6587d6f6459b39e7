#pragma once

#include <gyre/core/task.hpp>

#include <cstddef>
#include <optional>
#include <span>
#include <string>

namespace gyre::http {

namespace internal {

/// Where a body comes from: one piece after another.
class BodySource {
public:
    /// The next piece, empty at the end; it lives until the next call. On cancel: nothing is lost.
    [[nodiscard]] virtual auto read() -> Task<std::span<const char>> = 0;

protected:
    BodySource() = default;
    BodySource(const BodySource&) = default;
    auto operator=(const BodySource&) -> BodySource& = default;
    ~BodySource() = default;
};

}  // namespace internal

/// Reads the body of a message: of a request on the server, of a response on the client.
///
/// What is not read stays with the sender, who has to wait. One task at a time. Thread: its loop's.
/// On cancel, of every function here: nothing is lost, unless it says otherwise; reading may go on.
class BodyReader {
public:
    /// What a line may be long by default, in bytes, its end included.
    static constexpr std::size_t default_line_limit = 65'536;
    /// What `text` gathers by default at most, in bytes.
    static constexpr std::size_t default_text_limit = 64 * 1024 * 1024;

    explicit BodyReader(internal::BodySource& source) noexcept : source_(&source) {}
    BodyReader(const BodyReader&) = delete;
    auto operator=(const BodyReader&) -> BodyReader& = delete;

    /// The next piece, as it came; empty at the end, and again after that. It lives until the next call.
    /// @throws what reading the connection throws: on the server ProtocolError and IoError, on the client RequestError, and
    ///         TimeoutError once the total time of the request has passed.
    [[nodiscard]] auto read() -> Task<std::span<const char>>;

    /// The next line, without its "\n" or "\r\n". Empty optional at the end of the body; a last line without an end is a
    /// line. @throws LimitError if it is longer than `limit` bytes: what came stays, and can be read otherwise; as `read`.
    [[nodiscard]] auto read_line(std::size_t limit = default_line_limit) -> Task<std::optional<std::string>>;

    /// The rest of the body. @throws LimitError if it is longer than `limit` bytes; as `read`.
    /// On cancel: what it had gathered stays, and can be read again.
    [[nodiscard]] auto text(std::size_t limit = default_text_limit) -> Task<std::string>;

private:
    [[nodiscard]] auto held() const noexcept -> std::span<const char>;
    void hold(std::span<const char> piece);
    [[nodiscard]] auto take(std::size_t size) -> std::string;
    [[nodiscard]] auto read_held() -> Task<std::span<const char>>;

    internal::BodySource* source_;
    std::string buffer_;  ///< From `begin_` on: came, and was not handed out.
    std::size_t begin_ = 0;
    std::size_t searched_ = 0;  ///< No line ends before that place of `buffer_`.
};

}  // namespace gyre::http
