#include "vary.hpp"

namespace gyre::http::internal {

void add_vary(Response& response, std::string_view name) {
    const auto& fields = response.fields();
    if (fields.contains_token("Vary", name) || fields.contains_token("Vary", "*")) return;
    response.header("Vary", name);
}

void add_missing(Response& response, std::string_view name, std::string_view value) {
    if (!response.fields().contains(name)) response.header(name, value);
}

}  // namespace gyre::http::internal
