#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace gyre::testing {

/// What happened, in order.
using Log = std::vector<std::string>;

/// Writes its name into a log when it is destroyed; moved-from ones are silent.
class Guard {
public:
    Guard(Log& log, std::string name) : log_(&log), name_(std::move(name)) {}
    Guard(Guard&& other) noexcept : log_(std::exchange(other.log_, nullptr)), name_(std::move(other.name_)) {}
    auto operator=(Guard&&) -> Guard& = delete;
    ~Guard() {
        if (log_ != nullptr) log_->push_back("~" + name_);
    }

private:
    Log* log_;
    std::string name_;
};

/// Counts how many of it exist.
class Counted {
public:
    explicit Counted(int& count) : count_(&count) { ++*count_; }
    Counted(const Counted& other) : count_(other.count_) { ++*count_; }
    auto operator=(const Counted&) -> Counted& = delete;
    ~Counted() { --*count_; }

private:
    int* count_;
};

}  // namespace gyre::testing
