#include "settings.hpp"

#include "../core/grammar.hpp"

#include <gyre/http/core/errors.hpp>
#include <gyre/http/core/fields.hpp>

#include <stdexcept>

namespace gyre::http::internal {

namespace {

auto lines_of(const std::string& user_agent) -> std::string {
    std::string lines;
    try {
        Fields fields;
        if (!user_agent.empty()) fields.add("User-Agent", user_agent);
        fields.add("Accept", "*/*");
        for (const auto field : fields) lines.append(field.name).append(": ").append(field.value).append("\r\n");
    } catch (const ProtocolError&) {  // each request tells
    }
    return lines;
}

auto names_in(std::string_view list) -> std::vector<std::string> {
    std::vector<std::string> names;
    for_each_member(list, [&](std::string_view name) {
        if (name.empty()) return;
        if (!is_token(name)) {
            throw std::invalid_argument(
                "http::ClientOptions::secret_fields: \"" + std::string(name) + "\" is no name of a field");
        }
        names.emplace_back(name);
    });
    return names;
}

}  // namespace

Settings::Settings(const ClientOptions& options)
    : options_(options),
      user_agent_(options.user_agent == nullptr ? "gyre/" GYRE_VERSION : options.user_agent),
      secret_fields_(names_in(options.secret_fields)),
      usual_lines_(lines_of(user_agent_)),
      tls_(options.tls == nullptr ? net::TlsClientOptions() : *options.tls),
      proxy_tls_(options.proxy_tls == nullptr ? net::TlsClientOptions() : *options.proxy_tls),
      proxies_(options.unix_socket.empty() ? options : ClientOptions()) {
    if (!options.unix_socket.empty()) unix_socket_ = net::Address::from_path(options.unix_socket);
    if (!options.local_address.empty()) local_address_ = net::Address::from_ip(options.local_address, 0);
    if (options.egress != nullptr) egress_ = *options.egress;
    if (!options.base_url.empty()) base_url_ = Url::parse(options.base_url, options.url_mode);
    // Whoever reads the options must not find what belonged to the caller.
    options_.base_url = {};
    options_.user_agent = nullptr;
    options_.secret_fields = {};
    options_.tls = nullptr;
    options_.proxy = {};
    options_.no_proxy = {};
    options_.proxy_tls = nullptr;
    options_.local_address = {};
    options_.unix_socket = {};
    options_.egress = nullptr;
}

auto Settings::connect_options() const noexcept -> net::ConnectOptions {
    net::ConnectOptions how;
    if (local_address_) how.local = &*local_address_;
    if (egress_) how.egress = &*egress_;
    return how;
}

}  // namespace gyre::http::internal
