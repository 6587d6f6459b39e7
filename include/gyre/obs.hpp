#pragma once

/// Seeing inside: dumps of what the tasks do. See docs/inside.md.

#include <gyre/obs/control.hpp>
#include <gyre/obs/dump.hpp>
#include <gyre/obs/figures.hpp>
#include <gyre/obs/findings.hpp>
#include <gyre/obs/leaks.hpp>
#include <gyre/obs/observe.hpp>
#include <gyre/obs/recorder.hpp>
#include <gyre/obs/recording.hpp>
#include <gyre/obs/snapshot.hpp>
#include <gyre/obs/stall.hpp>
