#pragma once

#include "core/tape.hpp"

#include <gyre/obs/recording.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace gyre::obs {

/// Makes a recording of what the tapes of some loops have at this moment.
class TapeReader {
public:
    /// @param last what is older than that is left out.
    explicit TapeReader(Duration last) : last_(last) {}

    /// @param look at the loop, before this is called: of tasks that have no event on the tape only it knows. Null: there is none.
    void add(const EventLoop& loop, const Snapshot* look);
    [[nodiscard]] auto take() -> Recording { return std::move(all_); }

private:
    using Tape = internal::Tape;

    /// Says from when until when the events tell, and has those before that say only what was going on then.
    void cut(LoopRecording& one, const Tape& tape, const Tape::Scale& scale, Time now);
    void stand(LoopRecording& one, const std::vector<RecordedEvent>& past);
    void stand(LoopRecording& one, const Snapshot& look);
    void stand(LoopRecording& one, const TaskInfo& task, std::uint32_t number);
    void read(const Tape& tape, const Tape::Event& raw, RecordedEvent& event);
    /// @param address of a task, 0: none.
    [[nodiscard]] auto task_at(std::uint64_t address) -> std::uint32_t;
    [[nodiscard]] auto new_task(std::uint64_t address) -> std::uint32_t;
    [[nodiscard]] auto text(const Tape& tape, std::uint64_t number) -> std::uint32_t;
    [[nodiscard]] auto stack(const Tape& tape, std::uint64_t number) -> std::uint32_t;
    [[nodiscard]] auto text(std::string_view text) -> std::uint32_t;
    [[nodiscard]] auto stack(std::vector<Place> places) -> std::uint32_t;
    void note(const Tape& tape, std::uint32_t task, const Tape::Event& raw);

    Recording all_;
    Duration last_;
    std::size_t loop_ = 0;
    std::unordered_map<std::string, std::uint32_t> known_texts_;
    std::unordered_map<std::string, std::uint32_t> known_stacks_;  ///< By the addresses of their texts.
    // Of the tape that is read.
    std::unordered_map<std::uint64_t, std::uint32_t> tasks_;
    std::unordered_map<std::uint64_t, std::uint32_t> texts_;
    std::unordered_map<std::uint64_t, std::uint32_t> stacks_;
    std::vector<bool> moved_;  ///< By number: an event tells what the task did.
};

}  // namespace gyre::obs
