// SPDX-License-Identifier: MIT
#include "transport/outbox.hpp"

#include "transport/compression.hpp"
#include "transport/msgpack_writer.hpp"
#include "transport/record_codec.hpp"
#include "transport/wire_codec.hpp"

#include <askr/assert.hpp>

#include <algorithm>
#include <cstring>

namespace askr::transport {
namespace {

// A chunk's own fields, or all of an event but its payload.
constexpr std::size_t lane_reserve_bytes = 512;
constexpr std::size_t lane_bytes_kept = 64 << 10;
constexpr std::uint32_t quiet_trims_max = 16;

std::size_t framed_bytes(const std::uint8_t* message) noexcept {
  return message_head_bytes + (static_cast<std::size_t>(message[0]) << 8 | message[1]);
}

std::size_t heads_that_fit(std::span<const topic_head> rows) noexcept {
  constexpr std::size_t row_bytes = 16;
  std::size_t fit = 0;
  for (std::size_t bytes = 0; fit < std::min(rows.size(), heads_max); ++fit) {
    bytes += rows[fit].topic.size() + row_bytes;
    if (bytes > heads_bytes_max && fit > 0) break;
  }
  return fit;
}

}  // namespace

// ---- a lane

byte_buffer& outbox::lane::begin() {
  if (head_ == bytes_.size()) {
    bytes_.clear();
    head_ = 0;
  } else if (head_ > bytes_.size() / 2) {  // Moves less than what was taken since the last time: linear in all.
    bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(head_));
    head_ = 0;
  }
  message_ = bytes_.size();
  grow(bytes_, message_head_bytes);
  return bytes_;
}

void outbox::lane::end() {
  const std::size_t body_bytes = bytes_.size() - message_ - message_head_bytes;
  ASKR_ASSERT(body_bytes <= message_body_bytes_max);
  store_be(bytes_.data() + message_, static_cast<std::uint16_t>(body_bytes));
  peak_ = std::max(peak_, bytes_.size());
}

byte_span outbox::lane::take(std::size_t bytes_max) {
  const byte_span waiting = byte_span(bytes_).subspan(head_);
  std::size_t bytes = waiting.size();
  if (bytes > bytes_max) {
    std::size_t next = 0;
    do {
      bytes = next;
      next += framed_bytes(waiting.data() + bytes);
    } while (next <= bytes_max);
  }
  head_ += bytes;
  return waiting.first(bytes);
}

void outbox::lane::trim() {
  const bool quiet = bytes_.capacity() > lane_bytes_kept && peak_ < bytes_.capacity() / 4;
  quiet_trims_ = quiet ? quiet_trims_ + 1 : 0;
  peak_ = 0;
  if (quiet_trims_ < quiet_trims_max) return;
  bytes_ = byte_buffer();
  head_ = 0;
}

// ---- appending

outbox::outbox(const outbox_options& options, compressor* compressor) : options_(options), compressor_(compressor) {
  ASKR_ASSERT(options.chunk_bytes >= 1 && options.chunk_bytes <= chunk_bytes_max);
  ASKR_ASSERT(options.bytes_soft <= options.bytes_hard);
}

std::size_t outbox::queued_bytes() const noexcept {
  std::size_t bytes = 0;
  for (const auto& each : lanes_) bytes += each.size();
  return bytes;
}

// The frame lies in the compressor until its next use, which is after it has been copied to a lane.
wire_payload outbox::squeezed(const wire_payload& payload, bool secret) {
  const bool wanted = options_.compression == compression_mode::always ||
                      (options_.compression == compression_mode::adaptive && bottleneck_);
  if (!wanted || secret || payload.compressed || compressor_ == nullptr) return payload;
  if (payload.bytes.size() < options_.compression_bytes_min) return payload;
  const auto frame = compressor_->compress(payload.bytes);
  return frame ? wire_payload{*frame, payload.kind, true} : payload;
}

bool outbox::admit_essential() {
  if (queued_bytes() > options_.bytes_hard) overflowed_ = true;
  return !overflowed_;
}

template <class Message, class... Name>
void outbox::append_with_payload(lane& to, const Message& message, const Name&... name) {
  const byte_span payload = message.payload.bytes;
  if (is_large(message.payload)) {
    head_.clear();
    write_head(head_, message, name...);
    return append_chunks(to, head_, payload);
  }
  auto& out = to.begin();
  write_head(out, message, name...);
  write_raw(out, payload);
  to.end();
}

// Cuts the body front || back, which lies nowhere in one piece.
void outbox::append_chunks(lane& to, byte_span front, byte_span back) {
  const auto transfer = transfers_++;
  while (!front.empty() || !back.empty()) {
    const auto from_front = front.first(std::min(front.size(), options_.chunk_bytes));
    const auto from_back = back.first(std::min(back.size(), options_.chunk_bytes - from_front.size()));
    front = front.subspan(from_front.size());
    back = back.subspan(from_back.size());
    auto& out = to.begin();
    write_chunk_head(out, transfer, front.empty() && back.empty(), from_front.size() + from_back.size());
    write_raw(out, from_front);
    write_raw(out, from_back);
    to.end();
  }
}

admission outbox::append_command(const sent_command& message) {
  ASKR_ASSERT(!message.name.empty() && message.name.size() <= name_bytes_max);
  if (message.payload.bytes.size() > options_.message_bytes_max) return admission::too_large;
  if (above_soft()) return admission::overloaded;
  sent_command packed = message;
  packed.payload = squeezed(message.payload, message.secret);
  // Bulk travels outside the order in which the command lane defines its numbers.
  if (is_large(packed.payload)) {
    append_with_payload(lanes_[bulk], packed, interned_name{.text = message.name});
  } else {
    append_with_payload(lanes_[command], packed, commands_.intern(message.name));
  }
  return admission::queued;
}

template <class Event>
admission outbox::append_droppable(const Event& message) {
  ASKR_ASSERT(!message.topic.empty() && message.topic.size() <= name_bytes_max);
  if (message.payload.bytes.size() > options_.message_bytes_max) return admission::too_large;
  if (above_soft()) return ++events_dropped_, admission::overloaded;
  Event packed = message;
  packed.payload = squeezed(message.payload, message.secret);
  append_with_payload(lanes_[event], packed, topics_.intern(message.topic));
  return admission::queued;
}

admission outbox::append_event(const sent_event& message) { return append_droppable(message); }
admission outbox::append_relayed_event(const relayed_event& message) { return append_droppable(message); }
admission outbox::append_past_event(const past_event& message) { return append_droppable(message); }

template <class Message>
admission outbox::append_about_events(const Message& message) {
  if (!admit_essential()) return admission::overloaded;
  write_message(lanes_[event].begin(), message);
  lanes_[event].end();
  return admission::queued;
}

admission outbox::append_skipped(const skipped_message& skipped) { return append_about_events(skipped); }
admission outbox::append_gap(const gap_message& gap) { return append_about_events(gap); }

admission outbox::append_pull(const pull_message& pull) {
  head_.clear();
  write_message(head_, pull);
  return append_control(head_);
}

admission outbox::append_heads(std::span<const topic_head> last) {
  auto admitted = admission::queued;
  while (!last.empty() && admitted == admission::queued) {
    const auto rows = heads_that_fit(last);
    admitted = append_about_events(heads_message{last.first(rows)});
    last = last.subspan(rows);
  }
  return admitted;
}

admission outbox::append_interest_applied(std::uint64_t interest, std::span<const topic_head> next) {
  auto admitted = admission::queued;
  do {
    const auto rows = heads_that_fit(next);
    admitted = append_about_events(interest_applied_message{interest, rows == next.size(), next.first(rows)});
    next = next.subspan(rows);
  } while (!next.empty() && admitted == admission::queued);
  return admitted;
}

admission outbox::append_reply(const reply_message& message) {
  if (message.payload.bytes.size() > options_.message_bytes_max) {
    return append_reply(reply_message::failed(message.mid, errc::too_large, "the reply is too large", true));
  }
  if (is_large(message.payload) && above_soft()) {
    return append_reply(reply_message::failed(message.mid, errc::overloaded, "no room for so large a reply", true));
  }
  if (!admit_essential()) return admission::overloaded;
  reply_message packed = message;
  packed.payload = squeezed(message.payload, message.secret);
  append_with_payload(lanes_[is_large(packed.payload) && !packed.behind_parts ? bulk : reply], packed);
  return admission::queued;
}

// Its command may wait in either lane: to be sure it goes behind both. A second one finds nothing to cancel.
admission outbox::append_cancel(std::uint64_t mid) {
  if (!admit_essential()) return admission::overloaded;
  const auto append_to = [mid](lane& to) {
    write_cancel(to.begin(), mid);
    to.end();
  };
  append_to(lanes_[command]);
  if (lanes_[bulk].size() > 0) append_to(lanes_[bulk]);
  return admission::queued;
}

admission outbox::append_part(const part_message& part) {
  if (part.payload.bytes.size() > options_.message_bytes_max) return admission::too_large;
  if (!admit_essential()) return admission::overloaded;
  part_message packed = part;
  packed.payload = squeezed(part.payload, part.secret);
  append_with_payload(lanes_[reply], packed);
  return admission::queued;
}

admission outbox::append_credit(const credit_message& credit) {
  if (!admit_essential()) return admission::overloaded;
  write_message(lanes_[command].begin(), credit);
  lanes_[command].end();
  return admission::queued;
}

// A record that has grown large goes in chunks: versions, not order, decide between records.
admission outbox::append_control(byte_span body) {
  if (!admit_essential()) return admission::overloaded;
  if (body.size() > options_.chunk_bytes) {
    append_chunks(lanes_[bulk], body, {});
  } else {
    write_raw(lanes_[control].begin(), body);
    lanes_[control].end();
  }
  return admission::queued;
}

admission outbox::append_routed(byte_span body) {
  if (above_soft()) return admission::overloaded;
  write_raw(lanes_[command].begin(), body);
  lanes_[command].end();
  return admission::queued;
}

admission outbox::append_ping(const ping_message& ping) {
  head_.clear();
  write_message(head_, ping);
  return append_control(head_);
}

admission outbox::append_observed(std::string_view endpoint) {
  head_.clear();
  write_observed(head_, endpoint);
  return append_control(head_);
}

admission outbox::append_link_wanted(bool wanted) {
  head_.clear();
  write_link_wanted(head_, wanted);
  return append_control(head_);
}

void outbox::append_bye(const bye_message& bye) {
  write_message(lanes_[farewell].begin(), bye);
  lanes_[farewell].end();
}

// ---- draining

byte_span outbox::next_record(byte_buffer& scratch) {
  std::size_t waiting = 0;
  lane* only = nullptr;
  for (auto& each : lanes_) {
    if (each.size() == 0) continue;
    only = &each;
    ++waiting;
  }
  if (waiting == 0) {
    for (auto& each : lanes_) each.trim();
    return {};
  }
  ++records_;
  return waiting == 1 ? only->take(options_.record_bytes) : gather(scratch);
}

byte_span outbox::gather(byte_buffer& scratch) {
  scratch.clear();
  const std::size_t share = options_.chunk_bytes + lane_reserve_bytes;
  std::size_t kept = 0;  // For the lanes below the present one.
  for (const auto low : {event, bulk}) kept += std::min(share, lanes_[low].size());
  const auto take_from = [&](lane_index from) {
    write_raw(scratch, lanes_[from].take(options_.record_bytes - kept - scratch.size()));
  };
  take_from(control);
  // Replies pass before commands, except in every second record, so that neither starves the other.
  const bool replies_first = records_ % 2 != 0;
  take_from(replies_first ? reply : command);
  take_from(replies_first ? command : reply);
  kept = std::min(share, lanes_[bulk].size());
  take_from(event);
  // One chunk of bulk and no more, so that what comes next turn finds the link free soon.
  write_raw(scratch, lanes_[bulk].take(std::min(kept, options_.record_bytes - scratch.size())));
  kept = 0;
  if (queued_bytes() == lanes_[farewell].size()) take_from(farewell);
  return scratch;
}

}  // namespace askr::transport
