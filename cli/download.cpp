#include "download.hpp"

#include "output.hpp"

#include <gyre/http/client/client.hpp>
#include <gyre/http/core/errors.hpp>

#include <algorithm>
#include <exception>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace gyre::cli {

namespace {

/// A body did not come whole, but nothing of the connection was wrong.
class StatusError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

auto client_for(const GetOptions& options) -> http::Client {
    const auto tls = tls_options(options);
    return http::Client({.timeout = {.connect = options.timeout, .read = options.timeout},
        .tls = &tls,
        .max_idle_per_host = options.concurrency});
}

/// May the same request have better luck a moment later?
auto is_passing(int status) -> bool {
    return status == 408 || status == 429 || status == 500 || status == 502 || status == 503 || status == 504;
}

auto is_passing(const http::RequestError& error) -> bool {
    switch (error.phase()) {
    case http::RequestPhase::pool:
    case http::RequestPhase::resolve:
    case http::RequestPhase::connect:
    case http::RequestPhase::send:
    case http::RequestPhase::response:
    case http::RequestPhase::body:
        break;
    case http::RequestPhase::url:
    case http::RequestPhase::tls:
    case http::RequestPhase::proxy:
    case http::RequestPhase::redirect:
        return false;
    }
    // A server that breaks the protocol will do so again; one that was cut off may not.
    try {
        if (error.cause()) std::rethrow_exception(error.cause());
    } catch (const http::ProtocolError& broken) {
        return broken.rule() == http::Rule::premature_eof;
    } catch (...) {
        return true;
    }
    return true;
}

/// Runs all downloads of one call of the tool.
class Downloader {
public:
    Downloader(const GetOptions& options, Progress& progress, Observer& observer)
        : options_(options), progress_(progress), observer_(observer), client_(client_for(options)), output_(options) {}
    Downloader(const Downloader&) = delete;
    auto operator=(const Downloader&) -> Downloader& = delete;
    ~Downloader() {
        for (std::size_t i = 0; i < tasks_.size(); ++i) progress_.downloads[i].figures = tasks_[i].stats();
        const auto statistics = client_.stats();
        progress_.connections_opened = statistics.connections_opened;
        progress_.connections_reused = statistics.connections_reused;
    }

    auto run() -> Task<void> {
        co_await output_.prepare();
        co_await task_group([&](TaskGroup& group) -> Task<void> {
            for (std::size_t index = 0; index < progress_.downloads.size(); ++index) {
                while (progress_.running >= options_.concurrency) {
                    slot_free_.clear();
                    co_await slot_free_.wait();
                }
                begin(group, index);
            }
        });
    }

private:
    void begin(TaskGroup& group, std::size_t index) {
        Download& download = progress_.downloads[index];
        download.state = Download::State::running;
        download.started = this_loop().now();
        progress_.peak_running = std::max(progress_.peak_running, ++progress_.running);
        tasks_.push_back(group.spawn(work(download, index), {.name = download.url}));
    }

    /// The task of one download: whatever happens to it, the others go on.
    auto work(Download& download, std::size_t index) -> Task<void> {
        Finish finish(*this, download, index);
        try {
            co_await fetch(download, index);
            finish.set(Download::State::done);
        } catch (const std::exception& error) {
            download.error = error.what();
            finish.set(Download::State::failed);
        }
    }

    /// Counts a download as finished; as cancelled unless told otherwise.
    class Finish {
    public:
        Finish(Downloader& downloader, Download& download, std::size_t index)
            : downloader_(downloader), download_(download), index_(index) {}
        Finish(const Finish&) = delete;
        auto operator=(const Finish&) -> Finish& = delete;
        ~Finish() { downloader_.finished(download_, index_, state_); }
        void set(Download::State state) { state_ = state; }

    private:
        Downloader& downloader_;
        Download& download_;
        std::size_t index_;
        Download::State state_ = Download::State::cancelled;
    };

    void finished(Download& download, std::size_t index, Download::State state) {
        download.state = state;
        download.ended = this_loop().now();
        --progress_.running;
        if (state == Download::State::done) ++progress_.done;
        if (state == Download::State::failed) ++progress_.failed;
        output_.finished(index);
        slot_free_.set();
        if (state != Download::State::cancelled) observer_.finished(progress_, download);
    }

    /// Tries until it succeeds, fails for good, or the tries are used up.
    auto fetch(Download& download, std::size_t index) -> Task<void> {
        bool restartable = true;  // nothing was written that cannot be taken back
        for (;;) {
            ++download.attempts;
            std::exception_ptr error;
            bool again = download.attempts <= options_.retries;
            try {
                co_await fetch_once(download, index, restartable);
                co_return;
            } catch (const http::RequestError& failed) {
                error = std::current_exception();
                again = again && is_passing(failed);
            } catch (const StatusError&) {
                error = std::current_exception();
                again = again && is_passing(download.status);
            }
            if (!again || !restartable) std::rethrow_exception(error);
            progress_.bytes -= std::exchange(download.bytes, 0);
            co_await sleep(std::chrono::milliseconds(100) * (1 << std::min(download.attempts, 6)));
        }
    }

    auto fetch_once(Download& download, std::size_t index, bool& restartable) -> Task<void> {
        co_await output_.turn(index);
        auto getting = client_.get(download.url).decode(false);  // a file is saved as it is
        auto response = co_await std::move(getting);
        download.status = response.status();
        download.expected = response.content_length();
        if (download.status >= 400) {
            std::string text = "GET " + download.url + ": " + response.peer().text() + " answered " +
                               std::to_string(download.status);
            if (!response.reason().empty()) text.append(" ").append(response.reason());
            throw StatusError(text);
        }
        auto opening = output_.open(index);
        auto sink = co_await std::move(opening);
        for (;;) {
            const std::span<const char> piece = co_await response.read();
            if (piece.empty()) break;
            download.bytes += piece.size();
            progress_.bytes += piece.size();
            co_await sink->write(piece);
            restartable = sink->can_restart();
        }
        download.file = co_await sink->commit();
    }

    const GetOptions& options_;
    Progress& progress_;
    Observer& observer_;
    http::Client client_;
    Output output_;
    std::vector<TaskHandle<void>> tasks_;  ///< By index.
    Event slot_free_{"a free place among the downloads"};
};

}  // namespace

auto tls_options(const GetOptions& options) -> net::TlsClientOptions {
    net::TlsClientOptions tls;
    if (!options.ca_file.empty()) tls.ca_file(options.ca_file);
    if (!options.ca_pem.empty()) tls.ca_pem(options.ca_pem);
    if (options.insecure) tls.insecure_skip_verify();
    return tls;
}

auto download_all(const GetOptions& options, Progress& progress, Observer& observer) -> Task<void> {
    for (const std::string& url : options.urls) {
        Download download;
        download.url = url;
        progress.downloads.push_back(std::move(download));
    }
    Downloader downloader(options, progress, observer);
    co_await downloader.run();
}

}  // namespace gyre::cli
