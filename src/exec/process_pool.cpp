#include <gyre/exec/process_pool.hpp>

#include "exec/worker_protocol.hpp"

#include <gyre/backend/own_process.hpp>
#include <gyre/backend/processes.hpp>
#include <gyre/backend/worker_channel.hpp>
#include <gyre/core/duration_text.hpp>
#include <gyre/core/errors.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string>
#include <thread>

namespace gyre {

namespace internal {

namespace {

constexpr int patience_milliseconds = 2000;  // for the end of a process that was told to go

/// A worker process, from the side of the pool. Thread: the one that started it, but `kill`.
class WorkerProcess {
public:
    /// @throws BrokenPoolError, SerializeError; also if `stop` has killed the process meanwhile.
    WorkerProcess(ProcessPoolCore& pool, const StopToken& stop) : pool_(pool) {
        try {
            start(stop);
        } catch (...) {
            static_cast<void>(end());
            throw;
        }
    }
    WorkerProcess(const WorkerProcess&) = delete;
    auto operator=(const WorkerProcess&) -> WorkerProcess& = delete;
    /// Lets it end by itself, if it can.
    ~WorkerProcess() { static_cast<void>(end()); }

    [[nodiscard]] auto is_usable() const noexcept -> bool {
        return channel_.descriptor >= 0 && backend::is_quiet(channel_);
    }
    /// The process and those that it started, if they are still in its group. Thread: any, while the process is used.
    void kill() noexcept {
        if (backend::signal_process_group(channel_.process, number_, SIGKILL) == 0) return;
        static_cast<void>(backend::signal_process(channel_.process, SIGKILL));
    }

    [[nodiscard]] auto exchange(std::span<const std::byte> request, std::vector<std::byte>& reply,
        WorkerMessage& message, Duration limit) -> backend::Moved;
    /// Closes the channel and waits for the end of the process, which is killed if it takes long.
    auto end() noexcept -> backend::ProcessEnd;

    std::size_t tasks = 0;

private:
    void start(const StopToken& stop);
    void spawn();
    [[nodiscard]] auto greet() -> backend::Moved;
    [[noreturn]] void fail_to_greet(backend::Moved greeted);
    [[noreturn]] static void fail(const std::string& why) { throw BrokenPoolError("ProcessPool: " + why); }

    ProcessPoolCore& pool_;
    backend::ChannelEnd channel_;
    pid_t number_ = -1;
};

auto text_of(const backend::ProcessEnd& end) -> std::string {
    if (!end.is_known) return "it is gone, and how is not known";
    if (end.signal == 0) return "it exited with code " + std::to_string(end.code);
    return "signal " + std::to_string(end.signal) + " (" + ::strsignal(end.signal) + ") killed it";
}

void WorkerProcess::start(const StopToken& stop) {
    if (is_unused_worker()) {
        throw InvalidStateError(
            "ProcessPool: this process is itself a worker, but its main did not begin with gyre::worker_main(argc, "
            "argv)");
    }
    spawn();
    pool_.started.fetch_add(1);
    pool_.running.fetch_add(1);
    std::vector<std::byte> reply;
    WorkerMessage message{};
    backend::Moved greeted{};
    auto initialized = backend::Moved::all;
    {
        const std::stop_callback kill_it(stop, [this] { kill(); });
        greeted = greet();
        if (greeted == backend::Moved::all && pool_.initializer) {
            initialized = exchange(pool_.initializer->data(), reply, message, pool_.options.start_limit);
        }
    }
    if (greeted != backend::Moved::all) fail_to_greet(greeted);
    if (initialized == backend::Moved::timed_out) kill();
    if (initialized != backend::Moved::all) fail("a worker process died or hung in its initializer");
    if (!pool_.initializer || message == WorkerMessage::value) return;
    Reader reader(reply);
    if (message == WorkerMessage::error) reader.array_of(2);
    if (message == WorkerMessage::error) static_cast<void>(reader.text());
    fail("the initializer of a worker process failed: " + std::string(reader.text()));
}

void WorkerProcess::spawn() {
    const std::string variable = std::string(worker_variable) + "=" + std::to_string(worker_descriptor) + ":" +
                                 std::to_string(backend::process_number());
    std::vector<char*> environment;
    for (const char* const* entry = backend::process_environment(); *entry != nullptr; ++entry) {
        const std::string_view text = *entry;
        if (!text.starts_with(std::string(worker_variable) + "=")) environment.push_back(const_cast<char*>(*entry));
    }
    environment.push_back(const_cast<char*>(variable.c_str()));
    environment.push_back(nullptr);
    const std::array<const char*, 2> programs{"/proc/self/exe", nullptr};
    const std::array<char*, 3> arguments{program_invocation_name, const_cast<char*>(worker_argument), nullptr};

    int there = -1;
    if (const int error = backend::open_channel(channel_.descriptor, there); error != 0) {
        throw IoError(std::error_code(-error, std::generic_category()), "open", "a channel to a worker process");
    }
    const std::array<backend::DescriptorMove, 1> moves{backend::DescriptorMove{there, worker_descriptor}};
    const rlim_t most = pool_.options.memory_limit_bytes;
    const std::array<backend::ResourceLimit, 1> limits{backend::ResourceLimit{RLIMIT_AS, {most, most}}};
    backend::SpawnRequest request;
    request.programs = programs.data();
    request.arguments = arguments.data();
    request.environment = environment.data();
    request.descriptors = moves;
    if (most != 0) request.limits = limits;
    request.signal_with_parent = SIGKILL;
    const auto result = backend::spawn_process(request);
    backend::close_channel(there);
    if (result.error != 0) {
        fail("a worker process cannot be started: " + std::error_code(result.error, std::generic_category()).message());
    }
    channel_.process = result.descriptor;
    number_ = result.pid;
}

auto WorkerProcess::greet() -> backend::Moved {
    WorkerHeader header;
    const backend::ChannelDeadline deadline(pool_.options.start_limit);
    const auto moved = backend::receive_all(channel_, std::as_writable_bytes(std::span(&header, 1)), deadline);
    return moved == backend::Moved::all && header.message != WorkerMessage::ready ? backend::Moved::closed : moved;
}

void WorkerProcess::fail_to_greet(backend::Moved greeted) {
    const std::string advice = "; does main begin with `if (auto code = gyre::worker_main(argc, argv)) return *code;`?";
    if (greeted == backend::Moved::timed_out) {
        kill();
        fail("a worker process was not ready within " + duration_text(pool_.options.start_limit) + advice);
    }
    fail("a worker process ended before it was ready: " + text_of(end()) + advice);
}

auto WorkerProcess::exchange(std::span<const std::byte> request, std::vector<std::byte>& reply, WorkerMessage& message,
    Duration limit) -> backend::Moved {
    const backend::ChannelDeadline deadline(limit);  // of all of it together
    const WorkerHeader call{WorkerMessage::call, static_cast<std::uint32_t>(request.size())};
    auto moved = backend::send_all(channel_, std::as_bytes(std::span(&call, 1)), deadline);
    if (moved == backend::Moved::all) moved = backend::send_all(channel_, request, deadline);
    WorkerHeader header;
    if (moved == backend::Moved::all) {
        moved = backend::receive_all(channel_, std::as_writable_bytes(std::span(&header, 1)), deadline);
    }
    if (moved != backend::Moved::all) return moved;
    if (header.length > pool_.options.message_limit_bytes) {
        throw SerializeError("the result is larger than message_limit_bytes: " + std::to_string(header.length));
    }
    message = header.message;
    reply.resize(header.length);
    return backend::receive_all(channel_, reply, deadline);
}

auto WorkerProcess::end() noexcept -> backend::ProcessEnd {
    backend::ProcessEnd ended;
    if (channel_.descriptor >= 0) backend::close_channel(std::exchange(channel_.descriptor, -1));
    if (channel_.process < 0) return ended;
    if (backend::reap_process_soon(channel_.process, ended, patience_milliseconds) != 0) {
        kill();
        static_cast<void>(backend::reap_process_soon(channel_.process, ended, patience_milliseconds));
    }
    backend::close_process(std::exchange(channel_.process, -1));
    pool_.running.fetch_sub(1);
    return ended;
}

// Never inlined: the address of a thread-local must not be kept across a suspension (llvm.org/PR47179).
[[gnu::noinline]] auto this_thread_worker() noexcept -> std::unique_ptr<WorkerProcess>& {
    static thread_local std::unique_ptr<WorkerProcess> worker;
    return worker;
}

[[noreturn]] void throw_reply(WorkerMessage message, std::span<const std::byte> reply, std::string_view name) {
    Reader reader(reply);
    if (message == WorkerMessage::error) {
        reader.array_of(2);
        std::string type(reader.text());
        throw RemoteError(std::move(type), std::string(reader.text()));
    }
    throw SerializeError("'" + std::string(name) + "' in a worker process: " + std::string(reader.text()));
}

}  // namespace

ProcessPoolCore::ProcessPoolCore(ProcessPoolOptions given) : options(given) {}

void ProcessPoolCore::check_size(const Writer& request, std::string_view name) const {
    const std::size_t most = std::min<std::size_t>(options.message_limit_bytes, 0xffff'ffff);
    if (request.data().size() <= most) return;
    throw SerializeError("the arguments of '" + std::string(name) +
                         "' are larger than message_limit_bytes: " + std::to_string(request.data().size()));
}

auto ProcessPoolCore::call(const Writer& request, std::string_view name, const StopToken& stop)
    -> std::vector<std::byte> {
    auto& worker = this_thread_worker();
    if (worker != nullptr && !worker->is_usable()) worker.reset();  // it died while nobody used it
    if (worker == nullptr) {
        try {
            worker = std::make_unique<WorkerProcess>(*this, stop);
        } catch (...) {
            if (stop.stop_requested()) throw JobStopped();
            throw;
        }
    }
    std::vector<std::byte> reply;
    WorkerMessage message{};
    backend::Moved moved{};
    try {
        const std::stop_callback kill_it(stop, [&worker] { worker->kill(); });
        moved = worker->exchange(request.data(), reply, message, options.time_limit);
        if (moved == backend::Moved::timed_out) worker->kill();
    } catch (...) {
        worker.reset();
        throw;
    }
    if (moved == backend::Moved::all) {
        // A process that was asked to stop may be dying.
        if (++worker->tasks == options.max_tasks_per_child || stop.stop_requested()) worker.reset();
        if (message != WorkerMessage::value) throw_reply(message, reply, name);
        return reply;
    }
    const auto ended = worker->end();
    worker.reset();
    if (stop.stop_requested()) throw JobStopped();
    const std::string job = "'" + std::string(name) + "'";
    if (moved == backend::Moved::timed_out) {
        throw TimeoutError(
            job + " ran longer than " + duration_text(options.time_limit) + ": its worker process was killed");
    }
    throw BrokenWorkerError(
        "a worker process died while it ran " + job + ": " + text_of(ended), ended.code, ended.signal);
}

void end_worker_process() noexcept { this_thread_worker().reset(); }

}  // namespace internal

ProcessPool::ProcessPool(std::size_t processes, ProcessPoolOptions options)
    : core_(std::make_shared<internal::ProcessPoolCore>(options)),
      threads_(processes, {.queue_limit = options.queue_limit, .name = "processes"}, {},
          [core = core_] { internal::end_worker_process(); }) {}

}  // namespace gyre
