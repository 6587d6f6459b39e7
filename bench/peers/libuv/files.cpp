// libuv: file requests, which its pool of threads does. usage: files WORK COUNT SECONDS PATH
#include "file_works.hpp"

#include <fcntl.h>
#include <uv.h>

#include <array>

namespace {

// One file operation after another, 64 of these at a time.
struct Reader {
    uv_fs_t request{};
    std::vector<char> memory = std::vector<char>(rounds::piece);
    int file = -1;
};

std::array<Reader, rounds::in_flight> readers;
rounds::Offsets* offsets = nullptr;
rounds::SmallFiles* names = nullptr;
int large = -1;

void read_piece(Reader& reader);

void on_piece(uv_fs_t* request) {
    rounds::expect(request->result == static_cast<ssize_t>(rounds::piece));
    uv_fs_req_cleanup(request);
    read_piece(*static_cast<Reader*>(request->data));
}

void read_piece(Reader& reader) {
    const auto offset = offsets->next();
    if (!offset) return;
    const uv_buf_t buffer = uv_buf_init(reader.memory.data(), rounds::piece);
    reader.request.data = &reader;
    uv_fs_read(uv_default_loop(), &reader.request, large, &buffer, 1, static_cast<std::int64_t>(*offset), on_piece);
}

double random_reads(int count) {
    large = open(rounds::path.c_str(), O_RDONLY | O_CLOEXEC);
    rounds::Offsets own(count);
    offsets = &own;
    const double start = rounds::wall();
    for (auto& reader : readers) read_piece(reader);
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);
    const double each = (rounds::wall() - start) / count / 1e3;
    close(large);
    return each;
}

std::size_t total = 0;
std::vector<char> large_memory(rounds::large_piece);

void on_large(uv_fs_t* request) {
    const auto got = request->result;
    uv_fs_req_cleanup(request);
    rounds::expect(got >= 0);
    if (got == 0) return;
    total += static_cast<std::size_t>(got);
    const uv_buf_t buffer = uv_buf_init(large_memory.data(), rounds::large_piece);
    uv_fs_read(uv_default_loop(), request, large, &buffer, 1, static_cast<std::int64_t>(total), on_large);
}

double sequential() {
    large = open(rounds::path.c_str(), O_RDONLY | O_CLOEXEC);
    total = 0;
    const uv_buf_t buffer = uv_buf_init(large_memory.data(), rounds::large_piece);
    const double start = rounds::wall();
    uv_fs_read(uv_default_loop(), &readers[0].request, large, &buffer, 1, 0, on_large);
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);
    const double taken = rounds::wall() - start;
    close(large);
    return static_cast<double>(total) / taken;
}

void open_next(Reader& reader);

void on_close(uv_fs_t* request) {
    uv_fs_req_cleanup(request);
    open_next(*static_cast<Reader*>(request->data));
}

void on_read(uv_fs_t* request) {
    rounds::expect(request->result == static_cast<ssize_t>(rounds::small_size));
    uv_fs_req_cleanup(request);
    uv_fs_close(uv_default_loop(), request, static_cast<Reader*>(request->data)->file, on_close);
}

void on_open(uv_fs_t* request) {
    auto& reader = *static_cast<Reader*>(request->data);
    reader.file = static_cast<int>(request->result);
    rounds::expect(reader.file >= 0);
    uv_fs_req_cleanup(request);
    const uv_buf_t buffer = uv_buf_init(reader.memory.data(), rounds::piece);
    uv_fs_read(uv_default_loop(), request, reader.file, &buffer, 1, 0, on_read);
}

void open_next(Reader& reader) {
    const auto name = names->next();
    if (!name) return;
    reader.request.data = &reader;
    uv_fs_open(uv_default_loop(), &reader.request, name->c_str(), O_RDONLY | O_CLOEXEC, 0, on_open);
}

double small_files(int count) {
    rounds::SmallFiles own(count);
    names = &own;
    const double start = rounds::wall();
    for (auto& reader : readers) open_next(reader);
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);
    return (rounds::wall() - start) / count / 1e3;
}

}  // namespace

int main(int argc, char** argv) { return rounds::run_with_files(argc, argv, random_reads, sequential, small_files); }
