// Multipart bodies: streamed parts, whole forms, what is kept on the disk, and every limit on both sides.

#include "harness.hpp"
#include "os/os_support.hpp"

#include <gyre/core/as_outcome.hpp>
#include <gyre/http/server/app.hpp>

#include <filesystem>
#include <fstream>

namespace gyre::http::server_testing {
namespace {

constexpr std::string_view multipart_field = "Content-Type: multipart/form-data; boundary=XX\r\n";

auto part(std::string_view name, std::string_view content, std::string_view file_name = "", std::string_view more = "")
    -> std::string {
    std::string text = "--XX\r\nContent-Disposition: form-data; name=\"" + std::string(name) + "\"";
    if (!file_name.empty()) text.append("; filename=\"").append(file_name).append("\"");
    return text.append("\r\n").append(more).append("\r\n").append(content).append("\r\n");
}

const std::string closing = "--XX--\r\n";

auto app_of(Handler handler) -> ExchangeHandler {
    App app;
    app.post("/", std::move(handler));
    return app.handler();
}

/// What comes of a POST: "200 text".
auto post_form(const ExchangeHandler& handler, const std::string& body, std::string_view type = multipart_field,
    World world = World::kernel) -> std::string {
    std::string line;
    ConnectionOptions options;
    options.limits.body_bytes = 64 * 1024 * 1024;
    const auto errors = run_with(world, handler, options, [&](std::uint16_t port) -> Task<void> {
        auto client = co_await RawClient::open(port);
        const auto request = post("/", body, type);
        const auto reply = co_await client.ask(request);
        line = std::to_string(reply.status) + " " + reply.body;
        // The connection goes on: what the handler did not read was dropped.
        const auto again = co_await client.ask(get("/none"));
        EXPECT_EQ(again.status, 404);
    });
    EXPECT_TRUE(errors.empty()) << errors[0];
    return line;
}

auto status_of(const ExchangeHandler& handler, const std::string& body, std::string_view type = multipart_field) -> int {
    return std::stoi(post_form(handler, body, type));
}

/// "name=value" of fields, "name:file/type/size" of files, with a "*" if it is on the disk.
auto describe(const FormData& form) -> std::string {
    std::string text;
    for (const auto& [name, value] : form.fields) text.append(name).append("=").append(value).append(" ");
    for (const auto& file : form.files) {
        text.append(file.name()).append(":").append(file.file_name()).append("/").append(file.content_type());
        text.append("/").append(std::to_string(file.size())).append(file.is_on_disk() ? "* " : " ");
    }
    return text;
}

auto describing(const FormOptions& options = {}) -> ExchangeHandler {
    return app_of([options](Request& request) -> Task<Response> {
        const auto form = co_await request.form_data(options);
        co_return Response::text(describe(form));
    });
}

TEST(Form, fields_and_files) {
    const auto body = part("a", "1") + part("a", "2") + part("", "") +
                      part("f", "hello", "../x/h.txt", "Content-Type: text/x\r\n") + part("g", "", "empty") + closing;
    for (const auto world : all_worlds) {
        EXPECT_EQ(post_form(describing(), body, multipart_field, world), "200 a=1 a=2 = f:h.txt/text/x/5 g:empty//0 ");
    }
    EXPECT_EQ(post_form(describing(), closing), "200 ");
    EXPECT_EQ(
        post_form(describing(), "a=1&b=x+y", "Content-Type: application/x-www-form-urlencoded\r\n"), "200 a=1 b=x y ");
}

TEST(Form, what_is_none_is_refused) {
    EXPECT_EQ(status_of(describing(), "x", ""), 415);
    EXPECT_EQ(status_of(describing(), "{}", "Content-Type: application/json\r\n"), 415);
    EXPECT_EQ(status_of(describing(), closing, "Content-Type: multipart/mixed; boundary=XX\r\n"), 415);
    EXPECT_EQ(status_of(describing(), closing, "Content-Type: multipart/form-data\r\n"), 415) << "no boundary";
    EXPECT_EQ(status_of(describing(), part("a", "1")), 400) << "no end";
    EXPECT_EQ(status_of(describing(), "--XX\r\n\r\nx\r\n" + closing), 400) << "no name";
    EXPECT_EQ(status_of(describing(), ""), 400);
}

TEST(Form, limits) {
    const auto parts = [](int count) {
        std::string body;
        for (int i = 0; i < count; ++i) body += part("a", "");
        return body + closing;
    };
    EXPECT_EQ(status_of(describing(), parts(128)), 200);
    EXPECT_EQ(status_of(describing(), parts(129)), 413);
    const auto fields = [](int count) {
        std::string more;
        for (int i = 0; i < count; ++i) more += "X-" + std::to_string(i) + ": y\r\n";
        return part("a", "", "", more) + closing;
    };
    EXPECT_EQ(status_of(describing(), fields(15)), 200) << "one is Content-Disposition";
    EXPECT_EQ(status_of(describing(), fields(16)), 413);
    const FormOptions small{.limits = {.part_bytes = 10}, .fields_bytes = 8};
    EXPECT_EQ(status_of(describing(small), part("ab", "12") + part("a", "123") + closing), 200);
    EXPECT_EQ(status_of(describing(small), part("ab", "12") + part("a", "1234") + closing), 413);
    EXPECT_EQ(status_of(describing(small), part("abcdefghi", "") + closing), 413);
    EXPECT_EQ(status_of(describing(small), part("f", "1234567890", "f") + closing), 200);
    EXPECT_EQ(status_of(describing(small), part("f", "12345678901", "f") + closing), 413);
    const FormOptions few{.fields_bytes = 3};
    EXPECT_EQ(status_of(describing(few), "a=1", "Content-Type: application/x-www-form-urlencoded\r\n"), 200);
    EXPECT_EQ(status_of(describing(few), "a=12", "Content-Type: application/x-www-form-urlencoded\r\n"), 413);
}

TEST(Form, large_files_are_on_the_disk_and_leave_no_name) {
    const gyre::testing::TemporaryFolder folder;
    const std::string where = folder.path().string();
    const auto entries = [&] { return std::distance(std::filesystem::directory_iterator(where), {}); };
    FormOptions options{.memory_bytes = 100'000, .directory = where};
    EXPECT_EQ(post_form(describing(options), part("f", std::string(100'000, 'x'), "f") + closing), "200 f:f//100000 ");
    EXPECT_EQ(post_form(describing(options), part("f", std::string(100'001, 'x'), "f") + closing), "200 f:f//100001* ");
    const auto two = part("f", std::string(60'000, 'x'), "f") + part("g", std::string(60'000, 'y'), "g");
    EXPECT_EQ(post_form(describing(options), two + closing), "200 f:f//60000 g:g//60000* ") << "of all together";
    const auto after = part("f", std::string(200'000, 'x'), "f") + part("g", std::string(90'000, 'y'), "g");
    EXPECT_EQ(post_form(describing(options), after + closing), "200 f:f//200000* g:g//90000 ")
        << "memory is free again";
    FormOptions none{.memory_bytes = 0, .directory = where};
    EXPECT_EQ(post_form(describing(none), part("f", std::string(4'096, 'x'), "f") + closing), "200 f:f//4096 ")
        << "a small one takes no descriptor";
    EXPECT_EQ(post_form(describing(none), part("f", std::string(4'097, 'x'), "f") + closing), "200 f:f//4097* ");
    EXPECT_EQ(entries(), 0);

    std::string content;
    while (content.size() < 3'000'000) content += std::to_string(content.size()) + "\n";
    const auto handler = app_of([&](Request& request) -> Task<Response> {
        FormOptions here;
        here.directory = where;
        const auto form = co_await request.form_data(here);
        const auto* file = form.file("f");
        EXPECT_TRUE(file->is_on_disk());
        EXPECT_EQ(form.file("none"), nullptr);
        const auto all = co_await file->text();
        EXPECT_TRUE(all == content);
        const auto middle = co_await file->read(10, 2'000'000);
        EXPECT_EQ(middle, content.substr(2'000'000, 10));
        const auto past = co_await file->read(10, content.size());
        EXPECT_EQ(past, "");
        const auto target = folder.path() / "saved";
        co_await file->save(target);
        const auto refused = co_await as_outcome(file->save(target));
        EXPECT_TRUE(refused.is_error()) << "there is one";
        EXPECT_THROW(static_cast<void>(file->text(content.size() - 1)), LimitError);
        co_return Response::text("done");
    });
    EXPECT_EQ(post_form(handler, part("f", content, "f") + closing), "200 done");
    EXPECT_EQ(entries(), 1);
    EXPECT_EQ(std::filesystem::file_size(folder.path() / "saved"), content.size());
}

TEST(Form, a_directory_that_is_not_there_is_the_servers_fault) {
    FormOptions options{.memory_bytes = 0, .directory = "/nonexistent"};
    const auto handler = describing(options);
    const auto errors = run_with(World::kernel, handler, {}, [&](std::uint16_t port) -> Task<void> {
        auto asking = ask(port, post("/", part("f", std::string(5'000, 'x'), "f") + closing, multipart_field));
        const auto reply = co_await std::move(asking);
        EXPECT_EQ(reply.status, 500);
    });
    EXPECT_EQ(errors.size(), 1U);
}

TEST(Multipart, parts_come_one_by_one) {
    const auto handler = app_of([](Request& request) -> Task<Response> {
        auto reader = request.multipart();
        std::string text;
        for (;;) {
            auto next = co_await reader.next();
            if (!next) break;
            text += next->name + ":";
            if (next->name == "skipped") continue;
            if (next->name == "half") {
                const auto piece = co_await reader.read();
                text += piece.empty() ? "nothing" : "something";
                continue;
            }
            const auto content = co_await reader.text();
            text += content;
            const auto end = co_await reader.read();
            EXPECT_TRUE(end.empty());
        }
        const auto none = co_await reader.next();
        EXPECT_FALSE(none);
        co_return Response::text(text);
    });
    const auto body = part("a", "1") + part("skipped", std::string(50'000, 's')) +
                      part("half", std::string(50'000, 'h')) + part("b", "2") + closing;
    for (const auto world : all_worlds) {
        EXPECT_EQ(post_form(handler, body, multipart_field, world), "200 a:1skipped:half:somethingb:2");
    }
    EXPECT_EQ(
        post_form(handler, "--XX\r\nX: y\r\n\r\nz\r\n" + closing, "Content-Type: multipart/mixed; boundary=XX\r\n"),
        "200 :z");
}

TEST(Multipart, a_part_has_a_limit_of_its_own) {
    const auto handler = app_of([](Request& request) -> Task<Response> {
        auto reader = request.multipart();
        static_cast<void>(co_await reader.next());
        auto text = co_await reader.text(10);
        co_return Response::text(text);
    });
    EXPECT_EQ(post_form(handler, part("a", "1234567890") + closing), "200 1234567890");
    EXPECT_EQ(status_of(handler, part("a", "12345678901") + closing), 413);
}

TEST(Multipart, an_upload_that_stops_ends_its_files) {
    const gyre::testing::TemporaryFolder folder;
    const std::string where = folder.path().string();
    const auto before = gyre::testing::open_descriptors();
    FormOptions options{.memory_bytes = 0, .directory = where};
    const auto handler = app_of([&](Request& request) -> Task<Response> {
        const auto outcome = co_await as_outcome(request.form_data(options));
        EXPECT_TRUE(outcome.is_error());
        co_return Response(400);
    });
    run_with(World::kernel, handler, {}, [&](std::uint16_t port) -> Task<void> {
        auto client = co_await RawClient::open(port);
        std::string head = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 500000\r\n";
        head.append(multipart_field).append("\r\n").append(part("f", std::string(100'000, 'x'), "f"));
        co_await client.send(head);
        co_await sleep(30ms);
        client.stream.abort();
        co_await sleep(30ms);
    });
    EXPECT_EQ(gyre::testing::open_descriptors(), before);
    EXPECT_TRUE(std::filesystem::is_empty(where));
}

}  // namespace
}  // namespace gyre::http::server_testing
