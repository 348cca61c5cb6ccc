// SPDX-License-Identifier: MIT
#include "mesh/record_exchange.hpp"

#include "mesh/record_schema.hpp"

#include <algorithm>
#include <iterator>
#include <tuple>
#include <utility>

namespace askr::mesh {
namespace {

constexpr link_number no_link = UINT64_MAX;
constexpr std::size_t rows_kept = 64;  // The memory of more is given back: a newcomer is told of all once.

std::vector<record_row> up_rows(std::span<const record_view::row> rows) {
  std::vector<record_row> up;
  for (const auto& each : rows) {
    if (each.up) up.push_back(each.record->row());
  }
  return up;
}

constexpr auto by_number = [](const auto& each, link_number number) { return each.number < number; };

}  // namespace

record_exchange::record_exchange(record_view& view, const exchange_options& options) : view_(view), options_(options) {}

// --- links

record_exchange::link_state* record_exchange::find(link_number link) noexcept {
  const auto place = std::lower_bound(links_.begin(), links_.end(), link, by_number);
  return place == links_.end() || place->number != link ? nullptr : &*place;
}

bool record_exchange::is_new(link_number link) const noexcept {
  const auto place = std::lower_bound(links_.begin(), links_.end(), link, by_number);
  return place != links_.end() && place->number == link && place->is_new;
}

void record_exchange::on_link_up(time_point now, link_number link, const node_id& peer, bool leads) {
  on_link_down(link);
  const auto place = std::lower_bound(links_.begin(), links_.end(), link, by_number);
  auto& state = *links_.insert(place, link_state{});
  state.number = link;
  state.peer = peer;
  state.leads = leads;
  if (const auto record = view_.find(peer)) note_record(record);
  news_ = true;
  if (leads) repair(now, link, state);
}

void record_exchange::on_link_down(link_number link) {
  if (find(link) == nullptr) return;
  links_.erase(std::lower_bound(links_.begin(), links_.end(), link, by_number));
  std::erase_if(out_, [&](const exchange_message& each) { return each.to == link; });
  for (auto& [id, pull] : pulls_) {
    if (pull.also == link) pull.also.reset();
  }
  ask_others([&](const pull_state& pull) { return pull.from == link; });
}

// --- repair

void record_exchange::repair(time_point now, link_number link, link_state& state) {
  state.repaired_at = now;
  if (view_.up_count() <= options_.small_view_max) return send_rows(link, std::bitset<256>().set());
  out_.push_back({link, view_summary{view_.digest().root(), view_.digest().buckets()}});
}

void record_exchange::on_heard_root(time_point now, link_number from, const digest& root) {
  auto* found = find(from);
  if (found == nullptr) return;
  auto& state = *found;
  if (root == view_.digest().root()) return state.differs_since.reset();
  if (!state.differs_since) state.differs_since = now;
  const bool lasting = now - *state.differs_since >= options_.mismatch_patience;
  const bool rested = !state.repaired_at || now - *state.repaired_at >= options_.repair_pause;
  if (state.leads && lasting && rested) repair(now, from, state);
}

void record_exchange::on_summary(link_number from, const view_summary& summary) {
  if (find(from) == nullptr) return;
  std::bitset<256> differing;
  for (std::size_t i = 0; i < differing.size(); ++i) differing[i] = summary.buckets[i] != view_.digest().buckets()[i];
  if (differing.any()) send_rows(from, differing);
}

// Cut between buckets, so that each message can say for which of them it tells all.
void record_exchange::send_rows(link_number to, const std::bitset<256>& buckets) {
  view_rows message;
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    if (!buckets[i]) continue;
    auto rows = up_rows(view_.bucket(static_cast<std::uint8_t>(i)));
    const bool all = rows.size() <= options_.rows_per_message_max;
    if (!all) rows.resize(options_.rows_per_message_max);
    if (message.rows.size() + rows.size() > options_.rows_per_message_max) {
      out_.push_back({to, std::exchange(message, {})});
    }
    message.complete[i] = all;
    message.rows.insert(message.rows.end(), rows.begin(), rows.end());
  }
  out_.push_back({to, std::move(message)});
}

void record_exchange::on_rows(link_number from, const view_rows& offered) {
  auto* found = find(from);
  if (found == nullptr) return;
  for (const auto& row : offered.rows) {
    if (is_news(row)) {
      want(from, row);
    } else {
      note_confirmed(row);
      correct(from, row);
    }
  }
  if (offered.complete.any()) offer_what_is_newer(*found, offered);
}

void record_exchange::offer_what_is_newer(link_state& to, const view_rows& known_there) {
  auto there = known_there.rows;
  std::sort(there.begin(), there.end());
  for (std::size_t i = 0; i < known_there.complete.size(); ++i) {
    if (!known_there.complete[i]) continue;
    for (const auto& row : up_rows(view_.bucket(static_cast<std::uint8_t>(i)))) {
      const auto match = std::lower_bound(there.begin(), there.end(), row);  // The same, newer, or another node's.
      if (match == there.end() || match->id != row.id) to.offers.push_back(row);
    }
  }
  news_ = true;
}

void record_exchange::on_pull(link_number from, std::span<const node_id> ids) {
  if (find(from) == nullptr) return;
  for (const auto& id : ids) {
    if (auto record = view_.find(id)) out_.push_back({from, std::move(record)});
  }
}

// --- pulls

bool record_exchange::is_news(const record_row& row) const noexcept {
  if (const auto known = view_.find(row.id)) return row.stamp > known->stamp();
  const auto* gone = view_.find_lost(row.id);
  return gone == nullptr || !gone->is_later_than(row.stamp);
}

void record_exchange::note_confirmed(const record_row& row) {
  const auto* known = view_.peek(row.id);
  if (known != nullptr && known->stamp() == row.stamp && !view_.is_up(row.id)) confirmed_.push_back(row.id);
}

// Who believes in a life that is behind one that was lost here has met a node whose clock went back.
void record_exchange::correct(link_number from, const record_row& row) {
  const auto* gone = view_.find_lost(row.id);
  if (gone != nullptr && gone->last.stamp.life > row.stamp.life) out_.push_back({from, gone->last});
}

void record_exchange::want(link_number from, const record_row& row) {
  const auto known = pulls_.find(row.id);
  if (known == pulls_.end()) {
    if (pulls_.size() >= options_.pulls_max) return;
    auto& pull = pulls_[row.id];
    pull.stamp = row.stamp;
    return ask(from, row.id, pull);
  }
  // Who was asked tells the newest it has when it answers: often this one.
  auto& pull = known->second;
  if (row.stamp < pull.stamp) return;
  pull.stamp = row.stamp;
  if (from != pull.from) pull.also = from;
}

void record_exchange::ask(link_number from, const node_id& id, pull_state& pull) {
  release(pull);
  if (pull.also == from) pull.also.reset();
  pull.from = from;
  if (auto* link = find(from)) link->pulls.push_back(id);
  news_ = true;
}

// It counts no longer as asked for.
void record_exchange::release(pull_state& pull) {
  if (!std::exchange(pull.sent, false)) return;
  pull.due = time_point::max();
  if (auto* asked = find(pull.from)) --asked->asked;
  news_ = true;  // There may be room for another.
}

// Where nobody else is known to have it, the pull is given up: the next offer or repair starts it again.
template <class Failed>
void record_exchange::ask_others(Failed failed) {
  for (auto each = pulls_.begin(); each != pulls_.end();) {
    auto& [id, pull] = *each;
    const bool over = failed(pull);
    const bool last_try = over && !pull.also;
    if (last_try) release(pull);
    if (over && !last_try) ask(link_number(*pull.also), id, pull);
    each = last_try ? pulls_.erase(each) : std::next(each);
  }
}

// `answered_by`: the link that sent the whole record, which is what a pull asks for.
void record_exchange::pull_done(const node_id& id, std::optional<link_number> answered_by) {
  const auto found = pulls_.find(id);
  if (found == pulls_.end()) return;
  auto& pull = found->second;
  const auto known = view_.find(id);
  if (id == view_.self() || (known && known->stamp() >= pull.stamp)) {
    release(pull);
    pulls_.erase(found);
  } else if (pull.also) {
    ask(link_number(*pull.also), id, pull);
  } else if (answered_by == pull.from) {
    ask(pull.from, id, pull);  // It has become newer on the way.
  }
}

void record_exchange::on_timeout(time_point now) {
  if (now < next_due_) return;
  ask_others([&](const pull_state& pull) { return pull.due <= now; });
  next_due_ = time_point::max();
  for (const auto& [id, pull] : pulls_) next_due_ = std::min(next_due_, pull.due);
}

// --- flood

result<delta_outcome> record_exchange::on_delta(time_point now, link_number from, const record_delta& delta) {
  auto taken = view_.accept(now, delta);
  if (!taken) return taken.error();
  delta_outcome outcome{std::move(*taken), {}};
  switch (outcome.intake.what) {
    case intake::merged:
      note_record(outcome.intake.record);
      pull_done(delta.id, delta.whole() ? std::optional(from) : std::nullopt);
      if (!delta.whole()) {
        outcome.forward_to = uninformed(*outcome.intake.record, from);
      } else if (view_.is_up(delta.id)) {
        offer(*outcome.intake.record, from);
      }
      break;
    case intake::incomplete:
      if (find(from) != nullptr) want(from, {delta.id, delta.stamp});
      break;
    case intake::known:
      note_confirmed({delta.id, delta.stamp});
      if (find(from) != nullptr) correct(from, {delta.id, delta.stamp});
      break;
    case intake::outlived:
      for (const auto& each : links_) {
        if (each.number != from) outcome.forward_to.push_back(each.number);
      }
      break;
    case intake::newer_self:
      pull_done(delta.id, std::nullopt);
      break;
  }
  return outcome;
}

void record_exchange::set_up(time_point now, const node_id& id, bool up) {
  if (view_.set_up(now, id, up) && up) offer(*view_.find(id), no_link);
}

void record_exchange::publish(time_point now, signed_record_ptr record) {
  own_feeders_ = feeders(*record);
  ring_version_ = 0;
  view_.publish(now, std::move(record));
}

void record_exchange::note_record(const signed_record_ptr& record) {
  for (auto& each : links_) {
    if (each.peer != record->id()) continue;
    each.record = record;
    each.fed_by = feeders(*record);
    each.ring_version = 0;
  }
}

bool record_exchange::is_on_ring(const node_id& id, const feeders& fed_by) const noexcept {
  const auto [after, before] = view_.ring_neighbours(id);
  return fed_by.are_next_to_it(after, before);
}

// What was computed of a peer stands until its record or the ring changes.
bool record_exchange::feeds(link_state& peer) {
  if (!peer.record || peer.fed_by.contains(view_.self())) return true;
  const auto version = view_.up_version();
  if (std::exchange(ring_version_, version) != version) on_ring_ = is_on_ring(view_.self(), own_feeders_);
  if (!on_ring_) return true;
  if (std::exchange(peer.ring_version, version) != version) peer.on_ring = is_on_ring(peer.peer, peer.fed_by);
  return !peer.on_ring;
}

std::vector<link_number> record_exchange::uninformed(const signed_record& record, link_number from) {
  const auto* sender = find(from);
  std::vector<link_number> out;
  for (auto& each : links_) {
    if (each.number == from || each.peer == record.id() || !feeds(each)) continue;
    const bool by_sender = sender != nullptr && sender->record && each.record && each.fed_by.contains(sender->peer) &&
                           linked(*sender->record, *each.record);
    if (!by_sender && !(each.record && linked(record, *each.record))) out.push_back(each.number);
  }
  return out;
}

void record_exchange::offer(const signed_record& record, link_number from) {
  for (const auto link : uninformed(record, from)) find(link)->offers.push_back(record.row());
  news_ = true;
}

// --- what leaves

std::vector<exchange_message> record_exchange::take_messages(time_point now) {
  news_ = false;
  const auto own = view_.find(view_.self());
  for (auto& each : links_) {
    if (own && std::exchange(each.is_new, false)) out_.insert(out_.begin(), {each.number, own});
    send_offers(each.number, each);
    send_pulls(now, each.number, each);
  }
  return std::exchange(out_, {});
}

void record_exchange::send_offers(link_number to, link_state& state) {
  auto& rows = state.offers;
  std::sort(rows.begin(), rows.end());
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  for (std::span<const record_row> left(rows); !left.empty();) {
    const auto some = left.first(std::min(left.size(), options_.rows_per_message_max));
    out_.push_back({to, view_rows{{}, {some.begin(), some.end()}}});
    left = left.subspan(some.size());
  }
  rows.clear();
  if (rows.capacity() > rows_kept) rows.shrink_to_fit();
}

void record_exchange::send_pulls(time_point now, link_number to, link_state& state) {
  record_pull message;
  auto next = state.pulls.begin();
  for (; next != state.pulls.end() && state.asked < options_.pulls_per_link_max; ++next) {
    const auto wanted = pulls_.find(*next);
    if (wanted == pulls_.end() || wanted->second.from != to || wanted->second.sent) continue;
    wanted->second.sent = true;
    wanted->second.due = now + options_.pull_patience;
    next_due_ = std::min(next_due_, wanted->second.due);
    ++state.asked;
    message.ids.push_back(*next);
  }
  state.pulls.erase(state.pulls.begin(), next);
  if (!message.ids.empty()) out_.push_back({to, std::move(message)});
}

std::vector<node_id> record_exchange::disagreeing(time_point now) const {
  std::vector<node_id> peers;
  for (const auto& each : links_) {
    if (each.differs_since && now - *each.differs_since >= options_.alarm_after) peers.push_back(each.peer);
  }
  return peers;
}

}  // namespace askr::mesh
