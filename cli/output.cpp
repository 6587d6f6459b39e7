#include "output.hpp"

#include <gyre/http/core/percent.hpp>

#include <unistd.h>

#include <filesystem>
#include <set>
#include <utility>

namespace gyre::cli {

class Output::FileSink final : public Sink {
public:
    explicit FileSink(fs::AtomicFile file) : file_(std::move(file)) {}

    auto write(std::span<const char> piece) -> Task<void> override {
        // Pieces are as small as a packet; the disk gets larger ones.
        buffer_.append(piece.data(), piece.size());
        if (buffer_.size() >= write_bytes) co_await flush();
    }
    auto commit() -> Task<std::string> override {
        co_await flush();
        co_await file_.commit();
        co_return file_.path();
    }
    [[nodiscard]] auto can_restart() const -> bool override { return true; }

private:
    static constexpr std::size_t write_bytes = 256 * 1024;

    auto flush() -> Task<void> {
        if (buffer_.empty()) co_return;
        co_await file_.write(std::string_view(buffer_));
        buffer_.clear();
    }

    fs::AtomicFile file_;
    std::string buffer_;
};

class Output::StandardOutputSink final : public Sink {
public:
    explicit StandardOutputSink(fs::File file) : file_(std::move(file)) {}

    auto write(std::span<const char> piece) -> Task<void> override {
        wrote_ = true;
        co_await file_.write(std::string_view(piece.data(), piece.size()));
    }
    auto commit() -> Task<std::string> override { co_return std::string(); }
    [[nodiscard]] auto can_restart() const -> bool override { return !wrote_; }

private:
    fs::File file_;
    bool wrote_ = false;
};

class Output::NullSink final : public Sink {
public:
    auto write(std::span<const char>) -> Task<void> override { co_return; }
    auto commit() -> Task<std::string> override { co_return std::string(); }
    [[nodiscard]] auto can_restart() const -> bool override { return true; }
};

Output::Output(const GetOptions& options) : options_(options), over_(options.urls.size()) {
    // Here and not when the answers come, so that the same list gives the same names.
    std::set<std::string> taken;
    for (const std::string& url : options.urls) {
        const std::string wanted = file_name_of(url);
        std::string name = wanted;
        for (int number = 1; !taken.insert(name).second; ++number) name = wanted + "." + std::to_string(number);
        paths_.push_back((std::filesystem::path(options.directory) / name).string());
    }
}
Output::~Output() = default;

auto Output::prepare() -> Task<void> {
    if (options_.destination == Destination::directory) co_await fs::create_directories(options_.directory);
}

auto Output::turn(std::size_t index) -> Task<void> {
    if (options_.destination != Destination::standard_output) co_return;
    while (turn_ != index) {
        turn_changed_.clear();
        co_await turn_changed_.wait();
    }
}

auto Output::open(std::size_t index) -> Task<std::unique_ptr<Sink>> {
    if (options_.destination == Destination::nowhere) co_return std::make_unique<NullSink>();
    if (options_.destination == Destination::directory) {
        auto creating = fs::AtomicFile::create(paths_[index]);
        auto file = co_await std::move(creating);
        co_return std::make_unique<FileSink>(std::move(file));
    }
    auto file = co_await fs::duplicate(STDOUT_FILENO, "standard output");
    co_return std::make_unique<StandardOutputSink>(std::move(file));
}

void Output::finished(std::size_t index) {
    over_[index] = 1;
    while (turn_ < over_.size() && over_[turn_] != 0) ++turn_;
    turn_changed_.set();
}

auto file_name_of(std::string_view text) -> std::string {
    constexpr std::size_t longest = 200;
    std::string name;
    try {
        const auto url = http::Url::parse(text);
        std::string_view path = url.path();
        path.remove_prefix(path.rfind('/') + 1);
        name = http::percent_decode(path);
        if (const auto query = url.query(); query && !query->empty()) name.append("?").append(*query);
    } catch (const http::UrlError&) {  // its download will say so; it needs no name
    }
    for (char& byte : name) {
        if (static_cast<unsigned char>(byte) < 0x20 || byte == '/' || byte == 0x7F) byte = '_';
    }
    if (name.size() > longest) name.resize(longest);
    // A name that begins with a dot would be hidden, or mean a directory.
    if (!name.empty() && name.front() == '.') name.front() = '_';
    return name.empty() ? "index.html" : name;
}

}  // namespace gyre::cli
