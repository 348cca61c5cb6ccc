// SPDX-License-Identifier: MIT
#pragma once

/// Several whole nodes in one process, without sockets and in virtual time: the shipping node_cores, links that carry
/// the records of one outbox to the other core, and WebSocket clients. What the shell does at the end of a turn, this
/// does, so a test says what happens, calls run() or advance(), and looks at what came of it.

#include "libaskr/src/node_core.hpp"
#include "libaskr/src/plain_proof.hpp"
#include "tests/support/fake_client.hpp"

#include <askr/node.hpp>
#include <askr/value.hpp>

#include <boost/test/unit_test.hpp>

#include <deque>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace askr::test {

/// Every outcome that a command had: there must be exactly one.
class outcomes {
 public:
  std::size_t size() const { return all_->size(); }
  bool pending() const { return all_->empty(); }
  const result<payload>& only() const;
  /// "42", or "timed_out: no answer before the deadline".
  std::string text() const;
  errc code() const { return only().code(); }
  template <class T>
  T as() const {
    return only().value().template as<T>();
  }
  node::completion sink() {
    return [all = all_](result<payload> outcome) { all->push_back(std::move(outcome)); };
  }

 private:
  std::shared_ptr<std::vector<result<payload>>> all_ = std::make_shared<std::vector<result<payload>>>();
};

/// One connection between two cores.
struct wire {
  struct end {
    std::size_t node = 0;
    link_id link = no_link;        ///< 0 once this end has seen it close.
    std::deque<byte_buffer> sent;  ///< By this end, not delivered yet.
  };
  end a, b;
  bool blocked = false;  ///< Nothing is delivered, and nobody is told.
};

/// The rarer ways to send a command.
struct send_extras {
  command_id number = 0;  ///< To cancel it by.
  std::shared_ptr<part_receiver> parts = {};
  bool all = false;
};

class core_network {
 public:
  using extras = send_extras;
  using tune = std::function<void(node_options&)>;

  static constexpr time_point begin = time_point(seconds(1000));

  explicit core_network(std::size_t nodes, const tune& with = {});
  ~core_network();

  /// Starts one more node; its id grows with its index unless `id_byte` says otherwise.
  std::size_t add(const tune& with = {}, std::uint8_t id_byte = 0, incarnation life = 1);

  node_core& core(std::size_t node) { return *members_[node]->core; }
  counters& counts(std::size_t node) { return core(node).counts(); }
  const self_description& self(std::size_t node) const { return members_[node]->self; }
  const std::string& name(std::size_t node) const { return members_[node]->self.name; }
  time_point now() const { return now_; }

  /// Links two nodes as if `from` had dialled. Both ends have admitted each other; nothing has been said yet.
  wire& connect(std::size_t from, std::size_t to);
  /// Links every pair, and runs.
  void mesh();
  /// The connection breaks: both ends notice at once.
  void cut(wire& which);
  std::deque<wire>& wires() { return wires_; }
  /// The wires between two nodes that are still up at both ends.
  std::size_t links_between(std::size_t one, std::size_t other) const;

  template <class F>
  void on(std::size_t node, std::string name, F handler) {
    BOOST_REQUIRE(core(node).add_handler(std::move(name), detail::make_handler(std::move(handler))).ok());
  }
  template <class F>
  void listen(std::size_t node, std::string_view pattern, F listener) {
    BOOST_REQUIRE(
        core(node).add_listener(now_, ++last_listener_, pattern, detail::make_listener(std::move(listener))).ok());
  }
  outcomes send(std::size_t node, std::string_view name, payload data = {}, send_options options = {},
                std::uint8_t depth = 0, const extras& how = {});
  void emit(std::size_t node, std::string_view topic, payload data = {});

  fake_client& client(std::size_t node, const fake_client::options& options = {});

  /// Turns until nothing moves any more; time stands still.
  void run();
  /// Time passes; whatever is due on the way happens at its time.
  void advance(duration passes);

  /// Handlers that were started and have not answered: with `hold_jobs` they wait here for the test to answer.
  std::vector<std::pair<std::size_t, handler_job>> jobs;
  bool hold_jobs = false;
  /// Clients that wait for the authenticator's verdict: with `hold_verdicts` they wait here.
  std::vector<std::pair<std::size_t, session_id>> verdicts_due;
  bool hold_verdicts = false;
  /// Nodes that do not answer yet who may be a member.
  std::set<std::size_t> undecided;
  /// Dials that the cores asked for; with `follow_dials` they are made, if the endpoint is a node's.
  std::vector<std::pair<std::size_t, mesh::dial_request>> dials;
  bool follow_dials = false;
  /// Each link that a core closed, and why.
  std::vector<std::pair<std::size_t, error>> closed_links;

 private:
  struct member {
    node_options options;
    self_description self;
    std::unique_ptr<plain_signer> signer;
    std::unique_ptr<node_core> core;
    std::string endpoint;
  };

  bool turn();
  bool end_turn(std::size_t node);
  bool start_jobs(std::size_t node);
  bool ask_authenticator(std::size_t node);
  bool dial(std::size_t node);
  bool flush_links(std::size_t node);
  bool close_links(std::size_t node);
  bool deliver(wire::end& from, wire::end& to, bool blocked);
  bool flush_sessions(std::size_t node);
  void on_due();
  time_point next_timeout();
  link_id up(std::size_t at, std::size_t other, bool dialed, mesh::dial_id dial);
  void down(wire::end& which, const error& why);
  wire* wire_of(std::size_t node, link_id link);

  time_point now_ = begin;
  plain_proof proof_;
  mesh::record_memo memo_;
  plain_seal seal_;
  std::vector<std::unique_ptr<member>> members_;
  std::deque<wire> wires_;
  std::vector<std::unique_ptr<fake_client>> clients_;
  listener_id last_listener_ = 0;
  std::vector<std::pair<std::size_t, std::uint64_t>> woken_;  ///< Feeds with parts: node, serving.
  byte_buffer scratch_;
};

/// What `from` says to `to` outside of all rules: `append` puts it into an outbox.
template <class Append>
void forge(core_network& network, std::size_t from, std::size_t to, Append append) {
  transport::outbox box;
  append(box);
  byte_buffer scratch;
  const auto link = network.core(to).peers().link_to(network.self(from).id);
  for (auto record = box.next_record(scratch); !record.empty(); record = box.next_record(scratch)) {
    network.core(to).on_link_record(network.now(), link, record);
  }
  network.run();
}

}  // namespace askr::test
