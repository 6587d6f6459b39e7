#include <gyre/core/errors.hpp>

#include <gyre/core/duration_text.hpp>
#include <gyre/core/promise_base.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace gyre {

namespace {

auto io_text(const std::error_code& code, std::string_view operation, std::string_view object, std::string_view detail)
    -> std::string {
    std::string text(operation);
    if (!object.empty()) text.append(" ").append(object);
    text.append(": ").append(detail.empty() ? code.message() : detail);
    return text;
}

}  // namespace

auto CancelCause::text() const -> std::string {
    std::string text = reason;
    const bool placed = where.line() != 0;
    if (!placed && who.empty()) return text;
    text += text.empty() ? "(cancelled" : " (cancelled";
    if (placed) text.append(" at ").append(internal::place_text(where));
    if (!who.empty()) text.append(" by task '").append(who).append("'");
    return text + ")";
}

auto to_string(CancelKind kind) noexcept -> std::string_view {
    static constexpr std::string_view names[] = {"request", "deadline", "sibling", "owner", "shutdown", "deadlock"};
    return names[static_cast<std::size_t>(kind)];
}

namespace {

// What ended at once needs no word about it.
constexpr Duration notable_end = std::chrono::milliseconds(1);

auto cancelled_text(const CancelCause& cause, Duration took) -> std::string {
    std::string text = "cancelled: " + cause.text();
    if (took >= notable_end) text += ", and took " + internal::duration_text(took) + " to end";
    return text;
}

}  // namespace

CancelledError::CancelledError(internal::CausePointer cause, Duration took)
    : std::runtime_error(cancelled_text(*cause, took)), cause_(std::move(cause)), took_(took) {}

IoError::IoError(std::error_code code, std::string_view operation, std::string_view object)
    : IoError(code, operation, object, {}) {}

IoError::IoError(std::error_code code, std::string_view operation, std::string_view object, std::string_view detail)
    : std::system_error(code), operation_(operation), object_(object), text_(io_text(code, operation, object, detail)) {}

auto describe(const std::exception_ptr& error) -> std::string {
    if (!error) return "no error";
    try {
        std::rethrow_exception(error);
    } catch (const std::exception& known) {
        return known.what();
    } catch (...) {
        return "an error of a type that is not a std::exception";
    }
}

namespace internal {

void throw_moved_from(std::string_view object) {
    throw InvalidStateError("this " + std::string(object) + " is empty: it was moved from");
}

void throw_empty_task() {
    throw InvalidStateError("this Task is empty: it was moved from, or awaited or spawned before");
}

}  // namespace internal
}  // namespace gyre
