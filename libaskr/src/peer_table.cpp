// SPDX-License-Identifier: MIT
#include "libaskr/src/peer_table.hpp"

#include "libaskr/src/dispatcher.hpp"

#include <askr/assert.hpp>

#include <utility>

namespace askr {
namespace {

using transport::admission;

// Of a far peer each record must fit into one envelope, which is one message of the link that it goes by.
constexpr std::size_t far_chunk_bytes = 4'096;
constexpr std::size_t far_record_bytes = 16'000;

transport::outbox_options outbox_options_of(const link_limits& limits, bool far) {
  transport::outbox_options made{.bytes_soft = limits.outbox_bytes_soft,
                                 .bytes_hard = limits.outbox_bytes_hard,
                                 .message_bytes_max = limits.message_bytes_max,
                                 .compression_bytes_min = limits.compression_bytes_min,
                                 .compression = limits.compression};
  if (far) made.chunk_bytes = far_chunk_bytes, made.record_bytes = far_record_bytes;
  return made;
}

transport::wire_payload to_wire(payload_view data) { return {.bytes = data.bytes(), .kind = data.kind()}; }

result<void> to_result(admission admitted, std::string_view name) {
  switch (admitted) {
    case admission::queued:
      return {};
    case admission::overloaded:
      return error{errc::overloaded, "the link to " + std::string(name) + " is full"};
    case admission::too_large:
      break;
  }
  return error{errc::too_large, "the payload is above links.message_bytes_max"};
}

}  // namespace

peer::peer(link_id number, const link_limits& limits, transport::compressor& compressor,
           transport::decompressor& decompressor, bool is_far)
    : id(number),
      out(outbox_options_of(limits, is_far), &compressor),
      in(decompressor, {.message_bytes_max = limits.message_bytes_max}),
      far(is_far) {}

peer& peer_table::add() {
  return peers_.add(std::make_unique<peer>(peers_.next_id(), limits_, compressor_, decompressor_, false));
}

peer& peer_table::add_far(const node_id& node) {
  auto& made = peers_.add(std::make_unique<peer>(peers_.next_id(), limits_, compressor_, decompressor_, true));
  made.node = node;
  far_[node] = made.id;
  return made;
}

void peer_table::forget_far(const peer& which) {
  const auto found = far_.find(which.node);
  if (found == far_.end() || found->second != which.id) return;
  far_.erase(found);
  ++far_lost_;
}

link_id peer_table::far_to(const node_id& node) const noexcept {
  const auto found = far_.find(node);
  return found == far_.end() ? no_link : found->second;
}

peer& peer_table::at(link_id id) noexcept {
  auto* which = find(id);
  ASKR_ASSERT(which != nullptr);
  return *which;
}

void peer_table::erase(link_id id) {
  const auto* which = find(id);
  if (which == nullptr) return;
  if (which->far) {
    forget_far(*which);
    --far_lost_;
    return peers_.erase(id);
  }
  forget_current(*which);
  peers_.erase(id);
}

void peer_table::forget_current(const peer& which) {
  const auto current = current_.find(which.node);
  if (current != current_.end() && current->second == which.id) current_.erase(current);
}

link_id peer_table::link_to(const node_id& node) const noexcept {
  const auto found = current_.find(node);
  return found == current_.end() ? no_link : found->second;
}

result<void> peer_table::send_command(peer& to, std::uint64_t mid, const command_request& request) {
  const bool for_client = request.who->what == principal::kind::client;
  const transport::sent_principal asker{.name = request.who->name, .roles = request.who->roles};
  const auto admitted = to.out.append_command({.mid = mid,
                                               .name = request.name,
                                               .remaining = request.remaining,
                                               .depth = request.depth,
                                               .idempotent = request.idempotent,
                                               .stream = request.stream,
                                               .asked_by = for_client ? &asker : nullptr,
                                               .payload = to_wire(request.data)});
  mark_dirty(to);
  return to_result(admitted, to.name);
}

void peer_table::send_cancel(link_id to, std::uint64_t mid) {
  auto* which = find(to);
  if (which == nullptr) return;
  (void)which->out.append_cancel(mid);  // Refused only if the link is about to close, which cancels everything.
  mark_dirty(*which);
}

void peer_table::send_reply(link_id to, std::uint64_t mid, const result<payload_view>& outcome, bool maybe_executed,
                            bool behind_parts) {
  auto* which = find(to);
  if (which == nullptr) return;
  auto message = outcome
                     ? transport::reply_message{.mid = mid, .payload = to_wire(*outcome)}
                     : transport::reply_message::failed(mid, outcome.code(), outcome.error().detail, maybe_executed);
  message.behind_parts = behind_parts;
  (void)which->out.append_reply(message);  // The outbox says overflowed() if that failed, and the link closes.
  mark_dirty(*which);
}

result<void> peer_table::send_part(link_id to, std::uint64_t mid, std::uint64_t number, payload_view part) {
  auto* which = find(to);
  if (which == nullptr) return {};
  const auto admitted = which->out.append_part({.mid = mid, .number = number, .payload = to_wire(part)});
  mark_dirty(*which);
  return to_result(admitted, which->name);
}

void peer_table::send_credit(link_id to, std::uint64_t mid, std::uint32_t bytes) {
  auto* which = find(to);
  if (which == nullptr) return;
  (void)which->out.append_credit({.mid = mid, .bytes = bytes});  // As with cancel.
  mark_dirty(*which);
}

bool peer_table::is_slow(link_id which) noexcept {
  auto* found = find(which);
  return found != nullptr && found->out.above_soft();
}

bool peer_table::send_event(link_id to, const event& what) {
  auto* which = find(to);
  if (which == nullptr) return false;
  const auto admitted =
      which->out.append_event({.topic = what.topic, .sequence = what.sequence, .payload = to_wire(what.data)});
  mark_dirty(*which);
  return admitted == admission::queued;
}

bool peer_table::relay_event(link_id to, const event& what, std::uint8_t hops_left) {
  auto* which = find(to);
  if (which == nullptr) return false;
  const auto admitted = which->out.append_relayed_event({.origin = what.origin,
                                                         .life = what.epoch,
                                                         .topic = what.topic,
                                                         .sequence = what.sequence,
                                                         .hops_left = hops_left,
                                                         .payload = to_wire(what.data)});
  mark_dirty(*which);
  return admitted == admission::queued;
}

void peer_table::mark_dirty(peer& which) {
  if (which.dirty) return;
  which.dirty = true;
  (which.far ? dirty_far_ : dirty_).push_back(which.id);
}

void peer_table::take(std::vector<link_id>& dirty, std::vector<link_id>& taken) {
  taken.clear();
  taken.swap(dirty);
  for (const auto id : taken) {
    if (auto* which = find(id)) which->dirty = false;
  }
}

}  // namespace askr
