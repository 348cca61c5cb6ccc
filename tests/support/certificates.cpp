// SPDX-License-Identifier: MIT
#include "tests/support/certificates.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <memory>

namespace askr::test {
namespace {

constexpr long year_s = 365 * 86'400;

template <class Write>
std::string as_pem(Write write) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()), BIO_free);
  write(bio.get());
  char* text = nullptr;
  const auto bytes = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(bytes)};
}

std::string pem_of(X509* certificate) {
  return as_pem([&](BIO* bio) { PEM_write_bio_X509(bio, certificate); });
}

void extend(X509* certificate, X509* issuer, int what, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  auto* extension = X509V3_EXT_conf_nid(nullptr, &context, what, value.c_str());
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

void add_to_subject(X509* certificate, const char* field, const std::string& text) {
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), field, MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()), -1, 0);
}

X509* draft(EVP_PKEY* key, const std::string& name, long valid_s) {
  static long serial = 0;
  auto* made = X509_new();
  X509_set_version(made, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(made), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(made), -year_s);
  X509_gmtime_adj(X509_getm_notAfter(made), valid_s);
  X509_set_pubkey(made, key);
  add_to_subject(made, "CN", name);
  return made;
}

}  // namespace

authority::authority(const std::string& name, long valid_s)
    : key_(EVP_EC_gen("P-256")), self_(draft(key_, name, valid_s)) {
  X509_set_issuer_name(self_, X509_get_subject_name(self_));
  extend(self_, self_, NID_basic_constraints, "critical,CA:TRUE");
  X509_sign(self_, key_, EVP_sha256());
  certificate_ = pem_of(self_);
}

authority::~authority() {
  X509_free(self_);
  EVP_PKEY_free(key_);
}

issued authority::issue(const std::string& name, const std::string& alternative, long valid_s,
                        const std::vector<std::string>& organizations) const {
  auto* key = EVP_EC_gen("P-256");
  auto* made = draft(key, name, valid_s);
  for (const auto& each : organizations) add_to_subject(made, "O", each);
  X509_set_issuer_name(made, X509_get_subject_name(self_));
  if (!alternative.empty()) extend(made, self_, NID_subject_alt_name, alternative);
  X509_sign(made, key_, EVP_sha256());
  issued both{pem_of(made),
              as_pem([&](BIO* bio) { PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr); })};
  X509_free(made);
  EVP_PKEY_free(key);
  return both;
}

}  // namespace askr::test
