// What a worker process cannot be given: the compiler stops with one error that says what to write.
// tools/check_refusals compiles each case by itself; the comment beside it is in that error. Case 0 is right.

#include <gyre/gyre.hpp>

#include <vector>

using namespace gyre;

struct Socket {
    int descriptor = -1;
};
struct Known {
    int number = 0;
    std::vector<int> numbers;
};
struct Unknown {
    int number = 0;
    Socket socket;
};
struct Named {
    int number = 0;
    Socket socket;
};
template<>
struct gyre::Serialize<Known> : gyre::SerializeMembers<Known, &Known::number, &Known::numbers> {};
#if CASE == 3
template<>
struct gyre::Serialize<Named> : gyre::SerializeMembers<Named, &Named::number, &Named::socket> {};
#endif

auto take_known(const std::vector<Known>& all) -> int { return static_cast<int>(all.size()); }
auto take_unknown(const std::vector<Unknown>& all) -> int { return static_cast<int>(all.size()); }
auto give_unknown() -> std::vector<Unknown> { return {}; }
auto take_named(const std::vector<Named>& all) -> int { return static_cast<int>(all.size()); }
auto change(std::vector<int>& all) -> int { return static_cast<int>(all.size()); }

auto use(ProcessPool& pool) -> Task<> {
#if CASE == 0
    auto job = pool.submit<&take_known>(std::vector<Known>());
#elif CASE == 1  // a parameter of f cannot be serialised: specialise gyre::Serialize for its type
    auto job = pool.submit<&take_unknown>(std::vector<Unknown>());
#elif CASE == 2  // the result of f cannot be serialised: specialise gyre::Serialize for its type
    auto job = pool.submit<&give_unknown>();
#elif CASE == 3  // a member that is named cannot be serialised: specialise gyre::Serialize for its type
    auto job = pool.submit<&take_named>(std::vector<Named>());
#elif CASE == 4  // a reference to something that it may change
    auto job = pool.submit<&change>(std::vector<int>());
#endif
    static_cast<void>(co_await std::move(job));
}
