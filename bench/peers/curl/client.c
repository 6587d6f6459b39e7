/* The multi interface of libcurl on epoll (curl_multi_socket_action); handles are used again. usage: client URL COUNT AT_ONCE BUFFER_SIZE */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>

enum { events_at_once = 256 };

static CURLM *multi;
static int set;
static long long due = -1; /* when libcurl wants to be called, in milliseconds; -1: not at all */
static long left;
static long under_way;
static long buffer_size; /* at most 524288, which suits large answers; each handle has one of its own */
static size_t bytes;

static long long now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000LL + time.tv_nsec / 1000000;
}

static size_t on_body(char *data, size_t size, size_t count, void *unused) {
    (void)data;
    (void)unused;
    bytes += size * count;
    return size * count;
}

/* `known` is not NULL once the descriptor is in the set. */
static int on_socket(CURL *handle, curl_socket_t descriptor, int what, void *unused, void *known) {
    (void)handle;
    (void)unused;
    if (what == CURL_POLL_REMOVE) return epoll_ctl(set, EPOLL_CTL_DEL, descriptor, NULL), 0;
    struct epoll_event event = {.data.fd = descriptor};
    if (what & CURL_POLL_IN) event.events |= EPOLLIN;
    if (what & CURL_POLL_OUT) event.events |= EPOLLOUT;
    epoll_ctl(set, known != NULL ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, descriptor, &event);
    if (known == NULL) curl_multi_assign(multi, descriptor, &set);
    return 0;
}

static int on_timer(CURLM *unused, long milliseconds, void *unused_too) {
    (void)unused;
    (void)unused_too;
    due = milliseconds < 0 ? -1 : now() + milliseconds;
    return 0;
}

static CURL *make(const char *url) {
    CURL *handle = curl_easy_init();
    curl_easy_setopt(handle, CURLOPT_URL, url);
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(handle, CURLOPT_BUFFERSIZE, buffer_size);
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    return handle;
}

static void look_for_ended(void) {
    CURLMsg *message;
    int queued;
    while ((message = curl_multi_info_read(multi, &queued)) != NULL) {
        if (message->msg != CURLMSG_DONE) continue;
        if (message->data.result != CURLE_OK) exit(1);
        CURL *handle = message->easy_handle;
        curl_multi_remove_handle(multi, handle);
        if (left > 0) {
            --left;
            curl_multi_add_handle(multi, handle);
        } else {
            --under_way;
            curl_easy_cleanup(handle);
        }
    }
}

static void turn(void) {
    int running;
    struct epoll_event events[events_at_once];
    const long long wait = due < 0 ? -1 : due - now();
    const int ready = epoll_wait(set, events, events_at_once, due >= 0 && wait < 0 ? 0 : (int)wait);
    for (int i = 0; i < ready; ++i) {
        const int what = (events[i].events & EPOLLIN ? CURL_CSELECT_IN : 0) | (events[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
                         (events[i].events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
        curl_multi_socket_action(multi, events[i].data.fd, what, &running);
    }
    if (due >= 0 && now() >= due) {
        due = -1;
        curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running);
    }
    look_for_ended();
}

int main(int argument_count, char **arguments) {
    (void)argument_count;
    left = atol(arguments[2]);
    const long at_once = atol(arguments[3]);
    buffer_size = atol(arguments[4]);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    set = epoll_create1(EPOLL_CLOEXEC);
    multi = curl_multi_init();
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, at_once);
    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer);
    for (; under_way < at_once && left > 0; ++under_way, --left) curl_multi_add_handle(multi, make(arguments[1]));
    while (under_way > 0) turn();
    printf("{\"bytes\": %zu}\n", bytes);
}
