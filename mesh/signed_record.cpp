// SPDX-License-Identifier: MIT
#include "mesh/signed_record.hpp"

#include "mesh/record_schema.hpp"

#include <utility>

namespace askr::mesh {
namespace {

void append_number(byte_buffer& out, std::uint64_t number) {
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<std::uint8_t>(number >> shift));
}

void append_stamp(byte_buffer& out, const record_stamp& stamp) {
  append_number(out, stamp.life);
  append_number(out, stamp.version);
  append(out, stamp.root);
}

digest digest_of(const record_header& header, const record_verifier& hasher) {
  byte_buffer row;
  row.reserve(sizeof(record_row));
  append(row, header.id.span());
  append_stamp(row, header.stamp);
  return hasher.hash(row);
}

}  // namespace

byte_buffer signed_text(const owner_keys& keys, const record_stamp& stamp) {
  byte_buffer text;
  text.reserve(sizeof keys + sizeof stamp);
  append(text, keys.noise);
  append(text, keys.sign);
  append_stamp(text, stamp);
  return text;
}

signed_record::signed_record(const record_header& header, entry_set entries, const record_verifier& hasher)
    : header_(header), row_digest_(digest_of(header, hasher)), entries_(std::move(entries)) {}

const record_ptr& signed_record::described() const {
  if (!described_) described_ = std::make_shared<const node_record>(describe(*this));
  return described_;
}

const link_reports& signed_record::links() const {
  if (!links_) links_ = std::make_shared<const link_list>(links_of(*this));
  return links_;
}

record_delta whole_of(const signed_record& record, byte_buffer& entries) {
  entries.clear();
  record.entries().append_to(entries);
  return {.id = record.id(),
          .stamp = record.stamp(),
          .signature = record.header().signature,
          .keys = record.header().keys,
          .base = 0,
          .changes = {entries, {}}};
}

record_delta obituary_of(const record_header& header) {
  return {.id = header.id,
          .stamp = header.stamp,
          .signature = header.signature,
          .keys = header.keys,
          .base = 0,
          .changes = {}};
}

}  // namespace askr::mesh
