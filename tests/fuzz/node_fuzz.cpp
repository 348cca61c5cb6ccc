// SPDX-License-Identifier: MIT
// A whole node without a socket, and at its doors a member that has gone mad, another that is only slow, and a client
// that says what it likes. Whatever they say: nothing breaks, every table stays within its limit, and the node's own
// code still gets one outcome for each command.
#include "libaskr/src/node_core.hpp"
#include "libaskr/src/plain_proof.hpp"

#include <askr/assert.hpp>

#include <algorithm>

namespace {

using namespace askr;

constexpr std::size_t far_peers_max = 8;

node_options options_of_node() {
  node_options options;
  options.name = "fuzzed";
  options.beacon = false;
  options.authenticator = std::make_shared<workspace_secret>();
  options.links.message_bytes_max = 1 << 20;
  options.limits.far_peers_max = far_peers_max;
  options.limits.flows_max = 16;
  options.limits.commands_pending_max = 64;
  options.events.streams_max = 16;
  return options;
}

node_id numbered(std::uint8_t fill) {
  node_id id;
  id.bytes.fill(fill);
  return id;
}

class node_game {
 public:
  node_game() {
    core_.start(now_, {"127.0.0.1:8800"});
    ASKR_ASSERT(core_.add_handler("echo", detail::make_handler([](const command& asked) { return asked.data; })));
    ASKR_ASSERT(core_.add_listener(now_, 1, ">", detail::make_listener([](const event&) {})));
    for (std::size_t i = 0; i < links_.size(); ++i) link_up(i);
    if (const auto opened = core_.clients().open({"127.0.0.1", true, now_})) session_ = *opened;
    turn();
  }
  ~node_game() {
    core_.stop(now_);
    ASKR_ASSERT(asked_ == answered_);
  }

  void play(byte_span input) {
    while (input.size() >= 3) {
      const auto operation = input[0] & 7, which = input[0] >> 3 & 1;
      const auto bytes = input.subspan(3).first(std::min<std::size_t>(input[1] << 8 | input[2], input.size() - 3));
      input = input.subspan(3 + bytes.size());
      switch (operation) {
        case 0:
        case 1:
          say_on_link(static_cast<std::size_t>(which), bytes);
          break;
        case 2:
        case 3:
          say_as_client(bytes);
          break;
        case 4:
          now_ += milliseconds(bytes.size() * 17);
          break;
        case 5:
          send(as_text(bytes));
          break;
        case 6:
          core_.on_link_down(now_, links_[static_cast<std::size_t>(which)], error{errc::closed});
          link_up(static_cast<std::size_t>(which));
          break;
        default:
          (void)core_.emit(now_, as_text(bytes.first(std::min<std::size_t>(bytes.size(), 64))),
                           payload_view(bytes, encoding::raw));
      }
      turn();
    }
  }

 private:
  void link_up(std::size_t which) {
    principal who;
    who.what = principal::kind::node;
    who.name = "peer";
    who.entry = numbered(static_cast<std::uint8_t>(2 + which));
    who.rights = permissions::member();
    const auto up = core_.members().on_link_up(
        now_,
        {.id = who.entry, .life = ++life_, .name = "peer", .who = who, .dialed = which == 0, .address = "127.0.0.1:1"});
    links_[which] = up ? *up : no_link;
  }

  // Messages of the input, each behind its length; the record is whole, as the link's check of its tag has shown.
  void say_on_link(std::size_t which, byte_span bytes) {
    byte_buffer record(bytes.begin(), bytes.end());
    core_.on_link_record(now_, links_[which], record);
  }

  void say_as_client(byte_span bytes) {
    byte_buffer received(bytes.begin(), bytes.end());
    core_.clients().on_bytes(now_, session_, received);
  }

  void send(std::string_view name) {
    ++asked_;
    core_.send(now_, {.name = name, .data = {}, .who = &core_.self_principal(), .remaining = 500ms},
               [this](const result<payload>&) { ++answered_; });
  }

  void turn() {
    if (core_.next_timeout() <= now_) core_.on_timeout(now_);
    for (auto& job : core_.take_jobs()) {
      byte_buffer packed;
      const auto kind = job.handler->answer(job.asked, packed);
      core_.on_answer(now_, job.serving,
                      kind ? result<payload>(payload(std::move(packed), *kind)) : result<payload>(kind.error()));
    }
    for (auto& [session, shown] : core_.clients().take_credentials()) {
      principal who;
      who.name = "client";
      who.rights = permissions::member();
      core_.clients().on_verdict(now_, session, who);
    }
    (void)core_.members().take_claims();
    (void)core_.members().take_dials();
    core_.end_turn(now_);
    flush();
    ASKR_ASSERT(core_.peers().far_count() <= far_peers_max);
  }

  void flush() {
    core_.peers().take_dirty(dirty_);
    for (const auto link : dirty_) {
      auto* peer = core_.peers().find(link);
      while (peer != nullptr && !peer->out.next_record(scratch_).empty()) {
      }
    }
    for (const auto& [link, why] : core_.members().take_closing()) {
      core_.on_link_down(now_, link, why);
      for (std::size_t i = 0; i < links_.size(); ++i) {
        if (links_[i] == link) link_up(i);
      }
    }
    flush_client();
    core_.sessions().take_dirty(dirty_);
  }

  void flush_client() {
    auto* client = core_.sessions().find(session_);
    if (client == nullptr) return;
    while (!client->wire.output().empty()) {
      client->wire.consume(client->wire.output().size());
      core_.sessions().refill(*client);
    }
    if (!client->wire.finished() && !client->wire.wants_shutdown() && !client->too_slow) return;
    core_.clients().on_closed(now_, session_);
    if (const auto opened = core_.clients().open({"127.0.0.1", true, now_})) session_ = *opened;
  }

  time_point now_ = time_point(seconds(1000));
  const node_options options_ = options_of_node();
  const self_description self_{numbered(1), 1, "askr-fuzzed-000000"};
  plain_signer signer_{self_.id};
  plain_proof proof_;
  mesh::record_memo memo_{16};
  plain_seal seal_;
  node_core core_{options_, self_, core_keys{signer_, proof_, memo_, seal_}, 7};
  std::array<link_id, 2> links_{};
  session_id session_ = no_session;
  incarnation life_ = 0;
  std::size_t asked_ = 0, answered_ = 0;
  std::vector<std::uint32_t> dirty_;
  byte_buffer scratch_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  node_game game;
  game.play({data, size});
  return 0;
}
