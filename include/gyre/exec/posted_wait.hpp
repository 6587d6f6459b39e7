#pragma once

#include <gyre/core/callback.hpp>
#include <gyre/core/frame.hpp>
#include <gyre/core/mailbox.hpp>

#include <memory>

namespace gyre::internal {

/// A wait that another thread ends, through the loop's mailbox. Nothing is allocated: the message lives in the wait, which
/// stays where it is until the message has come or is known not to come.
class PostedWait : public Wait {
public:
    PostedWait(PostedWait&& other) noexcept : Wait(static_cast<Wait&&>(other)) {}
    auto operator=(PostedWait&&) -> PostedWait& = delete;

protected:
    PostedWait() noexcept = default;
    ~PostedWait() = default;

    /// The wait begins: from now on `arrive` may be called. Thread: the loop's.
    void expect();
    /// `arrive` will not be called after all. Thread: the loop's.
    void unexpect() noexcept;
    /// Wakes the frame, on its loop. Once after each `expect`. Thread: any.
    void arrive() noexcept;
    /// Whether what was waited for happened. If not, and the caller is being cancelled, the wait confirms that.
    [[nodiscard]] virtual auto happened() const noexcept -> bool { return true; }

private:
    class Arrival final : public Callback {
    public:
        explicit Arrival(PostedWait& wait) noexcept : wait_(wait) { retain(); }  // never deleted by its count
        ~Arrival() override = default;
        void call() override { wait_.arrived(); }
        void drop() noexcept override {}

    private:
        PostedWait& wait_;
    };

    void arrived() noexcept;

    Arrival arrival_{*this};
    std::shared_ptr<Mailbox> mailbox_;
};

}  // namespace gyre::internal
