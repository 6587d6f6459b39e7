#pragma once

#include <gyre/core/frame.hpp>
#include <gyre/core/intrusive_list.hpp>
#include <gyre/core/io_mark.hpp>
#include <gyre/net/address.hpp>

#include <coroutine>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

namespace gyre::internal {

class LookupWait;

/// What a resolver found out about a name: addresses with port 0, or why there are none.
struct LookupAnswer {
    std::vector<net::Address> addresses;
    std::error_code error;
    std::string detail;                ///< Of the error, as its text ends: "no such name".
    std::optional<Duration> good_for;  ///< As the name servers said.

    [[nodiscard]] static auto no_such_name() -> LookupAnswer;
    [[nodiscard]] auto is_no_such_name() const noexcept -> bool {
        return error == std::errc::no_such_device_or_address;
    }
    [[nodiscard]] static auto failed(std::errc error, std::string detail) -> LookupAnswer;
};

/// One question for the addresses of a name, and all who wait for its answer. Thread: the loop's.
class Lookup {
public:
    explicit Lookup(std::string host) : host_(std::move(host)) {}
    Lookup(const Lookup&) = delete;
    auto operator=(const Lookup&) -> Lookup& = delete;
    ~Lookup() = default;

    [[nodiscard]] auto host() const noexcept -> const std::string& { return host_; }
    [[nodiscard]] auto is_done() const noexcept -> bool { return is_done_; }

    /// Called once when the answer is here, before the waiters are woken.
    void on_done(std::function<void()> function) { on_done_ = std::move(function); }
    /// The answer has come: wakes everyone, in the order in which they came.
    void finish(LookupAnswer answer) noexcept;

    /// Of one that is done.
    [[nodiscard]] auto answer() const noexcept -> const LookupAnswer& { return answer_; }
    /// Waits for the answer. On cancel: stops waiting; the question stands, for others.
    [[nodiscard]] auto wait() noexcept -> LookupWait;
    /// The addresses that were found, with a port. @throws IoError "resolve <host>: ..." if there are none.
    [[nodiscard]] auto addresses(std::uint16_t port) const -> std::vector<net::Address>;

private:
    friend class LookupWait;

    std::string host_;
    std::function<void()> on_done_;
    LookupAnswer answer_;
    IntrusiveList<LookupWait> waiters_;
    bool is_done_ = false;
};

class [[nodiscard("co_await it")]] LookupWait final : public Wait, public ListLink<LookupWait> {
public:
    explicit LookupWait(Lookup& lookup) noexcept : lookup_(&lookup) {}

    [[nodiscard]] auto await_ready() const noexcept -> bool { return lookup_->is_done_ && !interrupted(); }
    void await_suspend(std::coroutine_handle<>) noexcept;
    void await_resume() const noexcept { mark_.resume(scheduler()); }

    void wake() noexcept;
    void cancel() noexcept override;
    [[nodiscard]] auto record() const noexcept -> WaitRecord override {
        return {WaitKind::resolve, lookup_, lookup_->host_};
    }

private:
    Lookup* lookup_;
    IoMark mark_;
};

inline auto Lookup::wait() noexcept -> LookupWait { return LookupWait(*this); }

}  // namespace gyre::internal
