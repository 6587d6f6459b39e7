#!/usr/bin/env python3
"""Each rule of check_subset.py with what it must refuse and what it must let pass."""

import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import check_subset  # noqa: E402

# rule: (bad snippets, good snippets); a snippet is the body of a coroutine unless it brings its own path.
BODIES = {
    "await-twice": (
        ["int x = co_await a() + co_await b();", "co_await f(co_await g());", "auto t = std::tuple(co_await a(), co_await b());"],
        ["int x = co_await a(); int y = co_await b();",
         "if (co_await a()) co_await b();",
         "if (x) co_await a(); else co_await b();",
         "for (int i = 0; i < 3; ++i) co_await a(i);",
         "while (auto line = co_await read()) { co_await write(*line); }",
         "do { co_await a(); } while (co_await b());",
         "co_await scope([&]() -> Task<> { co_await a(); co_await b(); });",
         "co_return co_await a();",
         "switch (co_await a()) { case 1: co_await b(); break; default: co_await c(); }"],
    ),
    "await-in-catch": (
        ["try { f(); } catch (const Error& e) { co_await report(e); }", "try { f(); } catch (...) { if (x) { co_await g(); } }"],
        ["try { co_await f(); } catch (...) { error = std::current_exception(); } co_await g();",
         "try { f(); } catch (...) { later([&]() -> Task<> { co_await g(); }); }"],
    ),
    "await-in-conditional": (
        ["auto x = c ? co_await a() : co_await b();", "auto x = c ? co_await a() : T();", "f(co_await g() ? 1 : 2);"],
        ["auto t = c ? a() : b(); auto x = co_await std::move(t);", "auto x = co_await f(c ? 1 : 2);", "f(co_await g(), c ? 1 : 2);",
         "auto x = co_await f([&] { return c ? 1 : 2; });"],
    ),
    "conditional-in-await": (
        ["co_await run(tls ? secure() : Options());", "co_await send(again ? answer : ok(1));", "auto r = co_await f(g(c ? T{1} : t));"],
        ["auto o = tls ? secure() : Options(); co_await run(o);", "co_await f(c ? 1 : 2);", "co_await f(g(1), c ? &a : nullptr);",
         "co_await f([&] { return c ? g() : h(); });"],
    ),
    "await-in-logical": (
        ["if (ok && co_await a()) f();", "bool b = co_await a() || c;", "while (x and co_await a()) {}"],
        ["if (ok) { if (co_await a()) f(); }", "bool b = co_await a(x && y);", "auto&& r = co_await a();", "Value&& r = co_await a();",
         "co_await a([&](auto&& each) { return each && x; });"],
    ),
    "await-in-braces": (
        ["std::vector<int> v{co_await a()};", "f({1, co_await a()});", "auto p = Pair{co_await a(), 2};", "Options o = {.a = co_await a()};"],
        ["int x = co_await a(); std::vector<int> v{x};", "if (x) { co_await a(); }", "{ co_await a(); }",
         "auto f = [&]() -> Task<int> { co_return co_await a(); };", "auto f = [&](int n) -> std::vector<Task<>> { co_await a(); };"],
    ),
    "await-in-macro": (
        ["EXPECT_EQ(co_await a(), 1);", "ASSERT_TRUE((co_await a()).ok());"],
        ["auto x = co_await a(); EXPECT_EQ(x, 1);", "EXPECT_EQ(run([&]() -> Task<int> { co_return co_await a(); }), 1);"],
    ),
    "binding-awaited": (
        ["auto [a, b] = co_await two();", "auto& [a, b] = co_await two();", "const auto& [a, b] = co_await two();"],
        ["auto r = co_await two(); auto& [a, b] = r;"],
    ),
    "new-awaited": (
        ["auto* p = new T(co_await a());"],
        ["auto p = std::make_unique<T>(co_await a());", "auto v = co_await a(); auto* p = new T(std::move(v));"],
    ),
    "owning-capture": (
        ["co_await run([s] { return s; });", "co_await run([s = std::move(s)] { f(s); });", "co_await run([=] { f(s); });",
         "co_await run([this, s] { f(s); });", "co_await run([&, s] { f(s); });", "co_await run(1, [*this]() -> Task<> { co_return; });"],
        ["co_await run([&] { f(s); });", "co_await run([] { f(); });", "co_await run([this] { f(); });", "co_await run([&a, &b] { f(a, b); });",
         "auto f = [s] { return s; }; co_await run(std::move(f));", "group.spawn([s] { return s; });", "int x = co_await a(array[i]);",
         "co_await run([&, this](int x) mutable { f(x); });", "items[key] = co_await f();"],
    ),
    "aggregate-temporary": (
        ["co_await take(Options{\"name\"});", "co_await Awaiter{x};", "co_await take(net::Options{.name = n});", "co_await take(Pair<int>{1, 2});"],
        ["Options o{\"name\"}; co_await take(std::move(o));", "co_await take(Known{1});", "co_await sleep(std::chrono::milliseconds{5});",
         "co_await f(std::string{\"x\"});", "co_await take({.timeout = 2s});", "co_await f(x, std::string_view{y});"],
    ),
    "braced-argument": (
        ["co_await f({1, 2});", "co_await f(x, {\"a\", \"b\"});"],
        ["co_await f({});", "co_await f(x, {.timeout = 2s, .limit = 3});", "std::vector<int> v{1, 2}; co_await f(std::move(v));"],
    ),
}

# rule: (bad (path, text), good (path, text))
FILES = {
    "inlined-suspend": (
        [("include/gyre/core/a.hpp", "struct A { [[gnu::always_inline]] void await_suspend(std::coroutine_handle<> h) { f(h); } };")],
        [("include/gyre/core/a.hpp", "struct A { [[gnu::always_inline]] bool await_ready() { return false; } void await_suspend(H h) { f(h); } };")],
    ),
    "symmetric-transfer": (
        [("include/gyre/core/a.hpp", "struct A { std::coroutine_handle<> await_suspend(H h) { return h; } };"),
         ("include/gyre/core/a.hpp", "struct A { auto await_suspend(H h) noexcept -> std::coroutine_handle<> { return h; } };"),
         ("src/core/a.cpp", "std::coroutine_handle<> A::await_suspend(H h) { return h; }")],
        [("include/gyre/core/a.hpp", "struct A { auto await_suspend(std::coroutine_handle<P> h) noexcept -> bool { return f(h); } };"),
         ("include/gyre/core/a.hpp", "struct A { std::coroutine_handle<> handle; void await_suspend(H h) { handle = h; } };")],
    ),
    "thread-local": (
        [("include/gyre/core/a.hpp", "inline thread_local int x = 0;"),
         ("src/core/a.cpp", "namespace { thread_local Loop* current = nullptr; } Loop* get() { return current; }")],
        [("src/core/a.cpp", "namespace { thread_local Loop* current = nullptr; } [[gnu::noinline]] Loop* get() { return current; }"),
         ("src/core/a.cpp", "[[gnu::noinline]] Loop*& get() { thread_local Loop* current = nullptr; return current; }")],
    ),
    "direct-call": (
        [("src/core/a.cpp", "auto t = std::chrono::steady_clock::now();"), ("src/net/a.cpp", "int n = ::recv(fd, b, s, 0);"),
         ("src/net/a.cpp", "return ::socket(AF_INET, 0, 0);"), ("src/net/a.cpp", "getaddrinfo(a, b, c, d);"),
         ("src/core/a.cpp", "std::random_device d;"), ("include/gyre/sync/a.hpp", "std::this_thread::sleep_for(1ms);"),
         ("tests/core/a_test.cpp", "std::this_thread::sleep_for(1ms);"), ("src/core/a.cpp", "std::mt19937 engine;"),
         ("src/http/a.cpp", "auto t = std::time(nullptr);"), ("src/core/a.cpp", "int x = rand();")],
        [("src/backend/a.cpp", "auto t = std::chrono::steady_clock::now(); ::recv(fd, b, s, 0);"),
         ("src/core/a.cpp", "auto t = std::chrono::steady_clock::now();  // seam: the log line is for people"),
         ("src/core/a.cpp", "// seam: before there is a loop\nauto t = std::chrono::steady_clock::now();"),
         ("src/net/a.cpp", "co_await stream.read(b); net::connect(a); Stream::read(b); operand(x); loop.clock();"),
         ("src/net/a.cpp", "// calls ::recv( and rand()\nauto s = \"::recv(\";"), ("cli/a.cpp", "auto t = std::chrono::steady_clock::now();"),
         ("tests/core/a_test.cpp", "auto t = std::chrono::steady_clock::now(); gyre::sleep(1ms);"),
         ("src/net/a.cpp", "void Socket::connect(int x) {} int n = gyre::net::send(x);")],
    ),
    "floor": (
        [("src/core/a.cpp", "#include <gyre/net/stream.hpp>"), ("include/gyre/sync/a.hpp", "#include <gyre/net/stream.hpp>"),
         ("include/gyre/backend/a.hpp", "#include <gyre/core/task.hpp>"), ("src/http/core/a.cpp", "#include <gyre/net/stream.hpp>"),
         ("src/net/a.cpp", "#include <gyre/gyre.hpp>"), ("src/net/a.cpp", "#include \"http/detail.hpp\"")],
        [("src/http/client/a.cpp", "#include <gyre/net/stream.hpp>\n#include <gyre/http/core/url.hpp>\n#include \"net/tls.hpp\""),
         ("tests/core/a_test.cpp", "#include <gyre/gyre.hpp>\n#include <gyre/net/stream.hpp>"),
         ("include/gyre/gyre.hpp", "#include <gyre/http/client/client.hpp>"), ("src/core/a.cpp", "#include <gyre/backend/backend.hpp>")],
    ),
    "dependency-in-header": (
        [("include/gyre/net/a.hpp", "#include <openssl/ssl.h>"), ("include/gyre/net/a.hpp", "#include <ares.h>"),
         ("include/gyre/core/a.hpp", "#include <fmt/format.h>"), ("include/gyre/core/a.hpp", "#include <liburing.h>")],
        [("src/net/a.cpp", "#include <openssl/ssl.h>"), ("include/gyre/net/a.hpp", "#include <string>")],
    ),
    "using-namespace": (
        [("include/gyre/core/a.hpp", "using namespace std;"), ("tests/support/a.hpp", "using namespace gyre;")],
        [("src/core/a.cpp", "using namespace std::chrono_literals;"), ("include/gyre/core/a.hpp", "using std::string;"),
         ("tests/support/a.hpp", "using namespace std::chrono_literals;")],
    ),
    "owning-options": (
        [("include/gyre/net/a.hpp", "struct TlsOptions { std::string name; int x = 0; };")],
        [("include/gyre/net/a.hpp", "struct ConnectOptions { Duration timeout{}; std::string_view name; };"),
         ("include/gyre/net/a.hpp", "struct TlsOptions { TlsOptions(); std::string name; };")],
    ),
    "unfinished": (
        [("src/core/a.cpp", "// TODO: later"), ("tests/a/a_test.cpp", "/* FIXME */")],
        [("src/core/a.cpp", "// A todo list is kept elsewhere."), ("src/core/a.cpp", "auto s = \"TODO\";")],
    ),
}

# Text that must not confuse the reader of blocks.
HARMLESS = """
#if A
Task<> f() {
#else
Task<> g() {
#endif
    auto raw = R"x(co_await a() ? co_await b() : {)x";
    char c = '"'; int n = 1'000'000;
    co_await a();
}
struct B : Base<int> { explicit B(int x) : a_{x}, b_(x) { g({1, 2}); } int a_; Known b_; };
template<class T> requires std::integral<T> auto h(T t) -> decltype(t + 1) { co_await a(); co_await b(); }
enum class E : int { one, two };
extern "C" { void c_function(); }
template<class F> Task<> k(F f) { auto all = std::vector<int>{1, 2}; for (auto& x : all) { co_await f(x); } }
GYRE_TEST(Name, promise) { auto x = co_await a(); EXPECT_EQ(x, 1); co_await task_group([&](auto& group) -> Task<> { co_await b(); co_await group.join(); }); }
"""


class Rules(unittest.TestCase):
    def rules(self, path, text):
        return {p.rule for p in check_subset.check_text(path, text, {"Known"})}

    def body(self, text):
        return self.rules("src/net/snippet.cpp", "Task<> f() {\n    " + text + "\n}\n")

    def test_harmless_text(self):
        self.assertEqual(set(), self.rules("src/net/snippet.cpp", HARMLESS))

    def test_waiver_needs_its_own_kind_and_a_reason(self):
        self.assertEqual(set(), self.body("co_await run([s] { f(s); });  // subset: s is trivial"))
        self.assertEqual({"owning-capture"}, self.body("co_await run([s] { f(s); });  // seam: no"))
        self.assertEqual({"owning-capture"}, self.body("co_await run([s] { f(s); });  // subset:"))

    def test_line_numbers(self):
        found = check_subset.check_text("src/core/a.cpp", "// one\n/* two\n three */\n\nint x = rand();\n")
        self.assertEqual([5], [p.line for p in found])

    def same_names(self, *files):
        return [(path, p.line) for path, p in check_subset.one_definition([check_subset.load(path, text) for path, text in files])]

    def test_one_definition(self):
        named = "namespace gyre {\nclass Pool final : public Base {\n};\n}  // namespace gyre\n"
        hidden = "namespace gyre {\nnamespace {\nclass Pool {\n};\n}  // namespace\n}  // namespace gyre\n"
        self.assertEqual([("src/b.hpp", 2)], self.same_names(("src/a.hpp", named), ("src/b.hpp", named)))
        self.assertEqual([("tests/a/b.cpp", 2)], self.same_names(("src/a.hpp", named), ("tests/a/b.cpp", named)))
        self.assertEqual([], self.same_names(("tests/a/b.cpp", named), ("tests/c/b.cpp", named), ("src/a.cpp", hidden)))


def add(name, method):
    setattr(Rules, "test_" + name.replace("-", "_"), method)


for rule, (bad, good) in BODIES.items():
    for i, text in enumerate(bad):
        add(f"{rule}_bad_{i}", lambda self, t=text, r=rule: self.assertIn(r, self.body(t), t))
    for i, text in enumerate(good):
        add(f"{rule}_good_{i}", lambda self, t=text: self.assertEqual(set(), self.body(t), t))
for rule, (bad, good) in FILES.items():
    for i, (path, text) in enumerate(bad):
        add(f"{rule}_bad_{i}", lambda self, p=path, t=text, r=rule: self.assertIn(r, self.rules(p, t), t))
    for i, (path, text) in enumerate(good):
        add(f"{rule}_good_{i}", lambda self, p=path, t=text: self.assertEqual(set(), self.rules(p, t), t))

if __name__ == "__main__":
    unittest.main()
