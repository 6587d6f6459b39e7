#include <gyre/http/server/metrics.hpp>

#include <gyre/core/errors.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <mutex>
#include <stdexcept>
#include <variant>

namespace gyre::http {

namespace {

[[noreturn]] void refuse(std::string_view name, std::string_view why) {
    throw std::invalid_argument("http::Metrics: '" + std::string(name) + "' " + std::string(why));
}

auto is_name(std::string_view name, bool may_have_colon) noexcept -> bool {
    const auto is_letter = [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c == ':' && may_have_colon);
    };
    return !name.empty() && is_letter(name.front()) &&
           std::all_of(name.begin(), name.end(), [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

void append_escaped(std::string& out, std::string_view text, bool quotes) {
    for (char c : text) {
        if (c == '\\') {
            out.append("\\\\");
        } else if (c == '\n') {
            out.append("\\n");
        } else if (c == '"' && quotes) {
            out.append("\\\"");
        } else {
            out.push_back(c);
        }
    }
}

/// `a="1",b="2"`: what tells a series from the others.
auto labels_text(std::string_view name, MetricLabels labels) -> std::string {
    std::vector<std::pair<std::string_view, std::string_view>> sorted(labels);
    std::sort(sorted.begin(), sorted.end());
    std::string text;
    for (std::size_t i = 0; i < sorted.size(); ++i) {
        const auto [label, value] = sorted[i];
        if (!is_name(label, false) || label.starts_with("__")) refuse(name, "has a label with a bad name");
        if (label == "le") refuse(name, "has a label le, which belongs to histograms");
        if (i > 0 && sorted[i - 1].first == label) refuse(name, "has a label twice");
        if (!text.empty()) text.push_back(',');
        text.append(label).append("=\"");
        append_escaped(text, value, true);
        text.push_back('"');
    }
    return text;
}

auto number_text(double value) -> std::string {
    if (std::isnan(value)) return "NaN";
    if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
    std::array<char, 32> digits{};
    const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), value);
    return {digits.data(), end};
}

void append_sample(std::string& out, std::string_view name, std::string_view labels, std::string_view value) {
    out.append(name);
    if (!labels.empty()) out.append("{").append(labels).append("}");
    out.append(" ").append(value).append("\n");
}

void append_value(std::string& out, const std::string& name, const std::string& labels, const Counter& counter) {
    append_sample(out, name, labels, std::to_string(counter.value()));
}

void append_value(std::string& out, const std::string& name, const std::string& labels, const Gauge& gauge) {
    append_sample(out, name, labels, number_text(gauge.value()));
}

void append_value(std::string& out, const std::string& name, const std::string& labels, const Histogram& histogram) {
    const std::string before = labels.empty() ? labels : labels + ",";
    std::uint64_t total = 0;
    for (std::size_t i = 0; i <= histogram.bounds().size(); ++i) {
        total += histogram.count(i);
        const auto bound = i < histogram.bounds().size() ? number_text(histogram.bounds()[i]) : "+Inf";
        append_sample(out, name + "_bucket", before + "le=\"" + bound + "\"", std::to_string(total));
    }
    append_sample(out, name + "_sum", labels, number_text(histogram.sum()));
    append_sample(out, name + "_count", labels, std::to_string(total));
}

}  // namespace

Histogram::Histogram(std::vector<double> bounds) : bounds_(std::move(bounds)), counts_(bounds_.size() + 1) {
    const bool ascends = std::adjacent_find(bounds_.begin(), bounds_.end(), std::greater_equal<>()) == bounds_.end();
    const bool is_finite = std::all_of(
        bounds_.begin(), bounds_.end(), [](double bound) { return std::isfinite(bound); });
    if (!ascends || !is_finite) throw std::invalid_argument("http::Histogram: its bounds are numbers that ascend");
}

void Histogram::observe(double value) noexcept {
    if (std::isnan(value)) return;  // the sum would be none for ever
    const auto bound = std::lower_bound(bounds_.begin(), bounds_.end(), value);
    counts_[static_cast<std::size_t>(bound - bounds_.begin())].fetch_add(1, std::memory_order_relaxed);
    sum_.fetch_add(value, std::memory_order_relaxed);
}

auto Histogram::count(std::size_t index) const noexcept -> std::uint64_t {
    return counts_[index].load(std::memory_order_relaxed);
}

struct Metrics::State {
    template<class Kind>
    using Series = std::map<std::string, std::unique_ptr<Kind>>;

    struct Family {
        Family() = default;
        std::string help;
        std::variant<Series<Counter>, Series<Gauge>, Series<Histogram>> series;
    };

    explicit State(std::size_t most) : max_series(most) {}

    template<class Kind, class... Args>
    auto find(std::string_view name, std::string_view help, MetricLabels labels, Args... args) -> Kind& {
        if (!is_name(name, true)) refuse(name, "is no name of a metric");
        auto text = labels_text(name, labels);
        const std::lock_guard lock(mutex);
        auto family = families.find(name);
        if (family != families.end() && !std::holds_alternative<Series<Kind>>(family->second.series)) {
            refuse(name, "is a metric of another kind");
        }
        if (family != families.end()) {
            auto& known = std::get<Series<Kind>>(family->second.series);
            if (const auto found = known.find(text); found != known.end()) return *found->second;
        }
        if (count >= max_series) throw LimitError("http::Metrics: there are " + std::to_string(count) + " series");
        auto made = std::make_unique<Kind>(std::move(args)...);
        if (family == families.end()) {
            family = families.emplace(std::string(name), Family()).first;
            family->second.help = help;
            family->second.series.template emplace<Series<Kind>>();
        }
        ++count;
        auto& series = std::get<Series<Kind>>(family->second.series);
        return *series.emplace(std::move(text), std::move(made)).first->second;
    }

    std::size_t max_series;
    mutable std::mutex mutex;
    std::size_t count = 0;
    std::map<std::string, Family, std::less<>> families;
};

Metrics::Metrics(std::size_t max_series) : state_(std::make_unique<State>(max_series)) {}
Metrics::~Metrics() = default;

auto Metrics::counter(std::string_view name, std::string_view help, MetricLabels labels) -> Counter& {
    return state_->find<Counter>(name, help, labels);
}

auto Metrics::gauge(std::string_view name, std::string_view help, MetricLabels labels) -> Gauge& {
    return state_->find<Gauge>(name, help, labels);
}

auto Metrics::histogram(std::string_view name, std::string_view help, std::vector<double> bounds, MetricLabels labels)
    -> Histogram& {
    return state_->find<Histogram>(name, help, labels, std::move(bounds));
}

auto Metrics::text() const -> std::string {
    constexpr std::array<std::string_view, 3> kinds = {"counter", "gauge", "histogram"};
    const std::lock_guard lock(state_->mutex);
    std::string out;
    for (const auto& [name, family] : state_->families) {
        out.append("# HELP ").append(name).append(" ");
        append_escaped(out, family.help, false);
        out.append("\n# TYPE ").append(name).append(" ").append(kinds[family.series.index()]).append("\n");
        const auto append_all = [&, &own = name](const auto& series) {
            for (const auto& [labels, value] : series) append_value(out, own, labels, *value);
        };
        std::visit(append_all, family.series);
    }
    return out;
}

auto Metrics::handler() const -> Handler {
    return [this](Request&) -> Task<Response> {
        co_return Response::bytes("text/plain; version=0.0.4; charset=utf-8", text());
    };
}

}  // namespace gyre::http
