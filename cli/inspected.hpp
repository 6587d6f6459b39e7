#pragma once

#include <gyre/gyre.hpp>

#include <nlohmann/json.hpp>

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace gyre::http {
class Client;
}  // namespace gyre::http

namespace gyre::cli {

/// A program cannot be looked at. The text says why, and what to do.
class InspectError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// A running program that has a control socket.
struct RunningProgram {
    RunningProgram() = default;

    int process = 0;
    std::string name;
    std::string socket;
};

/// The programs of this user (of all users, for root) that have a control socket, by process number. Socket files that a killed
/// program left behind are removed.
[[nodiscard]] auto running_programs() -> std::vector<RunningProgram>;

/// What a program answers.
struct InspectedAnswer {
    InspectedAnswer() = default;

    std::string body;
    std::string notice;     ///< What is missing in it, in words; mostly empty.
    bool has_tasks = true;  ///< False: it says that it is of none.
};

/// A running program, as its control socket shows it. Thread: one loop.
class Inspected {
public:
    /// @param target a process number, a program's name, or the path of a socket. @throws InspectError if there is no such program,
    /// several have that name, it has no control socket, or it is stopped.
    explicit Inspected(std::string_view target);
    Inspected(const Inspected&) = delete;
    auto operator=(const Inspected&) -> Inspected& = delete;
    ~Inspected();

    [[nodiscard]] auto program() const noexcept -> const RunningProgram& { return program_; }
    /// "serve (process 4711)"
    [[nodiscard]] auto title() const -> std::string;

    /// The body of an answer, of 512 MiB at most. @param path as "/v1/snapshot?most=10". @throws InspectError: it has ended, is
    /// stopped, does not answer within `limit`, or refuses.
    [[nodiscard]] auto get(std::string path, AnyDuration limit = std::chrono::seconds(10)) -> Task<std::string>;
    /// The same with what the program says beside the body.
    [[nodiscard]] auto get_answer(std::string path, AnyDuration limit) -> Task<InspectedAnswer>;
    /// The same as JSON. @throws InspectError also for what is none.
    [[nodiscard]] auto get_json(std::string path, AnyDuration limit = std::chrono::seconds(10)) -> Task<nlohmann::json>;
    /// Another request with a body, of JSON.
    [[nodiscard]] auto send(std::string method, std::string path, std::string body,
        AnyDuration limit = std::chrono::seconds(10)) -> Task<std::string>;

private:
    [[nodiscard]] auto exchange(std::string method, std::string path, std::string body, AnyDuration limit)
        -> Task<InspectedAnswer>;
    [[noreturn]] void explain(const std::exception& error, std::string_view path) const;

    RunningProgram program_;
    std::unique_ptr<http::Client> client_;
};

}  // namespace gyre::cli
