#pragma once

#include <gyre/core/work.hpp>
#include <gyre/exec/serialize.hpp>

#include <cstdint>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <utility>

namespace gyre::internal {

/// Reads the arguments, calls the function, writes its result.
using RemoteThunk = void (*)(Reader&, Writer&);

/// Makes a function known, before main begins; `key` is a type that stands for it. @return its number, the same in every process of the program.
auto register_remote(const std::type_info& key, RemoteThunk thunk) noexcept -> std::uint64_t;

/// The number of a function. @throws SerializeError if two functions of the program have its name.
void require_unambiguous(std::uint64_t id, std::string_view name);

template<class F>
struct FunctionParts {
    static constexpr bool is_function = false;
};
template<class R, class... Parameters>
struct FunctionParts<R (*)(Parameters...)> {
    static constexpr bool is_function = true;
    static constexpr bool changes_arguments = ((std::is_lvalue_reference_v<Parameters> &&
                                                   !std::is_const_v<std::remove_reference_t<Parameters>>) ||
                                               ...);
    using Result = std::decay_t<R>;
    using Arguments = std::tuple<std::decay_t<Parameters>...>;
    static constexpr bool serializable_arguments = (Serializable<std::decay_t<Parameters>> && ...);
    static constexpr bool serializable_result = std::is_void_v<R> || Serializable<Result>;
};
template<class R, class... Parameters>
struct FunctionParts<R (*)(Parameters...) noexcept> : FunctionParts<R (*)(Parameters...)> {};

/// A function that is named at compile time, as worker processes know it.
template<auto F>
class RemoteFunction {
public:
    using Parts = FunctionParts<decltype(F)>;
    static_assert(Parts::is_function, "submit<&f> takes a free function or a static member function");

    using Result = typename Parts::Result;
    using Arguments = typename Parts::Arguments;

    [[nodiscard]] static auto name() noexcept -> std::string_view { return name_of<F>(); }

    /// The call as bytes. @throws SerializeError.
    template<class... Given>
    [[nodiscard]] static auto write(Given&&... given) -> Writer {
        check();
        static_assert(std::is_constructible_v<Arguments, Given&&...> && sizeof...(Given) == std::tuple_size_v<Arguments>,
            "submit<&f>: f cannot be called with these arguments");
        require_unambiguous(id, name());
        Writer writer;
        writer.array(2);
        writer.unsigned_integer(id);
        if constexpr (usable) serialize(writer, Arguments(std::forward<Given>(given)...));
        return writer;
    }
    [[nodiscard]] static auto read_result(Reader& reader) -> Result {
        if constexpr (usable && !std::is_void_v<Result>) return deserialize<Result>(reader);
    }

private:
    /// Whether `check` is content; nothing else is made of a function of which it is not, so that there is one error.
    static constexpr bool usable = !Parts::changes_arguments && Parts::serializable_arguments &&
                                   Parts::serializable_result && !Awaitable<typename Parts::Result>;
    static constexpr void check() {
        static_assert(!Parts::changes_arguments,
            "submit<&f>: f has a reference to something that it may change, but it runs in another process: take it by "
            "value "
            "and return it");
        static_assert(Parts::serializable_arguments,
            "submit<&f>: a parameter of f cannot be serialised: specialise gyre::Serialize for its type");
        static_assert(Parts::serializable_result,
            "submit<&f>: the result of f cannot be serialised: specialise gyre::Serialize for its type");
        static_assert(!Awaitable<typename Parts::Result>,
            "submit<&f>: f is a coroutine; in another process only ordinary functions are called (which may use "
            "gyre::run)");
    }

    template<auto Function>
    static constexpr auto name_of() noexcept -> std::string_view {
        std::string_view text = __PRETTY_FUNCTION__;  // "... [Function = &count]", "... [with auto Function = count; ...]"
        const auto begin = text.find("Function = ");
        if (begin == std::string_view::npos) return text;
        text.remove_prefix(begin + 11);
        return text.substr(0, text.find_first_of(";]"));
    }
    static void call(Reader& reader, Writer& writer) {
        if constexpr (usable) call_usable(reader, writer);
    }
    static void call_usable(Reader& reader, Writer& writer) {
        auto arguments = deserialize<Arguments>(reader);
        if constexpr (std::is_void_v<Result>) {
            std::apply(F, std::move(arguments));
            writer.nil();
        } else {
            serialize<Result>(writer, std::apply(F, std::move(arguments)));
        }
    }

    static const std::uint64_t id;
};

template<auto F>
const std::uint64_t RemoteFunction<F>::id = register_remote(typeid(RemoteFunction), &RemoteFunction::call);

}  // namespace gyre::internal
