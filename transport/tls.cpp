// SPDX-License-Identifier: MIT
#include "transport/tls.hpp"

#include <askr/assert.hpp>

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <ctime>
#include <new>
#include <utility>

namespace askr::tls {

/// Lets OpenSSL read and write where a channel says: no buffers of its own, no sockets.
struct channel_bio {
  static int read(BIO* bio, char* into, int bytes) {
    auto& input = static_cast<channel*>(BIO_get_data(bio))->input_;
    BIO_clear_retry_flags(bio);
    if (input.empty()) {
      BIO_set_retry_read(bio);
      return -1;
    }
    const auto taken = std::min(input.size(), static_cast<std::size_t>(bytes));
    std::memcpy(into, input.data(), taken);
    input = input.subspan(taken);
    return static_cast<int>(taken);
  }
  static int write(BIO* bio, const char* from, int bytes) {
    append(static_cast<channel*>(BIO_get_data(bio))->output_, as_bytes({from, static_cast<std::size_t>(bytes)}));
    return bytes;
  }
  static long control(BIO*, int what, long, void*) { return what == BIO_CTRL_FLUSH ? 1 : 0; }

  static BIO_METHOD* method() {
    static const std::unique_ptr<BIO_METHOD, decltype(&BIO_meth_free)> made = [] {
      BIO_METHOD* all = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "askr");
      BIO_meth_set_read(all, read);
      BIO_meth_set_write(all, write);
      BIO_meth_set_ctrl(all, control);
      return std::unique_ptr<BIO_METHOD, decltype(&BIO_meth_free)>(all, BIO_meth_free);
    }();
    return made.get();
  }

  static void attach(SSL* ssl, channel* to) {
    BIO* bio = BIO_new(method());
    if (bio == nullptr) throw std::bad_alloc();
    BIO_set_data(bio, to);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl, bio, bio);
  }
};

namespace {

using bio_ptr = std::unique_ptr<BIO, decltype(&BIO_free)>;
using certificate_ptr = std::unique_ptr<X509, decltype(&X509_free)>;
using key_ptr = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

// TLS 1.2: forward secrecy and AEAD only. Those of TLS 1.3 are all of that kind.
constexpr const char* ciphers_of_tls12 = "ECDHE+AESGCM:ECDHE+CHACHA20";
constexpr const char* groups = "X25519:P-256:P-384";
constexpr std::string_view protocol = "\x08http/1.1";  // As ALPN writes it. Source: RFC 7301, section 3.1.
constexpr long certificate_chain_bytes_max = 32 << 10;
constexpr std::size_t subject_bytes_max = 256;

error wrong(const pem& file, std::string_view why) {
  return {errc::bad_key_file, std::string(file.name) + ": " + std::string(why)};
}

std::string last_reason() {
  const auto code = ERR_peek_error();
  const char* reason = ERR_reason_error_string(code);
  return reason == nullptr ? "TLS failed" : reason;
}

bio_ptr open_text(std::string_view text) {
  bio_ptr bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), BIO_free);
  if (!bio) throw std::bad_alloc();
  return bio;
}

/// Never asks on the terminal for a password.
int no_password(char*, int, int, void*) { return 0; }

certificate_ptr next_certificate(BIO* from) {
  return {PEM_read_bio_X509(from, nullptr, no_password, nullptr), X509_free};
}

/// RFC 4514, with what is not ASCII as UTF-8. Empty if it is longer than anything that names a client.
std::string subject_of(X509* certificate) {
  const bio_ptr bio(BIO_new(BIO_s_mem()), BIO_free);
  if (!bio) throw std::bad_alloc();
  X509_NAME_print_ex(bio.get(), X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
  char* text = nullptr;
  const auto bytes = BIO_get_mem_data(bio.get(), &text);
  if (bytes <= 0 || static_cast<std::size_t>(bytes) > subject_bytes_max) return {};
  return {text, static_cast<std::size_t>(bytes)};
}

/// The O of its subject, as UTF-8; what could steer a terminal is left out.
std::vector<std::string> organizations_of(X509* certificate) {
  std::vector<std::string> found;
  const auto* name = X509_get_subject_name(certificate);
  for (int at = -1; (at = X509_NAME_get_index_by_NID(name, NID_organizationName, at)) >= 0;) {
    unsigned char* text = nullptr;
    const int bytes = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
    if (bytes < 0) continue;
    std::string organization(reinterpret_cast<const char*>(text), static_cast<std::size_t>(bytes));
    OPENSSL_free(text);
    const auto is_control = [](char each) { return static_cast<unsigned char>(each) < 0x20 || each == 0x7f; };
    if (std::none_of(organization.begin(), organization.end(), is_control)) found.push_back(std::move(organization));
  }
  return found;
}

std::int64_t expiry_of(X509* certificate) {
  std::tm when{};
  return ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &when) == 1 ? static_cast<std::int64_t>(::timegm(&when)) : 0;
}

/// Answers a client that names protocols with http/1.1, or not at all: else browsers would speak HTTP/2.
int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* chosen_bytes, const unsigned char* offered,
                    unsigned int offered_bytes, void*) {
  unsigned char* found = nullptr;
  const auto* ours = reinterpret_cast<const unsigned char*>(protocol.data());
  const int outcome =
      SSL_select_next_proto(&found, chosen_bytes, ours, static_cast<unsigned>(protocol.size()), offered, offered_bytes);
  if (outcome != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_ALERT_FATAL;
  *chosen = found;
  return SSL_TLSEXT_ERR_OK;
}

std::shared_ptr<SSL_CTX> make_handle(const SSL_METHOD* method) {
  const std::shared_ptr<SSL_CTX> handle(SSL_CTX_new(method), SSL_CTX_free);
  if (!handle) throw std::bad_alloc();
  auto* ctx = handle.get();
  SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
  SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET |
                               SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(ctx, 0);
  SSL_CTX_set_max_cert_list(ctx, certificate_chain_bytes_max);
  const bool known = SSL_CTX_set_cipher_list(ctx, ciphers_of_tls12) == 1 && SSL_CTX_set1_groups_list(ctx, groups) == 1;
  ASKR_ASSERT(known);
  return handle;
}

/// All certificates of `file` are believed; `also_named` to clients, too, so that they know which of theirs to show.
result<void> trust(SSL_CTX* ctx, const pem& file, bool also_named) {
  ERR_clear_error();
  const auto bio = open_text(file.text);
  std::size_t count = 0;
  for (auto each = next_certificate(bio.get()); each; each = next_certificate(bio.get()), ++count) {
    X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), each.get());
    if (also_named) SSL_CTX_add_client_CA(ctx, each.get());
  }
  ERR_clear_error();
  if (count == 0) return wrong(file, "there is no certificate in PEM in it");
  return {};
}

/// "self-signed certificate", or what else there is to say.
std::string reason_of(SSL* ssl) {
  const auto verified = SSL_get_verify_result(ssl);
  return verified == X509_V_OK ? last_reason() : X509_verify_cert_error_string(verified);
}

}  // namespace

first_record look_at_hello(byte_span received) noexcept {
  // Source: RFC 8446, section 5.1: type, version 03 01 to 03 04, length.
  constexpr std::size_t header_bytes = 5;
  if (!received.empty() && received[0] != first_byte) return first_record::refused;
  if (received.size() > 1 && received[1] != 3) return first_record::refused;
  if (received.size() < header_bytes) return first_record::incomplete;
  const std::size_t length = std::size_t{received[3]} << 8 | received[4];
  if (length == 0 || length + header_bytes > hello_bytes_max) return first_record::refused;
  return received.size() < header_bytes + length ? first_record::incomplete : first_record::whole;
}

// --- contexts

result<void> context::use_certificate(const pem& certificate, const pem& key) {
  ERR_clear_error();
  auto* ctx = handle_.get();
  const auto bio = open_text(certificate.text);
  const auto leaf = next_certificate(bio.get());
  if (!leaf) return wrong(certificate, "there is no certificate in PEM in it");
  if (SSL_CTX_use_certificate(ctx, leaf.get()) != 1) return wrong(certificate, last_reason());
  for (auto each = next_certificate(bio.get()); each; each = next_certificate(bio.get())) {
    if (SSL_CTX_add0_chain_cert(ctx, each.get()) != 1) return wrong(certificate, last_reason());
    (void)each.release();
  }
  ERR_clear_error();
  const key_ptr secret(PEM_read_bio_PrivateKey(open_text(key.text).get(), nullptr, no_password, nullptr),
                       EVP_PKEY_free);
  if (!secret) return wrong(key, "there is no private key in PEM in it, or it is encrypted");
  if (X509_check_private_key(leaf.get(), secret.get()) != 1) {
    return wrong(key, "it is not the key of the certificate in " + std::string(certificate.name));
  }
  if (SSL_CTX_use_PrivateKey(ctx, secret.get()) != 1) return wrong(key, last_reason());
  subject_ = subject_of(leaf.get());
  expires_ = expiry_of(leaf.get());
  return {};
}

result<context> context::server(const server_files& files) {
  context made;
  made.handle_ = make_handle(TLS_server_method());
  if (auto used = made.use_certificate(files.certificate, files.key); !used) return used.error();
  SSL_CTX_set_alpn_select_cb(made.handle_.get(), choose_protocol, nullptr);
  if (!files.client_ca.text.empty()) {
    if (auto trusted = trust(made.handle_.get(), files.client_ca, true); !trusted) return trusted.error();
    SSL_CTX_set_verify(made.handle_.get(), SSL_VERIFY_PEER, nullptr);
  }
  return made;
}

result<context> context::client(const client_files& files) {
  context made;
  made.handle_ = make_handle(TLS_client_method());
  auto* ctx = made.handle_.get();
  SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_alpn_protos(ctx, reinterpret_cast<const unsigned char*>(protocol.data()),
                          static_cast<unsigned>(protocol.size()));
  if (files.ca.text.empty()) {
    SSL_CTX_set_default_verify_paths(ctx);
  } else if (auto trusted = trust(ctx, files.ca, false); !trusted) {
    return trusted.error();
  }
  if (files.certificate.text.empty()) return made;
  if (auto used = made.use_certificate(files.certificate, files.key); !used) return used.error();
  return made;
}

// --- channels

channel::channel(const context& with) : ssl_(SSL_new(with.handle_.get()), SSL_free) {
  if (!ssl_) throw std::bad_alloc();
  channel_bio::attach(ssl_.get(), this);
  SSL_set_accept_state(ssl_.get());
}

channel::channel(const context& with, const std::string& host) : channel(with) {
  auto* ssl = ssl_.get();
  SSL_set_connect_state(ssl);
  SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str()) != 1) {
    ERR_clear_error();
    SSL_set1_host(ssl, host.c_str());
    SSL_set_tlsext_host_name(ssl, host.c_str());
  }
  shake_hands();  // The client speaks first.
}

channel::~channel() = default;

bool channel::shake_hands() {
  ERR_clear_error();
  const int outcome = SSL_do_handshake(ssl_.get());
  established_ = outcome == 1;
  if (!established_) fail(outcome);
  return established_;
}

mutable_byte_span channel::next(mutable_byte_span room) {
  ASKR_ASSERT(room.size() >= record_bytes_max);
  if (ended_ || (!established_ && !shake_hands())) return {};
  ERR_clear_error();
  const int bytes = SSL_read(ssl_.get(), room.data(), static_cast<int>(room.size()));
  if (bytes > 0) return room.first(static_cast<std::size_t>(bytes));
  fail(bytes);
  return {};
}

/// Waiting for more is no failure.
void channel::fail(int outcome) {
  switch (SSL_get_error(ssl_.get(), outcome)) {
    case SSL_ERROR_WANT_READ:
      return;
    case SSL_ERROR_ZERO_RETURN:
      ended_ = error{errc::closed, "the other side closed"};
      return;
    default:
      break;
  }
  const bool refused = !established_ || ERR_GET_REASON(ERR_peek_error()) >= SSL_AD_REASON_OFFSET;
  ended_ = error{refused ? errc::unauthenticated : errc::bad_message, "TLS: " + reason_of(ssl_.get())};
}

void channel::seal(byte_span plain) {
  ASKR_ASSERT(established_);
  ERR_clear_error();
  while (!plain.empty() && !ended_) {
    const auto part = plain.first(std::min(plain.size(), record_bytes_max));
    const int bytes = SSL_write(ssl_.get(), part.data(), static_cast<int>(part.size()));
    if (bytes <= 0) return fail(bytes);
    plain = plain.subspan(static_cast<std::size_t>(bytes));
  }
}

void channel::close() {
  if (!established_ || ended_) return;
  ERR_clear_error();
  SSL_shutdown(ssl_.get());
}

shown_certificate channel::peer() const {
  auto* certificate = SSL_get0_peer_certificate(ssl_.get());
  if (certificate == nullptr || SSL_get_verify_result(ssl_.get()) != X509_V_OK) return {};
  shown_certificate shown{subject_of(certificate), organizations_of(certificate), expiry_of(certificate)};
  const auto* chain = SSL_get0_verified_chain(ssl_.get());
  for (int i = 0; i < sk_X509_num(chain); ++i)
    shown.expires = std::min(shown.expires, expiry_of(sk_X509_value(chain, i)));
  return shown;
}

void channel::consume(std::size_t bytes) {
  written_ += bytes;
  if (written_ < output_.size()) return;
  output_.clear();
  written_ = 0;
}

void channel::borrow_room(byte_buffer& from) noexcept {
  if (output_.capacity() == 0) output_.swap(from);
}

void channel::return_room(byte_buffer& to) noexcept {
  if (!output().empty()) return;
  if (to.capacity() < output_.capacity()) output_.swap(to);
  byte_buffer().swap(output_);
}

}  // namespace askr::tls
