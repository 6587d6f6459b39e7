#include <gyre/http/client/public_suffix.hpp>

#include "http/core/cookie_text.hpp"

#include <libpsl.h>

#include <new>
#include <stdexcept>
#include <utility>

namespace gyre::http {

class PublicSuffixList::List {
public:
    explicit List(psl_ctx_t* context) noexcept : context_(context) {}
    List(const List&) = delete;
    auto operator=(const List&) -> List& = delete;
    ~List() { psl_free(context_); }

    [[nodiscard]] auto is_public_suffix(const char* domain) const noexcept -> bool {
        return psl_is_public_suffix(context_, domain) != 0;
    }

private:
    psl_ctx_t* context_;
};

PublicSuffixList::PublicSuffixList(std::shared_ptr<const List> list) noexcept : list_(std::move(list)) {}

auto PublicSuffixList::system() -> const PublicSuffixList& {
    static const PublicSuffixList list = [] {
        auto* context = psl_latest(nullptr);
        if (context == nullptr)
            throw std::runtime_error("public suffix list: there is none, neither in libpsl nor in a file");
        return PublicSuffixList(std::make_shared<const List>(context));
    }();
    return list;
}

auto PublicSuffixList::from_file(const std::filesystem::path& path) -> PublicSuffixList {
    auto* context = psl_load_file(path.c_str());
    const std::string problem = "public suffix list " + path.string() + ": cannot be read, or holds no list";
    if (context == nullptr) throw std::runtime_error(problem);
    return PublicSuffixList(std::make_shared<const List>(context));
}

auto PublicSuffixList::is_public_suffix(std::string_view domain) const -> bool {
    auto name = internal::to_lower(domain);    // CVE-2023-46218: libpsl compares with case
    if (name.ends_with('.')) name.pop_back();  // CVE-2022-27779: it does not know names with a dot at the end
    return name.empty() || list_->is_public_suffix(name.c_str());
}

}  // namespace gyre::http
