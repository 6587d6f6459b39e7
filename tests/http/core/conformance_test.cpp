// Runs the conformance tables through the parsers.

#include "conformance.hpp"

#include "h1_transcript.hpp"

#include <gtest/gtest.h>

#include <set>

namespace gyre::http::testing {
namespace {

/// Writes down what a parser made of a stream, in the words of the tables.
class Verdict {
public:
    explicit Verdict(Side side) : side_(side) {}

    template<typename Parser>
    void head(const Parser& parser, bool is_interim) {
        message_ = text_of(parser.head());
        for (const auto field : parser.head().fields) {
            if (field.name == "X" || field.name == "x") message_.append(" X=[").append(field.value).append("]");
        }
        body_.clear();
        if (is_interim) add(message_.insert(3, " interim"));
    }

    void body(std::string_view piece) { body_.append(piece); }

    template<typename Parser>
    void complete(const Parser& parser) {
        if (parser.framing() != BodyFraming::none) message_.append(" \"").append(body_).append("\"");
        for (const auto field : parser.trailers()) {
            message_.append(" trailer ").append(field.name).append("=[").append(field.value).append("]");
        }
        if (parser.framing() == BodyFraming::until_close) message_ += " until close";
        if (!parser.keep_alive()) message_ += " close";
        if constexpr (requires { parser.wants_upgrade(); }) {
            if (parser.expects_continue()) message_ += " continue";
            if (parser.wants_upgrade()) message_ += " upgrade";
        }
        add(message_);
    }

    template<typename Parser>
    void end(const Parser& parser, bool completes) {
        if (completes) complete(parser);
    }

    void refused(const ProtocolError& error) {
        const auto status = side_ == Side::request ? std::to_string(error.status()) + " " : std::string();
        add(status + std::string(rule_name(error.rule())));
    }

    [[nodiscard]] auto text() const -> const std::string& { return text_; }

private:
    static auto text_of(Version version) -> std::string {
        return version.minor == 1 ? std::string() : " 1." + std::to_string(version.minor);
    }
    static auto text_of(const RequestHead& head) -> std::string {
        const auto host = effective_host(head);
        auto text = head.method + " " + head.target + text_of(head.version);
        return host == "a" ? text : text.append(" for ").append(host.empty() ? "nobody" : host);
    }
    static auto text_of(const ResponseHead& head) -> std::string {
        return std::to_string(head.status) + text_of(head.version);
    }

    void add(std::string_view part) {
        if (!text_.empty()) text_ += " | ";
        text_ += part;
    }

    Side side_;
    std::string text_;
    std::string message_;
    std::string body_;
};

template<typename Parser, typename Announce>
auto judge(Parser& parser, std::string_view stream, const Cuts& cuts, Side side, Announce announce) -> std::string {
    Verdict verdict(side);
    play(parser, stream, cuts, announce, verdict);
    return verdict.text();
}

auto judge(const Table& table, std::string_view stream, const Cuts& cuts) -> std::string {
    if (table.side == Side::request) {
        RequestParser parser;
        return judge(parser, stream, cuts, table.side, [](RequestParser&) {});
    }
    ResponseParser parser;
    return judge(parser, stream, cuts, table.side,
        [&](ResponseParser&) { parser.expect(table.method, table.method == "UPGRADE"); });
}

auto stream_of(const Table& table, const Case& row) -> std::string {
    return std::string(table.before).append(row.bytes).append(table.after);
}

/// All that the parser said, with the places of errors.
auto transcript_of(const Table& table, std::string_view stream, const Cuts& cuts) -> std::string {
    return table.side == Side::request ? request_transcript(stream, cuts)
                                       : response_transcript(stream, table.method, cuts);
}

void check(const Table& table, const Case& row) {
    const auto stream = stream_of(table, row);
    EXPECT_EQ(judge(table, stream, {}), row.verdict) << row.name;
    const auto said = transcript_of(table, stream, {});
    for (std::size_t cut = 1; cut < stream.size(); ++cut) {
        const Cuts cuts{cut, stream.size()};
        ASSERT_EQ(judge(table, stream, cuts), row.verdict) << row.name << ", cut at " << cut;
        ASSERT_EQ(transcript_of(table, stream, cuts), said) << row.name << ", cut at " << cut;
    }
    EXPECT_EQ(judge(table, stream, {1}), row.verdict) << row.name << ", byte by byte";
    EXPECT_EQ(transcript_of(table, stream, {1}), said) << row.name << ", byte by byte";
}

class HttpConformance : public ::testing::TestWithParam<Table> {};

TEST_P(HttpConformance, each_case_has_its_verdict_however_it_is_cut) {
    for (const auto& row : GetParam().cases) check(GetParam(), row);
}

INSTANTIATE_TEST_SUITE_P(Tables, HttpConformance, ::testing::ValuesIn(all_conformance_tables()),
    [](const auto& instance) { return std::string(instance.param.title); });

TEST(HttpConformance, cases_are_many_and_each_says_once_what_it_stands_for) {
    std::set<std::string_view> names;
    std::set<std::string_view> titles;
    for (const auto& table : all_conformance_tables()) {
        EXPECT_TRUE(titles.insert(table.title).second) << table.title;
        for (const auto& row : table.cases) {
            EXPECT_TRUE(names.insert(row.name).second) << row.name;
            const auto source = row.name.substr(0, row.name.find(": "));
            const bool is_known = source.starts_with("RFC ") || source.starts_with("CVE-");
            EXPECT_TRUE(is_known && source.size() < row.name.size()) << row.name;
        }
    }
    EXPECT_GE(names.size(), 300U);
}

// No rule is only in the table of errors: each one refuses something here, or is the serializer's own.
TEST(HttpConformance, every_rule_of_the_parsers_is_met) {
    std::string verdicts;
    for (const auto& table : all_conformance_tables()) {
        for (const auto& row : table.cases) verdicts.append(row.verdict).append("|");
    }
    const std::set<Rule> elsewhere{Rule::request_line_too_long, Rule::status_line_too_long, Rule::field_line_too_long,
        Rule::fields_too_large, Rule::too_many_fields, Rule::body_too_large, Rule::chunk_extension_too_long,
        Rule::chunk_overhead_too_large, Rule::trailers_too_large, Rule::too_many_trailers,  // limits_test.cpp
        Rule::response_without_request};                                                    // h1_parser_test.cpp
    for (std::size_t i = 0; i < static_cast<std::size_t>(Rule::bad_reason); ++i) {
        const auto rule = static_cast<Rule>(i);
        if (elsewhere.contains(rule)) continue;
        EXPECT_NE(verdicts.find(std::string(rule_name(rule)) + "|"), std::string::npos) << rule_name(rule);
    }
}

}  // namespace
}  // namespace gyre::http::testing
