#include "net/ares_resolver.hpp"

#include <gyre/core/errors.hpp>

#include <ares.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <utility>

namespace gyre::internal {

namespace {

/// c-ares rounds its own times: a timer that is early would find nothing to do, and be armed again and again.
constexpr auto timer_slack = std::chrono::milliseconds(1);

/// c-ares tells of both families together. When that takes so long, each is asked for alone as well: firewalls and name
/// servers that drop one of the two questions (RFC 4074) must not keep back the answer to the other.
constexpr auto patience = std::chrono::milliseconds(100);
/// How long one family waits for the other. RFC 8305 section 3.
constexpr auto resolution_delay = std::chrono::milliseconds(50);

/// c-ares' own patience with a server that says nothing, doubled with each of the tries: three fit into 10 s nearly.
constexpr int first_try_ms = 2'000;
constexpr int tries = 3;

void initialise_library() {
    static std::once_flag once;
    std::call_once(once, [] { ares_library_init(ARES_LIB_INIT_ALL); });
}

auto read_addresses(const ares_addrinfo& found) -> std::vector<net::Address> {
    std::vector<net::Address> addresses;
    for (const ares_addrinfo_node* node = found.nodes; node != nullptr; node = node->ai_next) {
        if (node->ai_family != AF_INET && node->ai_family != AF_INET6) continue;
        sockaddr_storage storage{};
        std::memcpy(&storage, node->ai_addr, std::min<std::size_t>(node->ai_addrlen, sizeof storage));
        addresses.emplace_back(storage, node->ai_addrlen);
    }
    return addresses;
}

auto time_of(const ares_addrinfo& found) -> std::optional<Duration> {
    std::optional<int> shortest;
    const auto note = [&](int seconds) { shortest = shortest ? std::min(*shortest, seconds) : seconds; };
    for (const ares_addrinfo_node* node = found.nodes; node != nullptr; node = node->ai_next) note(node->ai_ttl);
    for (const ares_addrinfo_cname* name = found.cnames; name != nullptr; name = name->next) note(name->ttl);
    if (!shortest) return std::nullopt;
    return std::chrono::seconds(*shortest);
}

auto answer_of(int status, const ares_addrinfo* found) -> LookupAnswer {
    switch (status) {
    case ARES_SUCCESS:
        break;
    case ARES_ENODATA:
    case ARES_ENOTFOUND:
        return LookupAnswer::no_such_name();
    case ARES_EBADNAME:
        return LookupAnswer::failed(std::errc::invalid_argument, "malformed name");
    case ARES_ETIMEOUT:
        return LookupAnswer::failed(std::errc::timed_out, "the name servers did not answer in time");
    case ARES_ENOMEM:
        return LookupAnswer::failed(std::errc::not_enough_memory, "out of memory");
    default:
        return LookupAnswer::failed(std::errc::resource_unavailable_try_again,
            std::string("the name servers failed: ") + ares_strerror(status));
    }
    LookupAnswer answer;
    answer.addresses = read_addresses(*found);
    answer.good_for = time_of(*found);
    return answer.addresses.empty() ? LookupAnswer::no_such_name() : answer;
}

}  // namespace

/// Owns c-ares' channel.
struct AresResolver::Channel {
    Channel(AresResolver& owner, const NameFiles& files) {
        initialise_library();
        ares_options options{};
        options.sock_state_cb = [](void* data, ares_socket_t descriptor, int readable, int writable) {
            static_cast<AresResolver*>(data)->watch(descriptor, readable != 0, writable != 0);
        };
        options.sock_state_cb_data = &owner;
        // NameSources has decided that files and dns it is, in this order.
        std::string lookups = "fb";
        options.lookups = lookups.data();
        options.timeout = first_try_ms;
        options.tries = tries;
        std::string resolv_conf = files.resolv_conf;
        options.resolvconf_path = resolv_conf.data();
        options.udp_port = files.port;
        constexpr int given = ARES_OPT_SOCK_STATE_CB | ARES_OPT_LOOKUPS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
                              ARES_OPT_RESOLVCONF | ARES_OPT_UDP_PORT;
        const int status = ares_init_options(&handle, &options, given);
        if (status != ARES_SUCCESS) {
            throw IoError(std::make_error_code(std::errc::resource_unavailable_try_again), "resolve", "with c-ares",
                ares_strerror(status));
        }
    }
    Channel(const Channel&) = delete;
    auto operator=(const Channel&) -> Channel& = delete;
    ~Channel() { ares_destroy(handle); }

    ares_channel handle = nullptr;
};

/// A name that is asked for, until c-ares has let go of all that was asked about it.
struct AresResolver::Pending {
    AresResolver& owner;
    std::shared_ptr<Lookup> lookup;  ///< Null once it is answered.
    std::list<Pending>::iterator place;
    TimerHandle next_step;
    int under_way = 1;   ///< Questions, and one for whoever is at work on this.
    LookupAnswer found;  ///< Of one family.

    void ask(int family, ares_addrinfo_callback answered) {
        ares_addrinfo_hints hints{};
        hints.ai_family = family;
        hints.ai_socktype = SOCK_STREAM;
        ++under_way;
        ares_getaddrinfo(owner.channel_->handle, lookup->host().c_str(), nullptr, &hints, answered, this);
    }

    void ask_for_each() {
        ++under_way;
        ask(AF_INET6, &Pending::answered_one);
        if (lookup) ask(AF_INET, &Pending::answered_one);
        owner.arm_timer();
        ended();
    }

    static void answered_both(void* argument, int status, int, ares_addrinfo* list) noexcept {
        auto& pending = *static_cast<Pending*>(argument);
        pending.attempt([&] { pending.finish(answer_of(status, list)); });
        if (list != nullptr) ares_freeaddrinfo(list);
        pending.ended();
    }

    static void answered_one(void* argument, int status, int, ares_addrinfo* list) noexcept {
        auto& pending = *static_cast<Pending*>(argument);
        if (status == ARES_SUCCESS) pending.attempt([&] { pending.take(answer_of(status, list)); });
        if (list != nullptr) ares_freeaddrinfo(list);
        pending.ended();
    }

    template<class Step>
    void attempt(Step step) noexcept {
        if (!lookup) return;
        try {
            step();
        } catch (...) {
            LookupAnswer answer;
            answer.error = std::make_error_code(std::errc::not_enough_memory);
            finish(std::move(answer));
        }
    }

    void take(LookupAnswer answer) {
        if (answer.error) return;
        if (!found.addresses.empty()) {
            found.addresses.insert(found.addresses.end(), answer.addresses.begin(), answer.addresses.end());
            if (answer.good_for && found.good_for) found.good_for = std::min(*found.good_for, *answer.good_for);
            return finish(std::move(found));
        }
        found = std::move(answer);
        next_step = owner.loop_.call_later(resolution_delay, [this] { finish(std::move(found)); });
    }

    void finish(LookupAnswer answer) noexcept {
        next_step.cancel();
        std::exchange(lookup, nullptr)->finish(std::move(answer));
    }

    void ended() noexcept {
        if (--under_way > 0) return;
        next_step.cancel();
        owner.pending_.erase(place);
    }
};

AresResolver::AresResolver(EventLoop& loop, const NameFiles& files)
    : loop_(loop), channel_(std::make_unique<Channel>(*this, files)) {}

AresResolver::~AresResolver() {
    timer_.cancel();
    channel_.reset();
}

void AresResolver::use_servers(const std::string& servers) {
    const int status = ares_set_servers_ports_csv(channel_->handle, servers.c_str());
    if (status != ARES_SUCCESS) throw std::invalid_argument("resolve: bad name servers '" + servers + "'");
}

void AresResolver::start(std::shared_ptr<Lookup> lookup) {
    auto& pending = pending_.emplace_back(*this, std::move(lookup), pending_.end());
    pending.place = std::prev(pending_.end());
    pending.ask(AF_UNSPEC, &Pending::answered_both);
    if (pending.lookup) pending.next_step = loop_.call_later(patience, [&pending] { pending.ask_for_each(); });
    arm_timer();
    pending.ended();
}

void AresResolver::watch(int descriptor, bool readable, bool writable) noexcept {
    try {
        if (readable) {
            loop_.add_reader(descriptor, [this, descriptor] { process(descriptor, ARES_SOCKET_BAD); });
        } else {
            loop_.remove_reader(descriptor);
        }
        if (writable) {
            loop_.add_writer(descriptor, [this, descriptor] { process(ARES_SOCKET_BAD, descriptor); });
        } else {
            loop_.remove_writer(descriptor);
        }
    } catch (...) {  // not watched: the question ends with c-ares' own timeout
    }
}

void AresResolver::process(int readable, int writable) {
    ares_process_fd(channel_->handle, readable, writable);
    arm_timer();
}

void AresResolver::arm_timer() {
    timer_.cancel();
    timeval storage{};
    const timeval* const next = ares_timeout(channel_->handle, nullptr, &storage);
    if (next == nullptr) return;
    const auto delay = std::chrono::seconds(next->tv_sec) + std::chrono::microseconds(next->tv_usec) + timer_slack;
    timer_ = loop_.call_later(delay, [this] { process(ARES_SOCKET_BAD, ARES_SOCKET_BAD); });
}

}  // namespace gyre::internal
