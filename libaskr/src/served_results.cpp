// SPDX-License-Identifier: MIT
#include "libaskr/src/served_results.hpp"

namespace askr {
namespace {

constexpr std::size_t entry_bytes = sizeof(served_results::entry) + 64;  // With what the containers add.

result<payload> copy_of(const result<payload_view>& outcome) {
  if (outcome) return payload(*outcome);
  return outcome.error();
}

std::size_t bytes_of(const result<payload_view>& outcome) {
  return entry_bytes + (outcome ? outcome->bytes().size() : outcome.error().detail.size());
}

}  // namespace

served_results::entry* served_results::find(time_point now, const served_key& key) {
  forget(now);
  const auto found = entries_.find(key);
  return found == entries_.end() ? nullptr : &found->second;
}

served_results::entry& served_results::begin(const served_key& key) {
  auto& added = entries_[key];
  added.key = key;
  return added;
}

void served_results::finish(time_point now, entry& which, const result<payload_view>& outcome) {
  const auto bytes = bytes_of(outcome);
  if (bytes > bytes_max_) return erase(which);
  which.serving = 0;
  which.outcome = copy_of(outcome);
  finished_.push_back({now, which.key, bytes});
  bytes_ += bytes;
  forget(now);
}

void served_results::forget(time_point now) {
  while (!finished_.empty() && (bytes_ > bytes_max_ || now - finished_.front().when >= kept_for_)) {
    bytes_ -= finished_.front().bytes;
    entries_.erase(finished_.front().key);
    finished_.pop_front();
  }
}

}  // namespace askr
