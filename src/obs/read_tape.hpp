#pragma once

#include "core/tape.hpp"

#include <gyre/obs/recording.hpp>

#include <cstdint>
#include <unordered_map>
#include <vector>

namespace gyre::obs {

/// Makes a recording of what the tapes of some loops have at this moment.
class TapeReader {
public:
    /// @param last what is older than that is left out.
    explicit TapeReader(Duration last) : last_(last) {}

    void add(const EventLoop& loop);
    [[nodiscard]] auto take() -> Recording { return std::move(all_); }

private:
    using Tape = internal::Tape;

    void read(const Tape& tape, const Tape::Event& raw, RecordedEvent& event);
    /// @param address of a task, 0: none.
    [[nodiscard]] auto task_at(std::uint64_t address) -> std::uint32_t;
    [[nodiscard]] auto new_task(std::uint64_t address) -> std::uint32_t;
    [[nodiscard]] auto text(const Tape& tape, std::uint64_t number) -> std::uint32_t;
    [[nodiscard]] auto stack(const Tape& tape, std::uint64_t number) -> std::uint32_t;
    void note(const Tape& tape, std::uint32_t task, const Tape::Event& raw);

    Recording all_;
    Duration last_;
    std::size_t loop_ = 0;
    // Of the tape that is read.
    std::unordered_map<std::uint64_t, std::uint32_t> tasks_;
    std::unordered_map<std::uint64_t, std::uint32_t> texts_;
    std::unordered_map<std::uint64_t, std::uint32_t> stacks_;
};

}  // namespace gyre::obs
