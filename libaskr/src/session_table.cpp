// SPDX-License-Identifier: MIT
#include "libaskr/src/session_table.hpp"

#include "libaskr/src/dispatcher.hpp"

#include <algorithm>
#include <utility>

namespace askr {
namespace {

using transport::client_message;

constexpr std::size_t skipped_streams_max = 64;  // Told of to one session at once.

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

std::size_t client_row::place_of(std::string_view pattern) const noexcept {
  const auto found =
      std::find_if(subscribed.begin(), subscribed.end(), [&](const auto& each) { return each.pattern == pattern; });
  return found == subscribed.end() ? no_place : static_cast<std::size_t>(found - subscribed.begin());
}

std::size_t client_row::add_subscription(std::string_view pattern, overflow_policy overflow_of_it) {
  auto place = place_of({});
  if (place == no_place) {
    place = subscribed.size();
    subscribed.emplace_back();
  }
  subscribed[place] = {std::string(pattern), overflow_of_it};
  ++subscribed_count;
  return place;
}

result<void> session_table::send_command(session_id to, std::uint64_t mid, const command_request& request) {
  auto* which = find(to);
  if (which == nullptr) return error{errc::peer_lost, "the client that served it went away"};
  if (is_slow(to)) return error{errc::overloaded, "the client that serves it does not read"};
  client_message message;
  message.what = client_message::kind::command;
  message.mid = transport::message_id::from_uint(mid);
  message.name = request.name;
  message.data = request.data.bytes();
  message.data_encoding = request.data.kind();
  message.from = request.who->name;
  message.timeout = request.remaining;
  message.stream = request.stream;
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

void session_table::send_credit(session_id to, std::uint64_t mid, std::uint64_t bytes) {
  auto* which = find(to);
  if (which == nullptr) return;
  client_message message;
  message.what = client_message::kind::credit;
  message.mid = transport::message_id::from_uint(mid);
  message.bytes = bytes;
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

bool session_table::send_event(std::uint64_t subscription, const event& what, std::uint64_t number) {
  auto* which = find(session_of(subscription));
  if (which == nullptr || !which->admitted) return false;
  if (std::exchange(which->event_seen, number) == number) return true;  // Another of its patterns.
  const auto how = which->wire.encoding();
  auto& encoded = event_frames_[static_cast<std::size_t>(how)];
  if (encoded.of != &what) {  // A listener may emit while another event is being delivered.
    encoded.of = &what;
    encoded.frame.clear();
    encoded.ok = append_client_frame(codec_, event_message(what), how, payload_scratch_, encoded.frame).ok();
  }
  if (!encoded.ok) return false;
  const bool full = which->wire.output_bytes() > limits_.output_bytes_soft || !which->overflow.waiting.empty();
  if (full) return wait(*which, subscription & UINT32_MAX, what, encoded.frame);
  if (!which->overflow.skipped.empty()) say_skipped(*which, what.topic);
  if (!which->wire.send_encoded(encoded.frame)) return false;
  mark_dirty(*which);
  check_hard_limit(*which);
  return true;
}

void session_table::send_gap(std::uint64_t subscription, const event_gap& what) {
  auto* which = find(session_of(subscription));
  if (which == nullptr || !which->admitted) return;
  client_message message;
  message.what = client_message::kind::gap;
  message.name = what.topic;
  message.from = what.origin_name;
  message.epoch = what.epoch;
  message.sequence = what.from;
  if (what.to != 0) message.until = what.to;
  message.why = what.why;
  if (which->overflow.waiting.empty()) return send(*which, message);
  client_overflow::waiting_event behind;  // What waits was before it.
  if (!append_client_frame(codec_, message, which->wire.encoding(), payload_scratch_, behind.frame)) return;
  which->overflow.bytes += behind.frame.size();
  which->overflow.waiting.push_back(std::move(behind));
}

// --- what a session does not take fast enough

bool session_table::wait(client_row& which, std::size_t place, const event& what, byte_span frame) {
  auto& all = which.overflow;
  const auto policy = place < which.subscribed.size() ? which.subscribed[place].overflow : overflow_policy::drop_oldest;
  if (policy == overflow_policy::disconnect) {
    which.too_slow = true;
    mark_dirty(which);
    return false;
  }
  if (policy == overflow_policy::drop_newest) {
    note_skipped(which, what.topic, what.origin_name, what.epoch, what.sequence);
    return false;
  }
  if (policy == overflow_policy::keep_latest) {
    const auto before = std::find_if(all.waiting.begin(), all.waiting.end(),
                                     [&](const auto& each) { return each.place == place && each.topic == what.topic; });
    if (before != all.waiting.end()) let_go(which, before);
  }
  all.bytes += frame.size();
  all.waiting.push_back({place, std::string(what.topic), std::string(what.origin_name), what.epoch, what.sequence,
                         byte_buffer(frame.begin(), frame.end())});
  while (all.bytes > limits_.overflow_bytes_max && !all.waiting.empty()) let_go(which, all.waiting.begin());
  return true;
}

void session_table::let_go(client_row& which, std::list<client_overflow::waiting_event>::iterator dropped) {
  which.overflow.bytes -= dropped->frame.size();
  if (!dropped->topic.empty()) {
    ++counts_.events_dropped;
    note_skipped(which, dropped->topic, dropped->origin, dropped->epoch, dropped->sequence);
  }
  which.overflow.waiting.erase(dropped);
}

// Runs are told as one; if there are too many streams, the last one's run grows beyond what it lost.
void session_table::note_skipped(client_row& which, std::string_view topic, std::string_view origin, incarnation epoch,
                                 std::uint64_t sequence) {
  auto& all = which.overflow.skipped;
  const auto known = std::find_if(all.begin(), all.end(), [&](const auto& each) {
    return each.topic == topic && each.origin == origin && each.epoch == epoch;
  });
  if (known != all.end()) {
    known->to = std::max(known->to, sequence);
  } else if (all.size() < skipped_streams_max) {
    all.push_back({std::string(topic), std::string(origin), epoch, sequence, sequence});
  }
}

void session_table::say_skipped(client_row& which, std::string_view topic) {
  for (auto each = which.overflow.skipped.begin(); each != which.overflow.skipped.end();) {
    if (!topic.empty() && each->topic != topic) {
      ++each;
      continue;
    }
    client_message message;
    message.what = client_message::kind::gap;
    message.name = each->topic;
    message.from = each->origin;
    message.epoch = each->epoch;
    message.sequence = each->from;
    message.until = each->to;
    message.why = gap_cause::skipped;
    send(which, message);
    each = which.overflow.skipped.erase(each);
  }
}

void session_table::refill(client_row& which) {
  auto& all = which.overflow;
  if (all.waiting.empty() && all.skipped.empty()) return;
  while (!all.waiting.empty() && which.wire.output_bytes() <= limits_.output_bytes_soft) {
    auto& next = all.waiting.front();
    if (!next.topic.empty()) say_skipped(which, next.topic);
    all.bytes -= next.frame.size();
    (void)which.wire.send_encoded(next.frame);  // A closed session takes nothing, and needs nothing.
    all.waiting.pop_front();
    mark_dirty(which);
  }
  if (all.waiting.empty() && which.wire.output_bytes() <= limits_.output_bytes_soft) say_skipped(which, {});
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
