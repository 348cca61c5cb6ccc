// SPDX-License-Identifier: MIT
#pragma once

/// The links of a node and what is said over them. What they say is the business of peer_door.

#include "libaskr/src/caller.hpp"
#include "libaskr/src/slot_map.hpp"
#include "mesh/rtt_step.hpp"
#include "transport/compression.hpp"
#include "transport/inbox.hpp"
#include "transport/outbox.hpp"

#include <askr/event.hpp>
#include <askr/node_id.hpp>
#include <askr/options.hpp>
#include <askr/principal.hpp>
#include <askr/time.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace askr {

struct command_request;

/// The address of a link over a unix socket.
inline constexpr std::string_view unix_address = "unix";

/// One link as the core sees it: who is at the other end, and what waits to be sent.
struct peer {
  peer(link_id number, const link_limits& limits, transport::compressor& compressor,
       transport::decompressor& decompressor, bool is_far);

  link_id id;
  node_id node;
  incarnation life = 0;
  std::string name;
  principal who;         ///< As this node's authenticator judged the peer.
  bool dialed = false;   ///< By us.
  std::string address;   ///< Where the connection comes from or leads to, or "unix".
  std::string observed;  ///< Where the other end sees us.
  transport::outbox out;
  transport::inbox in;
  std::uint32_t commands_pending = 0;  ///< Ours, not answered yet.
  time_point last_heard;
  time_point last_sent;
  std::uint64_t ping_heard_us = 0;  ///< `sent_us` of the last ping, to be echoed,
  time_point ping_heard_at;         ///< and when it came.
  microseconds round_trip{0};       ///< 0: not measured yet.
  mesh::rtt_publisher rtt;          ///< What this node's record says of the link.
  std::uint32_t pings_sent = 0;
  bool wanted_here = true;          ///< This node wants the link, as it told the peer;
  bool wanted_there = true;         ///< the peer does, as it said.
  bool outdated = false;            ///< Of an earlier life of its node: it is only told so.
  bool far = false;                 ///< No link: what it says comes, and goes, sealed over others (relay.hpp), by
  link_id via = no_link;            ///< this link first.
  std::uint64_t session = 0;        ///< Ours; the other end's own is
  std::uint64_t heard_session = 0;  ///< this; 0: nothing heard yet.
  link_id heard_via = no_link;      ///< The link by which the other end's come.
  std::uint32_t sent_number = 0;    ///< The next envelope's.
  std::uint32_t heard_number = 0;
  time_point carried{};                      ///< When an envelope went over it last, of anybody's.
  bool fading = false;                       ///< Neither end wants it: others shall no longer use it, from
  time_point fading_since{};                 ///< then on; later it retires.
  bool retiring = false;                     ///< Nothing new is sent; it ends when both sides have said bye,
  errc bye_code = errc::duplicate_identity;  ///< with this: a duplicate, or canceled as nobody wants it.
  bool bye_sent = false;
  bool bye_heard = false;
  bool closing = false;  ///< The shell was told to close it: nothing it says counts any more.
  bool dirty = false;
  double pulls_left = 0;     ///< Of past events that it may still ask for,
  time_point pulls_counted;  ///< as of then.
};

class peer_table {
 public:
  explicit peer_table(const link_limits& limits) : limits_(limits) {}

  /// The new peer becomes the one that link_to() gives for its node only by make_current().
  peer& add();
  peer* find(link_id id) noexcept { return peers_.find(id); }
  const peer* find(link_id id) const noexcept { return peers_.find(id); }
  peer& at(link_id id) noexcept;
  void erase(link_id id);
  /// Links.
  std::size_t size() const noexcept { return peers_.size() - far_.size() - far_lost_; }
  template <class Visitor>
  void for_each(Visitor visit) {
    peers_.for_each([&](peer& each) {
      if (!each.far) visit(each);
    });
  }

  void make_current(const peer& which) { current_[which.node] = which.id; }
  /// link_to() does not give it any more.
  void forget_current(const peer& which);
  /// no_link if there is none.
  link_id link_to(const node_id& node) const noexcept;

  /// A peer without a link, found by far_to() from now on.
  peer& add_far(const node_id& node);
  /// It is still there, but far_to() does not find it any more.
  void forget_far(const peer& which);
  /// no_link if there is none.
  link_id far_to(const node_id& node) const noexcept;
  std::size_t far_count() const noexcept { return far_.size(); }
  template <class Visitor>
  void for_each_far(Visitor visit) {
    peers_.for_each([&](peer& each) {
      if (each.far && !each.closing) visit(each);
    });
  }

  /// Fails with overloaded (the link is above its soft limit) or too_large.
  result<void> send_command(peer& to, std::uint64_t mid, const command_request& request);
  void send_cancel(link_id to, std::uint64_t mid);
  /// `behind_parts`: never overtakes parts that were sent.
  void send_reply(link_id to, std::uint64_t mid, const result<payload_view>& outcome, bool maybe_executed,
                  bool behind_parts = false);
  /// Fails with overloaded (the link closes) or too_large.
  result<void> send_part(link_id to, std::uint64_t mid, std::uint64_t number, payload_view part);
  void send_credit(link_id to, std::uint64_t mid, std::uint32_t bytes);
  /// Above its soft limit.
  bool is_slow(link_id which) noexcept;
  /// Whether what is not urgent may be said: less waits than half of the soft limit.
  bool has_room(const peer& which) const noexcept { return which.out.queued_bytes() <= limits_.outbox_bytes_soft / 2; }
  /// False if it was dropped: the link is above its soft limit.
  bool send_event(link_id to, const event& what);
  /// The same, of another node's event.
  bool relay_event(link_id to, const event& what, std::uint8_t hops_left);

  void mark_dirty(peer& which);
  bool none_dirty_but(link_id which) const noexcept {
    return dirty_far_.empty() && (dirty_.empty() || (dirty_.size() == 1 && dirty_[0] == which));
  }
  /// The links that were given something to send since the last call.
  void take_dirty(std::vector<link_id>& taken) { take(dirty_, taken); }
  bool has_dirty_far() const noexcept { return !dirty_far_.empty(); }
  void take_dirty_far(std::vector<link_id>& taken) { take(dirty_far_, taken); }

 private:
  void take(std::vector<link_id>& dirty, std::vector<link_id>& taken);

  const link_limits& limits_;
  transport::compressor compressor_;
  transport::decompressor decompressor_;
  slot_map<peer> peers_;
  std::unordered_map<node_id, link_id> current_;
  std::unordered_map<node_id, link_id> far_;
  std::size_t far_lost_ = 0;  ///< Forgotten and not erased yet.
  std::vector<link_id> dirty_;
  std::vector<link_id> dirty_far_;
};

}  // namespace askr
