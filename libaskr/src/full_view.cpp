// SPDX-License-Identifier: MIT
#include "libaskr/src/full_view.hpp"

#include "libaskr/src/record_wire.hpp"
#include "mesh/record_schema.hpp"

#include <algorithm>

namespace askr {
namespace {

constexpr duration believed_unseen = seconds(5);
constexpr duration unseen_checked_every = seconds(1);

principal plain_member(const node_id& id, std::string_view name) {
  principal who;
  who.what = principal::kind::node;
  who.name = name;
  who.entry = id;
  who.rights = permissions::member();
  return who;
}

bool is_plain_member(const principal& who, const node_id& id, std::string_view name) {
  return who.what == principal::kind::node && who.name == name && who.entry == id && who.roles.empty() &&
         who.expires == 0 && who.rights == permissions::member();
}

}  // namespace

full_view::full_view(const node_id& self, const core_keys& keys, peer_table& peers, mesh::directory& directory,
                     counters& counts)
    : peers_(peers),
      directory_(directory),
      counts_(counts),
      view_(self, keys.verifier, keys.memo),
      exchange_(view_),
      links_(self) {}

// --- links

void full_view::on_link_up(time_point now, const peer& to) {
  exchange_.on_link_up(now, to.id, to.node, view_.self() < to.node);
}

void full_view::on_link_down(link_id link) { exchange_.on_link_down(link); }

bool full_view::is_outdated(const node_id& id, incarnation life) const noexcept {
  const auto* known = view_.peek(id);
  if (known != nullptr) return known->stamp().life > life;
  const auto* gone = view_.find_lost(id);
  return gone != nullptr && gone->last.stamp.life > life;
}

void full_view::send_record(peer& to, const node_id& of) {
  auto record = view_.find(of);
  const auto* gone = view_.find_lost(of);
  if (!record && gone == nullptr) return;
  body_.clear();
  if (record && view_.is_up(of)) {
    write_message(body_, mesh::exchange_message{to.id, std::move(record)});
  } else {
    write_message(body_, mesh::exchange_message{to.id, record ? record->header() : gone->last});
  }
  append(to, body_);
}

void full_view::append(peer& to, byte_span body) {
  (void)to.out.append_control(body);  // Refused only by an outbox that closes the link.
  peers_.mark_dirty(to);
}

void full_view::send(const mesh::exchange_message& message) {
  auto* to = peers_.find(static_cast<link_id>(message.to));
  if (to == nullptr) return;
  body_.clear();
  write_message(body_, message);
  append(*to, body_);
}

void full_view::publish(time_point now, const mesh::publication& news) {
  exchange_.publish(now, news.record);
  directory_.merge(news.record->described());
  body_.clear();
  write_message(body_, news.delta());
  peers_.for_each([&](peer& each) {
    if (!each.retiring && !each.outdated && !exchange_.is_new(each.id)) append(each, body_);
  });
}

// --- what peers say

result<void> full_view::on_delta(time_point now, link_id from, const transport::record_delta_message& message) {
  const auto delta = from_wire(message);
  const auto outcome = exchange_.on_delta(now, from, delta);
  if (!outcome) {
    if (outcome.code() != errc::overloaded) return outcome.error();
    ++counts_.records_refused;
    return {};
  }
  believe_confirmed(now);
  if (outcome->intake.what == mesh::intake::newer_self) newer_self_ = {delta.stamp.life, !delta.has_entries()};
  if (outcome->intake.what == mesh::intake::outlived) outlived_.push_back(delta.id);
  if (!outcome->forward_to.empty()) {
    body_.clear();
    write_message(body_, delta);
    pass_on(now, outcome->forward_to);
  }
  if (outcome->intake.what == mesh::intake::merged) on_merged(now, outcome->intake);
  return {};
}

// One change of the mesh makes many nodes speak: in a large one their words travel together.
void full_view::pass_on(time_point now, const std::vector<mesh::link_number>& links) {
  for (const auto link : links) {
    auto* to = peers_.find(static_cast<link_id>(link));
    if (to == nullptr) continue;
    if (pace_.company == duration::zero()) {
      append(*to, body_);
    } else {
      (void)to->out.append_control(body_);  // As in append().
      waiting_.push_back(to->id);
      waiting_due_ = std::min(waiting_due_, now + pace_.company);
    }
  }
}

void full_view::send_waiting() {
  waiting_due_ = time_point::max();
  for (const auto link : std::exchange(waiting_, {})) {
    if (auto* to = peers_.find(link)) peers_.mark_dirty(*to);
  }
}

void full_view::on_merged(time_point now, const mesh::record_intake& taken) {
  const auto& record = *taken.record;
  believe(now, record);
  const bool same_life = taken.previous && taken.previous->stamp().life == record.stamp().life;
  if (!same_life) {
    view_.set_admitted(record.id(), false);
    principals_.erase(record.id());
  }
  // Who shows a new credential stays in until it is judged.
  if (!same_life || mesh::credential_of(*taken.previous) != mesh::credential_of(record)) claim(record);
  show(record.id());
}

void full_view::claim(const mesh::signed_record& record) {
  const auto& header = record.header();
  record_owner_claim made{.life = header.stamp.life, .shown = {}};
  made.shown.id = header.id;
  made.shown.noise_key = header.keys.noise;
  made.shown.sign_key = header.keys.sign;
  made.shown.name = record.described()->name;
  made.shown.credential = mesh::credential_of(record);
  judging_.insert(header.id);
  claims_.push_back(std::move(made));
}

void full_view::on_summary(link_id from, const transport::view_summary_message& message) {
  exchange_.on_summary(from, from_wire(message));
}

void full_view::on_rows(time_point now, link_id from, const transport::view_rows_message& message) {
  exchange_.on_rows(from, from_wire(message));
  believe_confirmed(now);
}

void full_view::on_pull(link_id from, const transport::id_list& message) {
  exchange_.on_pull(from, from_wire(message).ids);
}

void full_view::on_heard_root(time_point now, link_id from, const mesh::digest& root) {
  exchange_.on_heard_root(now, from, root);
}

// --- who counts

void full_view::on_owner_verdict(const node_id& id, incarnation life, result<principal> verdict) {
  const auto record = view_.find(id);
  if (!record || record->stamp().life != life) return;  // A later one of it is being judged.
  judging_.erase(id);
  if (!verdict) {
    ++counts_.owners_refused;
    return dismiss(id, verdict.error());
  }
  const auto name = std::string_view(record->described()->name);
  if (is_plain_member(*verdict, id, name)) {
    principals_.erase(id);
  } else {
    principals_[id] = std::move(*verdict);
  }
  view_.set_admitted(id, true);
  show(id);
}

void full_view::dismiss(const node_id& id, const error& why) {
  if (!view_.is_admitted(id)) return;
  ++counts_.admissions_ended;
  view_.set_admitted(id, false);
  principals_.erase(id);
  dismissed_.emplace_back(id, why);
  show(id);
}

void full_view::claim_all() {
  for (const auto& each : view_.rows()) {
    if (each.id() != view_.self()) claim(*each.record);
  }
}

std::optional<byte_buffer> full_view::credential_of(const node_id& id, incarnation life) const {
  const auto record = view_.find(id);
  if (!record || record->stamp().life != life) return std::nullopt;
  return mesh::credential_of(*record);
}

wall_ms full_view::end_expired(wall_ms wall) {
  wall_ms next = 0;
  std::vector<node_id> expired;
  for (const auto& [id, who] : principals_) {
    if (who.expires == 0) continue;
    if (who.expires <= wall) {
      expired.push_back(id);
    } else if (next == 0 || who.expires < next) {
      next = who.expires;
    }
  }
  std::sort(expired.begin(), expired.end());
  for (const auto& id : expired) dismiss(id, {errc::unauthenticated, "its credential has expired"});
  return next;
}

std::optional<principal> full_view::admitted(const node_id& id) const {
  const auto record = view_.find(id);
  if (!record || !view_.is_admitted(id)) return std::nullopt;
  if (const auto special = principals_.find(id); special != principals_.end()) return special->second;
  return plain_member(id, record->described()->name);
}

const permissions* full_view::rights_of(const node_id& id) const noexcept {
  static const auto plain = permissions::member();
  if (!view_.is_admitted(id)) return nullptr;
  const auto special = principals_.find(id);
  return special == principals_.end() ? &plain : &special->second.rights;
}

/// What of a node's record counts: it serves and hears only what it may.
mesh::record_ptr full_view::allowed(const mesh::signed_record& record) const {
  const auto special = principals_.find(record.id());
  if (special == principals_.end()) return record.described();
  const auto& rights = special->second.rights;
  auto cut = std::make_shared<mesh::node_record>(*record.described());
  std::erase_if(cut->commands, [&](const std::string& name) { return !rights.may(verb::serve, name); });
  std::erase_if(cut->topics, [&](const std::string& name) { return !rights.may(verb::listen, name); });
  return cut;
}

void full_view::show(const node_id& id) {
  if (id == view_.self()) return;
  const auto record = view_.find(id);
  if (record && view_.is_up(id) && view_.is_admitted(id) && !record->described()->leaving) {
    directory_.merge(allowed(*record));
  } else {
    directory_.erase(id);
  }
  changed_.push_back(id);
}

// --- who is up

void full_view::end_turn(time_point now, const view_pace& pace) {
  pace_ = pace;
  follow_links(now, pace.settle);
  forget_erased();
  if (!exchange_.has_messages()) return;
  for (const auto& each : exchange_.take_messages(now)) send(each);
}

void full_view::follow_links(time_point now, duration settle) {
  for (const auto& id : links_.take_changed()) {
    ++up_changes_;
    if (id == view_.self()) continue;
    if (links_.is_up(id)) {
      unreachable_.erase(id);
      if (!view_.is_up(id)) set_up(now, id, true);
    } else if (view_.is_up(id)) {
      unreachable_.try_emplace(id, has_left(id) ? now : now + settle);
    }
  }
}

bool full_view::has_left(const node_id& id) const {
  const auto record = view_.find(id);
  return record && record->described()->leaving;
}

void full_view::believe(time_point now, const mesh::signed_record& record) {
  if (!links_.set(record.id(), record.stamp().life, record.links())) {
    links_.set(record.id(), record.stamp().life, nullptr);  // A list of links that cannot be: it has none.
  }
  if (view_.is_up(record.id())) return;
  unseen_[record.id()] = now + believed_unseen;
  unseen_check_ = std::min(unseen_check_, now + believed_unseen);
}

// What somebody reported before it was lost may be long over: it could lead to nodes that died meanwhile. So its links
// count again only when it says something new, or somebody who sees it confirms what is known; and for a while only,
// since who confirms it may just be about to lose it too, and what is new here may have been long on its way.
void full_view::believe_confirmed(time_point now) {
  for (const auto& id : exchange_.take_confirmed()) believe(now, *view_.find(id));
}

void full_view::forget_unseen(time_point now) {
  std::erase_if(unseen_, [&](const auto& each) {
    const auto& [id, due] = each;
    const auto* record = view_.peek(id);
    const bool seen = record == nullptr || view_.is_up(id);
    if (!seen && due <= now) links_.set(id, record->stamp().life, nullptr);
    return seen || due <= now;
  });
  unseen_check_ = unseen_.empty() ? time_point::max() : now + unseen_checked_every;
}

void full_view::set_up(time_point now, const node_id& id, bool up) {
  if (const auto* record = view_.peek(id); record != nullptr && !up) links_.set(id, record->stamp().life, nullptr);
  exchange_.set_up(now, id, up);
  ++(up ? counts_.nodes_found : counts_.nodes_lost);
  show(id);
}

void full_view::forget_erased() {
  for (const auto& id : view_.take_erased()) {
    links_.erase(id);
    unreachable_.erase(id);
    principals_.erase(id);
    judging_.erase(id);
    show(id);
  }
}

void full_view::on_timeout(time_point now) {
  if (now >= waiting_due_) send_waiting();
  exchange_.on_timeout(now);
  view_.on_timeout(now);
  if (now >= unseen_check_) forget_unseen(now);
  for (auto each = unreachable_.begin(); each != unreachable_.end();) {
    if (each->second > now) {
      ++each;
      continue;
    }
    const auto id = each->first;
    each = unreachable_.erase(each);
    set_up(now, id, false);
  }
  forget_erased();
}

time_point full_view::next_timeout() const noexcept {
  auto next = std::min({exchange_.next_timeout(), view_.next_timeout(), waiting_due_, unseen_check_});
  for (const auto& [id, due] : unreachable_) next = std::min(next, due);
  return next;
}

void full_view::preload(std::span<const mesh::signed_record_ptr> records) {
  view_.preload(records);
  links_.reserve(records.size());
  directory_.reserve(records.size());
  for (const auto& each : records) {
    if (each->id() == view_.self()) continue;
    links_.set(each->id(), each->stamp().life, each->links());
    show(each->id());
  }
}

}  // namespace askr
