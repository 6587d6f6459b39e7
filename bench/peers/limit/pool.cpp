// The limit: a queue behind one mutex, two threads, jobs that own nothing. usage: pool WORK COUNT SECONDS
#include "jobs.hpp"

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace {

class Pool {
public:
    Pool() {
        for (int i = 0; i < rounds::workers; ++i) std::thread([this] { work(); }).detach();
    }
    void post(std::function<void()> job) {
        {
            const std::lock_guard lock(mutex_);
            waiting_.push_back(std::move(job));
        }
        something_.notify_one();
    }

private:
    [[noreturn]] void work() {
        for (;;) {
            std::unique_lock lock(mutex_);
            something_.wait(lock, [this] { return !waiting_.empty(); });
            const auto job = std::move(waiting_.front());
            waiting_.pop_front();
            lock.unlock();
            job();
        }
    }

    std::mutex mutex_;
    std::condition_variable something_;
    std::deque<std::function<void()>> waiting_;
};

double jobs(int count, bool empty) {
    static auto& pool = *new Pool;  // its threads never end
    return rounds::timed_jobs(count, empty, [](auto job) { pool.post(job); });
}

}  // namespace

int main(int argc, char** argv) {
    return rounds::run(argc, argv,
        {{"empty_job", {[](int count) { return jobs(count, true); }}},
            {"one_us_job", {[](int count) { return jobs(count, false); }}}});
}
