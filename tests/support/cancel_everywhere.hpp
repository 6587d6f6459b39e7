#pragma once

#include "loops.hpp"
