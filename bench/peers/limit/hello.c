// The limit: sleeps a millisecond in epoll_wait, says hello, ends.
#include <stdio.h>
#include <sys/epoll.h>
#include <unistd.h>

int main(void) {
    const int file = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event;
    if (file < 0 || epoll_wait(file, &event, 1, 1) != 0) return 1;
    close(file);
    puts("hello");
    return 0;
}
