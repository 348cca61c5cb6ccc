// SPDX-License-Identifier: MIT
#pragma once

/// Coroutine handlers: include this where a handler returns `asio::awaitable<T>`. It runs on the node's thread, and may
/// wait for other commands with `co_await node.async_send(..., asio::use_awaitable)`.

#include <askr/handler.hpp>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/this_coro.hpp>

#include <exception>
#include <memory>
#include <system_error>

namespace askr {

/// The reply an exception becomes: a failure keeps its code and text, everything else is handler_failed.
error error_from(std::exception_ptr thrown);

/// The executor that coroutine handlers of the node on this thread are spawned on.
asio::any_io_executor current_node_executor();

namespace detail {

template <class T>
struct deferred_answer<asio::awaitable<T>> {
  using value_type = T;

  template <class F>
  static handler::start_function start(F callable) {
    auto shared = std::make_shared<F>(std::move(callable));
    return [shared](command asked, responder answer) {
      asio::co_spawn(current_node_executor(), run(shared, asked), completion(std::move(answer)));
    };
  }

 private:
  // The command and the callable are parameters, so they live in the coroutine's frame until it ends.
  template <class F>
  static asio::awaitable<payload> run(std::shared_ptr<F> callable, command asked) {
    if constexpr (std::is_void_v<T>) {
      co_await call_with(*callable, asked);
      co_return payload{};
    } else {
      T value = co_await call_with(*callable, asked);
      if constexpr (std::is_same_v<T, payload>) {
        co_return value;
      } else {
        co_return payload::from(value);
      }
    }
  }

  static auto completion(responder answer) {
    return [answer = std::make_shared<responder>(std::move(answer))](std::exception_ptr thrown, payload value) {
      if (thrown) {
        (*answer)(error_from(thrown));
      } else {
        (*answer)(std::move(value));
      }
    };
  }
};

}  // namespace detail
}  // namespace askr
