#include "inspected.hpp"

#include "descriptors.hpp"
#include "text.hpp"

#include <gyre/http/client/client.hpp>
#include <gyre/obs/control.hpp>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <compare>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

namespace gyre::cli {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t most_bytes = 512 * 1024 * 1024;

auto first_line(const std::string& path) -> std::string {
    std::ifstream file(path);
    std::string line;
    std::getline(file, line);
    return line;
}

auto number_of(std::string_view text) -> std::optional<int> {
    int number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() || number <= 0) return std::nullopt;
    return number;
}

auto user_number(std::string_view text) -> std::optional<unsigned> {
    unsigned number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return number;
}

auto name_of(int process) -> std::string { return harmless(first_line("/proc/" + std::to_string(process) + "/comm")); }

/// 'R', 'S', 'T' and so on; ' ' if there is no such process. Source: proc(5), stat.
auto state_of(int process) -> char {
    const std::string stat = first_line("/proc/" + std::to_string(process) + "/stat");
    const auto name_end = stat.rfind(')');
    return name_end == std::string::npos || name_end + 2 >= stat.size() ? ' ' : stat[name_end + 2];
}

/// Whether SIGQUIT makes it write a dump; else it would end it. Source: proc(5), status, SigCgt.
auto dumps_on_quit(int process) -> bool {
    if (process == 0) return false;
    std::ifstream status("/proc/" + std::to_string(process) + "/status");
    constexpr std::string_view wanted = "SigCgt:\t";
    for (std::string line; std::getline(status, line);) {
        if (!line.starts_with(wanted)) continue;
        std::uint64_t caught = 0;
        std::from_chars(line.data() + wanted.size(), line.data() + line.size(), caught, 16);
        return (caught >> (SIGQUIT - 1) & 1U) != 0;
    }
    return false;
}

auto user_of(int process) -> std::optional<unsigned> {
    struct stat found{};
    if (::stat(("/proc/" + std::to_string(process)).c_str(), &found) != 0) return std::nullopt;
    return found.st_uid;
}

/// Who listens there.
struct Listener {
    bool listens = false;
    int process = 0;  ///< 0: it cannot be told, since it takes no more connections now.
};

/// Does not wait: the kernel answers.
auto listener_at(const std::string& path) -> Listener {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) return {};
    std::memcpy(address.sun_path, path.c_str(), path.size());
    const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (probe < 0) return {};
    Listener found;
    if (::connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
        ucred peer{};
        socklen_t size = sizeof peer;
        found.listens = true;
        if (::getsockopt(probe, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0) found.process = peer.pid;
    } else {
        found.listens = errno == EAGAIN || errno == EACCES;
    }
    ::close(probe);
    return found;
}

/// A folder that may have sockets, and whose it has to be.
struct SocketFolder {
    std::string path;
    unsigned owner = 0;

    auto operator<=>(const SocketFolder&) const = default;
};

/// The folders that may have sockets which this user may connect to.
auto folders() -> std::vector<SocketFolder> {
    std::vector<SocketFolder> all;
    for (std::string& path : obs::control_folders(::geteuid())) all.push_back({std::move(path), ::geteuid()});
    if (::geteuid() != 0) return all;
    const auto add = [&](const fs::path& path, std::string_view user) {
        if (const auto number = user_number(user)) all.push_back({path.string(), *number});
    };
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator("/run/user", ignored)) {
        add(entry.path() / "gyre", entry.path().filename().string());
    }
    for (const auto& entry : fs::directory_iterator("/tmp", ignored)) {
        constexpr std::string_view prefix = "gyre-";
        const std::string name = entry.path().filename().string();
        if (name.starts_with(prefix)) add(entry.path(), std::string_view(name).substr(prefix.size()));
    }
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    return all;
}

/// A folder that is held open, so that it stays the one whose owner was looked at.
class OpenFolder {
public:
    explicit OpenFolder(const SocketFolder& folder)
        : descriptor_(::open(folder.path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) {
        struct stat found{};
        if (descriptor_ >= 0 && (::fstat(descriptor_, &found) != 0 || found.st_uid != folder.owner)) {
            ::close(std::exchange(descriptor_, -1));
        }
    }
    OpenFolder(const OpenFolder&) = delete;
    auto operator=(const OpenFolder&) -> OpenFolder& = delete;
    ~OpenFolder() {
        if (descriptor_ >= 0) ::close(descriptor_);
    }

    [[nodiscard]] auto is_open() const noexcept -> bool { return descriptor_ >= 0; }
    /// The way to it that no other folder can come into.
    [[nodiscard]] auto path() const -> std::string { return "/proc/self/fd/" + std::to_string(descriptor_); }
    void remove(const std::string& name) const { ::unlinkat(descriptor_, name.c_str(), 0); }

private:
    int descriptor_;
};

/// 4711 for "4711.sock" and "4711.2.sock".
auto process_of(const fs::path& socket) -> std::optional<int> {
    if (socket.extension() != ".sock") return std::nullopt;
    const std::string name = socket.filename().string();
    return number_of(std::string_view(name).substr(0, name.find('.')));
}

/// "process 4711 (serve)"
auto title_of(int process) -> std::string {
    const std::string name = name_of(process);
    return "process " + std::to_string(process) + (name.empty() ? "" : " (" + name + ")");
}

/// Says why a process cannot be asked, if that is plain to see.
void check_state(int process) {
    const std::string title = title_of(process);
    switch (state_of(process)) {
    case ' ':
        throw InspectError(
            "there is no process " + std::to_string(process) + "; `gyre ps` lists the programs that can be looked at");
    case 'Z':
    case 'X':
        throw InspectError(title + " has ended, and its parent has not asked for its status yet");
    case 'T':
        throw InspectError(title + " is stopped, by SIGSTOP or Ctrl-Z: it cannot answer; `kill -CONT " +
                           std::to_string(process) +
                           "` lets it go on. gdb and lldb read its tasks as it stands, with the scripts of gyre");
    case 't':
        throw InspectError(
            title + " is held by a debugger: it cannot answer; continue it there, or load the script of gyre there");
    default:
        return;
    }
}

[[noreturn]] void refuse_without_socket(int process) {
    check_state(process);
    const auto user = user_of(process);
    if (user && *user != ::geteuid() && ::geteuid() != 0) {
        throw InspectError(
            title_of(process) + " belongs to user " + std::to_string(*user) + ": look at it as that user, or as root");
    }
    throw InspectError(title_of(process) +
                       " has no control socket: it is no gyre program, or was not started with "
                       "RunOptions::control = &gyre::obs::control_socket");
}

/// By its number a process is its first run that is still there: that there are others is said beside what is shown of that.
/// @param found of one process, the first run in front.
void tell_of_other_runs(const std::vector<const RunningProgram*>& found) {
    if (found.size() < 2) return;
    const RunningProgram& first = *found.front();
    std::string others;
    for (const RunningProgram* program : found) {
        if (program != &first) others += " " + program->socket;
    }
    std::fprintf(stderr, "gyre: %s has %zu runs, and this is the one of %s; name another by its socket:%s\n",
        title_of(first.process).c_str(), found.size(), fs::path(first.socket).filename().c_str(), others.c_str());
}

auto find_program(std::string_view target) -> RunningProgram {
    if (target.find('/') != std::string_view::npos) {
        RunningProgram program;
        program.socket = target;
        program.process = process_of(fs::path(target)).value_or(0);
        program.name = program.process != 0 ? name_of(program.process) : "";
        if (!fs::exists(program.socket)) throw InspectError(program.socket + ": there is no such socket");
        return program;
    }
    const auto all = running_programs();
    const auto number = number_of(target);
    std::vector<const RunningProgram*> found;
    for (const RunningProgram& program : all) {
        if (number ? program.process == *number : program.name == target) found.push_back(&program);
    }
    if (number && found.empty()) refuse_without_socket(*number);
    if (found.empty()) {
        throw InspectError("no gyre program with a control socket is called '" + std::string(target) +
                           "'; `gyre ps` lists those that there are");
    }
    std::set<int> processes;
    std::string list;
    for (const RunningProgram* program : found) {
        if (processes.insert(program->process).second) list += " " + std::to_string(program->process);
    }
    if (processes.size() > 1) {
        throw InspectError(std::to_string(processes.size()) + " programs are called '" + std::string(target) +
                           "': name one by its process number:" + list);
    }
    tell_of_other_runs(found);
    return *found.front();
}

}  // namespace

auto running_programs() -> std::vector<RunningProgram> {
    std::vector<RunningProgram> all;
    for (const SocketFolder& folder : folders()) {
        const OpenFolder open(folder);
        if (!open.is_open()) continue;
        std::error_code ignored;
        for (const auto& entry : fs::directory_iterator(open.path(), ignored)) {
            const std::string name = entry.path().filename().string();
            const auto process = process_of(entry.path());
            if (!process) continue;
            const Listener listener = listener_at(entry.path().string());
            const bool is_gone = state_of(*process) == ' ';
            if (!listener.listens && is_gone) open.remove(name);  // of a program that was killed
            // One that is gone may have left its socket with a child that it has made without fork(2): it is that one's file still.
            if (!listener.listens || is_gone || (listener.process != 0 && listener.process != *process)) continue;
            RunningProgram& program = all.emplace_back();
            program.process = *process;
            program.name = name_of(*process);
            program.socket = folder.path + "/" + name;
        }
    }
    std::sort(all.begin(), all.end(), [](const RunningProgram& left, const RunningProgram& right) {
        return std::pair(left.process, left.socket.size()) < std::pair(right.process, right.socket.size());
    });
    return all;
}

Inspected::Inspected(std::string_view target) : program_(find_program(target)) {
    if (program_.process != 0) check_state(program_.process);
    http::ClientOptions options;
    options.base_url = "http://gyre/";
    options.unix_socket = program_.socket;
    options.max_connections = 4;
    options.decode = false;
    options.replay = false;
    client_ = std::make_unique<http::Client>(options);
}

Inspected::~Inspected() = default;

auto Inspected::title() const -> std::string {
    if (program_.process == 0) return program_.socket;
    return (program_.name.empty() ? "" : program_.name + " ") + "(process " + std::to_string(program_.process) + ")";
}

void Inspected::explain(const std::exception& error, std::string_view path) const {
    if (program_.process != 0) check_state(program_.process);
    if (!listener_at(program_.socket).listens) {
        throw InspectError(title() + " has closed its control socket: its run has ended, or it is ending");
    }
    const bool is_late = dynamic_cast<const TimeoutError*>(&error) != nullptr;
    if (is_late && descriptors_are_out(program_.process)) {
        const std::string limit = std::to_string(descriptor_limit(program_.process));
        const std::string process = std::to_string(program_.process);
        throw InspectError(title() + " cannot accept a connection: it has no descriptor left, of the " + limit +
                           " that it may have; `gyre fds " + process + "` shows them, `prlimit --pid " + process +
                           " --nofile=NUMBER:` allows it more");
    }
    if (is_late) {
        throw InspectError(title() + " does not answer " + std::string(path) +
                           " in time: the machine is too busy, or 16 others are asking" +
                           (dumps_on_quit(program_.process) ? "; SIGQUIT may still get a dump out of it" : ""));
    }
    throw InspectError(title() + ": " + harmless(error.what()));
}

auto Inspected::exchange(std::string method, std::string path, std::string body, AnyDuration limit)
    -> Task<InspectedAnswer> {
    try {
        auto request = client_->request(std::move(method), path);
        if (!body.empty()) request.json(std::move(body));
        request.timeout(limit);
        auto response = co_await std::move(request).send();
        InspectedAnswer answer;
        answer.body = co_await response.text(most_bytes);
        answer.notice = response.header("Gyre-Notice").value_or("");
        answer.has_tasks = response.header("Gyre-Tasks") != "0";
        if (response.status() < 400) co_return answer;
        throw InspectError(
            title() + " refuses " + path + ": " + std::to_string(response.status()) + " " + harmless(answer.body));
    } catch (const InspectError&) {
        throw;
    } catch (const std::exception& error) {
        explain(error, path);
    }
}

auto Inspected::send(std::string method, std::string path, std::string body, AnyDuration limit) -> Task<std::string> {
    auto answer = co_await exchange(std::move(method), std::move(path), std::move(body), limit);
    co_return std::move(answer.body);
}

auto Inspected::get_answer(std::string path, AnyDuration limit) -> Task<InspectedAnswer> {
    co_return co_await exchange("GET", std::move(path), "", limit);
}

auto Inspected::get(std::string path, AnyDuration limit) -> Task<std::string> {
    co_return co_await send("GET", std::move(path), "", limit);
}

auto Inspected::get_json(std::string path, AnyDuration limit) -> Task<nlohmann::json> {
    auto text = co_await get(path, limit);
    try {
        co_return nlohmann::json::parse(text);
    } catch (const nlohmann::json::exception& error) {
        throw InspectError(title() + ": what it answers to " + path + " is no JSON: " + harmless(error.what()));
    }
}

}  // namespace gyre::cli
