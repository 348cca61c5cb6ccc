// SPDX-License-Identifier: MIT
#pragma once

/// A move-only callable with room for small captures inside, so that completions and handlers cost no allocation.

#include <askr/assert.hpp>

#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>

namespace askr::detail {

template <class Signature>
class unique_function;

template <class R, class... Args>
class unique_function<R(Args...)> {
 public:
  static constexpr std::size_t inline_bytes = 64;

  unique_function() = default;
  unique_function(std::nullptr_t) {}  // NOLINT: as std::function

  template <class F>
    requires(!std::is_same_v<std::decay_t<F>, unique_function> && std::is_invocable_r_v<R, std::decay_t<F>&, Args...>)
  unique_function(F&& callable) {  // NOLINT: as std::function
    using target = std::decay_t<F>;
    if constexpr (fits_inline<target>) {
      ::new (static_cast<void*>(storage_)) target(std::forward<F>(callable));
      operations_ = &inline_operations<target>;
    } else {
      ::new (static_cast<void*>(storage_)) target*(new target(std::forward<F>(callable)));
      operations_ = &heap_operations<target>;
    }
  }

  unique_function(unique_function&& other) noexcept { take(other); }
  unique_function& operator=(unique_function&& other) noexcept {
    if (this != &other) {
      reset();
      take(other);
    }
    return *this;
  }
  unique_function(const unique_function&) = delete;
  unique_function& operator=(const unique_function&) = delete;
  ~unique_function() { reset(); }

  explicit operator bool() const noexcept { return operations_ != nullptr; }

  R operator()(Args... args) {
    ASKR_ASSERT(operations_ != nullptr);
    return operations_->call(storage_, std::forward<Args>(args)...);
  }

 private:
  struct operations {
    R (*call)(void*, Args&&...);
    void (*move)(void* from, void* to) noexcept;
    void (*destroy)(void*) noexcept;
  };

  template <class F>
  static constexpr bool fits_inline = sizeof(F) <= inline_bytes && alignof(F) <= alignof(std::max_align_t) &&
                                      std::is_nothrow_move_constructible_v<F>;

  template <class F>
  static constexpr operations inline_operations{
      [](void* at, Args&&... args) -> R { return (*static_cast<F*>(at))(std::forward<Args>(args)...); },
      [](void* from, void* to) noexcept {
        ::new (to) F(std::move(*static_cast<F*>(from)));
        static_cast<F*>(from)->~F();
      },
      [](void* at) noexcept { static_cast<F*>(at)->~F(); }};

  template <class F>
  static constexpr operations heap_operations{
      [](void* at, Args&&... args) -> R { return (**static_cast<F**>(at))(std::forward<Args>(args)...); },
      [](void* from, void* to) noexcept { ::new (to) F*(*static_cast<F**>(from)); },
      [](void* at) noexcept { delete *static_cast<F**>(at); }};

  void take(unique_function& other) noexcept {
    operations_ = other.operations_;
    if (operations_ != nullptr) operations_->move(other.storage_, storage_);
    other.operations_ = nullptr;
  }
  void reset() noexcept {
    if (operations_ != nullptr) operations_->destroy(storage_);
    operations_ = nullptr;
  }

  alignas(std::max_align_t) unsigned char storage_[inline_bytes];
  const operations* operations_ = nullptr;
};

}  // namespace askr::detail
