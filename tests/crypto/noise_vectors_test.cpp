// SPDX-License-Identifier: MIT
// Runs every published vector found in tests/data: any JSON file with a "vectors" array in cacophony's form (the common
// one of Noise libraries) or in flynn/noise's key=value form. Both sides must produce exactly the published bytes, read
// each other's, and agree on the handshake hash.
#include "crypto/noise_handshake.hpp"

#include <askr/random.hpp>

#include <simdjson.h>
#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <string>
#include <vector>

namespace {

using namespace askr;
using namespace askr::crypto;
using simdjson::dom::element;

struct vector_message {
  byte_buffer payload;
  byte_buffer ciphertext;
};

struct vector_side {
  byte_buffer prologue, ephemeral, own_static, remote_static;
  std::vector<byte_buffer> psks;
};

struct vector {
  std::string protocol_name, source;
  vector_side initiator, responder;
  byte_buffer handshake_hash;
  std::vector<vector_message> messages;
  bool initiator_starts_transport = false;  // flynn: always; cacophony: the sides just go on taking turns.
};

byte_buffer from_hex(std::string_view text) {
  byte_buffer out;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    out.push_back(static_cast<std::uint8_t>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16)));
  }
  return out;
}

std::string text_of(element in, const std::string& key) {
  std::string_view found;
  return in[key].get(found) == simdjson::SUCCESS ? std::string(found) : std::string();
}

byte_buffer bytes_of(element in, const std::string& key) { return from_hex(text_of(in, key)); }

vector_side cacophony_side(element in, const std::string& prefix) {
  vector_side side{bytes_of(in, prefix + "prologue"),
                   bytes_of(in, prefix + "ephemeral"),
                   bytes_of(in, prefix + "static"),
                   bytes_of(in, prefix + "remote_static"),
                   {}};
  simdjson::dom::array psks;
  if (in[prefix + "psks"].get(psks) != simdjson::SUCCESS) return side;
  for (const auto psk : psks) side.psks.push_back(from_hex(std::string_view(psk)));
  return side;
}

vector read_cacophony(element in) {
  vector out{text_of(in, "protocol_name"), text_of(in, "source"),          cacophony_side(in, "init_"),
             cacophony_side(in, "resp_"),  bytes_of(in, "handshake_hash"), {}};
  for (const auto message : simdjson::dom::array(in["messages"])) {
    out.messages.push_back({bytes_of(message, "payload"), bytes_of(message, "ciphertext")});
  }
  return out;
}

byte_buffer public_of(const byte_buffer& own) {
  if (own.empty()) return {};
  const auto shown = x25519_public(secret<32>(own));
  return {shown.begin(), shown.end()};
}

vector read_flynn(element in, const noise_protocol& protocol) {
  const auto prologue = bytes_of(in, "prologue");
  const auto init = bytes_of(in, "init_static"), resp = bytes_of(in, "resp_static");
  vector out{text_of(in, "protocol_name"), text_of(in, "source"), {}, {}, {}, {}, true};
  out.initiator = {prologue, bytes_of(in, "gen_init_ephemeral"), init, {}, {}};
  out.responder = {prologue, bytes_of(in, "gen_resp_ephemeral"), resp, {}, {}};
  if (protocol.responder_static_known) out.initiator.remote_static = public_of(resp);
  if (protocol.initiator_static_known) out.responder.remote_static = public_of(init);
  if (protocol.has_psk) out.initiator.psks = out.responder.psks = {bytes_of(in, "preshared_key")};
  for (int i = 0; in["msg_" + std::to_string(i) + "_ciphertext"].error() == simdjson::SUCCESS; ++i) {
    const auto name = "msg_" + std::to_string(i);
    out.messages.push_back({bytes_of(in, name + "_payload"), bytes_of(in, name + "_ciphertext")});
  }
  return out;
}

handshake_state started(const noise_protocol& protocol, role side, const vector_side& with) {
  handshake_keys keys;
  if (!with.own_static.empty()) keys.static_secret = secret<32>(with.own_static);
  if (!with.remote_static.empty()) std::copy_n(with.remote_static.begin(), 32, keys.remote_static.emplace().begin());
  for (const auto& psk : with.psks) keys.psks.emplace_back(psk);
  if (!with.ephemeral.empty()) keys.fixed_ephemeral_for_tests = secret<32>(with.ephemeral);
  return handshake_state::start(protocol, side, std::move(keys), with.prologue).value();
}

bool run_handshake_message(handshake_state& writer, handshake_state& reader, const vector_message& message) {
  byte_buffer written, read;
  if (!writer.write_message(entropy(), message.payload, written) || written != message.ciphertext) return false;
  return reader.read_message(written, read).ok() && read == message.payload;
}

bool run_transport_message(cipher_state& send, cipher_state& receive, const vector_message& message) {
  byte_buffer bytes = message.payload;
  bytes.resize(bytes.size() + tag_bytes);
  if (!send.encrypt_with_ad({}, message.payload, bytes.data()) || bytes != message.ciphertext) return false;
  if (!receive.decrypt_with_ad({}, bytes, bytes.data())) return false;
  bytes.resize(message.payload.size());
  return bytes == message.payload;
}

bool passes(const vector& given, const noise_protocol& protocol) {
  auto initiator = started(protocol, role::initiator, given.initiator);
  auto responder = started(protocol, role::responder, given.responder);
  std::size_t i = 0;
  for (; i < protocol.messages_count; ++i) {
    auto& writer = i % 2 == 0 ? initiator : responder;
    auto& reader = i % 2 == 0 ? responder : initiator;
    if (!run_handshake_message(writer, reader, given.messages.at(i))) return false;
  }
  if (!initiator.complete() || !responder.complete()) return false;
  if (!std::ranges::equal(initiator.handshake_hash(), responder.handshake_hash())) return false;
  if (!given.handshake_hash.empty() && !std::ranges::equal(initiator.handshake_hash(), given.handshake_hash))
    return false;
  auto a = initiator.split(), b = responder.split();
  bool from_initiator = given.initiator_starts_transport || i % 2 == 0;
  for (; i < given.messages.size(); ++i, from_initiator = !from_initiator) {
    const bool done = from_initiator ? run_transport_message(a.send, b.receive, given.messages[i])
                                     : run_transport_message(b.send, a.receive, given.messages[i]);
    if (!done) return false;
  }
  return true;
}

struct tally {
  std::size_t passed = 0, failed = 0, other_protocols = 0;
};

void run_vector(element in, tally& into) {
  const auto name = text_of(in, "protocol_name");
  const auto protocol = noise_protocol::parse(name);
  if (!protocol) return void(++into.other_protocols);
  simdjson::dom::array messages;
  const bool cacophony = in["messages"].get(messages) == simdjson::SUCCESS;
  const auto given = cacophony ? read_cacophony(in) : read_flynn(in, *protocol);
  const bool passed = given.messages.size() > protocol->messages_count && passes(given, *protocol);
  BOOST_CHECK_MESSAGE(passed, name << " of " << given.source);
  ++(passed ? into.passed : into.failed);
}

void run_file(const std::string& path, tally& into) {
  simdjson::dom::parser parser;
  element root;
  simdjson::dom::array vectors;
  if (parser.load(path).get(root) != simdjson::SUCCESS || root["vectors"].get(vectors) != simdjson::SUCCESS) return;
  for (const auto each : vectors) {
    if (!text_of(each, "protocol_name").empty()) run_vector(each, into);
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(noise_vectors)

BOOST_AUTO_TEST_CASE(every_published_vector_gives_the_published_bytes) {
  tally found;
  for (const auto& entry : std::filesystem::directory_iterator(ASKR_TEST_DATA)) {
    if (entry.path().extension() == ".json") run_file(entry.path().string(), found);
  }
  BOOST_TEST_MESSAGE("noise vectors: " << found.passed << " passed, " << found.failed << " failed, "
                                       << found.other_protocols << " of other protocols");
  BOOST_TEST(found.passed > 0u);
  BOOST_TEST(found.failed == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
