// What a client sends before the body: most heads are written in one pass, and are those that the long way writes.
#include "http/client/outgoing.hpp"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <utility>

namespace gyre::testing {
namespace {

using http::Fields;
using http::internal::Order;
using http::internal::Outgoing;
using http::internal::Settings;

auto text_of(const Settings& settings, const Order& wanted, bool is_long_way) -> std::string {
    Order order;
    order.method = wanted.method;
    order.url = wanted.url;
    order.fields = wanted.fields;
    order.body = wanted.body;
    order.decode = wanted.decode;
    try {
        const Outgoing request(settings, std::move(order));
        auto written = is_long_way ? http::internal::WrittenHead() : request.head(settings);
        if (is_long_way) written.body = http::write_head(request.complete_head(settings), written.text);
        written.body.write(*request.body, written.text);
        written.body.finish(written.text);
        return written.text + std::to_string(static_cast<int>(written.body.framing()));
    } catch (const http::RequestError& error) {
        return "refused";
    } catch (const http::ProtocolError& error) {
        return "refused";
    }
}

void compare(const http::ClientOptions& options) {
    const Settings settings(options);
    const std::initializer_list<Fields> lists = {{}, {{"Authorization", "Basic x"}, {"X-A", "1"}, {"x-a", ""}},
        {{"host", "other"}}, {{"Host", "a"}, {"Host", "b"}}, {{"RANGE", "bytes=0-1"}}, {{"accept", "text/html"}},
        {{"Accept-Encoding", "br"}}, {{"User-Agent", "me"}}, {{"Content-Length", "7"}}, {{"Connection", "close"}},
        {{"Connection", "upgrade"}, {"Upgrade", "x"}}, {{"Expect", "100-continue"}}, {{"Expect", "x"}},
        {{"Cookie", "a=b"}}, {{"Date", "x"}}, {{"TE", "trailers"}, {"Trailer", "X"}}};
    Order order;
    for (const char* method : {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "x-Y!", "a b", ""}) {
        for (const char* url : {"http://h", "http://h:80/a?b#c", "https://h.example:8443/%20?%", "http://[::1]:1/",
                 "http://1.2.3.4/|^`{}", "http://a{b/", "http://h_x./"}) {
            for (const auto& fields : lists) {
                for (const int kind : {0, 1, 2, 3}) {
                    order.method = method;
                    order.url = url;
                    order.fields = fields;
                    order.body = kind < 2 ? "" : "bytes";
                    order.decode = kind % 2 == 0;
                    const auto wanted = text_of(settings, order, true);
                    EXPECT_EQ(text_of(settings, order, false), wanted) << method << " " << url << " " << wanted;
                }
            }
        }
    }
}

TEST(HttpOutgoing, the_short_way_writes_what_the_long_one_writes) { compare({}); }
TEST(HttpOutgoing, and_with_a_name_of_its_own) { compare({.user_agent = "me/1"}); }
TEST(HttpOutgoing, and_without_a_name) { compare({.user_agent = ""}); }
TEST(HttpOutgoing, and_with_a_name_that_cannot_be_sent) { compare({.user_agent = "a\nb"}); }

}  // namespace
}  // namespace gyre::testing
