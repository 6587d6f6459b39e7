#pragma once

#include <gyre/http/server/app.hpp>
#include <gyre/http/server/server_observer.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gyre::http {

/// A number that only grows. Thread: any.
class Counter {
public:
    Counter() noexcept = default;
    void add(std::uint64_t count = 1) noexcept { value_.fetch_add(count, std::memory_order_relaxed); }
    [[nodiscard]] auto value() const noexcept -> std::uint64_t { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::uint64_t> value_ = 0;
};

/// A number that goes up and down. Thread: any.
class Gauge {
public:
    Gauge() noexcept = default;
    void set(double value) noexcept { value_.store(value, std::memory_order_relaxed); }
    void add(double difference) noexcept { value_.fetch_add(difference, std::memory_order_relaxed); }
    [[nodiscard]] auto value() const noexcept -> double { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<double> value_ = 0;
};

/// How often values fell below each of some bounds. Thread: any.
class Histogram {
public:
    /// @param bounds upper ones, ascending; above the last is one more bucket. @throws std::invalid_argument otherwise.
    explicit Histogram(std::vector<double> bounds);
    /// Counts a value; one that is no number (NaN) is dropped.
    void observe(double value) noexcept;

    [[nodiscard]] auto bounds() const noexcept -> const std::vector<double>& { return bounds_; }
    /// How many fell into the bucket with that index, of `bounds().size() + 1`.
    [[nodiscard]] auto count(std::size_t index) const noexcept -> std::uint64_t;
    [[nodiscard]] auto sum() const noexcept -> double { return sum_.load(std::memory_order_relaxed); }

private:
    std::vector<double> bounds_;
    std::vector<std::atomic<std::uint64_t>> counts_;
    std::atomic<double> sum_ = 0;
};

/// Names and values that tell the series of one metric apart.
using MetricLabels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

/// The metrics of a program, as Prometheus reads them: `app.get("/metrics", metrics.handler())`.
///
/// What `counter` and the others give lives as long as this, and is the same for the same name and labels. Do not make labels
/// of what clients send: there are at most `max_series` in all.
/// Thread: any. Source: the Prometheus text format 0.0.4.
class Metrics {
public:
    static constexpr std::size_t default_max_series = 10'000;

    explicit Metrics(std::size_t max_series = default_max_series);
    Metrics(const Metrics&) = delete;
    auto operator=(const Metrics&) -> Metrics& = delete;
    ~Metrics();

    /// @param name letters, digits, `_` and `:`; counters end in "_total" by custom. @param help one line for people.
    /// @throws std::invalid_argument for a bad name or label, or one that is a metric of another kind; LimitError past
    ///         `max_series`.
    auto counter(std::string_view name, std::string_view help, MetricLabels labels = {}) -> Counter&;
    /// As `counter`.
    auto gauge(std::string_view name, std::string_view help, MetricLabels labels = {}) -> Gauge&;
    /// As `counter`. @param bounds as those of `Histogram`; of a series that is there already they are not looked at.
    auto histogram(std::string_view name, std::string_view help, std::vector<double> bounds, MetricLabels labels = {})
        -> Histogram&;

    /// All of them, in the order of their names.
    [[nodiscard]] auto text() const -> std::string;
    /// Answers with `text`. This must outlive the app.
    [[nodiscard]] auto handler() const -> Handler;

private:
    struct State;
    std::unique_ptr<State> state_;
};

/// Counts what a server does: `ConnectionOptions::observers`. Requests by method and class of status, those in flight, how
/// long they take, connections, bytes. It outlives the server. Thread: any.
class ServerMetrics final : public ServerObserver {
public:
    /// @param metrics must outlive this. @param prefix of the names: "http_server_requests_total".
    /// @throws as `Metrics::counter`.
    explicit ServerMetrics(Metrics& metrics, std::string_view prefix = "http_server");
    ~ServerMetrics() override;

    void connection_begins() noexcept override;
    void connection_ends() noexcept override;
    void connection_refused(const RefusalRecord& record) noexcept override;
    void request_begins() noexcept override;
    void request_ends(const RequestRecord& record) noexcept override;

private:
    static constexpr std::size_t methods = 10;
    static constexpr std::size_t classes = 5;
    static constexpr std::size_t reasons = 3;

    std::array<std::array<Counter*, classes>, methods> requests_{};
    Gauge& in_flight_;
    Histogram& duration_;
    Gauge& connections_;
    Counter& accepted_;
    std::array<Counter*, reasons> refused_{};
    Counter& bytes_;
    Counter& unreadable_;
    Counter& cut_;
};

}  // namespace gyre::http
