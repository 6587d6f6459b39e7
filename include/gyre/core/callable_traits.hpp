#pragma once

#include <type_traits>

namespace gyre::internal {

/// The type of the first parameter of a callable, as it is written there; a callable of several shapes has none.
template<class F>
struct FirstParameter : FirstParameter<decltype(&F::operator())> {};
template<class R, class First, class... More>
struct FirstParameter<R (*)(First, More...)> {
    using Type = First;
};
template<class R, class First, class... More>
struct FirstParameter<R (*)(First, More...) noexcept> : FirstParameter<R (*)(First, More...)> {};
template<class R, class C, class First, class... More>
struct FirstParameter<R (C::*)(First, More...)> : FirstParameter<R (*)(First, More...)> {};
template<class R, class C, class First, class... More>
struct FirstParameter<R (C::*)(First, More...) const> : FirstParameter<R (*)(First, More...)> {};
template<class R, class C, class First, class... More>
struct FirstParameter<R (C::*)(First, More...) noexcept> : FirstParameter<R (*)(First, More...)> {};
template<class R, class C, class First, class... More>
struct FirstParameter<R (C::*)(First, More...) const noexcept> : FirstParameter<R (*)(First, More...)> {};

template<class F>
using FirstParameterOf = typename FirstParameter<std::decay_t<F>>::Type;

}  // namespace gyre::internal
