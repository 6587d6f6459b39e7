// What is done with whole files and names; directories, walks, temporary and atomic files, watches.

#include "scratch.hpp"

#include "support/loops.hpp"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <set>
#include <vector>

namespace gyre::testing {

namespace {

class FilesystemOnLoops : public OnLoops {
protected:
    Scratch scratch;
};

class WatchOnKernel : public OnKernel {
protected:
    Scratch scratch;
};

void put(const std::filesystem::path& path, std::string_view text) { std::ofstream(path, std::ios::binary) << text; }

auto slurp(const std::filesystem::path& path) -> std::string {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// A tree of directories, files and links, with `files` files in each of `directories` directories.
void plant(const std::filesystem::path& root, int directories, int files) {
    for (int d = 0; d < directories; ++d) {
        const auto inner = root / ("d" + std::to_string(d)) / "inner";
        std::filesystem::create_directories(inner);
        for (int f = 0; f < files; ++f) put(inner / ("f" + std::to_string(f)), "content");
        std::filesystem::create_symlink("/etc", inner / "link");
    }
}

auto names_of(fs::Walk walk, std::vector<std::string>& names) -> Task<> {
    for (;;) {
        const auto entry = co_await walk.next();
        if (!entry) break;
        names.push_back(entry->path.filename().string());
    }
    std::sort(names.begin(), names.end());
}

}  // namespace

TEST_P(FilesystemOnLoops, tells_what_is_known_of_a_file) {
    run([&]() -> Task<> {
        co_await fs::write_text(scratch / "a", "12345");
        co_await fs::set_permissions(scratch / "a", 0640);
        co_await fs::symlink("a", scratch / "link");
        co_await fs::hard_link(scratch / "a", scratch / "other");
        const auto info = co_await fs::stat(scratch / "link");
        EXPECT_EQ(info.size, 5U);
        EXPECT_EQ(info.permissions, 0640U);
        EXPECT_EQ(info.link_count, 2U);
        EXPECT_TRUE(info.is_regular);
        EXPECT_GT(info.modified.time_since_epoch().count(), 1'000'000'000'000'000'000);
        const auto link = co_await fs::lstat(scratch / "link");
        EXPECT_TRUE(link.is_symlink);
        const auto target = co_await fs::read_link(scratch / "link");
        EXPECT_EQ(target, "a");
        const auto other = co_await fs::stat(scratch / "other");
        EXPECT_EQ(other.inode, info.inode);
        const auto directory = co_await fs::stat(scratch.path());
        EXPECT_TRUE(directory.is_directory);
        const auto space = co_await fs::space(scratch.path());
        EXPECT_GE(space.capacity, space.free);
        EXPECT_GE(space.free, space.available);
        EXPECT_GT(space.capacity, 0U);
    });
}

TEST_P(FilesystemOnLoops, knows_what_exists) {
    run([&]() -> Task<> {
        put(scratch / "a", "");
        co_await fs::symlink("nowhere", scratch / "dangling");
        const auto there = co_await fs::exists(scratch / "a");
        const auto missing = co_await fs::exists(scratch / "b");
        const auto below_a_file = co_await fs::exists(scratch / "a/b");
        const auto dangling = co_await fs::exists(scratch / "dangling");
        EXPECT_TRUE(there);
        EXPECT_FALSE(missing);
        EXPECT_FALSE(below_a_file);
        EXPECT_FALSE(dangling);
        const auto too_long = co_await as_outcome(fs::exists(scratch / std::string(300, 'x')));
        EXPECT_TRUE(too_long.is_error());
    });
}

TEST_P(FilesystemOnLoops, makes_renames_and_removes) {
    run([&]() -> Task<> {
        co_await fs::create_directories(scratch / "x/y/z");
        co_await fs::create_directories(scratch / "x/y/z");
        const auto again = co_await as_outcome(fs::create_directory(scratch / "x"));
        EXPECT_TRUE(again.is_error());
        put(scratch / "a", "a");
        put(scratch / "b", "b");
        const auto taken = co_await as_outcome(fs::rename(scratch / "a", scratch / "b", false));
        EXPECT_TRUE(taken.is_error());
        EXPECT_EQ(slurp(scratch / "b"), "b");
        co_await fs::rename(scratch / "a", scratch / "b");
        EXPECT_EQ(slurp(scratch / "b"), "a");
        co_await fs::remove(scratch / "b");
        co_await fs::remove_directory(scratch / "x/y/z");
        const auto full = co_await as_outcome(fs::remove_directory(scratch / "x"));
        EXPECT_EQ(describe(full.error()), "remove directory " + (scratch / "x").string() + ": Directory not empty");
        EXPECT_EQ(scratch.count(), 2U);
    });
}

TEST_P(FilesystemOnLoops, removes_a_tree_and_nothing_behind_its_links) {
    run([&]() -> Task<> {
        std::filesystem::create_directory(scratch / "kept");
        put(scratch / "kept/file", "");
        plant(scratch / "tree", 5, 50);
        std::filesystem::create_directory_symlink(scratch / "kept", scratch / "tree/to-kept");
        const auto removed = co_await fs::remove_all(scratch / "tree");
        EXPECT_EQ(removed, 5U * 53U + 2U);
        EXPECT_EQ(scratch.count(), 2U);
        const auto nothing = co_await fs::remove_all(scratch / "tree");
        EXPECT_EQ(nothing, 0U);
        put(scratch / "file", "");
        const auto one = co_await fs::remove_all(scratch / "file");
        EXPECT_EQ(one, 1U);
    });
}

TEST_P(FilesystemOnLoops, copies_content_and_permissions) {
    run([&]() -> Task<> {
        const std::string content(3'000'000, 'x');
        co_await fs::write_text(scratch / "a", content, {.permissions = 0600});
        const auto count = co_await fs::copy(scratch / "a", scratch / "b");
        EXPECT_EQ(count, content.size());
        EXPECT_TRUE(slurp(scratch / "b") == content);
        const auto info = co_await fs::stat(scratch / "b");
        EXPECT_EQ(info.permissions, 0600U);
        put(scratch / "longer", std::string(4'000'000, 'y'));
        co_await fs::copy(scratch / "a", scratch / "longer");
        EXPECT_TRUE(slurp(scratch / "longer") == content);
        const auto refused = co_await as_outcome(fs::copy(scratch / "a", scratch / "b", {.replace = false}));
        EXPECT_TRUE(refused.is_error());
        const auto itself = co_await as_outcome(fs::copy(scratch / "a", scratch / "a"));
        EXPECT_TRUE(itself.is_error());
        EXPECT_TRUE(slurp(scratch / "a") == content);
        const auto status = co_await fs::copy("/proc/self/status", scratch / "status", {.keep_permissions = false});
        EXPECT_GT(status, 0U);
        const auto directory = co_await as_outcome(fs::copy(scratch.path(), scratch / "c"));
        EXPECT_TRUE(directory.is_error());
    });
}

TEST_P(FilesystemOnLoops, a_failed_copy_leaves_no_target) {
    run([&]() -> Task<> {
        const auto outcome = co_await as_outcome(fs::copy("/proc/self/mem", scratch / "b"));
        EXPECT_TRUE(outcome.is_error());
        EXPECT_EQ(scratch.count(), 0U);
    });
}

TEST_P(FilesystemOnLoops, lists_with_types_up_to_a_limit) {
    run([&]() -> Task<> {
        std::filesystem::create_directory(scratch / "directory");
        put(scratch / "file", "");
        std::filesystem::create_symlink("nowhere", scratch / "link");
        auto entries = co_await fs::list(scratch.path());
        std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
        EXPECT_EQ(entries.size(), 3U);
        EXPECT_EQ(entries[0].name, "directory");
        EXPECT_EQ(entries[0].type, fs::FileType::directory);
        EXPECT_EQ(entries[1].type, fs::FileType::regular);
        EXPECT_EQ(entries[2].type, fs::FileType::symlink);
        const auto limited = co_await as_outcome(fs::list(scratch.path(), 2));
        EXPECT_TRUE(failed_with<LimitError>(limited));
        const auto no_directory = co_await as_outcome(fs::list(scratch / "file"));
        EXPECT_EQ(describe(no_directory.error()), "open directory " + (scratch / "file").string() + ": Not a directory");
    });
}

TEST_P(FilesystemOnLoops, a_directory_of_many_names_is_given_whole) {
    run([&]() -> Task<> {
        for (int i = 0; i < 2500; ++i) put(scratch / ("name-" + std::to_string(i)), "");
        std::set<std::string> names;
        auto directory = co_await fs::Directory::open(scratch.path());
        for (;;) {
            const auto entry = co_await directory.next();
            if (!entry) break;
            names.insert(entry->name);
        }
        EXPECT_EQ(names.size(), 2500U);
    });
}

TEST_P(FilesystemOnLoops, walks_down_but_not_through_links) {
    run([&]() -> Task<> {
        plant(scratch.path(), 2, 2);
        std::vector<std::string> names;
        co_await names_of(fs::Walk(scratch.path()), names);
        EXPECT_EQ(
            names, (std::vector<std::string>{"d0", "d1", "f0", "f0", "f1", "f1", "inner", "inner", "link", "link"}));
        names.clear();
        co_await names_of(fs::Walk(scratch.path(), {.most_depth = 1}), names);
        EXPECT_EQ(names, (std::vector<std::string>{"d0", "d1", "inner", "inner"}));
        const auto missing = co_await as_outcome(names_of(fs::Walk(scratch / "missing"), names));
        EXPECT_TRUE(missing.is_error());
    });
}

TEST_P(FilesystemOnLoops, a_walk_leaves_out_what_is_skipped) {
    run([&]() -> Task<> {
        plant(scratch.path(), 2, 1);
        fs::Walk walk(scratch.path());
        int count = 0;
        for (;;) {
            const auto entry = co_await walk.next();
            if (!entry) break;
            ++count;
            if (entry->path.filename() == "d0") walk.skip();
        }
        EXPECT_EQ(count, 5);  // d0, d1, inner, f0, link
    });
}

TEST_P(FilesystemOnLoops, globs_as_a_shell_does) {
    run([&]() -> Task<> {
        std::filesystem::create_directories(scratch / "src/os");
        std::filesystem::create_directories(scratch / "src/.git");
        for (const char* name : {"a.txt", "b.cpp", ".hidden.cpp", "src/c.cpp", "src/os/d.cpp", "src/.git/e.cpp"}) {
            put(scratch / name, "");
        }
        const auto relative = [&](const std::vector<std::filesystem::path>& paths) {
            std::string text;
            for (const auto& path : paths) text += path.lexically_relative(scratch.path()).string() + " ";
            return text;
        };
        const auto top = co_await fs::glob(scratch.path(), "*.cpp");
        EXPECT_EQ(relative(top), "b.cpp ");
        const auto all = co_await fs::glob(scratch.path(), "**/*.cpp");
        EXPECT_EQ(relative(all), "b.cpp src/c.cpp src/os/d.cpp ");
        const auto below = co_await fs::glob(scratch.path(), "src/**/[de].cpp");
        EXPECT_EQ(relative(below), "src/os/d.cpp ");
        const auto exact = co_await fs::glob(scratch.path(), "src/?.cpp");
        EXPECT_EQ(relative(exact), "src/c.cpp ");
        const auto limited = co_await as_outcome(fs::glob(scratch.path(), "**/*.cpp", 2));
        EXPECT_TRUE(failed_with<LimitError>(limited));
    });
}

TEST_P(FilesystemOnLoops, an_atomic_file_is_there_whole_or_not_at_all) {
    run([&]() -> Task<> {
        put(scratch / "a", "old");
        {
            auto dropped = co_await fs::AtomicFile::create(scratch / "a");
            co_await dropped.write("half");
            EXPECT_EQ(scratch.count(), 2U);
        }
        EXPECT_EQ(scratch.count(), 1U);
        EXPECT_EQ(slurp(scratch / "a"), "old");
        auto file = co_await fs::AtomicFile::create(scratch / "a");
        co_await file.write("new");
        co_await file.commit(true);
        EXPECT_EQ(slurp(scratch / "a"), "new");
        co_await fs::write_text(scratch / "a", "newer", {.atomic = true, .durable = true});
        EXPECT_EQ(slurp(scratch / "a"), "newer");
        std::filesystem::create_directory(scratch / "d");
        const auto failed = co_await as_outcome(fs::write_text(scratch / "d", "x", {.atomic = true}));
        EXPECT_TRUE(failed.is_error());
        EXPECT_EQ(scratch.count(), 2U);
    });
}

TEST_P(FilesystemOnLoops, a_buffered_writer_gathers_small_writes) {
    run([&]() -> Task<> {
        auto file = co_await fs::open(scratch / "a", "w");
        fs::BufferedWriter writer(std::move(file), 100);
        std::string expected;
        for (int i = 0; i < 100; ++i) {
            const std::string piece = std::to_string(i * 37) + ",";
            expected += piece;
            co_await writer.write(piece);
        }
        EXPECT_GT(writer.buffered(), 0U);
        EXPECT_LT(slurp(scratch / "a").size(), expected.size());
        const std::string large(1000, 'x');
        co_await writer.write(large);
        expected += large;
        EXPECT_EQ(writer.buffered(), 0U);
        co_await writer.write("end");
        co_await writer.close();
        EXPECT_EQ(slurp(scratch / "a"), expected + "end");
    });
}

TEST_P(FilesystemOnLoops, a_temporary_directory_goes_with_everything_in_it) {
    run([&]() -> Task<> {
        auto directory = co_await fs::TemporaryDirectory::create(scratch.path());
        const auto info = co_await fs::stat(directory.path());
        EXPECT_EQ(info.permissions, 0700U);
        plant(directory.path(), 2, 3);
        co_await directory.remove();
        EXPECT_EQ(scratch.count(), 0U);
        auto kept = co_await fs::TemporaryDirectory::create(scratch.path());
        const auto path = kept.release();
        auto dropped = co_await fs::TemporaryDirectory::create(scratch.path());
        plant(dropped.path(), 2, 3);
    });
    loop()->close();
    EXPECT_EQ(scratch.count(), 1U) << "the loop waited for the dropped one";
}

GYRE_ON_LOOPS(FilesystemOnLoops);

TEST_P(WatchOnKernel, tells_what_happens_in_order) {
    run([&]() -> Task<> {
        auto watch = co_await fs::DirectoryWatch::open(scratch.path());
        put(scratch / "a", "text");
        std::filesystem::rename(scratch / "a", scratch / "b");
        std::filesystem::remove(scratch / "b");
        std::vector<fs::Change> changes;
        std::vector<std::filesystem::path> paths;
        std::uint32_t cookie = 0;
        for (int i = 0; i < 6; ++i) {
            const auto event = co_await watch.next();
            changes.push_back(event.change);
            paths.push_back(event.path);
            if (event.change == fs::Change::moved_away) cookie = event.cookie;
            if (event.change == fs::Change::moved_here) EXPECT_EQ(event.cookie, cookie);
        }
        using enum fs::Change;
        EXPECT_EQ(changes, (std::vector<fs::Change>{created, modified, written, moved_away, moved_here, removed}));
        EXPECT_EQ(paths.front(), scratch / "a");
        EXPECT_EQ(paths.back(), scratch / "b");
        const bool more = co_await move_on_after(10ms, [&]() -> Task<> { co_await watch.next(); });
        EXPECT_FALSE(more);
        std::filesystem::remove_all(scratch.path());
        auto event = co_await watch.next();
        while (event.change == attributes) event = co_await watch.next();
        EXPECT_EQ(event.change, gone);
    });
}

TEST_P(WatchOnKernel, follows_new_directories_and_what_is_in_them) {
    run([&]() -> Task<> {
        std::filesystem::create_directories(scratch / "old/inner");
        auto watch = co_await fs::DirectoryWatch::open(scratch.path(), {.recursive = true});
        EXPECT_EQ(watch.directory_count(), 3U);
        std::filesystem::create_directories(scratch / "new/deep/deeper");
        put(scratch / "new/deep/deeper/file", "");
        put(scratch / "old/inner/file", "");
        std::set<std::filesystem::path> seen;
        const std::set<std::filesystem::path> expected = {scratch / "new", scratch / "new/deep",
            scratch / "new/deep/deeper", scratch / "new/deep/deeper/file", scratch / "old/inner/file"};
        while (!std::includes(seen.begin(), seen.end(), expected.begin(), expected.end())) {
            const auto event = co_await watch.next();
            seen.insert(event.path);
        }
        EXPECT_EQ(watch.directory_count(), 6U);
        const auto limited = co_await as_outcome(
            fs::DirectoryWatch::open(scratch.path(), {.recursive = true, .most_directories = 3}));
        EXPECT_TRUE(failed_with<LimitError>(limited));
    });
}

TEST_P(WatchOnKernel, a_directory_that_goes_as_soon_as_it_has_come_does_no_harm) {
    run([&]() -> Task<> {
        auto watch = co_await fs::DirectoryWatch::open(scratch.path(), {.recursive = true});
        std::filesystem::create_directory(scratch / "early");
        std::filesystem::remove(scratch / "early");  // before it is asked for
        auto event = co_await watch.next();
        EXPECT_EQ(event.change, fs::Change::created);
        event = co_await watch.next();
        EXPECT_EQ(event.change, fs::Change::removed);
        std::filesystem::create_directory(scratch / "late");
        event = co_await watch.next();
        EXPECT_EQ(event.path, scratch / "late");
        std::filesystem::remove(scratch / "late");  // when it is watched, and what is in it is asked for next
        put(scratch / "file", "");
        std::vector<std::string> paths;
        while (paths.empty() || paths.back() != "file") {
            event = co_await watch.next();
            paths.push_back(event.path.filename().string());
        }
        EXPECT_EQ(watch.directory_count(), 1U);
    });
}

TEST_P(WatchOnKernel, a_directory_that_was_replaced_by_a_file_does_no_harm) {
    run([&]() -> Task<> {
        auto watch = co_await fs::DirectoryWatch::open(scratch.path(), {.recursive = true});
        std::filesystem::create_directory(scratch / "name");
        std::filesystem::remove(scratch / "name");
        put(scratch / "name", "");
        std::vector<fs::Change> changes;
        while (changes.empty() || changes.back() != fs::Change::written) {
            const auto event = co_await watch.next();
            changes.push_back(event.change);
        }
        using enum fs::Change;
        EXPECT_EQ(changes, (std::vector<fs::Change>{created, removed, created, written}));
    });
}

TEST_P(WatchOnKernel, a_directory_that_may_not_be_read_is_told_and_not_followed) {
    std::filesystem::permissions(scratch.path(), std::filesystem::perms::all);
    const pid_t child = ::fork();  // one that is not root, who may read everything
    if (child == 0) {
        ::alarm(20);
        int status = 77;
        const bool may = (::geteuid() != 0 || ::setresuid(65534, 65534, 65534) == 0) &&
                         ::access(scratch.path().c_str(), R_OK | W_OK | X_OK) == 0;
        const auto watching = [&]() -> Task<int> {
            ::mkdir((scratch / "old").c_str(), 0);
            auto watch = co_await fs::DirectoryWatch::open(scratch.path(), {.recursive = true});
            ::mkdir((scratch / "new").c_str(), 0);
            put(scratch / "file", "");
            const auto first = co_await watch.next();
            const auto second = co_await watch.next();
            const bool good = first.path == scratch / "new" && second.path == scratch / "file";
            co_return good&& watch.directory_count() == 1 ? 0 : 1;
        };
        try {
            if (may) status = gyre::run(watching, {.backend = GetParam()});
        } catch (const std::exception& error) {
            std::fprintf(stderr, "%s\n", error.what());
            status = 2;
        }
        ::_exit(status);
    }
    int status = -1;
    ::waitpid(child, &status, 0);
    for (const char* name : {"old", "new"}) ::rmdir((scratch / name).c_str());
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77) GTEST_SKIP() << "nobody else may work in " << scratch.path();
    EXPECT_EQ(status, 0);
}

TEST_P(WatchOnKernel, wakes_a_task_that_waits) {
    run([&]() -> Task<> {
        auto watch = co_await fs::DirectoryWatch::open(scratch.path());
        auto waiting = spawn(watch.next());
        co_await all_blocked();
        const auto second = co_await as_outcome(watch.next());
        EXPECT_TRUE(failed_with<InvalidStateError>(second));
        put(scratch / "a", "");
        const auto event = co_await waiting.join();
        EXPECT_EQ(event.change, fs::Change::created);
    });
}

TEST_P(WatchOnKernel, one_that_was_moved_from_says_so) {
    run([]() -> Task<> {
        auto watch = co_await fs::DirectoryWatch::open("/");
        const auto kept = std::move(watch);
        const std::string empty = "this DirectoryWatch is empty: it was moved from";
        // NOLINTBEGIN(bugprone-use-after-move)
        EXPECT_EQ(error_of([&] { static_cast<void>(watch.directory_count()); }), empty);
        const auto next = co_await as_outcome(watch.next());
        // NOLINTEND(bugprone-use-after-move)
        EXPECT_EQ(describe(next.error()), empty);
        EXPECT_EQ(kept.directory_count(), 1U);
    });
}

TEST_P(WatchOnKernel, a_missing_directory_is_an_error) {
    run([&]() -> Task<> {
        const auto outcome = co_await as_outcome(fs::DirectoryWatch::open(scratch / "missing"));
        EXPECT_EQ(describe(outcome.error()), "watch " + (scratch / "missing").string() + ": No such file or directory");
    });
}

GYRE_ON_KERNEL(WatchOnKernel);

}  // namespace gyre::testing
