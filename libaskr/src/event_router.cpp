// SPDX-License-Identifier: MIT
#include "libaskr/src/event_router.hpp"

#include "libaskr/src/peer_table.hpp"
#include "libaskr/src/relay.hpp"
#include "libaskr/src/session_table.hpp"

#include <algorithm>
#include <utility>

namespace askr {
namespace {

constexpr std::size_t answered_events_max = 256;   // Of one pull.
constexpr duration owed_again = milliseconds(20);  // What a full link could not be told.

}  // namespace

event_router::event_router(const node_options& options, const self_description& self, const authoriser& rights,
                           peer_table& peers, session_table& sessions, const mesh::directory& directory, relay& paths,
                           counters& counts)
    : self_(self),
      rights_(rights),
      peers_(peers),
      directory_(directory),
      paths_(paths),
      counts_(counts),
      source_(options.limits, options.events),
      interest_(table_),
      tree_(self_.id, peers, interest_),
      audience_(options.limits, table_, sessions, replays_, counts),
      intake_(options.events, table_, audience_, directory, paths, counts) {}

// --- out

result<void> event_router::emit(time_point now, const principal& who, std::string_view topic, payload_view data) {
  if (auto allowed = rights_.check(who, verb::emit, topic); !allowed) return allowed;
  auto matched = std::exchange(matched_, {});  // A listener may emit.
  matched.clear();
  table_.match(topic, matched);
  const auto sequence = number(now, topic, data, matched);
  if (sequence && *sequence != 0) {
    const auto what = own_event(topic, data, *sequence);
    send(now, matched, what);
    audience_.deliver(matched, what);
  }
  matched_ = std::move(matched);
  return sequence ? result<void>() : sequence.error();
}

bool event_router::try_emit(time_point now, const principal& who, std::string_view topic, payload_view data) {
  matched_.clear();
  table_.match(topic, matched_);
  if (has_local(matched_) || !rights_.check(who, verb::emit, topic)) return false;
  const auto sequence = number(now, topic, data, matched_);
  if (sequence && *sequence != 0) send(now, matched_, own_event(topic, data, *sequence));
  return sequence.ok();
}

// Number 0: nobody wants it.
result<mesh::event_sequence> event_router::number(time_point now, std::string_view topic, payload_view data,
                                                  const std::vector<subscriber>& matched) {
  source_.set_life(self_.life);
  auto sequence = source_.add(now, topic, data, !matched.empty());
  if (sequence) ++counts_.events_emitted;
  return sequence;
}

event event_router::own_event(std::string_view topic, payload_view data, mesh::event_sequence sequence) const {
  return {.topic = topic,
          .data = data,
          .origin = self_.id,
          .origin_name = self_.name,
          .epoch = self_.life,
          .sequence = sequence};
}

// One copy per link, however many nodes lie behind it.
void event_router::send(time_point now, const std::vector<subscriber>& matched, const event& what) {
  ways_unsure_ |= now < ways_changed_ + ways_pause();
  sent_by_.clear();
  for (const auto& each : matched) {
    auto* to = each.what == subscriber::kind::node ? interest_.at(static_cast<std::uint32_t>(each.id)) : nullptr;
    if (to == nullptr) continue;
    if (to->is_quiet && to->is_told) interest_.note_untold(*to);  // Its first event.
    const auto link = tree_.way_to(now, paths_.paths(), *to);
    if (std::find(sent_by_.begin(), sent_by_.end(), link) != sent_by_.end()) continue;
    if (link != no_link && peers_.send_event(link, what)) {
      sent_by_.push_back(link);
      ++counts_.events_delivered;
    } else {
      ++counts_.events_dropped;
      interest_.note_skipped(*to, what.topic, what.sequence);
    }
  }
}

void event_router::on_pull(time_point now, peer& from, const transport::pull_message& said) {
  if (!may_pull(now, from)) {
    ++counts_.pulls_refused;
    return;
  }
  const auto past = source_.range(said.topic, {said.from, said.to}, answered_events_max);
  if (past.missing) {
    (void)from.out.append_gap({said.request, said.topic, past.missing->from, past.missing->to});
  }
  for (const auto& each : past.events) {
    if (!peers_.has_room(from)) break;  // It will ask again for the rest.
    const auto sent = from.out.append_past_event({.request = said.request,
                                                  .topic = said.topic,
                                                  .sequence = each.sequence,
                                                  .payload = {.bytes = each.data, .kind = each.kind}});
    // What can never be sent is as good as gone.
    if (sent == transport::admission::too_large) {
      (void)from.out.append_gap({said.request, said.topic, each.sequence, each.sequence});
    }
  }
  peers_.mark_dirty(from);
}

// --- in

void event_router::on_event(time_point now, const peer& from, const event& heard) {
  take_in(now, heard, from.id, mesh::hops_max - 1);
}

// The record of the origin says in which life it is, and its rights what it may emit: a relay vouches for nothing.
void event_router::on_relayed_event(time_point now, const peer& from, const transport::received_relayed_event& heard,
                                    payload_view data) {
  if (heard.origin == self_.id) return;
  const auto* record = directory_.find(heard.origin);
  const auto* rights = paths_.rights_of(heard.origin);
  if (record == nullptr || rights == nullptr || record->life != heard.life ||
      !rights->may(verb::emit, heard.topic.text)) {
    ++counts_.events_dropped;
    return;
  }
  const event what{.topic = heard.topic.text,
                   .data = data,
                   .origin = heard.origin,
                   .origin_name = record->name,
                   .epoch = heard.life,
                   .sequence = heard.sequence};
  take_in(now, what, from.id, std::min(heard.hops_left, mesh::hops_max));
}

void event_router::take_in(time_point now, const event& heard, link_id came_by, std::uint8_t hops_left) {
  auto matched = std::exchange(matched_, {});
  matched.clear();
  table_.match(heard.topic, matched);
  const bool local = has_local(matched);
  const bool others = std::any_of(matched.begin(), matched.end(), [](const auto& each) { return !each.is_local(); });
  if (others) pass_on(now, matched, heard, came_by, hops_left);
  if (local) intake_.on_event(now, matched, heard);
  matched_ = std::move(matched);
  if (replays_.has_output()) serve_replays(now);
}

void event_router::pass_on(time_point now, const std::vector<subscriber>& matched, const event& what, link_id came_by,
                           std::uint8_t hops_left) {
  auto& paths = paths_.paths();
  if (hops_left == 0 || !tree_.has_children(now, paths, what.origin)) return;
  const auto& branches = tree_.branches_for(now, paths, matched, what.origin, came_by);
  if (branches.empty() || !tree_.is_new(what)) return;
  for (const auto& each : branches) {
    // Who is the last one need not work out the tree of this origin to learn that.
    const int left = each.is_leaf ? 0 : hops_left - 1;
    const bool sent = peers_.relay_event(each.link, what, static_cast<std::uint8_t>(left));
    ++(sent ? counts_.events_relayed : counts_.events_dropped);
  }
}

void event_router::on_past_event(time_point now, std::uint64_t request, const event& heard) {
  if (request == 0) return take_in(now, heard, no_link, 0);
  replays_.on_past_event(now, request, heard);
  serve_replays(now);
}

void event_router::on_skipped(time_point now, const peer& from, const transport::skipped_message& said) {
  if (wants(said.topic)) intake_.on_head(now, from.node, from.life, said.topic, said.to);
}

void event_router::on_gap(time_point now, const peer& from, const transport::gap_message& said) {
  if (said.request == 0) return intake_.on_missing(now, from.node, from.life, said.topic, {said.from, said.to});
  replays_.on_gone(now, said.request, from.node, said.topic, {said.from, said.to});
  serve_replays(now);
}

void event_router::on_heads(time_point now, const peer& from, const transport::received_heads& said) {
  for (const auto& each : said.last) {
    if (wants(each.topic)) intake_.on_head(now, from.node, from.life, each.topic, each.sequence);
  }
}

void event_router::on_interest_applied(time_point now, const peer& from,
                                       const transport::received_interest_applied& said) {
  std::vector<std::pair<std::string, mesh::event_sequence>> next;
  for (const auto& each : said.next) {
    if (wants(each.topic)) next.emplace_back(each.topic, each.sequence);
  }
  intake_.on_interest_applied(now, from.node, from.life, next);
  if (!said.complete) return;
  readiness_.on_applied(from.node, said.interest);
  if (replays_.empty()) return;
  feed_replays(now);  // At once: behind this come events that have to wait for those before.
  serve_replays(now);
}

bool event_router::wants(std::string_view topic) {
  matched_.clear();
  table_.match(topic, matched_);
  return has_local(matched_);
}

// --- who listens here

bool event_router::add_listener(time_point now, std::uint64_t id, std::string_view pattern, detail::listener listener,
                                listen_options options) {
  const bool is_new = !table_.has_local(pattern);
  if (!audience_.add_listener(id, pattern, std::move(listener), std::move(options.on_gap))) return false;
  note_interest(is_new);
  if (options.last > 0 || !options.since.empty()) {
    replay(now, {subscriber::kind::listener, id}, pattern, options.last, options.since);
  }
  if (options.on_ready) wait_until_ready(now, options.ready_timeout, std::move(options.on_ready));
  return true;
}

void event_router::remove_listener(std::uint64_t id) {
  audience_.remove_listener(id);
  replays_.stop({subscriber::kind::listener, id});
  forget_due_ = true;
  note_interest(true);
}

void event_router::add_subscriber(time_point now, std::string_view pattern, subscriber who, std::size_t last,
                                  const std::vector<event_position>& since) {
  const bool is_new = !table_.has_local(pattern);
  if (!table_.add(pattern, who)) return;
  note_interest(is_new);
  if (last > 0 || !since.empty()) replay(now, who, pattern, last, since);
}

void event_router::remove_subscriber(std::string_view pattern, subscriber who) {
  if (!table_.remove(pattern, who)) return;
  replays_.stop(who);
  forget_due_ = true;
  note_interest(true);
}

std::vector<std::string> event_router::announce() {
  auto wanted = table_.interest();
  interest_changed_ = false;
  readiness_.set_interest(wanted);
  return wanted;
}

void event_router::note_interest(bool changed) {
  if (!changed) return;
  interest_changed_ = true;
  readiness_.note_change();
}

void event_router::wait_until_ready(time_point now, milliseconds timeout, event_readiness::completion done) {
  std::vector<node_id> nodes;
  for (const auto& each : directory_.records()) {
    if (each->id != self_.id) nodes.push_back(each->id);
  }
  readiness_.wait(now, timeout, std::move(nodes), std::move(done));
}

// --- those that want the past first

void event_router::replay(time_point now, subscriber who, std::string_view pattern, std::size_t last,
                          const std::vector<event_position>& since) {
  replay_options wanted;
  wanted.last = last;
  for (const auto& each : since) {
    const auto origin = directory_.resolve(each.origin);
    wanted.since.push_back({each.topic, origin.ok() ? *origin : node_id{}, each.origin, each.epoch, each.sequence});
  }
  std::vector<node_id> origins;
  for (const auto& each : directory_.records()) origins.push_back(each->id);
  replays_.start(now, who, std::string(pattern), std::move(wanted), readiness_.needed(), origins);
  feed_due_ = true;
}

void event_router::feed_replays(time_point now) {
  for (const auto& record : directory_.records()) {
    const bool own = record->id == self_.id;
    const auto generation = own ? readiness_.needed() : readiness_.applied(record->id);
    if (generation == 0 || !replays_.waits_for(record->id)) continue;
    const auto life = own ? self_.life : record->life;
    event_replays::heads next;
    const auto add = [&next](std::string_view topic, mesh::event_sequence at) { next.emplace_back(topic, at); };
    if (own) {
      source_.for_each([&](std::string_view topic, mesh::event_sequence last) { add(topic, last + 1); });
    } else {
      intake_.for_each_stream(record->id, life, add);
    }
    std::sort(next.begin(), next.end());
    replays_.on_origin_known(now, record->id, life, generation, next);
  }
}

void event_router::serve_replays(time_point now) {
  while (replays_.has_output()) {
    for (const auto& each : replays_.take_pulls()) {
      if (each.what.origin == self_.id) {
        answer_own(now, each);
      } else {
        intake_.send_pull(now, each.request, each.what);
      }
    }
    for (const auto& each : replays_.take_replayed()) hand_on(each);
  }
}

void event_router::answer_own(time_point now, const event_replays::pull& asked) {
  const auto past = source_.range(asked.what.topic, asked.what.wanted, answered_events_max);
  if (past.missing) replays_.on_gone(now, asked.request, self_.id, asked.what.topic, *past.missing);
  for (const auto& each : past.events) {
    replays_.on_past_event(now, asked.request,
                           {.topic = asked.what.topic,
                            .data = payload_view(each.data, each.kind),
                            .origin = self_.id,
                            .origin_name = self_.name,
                            .epoch = self_.life,
                            .sequence = each.sequence});
  }
}

void event_router::hand_on(const replayed& next) {
  const auto& what = next.what;
  const auto name = next.origin_name.empty() ? intake_.name_of(what.origin) : next.origin_name;
  if (what.is == mesh::ordered::what::event) {
    audience_.deliver_to(next.who, {.topic = what.topic,
                                    .data = payload_view(what.data, what.kind),
                                    .origin = what.origin,
                                    .origin_name = name,
                                    .epoch = what.life,
                                    .sequence = what.sequence});
  } else {
    audience_.report_to(next.who, {.topic = what.topic,
                                   .origin = what.origin,
                                   .origin_name = name,
                                   .epoch = what.life,
                                   .from = what.sequence,
                                   .to = what.last,
                                   .why = next.why});
  }
}

// --- what the others are owed

void event_router::end_turn(time_point now) {
  for (const auto& node : interest_.take_gone()) {
    readiness_.on_node_gone(node);
    replays_.on_origin_lost(node);
  }
  if (std::exchange(forget_due_, false)) intake_.forget_unwanted();
  if (std::exchange(feed_due_, false)) feed_replays(now);
  serve_replays(now);
  look_for_new_ways(now);
  owed_at_ = time_point::max();
  if (interest_.owes()) {
    interest_.for_each_owed([&](interested_node& each) { settle(now, each); });
    if (interest_.owes()) owed_at_ = now + owed_again;
  }
  readiness_.end_turn();
  for (auto& [done, how] : readiness_.take_done()) done(how);
}

// In a large mesh some link always changes, and looking costs as much as it has nodes.
duration event_router::ways_pause() const noexcept {
  return std::max<duration>(seconds(1), milliseconds(5) * directory_.size());
}

// What was on its way over the old one may be lost; and what followed soon, for a relay that is new does not know yet
// who may say what: therefore once more when all is quiet.
void event_router::look_for_new_ways(time_point now) {
  const auto version = paths_.links().version();
  const bool changed = version != ways_version_;
  if ((!changed && !ways_unsure_) || source_.size() == 0 || now < ways_checked_ + ways_pause()) return;
  ways_version_ = version;
  ways_checked_ = now;
  if (changed) ways_changed_ = now;
  ways_unsure_ = false;
  interest_.for_each([&](interested_node& each) {
    if (each.way == no_link) return;
    tree_.way_to(now, paths_.paths(), each);
    // Further on the tree may have changed, and the relays may not have agreed on it for a moment.
    if (peers_.link_to(each.node) == no_link) interest_.note_new_way(each.node);
    if (each.wants_heads) interest_.note_owed(each);
  });
}

// Who listens to nothing is owed nothing, and no way is opened to say so. Nor to say that nothing was emitted yet: that
// all begins at 1 can be told with the first event.
void event_router::settle(time_point now, interested_node& with) {
  if (!with.is_counted) {
    with.begins = next_of(with);
    with.is_quiet = with.begins.empty() && !with.asking && peers_.link_to(with.node) == no_link;
    with.is_told = with.is_quiet;
    with.is_counted = true;
  } else if (!with.is_told) {
    with.is_quiet = false;  // For good: from its first event on it is owed the heads of what may have been lost.
  }
  const auto heads = with.wants_heads && !with.is_quiet ? heads_for(now, with) : std::vector<transport::topic_head>{};
  const bool tells = !with.is_quiet && (!with.is_told || !heads.empty() || !with.skipped.empty());
  if (tells && !with.topics.empty()) {
    auto* to = paths_.reach(now, with.node);
    if (to == nullptr || !peers_.has_room(*to)) return;
    if (!with.is_told) (void)to->out.append_interest_applied(with.digest, with.views_of_begins());
    if (!heads.empty()) (void)to->out.append_heads(heads);
    for (const auto& each : with.skipped) (void)to->out.append_skipped({each.topic, each.events.from, each.events.to});
    peers_.mark_dirty(*to);
  }
  with.is_told = true;
  with.wants_heads = false;
  with.skipped.clear();
}

std::vector<std::pair<std::string, mesh::event_sequence>> event_router::next_of(const interested_node& node) const {
  std::vector<std::pair<std::string, mesh::event_sequence>> next;
  source_.for_each([&](std::string_view topic, mesh::event_sequence last) {
    if (table_.matches(topic, {subscriber::kind::node, node.slot})) next.emplace_back(topic, last + 1);
  });
  std::sort(next.begin(), next.end());
  return next;
}

std::vector<transport::topic_head> event_router::heads_for(time_point now, const interested_node& node) const {
  std::vector<transport::topic_head> last;
  source_.for_each_active(now, [&](std::string_view topic, mesh::event_sequence sequence) {
    if (table_.matches(topic, {subscriber::kind::node, node.slot})) last.push_back({topic, sequence});
  });
  std::sort(last.begin(), last.end(), [](const auto& a, const auto& b) { return a.topic < b.topic; });
  return last;
}

// A bucket per link: 1,000 a second, 2,000 at once.
bool event_router::may_pull(time_point now, peer& from) {
  constexpr double per_second = 1000;
  constexpr double burst = 2000;
  const auto passed = std::chrono::duration<double>(now - from.pulls_counted).count();
  from.pulls_left = std::min(burst, from.pulls_left + passed * per_second);
  from.pulls_counted = now;
  if (from.pulls_left < 1) return false;
  from.pulls_left -= 1;
  return true;
}

void event_router::on_timeout(time_point now) {
  intake_.on_timeout(now);
  readiness_.on_timeout(now);
  replays_.on_timeout(now);
  serve_replays(now);
}

time_point event_router::next_timeout() const noexcept {
  return std::min({intake_.next_timeout(), readiness_.next_timeout(), replays_.next_timeout(), owed_at_});
}

}  // namespace askr
