// SPDX-License-Identifier: MIT
#pragma once

/// Objects by small number: found by one index, freed numbers are not mistaken for their successors. The low 16 bits of
/// an id are the slot, the high 16 bits count its tenants.

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace askr {

template <class T>
class slot_map {
 public:
  using id = std::uint32_t;  ///< 0 is never an id.
  static constexpr std::size_t size_max = 65536;

  /// The id the next add() will give.
  id next_id() const noexcept {
    const auto slot = free_.empty() ? slots_.size() : free_.back();
    const std::uint32_t tenant = free_.empty() ? 1 : next_tenant(slots_[slot].tenant);
    return static_cast<id>(tenant) << 16 | static_cast<id>(slot);
  }

  T& add(std::unique_ptr<T> object) {
    if (free_.empty()) {
      free_.push_back(slots_.size());
      slots_.push_back({});
    }
    auto& slot = slots_[free_.back()];
    free_.pop_back();
    slot.tenant = next_tenant(slot.tenant);
    slot.object = std::move(object);
    ++count_;
    return *slot.object;
  }

  T* find(id which) noexcept {
    const auto slot = which & 0xffff;
    if (slot >= slots_.size() || slots_[slot].tenant != which >> 16) return nullptr;
    return slots_[slot].object.get();
  }
  const T* find(id which) const noexcept { return const_cast<slot_map*>(this)->find(which); }

  /// Does nothing if it is not there.
  void erase(id which) {
    if (find(which) == nullptr) return;
    slots_[which & 0xffff].object.reset();
    free_.push_back(which & 0xffff);
    --count_;
  }

  template <class Visitor>
  void for_each(Visitor visit) {
    for (std::size_t at = 0; at < slots_.size(); ++at) {
      if (slots_[at].object) visit(*slots_[at].object);
    }
  }
  template <class Visitor>
  void for_each(Visitor visit) const {
    for (const auto& slot : slots_) {
      if (slot.object) visit(static_cast<const T&>(*slot.object));
    }
  }

  std::size_t size() const noexcept { return count_; }
  bool full() const noexcept { return count_ >= size_max; }

 private:
  struct slot_type {
    std::uint32_t tenant = 0;
    std::unique_ptr<T> object;
  };

  static std::uint32_t next_tenant(std::uint32_t tenant) noexcept { return tenant >= 0xffff ? 1 : tenant + 1; }

  std::vector<slot_type> slots_;
  std::vector<std::size_t> free_;
  std::size_t count_ = 0;
};

}  // namespace askr
