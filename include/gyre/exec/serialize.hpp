#pragma once

#include <array>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

namespace gyre {

/// A value could not be turned into bytes, or bytes are not the value that was expected.
class SerializeError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// Turns values into bytes (MessagePack).
class Writer {
public:
    Writer();
    Writer(Writer&&) noexcept;
    auto operator=(Writer&&) noexcept -> Writer&;
    ~Writer();

    void nil();
    void boolean(bool value);
    void integer(std::int64_t value);
    void unsigned_integer(std::uint64_t value);
    void floating(double value);
    void floating(float value);
    /// @throws SerializeError beyond 4 GiB, as for all that follow.
    void text(std::string_view value);
    void bytes(std::span<const std::byte> value);
    /// `count` values follow.
    void array(std::size_t count);
    /// `count` keys follow, each with its value behind it.
    void map(std::size_t count);

    /// Everything so far.
    [[nodiscard]] auto data() const noexcept -> std::span<const std::byte>;

private:
    struct State;
    std::unique_ptr<State> state_;
};

/// Reads back what a `Writer` wrote, in the same order. Each call throws SerializeError if something else stands there.
class Reader {
public:
    /// @param data must outlive the reader. @throws SerializeError if it is not whole and well formed.
    explicit Reader(std::span<const std::byte> data);
    Reader(Reader&&) noexcept;
    auto operator=(Reader&&) noexcept -> Reader&;
    ~Reader();

    /// Takes a nil if one is next.
    [[nodiscard]] auto nil() -> bool;
    [[nodiscard]] auto boolean() -> bool;
    [[nodiscard]] auto integer() -> std::int64_t;
    [[nodiscard]] auto unsigned_integer() -> std::uint64_t;
    [[nodiscard]] auto floating() -> double;
    /// Valid as long as the data.
    [[nodiscard]] auto text() -> std::string_view;
    [[nodiscard]] auto bytes() -> std::span<const std::byte>;
    /// How many values follow.
    [[nodiscard]] auto array() -> std::size_t;
    /// As `array`. @throws SerializeError if it is another number.
    void array_of(std::size_t count);
    [[nodiscard]] auto map() -> std::size_t;

private:
    struct State;
    std::unique_ptr<State> state_;
};

/// How values of type T are written and read. Specialise it for your own types:
///
/// ```
/// template<> struct gyre::Serialize<Point> : gyre::SerializeMembers<Point, &Point::x, &Point::y> {};
/// ```
/// or with two functions, `static void write(Writer&, const T&)` and `static auto read(Reader&) -> T`.
template<class T>
struct Serialize {};

/// Whether gyre knows how to write and read a T.
template<class T>
concept Serializable = requires(Writer& writer, Reader& reader, const T& value) {
    Serialize<T>::write(writer, value);
    { Serialize<T>::read(reader) } -> std::convertible_to<T>;
};

/// Writes a value. Compile error: the type has no `gyre::Serialize`.
template<class T>
void serialize(Writer& writer, const T& value) {
    static_assert(Serializable<T>, "this type cannot be serialised: specialise gyre::Serialize for it");
    Serialize<T>::write(writer, value);
}

/// Reads a value. @throws SerializeError if something else stands there.
template<class T>
[[nodiscard]] auto deserialize(Reader& reader) -> T {
    static_assert(Serializable<T>, "this type cannot be serialised: specialise gyre::Serialize for it");
    return Serialize<T>::read(reader);
}

/// Serialises the members that are named, in this order; the type is made by its default constructor.
template<class T, auto... Members>
struct SerializeMembers {
    static void write(Writer& writer, const T& value) {
        static_assert((Serializable<Member<Members>> && ...),
            "SerializeMembers: a member that is named cannot be serialised: specialise gyre::Serialize for its type");
        if constexpr ((Serializable<Member<Members>> && ...)) {
            writer.array(sizeof...(Members));
            (serialize(writer, value.*Members), ...);
        }
    }
    static auto read(Reader& reader) -> T {
        T value{};
        if constexpr ((Serializable<Member<Members>> && ...)) {  // else `write` says so, once
            reader.array_of(sizeof...(Members));
            ((value.*Members = deserialize<Member<Members>>(reader)), ...);
        }
        return value;
    }

private:
    template<auto M>
    using Member = std::remove_cvref_t<decltype(std::declval<T&>().*M)>;
};

namespace internal {
[[noreturn]] void throw_out_of_range();
[[noreturn]] void throw_no_alternative(std::size_t index);

/// No more than this is reserved because a message says so; the rest grows as values come.
inline constexpr std::size_t most_reserved = 4096;
}  // namespace internal

template<>
struct Serialize<bool> {
    static void write(Writer& writer, bool value) { writer.boolean(value); }
    static auto read(Reader& reader) -> bool { return reader.boolean(); }
};

template<std::integral T>
struct Serialize<T> {
    static void write(Writer& writer, T value) {
        if constexpr (std::is_signed_v<T>) {
            writer.integer(static_cast<std::int64_t>(value));
        } else {
            writer.unsigned_integer(static_cast<std::uint64_t>(value));
        }
    }
    static auto read(Reader& reader) -> T {
        if constexpr (std::is_signed_v<T>) {
            const std::int64_t value = reader.integer();
            if (value < std::numeric_limits<T>::min() || value > std::numeric_limits<T>::max())
                internal::throw_out_of_range();
            return static_cast<T>(value);
        } else {
            const std::uint64_t value = reader.unsigned_integer();
            if (value > std::numeric_limits<T>::max()) internal::throw_out_of_range();
            return static_cast<T>(value);
        }
    }
};

template<class T>
    requires(std::same_as<T, float> || std::same_as<T, double>)
struct Serialize<T> {
    static void write(Writer& writer, T value) { writer.floating(value); }
    static auto read(Reader& reader) -> T { return static_cast<T>(reader.floating()); }
};

template<class T>
    requires std::is_enum_v<T>
struct Serialize<T> {
    using Number = std::underlying_type_t<T>;
    static void write(Writer& writer, T value) { serialize(writer, static_cast<Number>(value)); }
    static auto read(Reader& reader) -> T { return static_cast<T>(deserialize<Number>(reader)); }
};

template<>
struct Serialize<std::string> {
    static void write(Writer& writer, const std::string& value) { writer.text(value); }
    static auto read(Reader& reader) -> std::string { return std::string(reader.text()); }
};

template<class Rep, class Period>
    requires Serializable<Rep>
struct Serialize<std::chrono::duration<Rep, Period>> {
    using T = std::chrono::duration<Rep, Period>;
    static void write(Writer& writer, T value) { serialize(writer, value.count()); }
    static auto read(Reader& reader) -> T { return T(deserialize<Rep>(reader)); }
};

template<>
struct Serialize<std::vector<std::byte>> {
    static void write(Writer& writer, const std::vector<std::byte>& value) { writer.bytes(value); }
    static auto read(Reader& reader) -> std::vector<std::byte> {
        const auto bytes = reader.bytes();
        return {bytes.begin(), bytes.end()};
    }
};

template<Serializable T>
struct Serialize<std::vector<T>> {
    static void write(Writer& writer, const std::vector<T>& values) {
        writer.array(values.size());
        for (const auto& value : values) serialize<T>(writer, value);
    }
    static auto read(Reader& reader) -> std::vector<T> {
        const std::size_t count = reader.array();
        std::vector<T> values;
        values.reserve(count < internal::most_reserved ? count : internal::most_reserved);
        for (std::size_t i = 0; i < count; ++i) values.push_back(deserialize<T>(reader));
        return values;
    }
};

template<Serializable T, std::size_t Count>
struct Serialize<std::array<T, Count>> {
    static void write(Writer& writer, const std::array<T, Count>& values) {
        writer.array(Count);
        for (const T& value : values) serialize(writer, value);
    }
    static auto read(Reader& reader) -> std::array<T, Count> {
        reader.array_of(Count);
        return [&]<std::size_t... Index>(std::index_sequence<Index...>) {
            return std::array<T, Count>{((void)Index, deserialize<T>(reader))...};
        }(std::make_index_sequence<Count>());
    }
};

namespace internal {

/// Sets of every kind.
template<class Set>
struct SerializeSet {
    using T = typename Set::value_type;
    static void write(Writer& writer, const Set& values) {
        writer.array(values.size());
        for (const T& value : values) serialize(writer, value);
    }
    static auto read(Reader& reader) -> Set {
        Set values;
        for (std::size_t left = reader.array(); left > 0; --left) values.insert(deserialize<T>(reader));
        return values;
    }
};

/// Maps of every kind.
template<class Map>
struct SerializeMap {
    static void write(Writer& writer, const Map& values) {
        writer.map(values.size());
        for (const auto& [key, value] : values) {
            serialize(writer, key);
            serialize(writer, value);
        }
    }
    static auto read(Reader& reader) -> Map {
        Map values;
        for (std::size_t left = reader.map(); left > 0; --left) {
            auto key = deserialize<typename Map::key_type>(reader);
            values.emplace(std::move(key), deserialize<typename Map::mapped_type>(reader));
        }
        return values;
    }
};

}  // namespace internal

template<Serializable T, class Compare>
struct Serialize<std::set<T, Compare>> : internal::SerializeSet<std::set<T, Compare>> {};
template<Serializable T, class Hash>
struct Serialize<std::unordered_set<T, Hash>> : internal::SerializeSet<std::unordered_set<T, Hash>> {};
template<Serializable K, Serializable V, class Compare>
struct Serialize<std::map<K, V, Compare>> : internal::SerializeMap<std::map<K, V, Compare>> {};
template<Serializable K, Serializable V, class Hash>
struct Serialize<std::unordered_map<K, V, Hash>> : internal::SerializeMap<std::unordered_map<K, V, Hash>> {};

template<Serializable T>
struct Serialize<std::optional<T>> {
    // In an array, so that an empty optional of an optional is told from an empty one.
    static void write(Writer& writer, const std::optional<T>& value) {
        writer.array(value ? 1 : 0);
        if (value) serialize(writer, *value);
    }
    static auto read(Reader& reader) -> std::optional<T> {
        const std::size_t count = reader.array();
        if (count > 1) internal::throw_out_of_range();
        return count == 0 ? std::nullopt : std::optional<T>(deserialize<T>(reader));
    }
};

template<Serializable... T>
struct Serialize<std::tuple<T...>> {
    static void write(Writer& writer, const std::tuple<T...>& values) {
        writer.array(sizeof...(T));
        std::apply([&](const T&... value) { (serialize(writer, value), ...); }, values);
    }
    static auto read(Reader& reader) -> std::tuple<T...> {
        reader.array_of(sizeof...(T));
        return std::tuple<T...>{deserialize<T>(reader)...};  // braces: from left to right
    }
};

template<Serializable A, Serializable B>
struct Serialize<std::pair<A, B>> {
    static void write(Writer& writer, const std::pair<A, B>& value) {
        writer.array(2);
        serialize(writer, value.first);
        serialize(writer, value.second);
    }
    static auto read(Reader& reader) -> std::pair<A, B> {
        reader.array_of(2);
        return std::pair<A, B>{deserialize<A>(reader), deserialize<B>(reader)};
    }
};

template<>
struct Serialize<std::monostate> {
    static void write(Writer& writer, std::monostate) { writer.nil(); }
    static auto read(Reader& reader) -> std::monostate {
        if (!reader.nil()) internal::throw_out_of_range();
        return {};
    }
};

template<Serializable... T>
struct Serialize<std::variant<T...>> {
    using V = std::variant<T...>;
    static void write(Writer& writer, const V& value) {
        writer.array(2);
        serialize(writer, value.index());
        std::visit([&](const auto& inner) { serialize(writer, inner); }, value);
    }
    static auto read(Reader& reader) -> V {
        reader.array_of(2);
        return read_index<0>(reader, deserialize<std::size_t>(reader));
    }

private:
    template<std::size_t Index>
    static auto read_index(Reader& reader, std::size_t wanted) -> V {
        if constexpr (Index == sizeof...(T)) {
            internal::throw_no_alternative(wanted);
        } else {
            if (wanted != Index) return read_index<Index + 1>(reader, wanted);
            return V(std::in_place_index<Index>, deserialize<std::variant_alternative_t<Index, V>>(reader));
        }
    }
};

}  // namespace gyre
