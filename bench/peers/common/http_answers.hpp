// What both HTTP limits answer, made once.
#pragma once

#include <string>
#include <string_view>

namespace limit {

inline auto head_of(std::string_view type, std::size_t size) -> std::string {
    return "HTTP/1.1 200 OK\r\nServer: limit\r\nDate: Sat, 01 Jan 2022 00:00:00 GMT\r\nContent-Type: " +
           std::string(type) + "\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n";
}

inline const std::string plaintext = head_of("text/plain", 13) + "Hello, World!";
inline const std::string json = head_of("application/json", 27) + R"({"message":"Hello, World!"})";
inline const std::string not_found = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";

}  // namespace limit
