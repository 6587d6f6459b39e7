#include "net/system_resolver.hpp"

#include <gyre/backend/signals.hpp>
#include <gyre/core/errors.hpp>
#include <gyre/core/loop.hpp>

#include <netdb.h>

#include <cerrno>
#include <cstring>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

namespace gyre::internal {

namespace {

struct FreeAddresses {
    void operator()(addrinfo* found) const noexcept { ::freeaddrinfo(found); }
};

auto failure_of(int status) -> LookupAnswer {
    switch (status) {
    case EAI_NONAME:
    case EAI_NODATA:
    case EAI_ADDRFAMILY:
        return LookupAnswer::no_such_name();
    case EAI_AGAIN:
        return LookupAnswer::failed(std::errc::resource_unavailable_try_again, "the name servers did not answer");
    case EAI_MEMORY:
        return LookupAnswer::failed(std::errc::not_enough_memory, "out of memory");
    case EAI_SYSTEM:
        return LookupAnswer::failed(static_cast<std::errc>(errno), std::strerror(errno));
    default:
        return LookupAnswer::failed(std::errc::invalid_argument, ::gai_strerror(status));
    }
}

auto ask_system(const std::string& host) -> LookupAnswer {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* raw = nullptr;
    // seam: a simulation has names of its own and never comes here
    const int status = ::getaddrinfo(host.c_str(), nullptr, &hints, &raw);
    if (status != 0) return failure_of(status);
    const std::unique_ptr<addrinfo, FreeAddresses> found(raw);
    LookupAnswer answer;
    for (const addrinfo* entry = found.get(); entry != nullptr; entry = entry->ai_next) {
        if (entry->ai_family != AF_INET && entry->ai_family != AF_INET6) continue;
        sockaddr_storage storage{};
        std::memcpy(&storage, entry->ai_addr, entry->ai_addrlen);
        answer.addresses.emplace_back(storage, entry->ai_addrlen);
    }
    return answer.addresses.empty() ? LookupAnswer::no_such_name() : answer;
}

}  // namespace

struct SystemResolver::Job {
    std::string host;
    std::shared_ptr<Lookup> lookup;
    std::shared_ptr<Mailbox> mailbox;
    EventLoop* loop;  ///< Used on its thread only.
};

struct SystemResolver::Shared {
    explicit Shared(Function asked) : function(std::move(asked)) {}

    const Function function;
    std::mutex mutex;
    std::deque<Job> queue;
    std::size_t threads = 0;
};

SystemResolver::SystemResolver(Function function) : shared_(std::make_shared<Shared>(std::move(function))) {}

auto SystemResolver::of_process() -> SystemResolver& {
    static SystemResolver resolver(ask_system);
    return resolver;
}

void SystemResolver::start(EventLoop& loop, std::shared_ptr<Lookup> lookup) {
    std::string host = lookup->host();
    const std::lock_guard lock(shared_->mutex);
    if (shared_->queue.size() >= queue_limit) {
        throw IoError(std::make_error_code(std::errc::resource_unavailable_try_again), "resolve", host,
            "more than " + std::to_string(queue_limit) + " names are waiting for the system's resolver");
    }
    shared_->queue.push_back({std::move(host), std::move(lookup), loop.mailbox(), &loop});
    if (shared_->threads < thread_limit) {
        try {
            const backend::SignalsBlocked blocked;  // they are for the program's own threads
            std::thread([shared = shared_] { work(shared); }).detach();
            ++shared_->threads;
        } catch (const std::system_error& error) {
            if (shared_->threads == 0) {
                const std::string name = shared_->queue.back().host;
                shared_->queue.pop_back();
                throw IoError(error.code(), "resolve", name, "no thread for the system's resolver");
            }
            // The others will come to it.
        }
    }
    loop.expect_post();
}

void SystemResolver::work(const std::shared_ptr<Shared>& shared) noexcept {
    std::unique_lock lock(shared->mutex);
    while (!shared->queue.empty()) {
        Job job = std::move(shared->queue.front());
        shared->queue.pop_front();
        lock.unlock();
        auto answer = shared->function(job.host);
        auto callback = make_callback(
            [loop = job.loop, lookup = std::move(job.lookup), answer = std::move(answer)]() mutable {
                loop->post_arrived();
                lookup->finish(std::move(answer));
            });
        static_cast<void>(job.mailbox->post(std::move(callback)));
        lock.lock();
    }
    --shared->threads;
}

}  // namespace gyre::internal
