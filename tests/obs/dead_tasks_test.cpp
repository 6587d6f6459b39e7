// Which tasks `obs::findings` holds for dead: who can wake whom, from looks that are made by hand.

#include "support/loops.hpp"

#include <gyre/obs.hpp>

#include <string>
#include <vector>

namespace gyre::testing {

namespace {

using obs::Finding;
using obs::Rule;

auto has(const std::string& text, std::string_view part) -> bool { return text.find(part) != std::string::npos; }

/// A look at tasks that wait; their ids are 1, 2 and so on.
class Scene {
public:
    /// @return its wait, on nothing yet.
    auto add(std::string name, std::uint64_t parent = 0) -> obs::WaitInfo& {
        obs::TaskInfo& task = look.tasks.emplace_back();
        look.task_count = look.tasks.size();
        task.id = look.tasks.size();
        task.parent = parent;
        task.name = std::move(name);
        obs::WaitInfo& wait = task.stack.wait.emplace();
        wait.text = "something";
        return wait;
    }
    void add_lock(std::string name, std::uint64_t owner, std::uint64_t parent = 0) {
        obs::WaitInfo& wait = add(std::move(name), parent);
        wait.kind = WaitKind::lock;
        wait.owner_id = owner;
    }
    void add_group(std::string name, std::size_t tasks) {
        obs::WaitInfo& wait = add(std::move(name));
        wait.kind = WaitKind::group;
        wait.used = tasks;
    }
    void add_other(std::string name, WaitKind kind, std::uint64_t parent = 0) {
        add(std::move(name), parent).kind = kind;
    }
    [[nodiscard]] auto circles() const -> std::vector<Finding> {
        std::vector<Finding> all;
        for (Finding& finding : obs::findings(look)) {
            if (finding.rule == Rule::wait_circle) all.push_back(std::move(finding));
        }
        return all;
    }

    obs::Snapshot look;
};

}  // namespace

TEST(DeadTasks, a_group_waits_for_all_of_its_tasks) {
    Scene scene;
    scene.add_group("parent", 2);
    scene.add_lock("child", 1, 1);
    scene.add_other("sleeper", WaitKind::sleep, 1);
    const auto circles = scene.circles();
    ASSERT_EQ(circles.size(), 1U);
    EXPECT_EQ(circles.front().severity, obs::Severity::error);
    EXPECT_TRUE(has(circles.front().text, "2 tasks wait for each other")) << circles.front().text;
    EXPECT_TRUE(has(circles.front().text, "'child'")) << circles.front().text;
}

TEST(DeadTasks, of_which_group_a_task_is_has_to_be_known) {
    Scene scene;
    scene.add_group("parent", 1);  // the other is of a group around this one
    scene.add_lock("child", 1, 1);
    scene.add_other("sleeper", WaitKind::sleep, 1);
    EXPECT_TRUE(scene.circles().empty());
}

TEST(DeadTasks, every_task_of_a_group_is_followed) {
    Scene scene;
    scene.add_group("parent", 3);
    scene.add_lock("first", 5, 1);
    scene.add_lock("second", 1, 1);
    scene.add_lock("third", 1, 1);
    scene.add_other("stuck", WaitKind::event);
    const auto circles = scene.circles();
    ASSERT_EQ(circles.size(), 1U) << "of those that share a task one is told";
    EXPECT_TRUE(has(circles.front().text, "'second'")) << circles.front().text;
    EXPECT_FALSE(has(circles.front().text, "'first'")) << circles.front().text;
}

TEST(DeadTasks, who_only_waits_for_a_circle_is_not_in_it) {
    Scene scene;
    scene.add_lock("before", 2);
    scene.add_lock("Plato", 3);
    scene.add_lock("Kant", 2);
    scene.add_lock("behind", 1);
    const auto circles = scene.circles();
    ASSERT_EQ(circles.size(), 1U);
    EXPECT_FALSE(has(circles.front().text, "'before'")) << circles.front().text;
    EXPECT_TRUE(has(circles.front().text, "2 tasks wait for each other")) << circles.front().text;
}

TEST(DeadTasks, a_time_limit_around_a_group_ends_what_is_inside) {
    Scene scene;
    scene.add_group("parent", 1);
    scene.add_group("middle", 1);
    scene.add_lock("child", 2, 2);
    scene.look.tasks[1].parent = 1;
    ASSERT_EQ(scene.circles().size(), 1U);
    scene.look.tasks[0].stack.limit = Time{} + 1h;
    EXPECT_TRUE(scene.circles().empty());
    scene.look.tasks[0].stack.limit = Time::max();
    scene.look.tasks[0].cancelled.emplace();
    EXPECT_TRUE(scene.circles().empty());
}

TEST(DeadTasks, a_writer_waits_for_all_who_read) {
    Scene scene;
    obs::WaitInfo& wait = scene.add("writer");
    wait.kind = WaitKind::lock;
    wait.used = 2;
    wait.holders = {{"sleeper", 3}, {"reader", 2}};
    scene.add_lock("reader", 1);
    scene.add_other("sleeper", WaitKind::sleep);
    const auto circles = scene.circles();
    ASSERT_EQ(circles.size(), 1U);
    EXPECT_EQ(circles.front().severity, obs::Severity::warning) << "a guard may have been given to somebody";
    scene.look.tasks[0].stack.wait->used = 3;
    EXPECT_TRUE(scene.circles().empty()) << "there is a reader that is not known";
}

TEST(DeadTasks, any_permit_that_comes_back_is_enough) {
    Scene scene;
    obs::WaitInfo& wait = scene.add("guest");
    wait.kind = WaitKind::semaphore;
    wait.used = wait.bound = 2;
    wait.holders = {{"stuck", 2}, {"sleeper", 3}};
    scene.add_lock("stuck", 1);
    scene.add_other("sleeper", WaitKind::sleep);
    EXPECT_TRUE(scene.circles().empty());
    scene.look.tasks[2].stack.wait->kind = WaitKind::event;
    const auto circles = scene.circles();
    ASSERT_EQ(circles.size(), 1U);
    EXPECT_TRUE(has(circles.front().text, "'stuck'")) << circles.front().text;
}

TEST(DeadTasks, a_circle_of_very_many_is_found) {
    constexpr std::uint64_t count = 50'000;
    Scene scene;
    for (std::uint64_t id = 1; id <= count; ++id) scene.add_lock("t", id == count ? 1 : id + 1);
    ASSERT_EQ(scene.circles().size(), 1U);
    EXPECT_TRUE(has(scene.circles().front().text, "50000 tasks wait for each other"));
}

}  // namespace gyre::testing
