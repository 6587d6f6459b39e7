// What is made of a recording: a Perfetto trace, read back by the rules of its format, and folded stacks.

#include "support/loops.hpp"

#include <gyre/obs.hpp>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <sstream>

namespace gyre::testing {

namespace {

/// The fields of a protobuf message: numbers, and what has a length.
struct Fields {
    std::multimap<std::uint64_t, std::uint64_t> numbers;
    std::multimap<std::uint64_t, std::string> parts;

    [[nodiscard]] auto number(std::uint64_t field) const -> std::uint64_t {
        const auto found = numbers.find(field);
        return found == numbers.end() ? 0 : found->second;
    }
    [[nodiscard]] auto part(std::uint64_t field) const -> std::string {
        const auto found = parts.find(field);
        return found == parts.end() ? "" : found->second;
    }
};

auto take_number(std::string_view& bytes) -> std::uint64_t {
    std::uint64_t value = 0;
    for (unsigned shift = 0; !bytes.empty() && shift < 64; shift += 7) {
        const auto byte = static_cast<unsigned char>(bytes.front());
        bytes.remove_prefix(1);
        value |= static_cast<std::uint64_t>(byte & 0x7fU) << shift;
        if (byte < 0x80) return value;
    }
    ADD_FAILURE() << "a number does not end";
    return 0;
}

auto decode(std::string_view bytes) -> Fields {
    Fields fields;
    while (!bytes.empty()) {
        const std::uint64_t key = take_number(bytes);
        const std::uint64_t wire = key & 7U;
        if (wire == 0) {
            fields.numbers.emplace(key >> 3U, take_number(bytes));
        } else {
            const std::uint64_t size = wire == 1 ? 8 : take_number(bytes);
            EXPECT_TRUE(wire == 1 || wire == 2) << wire;
            EXPECT_LE(size, bytes.size());
            if (size > bytes.size()) return fields;
            fields.parts.emplace(key >> 3U, std::string(bytes.substr(0, size)));
            bytes.remove_prefix(size);
        }
    }
    return fields;
}

/// A trace, as a reader understands it.
struct Trace {
    std::map<std::uint64_t, std::string> tracks;               ///< Name by number.
    std::map<std::uint64_t, std::vector<std::string>> slices;  ///< Names of what began on a track.
    std::map<std::uint64_t, int> open;
    std::set<std::string> flows;
    std::set<std::string> flow_ends;
    std::size_t counters = 0;
    std::int64_t first = std::numeric_limits<std::int64_t>::max();  ///< Times of slices.
    std::int64_t last = 0;

    [[nodiscard]] auto slices_of(std::string_view name) const -> std::vector<std::string> {
        for (const auto& [number, title] : tracks) {
            if (title == name && slices.count(number) != 0) return slices.at(number);
        }
        return {};
    }
};

auto read_trace(const std::string& bytes) -> Trace {
    Trace trace;
    std::map<std::uint64_t, std::string> names;
    const Fields whole = decode(bytes);
    bool first = true;
    for (const auto& [field, packet_bytes] : whole.parts) {
        EXPECT_EQ(field, 1U);
        const Fields packet = decode(packet_bytes);
        EXPECT_EQ(packet.number(10), 1U) << "one sequence";
        EXPECT_EQ(packet.number(13), std::exchange(first, false) ? 1U : 2U);
        if (const auto data = packet.part(12); !data.empty()) {
            const Fields name = decode(decode(data).part(2));
            EXPECT_TRUE(names.emplace(name.number(1), name.part(2)).second) << "a name is written once";
        }
        if (const auto track_bytes = packet.part(60); !track_bytes.empty()) {
            const Fields track = decode(track_bytes);
            std::string name = track.part(2);
            if (!track.part(4).empty()) name = decode(track.part(4)).part(5);
            if (!track.part(3).empty()) name = decode(track.part(3)).part(6);
            EXPECT_TRUE(trace.tracks.emplace(track.number(1), name).second);
            EXPECT_TRUE(track.number(5) == 0 || trace.tracks.count(track.number(5)) == 1) << "its parent is known";
        }
        if (const auto event_bytes = packet.part(11); !event_bytes.empty()) {
            const Fields event = decode(event_bytes);
            const std::uint64_t track = event.number(11);
            EXPECT_EQ(trace.tracks.count(track), 1U);
            if (event.number(10) != 0) EXPECT_EQ(names.count(event.number(10)), 1U);
            if (event.number(9) == 1 || event.number(9) == 2) {
                trace.first = std::min(trace.first, static_cast<std::int64_t>(packet.number(8)));
                trace.last = std::max(trace.last, static_cast<std::int64_t>(packet.number(8)));
            }
            switch (event.number(9)) {
            case 1:
                trace.slices[track].push_back(names[event.number(10)]);
                ++trace.open[track];
                break;
            case 2:
                EXPECT_GE(--trace.open[track], 0) << "an end without a begin on " << trace.tracks[track];
                break;
            case 3:
                break;
            default:
                EXPECT_EQ(event.number(9), 4U);
                ++trace.counters;
            }
            for (const auto& [number, part] : event.parts) {
                if (number == 47) EXPECT_TRUE(trace.flows.insert(part).second);
                if (number == 48) EXPECT_TRUE(trace.flow_ends.insert(part).second);
            }
        }
    }
    return trace;
}

auto greet(net::Stream& stream) -> Task<> {
    co_await sleep(2ms);
    co_await stream.write("hello");
}

/// Two tasks, a lock, a connection; one cancelled; on a loop of a kernel.
auto small_program() -> obs::Recording {
    obs::Recording all;
    const std::string backend = kernel_backend();
    run(
        [&]() -> Task<> {
            auto listener = co_await net::listen("127.0.0.1", 0);
            auto client = co_await net::connect("127.0.0.1", listener.local_address().port());
            auto server = co_await listener.accept();
            Lock till("till");
            auto reader = spawn(
                [&]() -> Task<> {
                    auto guard = co_await till.acquire();
                    const std::string got = co_await client.read_some(10);
                    EXPECT_EQ(got, "hello");
                },
                {.name = "reader"});
            auto next = spawn([&]() -> Task<> { auto guard = co_await till.acquire(); }, {.name = "next; in line"});
            auto idle = spawn(sleep(1h), {.name = "idle"});
            co_await greet(server);
            co_await reader.join();
            co_await next.join();
            idle.cancel("over");
            static_cast<void>(co_await as_outcome(idle.join()));
            all = obs::recording(this_loop());
        },
        {.backend = backend, .recorder = {.on = true}});
    return all;
}

auto has(const std::vector<std::string>& all, std::string_view one) -> bool {
    return std::find(all.begin(), all.end(), one) != all.end();
}

}  // namespace

TEST(Perfetto, trace_has_tracks_slices_flows_and_counters) {
    std::ostringstream out;
    obs::write_perfetto(out, small_program(), {.process = "small", .pid = 4711});
    // For tools/check_trace.py, which reads it by Perfetto's own schema.
    if (const char* path = std::getenv("GYRE_TRACE_FILE")) std::ofstream(path, std::ios::binary) << out.str();
    const Trace trace = read_trace(out.str());
    EXPECT_EQ(trace.tracks.at(1), "small");
    const std::string loop = "loop 0 (" + kernel_backend() + ")";
    const auto on_loop = trace.slices_of(loop);
    EXPECT_TRUE(has(on_loop, "reader")) << loop;
    EXPECT_TRUE(has(on_loop, "main"));
    const auto of_reader = trace.slices_of("reader");
    EXPECT_TRUE(has(of_reader, "running"));
    EXPECT_TRUE(has(of_reader, "ready"));
    EXPECT_TRUE(has(of_reader, "socket: receive"));
    EXPECT_TRUE(has(trace.slices_of("next; in line"), "lock 'till'"));
    EXPECT_TRUE(has(trace.slices_of("receive"), "receive")) << "the operation has a track of its own";
    EXPECT_GT(trace.counters, 4U);
    EXPECT_GT(trace.flow_ends.size(), 8U);
    for (const auto& end : trace.flow_ends) EXPECT_EQ(trace.flows.count(end), 1U) << "a flow has a begin";
}

TEST(Perfetto, draws_what_tasks_do_until_it_was_read) {
    obs::Recording all;
    TestLoop loop;
    loop.run([&]() -> Task<> {
        Event bell("doorbell");
        auto visitor = spawn([&]() -> Task<> { co_await bell.wait(); }, {.name = "visitor"});
        co_await sleep(5s);
        obs::start_recording(this_loop());
        co_await sleep(10s);
        all = obs::recording(this_loop(), 2s);
        bell.set();
        co_await visitor.join();
    });
    std::ostringstream out;
    obs::write_perfetto(out, all);
    const Trace trace = read_trace(out.str());
    EXPECT_EQ(trace.slices_of("visitor"), std::vector<std::string>{"event 'doorbell'"});
    EXPECT_TRUE(has(trace.slices_of("main"), "running"));
    for (const auto& [track, open] : trace.open) EXPECT_EQ(open, 0) << trace.tracks.at(track);
    EXPECT_EQ(trace.first, all.loops.at(0).begin.time_since_epoch().count());
    EXPECT_EQ(trace.last, all.loops.at(0).end.time_since_epoch().count());
    EXPECT_EQ(trace.last - trace.first, 2'000'000'000);
}

TEST(Perfetto, of_nothing_is_a_trace_too) {
    std::ostringstream out;
    obs::write_perfetto(out, {});
    EXPECT_EQ(read_trace(out.str()).tracks.size(), 1U);
}

namespace {

auto inner() -> Task<> { co_await sleep(30ms); }
auto outer() -> Task<> {
    co_await inner();
    co_await sleep(70ms);
}

}  // namespace

TEST(Folded, waits_are_weighed_by_time_under_the_lines_of_the_chain) {
    obs::Recording all;
    TestLoop loop("sim", {.recorder = {.on = true}});
    loop.run([&]() -> Task<> {
        auto one = spawn(outer(), {.name = "walker; fast"});
        auto endless = spawn(sleep(1h), {.name = "endless"});
        co_await one.join();
        all = obs::recording(this_loop());
        endless.cancel();
    });
    std::ostringstream out;
    obs::write_folded(out, all, obs::FoldedKind::waiting);
    std::map<std::string, std::uint64_t> lines;
    std::istringstream in(out.str());
    for (std::string line; std::getline(in, line);) {
        const auto space = line.rfind(' ');
        lines[line.substr(0, space)] = std::stoull(line.substr(space + 1));
    }
    std::uint64_t in_inner = 0;
    std::uint64_t in_outer = 0;
    for (const auto& [stack, time] : lines) {
        if (!stack.starts_with("walker_ fast;")) continue;
        EXPECT_TRUE(stack.ends_with(";sleep")) << stack;
        (stack.find("inner") != std::string::npos ? in_inner : in_outer) += time;
    }
    EXPECT_EQ(in_inner, 30'000'000U) << out.str();
    EXPECT_EQ(in_outer, 70'000'000U) << out.str();
    const auto endless = std::find_if(
        lines.begin(), lines.end(), [](const auto& line) { return line.first.starts_with("endless"); });
    ASSERT_NE(endless, lines.end());
    EXPECT_EQ(endless->second, 100'000'000U) << "as long as it has been waiting";
}

TEST(Folded, slices_are_weighed_by_time) {
    obs::Recording all;
    run(
        [&]() -> Task<> {
            auto busy = spawn(
                []() -> Task<> {
                    co_await yield_now();
                    for (const Time end = this_loop().now() + 20ms; this_loop().now() < end;) continue;
                },
                {.name = "busy"});
            co_await busy.join();
            all = obs::recording(this_loop());
        },
        {.recorder = {.on = true}});
    std::ostringstream out;
    obs::write_folded(out, all, obs::FoldedKind::running);
    const std::string text = out.str();
    const auto at = text.find("busy;trace_test.cpp:");
    ASSERT_NE(at, std::string::npos) << text;
    EXPECT_GE(std::stoull(text.substr(text.find(' ', at))), 19'000'000U) << text;
}

}  // namespace gyre::testing
