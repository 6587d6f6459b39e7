#pragma once

/// GYRE_PLAIN_ALLOCATION: the pools keep no blocks, so that the reports of a sanitizer stay exact.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define GYRE_PLAIN_ALLOCATION 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define GYRE_PLAIN_ALLOCATION 1
#endif
#endif
