// Bodies that are made while they are sent, and responses that come meanwhile.
#include "scripted_server.hpp"

#include <gyre/http/server/app.hpp>
#include <gyre/http/server/server.hpp>
#include <gyre/os/filesystem.hpp>
#include <gyre/os/temporary_directory.hpp>

namespace gyre::testing {
namespace {

using http::BodyWriter;
using http::RequestPhase;

auto end_of_chunks() -> std::string { return "\r\n0\r\n\r\n"; }

/// Reads a request with a chunked body, as it comes.
auto chunked_request(Peer& peer) -> Task<std::string> {
    auto text = co_await peer.request();
    if (!text.empty()) text += co_await peer.until(end_of_chunks());
    co_return text;
}

auto hello_world(BodyWriter& writer) -> Task<> {
    co_await writer.write("hello");
    co_await sleep(1ms);
    co_await writer.write("");  // nothing, and not the end
    co_await writer.write(" world");
}

/// Says when it is gone, however it went.
class Flag {
public:
    explicit Flag(bool& flag) : flag_(flag) {}
    Flag(const Flag&) = delete;
    auto operator=(const Flag&) -> Flag& = delete;
    ~Flag() { flag_ = true; }

private:
    bool& flag_;
};

auto write_for_ever(BodyWriter& writer, bool& is_gone) -> Task<> {
    const Flag flag(is_gone);
    const std::string piece(100'000, 'x');
    for (;;) co_await writer.write(piece);
}

/// How a request ended.
auto error_of(http::ClientRequest request) -> Task<Reply> {
    Reply reply;
    try {
        auto response = co_await std::move(request);
        reply.status = response.status();
        reply.body = co_await response.text();
    } catch (const http::RequestError& error) {
        reply.error = error.what();
        reply.phase = error.phase();
        reply.timed_out = error.is_timeout();
    }
    co_return reply;
}

class HttpUpload : public OnLoops {
protected:
    template<class Body>
    void against(Script script, Body body, http::ClientOptions options = {}) {
        ScriptedServer server(std::move(script));
        run(server.run(options, body));
        log_ = server.log();
    }
    ServerLog log_;
};
GYRE_ON_LOOPS(HttpUpload);

TEST_P(HttpUpload, chunks_and_trailers_as_sent) {
    std::vector<std::string> bodies;
    const auto script = [&](Peer& peer) -> Task<> {
        for (;;) {
            auto text = co_await peer.request();
            if (text.empty()) co_return;
            bodies.push_back(co_await peer.until("\r\n0\r\n"));
            bodies.back() += co_await peer.until("\r\n");
            if (!bodies.back().ends_with("\r\n\r\n")) bodies.back() += co_await peer.until("\r\n");
            co_await peer.send(ok("done"));
        }
    };
    against(script, [](http::Client& client, std::string base) -> Task<> {
        auto reply = co_await error_of(client.post(base).body_from(hello_world));
        EXPECT_EQ(reply.body, "done") << reply.error;
        const auto with_trailer = [](BodyWriter& writer) -> Task<> {
            co_await writer.write("x");
            writer.trailer("Digest", "abc");
        };
        auto second = co_await error_of(client.put(base).body_from(with_trailer));
        EXPECT_EQ(second.body, "done") << second.error;
        EXPECT_EQ(client.stats().connections_opened, 1U);  // a whole request leaves it usable
    });
    EXPECT_NE(log_.requests.at(0).find("\r\nTransfer-Encoding: chunked\r\n"), std::string::npos);
    EXPECT_EQ(log_.requests.at(0).find("Content-Length"), std::string::npos);
    EXPECT_EQ(bodies.at(0), "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n");
    EXPECT_EQ(bodies.at(1), "1\r\nx\r\n0\r\nDigest: abc\r\n\r\n");
}

TEST_P(HttpUpload, known_length) {
    against(always(ok("done")), [](http::Client& client, std::string base) -> Task<> {
        auto reply = co_await error_of(client.post(base).body_from(hello_world, 11));
        EXPECT_EQ(reply.body, "done") << reply.error;
        auto nothing = co_await error_of(client.post(base).body_from([](BodyWriter&) -> Task<> { co_return; }, 0));
        EXPECT_EQ(nothing.body, "done") << nothing.error;
        EXPECT_EQ(client.stats().connections_opened, 1U);
    });
    EXPECT_TRUE(log_.requests.at(0).ends_with("\r\n\r\nhello world"));
    EXPECT_NE(log_.requests.at(0).find("\r\nContent-Length: 11\r\n"), std::string::npos);
}

TEST_P(HttpUpload, a_length_that_is_not_kept_is_an_error) {
    against(always(ok("done")), [](http::Client& client, std::string base) -> Task<> {
        for (const std::uint64_t length : {10U, 12U}) {
            auto reply = co_await error_of(client.post(base).body_from(hello_world, length));
            EXPECT_EQ(reply.phase, RequestPhase::send);
            EXPECT_NE(reply.error.find("body_length_mismatch"), std::string::npos) << reply.error;
        }
        EXPECT_EQ(client.stats().idle_connections, 0U);
    });
}

TEST_P(HttpUpload, from_a_generator) {
    std::string body;
    const auto script = [&](Peer& peer) -> Task<> {
        static_cast<void>(co_await peer.request());
        body = co_await peer.until(end_of_chunks());
        co_await peer.send(ok("done"));
    };
    against(script, [](http::Client& client, std::string base) -> Task<> {
        const auto numbers = []() -> AsyncGenerator<std::string> {
            for (int i = 0; i < 3; ++i) {
                co_await yield_now();
                co_yield std::to_string(i);
            }
        };
        auto reply = co_await error_of(client.post(base).body_from(numbers()));
        EXPECT_EQ(reply.body, "done") << reply.error;
    });
    EXPECT_EQ(body, "1\r\n0\r\n1\r\n1\r\n1\r\n2\r\n0\r\n\r\n");
}

// A server that sends back what comes, and reads no more than the client takes.
auto echo(http::Request& request) -> Task<http::Response> {
    const auto producer = [&request](BodyWriter& writer) -> Task<> {
        for (;;) {
            const auto piece = co_await request.body().read();
            if (piece.empty()) co_return;
            co_await writer.write(std::string_view(piece.data(), piece.size()));
        }
    };
    co_return http::Response::stream("application/octet-stream", producer);
}

auto start_echo() -> Task<http::Server> {
    http::App app;
    app.post("/", echo);
    http::ServerOptions options;
    options.port = 0;
    options.connection.limits.body_bytes = 1ULL << 40U;
    return http::Server::start(std::move(app), options);
}

auto read_all(http::ClientResponse& response, char expected) -> Task<std::size_t> {
    std::size_t size = 0;
    for (;;) {
        const auto piece = co_await response.read();
        if (piece.empty()) co_return size;
        EXPECT_EQ(std::count(piece.begin(), piece.end(), expected), static_cast<std::ptrdiff_t>(piece.size()));
        size += piece.size();
    }
}

TEST_P(HttpUpload, is_sent_while_the_response_is_read) {
    run([]() -> Task<> {
        auto server = co_await start_echo();
        const auto url = "http://127.0.0.1:" + std::to_string(server.port()) + "/";
        http::Client client;
        constexpr std::size_t pieces = 200;
        const auto many = [](BodyWriter& writer) -> Task<> {
            const std::string piece(100'000, 'x');
            for (std::size_t i = 0; i < pieces; ++i) co_await writer.write(piece);
        };
        auto response = co_await client.post(url).body_from(many);
        const auto size = co_await read_all(response, 'x');
        EXPECT_EQ(size, pieces * 100'000);
        // Bytes that are at hand, too.
        auto second = co_await client.post(url).body(std::string(20'000'000, 'y'));
        const auto again = co_await read_all(second, 'y');
        EXPECT_EQ(again, 20'000'000U);
        EXPECT_EQ(client.stats().connections_opened, 1U);
        client.close();
        co_await server.stop();
    }());
}

TEST_P(HttpUpload, dropped_response_ends_the_producer) {
    run([]() -> Task<> {
        auto server = co_await start_echo();
        const auto url = "http://127.0.0.1:" + std::to_string(server.port()) + "/";
        http::Client client;
        bool is_gone = false;
        {
            const auto endless = [&](BodyWriter& writer) { return write_for_ever(writer, is_gone); };
            auto response = co_await client.post(url).body_from(endless);
            static_cast<void>(co_await response.read());
            EXPECT_FALSE(is_gone);
        }
        while (!is_gone) co_await sleep(1ms);
        while (client.stats().open_connections != 0) co_await sleep(1ms);
        co_await server.stop();
    }());
}

/// A caller whose locals a producer refers to, and who goes just when the producer is to go on.
struct Departure {
    Departure() = default;
    Queue<std::string> lines{10};
    gyre::Event has_begun;
    gyre::Event may_go;
    bool is_caller_gone = false;
    bool is_producer_gone = false;

    auto produce(BodyWriter& writer) -> Task<> {
        const Flag flag(is_producer_gone);
        while (auto line = co_await lines.get()) {
            EXPECT_FALSE(is_caller_gone) << "what it refers to is gone";
            co_await writer.write(*line);
            has_begun.set();
        }
    }
    auto request(http::Client& client, const std::string& url) {
        return client.post(url).body_from([this](BodyWriter& writer) { return produce(writer); });
    }
    /// When `ask` waits with the producer, lets both go on in the same turn.
    auto watch(Task<> ask, CancelScope& scope, bool cancels) -> Task<> {
        const auto go = [&]() -> Task<> {
            static_cast<void>(lines.try_put("first"));
            co_await has_begun.wait();
            co_await sleep(10ms);
            if (cancels) scope.cancel();
            may_go.set();
            static_cast<void>(lines.try_put("second"));
        };
        auto asking = scope.run(std::move(ask));
        co_await gather(std::move(asking), go());
        EXPECT_TRUE(is_caller_gone);
        EXPECT_TRUE(is_producer_gone);
    }
};

TEST_P(HttpUpload, producer_has_ended_when_the_response_was_closed) {
    const auto script = [](Peer& peer) -> Task<> {
        static_cast<void>(co_await peer.until("\r\n\r\n"));
        co_await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe");
        co_await peer.hold();
    };
    against(script, [](http::Client& client, std::string base) -> Task<> {
        Departure both;
        const auto ask = [&]() -> Task<> {
            const Flag gone(both.is_caller_gone);
            auto response = co_await both.request(client, base);
            co_await both.may_go.wait();
            co_await response.close();
            EXPECT_TRUE(both.is_producer_gone);
            EXPECT_EQ(client.stats().open_connections, 0U);
            const auto more = co_await as_outcome(response.read());
            EXPECT_NE(describe(more.error()).find("the response was closed"), std::string::npos);
            co_await response.close();
        };
        CancelScope scope;
        co_await both.watch(ask(), scope, false);
    });
}

TEST_P(HttpUpload, producer_has_ended_when_the_request_was_cancelled) {
    const auto silent = [](Peer& peer) -> Task<> { co_await peer.hold(); };
    against(silent, [](http::Client& client, std::string base) -> Task<> {
        Departure both;
        const auto ask = [&]() -> Task<> {
            const Flag gone(both.is_caller_gone);
            static_cast<void>(co_await both.request(client, base));
        };
        CancelScope scope;
        co_await both.watch(ask(), scope, true);
        EXPECT_EQ(client.stats().open_connections, 0U);
    });
}

TEST_P(HttpUpload, producer_has_ended_when_a_refusal_is_returned) {
    const auto script = [](Peer& peer) -> Task<> {
        static_cast<void>(co_await peer.until("\r\n\r\n"));
        co_await peer.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n");
        co_await peer.hold();
    };
    against(script, [](http::Client& client, std::string base) -> Task<> {
        bool is_gone = false;
        const auto endless = [&](BodyWriter& writer) { return write_for_ever(writer, is_gone); };
        auto response = co_await client.post(base).body_from(endless);
        EXPECT_TRUE(is_gone);
        EXPECT_EQ(response.status(), 413);
    });
}

TEST_P(HttpUpload, closing_a_response_that_was_read_keeps_its_connection) {
    against(always(ok("done")), [](http::Client& client, std::string base) -> Task<> {
        for (int i = 0; i < 2; ++i) {
            auto response = co_await client.post(base).body("x");
            co_await response.close();  // what has come is enough
            const auto rest = co_await response.text();
            EXPECT_EQ(rest, "");
        }
        EXPECT_EQ(client.stats().connections_opened, 1U);
    });
}

TEST_P(HttpUpload, early_refusal_ends_it) {
    for (const std::string answer : {"HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig",
             "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"}) {
        const auto script = [&](Peer& peer) -> Task<> {
            static_cast<void>(co_await peer.until("\r\n\r\n"));
            co_await peer.send(answer);
            co_await sleep(1h);  // it reads nothing of the body
        };
        against(script, [](http::Client& client, std::string base) -> Task<> {
            bool is_gone = false;
            const auto endless = [&](BodyWriter& writer) { return write_for_ever(writer, is_gone); };
            auto reply = co_await error_of(client.post(base).body_from(endless));
            EXPECT_EQ(reply.error, "");
            EXPECT_GE(reply.status, 401);
            while (!is_gone) co_await sleep(1ms);
            while (client.stats().open_connections != 0) co_await sleep(1ms);
            auto bytes = co_await error_of(client.post(base).body(std::string(30'000'000, 'x')));
            EXPECT_EQ(bytes.error, "");
            EXPECT_EQ(bytes.status, reply.status);
            while (client.stats().open_connections != 0) co_await sleep(1ms);
        });
    }
}

TEST_P(HttpUpload, answer_of_a_server_that_closes_is_seen) {
    const auto script = [](Peer& peer) -> Task<> {
        static_cast<void>(co_await peer.until("\r\n\r\n"));
        co_await peer.send("HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 3\r\n\r\nbig");
        co_await peer.hold();  // reads it away, so that nothing is reset
    };
    against(script, [](http::Client& client, std::string base) -> Task<> {
        auto reply = co_await error_of(client.post(base).body(std::string(5'000'000, 'x')));
        EXPECT_EQ(reply.status, 413) << reply.error;
        EXPECT_EQ(reply.body, "big");
        while (client.stats().open_connections != 0) co_await sleep(1ms);
    });
}

TEST_P(HttpUpload, refusal_that_comes_with_the_leave_to_go_on_has_its_time_limits) {
    const auto script = [](Peer& peer) -> Task<> {
        static_cast<void>(co_await peer.until("\r\n\r\n"));
        const std::string refusal = "HTTP/1.1 413 Content Too Large\r\nContent-Length: 100\r\n\r\n";
        co_await peer.send("HTTP/1.1 100 Continue\r\n\r\n" + refusal);
        co_await peer.hold();
    };
    against(script,
        [](http::Client& client, std::string base) -> Task<> {
            auto asking = error_of(client.post(base).body("x").expect_continue());
            auto reply = co_await move_on_after(10s, std::move(asking));
            EXPECT_TRUE(reply.has_value()) << "it never ends";
            if (!reply) co_return;
            EXPECT_TRUE(reply->timed_out) << reply->error;
            EXPECT_EQ(reply->status, 413);
            EXPECT_EQ(reply->phase, RequestPhase::body);
        },
        {.timeout = {.read = 50ms}});
}

TEST_P(HttpUpload, that_gives_up_a_write_and_goes_on_is_no_whole_request) {
    const auto impatient = [](BodyWriter& writer) -> Task<> {
        const std::string large(20'000'000, 'x');  // more than the sockets hold
        auto writing = writer.write(large);
        const bool is_written = co_await move_on_after(50ms, std::move(writing));
        EXPECT_FALSE(is_written);
    };
    std::optional<Event> is_told;
    const auto unread = [&](Peer& peer) -> Task<> {
        static_cast<void>(co_await peer.until("\r\n\r\n"));
        co_await is_told->wait();
    };
    against(unread, [&](http::Client& client, std::string base) -> Task<> {
        is_told.emplace("the client is told");
        auto reply = co_await error_of(client.post(base).body_from(impatient));
        is_told->set();
        EXPECT_EQ(reply.phase, RequestPhase::send);
        EXPECT_TRUE(reply.error.ends_with("a write of it was cancelled, or failed")) << reply.error;
        EXPECT_EQ(client.stats().open_connections, 0U) << "the next request would be read as the rest of this one";
    });
}

TEST_P(HttpUpload, error_of_the_producer_is_that_of_the_request) {
    const auto failing = [](BodyWriter& writer) -> Task<> {
        co_await writer.write("some");
        throw std::runtime_error("the disk is gone");
    };
    // Before an answer has come, and after its head.
    const auto silent = [](Peer& peer) -> Task<> { co_await peer.hold(); };
    const auto early = [](Peer& peer) -> Task<> {
        static_cast<void>(co_await peer.until("\r\n\r\n"));
        co_await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe");
        co_await peer.hold();
    };
    for (const Script& script : {Script(silent), Script(early)}) {
        against(script, [&](http::Client& client, std::string base) -> Task<> {
            auto reply = co_await error_of(client.post(base).body_from(failing));
            EXPECT_EQ(reply.phase, RequestPhase::send);
            EXPECT_TRUE(reply.error.ends_with("the body: the disk is gone")) << reply.error;
            EXPECT_EQ(client.stats().open_connections, 0U);
        });
    }
}

TEST_P(HttpUpload, slow_producer_is_no_slow_server) {
    if (GetParam() != "sim") GTEST_SKIP() << "takes minutes";
    const auto script = [](Peer& peer) -> Task<> {
        static_cast<void>(co_await chunked_request(peer));
        co_await peer.send(ok("done"));
    };
    const auto slow = [](BodyWriter& writer) -> Task<> {
        for (int i = 0; i < 3; ++i) {
            co_await sleep(100s);
            co_await writer.write("x");
        }
    };
    against(script, [&](http::Client& client, std::string base) -> Task<> {
        auto reply = co_await error_of(client.post(base).body_from(slow));
        EXPECT_EQ(reply.body, "done") << reply.error;
    });
    // But the silence after it is one, and the whole has a limit.
    const auto silent = [](Peer& peer) -> Task<> { co_await peer.hold(); };
    against(silent, [&](http::Client& client, std::string base) -> Task<> {
        const auto start = this_loop().now();
        auto reply = co_await error_of(client.post(base).body_from(slow));
        EXPECT_TRUE(reply.timed_out);
        EXPECT_EQ(this_loop().now() - start, 330s);
        auto late = co_await as_outcome(client.post(base).body_from(slow).timeout(150s).send());
        EXPECT_NE(describe(late.error()).find("timed out after 150 s in all"), std::string::npos);
        EXPECT_EQ(this_loop().now() - start, 480s);
        co_await sleep(1s);
        EXPECT_EQ(client.stats().open_connections, 0U);
    });
}

TEST_P(HttpUpload, server_that_does_not_read_is_given_up) {
    const auto script = [](Peer&) -> Task<> { co_await sleep(1h); };
    against(script,
        [](http::Client& client, std::string base) -> Task<> {
            bool is_gone = false;
            const auto endless = [&](BodyWriter& writer) { return write_for_ever(writer, is_gone); };
            auto reply = co_await error_of(client.post(base).body_from(endless));
            EXPECT_TRUE(reply.timed_out) << reply.error;
            EXPECT_EQ(reply.phase, RequestPhase::send);
            EXPECT_NE(reply.error.find("write timed out after 50 ms"), std::string::npos) << reply.error;
            EXPECT_TRUE(is_gone);
        },
        {.timeout = {.write = 50ms}});
}

TEST_P(HttpUpload, streamed_body_is_not_sent_twice) {
    const auto script = [](Peer& peer) -> Task<> {
        auto text = co_await chunked_request(peer);
        if (text.starts_with("POST /see-other ")) {
            co_await peer.send("HTTP/1.1 303 See Other\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n");
            static_cast<void>(co_await peer.request());
            co_await peer.send(ok("there"));
        } else {
            co_await peer.send("HTTP/1.1 307 Temporary Redirect\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n");
        }
    };
    against(script, [](http::Client& client, std::string base) -> Task<> {
        auto reply = co_await error_of(client.post(base + "/see-other").body_from(hello_world));
        EXPECT_EQ(reply.body, "there") << reply.error;
        auto second = co_await error_of(client.post(base + "/same").body_from(hello_world));
        EXPECT_EQ(second.phase, RequestPhase::redirect);
        EXPECT_NE(second.error.find("the body was streamed once, and cannot be sent again"), std::string::npos);
    });
    EXPECT_EQ(log_.requests.at(1).find("Transfer-Encoding"), std::string::npos);
}

TEST_P(HttpUpload, only_what_can_be_made_again_is_replayed) {
    run([]() -> Task<> {
        auto directory = co_await fs::TemporaryDirectory::create();
        const auto path = directory.path() / "body";
        auto writing = fs::write_text(path, "from a file");
        co_await std::move(writing);
        // Every connection dies after its first answer, without a word.
        ScriptedServer server([](Peer& peer) -> Task<> {
            static_cast<void>(co_await peer.request());
            co_await peer.send(ok("done"));
            static_cast<void>(co_await peer.until("\r\n\r\n"));
        });
        // Simulated time may jump while a thread reads the file: nothing is too old here.
        co_await server.run({.idle_timeout = 0s}, [&](http::Client& client, std::string base) -> Task<> {
            for (int i = 0; i < 2; ++i) {
                auto reply = co_await error_of(client.put(base).body_file(path));
                EXPECT_EQ(reply.body, "done") << reply.error;
                while (client.stats().idle_connections == 0) co_await sleep(1ms);  // kept when the last write is over
            }
            EXPECT_EQ(client.stats().replays, 1U);
            auto reply = co_await error_of(client.put(base).body_from(hello_world, 11));
            EXPECT_NE(reply.error, "");
            EXPECT_EQ(client.stats().replays, 1U);
            while (client.stats().open_connections != 0) co_await sleep(1ms);
        });
        EXPECT_TRUE(server.log().requests.back().ends_with("\r\n\r\nfrom a file"));
        co_await directory.remove();
    }());
}

TEST_P(HttpUpload, files_and_forms) {
    run([]() -> Task<> {
        auto directory = co_await fs::TemporaryDirectory::create();
        const auto path = directory.path() / "photo.jpg";
        const std::string content(150'000, 'p');
        auto writing = fs::write_text(path, content);
        co_await std::move(writing);
        ScriptedServer server(always(ok("done")));
        co_await server.run(http::ClientOptions(), [&](http::Client& client, std::string base) -> Task<> {
            auto plain = co_await error_of(client.put(base).body_file(path));
            EXPECT_EQ(plain.body, "done") << plain.error;
            http::MultipartBody form("b");
            form.add("title", "Beach").add_path("photo", path, "image/jpeg").add_file("note", "n.txt", "sunny");
            auto posted = co_await error_of(client.post(base).multipart(std::move(form)));
            EXPECT_EQ(posted.body, "done") << posted.error;

            const auto missing = directory.path() / "missing";
            auto none = co_await error_of(client.put(base).body_file(missing));
            EXPECT_EQ(none.phase, RequestPhase::send);
            EXPECT_NE(none.error.find(missing.string()), std::string::npos) << none.error;
            auto folder = co_await error_of(client.put(base).body_file(directory.path()));
            EXPECT_NE(folder.error.find("directory"), std::string::npos) << folder.error;
        });
        const auto& requests = server.log().requests;
        EXPECT_EQ(requests.size(), 2U);
        EXPECT_TRUE(requests.at(0).ends_with("\r\n\r\n" + content));
        EXPECT_NE(requests.at(1).find("\r\nContent-Type: multipart/form-data; boundary=b\r\n"), std::string::npos);
        EXPECT_TRUE(
            requests.at(1).ends_with("\r\n\r\n--b\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nBeach"
                                     "\r\n--b\r\nContent-Disposition: form-data; name=\"photo\"; "
                                     "filename=\"photo.jpg\"\r\nContent-Type: image/jpeg\r\n\r\n" +
                                     content +
                                     "\r\n--b\r\nContent-Disposition: form-data; name=\"note\"; "
                                     "filename=\"n.txt\"\r\nContent-Type: application/octet-stream\r\n\r\nsunny"
                                     "\r\n--b--\r\n"));
        co_await directory.remove();
    }());
}

TEST_P(HttpUpload, expect_waits_for_the_word) {
    const auto script = [](Peer& peer) -> Task<> {
        const auto head = co_await peer.until("\r\n\r\n");
        EXPECT_NE(head.find("\r\nExpect: 100-continue\r\n"), std::string::npos);
        co_await sleep(20ms);
        co_await peer.send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n");
        const auto body = co_await peer.until("body");
        co_await peer.send(ok("got " + body));
    };
    against(script, [](http::Client& client, std::string base) -> Task<> {
        std::string interim;
        const auto note = [&](const http::ResponseHead& head) { interim += std::to_string(head.status) + " "; };
        auto reply = co_await error_of(client.post(base).body("body").expect_continue(0s).on_interim(note));
        EXPECT_EQ(reply.body, "got body") << reply.error;
        EXPECT_EQ(interim, "103 100 ");
        EXPECT_EQ(client.stats().idle_connections, 1U);
    });
}

TEST_P(HttpUpload, expect_does_not_wait_for_ever) {
    const auto script = [](Peer& peer) -> Task<> {
        static_cast<void>(co_await peer.until("body"));
        co_await peer.send(ok("got it"));
    };
    against(script, [](http::Client& client, std::string base) -> Task<> {
        auto reply = co_await error_of(client.post(base).body("body").expect_continue(10ms));
        EXPECT_EQ(reply.body, "got it") << reply.error;
    });
}

TEST_P(HttpUpload, expect_and_a_refusal_leave_the_body_unsent) {
    std::string after;
    const auto script = [&](Peer& peer) -> Task<> {
        static_cast<void>(co_await peer.until("\r\n\r\n"));
        co_await peer.send("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n");
        after = co_await peer.until("body");
    };
    against(script, [](http::Client& client, std::string base) -> Task<> {
        bool was_called = false;
        const auto producer = [&](BodyWriter& writer) -> Task<> {
            was_called = true;
            co_await writer.write("body");
        };
        auto reply = co_await error_of(client.post(base).body_from(producer).expect_continue());
        EXPECT_EQ(reply.status, 401) << reply.error;
        EXPECT_FALSE(was_called);
        EXPECT_EQ(client.stats().open_connections, 0U);  // the server may take what comes next for the body
    });
    EXPECT_EQ(after, "");
}

TEST_P(HttpUpload, expectation_that_fails_is_dropped_once) {
    const auto script = [](Peer& peer) -> Task<> {
        const auto head = co_await peer.until("\r\n\r\n");
        if (head.find("Expect") != std::string::npos) {
            co_await peer.send("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n");
            co_return;
        }
        static_cast<void>(co_await peer.until(end_of_chunks()));
        co_await peer.send("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 3\r\n\r\nyet");
    };
    against(script, [](http::Client& client, std::string base) -> Task<> {
        auto reply = co_await error_of(client.post(base).body_from(hello_world).expect_continue());
        EXPECT_EQ(reply.status, 417) << reply.error;
        EXPECT_EQ(reply.body, "yet");
        EXPECT_EQ(client.stats().connections_opened, 2U);
    });
}

TEST_P(HttpUpload, interim_responses_are_seen) {
    const auto script = always(
        "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </b.js>\r\n\r\n" +
        ok("page"));
    against(script, [](http::Client& client, std::string base) -> Task<> {
        std::string links;
        const auto note = [&](const http::ResponseHead& head) { links += *head.fields.get("Link"); };
        auto reply = co_await error_of(client.get(base).on_interim(note));
        EXPECT_EQ(reply.body, "page");
        EXPECT_EQ(links, "</a.css></b.js>");
        const auto refuse = [](const http::ResponseHead&) { throw std::runtime_error("not that"); };
        const auto outcome = co_await as_outcome(client.get(base).on_interim(refuse).send());
        EXPECT_EQ(describe(outcome.error()), "not that");
        EXPECT_EQ(client.stats().open_connections, 0U);
    });
}

// The body is written and the response read at once; each step is cancelled.
TEST(Sending, survives_cancellation_anywhere) {
    std::string seen;
    const auto scenario = [&]() -> Task<> {
        ScriptedServer server([](Peer& peer) -> Task<> {
            for (;;) {
                const auto head = co_await peer.until("\r\n\r\n");
                if (head.empty()) co_return;
                co_await peer.send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe");
                static_cast<void>(co_await peer.until(end_of_chunks()));
                co_await peer.send("llo");
            }
        });
        co_await server.run(std::function([&](std::string base) -> Task<> {
            http::Client client;
            for (int i = 0; i < 2; ++i) {
                auto response = co_await client.post(base).body_from(hello_world).expect_continue();
                seen = co_await response.text();
            }
        }));
    };
    const auto steps = CancelEverywhere(scenario)
                           .before_each([&] { seen.clear(); })
                           .invariant([&](const CancelledRun& run) {
                               if (run.end == CancelledRun::End::value) EXPECT_EQ(seen, "hello");
                           })
                           .run();
    EXPECT_GT(steps, 20U);
}

}  // namespace
}  // namespace gyre::testing
