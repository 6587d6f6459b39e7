#include <gyre/http/core/multipart_body.hpp>

#include "core/hex_text.hpp"
#include "grammar.hpp"

#include <gyre/http/core/multipart.hpp>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace gyre::http {
namespace {

void check_text(std::string_view text, std::string_view what) {
    const bool is_bad = std::any_of(
        text.begin(), text.end(), [](char c) { return internal::is_forbidden_control(c) || c == '\t'; });
    if (is_bad) throw std::invalid_argument("multipart body: the " + std::string(what) + " has a control character");
}

// As browsers do: a quote is escaped, a backslash stays.
auto in_quotes(std::string_view text) -> std::string {
    std::string out = "\"";
    for (char c : text) {
        if (c == '"') {
            out += "%22";
        } else {
            out += c;
        }
    }
    return out += '"';
}

}  // namespace

MultipartBody::MultipartBody() : boundary_(gyre::internal::random_hex<16>()) {}

MultipartBody::MultipartBody(std::string boundary) : boundary_(std::move(boundary)) {
    const bool is_good = std::all_of(boundary_.begin(), boundary_.end(),
        [](char c) { return internal::is_alpha(c) || internal::is_digit(c) || c == '-'; });
    if (is_good && !boundary_.empty() && boundary_.size() <= max_boundary_bytes) return;
    throw std::invalid_argument("multipart body: the boundary is not 1 to 70 letters, digits and hyphens");
}

auto MultipartBody::add(std::string name, std::string value) -> MultipartBody& {
    check_text(name, "name of a field");
    Part part;
    part.name = std::move(name);
    part.size = value.size();
    part.text = std::move(value);
    parts_.push_back(std::move(part));
    return *this;
}

auto MultipartBody::add_file(std::string name, std::string file_name, std::string text, std::string content_type)
    -> MultipartBody& {
    check_text(name, "name of a field");
    check_text(file_name, "name of a file");
    check_text(content_type, "type of a file");
    Part part;
    part.name = std::move(name);
    part.file_name = std::move(file_name);
    part.content_type = std::move(content_type);
    part.size = text.size();
    part.text = std::move(text);
    parts_.push_back(std::move(part));
    return *this;
}

auto MultipartBody::add_path(std::string name, std::filesystem::path path, std::string content_type) -> MultipartBody& {
    if (path.empty()) throw std::invalid_argument("multipart body: the path of a file is empty");
    add_file(std::move(name), path.filename().string(), std::string(), std::move(content_type));
    parts_.back().path = std::move(path);
    parts_.back().size.reset();
    return *this;
}

void MultipartBody::set_size(std::size_t index, std::uint64_t bytes) { parts_[index].size = bytes; }

auto MultipartBody::content_type() const -> std::string { return "multipart/form-data; boundary=" + boundary_; }

auto MultipartBody::framing(std::size_t index) const -> std::string {
    const auto& part = parts_[index];
    std::string out = (index == 0 ? "--" : "\r\n--") + boundary_;
    out.append("\r\nContent-Disposition: form-data; name=").append(in_quotes(part.name));
    if (part.file_name) out.append("; filename=").append(in_quotes(*part.file_name));
    if (!part.content_type.empty()) out.append("\r\nContent-Type: ").append(part.content_type);
    return out += "\r\n\r\n";
}

auto MultipartBody::closing() const -> std::string { return (parts_.empty() ? "--" : "\r\n--") + boundary_ + "--\r\n"; }

auto MultipartBody::content_length() const -> std::optional<std::uint64_t> {
    std::uint64_t sum = closing().size();
    for (std::size_t i = 0; i < parts_.size(); ++i) {
        if (!parts_[i].size) return std::nullopt;
        sum += framing(i).size() + *parts_[i].size;
    }
    return sum;
}

}  // namespace gyre::http
