/* The multi interface of libcurl; handles are used again. usage: client URL COUNT AT_ONCE */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>

static size_t bytes;

static size_t on_body(char *data, size_t size, size_t count, void *unused) {
    (void)data;
    (void)unused;
    bytes += size * count;
    return size * count;
}

static CURL *make(const char *url) {
    CURL *handle = curl_easy_init();
    curl_easy_setopt(handle, CURLOPT_URL, url);
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(handle, CURLOPT_BUFFERSIZE, 65536L);
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    return handle;
}

int main(int argument_count, char **arguments) {
    (void)argument_count;
    long left = atol(arguments[2]);
    const long at_once = atol(arguments[3]);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    CURLM *multi = curl_multi_init();
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, at_once);
    long under_way = 0;
    for (; under_way < at_once && left > 0; ++under_way, --left) curl_multi_add_handle(multi, make(arguments[1]));
    while (under_way > 0) {
        int running;
        curl_multi_perform(multi, &running);
        CURLMsg *message;
        int queued;
        while ((message = curl_multi_info_read(multi, &queued)) != NULL) {
            if (message->msg != CURLMSG_DONE) continue;
            if (message->data.result != CURLE_OK) return 1;
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
        if (under_way > 0) curl_multi_poll(multi, NULL, 0, 1000, NULL);
    }
    printf("{\"bytes\": %zu}\n", bytes);
}
