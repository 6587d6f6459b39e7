#pragma once

#include "os/process_record.hpp"

#include <gyre/os/process.hpp>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace gyre::internal {

/// Where one standard stream of a child goes.
struct StreamPlan {
    enum class Kind : std::uint8_t { standard, stdio, file, descriptor, text };

    Kind kind = Kind::standard;  ///< As the call has it that starts the child.
    process::Stdio stdio = process::Stdio::inherit;
    bool append = false;
    int descriptor = -1;
    std::string text;  ///< A path, or what the child is to read.
};

/// What a `Command` gathers.
struct CommandSpecification {
    std::vector<std::string> arguments;
    std::string name;
    std::string directory;
    std::vector<std::pair<std::string, std::optional<std::string>>> environment;  ///< Set or, if empty, unset; in order.
    bool clears_environment = false;
    std::array<StreamPlan, 3> streams;
    std::vector<backend::DescriptorMove> passed;
    std::vector<backend::ResourceLimit> limits;
    process::Group group = process::Group::own;
    int file_mask = -1;
    int niceness = 0;
    std::size_t output_limit = net::Stream::default_read_all_limit;
    Duration timeout = Duration::max();
    Duration grace = std::chrono::seconds(5);

    [[nodiscard]] auto text() const -> std::string;
    [[nodiscard]] auto title() const -> const std::string& { return name.empty() ? arguments.front() : name; }
};

/// The program's ends of the pipes of a child.
struct ChildStreams {
    std::array<std::optional<net::Stream>, 3> of;
};

/// Starts it. @param captures outputs that nobody asked for are piped, and the input is empty: as `run` has it.
[[nodiscard]] auto start_process(std::shared_ptr<const CommandSpecification> what, bool captures)
    -> Task<process::Child>;

}  // namespace gyre::internal
