#include "stall_options.hpp"

namespace gyre::cli {

void keep_stalls(const obs::StallReport&) {}

}  // namespace gyre::cli
