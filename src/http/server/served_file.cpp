#include "served_file.hpp"

#include "core/hex_text.hpp"
#include "http/wall_clock.hpp"
#include "os/file_state.hpp"

#include <gyre/core/errors.hpp>
#include <gyre/core/loop.hpp>
#include <gyre/http/core/conditions.hpp>
#include <gyre/http/core/range.hpp>
#include <gyre/http/server/http_error.hpp>

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

namespace gyre::http::internal {

namespace {

// A body up to that is read, and sent with its head.
constexpr std::size_t piece_bytes = 64 * 1024;

/// An error that says no more than that there is nothing to have.
auto means_not_found(const std::error_code& code) noexcept -> bool {
    constexpr std::array<std::errc, 8> answers{
        std::errc::no_such_file_or_directory,
        std::errc::not_a_directory,
        std::errc::too_many_symbolic_link_levels,
        std::errc::cross_device_link,
        std::errc::permission_denied,
        std::errc::filename_too_long,
        std::errc::no_such_device_or_address,
        std::errc::invalid_argument,
    };
    return std::ranges::any_of(answers, [&](std::errc answer) { return code == answer; });
}

/// Parts of a file, with what stands around them in a multipart body.
struct FileParts {
    explicit FileParts(fs::File opened) : file(std::move(opened)) {}

    struct Part {
        std::string before;
        ByteRange range;
    };

    fs::File file;
    std::vector<Part> parts;
    std::string after;
};

[[noreturn]] void throw_shrunk(const fs::File& file) {
    throw IoError(std::make_error_code(std::errc::io_error), "send", file.path(), "it became shorter while it was sent");
}

auto send_parts(std::shared_ptr<FileParts> content, BodyWriter& writer) -> Task<void> {
    for (const auto& part : content->parts) {
        if (!part.before.empty()) co_await writer.write(part.before);
        co_await writer.write_file(content->file, part.range.first, part.range.size);
    }
    if (!content->after.empty()) co_await writer.write(content->after);
}

/// The body: at once if it is short, else while it is sent.
auto with_content(Response response, std::shared_ptr<FileParts> content) -> Task<Response> {
    std::uint64_t length = content->after.size();
    for (const auto& part : content->parts) length += part.before.size() + part.range.size;
    if (content->parts.size() == 1 && content->after.empty() && length <= piece_bytes) {
        const auto range = content->parts.front().range;
        auto text = co_await content->file.pread(static_cast<std::size_t>(range.size), range.first);
        if (text.size() != range.size) throw_shrunk(content->file);
        response.body(std::move(text));
        co_return response;
    }
    response.fields().set("Content-Length", std::to_string(length));
    response.body() = BodyProducer([content = std::move(content)](BodyWriter& w) { return send_parts(content, w); });
    co_return response;
}

/// Lays a multipart/byteranges body out. RFC 9110 14.6.
void lay_out(FileParts& content, Response& response, const std::vector<ByteRange>& ranges, std::uint64_t size) {
    const std::string type(response.fields().get("Content-Type").value_or("application/octet-stream"));
    const auto boundary = gyre::internal::random_hex<16>();
    for (const auto& range : ranges) {
        std::string before = content.parts.empty() ? "--" : "\r\n--";
        before.append(boundary).append("\r\nContent-Type: ").append(type);
        before.append("\r\nContent-Range: ").append(content_range(range, size)).append("\r\n\r\n");
        content.parts.push_back({std::move(before), range});
    }
    content.after = "\r\n--" + boundary + "--\r\n";
    response.fields().set("Content-Type", "multipart/byteranges; boundary=" + boundary);
}

void append_number(std::uint64_t value, std::string& out) {
    std::array<char, 16> text{};
    const auto result = std::to_chars(text.data(), text.data() + text.size(), value, 16);
    out.append(text.data(), result.ptr);
}

/// The handler's, where it has set any.
auto validators_of(const ServedFile& served, const Response& response, std::chrono::sys_seconds now) -> Validators {
    std::string tag;
    append_number(static_cast<std::uint64_t>(served.info.modified.time_since_epoch().count()), tag);
    append_number(served.info.size, tag += '-');
    append_number(served.info.inode, tag += '-');
    if (!served.coding.empty()) tag.append("-").append(served.coding);
    Validators current;
    current.etag.emplace(tag);
    // Not after the Date of the response (RFC 9110 8.8.2.1), and in a year that can be written.
    const auto modified = std::chrono::floor<std::chrono::seconds>(served.info.modified);
    current.last_modified = std::clamp(modified, std::chrono::sys_seconds(), std::max(now, std::chrono::sys_seconds()));
    if (const auto own = response.fields().get("ETag")) current.etag = EntityTag::parse(*own);
    return current;
}

/// Without what describes a body that is not sent.
auto not_modified(Response response) -> Response {
    for (const auto* const name : {"Content-Type", "Content-Disposition", "Content-Encoding"}) {
        response.fields().remove(name);
    }
    response.body(std::string());
    response.set_status(304);
    return response;
}

auto refused(int status, const Response& response) -> Response {
    auto problem = Response::problem(status);
    for (const auto* const name : {"ETag", "Last-Modified", "Accept-Ranges", "Vary"}) {
        if (const auto value = response.fields().get(name)) problem.header(name, *value);
    }
    return problem;
}

/// The Range that is to be served, if any.
auto range_of(const Request& request, const Validators& current, std::chrono::sys_seconds now) -> std::string_view {
    if (request.method() != "GET" || !range_applies(request.fields(), current, now)) return {};
    const auto values = request.fields().get_all("Range");
    return values.size() == 1 ? values.front() : std::string_view();
}

auto open_here(std::filesystem::path path) -> Task<ServedFile> {
    auto file = co_await fs::open(std::move(path));
    const auto info = co_await file.info();
    co_return ServedFile(std::move(file), info);
}

}  // namespace

auto open_below(std::filesystem::path root, std::string path, bool follow_links) -> Task<ServedFile> {
    auto opening = gyre::internal::open_beneath(std::move(root), std::move(path), follow_links ? 0 : O_NOFOLLOW);
    auto opened = co_await std::move(opening);
    co_return ServedFile(fs::File::adopt(opened.descriptor.release(), std::move(opened.path)), opened.info);
}

auto open_served(Task<ServedFile> opening) -> Task<std::optional<ServedFile>> {
    try {
        auto served = co_await std::move(opening);
        co_return served;
    } catch (const IoError& error) {
        if (!means_not_found(error.code())) throw;
    }
    co_return std::nullopt;
}

auto answer_with(Request& request, Response base, ServedFile served) -> Task<Response> {
    const auto size = served.info.size;
    auto content = std::make_shared<FileParts>(std::move(served.file));
    if (base.status() == 200) {
        const auto now = this_loop().local<WallClock>().now();
        const auto current = validators_of(served, base, now);
        base.validators(current).fields().set("Accept-Ranges", "bytes");
        const auto condition = check_conditions(request.method(), request.fields(), current, now);
        if (condition == Precondition::not_modified) co_return not_modified(std::move(base));
        if (condition == Precondition::failed) co_return refused(412, base);

        const auto selection = select_ranges(range_of(request, current, now), size);
        if (selection.answer == RangeAnswer::unsatisfiable) {
            auto response = refused(416, base);
            response.header("Content-Range", unsatisfied_range(size));
            co_return response;
        }
        if (selection.ranges.size() == 1) {
            content->parts.push_back({{}, selection.ranges.front()});
            base.fields().set("Content-Range", content_range(selection.ranges.front(), size));
        }
        if (selection.ranges.size() > 1) lay_out(*content, base, selection.ranges, size);
        if (!selection.ranges.empty()) base.set_status(206);
    }
    if (request.method() == "HEAD") {
        base.fields().set("Content-Length", std::to_string(size));
        base.body(std::string());
        co_return base;
    }
    if (content->parts.empty()) content->parts.push_back({{}, ByteRange{0, size}});
    auto sending = with_content(std::move(base), std::move(content));
    auto response = co_await std::move(sending);
    co_return response;
}

auto open_source(Request& request, Response response) -> Task<Response> {
    const auto path = std::get<FileSource>(response.body()).path;
    auto served = co_await open_served(open_here(path));
    if (!served || !served->info.is_regular) throw HttpError(404);
    auto answering = answer_with(request, std::move(response), *std::move(served));
    auto answer = co_await std::move(answering);
    co_return answer;
}

}  // namespace gyre::http::internal
