#pragma once

#include <gyre/core/async_generator.hpp>
#include <gyre/core/task.hpp>
#include <gyre/http/body_writer.hpp>
#include <gyre/http/core/multipart_body.hpp>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace gyre::http::internal {

/// The body of a request that is made while it is sent.
class Upload {
public:
    Upload() = default;
    Upload(const Upload&) = delete;
    auto operator=(const Upload&) -> Upload& = delete;
    virtual ~Upload() = default;

    /// Before each sending: how long the body is, if that is known. @throws IoError.
    [[nodiscard]] virtual auto measure() -> Task<std::optional<std::uint64_t>> = 0;
    /// Makes the body. @throws what making it throws.
    [[nodiscard]] virtual auto produce(BodyWriter& writer) -> Task<void> = 0;
    /// Can it be made once more?
    [[nodiscard]] virtual auto can_begin() const noexcept -> bool { return true; }
};

/// What a function of the caller writes. @param length if it is known.
[[nodiscard]] auto upload_of(BodyProducer producer, std::optional<std::uint64_t> length) -> std::shared_ptr<Upload>;
[[nodiscard]] auto upload_of(AsyncGenerator<std::string> pieces, std::optional<std::uint64_t> length)
    -> std::shared_ptr<Upload>;
[[nodiscard]] auto upload_of(std::filesystem::path path) -> std::shared_ptr<Upload>;
[[nodiscard]] auto upload_of(MultipartBody form) -> std::shared_ptr<Upload>;

}  // namespace gyre::http::internal
