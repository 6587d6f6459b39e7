// Bytes between processes: any bytes are values of a type or refused; values write bytes that read back the same. Sizes that
// are told but not there take no memory.

#include "require.hpp"

#include <gyre/exec/serialize.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

using namespace gyre;
using gyre::http::testing::require;

namespace {

/// Floating numbers are left out: one of them does not equal itself.
template<class T>
void check(std::span<const std::byte> data) {
    std::optional<T> value;
    try {
        Reader reader(data);
        value.emplace(deserialize<T>(reader));
    } catch (const SerializeError&) {
        return;
    }
    Writer writer;
    serialize(writer, *value);
    Reader again(writer.data());
    require(deserialize<T>(again) == *value, "values read back the same");
}

}  // namespace

extern "C" auto LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) -> int {
    const auto bytes = std::as_bytes(std::span(data, size));
    check<std::int8_t>(bytes);
    check<std::uint64_t>(bytes);
    check<std::string>(bytes);
    check<std::vector<std::string>>(bytes);
    check<std::map<std::string, std::int64_t>>(bytes);
    check<std::optional<std::tuple<bool, std::vector<std::int32_t>>>>(bytes);
    check<std::variant<std::int64_t, std::string>>(bytes);
    return 0;
}
