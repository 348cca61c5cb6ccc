// SPDX-License-Identifier: MIT
#pragma once

/// Turns any callable into a handler or a listener. A handler may take `const command&`, any type that a payload can be
/// read as, or nothing; it may return any type a payload can be made from, `payload`, `result<T>`, or nothing. It may
/// throw: `failure` reaches the caller with its code and text, anything else as `handler_failed`.
///
/// A blocking handler or a coroutine may take `const command&, stream&` and answer in parts: <askr/stream.hpp>.
///
/// `blocking(f)` runs f on the node's worker pool, several calls at once. Coroutine handlers: <askr/coroutine.hpp>.

#include <askr/command.hpp>
#include <askr/detail/unique_function.hpp>
#include <askr/error.hpp>
#include <askr/event.hpp>
#include <askr/payload.hpp>
#include <askr/stream.hpp>

#include <memory>
#include <type_traits>
#include <utility>

namespace askr {

/// Answers one deferred command, once, from any thread. Dropped without an answer, it answers `handler_failed`.
class responder {
 public:
  using sink = detail::unique_function<void(result<payload>)>;

  explicit responder(sink answer) : answer_(std::move(answer)) {}
  responder(responder&&) noexcept = default;
  responder& operator=(responder&&) = delete;
  ~responder() {
    if (answer_) answer_(error{errc::handler_failed, "the handler ended without an answer"});
  }

  void operator()(result<payload> outcome) {
    auto answer = std::move(answer_);
    if (answer) answer(std::move(outcome));
  }

 private:
  sink answer_;
};

/// A callable that may block: see blocking().
template <class F>
struct blocking_handler {
  F callable;
};

/// Marks a handler that may block. It runs on a worker thread, concurrently with itself and with the node.
template <class F>
blocking_handler<std::decay_t<F>> blocking(F&& callable) {
  return {std::forward<F>(callable)};
}

namespace detail {

/// A handler as the dispatcher holds it. `answer` packs its value into the buffer and says in which encoding.
struct handler {
  enum class mode : std::uint8_t { immediate, blocking, deferred };
  using answer_function = unique_function<result<encoding>(const command&, byte_buffer&)>;
  using start_function = unique_function<void(command, responder)>;

  mode how = mode::immediate;
  bool streams = false;  ///< Answers in parts; blocking or deferred.
  answer_function answer;
  start_function start;  ///< Deferred only: answers later through the responder.
};

using listener = unique_function<void(const event&)>;

template <class F>
struct first_argument : first_argument<decltype(&F::operator())> {};
template <class C, class R, class A, class... More>
struct first_argument<R (C::*)(A, More...)> {
  using type = std::decay_t<A>;
};
template <class C, class R, class A, class... More>
struct first_argument<R (C::*)(A, More...) const> {
  using type = std::decay_t<A>;
};
template <class R, class A, class... More>
struct first_argument<R (*)(A, More...)> {
  using type = std::decay_t<A>;
};

template <class F>
inline constexpr bool takes_stream = std::is_invocable_v<F&, const command&, stream&>;

/// Calls `callable` with the command (or event) itself, with its payload read as the parameter's type, or with nothing;
/// and with a stream for its parts, if it takes one.
template <class F, class Message>
decltype(auto) call_with(F& callable, const Message& message) {
  if constexpr (takes_stream<F>) {
    stream out(message.parts);
    return callable(message, out);
  } else if constexpr (std::is_invocable_v<F&, const Message&>) {
    return callable(message);
  } else if constexpr (std::is_invocable_v<F&>) {
    return callable();
  } else {
    return callable(message.template as<typename first_argument<F>::type>());
  }
}

template <class T>
struct is_result : std::false_type {};
template <class T>
struct is_result<result<T>> : std::true_type {};

template <class T>
result<encoding> pack_answer(T&& value, byte_buffer& out) {
  using plain = std::decay_t<T>;
  if constexpr (is_result<plain>::value) {
    if (!value) return value.error();
    if constexpr (std::is_same_v<plain, result<void>>) {
      return pack_answer(payload{}, out);
    } else {
      return pack_answer(*std::forward<T>(value), out);
    }
  } else if constexpr (std::is_same_v<plain, payload> || std::is_same_v<plain, payload_view>) {
    append(out, value.bytes());
    return value.kind();
  } else {
    payload::pack(value, out);
    return encoding::msgpack;
  }
}

/// Specialised for return types that answer later (coroutines: <askr/coroutine.hpp>).
template <class R>
struct deferred_answer;

template <class R>
concept answers_later = requires { typename deferred_answer<R>::value_type; };

template <class F>
handler::answer_function make_answer(F callable) {
  return [callable = std::move(callable)](const command& asked, byte_buffer& out) mutable -> result<encoding> {
    if constexpr (std::is_void_v<decltype(call_with(callable, asked))>) {
      call_with(callable, asked);
      return pack_answer(payload{}, out);
    } else {
      return pack_answer(call_with(callable, asked), out);
    }
  };
}

template <class F>
std::shared_ptr<handler> make_handler(F callable) {
  using answer = decltype(call_with(callable, std::declval<const command&>()));
  auto made = std::make_shared<handler>();
  if constexpr (answers_later<answer>) {
    made->how = handler::mode::deferred;
    made->streams = takes_stream<F>;
    made->start = deferred_answer<answer>::start(std::move(callable));
  } else {
    static_assert(!takes_stream<F>, "a handler that takes a stream is a blocking one, or a coroutine");
    made->answer = make_answer(std::move(callable));
  }
  return made;
}

template <class F>
std::shared_ptr<handler> make_handler(blocking_handler<F> marked) {
  auto made = std::make_shared<handler>();
  made->how = handler::mode::blocking;
  made->streams = takes_stream<F>;
  made->answer = make_answer(std::move(marked.callable));
  return made;
}

template <class F>
listener make_listener(F callable) {
  return [callable = std::move(callable)](const event& heard) mutable { call_with(callable, heard); };
}

}  // namespace detail
}  // namespace askr
