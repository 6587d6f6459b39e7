// Every limit on both sides of its edge: N is accepted, N + 1 is refused by the rule that names the limit.

#include "h1_transcript.hpp"

#include <gtest/gtest.h>

#include <functional>

namespace gyre::http::testing {
namespace {

using Build = std::function<std::string(std::size_t size)>;

auto small_limits() -> Limits {
    Limits limits;
    limits.start_line_bytes = 40;
    limits.field_line_bytes = 50;
    limits.fields_bytes = 120;
    limits.field_count = 6;
    limits.trailers_bytes = 60;
    limits.trailer_count = 4;
    limits.chunk_extension_bytes = 20;
    limits.chunk_overhead_bytes = 100;
    limits.body_bytes = 30;
    return limits;
}

auto refusal(Rule rule) -> std::string { return "\nrefused " + std::string(rule_name(rule)) + " at"; }

void expect_edge(std::size_t limit, Rule rule, const Build& build, const Limits& limits) {
    for (const auto& cuts : {Cuts{}, Cuts{1}, Cuts{7, 3}}) {
        const auto at_edge = request_transcript(build(limit), cuts, limits);
        EXPECT_EQ(at_edge.find("refused"), std::string::npos) << at_edge;
        const auto beyond = request_transcript(build(limit + 1), cuts, limits);
        EXPECT_NE(beyond.find(refusal(rule)), std::string::npos) << beyond;
    }
}

auto text_of(std::size_t size) -> std::string { return std::string(size, 'a'); }

const std::string chunked_head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

TEST(Limits, request_line) {
    const Build build = [](std::size_t size) { return "GET /" + text_of(size - 14) + " HTTP/1.1\r\nHost: a\r\n\r\n"; };
    ASSERT_EQ(build(40).find('\r'), 40U);
    expect_edge(40, Rule::request_line_too_long, build, small_limits());
    expect_edge(8192, Rule::request_line_too_long, build, Limits::server());
}

TEST(Limits, request_line_that_never_ends) {
    const auto said = request_transcript("GET /" + text_of(100'000), {}, Limits::server());
    EXPECT_NE(said.find(refusal(Rule::request_line_too_long)), std::string::npos);
}

TEST(Limits, field_line) {
    const Build build = [](std::size_t size) {
        return "GET / HTTP/1.1\r\nHost: a\r\nX: " + text_of(size - 3) + "\r\n\r\n";
    };
    expect_edge(50, Rule::field_line_too_long, build, small_limits());
    expect_edge(8192, Rule::field_line_too_long, build, Limits::server());
    const Build name = [](std::size_t size) {
        return "GET / HTTP/1.1\r\nHost: a\r\n" + text_of(size - 1) + ":\r\n\r\n";
    };
    expect_edge(50, Rule::field_line_too_long, name, small_limits());
    const Build space = [](std::size_t size) {
        return "GET / HTTP/1.1\r\nHost: a\r\nX:" + std::string(size - 2, ' ') + "\r\n\r\n";
    };
    expect_edge(50, Rule::field_line_too_long, space, small_limits());
}

TEST(Limits, all_fields) {
    const auto with = [](std::size_t host, std::size_t lines, std::size_t line) {
        return [=](std::size_t size) {
            std::string text = "GET / HTTP/1.1\r\nHost: " + text_of(host - 6) + "\r\n";
            for (std::size_t i = 0; i < lines; ++i) text += "X: " + text_of(line - 3) + "\r\n";
            return text + "X: " + text_of(size - host - lines * line - 3) + "\r\n\r\n";
        };
    };
    expect_edge(120, Rule::fields_too_large, with(10, 2, 40), small_limits());
    expect_edge(32 * 1024, Rule::fields_too_large, with(10, 4, 7000), Limits::server());
}

TEST(Limits, field_count) {
    const Build build = [](std::size_t count) {
        std::string text = "GET / HTTP/1.1\r\nHost: a\r\n";
        for (std::size_t i = 1; i < count; ++i) text += "X: y\r\n";
        return text + "\r\n";
    };
    expect_edge(6, Rule::too_many_fields, build, small_limits());
    expect_edge(100, Rule::too_many_fields, build, Limits::server());
}

TEST(Limits, trailers) {
    const Build bytes = [](std::size_t size) {
        return chunked_head + "0\r\nX: " + text_of(27) + "\r\nX: " + text_of(size - 33) + "\r\n\r\n";
    };
    expect_edge(60, Rule::trailers_too_large, bytes, small_limits());
    const Build count = [](std::size_t size) {
        std::string text = chunked_head + "0\r\n";
        for (std::size_t i = 0; i < size; ++i) text += "X: y\r\n";
        return text + "\r\n";
    };
    expect_edge(4, Rule::too_many_trailers, count, small_limits());
    expect_edge(32, Rule::too_many_trailers, count, Limits::server());
}

TEST(Limits, chunk_extension) {
    const Build build = [](std::size_t size) { return chunked_head + "1;" + text_of(size - 1) + "\r\nx\r\n0\r\n\r\n"; };
    expect_edge(20, Rule::chunk_extension_too_long, build, small_limits());
    expect_edge(256, Rule::chunk_extension_too_long, build, Limits::server());
}

// CVE-2023-39326.
TEST(Limits, chunk_overhead) {
    // Each chunk of one byte adds 5 bytes of framing for 1 of payload; the first of leading zeros sets the edge.
    Limits limits = Limits::server();
    limits.chunk_overhead_bytes = 7 * 4 + 3;  // seven chunks, then "0\r\n"
    const Build build = [](std::size_t zeros) {
        std::string text = chunked_head;
        for (int i = 0; i < 7; ++i) text += "1\r\nx\r\n";
        return text + std::string(zeros, '0') + "\r\n\r\n";
    };
    expect_edge(1, Rule::chunk_overhead_too_large, build, limits);
}

TEST(Limits, tiny_chunks_are_refused_in_the_end_and_fair_ones_never) {
    std::string tiny = chunked_head;
    std::string fair = chunked_head;
    for (int i = 0; i < 10'000; ++i) {
        tiny += "1\r\nx\r\n";
        fair += "8\r\n12345678\r\n";
    }
    EXPECT_NE(request_transcript(tiny + "0\r\n\r\n").find(refusal(Rule::chunk_overhead_too_large)), std::string::npos);
    EXPECT_EQ(request_transcript(fair + "0\r\n\r\n").find("refused"), std::string::npos);
}

TEST(Limits, body) {
    const Build counted = [](std::size_t size) {
        return "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n" + text_of(size);
    };
    expect_edge(30, Rule::body_too_large, counted, small_limits());
    const Build chunked = [](std::size_t size) {
        return chunked_head + "A\r\n" + text_of(10) + "\r\n" + (size == 30 ? "14" : "15") + "\r\n" +
               text_of(size - 10) + "\r\n0\r\n\r\n";
    };
    expect_edge(30, Rule::body_too_large, chunked, small_limits());
}

TEST(Limits, body_until_close) {
    const auto run = [](std::size_t size, const Cuts& cuts) {
        return response_transcript("HTTP/1.1 200 OK\r\n\r\n" + text_of(size), "GET", cuts, small_limits());
    };
    for (const auto& cuts : {Cuts{}, Cuts{1}}) {
        EXPECT_EQ(run(30, cuts).find("refused"), std::string::npos);
        EXPECT_NE(run(31, cuts).find(refusal(Rule::body_too_large)), std::string::npos);
    }
}

TEST(Limits, status_line) {
    const auto run = [](std::size_t size, const Cuts& cuts) {
        return response_transcript(
            "HTTP/1.1 200 " + text_of(size - 13) + "\r\nContent-Length: 0\r\n\r\n", "GET", cuts, small_limits());
    };
    for (const auto& cuts : {Cuts{}, Cuts{1}}) {
        EXPECT_EQ(run(40, cuts).find("refused"), std::string::npos);
        EXPECT_NE(run(41, cuts).find(refusal(Rule::status_line_too_long)), std::string::npos);
    }
}

TEST(Limits, largest_values_do_not_wrap) {
    Limits limits;
    limits.start_line_bytes = limits.field_line_bytes = limits.fields_bytes = limits.field_count = SIZE_MAX;
    limits.trailers_bytes = limits.trailer_count = limits.chunk_extension_bytes = limits.chunk_overhead_bytes = SIZE_MAX;
    const auto said = request_transcript(chunked_head + "1;a=b\r\nx\r\n0\r\nX: y\r\n\r\n", {1}, limits);
    EXPECT_EQ(said.find("refused"), std::string::npos) << said;
}

TEST(Limits, client_takes_more_than_server) {
    std::string text = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n";
    for (int i = 1; i < 256; ++i) text += "X: y\r\n";
    EXPECT_EQ(response_transcript(text + "\r\n").find("refused"), std::string::npos);
    EXPECT_NE(response_transcript(text + "X: y\r\n\r\n").find(refusal(Rule::too_many_fields)), std::string::npos);
}

TEST(Limits, extensions_can_be_forbidden) {
    Limits limits;
    limits.chunk_extension_bytes = 0;
    EXPECT_EQ(request_transcript(chunked_head + "1\r\nx\r\n0\r\n\r\n", {}, limits).find("refused"), std::string::npos);
    EXPECT_NE(request_transcript(chunked_head + "1;a\r\nx\r\n0\r\n\r\n", {}, limits)
                  .find(refusal(Rule::chunk_extension_too_long)),
        std::string::npos);
}

TEST(Limits, defaults_of_a_client_and_of_trailers) {
    const auto response = [](const std::string& fields) {
        return response_transcript("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" + fields + "\r\n", "GET");
    };
    const auto line = [](std::size_t size) { return "X: " + text_of(size - 3) + "\r\n"; };
    EXPECT_EQ(response(line(16 * 1024)).find("refused"), std::string::npos);
    EXPECT_NE(response(line(16 * 1024 + 1)).find(refusal(Rule::field_line_too_long)), std::string::npos);
    const auto length_line = std::string_view("Content-Length: 0").size();
    const auto most = line(16'000) + line(16'000) + line(16'000) + line(16'000);
    const auto rest = 64 * 1024 - 4 * 16'000 - length_line;
    EXPECT_EQ(response(most + line(rest)).find("refused"), std::string::npos);
    EXPECT_NE(response(most + line(rest + 1)).find(refusal(Rule::fields_too_large)), std::string::npos);
    const Build trailers = [&](std::size_t size) {
        return chunked_head + "0\r\n" + line(5000) + line(size - 5000) + "\r\n";
    };
    expect_edge(8 * 1024, Rule::trailers_too_large, trailers, Limits::server());
}

}  // namespace
}  // namespace gyre::http::testing
