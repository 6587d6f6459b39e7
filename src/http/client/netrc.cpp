#include <gyre/http/client/auth.hpp>

#include "../core/grammar.hpp"

#include <gyre/core/errors.hpp>
#include <gyre/os/file.hpp>
#include <gyre/os/filesystem.hpp>

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace gyre::http {

namespace {

constexpr std::size_t longest_file = 1024 * 1024;
constexpr unsigned rights_of_others = 0077;

/// Words of a netrc file, and where they stand.
class NetrcWords {
public:
    explicit NetrcWords(std::string_view text) noexcept : rest_(text) {}

    /// The next word, without its quotes; empty at the end.
    [[nodiscard]] auto next() -> std::optional<std::string> {
        skip_space();
        if (rest_.empty()) return std::nullopt;
        if (rest_.front() == '"') return take_quoted();
        std::string word;
        while (!rest_.empty() && !is_space(rest_.front())) word += take();
        return word;
    }
    /// The next word, which must be there.
    [[nodiscard]] auto value(std::string_view what) -> std::string {
        auto word = next();
        if (!word) fail("nothing follows " + std::string(what));
        return std::move(*word);
    }
    /// A macro lasts until an empty line.
    void skip_macro() {
        bool line_is_empty = false;
        for (skip_line(); !rest_.empty() && !line_is_empty;) {
            line_is_empty = rest_.front() == '\n' || rest_.starts_with("\r\n");
            skip_line();
        }
    }
    void skip_line() {
        while (!rest_.empty()) {
            if (take() == '\n') return;
        }
    }
    [[noreturn]] void fail(const std::string& problem) const {
        throw NetrcError("netrc: line " + std::to_string(line_) + ": " + problem);
    }

private:
    [[nodiscard]] static auto is_space(char c) noexcept -> bool {
        return c == ' ' || c == '\t' || c == '\r' || c == '\n';
    }
    auto take() noexcept -> char {
        const char c = rest_.front();
        rest_.remove_prefix(1);
        if (c == '\n') ++line_;
        return c;
    }
    void skip_space() noexcept {
        while (!rest_.empty() && is_space(rest_.front())) take();
    }
    [[nodiscard]] auto take_quoted() -> std::string {
        take();
        std::string word;
        while (!rest_.empty() && rest_.front() != '\n') {
            char c = take();
            if (c == '"') return word;
            if (c == '\\' && !rest_.empty()) c = take();
            word += c;
        }
        fail("a quote is not closed");
    }

    std::string_view rest_;
    std::size_t line_ = 1;
};

auto read_entry_word(NetrcWords& words, const std::string& word, Netrc::Entry* entry) -> bool {
    if (word == "login" || word == "user") {
        auto login = words.value(word);
        if (entry != nullptr) entry->login = std::move(login);
    } else if (word == "password") {
        auto password = words.value(word);
        if (entry != nullptr) entry->password = std::move(password);
    } else if (word == "account") {
        static_cast<void>(words.value(word));
    } else {
        return false;
    }
    if (entry == nullptr) words.fail(word + " before any machine");
    return true;
}

auto environment(const char* name) -> std::string {
    const char* text = std::getenv(name);
    return text == nullptr ? std::string() : std::string(text);
}

auto load_file(std::filesystem::path path) -> Task<Netrc> {
    auto file = co_await fs::open(path);
    const auto info = co_await file.info();
    if ((info.permissions & rights_of_others) != 0) {
        throw NetrcError("netrc: " + path.string() + " may be used by others than its owner: chmod 600 it");
    }
    const auto text = co_await file.read_all(longest_file);
    co_await file.close();
    co_return Netrc::parse(text);
}

auto load_default() -> Task<Netrc> {
    std::filesystem::path path = environment("NETRC");
    const auto home = environment("HOME");
    if (path.empty() && !home.empty()) path = std::filesystem::path(home) / ".netrc";
    if (path.empty()) co_return Netrc();
    const bool is_there = co_await fs::exists(path);
    if (!is_there) co_return Netrc();
    co_return co_await load_file(std::move(path));
}

}  // namespace

auto Netrc::parse(std::string_view text) -> Netrc {
    Netrc netrc;
    NetrcWords words(text);
    while (const auto word = words.next()) {
        auto* const entry = netrc.entries_.empty() ? nullptr : &netrc.entries_.back();
        if (word->starts_with('#')) {
            words.skip_line();
        } else if (*word == "machine") {
            auto machine = words.value("machine");
            if (machine.empty()) words.fail("a machine without a name");
            netrc.entries_.emplace_back().machine = std::move(machine);
        } else if (*word == "default") {
            netrc.entries_.emplace_back();
        } else if (*word == "macdef") {
            words.skip_macro();
        } else if (!read_entry_word(words, *word, entry)) {
            words.fail("this is neither machine, default, login, password, account nor macdef");
        }
    }
    return netrc;
}

auto Netrc::load(std::filesystem::path path) -> Task<Netrc> { return load_file(std::move(path)); }
auto Netrc::load() -> Task<Netrc> { return load_default(); }

auto Netrc::find(std::string_view host) const noexcept -> const Entry* {
    const auto found = std::find_if(entries_.begin(), entries_.end(), [host](const Entry& entry) {
        return !entry.machine.empty() && internal::equals_ignoring_case(entry.machine, host);
    });
    return found == entries_.end() ? nullptr : &*found;
}

auto Netrc::fallback() const noexcept -> const Entry* {
    const auto found = std::find_if(
        entries_.begin(), entries_.end(), [](const Entry& entry) { return entry.machine.empty(); });
    return found == entries_.end() ? nullptr : &*found;
}

}  // namespace gyre::http
