#pragma once

#include <gyre/http/core/fields.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gyre::http {

/// Names one state of what a URL stands for, as ETag has it: `"abc"`, or `W/"abc"`, which promises equal meaning only and not
/// equal bytes. Thread: none of its own; a value. Source: RFC 9110 8.8.3.
class EntityTag {
public:
    /// @param opaque what stands between the quotes. @throws std::invalid_argument if it has a quote, a space or a control.
    explicit EntityTag(std::string_view opaque, bool is_weak = false);

    /// Reads the value of an ETag. Empty if it is none.
    [[nodiscard]] static auto parse(std::string_view text) -> std::optional<EntityTag>;

    [[nodiscard]] auto opaque() const noexcept -> const std::string& { return opaque_; }
    [[nodiscard]] auto is_weak() const noexcept -> bool { return is_weak_; }
    /// With its quotes, as a field has it.
    [[nodiscard]] auto to_string() const -> std::string;

    /// Equal, and both strong: the same bytes.
    [[nodiscard]] auto matches_strongly(const EntityTag& other) const noexcept -> bool {
        return !is_weak_ && !other.is_weak_ && opaque_ == other.opaque_;
    }
    /// Equal, weak or not: one is as good as the other.
    [[nodiscard]] auto matches_weakly(const EntityTag& other) const noexcept -> bool {
        return opaque_ == other.opaque_;
    }

    friend auto operator==(const EntityTag&, const EntityTag&) -> bool = default;

private:
    std::string opaque_;
    bool is_weak_;
};

/// What is known of the present state of a resource, to compare a request's conditions with.
struct Validators {
    Validators() = default;
    /// @param tag      as `EntityTag::to_string` writes it. @throws std::invalid_argument if it is none.
    /// @param modified when it changed last.
    explicit Validators(std::string_view tag, std::optional<std::chrono::sys_seconds> modified = {});

    std::optional<EntityTag> etag;
    std::optional<std::chrono::sys_seconds> last_modified;
    bool exists = true;  ///< False: there is nothing yet, so that `If-None-Match: *` holds and `If-Match` does not.
};

/// What a request's conditions come to.
enum class Precondition : std::uint8_t {
    holds,         ///< go on
    not_modified,  ///< 304: the client has it already
    failed,        ///< 412: it is not in the state that the client believes it to be in
};

/// Weighs If-Match, If-Unmodified-Since, If-None-Match and If-Modified-Since, in that order; the first two are not both looked
/// at, nor the last two. Dates that are none are passed over; an If-Match that is no list of tags fails.
/// @param now decides the century of two-digit years. Source: RFC 9110 13.1, 13.2.2.
[[nodiscard]] auto check_conditions(std::string_view method, const Fields& request, const Validators& current,
    std::chrono::sys_seconds now) -> Precondition;

/// Whether a Range may be served: there is no If-Range, or it names the present state, by a strong tag or by a date that is
/// at least a second old. Source: RFC 9110 13.1.5.
[[nodiscard]] auto range_applies(const Fields& request, const Validators& current, std::chrono::sys_seconds now) -> bool;

}  // namespace gyre::http
