#pragma once

/// For tests of programs on gyre; with GoogleTest include <gyre/testing/gtest.hpp> instead.

#include <gyre/testing/cancel_everywhere.hpp>
#include <gyre/testing/check_stream.hpp>
#include <gyre/testing/framework.hpp>
#include <gyre/testing/loop.hpp>
#include <gyre/testing/memory_stream.hpp>
#include <gyre/testing/seeded_order.hpp>
#include <gyre/testing/sequencer.hpp>
