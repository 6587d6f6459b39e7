#include "drain.hpp"

namespace gyre::http::internal {

namespace {

constexpr const char* reason = "the server stops";

}  // namespace

void Drain::begin() {
    begun_.set();
    while (auto* scope = scopes_.pop_front()) scope->scope().cancel(reason);
}

DrainScope::DrainScope(Drain& drain) {
    if (drain.has_begun()) {
        scope_.cancel(reason);
    } else {
        drain.scopes_.push_back(*this);
    }
}

}  // namespace gyre::http::internal
