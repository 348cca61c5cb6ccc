// SPDX-License-Identifier: MIT
#pragma once

/// How an outcome by value becomes the end of an asynchronous operation with any completion token.

#include <askr/error.hpp>
#include <askr/payload.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/associated_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/dispatch.hpp>

#include <system_error>
#include <utility>

namespace askr::detail {

/// `start(done)` begins the work, and calls `done(result<payload>)` once, on any thread. The token then completes as
/// `void(std::error_code, payload)` on its associated executor, or on `fallback` if it has none; on an error the
/// payload is its sentence, a string.
template <class Start, class Token>
auto async_outcome(asio::any_io_executor fallback, Start start, Token&& token) {
  return asio::async_initiate<Token, void(std::error_code, payload)>(
      [fallback](auto handler, Start begin) {
        auto executor = asio::get_associated_executor(handler, fallback);
        begin([handler = std::move(handler), executor](result<payload> outcome) mutable {
          asio::dispatch(executor, [handler = std::move(handler), outcome = std::move(outcome)]() mutable {
            if (outcome) {
              std::move(handler)(std::error_code{}, std::move(outcome).value());
            } else {
              std::move(handler)(make_error_code(outcome.code()), payload::from(outcome.error().detail));
            }
          });
        });
      },
      token, std::move(start));
}

}  // namespace askr::detail
