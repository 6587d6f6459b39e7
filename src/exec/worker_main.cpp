#include "exec/worker_protocol.hpp"

#include <gyre/backend/worker_channel.hpp>
#include <gyre/exec/process_pool.hpp>

#include <cxxabi.h>

#include <cstdlib>
#include <cstring>
#include <limits>
#include <map>
#include <mutex>
#include <string>
#include <typeinfo>

namespace gyre {

namespace internal {

namespace {

struct RemoteEntry {
    RemoteThunk thunk = nullptr;
    bool ambiguous = false;
};

struct RemoteFunctions {
    std::mutex mutex;
    std::map<std::uint64_t, RemoteEntry> entries;
};

auto remote_functions() -> RemoteFunctions& {
    static auto* const functions = new RemoteFunctions;  // never destroyed: static objects of the program may use it
    return *functions;
}

/// FNV-1a: the same in every process of one program, which is all that is asked of it.
auto hash(std::string_view text) noexcept -> std::uint64_t {
    std::uint64_t value = 14695981039346656037ULL;
    for (const char c : text) value = (value ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
    return value;
}

auto find_remote(std::uint64_t id) -> RemoteThunk {
    auto& functions = remote_functions();
    const std::lock_guard lock(functions.mutex);
    const auto found = functions.entries.find(id);
    return found == functions.entries.end() ? nullptr : found->second.thunk;
}

constexpr backend::ChannelEnd to_parent{worker_descriptor};  // with the parent this process dies anyway

auto send_message(WorkerMessage message, std::span<const std::byte> bytes) -> bool {
    const WorkerHeader header{message, static_cast<std::uint32_t>(bytes.size())};
    const backend::ChannelDeadline never(Duration::max());
    return backend::send_all(to_parent, std::as_bytes(std::span(&header, 1)), never) == backend::Moved::all &&
           backend::send_all(to_parent, bytes, never) == backend::Moved::all;
}

auto current_exception_type() -> std::string {
    const std::type_info* type = abi::__cxa_current_exception_type();
    if (type == nullptr) return "unknown";
    int status = 0;
    char* name = abi::__cxa_demangle(type->name(), nullptr, nullptr, &status);
    std::string text = status == 0 ? name : type->name();
    std::free(name);
    return text;
}

auto refusal(std::string_view text) -> bool {
    Writer writer;
    writer.text(text);
    return send_message(WorkerMessage::refused, writer.data());
}

/// @return false if nobody listens any more.
auto answer_error(const std::string& type, const std::string& text) -> bool {
    Writer writer;
    writer.array(2);
    writer.text(type);
    writer.text(text);
    return send_message(WorkerMessage::error, writer.data());
}

auto answer(std::span<const std::byte> request) -> bool {
    try {
        Reader reader(request);
        reader.array_of(2);
        const RemoteThunk thunk = find_remote(reader.unsigned_integer());
        if (thunk == nullptr) {
            return refusal("the worker process does not know the function: is it in a library that is loaded later?");
        }
        Writer writer;
        thunk(reader, writer);
        if (writer.data().size() > std::numeric_limits<std::uint32_t>::max()) return refusal("the result is too large");
        return send_message(WorkerMessage::value, writer.data());
    } catch (const SerializeError& error) {
        return refusal(error.what());
    } catch (const std::exception& error) {
        return answer_error(current_exception_type(), error.what());
    } catch (...) {
        return answer_error(current_exception_type(), "an exception of type " + current_exception_type());
    }
}

auto serve() -> int {
    if (!send_message(WorkerMessage::ready, {})) return 0;
    const backend::ChannelDeadline never(Duration::max());
    std::vector<std::byte> request;
    for (;;) {
        WorkerHeader header;
        const auto bytes = std::as_writable_bytes(std::span(&header, 1));
        if (backend::receive_all(to_parent, bytes, never) != backend::Moved::all) return 0;
        request.resize(header.length);
        if (backend::receive_all(to_parent, request, never) != backend::Moved::all) return 0;
        if (!answer(request)) return 0;
    }
}

}  // namespace

auto register_remote(const std::type_info& key, RemoteThunk thunk) noexcept -> std::uint64_t {
    auto& functions = remote_functions();
    const std::lock_guard lock(functions.mutex);
    const std::uint64_t id = hash(key.name());
    const auto [place, added] = functions.entries.try_emplace(id, RemoteEntry{thunk, false});
    // The copies of one template in several shared libraries are one function; so are two of one name and one address.
    if (!added && place->second.thunk != thunk) place->second.ambiguous = true;
    return id;
}

void require_unambiguous(std::uint64_t id, std::string_view name) {
    auto& functions = remote_functions();
    const std::lock_guard lock(functions.mutex);
    const auto found = functions.entries.find(id);
    if (found != functions.entries.end() && !found->second.ambiguous) return;
    throw SerializeError("submit: the program has several functions '" + std::string(name) +
                         "' (in unnamed namespaces of several files?), and a worker process cannot tell them apart");
}

auto is_unused_worker() noexcept -> bool {
    const char* value = std::getenv(worker_variable);
    const char* colon = value == nullptr ? nullptr : std::strchr(value, ':');
    return colon != nullptr && std::atoi(colon + 1) == backend::parent_number();
}

}  // namespace internal

auto worker_main(int argc, char** argv) -> std::optional<int> {
    if (argc < 2 || std::strcmp(argv[1], internal::worker_argument) != 0 || !internal::is_unused_worker() ||
        !backend::adopt_channel(internal::worker_descriptor)) {
        return std::nullopt;
    }
    ::unsetenv(internal::worker_variable);  // what this process starts is no worker
    return internal::serve();
}

}  // namespace gyre
