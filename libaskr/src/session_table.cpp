// SPDX-License-Identifier: MIT
#include "libaskr/src/session_table.hpp"

#include "libaskr/src/dispatcher.hpp"

#include <utility>

namespace askr {
namespace {

using transport::client_message;

client_message event_message(const event& what) {
  client_message message;
  message.what = client_message::kind::event;
  message.name = what.topic;
  message.data = what.data.bytes();
  message.data_encoding = what.data.kind();
  message.from = what.origin_name;
  message.epoch = what.epoch;
  message.sequence = what.sequence;
  return message;
}

client_message value_message(const transport::message_id& mid, payload_view value) {
  client_message message;
  message.what = client_message::kind::reply;
  message.mid = mid;
  message.data = value.bytes();
  message.data_encoding = value.kind();
  return message;
}

}  // namespace

std::uint64_t client_mids::add(const transport::message_id& mid) {
  const auto next = free_.empty() ? mids_.size() + 1 : free_.back();
  if (!tickets_.emplace(mid, next).second) return 0;
  if (free_.empty()) {
    mids_.push_back(mid);
  } else {
    free_.pop_back();
    mids_[next - 1] = mid;
  }
  return next;
}

std::uint64_t client_mids::find(const transport::message_id& mid) const {
  const auto found = tickets_.find(mid);
  return found == tickets_.end() ? 0 : found->second;
}

transport::message_id client_mids::take(std::uint64_t ticket) {
  if (ticket == 0 || ticket > mids_.size() || mids_[ticket - 1].is_none()) return {};
  auto mid = std::exchange(mids_[ticket - 1], {});
  tickets_.erase(mid);
  free_.push_back(ticket);
  return mid;
}

result<void> session_table::send_command(session_id to, std::uint64_t mid, const command_request& request) {
  auto* which = find(to);
  if (which == nullptr) return error{errc::peer_lost, "the client that served it went away"};
  client_message message;
  message.what = client_message::kind::command;
  message.mid = transport::message_id::from_uint(mid);
  message.name = request.name;
  message.data = request.data.bytes();
  message.data_encoding = request.data.kind();
  message.from = request.who->name;
  message.timeout = request.remaining;
  if (auto sent = which->wire.send(codec_, message); !sent) {
    if (sent.code() != errc::closed) return sent;
    return error{errc::peer_lost, "the client that served it is going away"};
  }
  mark_dirty(*which);
  check_hard_limit(*which);
  return {};
}

void session_table::send_cancel(session_id to, std::uint64_t mid) {
  auto* which = find(to);
  if (which == nullptr) return;
  client_message message;
  message.what = client_message::kind::cancel;
  message.mid = transport::message_id::from_uint(mid);
  send(*which, message);
}

void session_table::send_reply(session_id to, std::uint64_t ticket, const result<payload_view>& outcome,
                               bool maybe_executed) {
  auto* which = find(to);
  if (which == nullptr) return;
  const auto mid = which->mids.take(ticket);
  if (mid.is_none()) {
    ++counts_.replies_late;
    return;
  }
  if (!outcome) {
    auto message = transport::failure_message(mid, outcome.error());
    message.maybe_executed = maybe_executed;
    return send(*which, message);
  }
  const auto sent = which->wire.send(codec_, value_message(mid, *outcome));
  mark_dirty(*which);
  if (!sent && sent.code() != errc::closed) send(*which, transport::failure_message(mid, sent.error()));
  check_hard_limit(*which);
}

result<void> session_table::send_part(session_id to, std::uint64_t ticket, std::uint64_t number, payload_view part) {
  auto* which = find(to);
  if (which == nullptr) return {};
  auto message = value_message(which->mids.mid(ticket), part);
  message.what = client_message::kind::part;
  message.part = number;
  auto sent = which->wire.send(codec_, message);
  mark_dirty(*which);
  check_hard_limit(*which);
  if (!sent && sent.code() == errc::closed) return {};
  return sent;
}

bool session_table::is_slow(session_id which) noexcept {
  const auto* found = find(which);
  return found != nullptr && found->wire.output_bytes() > limits_.output_bytes_soft;
}

bool session_table::send_event(session_id to, const event& what) {
  auto* which = find(to);
  if (which == nullptr || !which->admitted) return false;
  if (which->wire.output_bytes() > limits_.output_bytes_soft) return false;
  const auto how = which->wire.encoding();
  auto& encoded = event_frames_[static_cast<std::size_t>(how)];
  if (encoded.of != &what) {  // A listener may emit while another event is being delivered.
    encoded.of = &what;
    encoded.frame.clear();
    encoded.ok = append_client_frame(codec_, event_message(what), how, payload_scratch_, encoded.frame).ok();
  }
  if (!encoded.ok || !which->wire.send_encoded(encoded.frame)) return false;
  mark_dirty(*which);
  check_hard_limit(*which);
  return true;
}

void session_table::end_event() noexcept {
  for (auto& each : event_frames_) {
    each.of = nullptr;
    each.frame.clear();
  }
}

void session_table::send(client_row& to, const client_message& message) {
  // What askr says of its own accord can always be encoded; if the session is closed there is nobody to tell.
  (void)to.wire.send(codec_, message);
  mark_dirty(to);
  check_hard_limit(to);
}

void session_table::check_hard_limit(client_row& which) {
  if (which.wire.output_bytes() > limits_.output_bytes_hard) which.too_slow = true;
}

void session_table::mark_dirty(client_row& which) {
  if (which.dirty) return;
  which.dirty = true;
  dirty_.push_back(which.id);
}

void session_table::take_dirty(std::vector<session_id>& taken) {
  taken.clear();
  taken.swap(dirty_);
  for (const auto id : taken) {
    if (auto* which = find(id)) which->dirty = false;
  }
}

}  // namespace askr
