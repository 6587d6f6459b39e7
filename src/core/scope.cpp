#include <gyre/core/scope.hpp>

#include <gyre/core/cancel_request.hpp>

namespace gyre {

void CancelScope::cancel(std::string reason, std::source_location where) {
    scope_->cancel(internal::cancel_request(*scope_->scheduler, std::move(reason), where));
}

}  // namespace gyre
