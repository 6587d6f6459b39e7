// File: modes, the position and what is read ahead, positional calls, limits, bad use.

#include "scratch.hpp"

#include "support/loops.hpp"

#include <array>
#include <stdexcept>
#include <vector>

namespace gyre::testing {

namespace {

class FileOnLoops : public OnLoops {
protected:
    Scratch scratch;
};

auto error_text(Work auto work) -> Task<std::string> {
    const auto outcome = co_await as_outcome(std::move(work));
    co_return outcome.is_error() ? describe(outcome.error()) : "no error";
}

auto lines_of(std::filesystem::path path, std::vector<std::string>& lines) -> Task<> {
    auto file = co_await fs::open(path);
    for (;;) {
        auto line = co_await file.read_line();
        if (!line) break;
        lines.push_back(*line);
    }
}

}  // namespace

TEST_P(FileOnLoops, writes_and_reads_a_whole_file) {
    run([&]() -> Task<> {
        co_await fs::write_text(scratch / "a", "first\nsecond\n");
        const auto text = co_await fs::read_text(scratch / "a");
        EXPECT_EQ(text, "first\nsecond\n");
        co_await fs::write_text(scratch / "a", "");
        const auto empty = co_await fs::read_text(scratch / "a");
        EXPECT_EQ(empty, "");
    });
}

TEST_P(FileOnLoops, reads_a_file_that_does_not_know_its_size) {
    run([&]() -> Task<> {
        const auto text = co_await fs::read_text("/proc/self/status");
        EXPECT_NE(text.find("VmPeak"), std::string::npos);
    });
}

TEST_P(FileOnLoops, refuses_a_file_larger_than_the_limit) {
    run([&]() -> Task<> {
        co_await fs::write_text(scratch / "a", "12345");
        const auto fits = co_await fs::read_text(scratch / "a", 5);
        EXPECT_EQ(fits, "12345");
        const auto outcome = co_await as_outcome(fs::read_text(scratch / "a", 4));
        EXPECT_TRUE(failed_with<LimitError>(outcome));
        const auto endless = co_await as_outcome(fs::read_text("/dev/zero", 100'000));
        EXPECT_TRUE(failed_with<LimitError>(endless));
    });
}

TEST_P(FileOnLoops, opens_in_every_mode_of_fopen) {
    run([&]() -> Task<> {
        const auto path = scratch / "a";
        const auto missing = co_await error_text(fs::open(path, "r+"));
        EXPECT_EQ(missing, "open " + path.string() + ": No such file or directory");
        auto made = co_await fs::open(path, "x+");
        co_await made.write("one");
        co_await made.seek(0);
        const auto back = co_await made.read_all();
        EXPECT_EQ(back, "one");
        const auto again = co_await as_outcome(fs::open(path, "x"));
        EXPECT_TRUE(again.is_error());

        auto appending = co_await fs::open(path, "a+b");
        co_await appending.seek(0);
        co_await appending.write(" two");
        co_await appending.seek(0);
        const auto both = co_await appending.read_all();
        EXPECT_EQ(both, "one two");

        auto emptied = co_await fs::open(path, "w+");
        const auto nothing = co_await emptied.read_all();
        EXPECT_EQ(nothing, "");
        for (const char* bad : {"", "q", "rw", "r++", "wx", "br"}) {
            const auto outcome = co_await as_outcome(fs::open(path, bad));
            EXPECT_TRUE(failed_with<std::invalid_argument>(outcome)) << bad;
        }
    });
}

TEST_P(FileOnLoops, a_path_with_a_zero_byte_is_refused) {
    run([&]() -> Task<> {
        const auto outcome = co_await as_outcome(fs::read_text(std::string("/etc/passwd\0.txt", 16)));
        EXPECT_TRUE(failed_with<std::invalid_argument>(outcome));
    });
}

TEST_P(FileOnLoops, gives_lines_without_their_ends) {
    run([&]() -> Task<> {
        co_await fs::write_text(scratch / "a", "one\ntwo\r\n\nlast");
        std::vector<std::string> lines;
        co_await lines_of(scratch / "a", lines);
        EXPECT_EQ(lines, (std::vector<std::string>{"one", "two", "", "last"}));

        std::string many;
        for (int i = 0; i < 30'000; ++i)
            many += "line " + std::to_string(i) + "\n";  // far more than is read ahead at once
        co_await fs::write_text(scratch / "b", many);
        lines.clear();
        co_await lines_of(scratch / "b", lines);
        EXPECT_EQ(lines.size(), 30'000U);
        EXPECT_EQ(lines.back(), "line 29999");
    });
}

TEST_P(FileOnLoops, a_line_over_the_limit_is_not_lost) {
    run([&]() -> Task<> {
        co_await fs::write_text(scratch / "a", "0123456789\nrest\n");
        auto file = co_await fs::open(scratch / "a");
        const auto outcome = co_await as_outcome(file.read_line(10));
        EXPECT_TRUE(failed_with<LimitError>(outcome));
        const auto line = co_await file.read_line(11);
        EXPECT_EQ(line, "0123456789");
        const auto all = co_await as_outcome(file.read_all(4));
        EXPECT_TRUE(failed_with<LimitError>(all));
        const auto rest = co_await file.read_all(5);
        EXPECT_EQ(rest, "rest\n");
    });
}

TEST_P(FileOnLoops, a_write_goes_where_the_reader_is_and_not_where_it_read_ahead_to) {
    run([&]() -> Task<> {
        co_await fs::write_text(scratch / "a", "one\ntwo\nthree\n");
        auto file = co_await fs::open(scratch / "a", "r+");
        const auto line = co_await file.read_line();
        EXPECT_EQ(line, "one");
        EXPECT_EQ(file.tell(), 4U);
        co_await file.write("TWO");
        EXPECT_EQ(file.tell(), 7U);
        const auto rest = co_await file.read(100);
        EXPECT_EQ(rest, "\nthree\n");
        const auto whole = co_await fs::read_text(scratch / "a");
        EXPECT_EQ(whole, "one\nTWO\nthree\n");
    });
}

TEST_P(FileOnLoops, seeks_from_all_three_places) {
    run([&]() -> Task<> {
        co_await fs::write_text(scratch / "a", "0123456789");
        auto file = co_await fs::open(scratch / "a");
        const auto first = co_await file.read(2);
        EXPECT_EQ(first, "01");
        const auto forward = co_await file.seek(3, fs::Whence::current);
        EXPECT_EQ(forward, 5U);
        const auto third = co_await file.read(1);
        EXPECT_EQ(third, "5");
        const auto near_end = co_await file.seek(-2, fs::Whence::end);
        EXPECT_EQ(near_end, 8U);
        const auto last = co_await file.read(10);
        EXPECT_EQ(last, "89");
        const auto before = co_await error_text(file.seek(-1));
        EXPECT_EQ(before, "seek " + (scratch / "a").string() + ": Invalid argument");
    });
}

TEST_P(FileOnLoops, reads_small_pieces_and_large_ones) {
    run([&]() -> Task<> {
        std::string content;
        for (int i = 0; i < 3'000'000; ++i) content += static_cast<char>(i * 7 + i / 256);
        co_await fs::write_text(scratch / "a", content);
        auto file = co_await fs::open(scratch / "a");
        std::string read;
        for (const std::size_t size : {1UL, 10UL, 100'000UL, 3UL, 1'048'577UL, 7UL, 5'000'000UL}) {
            read += co_await file.read(size);
        }
        EXPECT_EQ(read.size(), content.size());
        EXPECT_TRUE(read == content);
        const auto at_end = co_await file.read(10);
        EXPECT_EQ(at_end, "");
        const auto whole = co_await file.pread(5'000'000, 0);
        EXPECT_TRUE(whole == content);
    });
}

TEST_P(FileOnLoops, positional_calls_leave_the_position_alone_and_run_at_once) {
    run([&]() -> Task<> {
        co_await fs::write_text(scratch / "a", "0123456789");
        auto file = co_await fs::open(scratch / "a", "r+");
        co_await file.pwrite("ab", 4);
        const auto middle = co_await file.pread(4, 3);
        EXPECT_EQ(middle, "3ab6");
        const auto behind = co_await file.pread(4, 100);
        EXPECT_EQ(behind, "");
        const auto read = co_await gather(file.pread(1, 1), file.pread(1, 8), file.read(3));
        EXPECT_EQ(std::get<0>(read) + std::get<1>(read) + std::get<2>(read), "18012");
        EXPECT_EQ(file.tell(), 3U);
    });
}

TEST_P(FileOnLoops, a_read_sees_what_was_written_by_position_after_it_was_read_ahead) {
    run([&]() -> Task<> {
        co_await fs::write_text(scratch / "a", "0123456789");
        auto file = co_await fs::open(scratch / "a", "r+");
        const auto first = co_await file.read(1);
        co_await file.pwrite("xx", 1);
        const auto rest = co_await file.read(3);
        EXPECT_EQ(first + rest, "0xx3");
    });
}

TEST_P(FileOnLoops, vectors_go_in_order) {
    run([&]() -> Task<> {
        auto file = co_await fs::open(scratch / "a", "w+");
        std::vector<std::string_view> pieces(3000, "ab");  // more than one call takes
        pieces[1] = "";
        co_await file.writev(std::move(pieces));
        co_await file.seek(5996);
        std::array<std::byte, 1> first;
        std::array<std::byte, 10> second;
        std::vector<std::span<std::byte>> buffers = {first, second};
        const auto count = co_await file.readv(std::move(buffers));
        EXPECT_EQ(count, 2U);
        EXPECT_EQ(static_cast<char>(first[0]), 'a');
        EXPECT_EQ(static_cast<char>(second[0]), 'b');
    });
}

TEST_P(FileOnLoops, truncates_allocates_and_syncs) {
    run([&]() -> Task<> {
        auto file = co_await fs::open(scratch / "a", "w+");
        co_await file.write("0123456789");
        co_await file.truncate(4);
        co_await file.sync();
        co_await file.sync(true);
        const auto shorter = co_await file.info();
        EXPECT_EQ(shorter.size, 4U);
        EXPECT_TRUE(shorter.is_regular);
        EXPECT_EQ(shorter.type, fs::FileType::regular);
        co_await file.allocate(0, 100'000);
        const auto longer = co_await file.info();
        EXPECT_EQ(longer.size, 100'000U);
        EXPECT_GE(longer.allocated_size, 100'000U);
    });
}

TEST_P(FileOnLoops, a_second_task_at_the_position_is_told_its_mistake) {
    run([&]() -> Task<> {
        co_await fs::write_text(scratch / "a", "0123456789");
        auto file = co_await fs::open(scratch / "a");
        auto one = spawn(file.read(1));
        co_await yield_now();
        const auto two = co_await error_text(file.read(1));
        EXPECT_EQ(two, "read " + file.path() +
                           ": another task is at the position of this file; one at a time, or pread and pwrite");
        const auto closing = co_await error_text(file.close());
        EXPECT_EQ(closing, "close " + file.path() + ": another call of this file is under way");
        const auto first = co_await one.join();
        EXPECT_EQ(first, "0");
    });
}

TEST_P(FileOnLoops, a_closed_or_moved_file_is_told_so) {
    run([&]() -> Task<> {
        auto file = co_await fs::open(scratch / "a", "w");
        co_await file.close();
        co_await file.close();
        EXPECT_TRUE(file.is_closed());
        const auto closed = co_await error_text(file.write("x"));
        EXPECT_EQ(closed, "write " + (scratch / "a").string() + ": the file is closed");
        const fs::File other = std::move(file);
        const auto moved = co_await error_text(file.write("x"));  // NOLINT(bugprone-use-after-move)
        EXPECT_EQ(moved, "write: this File was moved from");
    });
}

TEST_P(FileOnLoops, a_call_under_way_keeps_the_file_open) {
    run([&]() -> Task<> {
        co_await fs::write_text(scratch / "a", "0123456789");
        std::optional<fs::File> file = co_await fs::open(scratch / "a");
        auto read = spawn(file->pread(3, 2));
        co_await yield_now();
        file.reset();
        const auto text = co_await read.join();
        EXPECT_EQ(text, "234");
    });
}

TEST_P(FileOnLoops, locks_against_other_openings) {
    run([&]() -> Task<> {
        auto one = co_await fs::open(scratch / "a", "w");
        auto two = co_await fs::open(scratch / "a", "r+");
        co_await one.lock();
        EXPECT_FALSE(two.try_lock(fs::LockKind::shared));
        const bool locked = co_await move_on_after(20ms, two.lock());
        EXPECT_FALSE(locked);
        one.unlock();
        co_await two.lock(fs::LockKind::shared);
        EXPECT_TRUE(one.try_lock(fs::LockKind::shared));
    });
}

TEST_P(FileOnLoops, cannot_leave_the_root_that_an_outsider_was_given) {
    run([&]() -> Task<> {
        co_await fs::create_directory(scratch / "root");
        co_await fs::write_text(scratch / "secret", "s");
        co_await fs::write_text(scratch / "root/page", "p");
        co_await fs::symlink("../secret", scratch / "root/link");
        auto page = co_await fs::open_beneath(scratch / "root", "page");
        const auto text = co_await page.read_all();
        EXPECT_EQ(text, "p");
        const auto up = co_await error_text(fs::open_beneath(scratch / "root", "../secret"));
        EXPECT_NE(up.find("the path leaves its directory"), std::string::npos) << up;
        const auto link = co_await error_text(fs::open_beneath(scratch / "root", "link"));
        EXPECT_NE(link.find("a symbolic link is in the path"), std::string::npos) << link;
    });
}

TEST_P(FileOnLoops, follows_links_that_stay_below_the_root_if_it_may) {
    run([&]() -> Task<> {
        co_await fs::create_directory(scratch / "root");
        co_await fs::write_text(scratch / "root/page", "p");
        co_await fs::symlink("page", scratch / "root/inner");
        co_await fs::symlink("..", scratch / "root/up");
        fs::BeneathOptions options;
        options.follow_links = true;
        auto page = co_await fs::open_beneath(scratch / "root", "inner", options);
        const auto text = co_await page.read_all();
        EXPECT_EQ(text, "p");
        const auto up = co_await error_text(fs::open_beneath(scratch / "root", "up", options));
        EXPECT_NE(up.find("the path leaves its directory"), std::string::npos) << up;
        auto root = co_await fs::Directory::open_beneath(scratch / "root", ".");
        const auto entry = co_await root.next();
        EXPECT_TRUE(entry.has_value());
        const auto file = co_await error_text(fs::Directory::open_beneath(scratch / "root", "page"));
        EXPECT_NE(file.find("Not a directory"), std::string::npos) << file;
    });
}

TEST_P(FileOnLoops, a_write_that_fails_says_what_and_where) {
    run([&]() -> Task<> {
        auto full = co_await fs::open("/dev/full", "w");
        const auto error = co_await error_text(full.write("x"));
        EXPECT_EQ(error, "write /dev/full: No space left on device");
        auto reader = co_await fs::open("/dev/null", "r");
        const auto wrong = co_await error_text(reader.pwrite("x", 0));
        EXPECT_EQ(wrong, "pwrite /dev/null: Bad file descriptor");
    });
}

TEST_P(FileOnLoops, many_positional_reads_at_once) {
    run([&]() -> Task<> {
        std::string content;
        for (int i = 0; i < 100'000; ++i) content += static_cast<char>('a' + i % 26);
        co_await fs::write_text(scratch / "a", content);
        auto file = co_await fs::open(scratch / "a");
        std::size_t wrong = 0;
        co_await task_group([&](TaskGroup& group) -> Task<> {
            for (std::size_t i = 0; i < 1000; ++i) {
                group.spawn([&file, &content, &wrong, i]() -> Task<> {
                    const auto piece = co_await file.pread(50, i * 97);
                    if (piece != content.substr(i * 97, 50)) ++wrong;
                });
            }
            co_return;
        });
        EXPECT_EQ(wrong, 0U);
    });
}

TEST_P(FileOnLoops, a_temporary_file_has_no_name) {
    run([&]() -> Task<> {
        auto file = co_await fs::temporary_file(scratch.path());
        co_await file.write("secret");
        co_await file.seek(0);
        const auto text = co_await file.read_all();
        EXPECT_EQ(text, "secret");
        EXPECT_EQ(scratch.count(), 0U);
    });
}

GYRE_ON_LOOPS(FileOnLoops);

}  // namespace gyre::testing
