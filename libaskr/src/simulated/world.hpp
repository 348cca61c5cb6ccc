// SPDX-License-Identifier: MIT
#pragma once

/// The simulated world: hosts with the shipping node_core, connections between them, and virtual time. It does for each
/// core what node_shell and connection do for a real one: turns, dials, beacons, records in and out, closing. One
/// thread, one seed: the same calls make the same world. docs/simulation.md

#include "libaskr/src/simulated/host.hpp"
#include "libaskr/src/simulated/network.hpp"
#include "libaskr/src/simulated/parcel.hpp"
#include "libaskr/src/simulated/traffic.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace askr::simulated {

/// Whoever owns a world sees what happens in it. May not change the world from within, but by plan().
class observer {
 public:
  virtual ~observer() = default;

  /// The process runs, its core has not started yet: register what it serves.
  virtual void on_start(host&) {}
  virtual void on_turn_end(host&) {}
  virtual void on_link_up(host&, const host& /*peer*/) {}
  virtual void on_link_down(host&, const host& /*peer*/) {}
  /// Whether `asked` lets `who` in.
  virtual result<principal> admit(host& asked, const host& who);
  virtual void after_event() {}
};

/// One connection between two hosts. Direction i leads away from hosts[i].
struct wire {
  struct direction {
    parcel_line line;
    tick last_arrival = 0;
    tick free_at = 0;  ///< When what was sent has left, by the bandwidth.
    tick held_since = 0;
    std::uint32_t arrivals = 0;   ///< Planned; as many as in `line`, unless it is held up.
    std::uint32_t in_flight = 0;  ///< Bytes.
    bool held = false;            ///< Something could not come through,
    bool room_held = false;       ///< or the word that there is room again.
    bool wants_room = false;
    bool room_planned = false;
    bool ended = false;  ///< The end is under way, or has come.
  };

  std::array<host_index, 2> hosts{};
  std::array<link_id, 2> links{};  ///< no_link once that end is down, or not up yet.
  std::array<direction, 2> out{};
  tick latency = 0;
  bool used = false;
};

class world {
 public:
  world(const simulation_options& options, observer& watching);
  ~world();
  world(const world&) = delete;
  world& operator=(const world&) = delete;

  /// A host whose process does not run yet.
  host& add(node_options options, const node_id& id);
  void start(host& which);
  /// All hosts, which must be new, as if they had run for long: linked as the topology wants it, with equal views.
  void start_converged();
  /// Says goodbye, and ends.
  void stop(host& which);
  enum class crash : std::uint8_t { killed, powered_off };
  void end(host& which, crash how);

  void pause(host& which, duration passes);
  void slow_down(host& which, duration per_turn);
  void break_wire(std::uint32_t which);
  /// To be called after the network's sides and cuts were changed.
  void network_changed();
  network& net() noexcept { return net_; }

  /// Work for the node's thread, in a turn of its own.
  void post(host& which, host::task work);
  void plan(tick when, detail::unique_function<void()> what);
  /// Everything up to and including that time; less if stop_running() is called meanwhile.
  void run_until(tick end);
  void stop_running() noexcept { stopping_ = true; }

  tick now() const noexcept { return now_; }
  time_point time() const noexcept { return to_time(now_); }
  static time_point to_time(tick when) noexcept { return epoch + microseconds(when); }
  static tick to_ticks(duration passes) noexcept;
  wall_ms wall_time(const host& at) const noexcept;

  std::size_t size() const noexcept { return hosts_.size(); }
  host& at(host_index which) noexcept { return *hosts_[which]; }
  const std::vector<wire>& wires() const noexcept { return wires_; }
  /// The other end's host.
  host_index peer_of(const wire_end& end) const noexcept { return wires_[end.wire].hosts[1 - end.side]; }
  host* inside() noexcept { return inside_; }  ///< Whose code is at work.
  std::uint64_t digest() const noexcept { return digest_; }
  std::uint64_t records() const noexcept { return records_; }
  const traffic& arrived() const noexcept { return traffic_; }
  std::uint64_t events() const noexcept { return events_; }
  /// Adds to the digest.
  void note(std::uint64_t what) noexcept;

 private:
  struct dial_state {
    host_index from = 0;
    incarnation life = 0;
    host_index to = 0;
    tick began = 0;
    std::uint8_t step = 0;
    bool tried_again = false;
    error why{errc::timed_out};
    mesh::dial_request request;
  };
  struct beacon_state {
    host_index from = 0;
    transport::beacon what;
  };

  static constexpr time_point epoch = time_point(seconds(1000));
  static constexpr wall_ms wall_epoch = 1'700'000'000'000;

  void handle(const occurrence& what);
  host* host_of(const occurrence& what) noexcept;
  void wake(host& which);
  bool inputs(host& which, const occurrence& what);
  void end_turn(host& which);
  void judge_owners(host& which);
  void start_jobs(host& which);
  void flush(host& which, link_id link);
  void arm_timer(host& which);
  void plan_turn(host& which);

  void prepare(host& which);
  void boot(host& which);
  std::vector<std::pair<host_index, host_index>> wanted_pairs() const;
  void connect(host& one, host& other);
  void forget_output(host& which);

  // Connections.
  std::uint32_t add_wire(host_index a, host_index b);
  void send(std::uint32_t direction, parcel::kind what, byte_span content);
  bool arrive(host& to, std::uint32_t direction);
  void greet(host& to, std::uint32_t direction);
  void on_end(host& to, std::uint32_t direction);
  void hold(std::uint32_t direction);
  void make_room(std::uint32_t direction);
  void close(host& which, link_id link, const error& why);
  void end_direction(std::uint32_t direction);
  void drop(parcel_line& line);
  void release_if_over(std::uint32_t which);
  void crash_links(host& which, crash how);

  // Finding each other.
  void dial(host& from, mesh::dial_request request);
  void step(std::uint32_t which);
  void syn(std::uint32_t which);
  void handshake(std::uint32_t which);
  void fail_dial(std::uint32_t which, tick when, error why);
  void link(dial_state& made);
  void send_beacon(host& from);
  void deliver_beacon(std::uint32_t which);
  link_id bring_up(host& at, const host& peer, bool dialed, mesh::dial_id dial);

  observer& observer_;
  network net_;
  plain_proof proof_;
  mesh::record_memo memo_;
  plain_seal seal_;
  event_queue queue_;
  parcel_pool parcels_;
  tick now_ = 0;
  bool stopping_ = false;
  host* inside_ = nullptr;
  std::vector<std::unique_ptr<host>> hosts_;
  std::unordered_map<std::string, host_index> addresses_;
  std::vector<wire> wires_;
  std::vector<std::uint32_t> free_wires_;
  std::vector<std::uint32_t> held_;  ///< Directions.
  std::vector<dial_state> dials_;
  std::vector<std::uint32_t> free_dials_;
  std::vector<beacon_state> beacons_;
  std::vector<std::uint32_t> free_beacons_;
  std::vector<detail::unique_function<void()>> calls_;
  std::vector<std::uint32_t> free_calls_;
  std::vector<link_id> dirty_;
  byte_buffer scratch_, later_;
  std::uint64_t digest_ = 0;
  std::uint64_t records_ = 0;
  traffic traffic_;
  std::uint64_t events_ = 0;
};

}  // namespace askr::simulated
