// SPDX-License-Identifier: MIT
// The input is a run of message bodies, each behind its 2-byte length, as a member of the workspace might send them:
// the codec, the view and the exchange run over them. Every signature is taken for good, so that the entries are
// reached; the root must fit all the same, so the last byte of a delta's root is made to fit where the input asks for
// it (0xff).
#include "libaskr/src/record_wire.hpp"

#include <algorithm>
#include <cstdlib>

namespace {

using namespace askr;

void require(bool holds) {
  if (!holds) std::abort();
}

class trusting_verifier final : public mesh::record_verifier {
 public:
  mesh::digest hash(byte_span bytes) const override {
    mesh::digest out{};
    std::uint64_t sum = 14'695'981'039'346'656'037u;
    for (const auto byte : bytes) sum = (sum ^ byte) * 1'099'511'628'211u;
    for (std::size_t i = 0; i < 8; ++i) out[i] = static_cast<std::uint8_t>(sum >> (8 * i));
    return out;
  }
  node_id id_of(const mesh::owner_keys& keys) const override {
    node_id id;
    std::copy_n(keys.noise.begin(), node_id::size, id.bytes.begin());
    return id;
  }
  bool verify(const mesh::owner_keys&, byte_span, const mesh::record_signature&) const override { return true; }
};

constexpr mesh::record_limits limits{.entries_max = 64, .bytes_max = 4'096, .bucket_entries_max = 8};

mesh::view_options view_limits() {
  mesh::view_options options;
  options.record = limits;
  options.owners_max = 8;
  options.unreached_max = 4;
  options.lost_max = 2;
  return options;
}

struct node {
  trusting_verifier verifier;
  mesh::record_memo memo{4};
  mesh::record_view view{node_id{{0xee}}, verifier, memo, view_limits()};
  mesh::record_exchange exchange{view, {.rows_per_message_max = 4, .small_view_max = 2, .pulls_max = 16}};
  time_point now{};
};

void fit_root(mesh::record_delta& delta, const node& at) {
  if (delta.stamp.root.back() != 0xff) return;
  const auto known = at.view.find(delta.id);
  const mesh::entry_set nothing;
  const auto& before = known && !delta.whole() ? known->entries() : nothing;
  const auto made = before.with(delta.changes, delta.stamp.version, limits, at.verifier);
  if (made) delta.stamp.root = made->root(at.verifier);
  if (delta.keys) delta.id = at.verifier.id_of(*delta.keys);
}

// What was merged is within the limits, and can be sent on as a whole.
void check(const mesh::signed_record& record, const node& at) {
  require(record.entries().size() <= limits.entries_max && record.entries().bytes() <= limits.bytes_max);
  byte_buffer body, kept;
  write_message(body, mesh::whole_of(record, kept));
  const auto again = transport::decode_record_delta(*transport::open_message(body)).value();
  const auto copy = mesh::entry_set().with(from_wire(again).changes, again.row.version, limits, at.verifier).value();
  require(copy.root(at.verifier) == record.stamp().root);
}

void on_delta(node& at, const transport::opened_message& message) {
  const auto decoded = transport::decode_record_delta(message);
  if (!decoded) return;
  auto delta = from_wire(*decoded);
  fit_root(delta, at);
  const auto outcome = at.exchange.on_delta(at.now, 1, delta);
  if (!outcome || outcome->intake.what != mesh::intake::merged) return;
  check(*outcome->intake.record, at);
  if (delta.stamp.version % 2 == 0) at.exchange.set_up(at.now, delta.id, true);
  if (delta.stamp.version % 7 == 0) at.view.lose(at.now, delta.id);
}

void read(node& at, byte_span body) {
  const auto message = transport::open_message(body);
  if (!message || body.size() < 2) return;
  on_delta(at, *message);
  if (const auto summary = transport::decode_view_summary(*message)) at.exchange.on_summary(1, from_wire(*summary));
  if (const auto rows = transport::decode_view_rows(*message)) at.exchange.on_rows(1, from_wire(*rows));
  if (const auto ids = transport::decode_record_pull(*message)) at.exchange.on_pull(1, from_wire(*ids).ids);
}

void end_turn(node& at) {
  at.now += 700ms;
  at.view.on_timeout(at.now);
  at.exchange.on_timeout(at.now);
  for (const auto& message : at.exchange.take_messages(at.now)) {
    byte_buffer body;
    write_message(body, message);
    require(transport::open_message(body).ok());
  }
  require(at.view.rows().size() <= 8 && at.view.lost().size() <= 2 && at.exchange.pulls() <= 16);
  require(std::is_sorted(at.view.rows().begin(), at.view.rows().end(),
                         [](const auto& left, const auto& right) { return left.id() < right.id(); }));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  node at;
  at.exchange.on_link_up(at.now, 1, node_id{{1}}, true);
  at.exchange.on_link_up(at.now, 2, node_id{{2}}, false);
  byte_span rest(data, size);
  while (rest.size() >= 2) {
    const std::size_t bytes = std::min<std::size_t>(rest[0] << 8 | rest[1], rest.size() - 2);
    read(at, rest.subspan(2, bytes));
    end_turn(at);
    rest = rest.subspan(2 + bytes);
  }
  return 0;
}
