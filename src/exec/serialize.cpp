#include <gyre/exec/serialize.hpp>

#define MSGPACK_NO_BOOST
#include <msgpack.hpp>

namespace gyre {

namespace internal {

void throw_out_of_range() { throw SerializeError("a serialised value does not fit the type that it is read as"); }

void throw_no_alternative(std::size_t index) {
    throw SerializeError("a serialised variant has no alternative " + std::to_string(index));
}

}  // namespace internal

namespace {

constexpr std::size_t deepest = 128;  // arrays in arrays: the parser and the readers recurse

auto checked(std::size_t size) -> std::uint32_t {
    if (size > std::numeric_limits<std::uint32_t>::max()) {
        throw SerializeError("a value is too large to be serialised: " + std::to_string(size));
    }
    return static_cast<std::uint32_t>(size);
}

auto name_of(msgpack::type::object_type type) -> const char* {
    switch (type) {
    case msgpack::type::NIL:
        return "nothing";
    case msgpack::type::BOOLEAN:
        return "a boolean";
    case msgpack::type::POSITIVE_INTEGER:
    case msgpack::type::NEGATIVE_INTEGER:
        return "an integer";
    case msgpack::type::FLOAT32:
    case msgpack::type::FLOAT64:
        return "a floating-point number";
    case msgpack::type::STR:
        return "a text";
    case msgpack::type::BIN:
        return "bytes";
    case msgpack::type::ARRAY:
        return "an array";
    case msgpack::type::MAP:
        return "a map";
    default:
        return "something unknown";
    }
}

}  // namespace

struct Writer::State {
    msgpack::sbuffer buffer{256};
    msgpack::packer<msgpack::sbuffer> packer{buffer};
};

Writer::Writer() : state_(std::make_unique<State>()) {}
Writer::Writer(Writer&&) noexcept = default;
auto Writer::operator=(Writer&&) noexcept -> Writer& = default;
Writer::~Writer() = default;

void Writer::nil() { state_->packer.pack_nil(); }

void Writer::boolean(bool value) {
    if (value) {
        state_->packer.pack_true();
    } else {
        state_->packer.pack_false();
    }
}

void Writer::integer(std::int64_t value) { state_->packer.pack_int64(value); }
void Writer::unsigned_integer(std::uint64_t value) { state_->packer.pack_uint64(value); }
void Writer::floating(double value) { state_->packer.pack_double(value); }
void Writer::floating(float value) { state_->packer.pack_float(value); }

void Writer::text(std::string_view value) {
    state_->packer.pack_str(checked(value.size()));
    state_->packer.pack_str_body(value.data(), static_cast<std::uint32_t>(value.size()));
}

void Writer::bytes(std::span<const std::byte> value) {
    state_->packer.pack_bin(checked(value.size()));
    state_->packer.pack_bin_body(reinterpret_cast<const char*>(value.data()), static_cast<std::uint32_t>(value.size()));
}

void Writer::array(std::size_t count) { state_->packer.pack_array(checked(count)); }
void Writer::map(std::size_t count) { state_->packer.pack_map(checked(count)); }

auto Writer::data() const noexcept -> std::span<const std::byte> {
    return std::as_bytes(std::span(state_->buffer.data(), state_->buffer.size()));
}

/// A walk over the parsed values, each before what it contains.
struct Reader::State {
    explicit State(msgpack::object_handle parsed) : tree(std::move(parsed)) {}

    /// The next value, which stays the next one.
    auto peek() -> const msgpack::object& {
        while (!open.empty() && open.back().left == 0) open.pop_back();
        if (open.empty()) {
            if (root_taken) throw SerializeError("serialised data ends too early");
            return tree.get();
        }
        return *open.back().next;
    }
    auto take() -> const msgpack::object& {
        const msgpack::object& object = peek();
        if (open.empty()) {
            root_taken = true;
        } else {
            ++open.back().next;
            --open.back().left;
        }
        return object;
    }
    auto take(msgpack::type::object_type type) -> const msgpack::object& {
        const msgpack::object& object = take();
        if (object.type != type) fail(name_of(type), object);
        return object;
    }
    [[noreturn]] static void fail(const char* wanted, const msgpack::object& found) {
        throw SerializeError(std::string("serialised data: expected ") + wanted + ", found " + name_of(found.type));
    }

    struct Level {
        const msgpack::object* next;
        std::size_t left;
    };
    msgpack::object_handle tree;
    std::vector<Level> open;
    std::vector<std::vector<msgpack::object>> pairs;  ///< Maps, as keys and values in turn.
    bool root_taken = false;
};

Reader::Reader(std::span<const std::byte> data) {
    try {
        std::size_t offset = 0;
        // What is read refers to the data and is not copied.
        auto refer = [](msgpack::type::object_type, std::size_t, void*) { return true; };
        const std::size_t most = data.size();  // nothing in it can have more parts than it has bytes
        const msgpack::unpack_limit limit(most, most, most, most, most, deepest);
        auto parsed = msgpack::unpack(
            reinterpret_cast<const char*>(data.data()), data.size(), offset, refer, nullptr, limit);
        if (offset != data.size()) throw SerializeError("serialised data goes on behind its end");
        state_ = std::make_unique<State>(std::move(parsed));
    } catch (const msgpack::unpack_error& error) {
        throw SerializeError(std::string("serialised data is broken: ") + error.what());
    }
}

Reader::Reader(Reader&&) noexcept = default;
auto Reader::operator=(Reader&&) noexcept -> Reader& = default;
Reader::~Reader() = default;

auto Reader::nil() -> bool {
    if (state_->peek().type != msgpack::type::NIL) return false;
    state_->take();
    return true;
}

auto Reader::boolean() -> bool { return state_->take(msgpack::type::BOOLEAN).via.boolean; }

auto Reader::integer() -> std::int64_t {
    const msgpack::object& object = state_->take();
    if (object.type == msgpack::type::NEGATIVE_INTEGER) return object.via.i64;
    if (object.type != msgpack::type::POSITIVE_INTEGER) State::fail("an integer", object);
    if (object.via.u64 > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
        internal::throw_out_of_range();
    }
    return static_cast<std::int64_t>(object.via.u64);
}

auto Reader::unsigned_integer() -> std::uint64_t {
    const msgpack::object& object = state_->take();
    if (object.type == msgpack::type::NEGATIVE_INTEGER) internal::throw_out_of_range();
    if (object.type != msgpack::type::POSITIVE_INTEGER) State::fail("an integer", object);
    return object.via.u64;
}

auto Reader::floating() -> double {
    const msgpack::object& object = state_->take();
    if (object.type != msgpack::type::FLOAT64 && object.type != msgpack::type::FLOAT32) {
        State::fail("a floating-point number", object);
    }
    return object.via.f64;
}

auto Reader::text() -> std::string_view {
    const auto& text = state_->take(msgpack::type::STR).via.str;
    return {text.ptr, text.size};
}

auto Reader::bytes() -> std::span<const std::byte> {
    const auto& bytes = state_->take(msgpack::type::BIN).via.bin;
    return std::as_bytes(std::span(bytes.ptr, bytes.size));
}

auto Reader::array() -> std::size_t {
    const auto& array = state_->take(msgpack::type::ARRAY).via.array;
    state_->open.push_back({array.ptr, array.size});
    return array.size;
}

void Reader::array_of(std::size_t count) {
    const std::size_t found = array();
    if (found != count) {
        throw SerializeError(
            "serialised data: expected " + std::to_string(count) + " values, found " + std::to_string(found));
    }
}

auto Reader::map() -> std::size_t {
    const auto& map = state_->take(msgpack::type::MAP).via.map;
    auto& flat = state_->pairs.emplace_back();
    flat.reserve(2 * std::size_t{map.size});
    for (std::uint32_t i = 0; i < map.size; ++i) {
        flat.push_back(map.ptr[i].key);
        flat.push_back(map.ptr[i].val);
    }
    state_->open.push_back({flat.data(), flat.size()});
    return map.size;
}

}  // namespace gyre
