// A ring with a pool of receive buffers that the kernel picks from: what the io_uring limit programs stand on.
#pragma once

#include "limit.hpp"

#include <liburing.h>

#include <cstddef>
#include <memory>

namespace limit {

class Ring {
public:
    Ring(unsigned buffer_size, unsigned buffer_count) : buffer_size_(buffer_size), buffer_count_(buffer_count) {
        io_uring_params parameters{};
        parameters.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE;
        parameters.cq_entries = 16'384;
        if (const int result = io_uring_queue_init_params(4'096, &ring_, &parameters); result < 0) {
            fail("io_uring_setup", -result);
        }
        io_uring_register_ring_fd(&ring_);
        memory_ = static_cast<char*>(std::aligned_alloc(4'096, std::size_t{buffer_size} * buffer_count));
        std::memset(memory_, 0, std::size_t{buffer_size} * buffer_count);
        buffers_ = static_cast<io_uring_buf_ring*>(std::aligned_alloc(4'096, buffer_count * sizeof(io_uring_buf)));
        io_uring_buf_reg registration{};
        registration.ring_addr = reinterpret_cast<std::uintptr_t>(buffers_);
        registration.ring_entries = buffer_count;
        if (const int result = io_uring_register_buf_ring(&ring_, &registration, 0); result < 0) {
            fail("io_uring_register_buf_ring", -result);
        }
        io_uring_buf_ring_init(buffers_);
        for (unsigned i = 0; i < buffer_count; ++i) give_back(i);
    }
    Ring(const Ring&) = delete;
    auto operator=(const Ring&) -> Ring& = delete;

    auto entry() -> io_uring_sqe* {
        for (;;) {
            if (io_uring_sqe* const free = io_uring_get_sqe(&ring_)) return free;
            io_uring_submit(&ring_);
        }
    }

    void accept(int listener, std::uint64_t tag) {
        io_uring_sqe* const request = entry();
        io_uring_prep_multishot_accept(request, listener, nullptr, nullptr, 0);
        request->user_data = tag;
    }

    /// Every arrival from now on, each in a buffer of the pool.
    void receive(int descriptor, std::uint64_t tag) {
        io_uring_sqe* const request = entry();
        io_uring_prep_recv_multishot(request, descriptor, nullptr, 0, 0);
        request->flags |= IOSQE_BUFFER_SELECT;
        request->user_data = tag;
    }

    void send(int descriptor, const char* bytes, std::size_t count, std::uint64_t tag) {
        io_uring_sqe* const request = entry();
        io_uring_prep_send(request, descriptor, bytes, count, MSG_NOSIGNAL | MSG_WAITALL);
        request->user_data = tag;
    }

    [[nodiscard]] auto buffer(unsigned index) const -> char* { return memory_ + std::size_t{index} * buffer_size_; }

    void give_back(unsigned index) {
        io_uring_buf_ring_add(buffers_, buffer(index), buffer_size_, static_cast<unsigned short>(index),
            io_uring_buf_ring_mask(buffer_count_), 0);
        io_uring_buf_ring_advance(buffers_, 1);
    }

    /// Submits, waits, and hands every completion to `handle`.
    template<class Handle>
    void turn(Handle handle) {
        io_uring_submit_and_wait(&ring_, 1);
        unsigned head = 0;
        unsigned count = 0;
        io_uring_cqe* completion = nullptr;
        io_uring_for_each_cqe(&ring_, head, completion) {
            ++count;
            handle(*completion);
        }
        io_uring_cq_advance(&ring_, count);
    }

private:
    io_uring ring_{};
    io_uring_buf_ring* buffers_ = nullptr;
    char* memory_ = nullptr;
    unsigned buffer_size_;
    unsigned buffer_count_;
};

}  // namespace limit
