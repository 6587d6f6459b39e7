// Runs a program and prints what it used as a line of JSON, after all that the program printed. Small, because the memory of
// who forks counts as that of the program: a measuring Python would be all that could be seen.
// usage: launch PROGRAM ARGUMENT...
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static double seconds(struct timeval time) { return (double)time.tv_sec + (double)time.tv_usec * 1e-6; }

int main(int argc, char** argv) {
    if (argc < 2) return 2;
    const double start = now();
    const pid_t child = fork();
    if (child == 0) {
        execvp(argv[1], argv + 1);
        perror(argv[1]);
        _exit(127);
    }
    int status = 0;
    struct rusage used;
    if (child < 0 || wait4(child, &status, 0, &used) != child) {
        perror("launch");
        return 1;
    }
    printf("{\"wall_s\": %.9f, \"cpu_s\": %.6f, \"max_rss_bytes\": %ld}\n", now() - start,
        seconds(used.ru_utime) + seconds(used.ru_stime), used.ru_maxrss * 1024);
    if (WIFSIGNALED(status)) return 128 + WTERMSIG(status);
    return WEXITSTATUS(status);
}
