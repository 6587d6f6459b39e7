// JSON by simdjson: what is read, what is said of mistakes, and how it meets requests and responses.
#include "support/loops.hpp"

#include <gyre/http/json/simdjson.hpp>
#include <gyre/http/test_client.hpp>

namespace gyre::testing {

struct SimdTestUser {
    SimdTestUser() = default;
    std::string name;
    std::uint8_t age = 0;
    std::optional<double> height;
    std::vector<std::string> tags;
};

void from_simdjson(const simdjson::dom::element& from, SimdTestUser& to) {
    to.name = http::simd_member<std::string>(from, "name");
    to.age = http::simd_member<std::uint8_t>(from, "age");
    to.height = http::simd_member<std::optional<double>>(from, "height");
    to.tags = http::simd_member<std::vector<std::string>>(from, "tags");
}

namespace {

static_assert(http::JsonReadable<http::SimdDocument> && http::JsonReadable<SimdTestUser>);
static_assert(http::JsonReadable<std::vector<SimdTestUser>>);
static_assert(!http::JsonWritable<SimdTestUser>, "simdjson writes nothing");
static_assert(!http::JsonReadable<int>, "a type that another adapter may know");

template<class T>
auto simd_problem(std::string_view text) -> std::string {
    try {
        static_cast<void>(http::JsonCodec<T>::parse(text));
        return "none";
    } catch (const http::JsonError& error) {
        EXPECT_EQ(error.offset(), http::JsonError::no_offset);
        return error.what();
    }
}

auto user_text(std::string_view age, std::string_view more = "") -> std::string {
    return R"({"name": "Ada", "tags": ["a", "b"], "age": )" + std::string(age) + std::string(more) + "}";
}

TEST(SimdJson, reads_types_of_the_program) {
    const auto user = http::JsonCodec<SimdTestUser>::parse(user_text("36", R"(, "height": 1.65)"));
    EXPECT_EQ(user.name, "Ada");
    EXPECT_EQ(user.age, 36);
    EXPECT_EQ(user.height, 1.65);
    EXPECT_EQ(user.tags, (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(http::JsonCodec<SimdTestUser>::parse(user_text("1")).height, std::nullopt);
    EXPECT_EQ(http::JsonCodec<SimdTestUser>::parse(user_text("1", R"(, "height": null)")).height, std::nullopt);
    const auto users = http::JsonCodec<std::vector<SimdTestUser>>::parse(
        "[" + user_text("1") + "," + user_text("2") + "]");
    ASSERT_EQ(users.size(), 2U);
    EXPECT_EQ(users[1].age, 2);
}

TEST(SimdJson, numbers_have_to_fit) {
    EXPECT_EQ(simd_problem<SimdTestUser>(user_text("255")), "none");
    EXPECT_EQ(simd_problem<SimdTestUser>(user_text("256")), "JSON: \"age\": a number is out of range");
    EXPECT_NE(simd_problem<SimdTestUser>(user_text("-1")), "none");
    EXPECT_NE(simd_problem<SimdTestUser>(user_text("1.5")), "none");
    EXPECT_EQ(simd_problem<SimdTestUser>(user_text("7", R"(, "height": 2)")), "none") << "an integer is a number";
}

TEST(SimdJson, mistakes_are_told) {
    EXPECT_EQ(simd_problem<http::SimdDocument>("[1, 2]"), "none");
    for (const std::string_view text : {"", "[1, 2", "[1,,2]", "{\"a\": 1} x", "{\"a\" 1}", "nul", "\"\xff\""}) {
        EXPECT_TRUE(simd_problem<http::SimdDocument>(text).starts_with("JSON: ")) << text;
    }
    EXPECT_NE(simd_problem<http::SimdDocument>(std::string(1025, '[') + std::string(1025, ']')), "none");
    EXPECT_EQ(simd_problem<http::SimdDocument>(std::string(1000, '[') + std::string(1000, ']')), "none");
    EXPECT_TRUE(simd_problem<SimdTestUser>(R"({"age": 1, "tags": []})").starts_with("JSON: \"name\": "));
    EXPECT_TRUE(simd_problem<SimdTestUser>(R"({"name": 7})").starts_with("JSON: \"name\": "));
    EXPECT_NE(simd_problem<SimdTestUser>("[]"), "none");
}

TEST(SimdJson, a_document_may_be_moved) {
    http::SimdDocument document(R"({"deep": {"list": [10, 20, 30]}})");
    const http::SimdDocument other = std::move(document);
    const auto list = http::simd_value<std::vector<int>>(other.root()["deep"]["list"].value());
    EXPECT_EQ(list, (std::vector<int>{10, 20, 30}));
    EXPECT_EQ(http::simd_value<std::string_view>(http::SimdDocument(R"("text")").root()).size(), 4U);
}

auto greet_user(http::Request& request) -> Task<http::Response> {
    const auto user = co_await request.json<SimdTestUser>();
    co_return http::Response::json("{\"greeting\": \"hello " + user.name + "\"}");
}

GYRE_TEST(SimdJson, values_in_requests_and_responses) {
    http::App app;
    app.post("/greet", greet_user);
    http::TestClient client(std::move(app));
    auto response = co_await client.post("/greet").json(user_text("36"));
    const auto document = co_await response.json<http::SimdDocument>();
    EXPECT_EQ(http::simd_member<std::string>(document.root(), "greeting"), "hello Ada");

    auto refused = co_await client.post("/greet").json(R"({"name": 7})");
    EXPECT_EQ(refused.status(), 400);
    const auto why = co_await refused.text();
    EXPECT_NE(why.find("\\\"name\\\""), std::string::npos) << why;
    co_await client.stop();
}

}  // namespace
}  // namespace gyre::testing
