// ExceptionGroup: a tree of errors that is split, searched and handled by type.

#include "support/loops.hpp"

#include <stdexcept>

namespace gyre::testing {

namespace {

template<class E>
auto error(const char* text) -> std::exception_ptr {
    return std::make_exception_ptr(E(text));
}

auto tree() -> ExceptionGroup {
    const ExceptionGroup inner("mirrors", {error<std::out_of_range>("far"), error<std::runtime_error>("gone")});
    return ExceptionGroup("downloads", {error<std::runtime_error>("no route"), std::make_exception_ptr(inner),
                                           error<std::invalid_argument>("bad name")});
}

}  // namespace

TEST(ExceptionGroup, tells_the_whole_tree) {
    const auto group = tree();
    EXPECT_EQ(group.what(), std::string("downloads (3 errors): no route; mirrors (2 errors): far; gone; bad name"));
    EXPECT_EQ(group.message(), "downloads");
    EXPECT_EQ(group.size(), 3U);
    std::string leaves;
    for (const auto& leaf : group.leaves()) leaves += describe(leaf) + " ";
    EXPECT_EQ(leaves, "no route far gone bad name ");
}

TEST(ExceptionGroup, refuses_nothing_at_all) {
    EXPECT_EQ(error_of([] { ExceptionGroup("x", {}); }), "ExceptionGroup: it needs at least one error");
    EXPECT_EQ(error_of([] { ExceptionGroup("x", {nullptr}); }), "ExceptionGroup: one of the errors is null");
}

TEST(ExceptionGroup, long_ones_are_cut_in_the_text_only) {
    const ExceptionGroup many("x", std::vector<std::exception_ptr>(10, error<std::runtime_error>("e")));
    EXPECT_EQ(many.what(), std::string("x (10 errors): e; e; e; e; e; e; e; e; ..."));
    EXPECT_EQ(many.leaves().size(), 10U);
}

TEST(ExceptionGroup, splits_by_type_and_keeps_its_shape) {
    const auto parts = tree().split<std::logic_error>();
    ASSERT_TRUE(parts.first && parts.second);
    EXPECT_EQ(parts.first->what(), std::string("downloads (2 errors): mirrors (1 error): far; bad name"));
    EXPECT_EQ(parts.second->what(), std::string("downloads (2 errors): no route; mirrors (1 error): gone"));
    const auto all = tree().split<std::exception>();
    EXPECT_STREQ(all.first->what(), tree().what());
    EXPECT_FALSE(all.second);
    EXPECT_FALSE(tree().subgroup<std::bad_alloc>());
    const auto named = tree().subgroup([](const std::exception_ptr& leaf) { return describe(leaf) == "gone"; });
    EXPECT_STREQ(named->what(), "downloads (1 error): mirrors (1 error): gone");
}

TEST(ExceptionGroup, handlers_take_what_they_name_and_the_rest_is_left) {
    std::string seen;
    const auto rest = tree().handle([&](const std::out_of_range& e) { seen += std::string("range ") + e.what() + "; "; },
        [&](const std::logic_error& e) { seen += std::string("logic ") + e.what() + "; "; });
    EXPECT_EQ(seen, "range far; logic bad name; ") << "the first handler that fits has it";
    ASSERT_TRUE(rest);
    EXPECT_STREQ(rest->what(), "downloads (2 errors): no route; mirrors (1 error): gone");
    EXPECT_FALSE(tree().handle([](const std::exception&) {}));
    const auto thrown = error_of([] {
        static_cast<void>(
            tree().handle([](const std::runtime_error& e) { throw std::runtime_error(std::string("my ") + e.what()); }));
    });
    EXPECT_EQ(thrown, "my no route");
}

GYRE_TEST(ExceptionGroup, of_nested_groups_is_a_tree) {
    std::string text;
    const auto fail = [](const char* what) -> Task<> {
        throw std::runtime_error(what);
        co_return;
    };
    try {
        co_await task_group({.errors = Errors::collect, .name = "outer"}, [&](TaskGroup& outer) {
            outer.spawn(task_group(
                {.errors = Errors::collect, .name = "inner"}, [&](TaskGroup& inner) { inner.spawn(fail("a")); }));
        });
    } catch (const ExceptionGroup& group) {
        text = group.what();
    }
    EXPECT_EQ(text, "outer (1 error): inner (1 error): a");
}

}  // namespace gyre::testing
