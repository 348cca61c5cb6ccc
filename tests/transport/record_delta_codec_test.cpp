// SPDX-License-Identifier: MIT
#include "transport/record_delta_codec.hpp"

#include "transport/msgpack_writer.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <vector>

namespace {

using namespace askr;
using namespace askr::transport;

node_id id_of(std::uint8_t fill) {
  node_id id;
  id.bytes.fill(fill);
  return id;
}

view_row row_of(std::uint8_t fill) {
  view_row row{.id = id_of(fill), .incarnation = 1'732'406'400'000u + fill, .version = fill};
  row.root.fill(static_cast<std::uint8_t>(fill + 1));
  return row;
}

const byte_buffer keys(owner_keys_bytes, 9), entries{1, 'a', 1, 0}, removed{1, 'b'};

record_delta_message delta_of(std::uint64_t base) {
  record_delta_message delta{.row = row_of(7), .base = base, .keys = {}, .entries = entries, .removed = removed};
  delta.signature.fill(3);
  if (base == 0) delta.keys = keys;
  return delta;
}

template <class Decode>
auto decoded(const byte_buffer& body, Decode decode) {
  return decode(open_message(body).value());
}

// No prefix of a message is one, and what a later minor appends is passed over.
template <class Decode>
void check_edges(const byte_buffer& body, Decode decode) {
  for (std::size_t bytes = 0; bytes < body.size(); ++bytes) {
    const auto opened = open_message(byte_span(body).first(bytes));
    BOOST_TEST((!opened.ok() || !decode(*opened).ok()));
  }
  byte_buffer longer(body), behind(body);
  ++longer.front();  // A fixarray of one more,
  write_str(longer, "from a later minor");
  BOOST_TEST(decoded(longer, decode).ok());
  behind.push_back(0);
  BOOST_TEST(!decoded(behind, decode).ok());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(record_delta_codec)

BOOST_AUTO_TEST_CASE(deltas_and_whole_records_round_trip) {
  for (const std::uint64_t base : {0u, 6u}) {
    byte_buffer body;
    write_message(body, delta_of(base));
    const auto got = decoded(body, decode_record_delta).value();
    BOOST_TEST((got.row == row_of(7)));
    BOOST_TEST(got.base == base);
    BOOST_TEST((got.signature == delta_of(base).signature));
    BOOST_TEST(got.keys.size() == (base == 0 ? owner_keys_bytes : 0));
    BOOST_TEST(std::ranges::equal(got.entries, entries));
    BOOST_TEST(std::ranges::equal(got.removed, removed));
    check_edges(body, decode_record_delta);
  }
}

BOOST_AUTO_TEST_CASE(a_small_delta_is_small) {
  byte_buffer body;
  write_message(body, delta_of(6));
  BOOST_TEST(body.size() == 127u);
}

BOOST_AUTO_TEST_CASE(keys_come_with_whole_records_and_only_there) {
  byte_buffer whole, delta;
  write_message(whole, delta_of(0));
  write_message(delta, delta_of(6));
  const auto base_at = 1 + 1 + 18 + 9 + 1 + 18;  // Array, kind, id, incarnation, version, root.
  BOOST_REQUIRE(whole[base_at] == 0);
  BOOST_REQUIRE(delta[base_at] == 6);
  whole[base_at] = 6;
  delta[base_at] = 0;
  BOOST_TEST(!decoded(whole, decode_record_delta).ok());
  BOOST_TEST(!decoded(delta, decode_record_delta).ok());
  delta[base_at] = 7;  // Its own version.
  BOOST_TEST(!decoded(delta, decode_record_delta).ok());
}

BOOST_AUTO_TEST_CASE(oversized_records_are_refused) {
  const byte_buffer huge(record_entries_bytes_max + 1, 0);
  auto delta = delta_of(0);
  delta.entries = huge;
  byte_buffer body;
  write_message(body, delta);
  BOOST_TEST((decoded(body, decode_record_delta).code() == errc::too_large));
}

BOOST_AUTO_TEST_CASE(summaries_round_trip) {
  view_summary_message summary;
  summary.root.fill(5);
  for (std::size_t i = 0; i < 256; ++i) summary.buckets[i] = i * 0x0123456789abcdefull;
  byte_buffer body;
  write_message(body, summary);
  BOOST_TEST((decoded(body, decode_view_summary).value() == summary));
  BOOST_TEST(body.size() < 2'080u);
  check_edges(body, decode_view_summary);
}

BOOST_AUTO_TEST_CASE(rows_round_trip) {
  std::vector<view_row> rows;
  for (std::uint8_t i = 0; i < 100; ++i) rows.push_back(row_of(i));
  std::bitset<256> complete;
  complete[0] = complete[9] = complete[255] = true;
  for (const auto& set : {complete, std::bitset<256>()}) {
    byte_buffer body;
    write_view_rows(body, set, rows);
    const auto got = decoded(body, decode_view_rows).value();
    BOOST_TEST((got.complete == set));
    BOOST_REQUIRE(got.rows.size() == rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) BOOST_TEST((got.rows[i] == rows[i]));
    check_edges(body, decode_view_rows);
  }
}

BOOST_AUTO_TEST_CASE(pulls_round_trip) {
  const std::vector ids{id_of(1), id_of(2)};
  byte_buffer body;
  write_record_pull(body, ids);
  const auto got = decoded(body, decode_record_pull).value();
  BOOST_REQUIRE(got.size() == 2u);
  BOOST_TEST((got[1] == ids[1]));
  check_edges(body, decode_record_pull);
}

BOOST_AUTO_TEST_CASE(huge_and_crooked_lists_are_refused) {
  const auto body_of = [](std::uint8_t kind, std::size_t fields, std::size_t bytes) {
    byte_buffer body;
    write_array_header(body, fields + 1);
    write_uint(body, kind);
    if (fields == 2) write_bin(body, {});
    write_bin(body, byte_buffer(bytes, 0));
    return body;
  };
  BOOST_TEST((decoded(body_of(8, 2, view_row_bytes * 1'025), decode_view_rows).code() == errc::too_large));
  BOOST_TEST((decoded(body_of(8, 2, view_row_bytes + 1), decode_view_rows).code() == errc::bad_message));
  BOOST_TEST((decoded(body_of(9, 1, 16 * 1'025), decode_record_pull).code() == errc::too_large));
  BOOST_TEST((decoded(body_of(9, 1, 17), decode_record_pull).code() == errc::bad_message));
}

BOOST_AUTO_TEST_SUITE_END()
