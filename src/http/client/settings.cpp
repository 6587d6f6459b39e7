#include "settings.hpp"

namespace gyre::http::internal {

Settings::Settings(const ClientOptions& options)
    : options_(options),
      user_agent_(options.user_agent == nullptr ? "gyre/" GYRE_VERSION : options.user_agent),
      tls_(options.tls == nullptr ? net::TlsClientOptions() : *options.tls) {
    if (!options.base_url.empty()) base_url_ = Url::parse(options.base_url, options.url_mode);
    // Whoever reads the options must not find what belonged to the caller.
    options_.base_url = {};
    options_.user_agent = nullptr;
    options_.tls = nullptr;
}

}  // namespace gyre::http::internal
