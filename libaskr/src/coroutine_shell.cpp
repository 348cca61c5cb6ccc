// SPDX-License-Identifier: MIT
// Where coroutine handlers run, and how deep in the calls of commands.
#include "libaskr/src/call_depth.hpp"
#include "libaskr/src/thread_context.hpp"

#include <askr/assert.hpp>
#include <askr/coroutine.hpp>

#include <asio/execution.hpp>
#include <asio/io_context.hpp>
#include <asio/query.hpp>
#include <asio/require.hpp>

#include <type_traits>
#include <utility>

namespace askr {
namespace {

thread_local asio::io_context* thread_context = nullptr;
thread_local std::uint8_t depth_of_thread = 0;

/// Runs everything at one call depth. A coroutine goes through its executor each time it is resumed.
template <class Inner>
class depth_executor {
 public:
  depth_executor(Inner inner, std::uint8_t depth) : inner_(std::move(inner)), depth_(depth) {}

  template <class F>
  void execute(F&& work) const {
    asio::execution::execute(inner_, [depth = depth_, work = std::decay_t<F>(std::forward<F>(work))]() mutable {
      const call_depth_scope scope(depth);
      std::move(work)();
    });
  }

  template <class Property>
  requires(asio::can_require<const Inner&, Property>::value) auto require(const Property& property) const {
    auto other = asio::require(inner_, property);
    return depth_executor<decltype(other)>(std::move(other), depth_);
  }
  template <class Property>
  requires(asio::can_query<const Inner&, Property>::value) decltype(auto) query(const Property& property) const {
    return asio::query(inner_, property);
  }
  bool operator==(const depth_executor&) const noexcept = default;

 private:
  Inner inner_;
  std::uint8_t depth_;
};

}  // namespace

std::uint8_t thread_call_depth() noexcept { return depth_of_thread; }

call_depth_scope::call_depth_scope(std::uint8_t depth) noexcept : before_(std::exchange(depth_of_thread, depth)) {}
call_depth_scope::~call_depth_scope() { depth_of_thread = before_; }

asio::any_io_executor current_node_executor(std::uint8_t call_depth) {
  ASKR_ASSERT(thread_context != nullptr);
  return depth_executor(thread_context->get_executor(), call_depth);
}

void set_thread_context(asio::io_context& context) noexcept { thread_context = &context; }

}  // namespace askr
