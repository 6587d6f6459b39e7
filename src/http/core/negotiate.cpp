#include <gyre/http/core/media_type.hpp>

#include "cookie_text.hpp"
#include "grammar.hpp"
#include "parameters.hpp"

#include <algorithm>

namespace gyre::http {
namespace {

using internal::Parameters;

// A weight in thousandths: "0", "0.5", "1.000". RFC 9110 12.4.2.
auto parse_weight(std::string_view text) -> std::optional<int> {
    if (text.empty() || text.size() > 5 || (text.size() > 1 && text[1] != '.')) return std::nullopt;
    if (text[0] != '0' && text[0] != '1') return std::nullopt;
    int value = text[0] - '0';
    const auto decimals = text.substr(std::min<std::size_t>(2, text.size()));
    for (std::size_t i = 0; i < 3; ++i) {
        if (i < decimals.size() && !internal::is_digit(decimals[i])) return std::nullopt;
        value = value * 10 + (i < decimals.size() ? decimals[i] - '0' : 0);
    }
    return value <= 1000 ? std::optional(value) : std::nullopt;
}

struct Member {
    std::string name;
    Parameters parameters;  // those before the weight
    int weight = 1000;
};

auto parse_member(std::string_view text) -> std::optional<Member> {
    const auto end = std::min(text.find_first_of("; \t"), text.size());
    auto parameters = internal::parse_parameters(text.substr(end));
    if (end == 0 || !parameters) return std::nullopt;
    Member member;
    member.name = internal::to_lower(text.substr(0, end));
    const auto q = std::find_if(
        parameters->begin(), parameters->end(), [](const auto& pair) { return pair.first == "q"; });
    if (q != parameters->end()) {
        const auto weight = parse_weight(q->second);
        if (!weight) return std::nullopt;
        member.weight = *weight;
        parameters->erase(q, parameters->end());  // what follows is an extension of Accept that nobody has made
    }
    member.parameters = std::move(*parameters);
    return member;
}

auto parse_members(std::string_view list) -> std::vector<Member> {
    std::vector<Member> members;
    while (!list.empty()) {
        if (auto member = parse_member(internal::take_list_member(list))) members.push_back(std::move(*member));
    }
    return members;
}

auto join(const std::vector<std::string_view>& values) -> std::string {
    std::string out;
    for (const auto value : values) out.append(out.empty() ? "" : ",").append(value);
    return out;
}

// How closely a media range fits an offer: 0 is not at all.
auto fit(const Member& range, const MediaType& offer) -> std::size_t {
    if (range.name == "*/*") return range.parameters.empty() ? 1 : 0;
    if (range.name == offer.type() + "/*") return range.parameters.empty() ? 2 : 0;
    if (range.name != offer.essence()) return 0;
    for (const auto& [name, value] : range.parameters) {
        const auto offered = offer.parameter(name);
        if (!offered || !internal::equals_ignoring_case(*offered, value)) return 0;
    }
    return 3 + range.parameters.size();
}

auto is_media_range(const Member& member) -> bool {
    const auto slash = std::min(member.name.find('/'), member.name.size());
    return internal::is_token(std::string_view(member.name).substr(0, slash)) && slash < member.name.size() &&
           internal::is_token(std::string_view(member.name).substr(slash + 1));
}

auto weight_of(const std::vector<Member>& ranges, std::string_view offer) -> int {
    const auto media_type = MediaType::parse(offer);
    std::size_t closest = 0;
    int weight = 0;
    for (const auto& range : ranges) {
        const auto closeness = media_type ? fit(range, *media_type) : 0;
        if (closeness <= closest) continue;
        closest = closeness;
        weight = range.weight;
    }
    return weight;
}

auto without_x(std::string_view coding) -> std::string_view {
    return coding == "x-gzip" || coding == "x-compress" ? coding.substr(2) : coding;
}

auto weight_of_coding(const std::vector<Member>& members, std::string_view offer) -> int {
    const auto coding = internal::to_lower(offer);
    std::optional<int> any;
    for (const auto& member : members) {
        if (without_x(member.name) == without_x(coding)) return member.weight * 2;
        if (member.name == "*" && !any) any = member.weight * 2;
    }
    if (any) return *any;
    return coding == "identity" ? 1 : 0;  // below every weight that somebody gave
}

template<typename Weight>
auto heaviest(std::span<const std::string_view> offers, Weight weight) -> std::optional<std::size_t> {
    std::optional<std::size_t> best;
    int most = 0;
    for (std::size_t i = 0; i < offers.size(); ++i) {
        const int here = weight(offers[i]);
        if (here <= most) continue;
        most = here;
        best = i;
    }
    return best;
}

}  // namespace

auto negotiate(std::string_view accept, std::span<const std::string_view> offers) -> std::optional<std::size_t> {
    auto ranges = parse_members(accept);
    std::erase_if(ranges, [](const Member& member) { return !is_media_range(member); });
    if (ranges.empty()) return offers.empty() ? std::nullopt : std::optional<std::size_t>(0);
    return heaviest(offers, [&](std::string_view offer) { return weight_of(ranges, offer); });
}

auto negotiate(const Fields& request, std::span<const std::string_view> offers) -> std::optional<std::size_t> {
    return negotiate(join(request.get_all("Accept")), offers);
}

auto negotiate_coding(std::string_view accept_encoding, std::span<const std::string_view> offers)
    -> std::optional<std::size_t> {
    const auto members = parse_members(accept_encoding);
    return heaviest(offers, [&](std::string_view offer) { return weight_of_coding(members, offer); });
}

auto negotiate_coding(const Fields& request, std::span<const std::string_view> offers) -> std::optional<std::size_t> {
    return negotiate_coding(join(request.get_all("Accept-Encoding")), offers);
}

}  // namespace gyre::http
