// SPDX-License-Identifier: MIT
#include "libaskr/src/self_record.hpp"

#include "mesh/record_schema.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace askr {

self_record::self_record(const self_description& self, const core_keys& keys, counters& counts)
    : counts_(counts), publisher_(self.life, keys.signer, keys.verifier, {}) {
  note(publisher_.set(mesh::name_key, as_bytes(self.name)));
  note(publisher_.set(mesh::app_version_key, as_bytes(self.app_version)));
}

void self_record::note(const result<void>& taken) {
  if (!taken) ++counts_.records_refused;
}

void self_record::set_endpoints(const std::vector<std::string>& endpoints) {
  const auto count = std::min<std::size_t>(endpoints.size(), 64);
  note(publisher_.replace(mesh::endpoint_prefix, {}));
  for (std::size_t i = 0; i < count; ++i) {
    const std::array<std::uint8_t, 1> place{static_cast<std::uint8_t>(i)};
    note(publisher_.set(std::string(mesh::endpoint_prefix) + endpoints[i], place));
  }
}

void self_record::set_credential(byte_span credential) {
  if (credential.empty()) return publisher_.remove(mesh::credential_key);
  note(publisher_.set(mesh::credential_key, credential));
}

void self_record::set_interest(const std::vector<std::string>& commands, const std::vector<std::string>& topics) {
  note(publisher_.replace(mesh::command_prefix, commands));
  note(publisher_.replace(mesh::topic_prefix, topics));
}

void self_record::set_asking(bool asking) {
  if (std::exchange(asking_, asking) == asking) return;
  if (!asking) return publisher_.remove(mesh::asking_key);
  note(publisher_.set(mesh::asking_key, {}));
}

void self_record::set_leaving() { note(publisher_.set(mesh::leaving_key, {})); }

void self_record::set_link(const node_id& peer, const mesh::link_report& report, mesh::haste when) {
  note(publisher_.set(mesh::link_key(peer), mesh::encode(report), when));
}

void self_record::remove_link(const node_id& peer) { publisher_.remove(mesh::link_key(peer), mesh::haste::soon); }

}  // namespace askr
