#include <gyre/core/sent_work.hpp>

#include <gyre/core/duration_text.hpp>
#include <gyre/core/task_node.hpp>
#include <gyre/core/wait_record.hpp>

#include <algorithm>
#include <string_view>

namespace gyre::internal {

auto wait_text(const SentWork& work) -> std::string {
    std::string text(to_string(WaitKind::loop));
    text += " " + std::to_string(work.loop);
    if (work.task != 0) return text + ", task of " + place_text(work.where);
    return text + (work.is_over ? ", whose answer is on its way" : ", which has not begun it");
}

namespace {

/// How much of a text stays if it is cut there, or before: no character in two.
auto cut_before(std::string_view text, std::size_t most) noexcept -> std::size_t {
    const auto goes_on = [](char byte) { return (static_cast<unsigned char>(byte) & 0xc0U) == 0x80U; };
    while (most > 0 && goes_on(text[most])) --most;
    return most;
}

}  // namespace

void Sender::set(const TaskNode& sender, std::size_t its_loop) noexcept {
    constexpr std::string_view more = "...";
    task = reinterpret_cast<std::uintptr_t>(&sender);
    loop = its_loop;
    spawned = sender.location();
    const std::string_view whole = sender.name();
    const bool fits = whole.size() < name.size();
    const std::size_t kept = fits ? whole.size() : cut_before(whole, name.size() - more.size() - 1);
    std::copy_n(whole.data(), kept, name.data());
    if (!fits) std::copy(more.begin(), more.end(), name.data() + kept);
}

auto Sender::text() const -> std::string {
    const std::string_view called(name.data());
    const std::string which = called.empty() ? "of " + place_text(spawned) : "'" + std::string(called) + "'";
    return "task " + which + " of loop " + std::to_string(loop);
}

}  // namespace gyre::internal
