// SPDX-License-Identifier: MIT
#include "libaskr/src/record_wire.hpp"

#include "tests/support/record_owner.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

namespace {

using namespace askr;
using askr::test::proof;
using askr::test::record_owner;

struct reader {
  explicit reader(std::uint64_t number) : view(test::identity_of(number).id(), proof(), memo), exchange(view) {}
  mesh::record_memo memo;
  mesh::record_view view;
  mesh::record_exchange exchange;
};

transport::opened_message opened(const byte_buffer& body) { return transport::open_message(body).value(); }

}  // namespace

BOOST_AUTO_TEST_SUITE(record_wire)

BOOST_AUTO_TEST_CASE(deltas_arrive_as_they_were_signed) {
  reader at(9);
  record_owner owner(1);
  for (int round = 0; round < 3; ++round) {
    owner.set("state/" + std::to_string(round), "value");
    owner.publisher.remove("state/" + std::to_string(round - 1));
    byte_buffer body;
    write_message(body, owner.publish().delta());
    const auto message = transport::decode_record_delta(opened(body)).value();
    const auto taken = at.view.accept({}, from_wire(message)).value();
    BOOST_TEST((taken.what == mesh::intake::merged));
  }
  BOOST_TEST((at.view.find(owner.id())->stamp() == owner.publisher.record()->stamp()));
}

BOOST_AUTO_TEST_CASE(what_an_exchange_says_arrives) {
  reader one(8), other(9);
  record_owner owner(1);
  const auto record = owner.publish().record;
  byte_buffer body;
  write_message(body, mesh::exchange_message{1, record});
  BOOST_TEST(other.view.accept({}, from_wire(transport::decode_record_delta(opened(body)).value())).ok());

  mesh::view_summary summary{.root = mesh::digest{1, 2}, .buckets = {}};
  summary.buckets[255] = 77;
  body.clear();
  write_message(body, mesh::exchange_message{1, summary});
  const auto got_summary = from_wire(transport::decode_view_summary(opened(body)).value());
  BOOST_TEST((got_summary.root == summary.root && got_summary.buckets == summary.buckets));

  mesh::view_rows rows{.complete = {}, .rows = {record->row(), {node_id{{3}}, {4, 5, {6}}}}};
  rows.complete[17] = true;
  body.clear();
  write_message(body, mesh::exchange_message{1, rows});
  const auto got_rows = from_wire(transport::decode_view_rows(opened(body)).value());
  BOOST_TEST((got_rows.complete == rows.complete && got_rows.rows == rows.rows));

  const mesh::record_pull pull{{owner.id(), node_id{{3}}}};
  body.clear();
  write_message(body, mesh::exchange_message{1, pull});
  BOOST_TEST((from_wire(transport::decode_record_pull(opened(body)).value()).ids == pull.ids));
}

BOOST_AUTO_TEST_SUITE_END()
