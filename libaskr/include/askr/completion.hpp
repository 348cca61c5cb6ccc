// SPDX-License-Identifier: MIT
#pragma once

/// How an outcome by value becomes the end of an asynchronous operation with any completion token.

#include <askr/command.hpp>
#include <askr/error.hpp>
#include <askr/payload.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/cancellation_type.hpp>
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

/// The same for a command that can be given up: where the token has a cancellation slot, a signal through it calls
/// `canceler(number)`. `start(done, number)` begins the work; the number is 0 if nobody can give it up.
template <class Number, class Canceler, class Start, class Token>
auto async_cancelable(asio::any_io_executor fallback, Number next_number, Canceler canceler, Start start,
                      Token&& token) {
  return asio::async_initiate<Token, void(std::error_code, payload)>(
      [fallback](auto handler, Number number, Canceler cancel, Start begin) {
        auto executor = asio::get_associated_executor(handler, fallback);
        auto slot = asio::get_associated_cancellation_slot(handler);
        command_id chosen = 0;
        if (slot.is_connected()) {
          chosen = number();
          slot.assign([cancel, chosen](asio::cancellation_type type) {
            if (type != asio::cancellation_type::none) cancel(chosen);
          });
        }
        begin(
            [handler = std::move(handler), executor, slot](result<payload> outcome) mutable {
              asio::dispatch(executor, [handler = std::move(handler), slot, outcome = std::move(outcome)]() mutable {
                if (slot.is_connected()) slot.clear();
                if (outcome) {
                  std::move(handler)(std::error_code{}, std::move(outcome).value());
                } else {
                  std::move(handler)(make_error_code(outcome.code()), payload::from(outcome.error().detail));
                }
              });
            },
            chosen);
      },
      token, std::move(next_number), std::move(canceler), std::move(start));
}

}  // namespace askr::detail
