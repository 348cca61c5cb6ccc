// SPDX-License-Identifier: MIT
#pragma once

/// Coroutine handlers: include this where a handler returns `asio::awaitable<T>`. It runs on the node's thread, and may
/// wait for other commands with `co_await node.async_send(..., asio::use_awaitable)`.

#include <askr/handler.hpp>

#include <asio/associated_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/post.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include <exception>
#include <memory>
#include <system_error>

namespace askr {

/// The reply an exception becomes: a failure keeps its code and text, everything else is handler_failed.
error error_from(std::exception_ptr thrown);

/// The executor that coroutine handlers of the node on this thread are spawned on. What is sent from there counts as
/// the consequence of a command at `call_depth`.
asio::any_io_executor current_node_executor(std::uint8_t call_depth);

namespace detail {

template <class Token>
auto async_send_part(stream& out, payload part, Token&& token) {
  return asio::async_initiate<Token, void(bool)>(
      [](auto handler, stream to, payload what) {
        auto executor = asio::get_associated_executor(handler);
        to.send_with(std::move(what), [handler = std::move(handler), executor](bool went_out) mutable {
          asio::post(executor, [handler = std::move(handler), went_out]() mutable { std::move(handler)(went_out); });
        });
      },
      token, out, std::move(part));
}

template <class T>
struct deferred_answer<asio::awaitable<T>> {
  using value_type = T;

  template <class F>
  static handler::start_function start(F callable) {
    auto shared = std::make_shared<F>(std::move(callable));
    return [shared](command asked, responder answer) {
      const auto depth = static_cast<std::uint8_t>(asked.depth + 1);
      asio::co_spawn(current_node_executor(depth), run(shared, std::move(asked)), completion(std::move(answer)));
    };
  }

 private:
  // The command and the callable are parameters, so they live in the coroutine's frame until it ends.
  template <class F>
  static asio::awaitable<payload> run(std::shared_ptr<F> callable, command asked) {
    stream out(asked.parts);  // Here, so that the callable may take it by reference.
    auto answer = call(*callable, asked, out);
    if constexpr (std::is_void_v<T>) {
      co_await std::move(answer);
      co_return payload{};
    } else {
      T value = co_await std::move(answer);
      if constexpr (std::is_same_v<T, payload>) {
        co_return value;
      } else {
        co_return payload::from(value);
      }
    }
  }

  template <class F>
  static asio::awaitable<T> call(F& callable, const command& asked, stream& out) {
    if constexpr (takes_stream<F>) {
      return callable(asked, out);
    } else {
      return call_with(callable, asked);
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

/// For coroutine handlers: sends one part, and ends when the caller has room for the next. False: nobody waits for the
/// answer any more.
template <class T>
asio::awaitable<bool> send_part(stream& out, T part) {
  payload packed = payload::from(part);
  const bool went_out = co_await detail::async_send_part(out, std::move(packed), asio::use_awaitable);
  co_return went_out;
}

}  // namespace askr
