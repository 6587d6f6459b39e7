#pragma once

#include <gyre/core/errors.hpp>

namespace gyre::internal {

/// Keeps a second task out of what one task at a time may do. As long as it lives, its flag is set.
class Busy {
public:
    /// @throws InvalidStateError with `mistake` if another one has it.
    Busy(bool& flag, const char* mistake) : flag_(flag) {
        if (flag) throw InvalidStateError(mistake);
        flag = true;
    }
    Busy(const Busy&) = delete;
    auto operator=(const Busy&) -> Busy& = delete;
    ~Busy() { flag_ = false; }

private:
    bool& flag_;
};

}  // namespace gyre::internal
