#pragma once

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <string>

#include <time.h>
#include <unistd.h>

/// What the C++ programs of the peers share: rounds of a work, a line of JSON for each.
namespace rounds {

inline double clock_now(clockid_t id) {
    timespec now{};
    clock_gettime(id, &now);
    return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

/// The processor time of the process, in nanoseconds.
inline double cpu() { return clock_now(CLOCK_PROCESS_CPUTIME_ID); }
inline double wall() { return clock_now(CLOCK_MONOTONIC); }

/// What the kernel gave.
inline double resident_bytes() {
    long all = 0;
    long resident = 0;
    if (FILE* file = std::fopen("/proc/self/statm", "r")) {
        if (std::fscanf(file, "%ld %ld", &all, &resident) != 2) std::abort();
        std::fclose(file);
    }
    return static_cast<double>(resident * sysconf(_SC_PAGESIZE));
}

struct Work {
    std::function<double(int)> run;
    const char* unit = "ns";
    bool once = false;  ///< A second round in the same process would find what the first one left.
};

inline void report(const char* work, double value, const char* unit) {
    std::printf("{\"work\": \"%s\", \"value\": %.6g, \"unit\": \"%s\"}\n", work, value, unit);
    std::fflush(stdout);
}

/// `WORK COUNT SECONDS`: the first round warms up and does not count, unless it alone took all the time.
inline int run(int argc, char** argv, const std::map<std::string, Work>& works) {
    const auto found = argc == 4 ? works.find(argv[1]) : works.end();
    if (found == works.end()) {
        std::fprintf(stderr, "usage: %s WORK COUNT SECONDS, with a work that it has\n", argv[0]);
        return 1;
    }
    const auto& [name, work] = *found;
    const int count = std::atoi(argv[2]);
    const double end = wall() + std::atof(argv[3]) * 1e9;
    double value = work.run(count);
    const bool once = work.once || wall() >= end;
    do {
        if (!once) value = work.run(count);
        report(name.c_str(), value, work.unit);
    } while (!once && wall() < end);
    std::_Exit(0);  // a million tasks that still sleep are not waited for
}

}  // namespace rounds
