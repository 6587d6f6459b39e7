// GYRE_OBSERVE: what a program that was built with `observed` can be told when it starts.

#include "support/loops.hpp"

#include <gyre/obs.hpp>

#include <cstdlib>

namespace gyre::testing {

namespace {

/// `observed` with the variable set to `value`.
auto observed_with(const char* value, RunOptions options = {}) -> RunOptions {
    ::setenv("GYRE_OBSERVE", value, 1);
    const auto text = error_of([&] { options = obs::observed(options); });
    ::unsetenv("GYRE_OBSERVE");
    if (text != "nothing") throw std::invalid_argument(text);
    return options;
}

}  // namespace

TEST(Observe, asks_for_nothing_if_the_variable_is_not_there) {
    ::unsetenv("GYRE_OBSERVE");
    for (const RunOptions& options : {obs::observed(), observed_with("")}) {
        EXPECT_EQ(options.control, nullptr);
        EXPECT_FALSE(options.dump_on_quit);
        EXPECT_FALSE(options.stall_limit.has_value());
        EXPECT_FALSE(options.recorder.on);
        EXPECT_EQ(options.timing, Timing::sampled);
    }
}

TEST(Observe, takes_each_word) {
    const auto all = observed_with("control,quit,stall=40ms,exact,record");
    EXPECT_EQ(all.control, &obs::control_socket);
    EXPECT_TRUE(all.dump_on_quit);
    EXPECT_EQ(all.stall_limit, Duration(40ms));
    EXPECT_TRUE(all.recorder.on);
    EXPECT_EQ(all.timing, Timing::exact);
    EXPECT_EQ(observed_with("stall").stall_limit, Duration(25ms));
    EXPECT_EQ(observed_with("stall=1s").stall_limit, Duration(1s));
    EXPECT_EQ(observed_with("stall=2m").stall_limit, Duration(2min));
}

TEST(Observe, leaves_what_the_program_asks_for_itself) {
    const auto all = observed_with("stall", {.loops = 3, .stall_limit = 100ms});
    EXPECT_EQ(all.loops, 3U);
    EXPECT_EQ(all.stall_limit, Duration(100ms));
    EXPECT_EQ(observed_with("stall=40ms", {.stall_limit = 100ms}).stall_limit, Duration(40ms)) << "what is said wins";
}

TEST(Observe, refuses_other_words) {
    for (const char* word :
        {"all", "stall=", "stall=0ms", "stall=25", "stall=25h", "control,,quit", " quit", "stall=-1s"}) {
        EXPECT_THROW(observed_with(word), std::invalid_argument) << word;
    }
    EXPECT_EQ(error_of([] { observed_with("quit,stop"); }),
        "GYRE_OBSERVE: 'stop' is none of control, quit, stall, stall=25ms (or s, m), exact, record");
}

}  // namespace gyre::testing
