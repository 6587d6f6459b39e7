#include <gyre/obs/snapshot.hpp>

#include "obs/place.hpp"
#include "obs/sockets.hpp"
#include "obs/task_reader.hpp"

#include <algorithm>

namespace gyre::obs {

namespace {

constexpr std::size_t most_errors = 8;

/// What there is to know of a loop besides tasks and numbers: it is in strings already.
auto read_rest(EventLoop& loop) -> Snapshot {
    auto& scheduler = loop.scheduler();
    Snapshot all;
    const auto errors = loop.unreceived_errors();
    for (const ErrorContext& error : errors.first(std::min(most_errors, errors.size()))) {
        all.errors.push_back(error.text());
    }
    for (const auto& dropped : scheduler.never_started) {
        all.never_started.push_back({make_place(dropped.where), dropped.by});
    }
    const auto& longest = scheduler.longest_slice;
    all.longest_slice = {longest.length, longest.task, longest.task_id, make_place(longest.after)};
    return all;
}

}  // namespace

auto to_string(TaskState state) noexcept -> std::string_view {
    static constexpr std::string_view names[] = {"running", "ready", "waiting"};
    return names[static_cast<std::size_t>(state)];
}

void RawSnapshot::begin(EventLoop& loop, ReadAt at) {
    head.read(loop);
    if (!loop.is_closed()) sockets = write_sockets(loop, tape);
    if (at == ReadAt::rest) rest = read_rest(loop);
}

auto read_raw(EventLoop& loop, std::size_t most_tasks) -> RawSnapshot {
    loop.check_thread("obs::snapshot");
    RawSnapshot raw;
    raw.begin(loop, ReadAt::rest);
    TaskReader reader(loop, raw.tape, most_tasks, ReadAt::rest);
    static_cast<void>(reader.read(Time::max()));
    raw.is_complete = reader.is_complete();
    return raw;
}

auto snapshot(EventLoop& loop, const SnapshotOptions& options) -> Snapshot {
    return decode(read_raw(loop, options.most_tasks), options);
}

auto snapshot(const SnapshotOptions& options) -> Snapshot { return snapshot(this_loop(), options); }

}  // namespace gyre::obs
