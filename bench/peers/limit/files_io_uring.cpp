// The limit: one ring that knows file and buffers, and no library. usage: files_io_uring WORK COUNT SECONDS PATH
#include "file_works.hpp"

#include <fcntl.h>
#include <liburing.h>

namespace {

constexpr unsigned entries_of_a_file = 3;

class Ring {
public:
    Ring() {
        constexpr unsigned flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;
        rounds::expect(io_uring_queue_init(entries_of_a_file * rounds::in_flight, &ring, flags) == 0);
    }
    ~Ring() { io_uring_queue_exit(&ring); }
    /// The only buffer, whose parts are then read into with `prep_read_fixed`, and the only file, whose number is 0.
    void know(std::vector<char>& memory, int file) {
        know(memory, std::size_t{1});
        rounds::expect(io_uring_register_files_update(&ring, 0, &file, 1) == 1);
    }
    /// The same with a table of numbers for files that are still to be opened.
    void know(std::vector<char>& memory, std::size_t files) {
        const iovec buffer{memory.data(), memory.size()};
        rounds::expect(io_uring_register_buffers(&ring, &buffer, 1) == 0);
        rounds::expect(io_uring_register_files_sparse(&ring, static_cast<unsigned>(files)) == 0);
    }
    void read(char* into, std::size_t size, std::uint64_t offset, std::size_t slot) {
        io_uring_sqe* entry = io_uring_get_sqe(&ring);
        io_uring_prep_read_fixed(entry, 0, into, static_cast<unsigned>(size), offset, 0);
        entry->flags |= IOSQE_FIXED_FILE;
        entry->user_data = slot;
    }
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
    own.know(memory, file);
    int left = count;
    const auto begin = [&](std::size_t slot) {
        const auto offset = offsets.next();
        if (offset) own.read(memory.data() + slot * rounds::piece, rounds::piece, *offset, slot);
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
    own.know(memory, file);
    std::size_t total = 0;
    const double start = rounds::wall();
    for (int last = 1; last > 0; total += static_cast<std::size_t>(last)) {
        own.read(memory.data(), rounds::large_piece, total, 0);
        own.turn([&](std::size_t, int result) { last = result; });
        rounds::expect(last >= 0);
    }
    return static_cast<double>(total) / (rounds::wall() - start);
}

// Each slot opens, reads and closes one file after another: three entries of the ring, linked, of which only the last one answers. The
// file is known to the ring alone, by the number of its slot.
double small_files(int count) {
    std::vector<std::string> names(rounds::in_flight);
    std::vector<char> memory(rounds::in_flight * rounds::piece);
    rounds::SmallFiles files(count);
    Ring own;
    own.know(memory, rounds::in_flight);
    int left = count;
    const auto begin = [&](std::size_t slot) {
        auto name = files.next();
        if (!name) return;
        names[slot] = std::move(*name);
        const auto number = static_cast<unsigned>(slot);
        io_uring_sqe* const open = io_uring_get_sqe(&own.ring);
        io_uring_prep_openat_direct(open, AT_FDCWD, names[slot].c_str(), O_RDONLY, 0, number);
        open->flags |= IOSQE_IO_LINK | IOSQE_CQE_SKIP_SUCCESS;
        io_uring_sqe* const read = io_uring_get_sqe(&own.ring);
        io_uring_prep_read_fixed(
            read, static_cast<int>(number), memory.data() + slot * rounds::piece, rounds::small_size, 0, 0);
        read->flags |= IOSQE_FIXED_FILE | IOSQE_IO_LINK | IOSQE_CQE_SKIP_SUCCESS;
        io_uring_sqe* const close = io_uring_get_sqe(&own.ring);
        io_uring_prep_close_direct(close, number);
        open->user_data = read->user_data = close->user_data = slot;
    };
    const double start = rounds::wall();
    for (std::size_t slot = 0; slot < rounds::in_flight; ++slot) begin(slot);
    while (left > 0) {
        own.turn([&](std::size_t slot, int result) {
            rounds::expect(result == 0);  // a read that is short breaks the link, and answers
            --left;
            begin(slot);
        });
    }
    return (rounds::wall() - start) / count / 1e3;
}

}  // namespace

int main(int argc, char** argv) { return rounds::run_with_files(argc, argv, random_reads, sequential, small_files); }
