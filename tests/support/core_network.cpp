// SPDX-License-Identifier: MIT
#include "tests/support/core_network.hpp"

#include <algorithm>
#include <tuple>

namespace askr::test {

const result<payload>& outcomes::only() const {
  BOOST_REQUIRE_EQUAL(all_->size(), 1);
  return all_->front();
}

std::string outcomes::text() const {
  if (pending()) return "pending";
  const auto& outcome = only();
  if (!outcome) return outcome.error().message();
  const auto text = outcome->to_json();
  return text ? *text : text.error().message();
}

core_network::core_network(std::size_t nodes, const tune& with) {
  for (std::size_t i = 0; i < nodes; ++i) add(with);
}

core_network::~core_network() = default;

std::size_t core_network::add(const tune& with, std::uint8_t id_byte, incarnation life) {
  const auto index = members_.size();
  auto made = std::make_unique<member>();
  auto& options = made->options;
  options.name = "n" + std::to_string(index);
  options.beacon = false;
  options.authenticator = std::make_shared<workspace_secret>();
  if (with) with(options);
  made->self.id.bytes.fill(id_byte != 0 ? id_byte : static_cast<std::uint8_t>(index + 1));
  made->self.life = life;
  made->self.name = mesh::full_name(options.name, made->self.id);
  made->endpoint = "127.0.0.1:" + std::to_string(8800 + index);
  made->signer = std::make_unique<plain_signer>(made->self.id);
  made->core =
      std::make_unique<node_core>(options, made->self, core_keys{*made->signer, proof_, memo_, seal_}, 7 + index);
  made->core->start(now_, {made->endpoint});
  members_.push_back(std::move(made));
  return index;
}

// --- what a test does

link_id core_network::up(std::size_t at, std::size_t other, bool dialed, mesh::dial_id dial) {
  const auto& peer = core(other).members().self();
  principal who;
  who.what = principal::kind::node;
  who.name = peer.name;
  who.entry = peer.id;
  who.rights = permissions::member();
  const auto linked = core(at).members().on_link_up(now_, {.id = peer.id,
                                                           .life = peer.life,
                                                           .name = peer.name,
                                                           .who = who,
                                                           .dialed = dialed,
                                                           .dial = dial,
                                                           .address = members_[other]->endpoint});
  if (linked) return *linked;
  closed_links.emplace_back(at, linked.error());
  return no_link;
}

wire& core_network::connect(std::size_t from, std::size_t to) {
  auto& made = wires_.emplace_back();
  made.a = {from, up(from, to, true, 0), {}};
  made.b = {to, up(to, from, false, 0), {}};
  if (made.a.link == no_link || made.b.link == no_link) cut(made);
  return made;
}

void core_network::mesh() {
  for (std::size_t a = 0; a < members_.size(); ++a) {
    for (std::size_t b = a + 1; b < members_.size(); ++b) connect(a, b);
  }
  run();
}

void core_network::cut(wire& which) {
  const error why{errc::closed, "the other side closed"};
  which.a.sent.clear();
  which.b.sent.clear();
  down(which.a, why);
  down(which.b, why);
}

void core_network::down(wire::end& which, const error& why) {
  const auto link = std::exchange(which.link, no_link);
  if (link != no_link) core(which.node).on_link_down(now_, link, why);
}

std::size_t core_network::links_between(std::size_t one, std::size_t other) const {
  return static_cast<std::size_t>(std::count_if(wires_.begin(), wires_.end(), [&](const wire& each) {
    const bool ends = (each.a.node == one && each.b.node == other) || (each.a.node == other && each.b.node == one);
    return ends && each.a.link != no_link && each.b.link != no_link;
  }));
}

outcomes core_network::send(std::size_t node, std::string_view name, payload data, send_options options,
                            std::uint8_t depth, const extras& how) {
  outcomes got;
  core(node).send(now_,
                  {.name = name,
                   .data = data.view(),
                   .who = &core(node).self_principal(),
                   .to = options.to,
                   .remaining = options.timeout,
                   .depth = depth,
                   .idempotent = options.idempotent,
                   .stream = how.parts != nullptr,
                   .all = how.all,
                   .balance = options.balance,
                   .key = options.key},
                  got.sink(), how.number, how.parts);
  return got;
}

void core_network::emit(std::size_t node, std::string_view topic, payload data) {
  BOOST_REQUIRE(core(node).emit(now_, topic, data.view()).ok());
}

fake_client& core_network::client(std::size_t node, const fake_client::options& options) {
  auto& made = *clients_.emplace_back(std::make_unique<fake_client>(node, options, now_));
  const auto opened = core(node).clients().open({options.address, options.loopback, now_});
  BOOST_REQUIRE(opened.ok());
  made.session = *opened;
  run();
  return made;
}

// --- turns

void core_network::run() {
  for (int turns = 0; turn(); ++turns) BOOST_REQUIRE_MESSAGE(turns < 10'000, "the network does not come to rest");
}

bool core_network::turn() {
  bool moved = false;
  for (auto& each : clients_) {
    if (each->session == no_session) continue;
    auto bytes = each->take_output();
    if (bytes.empty()) continue;
    core(each->node).clients().on_bytes(now_, each->session, bytes);
    moved = true;
  }
  for (std::size_t node = 0; node < members_.size(); ++node) moved |= end_turn(node);
  for (auto& each : wires_) {
    moved |= deliver(each.a, each.b, each.blocked);
    moved |= deliver(each.b, each.a, each.blocked);
  }
  return moved;
}

// What node_shell::end_turn does.
bool core_network::end_turn(std::size_t node) {
  bool moved = start_jobs(node);
  for (const auto& [at, serving] : std::exchange(woken_, {})) {
    core(at).on_parts(now_, serving);
    moved = true;
  }
  moved |= ask_authenticator(node);
  moved |= dial(node);
  core(node).end_turn(now_);
  moved |= flush_links(node);
  moved |= close_links(node);
  moved |= flush_sessions(node);
  return moved;
}

bool core_network::start_jobs(std::size_t node) {
  auto started = core(node).take_jobs();
  for (auto& each : started) {
    if (each.feed) {
      each.feed->open([this, node, serving = each.serving] { return woken_.emplace_back(node, serving), true; }, false);
    }
    if (hold_jobs) {
      jobs.emplace_back(node, std::move(each));
      continue;
    }
    byte_buffer packed;
    const auto kind = each.handler->answer(each.asked, packed);
    BOOST_REQUIRE(kind.ok());
    core(node).on_answer(now_, each.serving, payload(std::move(packed), *kind));
  }
  return !started.empty();
}

bool core_network::ask_authenticator(std::size_t node) {
  if (undecided.count(node) != 0) return false;
  auto claims = core(node).members().take_claims();
  for (auto& claim : claims) {
    const auto id = claim.shown.id;
    members_[node]->options.authenticator->authenticate_peer(
        std::move(claim.shown), [this, node, id, life = claim.life](result<principal> verdict) {
          core(node).members().on_owner_verdict(id, life, std::move(verdict));
        });
  }
  auto waiting = core(node).clients().take_credentials();
  for (auto& [session, shown] : waiting) {
    if (hold_verdicts) {
      verdicts_due.emplace_back(node, session);
      continue;
    }
    members_[node]->options.authenticator->authenticate_client(
        std::move(shown), [this, node, session = session](result<principal> verdict) {
          core(node).clients().on_verdict(now_, session, std::move(verdict));
        });
  }
  return !waiting.empty() || !claims.empty();
}

bool core_network::dial(std::size_t node) {
  auto wanted = core(node).members().take_dials();
  for (auto& request : wanted) {
    dials.emplace_back(node, request);
    if (!follow_dials) continue;
    const auto to = std::find_if(members_.begin(), members_.end(),
                                 [&](const auto& each) { return each->endpoint == request.to.to_string(); });
    if (to == members_.end()) {
      core(node).members().on_dial_failed(now_, request.dial, error{errc::io_failed, "refused"}, false);
      continue;
    }
    const auto other = static_cast<std::size_t>(to - members_.begin());
    auto& made = wires_.emplace_back();
    made.a = {node, up(node, other, true, request.dial), {}};
    made.b = {other, up(other, node, false, 0), {}};
    if (made.a.link == no_link || made.b.link == no_link) cut(made);
  }
  return !wanted.empty();
}

wire* core_network::wire_of(std::size_t node, link_id link) {
  for (auto& each : wires_) {
    if ((each.a.node == node && each.a.link == link) || (each.b.node == node && each.b.link == link)) return &each;
  }
  return nullptr;
}

bool core_network::flush_links(std::size_t node) {
  std::vector<link_id> dirty;
  core(node).peers().take_dirty(dirty);
  bool moved = false;
  for (const auto link : dirty) {
    auto* at = wire_of(node, link);
    auto* peer = core(node).peers().find(link);
    if (at == nullptr || peer == nullptr) continue;
    auto& end = at->a.node == node ? at->a : at->b;
    for (;;) {
      const auto record = peer->out.next_record(scratch_);
      if (record.empty()) break;
      end.sent.emplace_back(record.begin(), record.end());
      moved = true;
    }
  }
  return moved;
}

bool core_network::close_links(std::size_t node) {
  auto closing = core(node).members().take_closing();
  for (const auto& [link, why] : closing) {
    auto* at = wire_of(node, link);
    if (at == nullptr) continue;
    closed_links.emplace_back(node, why);
    const auto [own, other] = at->a.node == node ? std::tie(at->a, at->b) : std::tie(at->b, at->a);
    down(own, why);
    // What was written before still arrives; then the other side sees the end.
    while (deliver(own, other, at->blocked)) {
    }
    if (!at->blocked) down(other, error{errc::closed, "the other side closed"});
  }
  return !closing.empty();
}

bool core_network::deliver(wire::end& from, wire::end& to, bool blocked) {
  if (blocked || from.sent.empty()) return false;
  const auto record = std::move(from.sent.front());
  from.sent.pop_front();
  if (to.link != no_link) core(to.node).on_link_record(now_, to.link, record);
  return true;
}

bool core_network::flush_sessions(std::size_t node) {
  bool moved = false;
  for (auto& each : clients_) {
    if (each->node != node || each->session == no_session) continue;
    auto* session = core(node).sessions().find(each->session);
    if (session == nullptr) continue;
    auto& wire = session->wire;
    while (!each->deaf && wire.output_bytes() + wire.output().size() > 0) {
      const auto bytes = wire.output();
      if (bytes.empty()) break;
      each->on_bytes(now_, bytes);
      wire.consume(bytes.size());
      core(node).sessions().refill(*session);
      moved = true;
    }
    if (wire.finished() || wire.wants_shutdown() || session->too_slow || each->gone) {
      each->on_end(now_);
      core(node).clients().on_closed(now_, std::exchange(each->session, no_session));
      moved = true;
    }
  }
  std::vector<session_id> dirty;
  core(node).sessions().take_dirty(dirty);
  return moved;
}

// --- time

time_point core_network::next_timeout() {
  time_point next = time_point::max();
  for (auto& each : members_) {
    next = std::min(next, each->core->next_timeout());
    each->core->sessions().for_each(
        [&](askr::client_row& which) { next = std::min(next, each->core->clients().next_timeout(which)); });
  }
  return next;
}

void core_network::on_due() {
  for (auto& each : members_) {
    auto& core = *each->core;
    if (core.next_timeout() <= now_) core.on_timeout(now_);
    std::vector<session_id> due;
    core.sessions().for_each([&](askr::client_row& which) {
      if (core.clients().next_timeout(which) <= now_) due.push_back(which.id);
    });
    for (const auto session : due) core.clients().on_timeout(now_, session);
  }
}

void core_network::advance(duration passes) {
  const auto end = now_ + passes;
  run();
  for (int steps = 0; next_timeout() <= end; ++steps) {
    BOOST_REQUIRE_MESSAGE(steps < 100'000, "time does not pass");
    now_ = std::max(now_, next_timeout());
    on_due();
    run();
  }
  now_ = end;
}

}  // namespace askr::test
