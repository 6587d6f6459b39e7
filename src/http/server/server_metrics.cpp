#include <gyre/http/server/metrics.hpp>

#include <algorithm>
#include <chrono>

namespace gyre::http {

namespace {

// The last one stands for all that clients may make up.
constexpr std::array<std::string_view, 10> method_names = {
    "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "CONNECT", "TRACE", "other"};
constexpr std::array<std::string_view, 3> reason_names = {"too_many", "tls_handshake", "proxy_header"};
constexpr std::array<std::string_view, 5> class_names = {"1xx", "2xx", "3xx", "4xx", "5xx"};

auto duration_bounds() -> std::vector<double> {
    return {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};
}

auto named(std::string_view prefix, std::string_view rest) -> std::string {
    return std::string(prefix) + "_" + std::string(rest);
}

}  // namespace

ServerMetrics::ServerMetrics(Metrics& metrics, std::string_view prefix)
    : in_flight_(metrics.gauge(named(prefix, "requests_in_flight"), "Requests that are being answered.")),
      duration_(metrics.histogram(named(prefix, "request_duration_seconds"),
          "From the head of a request to the end of its response.", duration_bounds())),
      connections_(metrics.gauge(named(prefix, "connections"), "Open connections.")),
      accepted_(metrics.counter(named(prefix, "connections_total"), "Connections that were accepted.")),
      bytes_(metrics.counter(named(prefix, "response_body_bytes_total"), "Bytes of the bodies of responses.")),
      unreadable_(
          metrics.counter(named(prefix, "unreadable_requests_total"), "Requests whose head could not be read.")),
      cut_(metrics.counter(named(prefix, "cut_responses_total"), "Requests whose response was not sent to its end.")) {
    for (std::size_t reason = 0; reason < reasons; ++reason) {
        refused_[reason] = &metrics.counter(named(prefix, "connections_refused_total"),
            "Connections that were turned away.", {{"reason", reason_names[reason]}});
    }
    for (std::size_t method = 0; method < methods; ++method) {
        for (std::size_t status = 0; status < classes; ++status) {
            requests_[method][status] = &metrics.counter(named(prefix, "requests_total"),
                "Requests that were answered.", {{"method", method_names[method]}, {"status", class_names[status]}});
        }
    }
}

ServerMetrics::~ServerMetrics() = default;

void ServerMetrics::connection_begins() noexcept {
    accepted_.add();
    connections_.add(1);
}

void ServerMetrics::connection_ends() noexcept { connections_.add(-1); }
void ServerMetrics::connection_refused(const RefusalRecord& record) noexcept {
    refused_[static_cast<std::size_t>(record.reason)]->add();
}
void ServerMetrics::request_begins() noexcept { in_flight_.add(1); }

void ServerMetrics::request_ends(const RequestRecord& record) noexcept {
    if (record.fields == nullptr) {
        unreadable_.add();
        return;
    }
    in_flight_.add(-1);
    bytes_.add(record.body_bytes);
    if (!record.is_whole) cut_.add();
    duration_.observe(std::chrono::duration<double>(record.duration).count());
    const auto* known = std::find(method_names.begin(), method_names.end() - 1, record.method);
    const auto status = static_cast<std::size_t>(record.status / 100);
    if (status < 1 || status > classes) return;  // there was no response
    requests_[static_cast<std::size_t>(known - method_names.begin())][status - 1]->add();
}

}  // namespace gyre::http
