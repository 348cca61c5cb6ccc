// SPDX-License-Identifier: MIT
#include "mesh/view_digest.hpp"

namespace askr::mesh {
namespace {

std::uint64_t number_at(const digest& bytes, std::size_t from) noexcept {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < 8; ++i) number = number << 8 | bytes[from + i];
  return number;
}

}  // namespace

void view_digest::add(const node_id& id, const digest& row) noexcept {
  const auto low = number_at(row, 8);
  low_ += low;
  high_ += number_at(row, 0) + (low_ < low ? 1 : 0);
  buckets_[id.bytes[0]] += low;
}

void view_digest::remove(const node_id& id, const digest& row) noexcept {
  const auto low = number_at(row, 8);
  high_ -= number_at(row, 0) + (low_ < low ? 1 : 0);
  low_ -= low;
  buckets_[id.bytes[0]] -= low;
}

digest view_digest::root() const noexcept {
  digest out;
  for (std::size_t i = 0; i < 8; ++i) {
    out[i] = static_cast<std::uint8_t>(high_ >> (56 - 8 * i));
    out[8 + i] = static_cast<std::uint8_t>(low_ >> (56 - 8 * i));
  }
  return out;
}

}  // namespace askr::mesh
