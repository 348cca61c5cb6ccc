// SPDX-License-Identifier: MIT
#pragma once

/// Which keys a node record has, and what their values mean. docs/protocol.md, "Signed node records".

#include "mesh/link_report.hpp"
#include "mesh/node_record.hpp"
#include "mesh/signed_record.hpp"

#include <askr/node_id.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace askr::mesh {

// The values of these are text.
inline constexpr std::string_view name_key = "name";
inline constexpr std::string_view app_version_key = "app_version";
inline constexpr std::string_view draining_key = "draining";      ///< Present: yes. Its value is empty.
inline constexpr std::string_view leaving_key = "leaving";        ///< Present: yes, in its last words. Value: empty.
inline constexpr std::string_view asking_key = "asking";          ///< Present: who applies its interest shall say so.
inline constexpr std::string_view credential_key = "credential";  ///< For each node's own authenticator.

// One entry for each thing, whose name follows the prefix.
inline constexpr std::string_view endpoint_prefix = "endpoint/";  ///< Value: 1 byte, its place in the owner's list.
inline constexpr std::string_view command_prefix = "command/";    ///< Value: empty.
inline constexpr std::string_view topic_prefix = "topic/";        ///< Value: empty.
inline constexpr std::string_view link_prefix = "link/";          ///< Then the peer's id, 16 bytes. Value: link_report.
inline constexpr std::string_view state_prefix = "state/";        ///< Value: the owner's affair.

std::string link_key(const node_id& peer);
byte_buffer encode(const link_report& report);
/// Nothing unless both are well-formed.
std::optional<std::pair<node_id, link_report>> decode_link(const record_entry& entry);

link_list links_of(const signed_record& record);
/// True if both records report the link between these very lives of their nodes: only then does it count.
bool linked(const signed_record& one, const signed_record& other);

/// The texts behind a prefix, sorted; endpoints in their owner's order.
std::vector<std::string> texts_of(const signed_record& record, std::string_view prefix);
std::vector<std::string> endpoints_of(const signed_record& record);
/// What its owner shows to each node's authenticator; empty if nothing.
byte_buffer credential_of(const signed_record& record);
/// The directory's form of it. Texts are as their owner wrote them: whether they are names is for who uses them to
/// check.
node_record describe(const signed_record& record);

}  // namespace askr::mesh
