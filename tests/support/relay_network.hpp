// SPDX-License-Identifier: MIT
#pragma once

/// What tests of nodes without a link have in common.

#include "libaskr/src/relay.hpp"
#include "tests/support/core_network.hpp"

namespace askr::test {

/// 0 - 1 - 2 - ...
inline std::vector<wire*> chain(core_network& network, std::size_t nodes) {
  std::vector<wire*> lines;
  for (std::size_t i = 0; i + 1 < nodes; ++i) lines.push_back(&network.connect(i, i + 1));
  network.run();
  return lines;
}

inline void defer(core_network& network, std::size_t node, std::string name) {
  auto handler = std::make_shared<detail::handler>();
  handler->how = detail::handler::mode::deferred;
  network.hold_jobs = true;
  BOOST_REQUIRE(network.core(node).add_handler(std::move(name), handler).ok());
  network.run();
}

/// `to` gets a sealed text that nobody sealed, over its link to `from`.
inline void deliver_envelope(core_network& network, std::size_t from, std::size_t to,
                             transport::routed_message message) {
  const byte_buffer junk(64, 7);
  message.source_life = message.target_life = 1;
  if (message.session == 0) message.session = 9;
  message.sealed = junk;
  byte_buffer body;
  write_message(body, message);
  transport::outbox forged;
  (void)forged.append_routed(body);
  byte_buffer scratch;
  network.core(to).on_link_record(network.now(), network.core(to).peers().link_to(network.self(from).id),
                                  forged.next_record(scratch));
}

/// What this end of a wire tells `to` of a path that broke; errc::closed: nothing.
inline errc told(const wire::end& by, const node_id& to) {
  transport::decompressor decompressor;
  transport::inbox in(decompressor);
  for (const auto& record : by.sent) {
    byte_span rest = record;
    for (auto message = in.next(rest); message && message->kind != transport::message_kind::none;
         message = in.next(rest)) {
      if (message->kind != transport::message_kind::route_broken) continue;
      const auto broken = transport::decode_route_broken(*message);
      if (broken && broken->to == to) return broken->code;
    }
  }
  return errc::closed;
}

/// What a relay says of the session that `by` has with `about`.
inline transport::route_broken_message broken(core_network& network, std::size_t by, std::size_t about,
                                              std::uint64_t session) {
  return {.to = network.self(by).id,
          .about = network.self(about).id,
          .session = session,
          .code = errc::no_node,
          .relay = network.self(1).id,
          .text = "no path"};
}

inline std::uint64_t session_of(core_network& network, std::size_t by, std::size_t with) {
  const auto& peers = network.core(by).peers();
  return peers.find(peers.far_to(network.self(with).id))->session;
}

}  // namespace askr::test
