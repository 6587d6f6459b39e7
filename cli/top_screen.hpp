#pragma once

#include "snapshot_reader.hpp"

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace gyre::cli {

/// What a person pressed.
enum class Key : std::uint8_t { up, down, page_up, page_down, home, end, enter, escape, backspace, character };
struct Press {
    Key key = Key::character;
    char character = 0;
};

/// The keys in what a terminal sent; a sequence that is cut is left in `bytes`.
[[nodiscard]] auto take_presses(std::string& bytes) -> std::vector<Press>;

/// What `gyre top` shows, as lines of text. It knows no terminal.
class TopScreen {
public:
    enum class Column : std::uint8_t { name, state, age, run, wait };

    explicit TopScreen(std::string title) : title_(std::move(title)) {}

    /// News of the program: the answers to "/v1/snapshot", "/v1/figures" and "/v1/histograms". @throws InspectError.
    void update(const nlohmann::json& snapshot, const nlohmann::json& figures, const nlohmann::json& histograms);
    /// There are none, and why; the last ones stay on the screen.
    void update_failed(std::string why) { error_ = std::move(why); }

    /// @return false if the person wants to leave.
    [[nodiscard]] auto press(const Press& press) -> bool;
    /// The level of `Timing` that the person has asked for since the last call; empty: none.
    [[nodiscard]] auto take_switch() -> std::string;
    [[nodiscard]] auto is_paused() const noexcept -> bool { return paused_; }

    /// `height` lines of at most `width` columns. At least 24 times 40 is of use.
    [[nodiscard]] auto lines(std::size_t width, std::size_t height) -> std::vector<std::string>;

private:
    enum class View : std::uint8_t { tasks, details, histograms, help };
    struct Rates {
        std::uint64_t turns = 0;
        std::uint64_t slices = 0;
        std::int64_t at = 0;  ///< Uptime in ns.
    };

    void read_rates(const nlohmann::json& figures);
    [[nodiscard]] auto head(std::size_t width) const -> std::vector<std::string>;
    /// That there are more tasks than are looked at; empty: there are not.
    [[nodiscard]] auto not_all() const -> std::string;
    /// Of the program now; empty: it does not say.
    [[nodiscard]] auto timing() const -> std::string;
    [[nodiscard]] auto rows() const -> std::vector<const obs::TaskInfo*>;
    [[nodiscard]] auto task_lines(std::size_t width, std::size_t height) -> std::vector<std::string>;
    [[nodiscard]] auto detail_lines() const -> std::vector<std::string>;
    [[nodiscard]] auto histogram_lines(std::size_t width) const -> std::vector<std::string>;
    [[nodiscard]] static auto help_lines() -> std::vector<std::string>;
    void press_in_search(const Press& press);
    void move(std::ptrdiff_t by);
    [[nodiscard]] auto press_letter(char letter) -> bool;

    std::string title_;
    std::unique_ptr<ProgramSnapshot> snapshot_;
    nlohmann::json figures_ = nlohmann::json::object();
    nlohmann::json histograms_ = nlohmann::json::object();
    std::string error_;
    std::string wanted_timing_;
    Rates last_;
    double turn_rate_ = 0;
    double slice_rate_ = 0;
    std::deque<double> slice_rates_;  ///< For the little chart.
    View view_ = View::tasks;
    Column column_ = Column::age;
    bool reversed_ = false;
    bool paused_ = false;
    bool searching_ = false;
    std::string filter_;
    std::uint64_t selected_ = 0;    ///< A task.
    std::size_t first_line_ = 0;    ///< Of the list, or of the details.
    std::size_t selected_row_ = 0;  ///< Where it was: the one that takes its place when it has ended.
    std::size_t list_height_ = 10;
};

}  // namespace gyre::cli
