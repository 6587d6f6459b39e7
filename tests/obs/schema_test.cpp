// Dumps in JSON are what share/snapshot.schema.json says, which others may rely on.

#include "support/loops.hpp"

#include <gyre/http/client/client.hpp>
#include <gyre/net/connect.hpp>
#include <gyre/net/listener.hpp>
#include <gyre/obs.hpp>

#include <nlohmann/json.hpp>

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace gyre::testing {

namespace {

using Json = nlohmann::json;

/// What of JSON Schema the file uses.
class DumpSchema {
public:
    DumpSchema() {
        std::ifstream file(GYRE_SNAPSHOT_SCHEMA);
        schema_ = Json::parse(file);
    }

    /// What is wrong with `value`, a line for each; empty if nothing is. @param definition of the schema, such as "loop".
    [[nodiscard]] auto faults(const Json& value, const std::string& definition = "loop") const -> std::string {
        std::string found;
        check(schema_.at("$defs").at(definition), value, "", found);
        return found;
    }

private:
    void check(const Json& schema, const Json& value, const std::string& at, std::string& found) const {
        for (const auto& [word, wanted] : schema.items()) {
            if (word == "description") continue;
            if (word == "$ref") {
                check(schema_.at(Json::json_pointer(wanted.get<std::string>().substr(1))), value, at, found);
            } else if (word == "type") {
                if (!is_of_type(value, wanted)) fault(at, "is no " + wanted.get<std::string>(), found);
            } else if (word == "const") {
                if (value != wanted) fault(at, "is not " + wanted.dump(), found);
            } else if (word == "enum") {
                if (std::find(wanted.begin(), wanted.end(), value) == wanted.end()) fault(at, "is none of them", found);
            } else if (word == "minimum") {
                if (value.is_number() && value < wanted) fault(at, "is less than " + wanted.dump(), found);
            } else if (word == "required") {
                for (const auto& key : wanted) {
                    if (!value.contains(key)) fault(at, "has no " + key.dump(), found);
                }
            } else if (word == "additionalProperties") {
                for (const auto& [key, member] : value.items()) {
                    if (!schema.at("properties").contains(key)) fault(at + "/" + key, "is unknown", found);
                }
            } else if (word == "properties") {
                for (const auto& [key, of_member] : wanted.items()) {
                    if (value.contains(key)) check(of_member, value.at(key), at + "/" + key, found);
                }
            } else if (word == "items") {
                for (std::size_t i = 0; i < value.size(); ++i) {
                    check(wanted, value.at(i), at + "/" + std::to_string(i), found);
                }
            } else {
                fault(at, "the test does not know '" + word + "' of the schema", found);
            }
        }
    }

    static void fault(const std::string& at, const std::string& what, std::string& found) {
        found += at + " " + what + "\n";
    }
    static auto is_of_type(const Json& value, const std::string& type) -> bool {
        if (type == "object") return value.is_object();
        if (type == "array") return value.is_array();
        if (type == "string") return value.is_string();
        if (type == "integer") return value.is_number_integer();
        return false;
    }

    Json schema_;
};

auto json_of(const obs::Snapshot& all) -> Json {
    std::ostringstream out;
    obs::write_json(out, all);
    return Json::parse(out.str());
}

auto wait_for(Event& event) -> Task<> { co_await event.wait(); }

/// A loop with something of everything that a dump can have.
auto busy_loop() -> Task<obs::Snapshot> {
    auto listener = co_await net::listen("127.0.0.1", 0);
    auto stream = co_await net::connect("127.0.0.1", listener.local_address().port());
    Event bell("doorbell");
    Lock till("till");
    Semaphore pool(1, "pool");
    Queue<int> queue(1, "counter");
    const auto hold = [&]() -> Task<> {
        const auto held = co_await till.acquire();
        const auto permit = co_await pool.acquire();
        co_await bell.wait();
    };
    const auto want = [&]() -> Task<> { const auto held = co_await till.acquire(); };
    const auto want_permit = [&]() -> Task<> { const auto permit = co_await pool.acquire(); };
    const auto clean_up = [&]() -> Task<> { co_await bell.wait(); };
    const auto slow_end = [&]() -> Task<> { co_await try_finally(sleep(1h), clean_up); };
    const auto spin = [&]() -> Task<> {
        while (!bell.is_set()) co_await yield_now();
    };
    obs::Snapshot look;
    co_await task_group([&](TaskGroup& group) -> Task<> {
        group.spawn(hold(), {.name = "holder"});
        co_await yield_now();
        group.spawn(want(), {.priority = Priority::high});
        group.spawn(want_permit(), {.priority = Priority::low});
        group.spawn(gather(wait_for(bell), timeout(1h, wait_for(bell))));
        group.spawn(queue.put(1));
        static_cast<void>(wait_for(bell));  // never started
        group.spawn(queue.put(2));
        auto accepting = group.spawn(listener.accept());
        auto again = group.spawn(listener.accept());
        auto sleeping = group.spawn(sleep(1h));
        auto ending = group.spawn(slow_end(), {.name = "ends slowly"});
        co_await sleep(1ms);
        group.spawn(spin());  // from here on no simulated time passes
        ending.cancel("enough");
        co_await yield_now();
        co_await yield_now();
        look = obs::snapshot();
        bell.set();
        again.cancel();
        sleeping.cancel();
        static_cast<void>(co_await queue.get());
    });
    co_return look;
}

}  // namespace

class DumpSchemas : public OnLoops {};
GYRE_ON_LOOPS(DumpSchemas);

TEST_P(DumpSchemas, fit_a_loop_with_something_of_everything) {
    const auto all = TestLoop(GetParam(), {.timing = Timing::exact}).run(busy_loop());
    const DumpSchema schema;
    const auto json = json_of(all);
    EXPECT_EQ(schema.faults(json), "") << json.dump(1);
    const auto text = json.dump();
    for (const char* key : {"\"branches\"", "\"cancelled\":{", "\"holders\"", "\"owner_id\"", "\"stats\"", "\"opened\"",
             "\"priority\":\"low\"", "\"parent\"", "\"scope\"", "\"left\"", "\"bound\"", "\"descriptor\"", "\"age\"",
             "\"limit_left\"", "\"yields\":true", "\"never_started\""}) {
        EXPECT_NE(text.find(key), std::string::npos) << key << " in " << json.dump(1);
    }
}

TEST(DumpSchema, fits_work_on_another_loop) {
    const DumpSchema schema;
    obs::Snapshot look;
    obs::TaskInfo& task = look.tasks.emplace_back();
    task.id = 1;
    task.sender = "task 'alice' of loop 0";
    task.sender_id = 3;
    obs::WaitInfo& wait = task.stack.wait.emplace();
    wait.kind = WaitKind::loop;
    wait.text = "other loop 2, task of main.cpp:20";
    wait.loop = 2;
    wait.owner = "main.cpp:20";
    wait.owner_id = 2;
    const auto json = json_of(look);
    EXPECT_EQ(schema.faults(json), "") << json.dump(1);
    EXPECT_EQ(json["tasks"][0]["sender"], "task 'alice' of loop 0");
    EXPECT_EQ(json["tasks"][0]["sender_id"], 3);
    EXPECT_EQ(json["tasks"][0]["wait"]["loop"], 2);
    EXPECT_EQ(json["tasks"][0]["wait"]["owner_id"], 2);
}

TEST(DumpSchema, fits_loops_that_do_not_answer_and_those_read_in_steps) {
    const DumpSchema schema;
    obs::Snapshot blocked;
    blocked.blocked_for = 1s;
    blocked.thread_stack = {"main"};
    blocked.errors = {"of somebody"};
    blocked.blocked_by = "system call (futex)";
    blocked.longest_slice.length = 2ms;
    blocked.tasks.emplace_back().stack.lost = true;
    EXPECT_EQ(schema.faults(json_of(blocked)), "");
    EXPECT_EQ(json_of(blocked).at("blocked_by"), "system call (futex)");
    EXPECT_EQ(json_of(blocked).at("tasks").at(0).at("lost"), true);
    EXPECT_TRUE(json_of(blocked).contains("longest_slice"));
    obs::Snapshot unread;
    unread.is_read = false;
    EXPECT_EQ(schema.faults(json_of(unread)), "");
    obs::Snapshot stepped;
    stepped.steps = 25;
    EXPECT_EQ(schema.faults(json_of(stepped)), "");
    EXPECT_EQ(json_of(stepped).at("steps"), 25);
}

TEST(DumpSchema, a_time_limit_counts_from_when_the_look_was_taken) {
    obs::Snapshot look;
    look.taken = Time(5s);
    auto& stack = look.tasks.emplace_back().stack;
    stack.limit = Time(7s);
    stack.branches.emplace_back().limit = Time(4s);
    stack.branches.emplace_back();
    const Json task = json_of(look).at("tasks").at(0);
    EXPECT_EQ(task.at("limit_left"), 2'000'000'000);
    EXPECT_EQ(task.at("branches").at(0).at("limit_left"), -1'000'000'000);
    EXPECT_FALSE(task.at("branches").at(1).contains("limit_left"));
    EXPECT_EQ(DumpSchema().faults(json_of(look)), "");
}

TEST(DumpSchema, fits_owners_that_have_ended_and_parts_that_were_cancelled) {
    obs::Snapshot look;
    auto& stack = look.tasks.emplace_back().stack;
    stack.part_cancelled = {CancelKind::deadline, "deadline of 1 s passed", 2s};
    auto& branch = stack.branches.emplace_back();
    branch.part_cancelled = {CancelKind::sibling, "another one won the race", 1s};
    auto& wait = branch.wait.emplace();
    wait.kind = WaitKind::lock;
    wait.owner_id = 7;
    wait.owner_ended = true;
    const Json task = json_of(look).at("tasks").at(0);
    EXPECT_EQ(task.at("part_cancelled").at("kind"), "deadline");
    EXPECT_EQ(task.at("part_cancelled").at("since"), 2'000'000'000);
    EXPECT_EQ(task.at("branches").at(0).at("part_cancelled").at("text"), "another one won the race");
    EXPECT_EQ(task.at("branches").at(0).at("wait").at("owner_ended"), true);
    EXPECT_EQ(DumpSchema().faults(json_of(look)), "");
}

TEST(DumpSchema, refuses_what_is_missing_unknown_or_of_another_type) {
    const DumpSchema schema;
    const Json good = json_of(obs::Snapshot());
    ASSERT_EQ(schema.faults(good), "");
    auto missing = good;
    missing.erase("tasks");
    EXPECT_EQ(schema.faults(missing), " has no \"tasks\"\n");
    auto unknown = good;
    unknown["turn"]["p75"] = 1;
    EXPECT_EQ(schema.faults(unknown), "/turn/p75 is unknown\n");
    auto other_type = good;
    other_type["ready"] = "one";
    EXPECT_EQ(schema.faults(other_type), "/ready is no integer\n");
    auto negative = good;
    negative["timers"] = -1;
    EXPECT_EQ(schema.faults(negative), "/timers is less than 0\n");
    auto later = good;
    later["version"] = 2;
    EXPECT_EQ(schema.faults(later), "/version is not 1\n");
}

TEST(DumpSchema, fits_the_answer_of_the_control_socket) {
    namespace fs = std::filesystem;
    std::string folder = "/tmp/gyre-schema-XXXXXX";
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    ::setenv("XDG_RUNTIME_DIR", folder.c_str(), 1);
    std::string body;
    run(
        [&]() -> Task<> {
            http::ClientOptions options;
            const auto socket = folder + "/gyre/" + std::to_string(::getpid()) + ".sock";
            options.base_url = "http://gyre/";
            options.unix_socket = socket;
            http::Client client(options);
            auto response = co_await client.get("/v1/snapshot").send();
            body = co_await response.text();
        },
        {.loops = 2, .control = &obs::control_socket});
    ::unsetenv("XDG_RUNTIME_DIR");
    fs::remove_all(folder);
    const Json answer = Json::parse(body);
    EXPECT_EQ(DumpSchema().faults(answer, "answer"), "") << body;
    EXPECT_EQ(answer.at("loops").size(), 2U);
}

}  // namespace gyre::testing
