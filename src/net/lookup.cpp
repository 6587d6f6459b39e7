#include "net/lookup.hpp"

#include "net/address_parts.hpp"

#include <gyre/core/errors.hpp>
#include <gyre/core/scheduler.hpp>

#include <utility>

namespace gyre::internal {

auto LookupAnswer::no_such_name() -> LookupAnswer {
    return failed(std::errc::no_such_device_or_address, "no such name");
}

auto LookupAnswer::failed(std::errc error, std::string detail) -> LookupAnswer {
    LookupAnswer answer;
    answer.error = std::make_error_code(error);
    answer.detail = std::move(detail);
    return answer;
}

void Lookup::finish(LookupAnswer answer) noexcept {
    if (std::exchange(is_done_, true)) return;
    answer_ = std::move(answer);
    if (on_done_) std::exchange(on_done_, nullptr)();
    while (LookupWait* waiter = waiters_.pop_front()) waiter->wake();
}

auto Lookup::addresses(std::uint16_t port) const -> std::vector<net::Address> {
    if (answer_.error) throw IoError(answer_.error, "resolve", host_, answer_.detail);
    std::vector<net::Address> with_ports;
    with_ports.reserve(answer_.addresses.size());
    for (const net::Address& address : answer_.addresses) with_ports.push_back(with_port(address, port));
    return with_ports;
}

void LookupWait::await_suspend(std::coroutine_handle<>) noexcept {
    if (!begin()) return;
    lookup_->waiters_.push_back(*this);
    mark_.begin(scheduler(), *frame_, IoKind::resolve, -1);
}

void LookupWait::wake() noexcept {
    mark_.end(scheduler(), *frame_, 0);
    scheduler().wake(*frame_);
}

void LookupWait::cancel() noexcept {
    unlink();
    scheduler().stop(*frame_);
}

}  // namespace gyre::internal
