// SPDX-License-Identifier: MIT
// The octets of a stranger before TLS is established, at a node (first octet even) and at a client (odd), cut in pieces
// that the first octet chooses. Whatever comes, nothing is established, no plain text comes out, and what is answered
// is bounded.

#include <askr/assert.hpp>

#include "transport/tls.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

namespace {

using namespace askr;

constexpr std::size_t answer_bytes_max = 64 << 10;

std::string taken_from(BIO* bio) {
  char* text = nullptr;
  const auto bytes = BIO_get_mem_data(bio, &text);
  std::string taken(text, static_cast<std::size_t>(bytes));
  BIO_free(bio);
  return taken;
}

/// A certificate for nobody, and its key.
std::pair<std::string, std::string> make_identity() {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* made = X509_new();
  X509_gmtime_adj(X509_getm_notBefore(made), 0);
  X509_gmtime_adj(X509_getm_notAfter(made), 3600);
  X509_set_pubkey(made, key);
  X509_sign(made, key, EVP_sha256());
  BIO *certificate = BIO_new(BIO_s_mem()), *secret = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(certificate, made);
  PEM_write_bio_PrivateKey(secret, key, nullptr, nullptr, 0, nullptr, nullptr);
  X509_free(made);
  EVP_PKEY_free(key);
  return {taken_from(certificate), taken_from(secret)};
}

void feed(tls::channel& channel, byte_span octets, std::size_t cut) {
  byte_buffer room(tls::record_bytes_max);
  std::size_t answered = 0;
  while (!octets.empty() && !channel.ended()) {
    const byte_buffer piece(octets.begin(), octets.begin() + static_cast<std::ptrdiff_t>(std::min(cut, octets.size())));
    octets = octets.subspan(piece.size());
    channel.on_bytes(piece);
    ASKR_ASSERT(channel.next(room).empty());
    ASKR_ASSERT(!channel.established() && channel.peer().subject.empty());
    answered += channel.output().size();
    channel.consume(channel.output().size());
  }
  ASKR_ASSERT(answered <= answer_bytes_max);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto identity = make_identity();
  static const auto server =
      tls::context::server({{"", identity.first}, {"", identity.second}, {"", identity.first}}).value();
  static const auto client = tls::context::client({{"", identity.first}}).value();
  if (size < 2) return 0;
  const byte_span octets(data + 1, size - 1);
  const std::size_t cut = 1 + (data[0] >> 1) * 8;
  if (data[0] % 2 == 1) {
    tls::channel channel(client, "node.example");
    feed(channel, octets, cut);
    return 0;
  }
  const auto begins = tls::look_at_hello(octets);
  tls::channel channel(server);
  feed(channel, octets, cut);
  ASKR_ASSERT(begins != tls::first_record::incomplete || !channel.ended());
  return 0;
}
