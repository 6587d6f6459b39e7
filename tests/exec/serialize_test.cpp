// Serialize: values as MessagePack and back.

#include "support/loops.hpp"

#include <limits>
#include <thread>

namespace gyre::testing {

namespace {

struct Point {
    int x = 0;
    std::string label;
    auto operator==(const Point&) const -> bool = default;
};

struct Unknown {
    std::thread thread;
};

enum class Colour : std::uint8_t { red, green };

}  // namespace

}  // namespace gyre::testing

template<>
struct gyre::Serialize<gyre::testing::Point>
    : gyre::SerializeMembers<gyre::testing::Point, &gyre::testing::Point::x, &gyre::testing::Point::label> {};

namespace gyre::testing {

namespace {

template<class T>
void expect_back(const T& value) {
    Writer writer;
    serialize(writer, value);
    Reader reader(writer.data());
    EXPECT_TRUE(deserialize<T>(reader) == value);
}

template<class T>
auto bytes_of(const T& value) -> std::vector<std::byte> {
    Writer writer;
    serialize(writer, value);
    return {writer.data().begin(), writer.data().end()};
}

template<class T>
auto read_error(std::span<const std::byte> bytes) -> std::string {
    return error_of([&] {
        Reader reader(bytes);
        static_cast<void>(deserialize<T>(reader));
    });
}

}  // namespace

TEST(Serialize, values_come_back_as_they_were) {
    expect_back(true);
    expect_back(std::numeric_limits<std::int64_t>::min());
    expect_back(std::numeric_limits<std::uint64_t>::max());
    expect_back(std::int8_t{-128});
    expect_back('x');
    expect_back(1.5F);
    expect_back(0.1);
    expect_back(Colour::green);
    expect_back(std::string("text with \0 in it", 17));
    expect_back(std::chrono::milliseconds(-5));
    expect_back(std::vector<std::byte>{std::byte{0}, std::byte{255}});
    expect_back(std::vector<std::vector<int>>{{1, 2}, {}, {3}});
    expect_back(std::vector<bool>{true, false});
    expect_back(std::array<std::string, 2>{"a", "b"});
    expect_back(std::set<int>{3, 1});
    expect_back(std::unordered_set<int>{3, 1});
    expect_back(std::map<std::string, std::vector<int>>{{"a", {1}}, {"b", {}}});
    expect_back(std::unordered_map<int, std::map<int, int>>{{1, {{2, 3}}}, {4, {}}});
    expect_back(std::optional<int>());
    expect_back(std::optional<std::optional<int>>(std::optional<int>()));
    expect_back(std::pair<int, std::string>(1, "one"));
    expect_back(std::tuple<int, std::tuple<>, std::string>(1, {}, "one"));
    expect_back(std::variant<std::monostate, int, std::string>("text"));
    expect_back(std::variant<std::monostate, int>());
    expect_back(Point{3, "p"});
    expect_back(std::map<int, Point>{{1, {2, "q"}}});
}

TEST(Serialize, knows_at_compile_time_what_it_cannot) {
    static_assert(Serializable<std::vector<Point>>);
    static_assert(!Serializable<Unknown>);
    static_assert(!Serializable<std::vector<Unknown>>);
    static_assert(!Serializable<std::map<int, Unknown>>);
    static_assert(!Serializable<int*>);
    static_assert(!Serializable<std::string_view>, "it would refer to nothing");
}

TEST(Serialize, names_what_does_not_fit) {
    EXPECT_EQ(read_error<int>(bytes_of(std::string("a"))), "serialised data: expected an integer, found a text");
    EXPECT_EQ(read_error<std::int8_t>(bytes_of(300)), "a serialised value does not fit the type that it is read as");
    EXPECT_EQ(read_error<unsigned>(bytes_of(-1)), "a serialised value does not fit the type that it is read as");
    EXPECT_EQ(read_error<std::int64_t>(bytes_of(std::numeric_limits<std::uint64_t>::max())),
        "a serialised value does not fit the type that it is read as");
    EXPECT_EQ((read_error<std::pair<int, int>>(bytes_of(std::vector<int>{1}))),
        "serialised data: expected 2 values, found 1");
    EXPECT_EQ((read_error<std::variant<int>>(bytes_of(std::pair<int, int>(7, 1)))),
        "a serialised variant has no alternative 7");
}

TEST(Serialize, broken_bytes_are_an_error) {
    auto bytes = bytes_of(std::vector<std::string>{"abc", "def"});
    for (std::size_t length = 0; length < bytes.size(); ++length) {
        EXPECT_NE(read_error<std::vector<std::string>>(std::span(bytes).first(length)), "nothing") << length;
    }
    auto more = bytes;
    more.push_back(std::byte{1});
    EXPECT_EQ(read_error<std::vector<std::string>>(more), "serialised data goes on behind its end");
    const std::vector<std::byte> huge{
        std::byte{0xdd}, std::byte{0xff}, std::byte{0xff}, std::byte{0xff}, std::byte{0xff}};
    EXPECT_NE(read_error<std::vector<int>>(huge), "nothing") << "an array that claims four thousand million values";
    const std::vector<std::byte> deep(100'000, std::byte{0x91});
    EXPECT_NE(read_error<std::vector<int>>(deep), "nothing") << "arrays in arrays";
}

}  // namespace gyre::testing
