// SPDX-License-Identifier: MIT
#pragma once

/// A network of nodes in one process and in virtual time: the shipping node without sockets, threads and clocks, so
/// that a test can cut cables, stop processes and wait for minutes, all within milliseconds, and see the same each
/// time.
///
///     askr::simulation world{{.seed = 7}};
///     auto& agent = world.add({.name = "agent"}, [](askr::node& self) { self.on("fetch", [] { return 42; }); });
///     auto& edge = world.add({.name = "edge"});
///     world.run_until_converged();
///     const auto value = world.await(edge.send("fetch")).as<int>();
///     world.partition({&agent});
///     world.run_for(4s);                              // Takes no time at all.
///
/// What is modelled, and what is not: docs/simulation.md.

#include <askr/node.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/associated_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/dispatch.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace askr {

struct simulation_options {
  std::uint64_t seed = 1;                 ///< Same seed, same everything.
  microseconds latency{200};              ///< One way, median over all pairs of nodes.
  microseconds jitter{50};                ///< Mean of what a single record takes longer (exponential).
  std::uint64_t bandwidth = 125'000'000;  ///< Bytes per second and direction of a link. 0 = no limit.
  std::size_t window_bytes = 256 << 10;   ///< What the sockets of a link hold; the rest waits in the node.
  bool multicast = true;                  ///< Beacons are heard; without, nodes find each other by seeds only.
  std::size_t subnet_nodes_max = 1024;    ///< So many share one multicast domain.
};

/// Not thread-safe: everything, the nodes included, is used by one thread. A node's callbacks run inside run_for() and
/// its like, one at a time. Blocking handlers run at once, and as every handler they take no virtual time.
class simulation {
 public:
  /// What a program does before start(): registers its handlers, listeners and state.
  using program = std::function<void(node&)>;

  explicit simulation(simulation_options options = {});
  ~simulation();
  simulation(const simulation&) = delete;
  simulation& operator=(const simulation&) = delete;

  /// A node on a host of its own, started; it lives as long as the simulation. Options that name files and addresses
  /// mean nothing here, and an authenticator has to answer at once. `run` runs at each start. While the node is down
  /// its commands end in `closed`, and what returns a value of it throws failure(errc::closed).
  node& add(node_options options, program run = {});
  /// Where a node listens, "10.0.0.1:8800", for another one's seeds.
  std::string address(const node& which) const;

  /// Time since the simulation began, and the same as nodes see it (command::deadline).
  duration elapsed() const noexcept;
  time_point now() const noexcept;

  void run_for(duration passes);
  /// Until it is true, looked at after each event. False if it was not within `at_most`.
  bool run_until(const std::function<bool()>& is_true, duration at_most = seconds(60));
  /// Until each node that is up sees exactly those that are up, with the same records.
  bool run_until_converged(duration at_most = seconds(60));
  /// Runs until the future is ready. Throws what it throws, or failure(errc::timed_out) after `at_most`.
  payload await(std::future<payload> outcome, duration at_most = seconds(301));
  /// Calls `what` when so much time has passed.
  void after(duration passes, detail::unique_function<void()> what);
  /// The same with a completion token `void()`: how a coroutine handler takes its time.
  template <class Token>
  auto async_wait(duration passes, Token&& token) {
    return asio::async_initiate<Token, void()>(
        [this](auto handler, duration time) {
          auto executor = asio::get_associated_executor(handler, get_executor());
          after(time, [handler = std::move(handler), executor]() mutable {
            asio::dispatch(executor, [handler = std::move(handler)]() mutable { std::move(handler)(); });
          });
        },
        token, passes);
  }

  /// Those named, and all others, hear nothing of each other any more, and nobody is told: links end by their lease.
  void partition(std::initializer_list<const node*> group) { partition(std::vector<const node*>(group)); }
  void partition(const std::vector<const node*>& group);
  /// Nothing comes through from one node to another; with both ways cut, they only reach each other over others.
  void cut(const node& from, const node& to);
  void cut_both_ways(const node& one, const node& other);
  /// Everything comes through again; what waited is sent again.
  void heal();
  /// The connection between two nodes breaks, if there is one, and both are told. They may connect again.
  void break_link(const node& one, const node& other);

  /// The node's process is killed: its connections are closed for it. What its handlers hold is not destroyed.
  void kill(const node& which);
  /// The host loses its power: nobody is told.
  void power_off(const node& which);
  /// A node that was killed, switched off or stopped starts again, with a new incarnation, and runs its program.
  void restart(node& which);
  /// The process stands still (SIGSTOP, a debugger, a swapping host), its connections stay open.
  void pause(const node& which, duration passes);
  /// Each turn of the node's loop takes so long; 0: as usual, no time.
  void slow_down(const node& which, duration per_turn);
  /// The node's wall clock is wrong by so much. Incarnations and stamps come from it, timeouts do not.
  void skew_clock(const node& which, milliseconds wrong_by);
  bool is_up(const node& which) const;

  /// A hash over everything that happened: the same for the same seed and the same calls.
  std::uint64_t digest() const noexcept;
  /// What coroutines that belong to the simulation run on.
  asio::any_io_executor get_executor() const;

 private:
  std::unique_ptr<class simulation_shell> shell_;
};

}  // namespace askr
