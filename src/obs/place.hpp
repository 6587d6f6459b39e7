#pragma once

#include <gyre/obs/snapshot.hpp>

#include <source_location>
#include <string_view>

namespace gyre::obs {

[[nodiscard]] auto make_place(const std::source_location& where) noexcept -> Place;

/// The name in what compilers give for a function: "Task<> app::serve(Stream &)" is "app::serve", and so is GCC's
/// "void app::serve(app::serve(Stream&)::_ZN3app5serveER6Stream.Frame*)". Empty for a lambda.
[[nodiscard]] auto function_name(std::string_view signature) noexcept -> std::string_view;

}  // namespace gyre::obs
