#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace gyre::obs {

/// Writes one message in the wire format of protobuf. Source: https://protobuf.dev/programming-guides/encoding/
class ProtobufMessage {
public:
    void number(unsigned field, std::uint64_t value) {
        varint(field << 3U);
        varint(value);
    }
    void fixed(unsigned field, std::uint64_t value) {
        varint(field << 3U | 1U);
        for (unsigned shift = 0; shift < 64; shift += 8) bytes_.push_back(static_cast<char>(value >> shift & 0xffU));
    }
    void text(unsigned field, std::string_view value) {
        varint(field << 3U | 2U);
        varint(value.size());
        bytes_.append(value);
    }
    void message(unsigned field, const ProtobufMessage& value) { text(field, value.bytes_); }

    [[nodiscard]] auto bytes() const noexcept -> const std::string& { return bytes_; }
    [[nodiscard]] auto empty() const noexcept -> bool { return bytes_.empty(); }

private:
    void varint(std::uint64_t value) {
        for (; value >= 0x80; value >>= 7U) bytes_.push_back(static_cast<char>(value | 0x80U));
        bytes_.push_back(static_cast<char>(value));
    }

    std::string bytes_;
};

}  // namespace gyre::obs
