// The limit: one ring and no library. usage: files_io_uring WORK COUNT SECONDS PATH
#include "file_works.hpp"

#include <fcntl.h>
#include <liburing.h>

namespace {

class Ring {
public:
    Ring() {
        rounds::expect(
            io_uring_queue_init(rounds::in_flight, &ring, IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN) == 0);
    }
    ~Ring() { io_uring_queue_exit(&ring); }
    Ring(const Ring&) = delete;
    Ring& operator=(const Ring&) = delete;

    /// Calls `on_end(slot, result)` for all that has ended, after waiting for one.
    template<class OnEnd>
    void turn(OnEnd on_end) {
        io_uring_submit_and_wait(&ring, 1);
        unsigned head = 0;
        unsigned count = 0;
        io_uring_cqe* entry = nullptr;
        io_uring_for_each_cqe(&ring, head, entry) {
            ++count;
            on_end(static_cast<std::size_t>(entry->user_data), entry->res);
        }
        io_uring_cq_advance(&ring, count);
    }
    io_uring ring{};
};

int open_large() {
    static const int file = open(rounds::path.c_str(), O_RDONLY | O_CLOEXEC);
    rounds::expect(file >= 0);
    return file;
}

double random_reads(int count) {
    const int file = open_large();
    std::vector<char> memory(rounds::in_flight * rounds::piece);
    rounds::Offsets offsets(count);
    Ring own;
    int left = count;
    const auto begin = [&](std::size_t slot) {
        const auto offset = offsets.next();
        if (!offset) return;
        io_uring_sqe* entry = io_uring_get_sqe(&own.ring);
        io_uring_prep_read(entry, file, memory.data() + slot * rounds::piece, rounds::piece, *offset);
        entry->user_data = slot;
    };
    const double start = rounds::wall();
    for (std::size_t slot = 0; slot < rounds::in_flight; ++slot) begin(slot);
    while (left > 0) {
        own.turn([&](std::size_t slot, int result) {
            rounds::expect(result == static_cast<int>(rounds::piece));
            --left;
            begin(slot);
        });
    }
    return (rounds::wall() - start) / count / 1e3;
}

double sequential() {
    const int file = open_large();
    std::vector<char> memory(rounds::large_piece);
    Ring own;
    std::size_t total = 0;
    const double start = rounds::wall();
    for (int last = 1; last > 0; total += static_cast<std::size_t>(last)) {
        io_uring_prep_read(io_uring_get_sqe(&own.ring), file, memory.data(), rounds::large_piece, total);
        own.turn([&](std::size_t, int result) { last = result; });
        rounds::expect(last >= 0);
    }
    return static_cast<double>(total) / (rounds::wall() - start);
}

// Each slot opens, reads and closes one file after another, each step an entry of the ring.
double small_files(int count) {
    enum class Step { opening, reading, closing };
    struct Slot {
        Step step = Step::opening;
        int file = -1;
        std::string name;
        std::vector<char> memory = std::vector<char>(rounds::piece);
    };
    std::vector<Slot> slots(rounds::in_flight);
    rounds::SmallFiles files(count);
    Ring own;
    int left = count;
    const auto submit = [&](std::size_t index) {
        Slot& slot = slots[index];
        io_uring_sqe* entry = io_uring_get_sqe(&own.ring);
        if (slot.step == Step::opening)
            io_uring_prep_openat(entry, AT_FDCWD, slot.name.c_str(), O_RDONLY | O_CLOEXEC, 0);
        if (slot.step == Step::reading) io_uring_prep_read(entry, slot.file, slot.memory.data(), rounds::piece, 0);
        if (slot.step == Step::closing) io_uring_prep_close(entry, slot.file);
        entry->user_data = index;
    };
    const auto begin = [&](std::size_t index) {
        auto name = files.next();
        if (!name) return;
        slots[index].name = std::move(*name);
        slots[index].step = Step::opening;
        submit(index);
    };
    const double start = rounds::wall();
    for (std::size_t index = 0; index < slots.size(); ++index) begin(index);
    while (left > 0) {
        own.turn([&](std::size_t index, int result) {
            Slot& slot = slots[index];
            rounds::expect(result >= 0);
            if (slot.step == Step::closing) {
                --left;
                return begin(index);
            }
            if (slot.step == Step::opening) slot.file = result;
            if (slot.step == Step::reading) rounds::expect(result == static_cast<int>(rounds::small_size));
            slot.step = slot.step == Step::opening ? Step::reading : Step::closing;
            submit(index);
        });
    }
    return (rounds::wall() - start) / count / 1e3;
}

}  // namespace

int main(int argc, char** argv) { return rounds::run_with_files(argc, argv, random_reads, sequential, small_files); }
