// SPDX-License-Identifier: MIT
#pragma once

/// Which io_context this thread runs: where coroutine handlers are spawned (current_node_executor()).

namespace asio {
class io_context;
}

namespace askr {

/// To be called on the thread that runs `context`. It must outlive that thread's handlers.
void set_thread_context(asio::io_context& context) noexcept;

}  // namespace askr
