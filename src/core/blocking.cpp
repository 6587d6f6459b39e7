#include <gyre/core/blocking.hpp>

#include <gyre/backend/signals.hpp>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace gyre::internal {

/// What the threads and the loop share.
struct BlockingThreads::Shared {
    std::mutex mutex;
    std::condition_variable work;
    std::deque<std::shared_ptr<BlockingJob>> queue;
    std::vector<std::thread> threads;
    std::size_t idle = 0;
    bool closing = false;
    std::shared_ptr<Mailbox> mailbox;
    EventLoop* loop = nullptr;  ///< Used on the loop's thread only.
};

BlockingThreads::BlockingThreads(EventLoop& loop) : loop_(loop), shared_(std::make_shared<Shared>()) {
    shared_->mailbox = loop.mailbox();
    shared_->loop = &loop;
    shared_->threads.reserve(thread_limit);
}

BlockingThreads::~BlockingThreads() {
    std::deque<std::shared_ptr<BlockingJob>> dropped;
    {
        const std::lock_guard lock(shared_->mutex);
        shared_->closing = true;
        dropped.swap(shared_->queue);
        for (auto& job : dropped) {
            if (job->must_run) shared_->queue.push_back(std::move(job));
        }
    }
    shared_->work.notify_all();
    for (std::thread& thread : shared_->threads) thread.join();
}

void BlockingThreads::submit(std::shared_ptr<BlockingJob> job) {
    const std::lock_guard lock(shared_->mutex);
    if (shared_->queue.size() >= queue_limit) {
        throw std::system_error(std::make_error_code(std::errc::resource_unavailable_try_again),
            "too many blocking calls are waiting for a thread");
    }
    shared_->queue.push_back(std::move(job));
    if (shared_->idle >= shared_->queue.size() || shared_->threads.size() >= thread_limit) {
        shared_->work.notify_one();
    } else {
        try {
            const backend::SignalsBlocked blocked;  // they are for the program's own threads
            shared_->threads.emplace_back([shared = shared_] { work(shared); });
        } catch (...) {
            // The threads that are there will come to it.
            if (shared_->threads.empty()) {
                shared_->queue.pop_back();
                throw;
            }
        }
    }
    loop_.expect_post();
}

void BlockingThreads::work(const std::shared_ptr<Shared>& shared) {
    std::unique_lock lock(shared->mutex);
    for (;;) {
        ++shared->idle;
        shared->work.wait(lock, [&] { return shared->closing || !shared->queue.empty(); });
        --shared->idle;
        if (shared->queue.empty()) return;
        auto job = std::move(shared->queue.front());
        shared->queue.pop_front();
        lock.unlock();
        job->run();
        // The loop's thread looks at the waiter, and drops the job with all that it holds.
        auto answer = make_callback([loop = shared->loop, job = std::move(job)] {
            loop->post_arrived();
            if (job->waiter == nullptr) return;
            job->stopped ? loop->scheduler().stop(*job->waiter) : loop->scheduler().wake(*job->waiter);
        });
        static_cast<void>(shared->mailbox->post(std::move(answer)));
        lock.lock();
    }
}

void BlockingWait::submit(std::shared_ptr<BlockingJob> job) {
    job->waiter = frame_;
    try {
        scheduler().loop.local<BlockingThreads>().submit(std::move(job));
    } catch (...) {
        frame_->wait_on_nothing();
        throw;
    }
}

}  // namespace gyre::internal
