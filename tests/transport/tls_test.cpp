// SPDX-License-Identifier: MIT
#include "transport/tls.hpp"

#include "tests/support/certificates.hpp"

#include <boost/test/unit_test.hpp>

#include <openssl/ssl.h>

#include <algorithm>
#include <ctime>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(tls_channels)

namespace {

using namespace askr;
using test::authority;

/// Made once: keys take their time under a sanitizer.
struct cast {
  authority ours{"our authority"}, theirs{"another authority"};
  test::issued node = ours.issue("node", "DNS:node.example,IP:127.0.0.1");
  test::issued ann = ours.issue("ann");
  test::issued stranger = theirs.issue("stranger", "DNS:node.example");
  test::issued expired = ours.issue("node", "DNS:node.example", -1);
};

const cast& people() {
  static const cast made;
  return made;
}

tls::context server_of(const test::issued& who, const std::string& client_ca = {}) {
  auto made = tls::context::server({{"cert", who.certificate}, {"key", who.key}, {"ca", client_ca}});
  BOOST_REQUIRE_MESSAGE(made, (made ? "" : made.error().message()));
  return *made;
}

tls::context client_of(const std::string& ca, const test::issued& who = {}) {
  auto made = tls::context::client({{"ca", ca}, {"cert", who.certificate}, {"key", who.key}});
  BOOST_REQUIRE_MESSAGE(made, (made ? "" : made.error().message()));
  return *made;
}

/// Two channels and the wire between them.
struct pair {
  tls::channel client, server;
  std::string client_heard, server_heard;
  std::size_t cut = 0;  ///< Octets of one delivery; 0: all.

  pair(const tls::context& of_client, const tls::context& of_server, const std::string& host = "node.example")
      : client(of_client, host), server(of_server) {}

  bool deliver(tls::channel& from, tls::channel& to, std::string& heard) {
    static byte_buffer room(tls::record_bytes_max);
    bool moved = false;
    while (!from.output().empty() && !to.ended()) {
      const auto piece = from.output().first(cut == 0 ? from.output().size() : std::min(cut, from.output().size()));
      byte_buffer received(piece.begin(), piece.end());
      from.consume(received.size());
      to.on_bytes(received);
      for (auto plain = to.next(room); !plain.empty(); plain = to.next(room)) heard += as_text(plain);
      moved = true;
    }
    return moved;
  }
  pair& run() {
    for (bool moved = true; moved;) {
      moved = deliver(client, server, server_heard);
      moved |= deliver(server, client, client_heard);
    }
    return *this;
  }
  bool established() const {
    return client.established() && server.established() && !client.ended() && !server.ended();
  }
};

std::string pattern(std::size_t bytes) {
  std::string text(bytes, '\0');
  for (std::size_t i = 0; i < bytes; ++i) text[i] = static_cast<char>(i * 31 >> 3);
  return text;
}

}  // namespace

BOOST_AUTO_TEST_CASE(both_sides_hear_what_the_other_says_however_it_is_cut) {
  const auto of_server = server_of(people().node);
  const auto of_client = client_of(people().ours.certificate());
  for (const std::size_t cut : {0u, 1u, 7u, 1000u}) {
    pair two(of_client, of_server);
    two.cut = cut;
    BOOST_REQUIRE(two.run().established());
    const auto large = pattern(cut == 1 ? 3'000 : 200'000);
    two.client.seal(as_bytes("hello"));
    two.server.seal(as_bytes(large));
    BOOST_TEST(as_text(two.server.output()).find(large.substr(0, 64)) == std::string_view::npos);
    two.run();
    BOOST_TEST(two.server_heard == "hello");
    BOOST_TEST(two.client_heard == large);
    two.server.close();
    two.run();
    BOOST_REQUIRE(two.client.ended());
    BOOST_TEST((two.client.why_ended().code == errc::closed));
  }
}

BOOST_AUTO_TEST_CASE(a_client_believes_only_a_certificate_for_that_host_by_an_authority_it_knows) {
  const auto why = [](const test::issued& who, const std::string& host, const std::string& ca) {
    pair two(client_of(ca), server_of(who), host);
    two.run();
    BOOST_TEST(two.client.established() == !two.client.ended());
    BOOST_TEST(two.server.ended() == two.client.ended());  // It was told by an alert.
    if (!two.client.ended()) return std::string("believed");
    BOOST_TEST((two.client.why_ended().code == errc::unauthenticated));
    return two.client.why_ended().detail;
  };
  const auto& ours = people().ours.certificate();
  BOOST_TEST(why(people().node, "node.example", ours) == "believed");
  BOOST_TEST(why(people().node, "127.0.0.1", ours) == "believed");
  BOOST_TEST(why(people().node, "127.0.0.2", ours) == "TLS: IP address mismatch");
  BOOST_TEST(why(people().node, "other.example", ours) == "TLS: hostname mismatch");
  BOOST_TEST(why(people().stranger, "node.example", ours) == "TLS: unable to get local issuer certificate");
  BOOST_TEST(why(people().node, "node.example", people().theirs.certificate()) ==
             "TLS: unable to get local issuer certificate");
  BOOST_TEST(why(people().expired, "node.example", ours) == "TLS: certificate has expired");
}

BOOST_AUTO_TEST_CASE(a_client_that_shows_a_certificate_is_known_by_its_subject) {
  const auto& ours = people().ours.certificate();
  const auto asking = server_of(people().node, ours);
  pair with(client_of(ours, people().ann), asking);
  BOOST_REQUIRE(with.run().established());
  BOOST_TEST(with.server.peer().subject == "CN=ann");
  pair without(client_of(ours), asking);
  BOOST_REQUIRE(without.run().established());
  BOOST_TEST(without.server.peer().subject.empty());
  pair unasked(client_of(ours, people().ann), server_of(people().node));
  BOOST_REQUIRE(unasked.run().established());
  BOOST_TEST(unasked.server.peer().subject.empty());
}

BOOST_AUTO_TEST_CASE(a_certificate_tells_its_groups_and_the_end_of_the_first_in_its_chain_that_expires) {
  const auto of_client = [](const authority& by, long valid_s) {
    const auto bea = by.issue("bea", {}, valid_s, {"lab", "op\nerators", "\xc3\xa4rzte"});
    pair two(client_of(people().ours.certificate(), bea), server_of(people().node, by.certificate()));
    BOOST_REQUIRE(two.run().established());
    return two.server.peer();
  };
  const auto now = static_cast<std::int64_t>(std::time(nullptr));
  const auto shown = of_client(people().ours, 3'600);
  BOOST_TEST((shown.organizations == std::vector<std::string>{"lab", "\xc3\xa4rzte"}));
  BOOST_TEST(shown.expires >= now + 3'500);
  BOOST_TEST(shown.expires <= now + 3'700);
  BOOST_TEST(of_client(authority("short-lived", 600), 3'600).expires <= now + 700);
  pair without(client_of(people().ours.certificate()), server_of(people().node));
  BOOST_TEST(without.run().server.peer().expires == 0);
}

BOOST_AUTO_TEST_CASE(a_client_whose_certificate_is_not_believed_does_not_get_in) {
  const auto& ours = people().ours.certificate();
  const auto asking = server_of(people().node, ours);
  const auto old = people().ours.issue("ann", {}, -1);
  for (const auto* who : {&people().stranger, &old}) {
    pair two(client_of(ours, *who), asking);
    two.run();
    BOOST_TEST(!two.server.established());
    BOOST_REQUIRE(two.server.ended());
    BOOST_TEST((two.server.why_ended().code == errc::unauthenticated));
    BOOST_TEST(two.server.peer().subject.empty());
    BOOST_REQUIRE(two.client.ended());  // TLS 1.3 tells the client after it believes that all is done.
    BOOST_TEST((two.client.why_ended().code == errc::unauthenticated));
  }
}

BOOST_AUTO_TEST_CASE(garbage_and_cut_off_handshakes_end_with_an_error_or_wait) {
  const auto of_server = server_of(people().node);
  byte_buffer room(tls::record_bytes_max);
  tls::channel other(client_of(people().ours.certificate()), "node.example");
  const byte_buffer hello(other.output().begin(), other.output().end());
  for (std::size_t i = 0; i < hello.size(); i += 13) {
    tls::channel cut(of_server), flipped(of_server);
    cut.on_bytes(byte_span(hello).first(i));
    BOOST_TEST(cut.next(room).empty());
    BOOST_TEST((!cut.established() && !cut.ended()));
    auto broken = hello;
    broken[i] ^= 0x80;
    flipped.on_bytes(broken);
    BOOST_TEST(flipped.next(room).empty());
    BOOST_TEST(!flipped.established());
  }
  tls::channel garbage(of_server);
  const std::string noise = "\x16\x03\x01\x02\x00" + pattern(600);
  garbage.on_bytes(as_bytes(noise));
  BOOST_TEST(garbage.next(room).empty());
  BOOST_TEST(garbage.ended());
  BOOST_TEST(garbage.next(room).empty());
}

BOOST_AUTO_TEST_CASE(an_altered_record_ends_the_connection) {
  pair two(client_of(people().ours.certificate()), server_of(people().node));
  BOOST_REQUIRE(two.run().established());
  two.client.seal(as_bytes("transfer 1"));
  byte_buffer altered(two.client.output().begin(), two.client.output().end());
  altered.back() ^= 1;
  byte_buffer room(tls::record_bytes_max);
  two.server.on_bytes(altered);
  BOOST_TEST(two.server.next(room).empty());
  BOOST_REQUIRE(two.server.ended());
  BOOST_TEST((two.server.why_ended().code == errc::bad_message));
}

BOOST_AUTO_TEST_CASE(only_tls_1_2_and_later_and_only_http_1_1_are_spoken) {
  const auto of_server = server_of(people().node);
  const auto shake = [&](int version, const std::string& protocols) {
    SSL_CTX* ctx = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_security_level(ctx, 0);
    SSL_CTX_set_min_proto_version(ctx, version);
    SSL_CTX_set_max_proto_version(ctx, version);
    SSL_CTX_set_alpn_protos(ctx, reinterpret_cast<const unsigned char*>(protocols.data()),
                            static_cast<unsigned>(protocols.size()));
    SSL* ssl = SSL_new(ctx);
    BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
    SSL_set_bio(ssl, in, out);
    SSL_set_connect_state(ssl);
    tls::channel server(of_server);
    byte_buffer room(tls::record_bytes_max);
    std::string outcome = "stuck";
    for (int turn = 0; turn < 4 && outcome == "stuck"; ++turn) {
      SSL_do_handshake(ssl);
      char* text = nullptr;
      const auto bytes = BIO_get_mem_data(out, &text);
      byte_buffer said(text, text + bytes);
      BIO_reset(out);
      server.on_bytes(said);
      (void)server.next(room);
      BIO_write(in, server.output().data(), static_cast<int>(server.output().size()));
      server.consume(server.output().size());
      if (server.ended()) outcome = "refused";
      if (server.established()) {
        const unsigned char* chosen = nullptr;
        unsigned length = 0;
        SSL_do_handshake(ssl);
        SSL_get0_alpn_selected(ssl, &chosen, &length);
        outcome = std::string(reinterpret_cast<const char*>(chosen), length) + " " + SSL_get_cipher_name(ssl);
      }
    }
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    return outcome;
  };
  const std::string h2 = "\x02h2", http = "\x08http/1.1";
  BOOST_TEST(shake(TLS1_VERSION, {}) == "refused");
  BOOST_TEST(shake(TLS1_1_VERSION, {}) == "refused");
  BOOST_TEST(shake(TLS1_2_VERSION, h2 + http) == "http/1.1 ECDHE-ECDSA-AES256-GCM-SHA384");
  BOOST_TEST(shake(TLS1_3_VERSION, h2 + http) == "http/1.1 TLS_AES_256_GCM_SHA384");
  BOOST_TEST(shake(TLS1_3_VERSION, {}) == " TLS_AES_256_GCM_SHA384");
  BOOST_TEST(shake(TLS1_3_VERSION, h2) == "refused");
}

BOOST_AUTO_TEST_CASE(files_that_are_no_good_are_named) {
  const auto why = [](const std::string& certificate, const std::string& key, const std::string& ca = {}) {
    const auto made = tls::context::server({{"CERT", certificate}, {"KEY", key}, {"CA", ca}});
    if (made) return std::string("good");
    BOOST_TEST((made.code() == errc::bad_key_file));
    return made.error().detail;
  };
  const auto& [certificate, key] = people().node;
  BOOST_TEST(why(certificate, key) == "good");
  BOOST_TEST(why("", key) == "CERT: there is no certificate in PEM in it");
  BOOST_TEST(why(key, certificate) == "CERT: there is no certificate in PEM in it");
  BOOST_TEST(why(certificate.substr(0, certificate.size() / 2), key) == "CERT: there is no certificate in PEM in it");
  BOOST_TEST(why(certificate, key.substr(0, 60)) == "KEY: there is no private key in PEM in it, or it is encrypted");
  BOOST_TEST(why(certificate, people().ann.key) == "KEY: it is not the key of the certificate in CERT");
  BOOST_TEST(why(certificate, key, "nothing") == "CA: there is no certificate in PEM in it");
  BOOST_TEST(why(certificate + people().ours.certificate(), key) == "good");  // With the one above it.
  const auto of_client = [](const std::string& ca, const test::issued& who) {
    const auto made = tls::context::client({{"CA", ca}, {"CERT", who.certificate}, {"KEY", who.key}});
    return made ? std::string("good") : made.error().detail;
  };
  BOOST_TEST(of_client("", {}) == "good");  // The system's authorities.
  BOOST_TEST(of_client("nothing", {}) == "CA: there is no certificate in PEM in it");
  BOOST_TEST(of_client("", {certificate, people().ann.key}) == "KEY: it is not the key of the certificate in CERT");
}

BOOST_AUTO_TEST_CASE(what_a_channel_began_with_outlives_its_context) {
  auto first = std::make_unique<tls::context>(server_of(people().node));
  pair two(client_of(people().ours.certificate()), *first);
  first.reset();
  BOOST_TEST(two.run().established());
}

BOOST_AUTO_TEST_CASE(a_first_record_is_looked_at_before_anything_is_made_of_it) {
  using tls::first_record;
  const auto look = [](const std::string& text) { return tls::look_at_hello(as_bytes(text)); };
  const std::string header("\x16\x03\x01\x00\x04", 5);
  BOOST_TEST((look(header.substr(0, 1)) == first_record::incomplete));
  BOOST_TEST((look(header + "abc") == first_record::incomplete));
  BOOST_TEST((look(header + "abcd") == first_record::whole));
  BOOST_TEST((look(header + "abcdef") == first_record::whole));
  BOOST_TEST((look("\x16\x02") == first_record::refused));
  BOOST_TEST((look("GET / HTTP/1.1") == first_record::refused));
  BOOST_TEST((look(std::string("\x16\x03\x01\x00\x00", 5)) == first_record::refused));
  BOOST_TEST((look("\x16\x03\x01\x3f\xff") == first_record::refused));
}

BOOST_AUTO_TEST_CASE(channels_take_turns_with_one_piece_of_memory) {
  byte_buffer room;
  pair two(client_of(people().ours.certificate()), server_of(people().node));
  BOOST_REQUIRE(two.run().established());
  two.server.seal(as_bytes(pattern(100'000)));
  two.server.return_room(room);  // Not yet: it is not written.
  BOOST_TEST(room.capacity() == 0);
  two.run();
  two.server.return_room(room);
  BOOST_TEST(room.capacity() >= 100'000);
  const auto* memory = room.data();
  two.client.return_room(room);  // Smaller: let go.
  two.client.borrow_room(room);
  BOOST_TEST(room.capacity() == 0);
  two.client.seal(as_bytes("x"));
  BOOST_TEST(two.client.output().data() == memory);
}

BOOST_AUTO_TEST_SUITE_END()
