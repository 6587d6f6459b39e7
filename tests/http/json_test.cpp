// JSON by an adapter: values in requests and responses, and what is said of mistakes.
#include "support/loops.hpp"

#include <gyre/http/client/mock.hpp>
#include <gyre/http/json/nlohmann.hpp>
#include <gyre/http/test_client.hpp>

namespace gyre::testing {

struct JsonTestUser {
    JsonTestUser() = default;
    std::string name;
    int age = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(JsonTestUser, name, age)

namespace {

using nlohmann::json;

static_assert(http::JsonReadable<json> && http::JsonWritable<json>);
static_assert(http::JsonReadable<JsonTestUser> && http::JsonWritable<std::vector<JsonTestUser>>);
static_assert(!http::JsonWritable<std::string> && !http::JsonWritable<char[3]>, "texts are JSON already");

TEST(JsonCodec, mistakes_name_their_place) {
    const auto problem = [](std::string_view text) -> std::string {
        try {
            static_cast<void>(http::JsonCodec<json>::parse(text));
            return "none";
        } catch (const http::JsonError& error) {
            return error.what();
        }
    };
    EXPECT_EQ(problem("[1, 2]"), "none");
    EXPECT_NE(problem("[1,\n 2,,]").find(" at byte 7 (line 2, column 4)"), std::string::npos) << problem("[1,\n 2,,]");
    EXPECT_NE(problem("").find(" at byte 0 (line 1, column 1)"), std::string::npos) << problem("");
    EXPECT_NE(problem("[1, 2").find("unexpected end of input"), std::string::npos) << problem("[1, 2");
    EXPECT_NE(problem("{\"a\": 1} x").find(" at byte 9 "), std::string::npos) << problem("{\"a\": 1} x");
    try {
        static_cast<void>(http::JsonCodec<JsonTestUser>::parse("{\"name\": 7}"));
        FAIL() << "it was taken";
    } catch (const http::JsonError& error) {
        EXPECT_EQ(error.offset(), http::JsonError::no_offset);
        EXPECT_TRUE(std::string_view(error.what()).starts_with("JSON: ")) << error.what();
    }
}

auto rename(http::Request& request) -> Task<http::Response> {
    auto user = co_await request.json<JsonTestUser>();
    user.name += "!";
    co_return http::Response::json(http::JsonCodec<JsonTestUser>::dump(user));
}

auto broken(http::Request&) -> Task<http::Response> { co_return http::Response::json("{\"name\": "); }

GYRE_TEST(JsonCodec, values_in_requests_and_responses) {
    http::App app;
    app.post("/rename", rename).get("/broken", broken);
    http::TestClient client(std::move(app));
    JsonTestUser ada;
    ada.name = "Ada";
    ada.age = 36;
    auto response = co_await client.post("/rename").json(ada);
    const auto user = co_await response.json<JsonTestUser>();
    EXPECT_EQ(user.name, "Ada!");
    EXPECT_EQ(user.age, 36);

    auto text = co_await client.post("/rename").json(R"({"name": "Bob", "age": 1})");
    const auto other = co_await text.json<json>();
    EXPECT_EQ(other["name"], "Bob!");

    auto refused = co_await client.post("/rename").json(R"({"name": nope})");
    EXPECT_EQ(refused.status(), 400);
    const auto why = co_await refused.text();
    EXPECT_NE(why.find("at byte 10 (line 1, column 11)"), std::string::npos) << why;

    auto bad = co_await client.get("/broken");
    const auto outcome = co_await as_outcome(bad.json<json>());
    const auto problem = describe(outcome.error());
    EXPECT_NE(problem.find("GET http://testserver/broken: "), std::string::npos) << problem;
    EXPECT_NE(problem.find(" at byte 9 (line 1, column 10)"), std::string::npos) << problem;
    co_await client.stop();
}

GYRE_TEST(MockTransport, sees_bodies_that_are_made_while_they_are_sent) {
    http::MockTransport mock;
    mock.on("POST", "*").respond(200, "done");
    http::Client client({.transport = &mock});
    const auto producer = [](http::BodyWriter& writer) -> Task<> {
        co_await writer.write("one ");
        co_await writer.write("two");
    };
    auto response = co_await client.post("http://mock/").body_from(producer);
    EXPECT_EQ(response.status(), 200);
    EXPECT_EQ(mock.calls().at(0).body, "one two");
}

}  // namespace
}  // namespace gyre::testing
