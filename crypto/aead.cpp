// SPDX-License-Identifier: MIT
#include "crypto/aead.hpp"

#include "crypto/primitives.hpp"

#include <openssl/evp.h>
#include <sodium.h>

#include <array>
#include <climits>

namespace askr::crypto {
namespace {

using schedule = crypto_aead_aes256gcm_state;
static_assert(sizeof(schedule) <= 512 && alignof(schedule) <= 16);

using nonce_bytes = std::array<std::uint8_t, 12>;

// Measured on a Xeon with AES-NI (libsodium 1.0.18, OpenSSL 3.0), nanoseconds to seal, libsodium / OpenSSL.
// AES-256-GCM: 64 B 108 / 175, 512 B 227 / 249, 768 B 378 / 278, 16 KiB 6,180 / 2,632.
// ChaCha20-Poly1305: 64 B 253 / 529, 1 KiB 723 / 746, 1.5 KiB 984 / 933, 16 KiB 8,951 / 4,367.
constexpr std::size_t aes_openssl_from_bytes = 576;
constexpr std::size_t chacha_openssl_from_bytes = 1'280;
// The first use in a process takes OpenSSL about 1 ms and 0.3 MiB, each context 1 KiB: that pays after so many bytes.
constexpr std::size_t openssl_pays_after_bytes = 256 << 10;

std::size_t best_openssl_from(cipher_kind kind) noexcept {
  if (kind == cipher_kind::chacha_poly) return chacha_openssl_from_bytes;
  return aes_in_hardware() ? aes_openssl_from_bytes : 0;  // libsodium's AES needs the hardware.
}

// Source: Noise rev 34, sections 12.3 and 12.4: 4 zero bytes, then the counter, big-endian for AES-GCM only.
nonce_bytes nonce_for(cipher_kind kind, std::uint64_t counter) noexcept {
  nonce_bytes out{};
  for (std::size_t i = 0; i < 8; ++i) {
    const std::size_t place = kind == cipher_kind::aes_gcm ? 11 - i : 4 + i;
    out[place] = static_cast<std::uint8_t>(counter >> (8 * i));
  }
  return out;
}

int length(byte_span bytes) noexcept {
  ASKR_ASSERT(bytes.size() <= INT_MAX);
  return static_cast<int>(bytes.size());
}

const EVP_CIPHER* openssl_cipher(cipher_kind kind) noexcept {
  return kind == cipher_kind::aes_gcm ? EVP_aes_256_gcm() : EVP_chacha20_poly1305();
}

}  // namespace

bool aes_in_hardware() noexcept {
  initialize_sodium();
  static const bool available = crypto_aead_aes256gcm_is_available() == 1;
  return available;
}

void aead::context_deleter::operator()(evp_cipher_ctx_st* context) const noexcept { EVP_CIPHER_CTX_free(context); }

void aead::set_key(cipher_kind kind, const secret<32>& key) noexcept {
  if (kind != kind_) context_.reset();
  kind_ = kind;
  openssl_from_bytes_ = openssl_from_given_.value_or(best_openssl_from(kind));
  key_ = key.copy();
  keyed_for_ = direction::none;
  schedule_ready_ = false;
}

void aead::seal(std::uint64_t nonce, byte_span associated, byte_span plaintext, std::uint8_t* out) noexcept {
  const auto counter = nonce_for(kind_, nonce);
  if (is_for_openssl(plaintext.size())) return seal_with_openssl(counter.data(), associated, plaintext, out);
  std::uint8_t* const tag = out + plaintext.size();
  if (kind_ == cipher_kind::chacha_poly) {
    crypto_aead_chacha20poly1305_ietf_encrypt_detached(out, tag, nullptr, plaintext.data(), plaintext.size(),
                                                       associated.data(), associated.size(), nullptr, counter.data(),
                                                       key_.data());
    return;
  }
  auto* const state = reinterpret_cast<schedule*>(schedule_.data());
  if (!schedule_ready_) crypto_aead_aes256gcm_beforenm(state, key_.data());
  schedule_ready_ = true;
  crypto_aead_aes256gcm_encrypt_detached_afternm(out, tag, nullptr, plaintext.data(), plaintext.size(),
                                                 associated.data(), associated.size(), nullptr, counter.data(), state);
}

bool aead::open(std::uint64_t nonce, byte_span associated, byte_span sealed, std::uint8_t* out) noexcept {
  if (sealed.size() < tag_bytes) return false;
  const auto counter = nonce_for(kind_, nonce);
  const auto text = sealed.first(sealed.size() - tag_bytes);
  if (is_for_openssl(text.size())) return open_with_openssl(counter.data(), associated, sealed, out);
  const std::uint8_t* const tag = text.data() + text.size();
  if (kind_ == cipher_kind::chacha_poly) {
    return crypto_aead_chacha20poly1305_ietf_decrypt_detached(out, nullptr, text.data(), text.size(), tag,
                                                              associated.data(), associated.size(), counter.data(),
                                                              key_.data()) == 0;
  }
  auto* const state = reinterpret_cast<schedule*>(schedule_.data());
  if (!schedule_ready_) crypto_aead_aes256gcm_beforenm(state, key_.data());
  schedule_ready_ = true;
  return crypto_aead_aes256gcm_decrypt_detached_afternm(out, nullptr, text.data(), text.size(), tag, associated.data(),
                                                        associated.size(), counter.data(), state) == 0;
}

bool aead::is_for_openssl(std::size_t bytes) noexcept {
  if (bytes < openssl_from_bytes_) return false;
  if (context_ || openssl_from_given_ || openssl_from_bytes_ == 0) return true;
  large_bytes_ += bytes;
  return large_bytes_ > openssl_pays_after_bytes;
}

evp_cipher_ctx_st* aead::context_for(direction wanted) noexcept {
  if (keyed_for_ == wanted) return context_.get();
  const bool fresh = context_ == nullptr;
  if (fresh) context_.reset(EVP_CIPHER_CTX_new());
  ASKR_ASSERT(context_ != nullptr);
  const int done = EVP_CipherInit_ex(context_.get(), fresh ? openssl_cipher(kind_) : nullptr, nullptr, key_.data(),
                                     nullptr, wanted == direction::sealing ? 1 : 0);
  ASKR_ASSERT(done == 1);
  keyed_for_ = wanted;
  return context_.get();
}

void aead::seal_with_openssl(const std::uint8_t* nonce, byte_span associated, byte_span plaintext,
                             std::uint8_t* out) noexcept {
  auto* const context = context_for(direction::sealing);
  int written = 0;
  bool done = EVP_EncryptInit_ex(context, nullptr, nullptr, nullptr, nonce) == 1;
  if (!associated.empty()) {
    done = done && EVP_EncryptUpdate(context, nullptr, &written, associated.data(), length(associated)) == 1;
  }
  if (!plaintext.empty()) {
    done = done && EVP_EncryptUpdate(context, out, &written, plaintext.data(), length(plaintext)) == 1;
  }
  std::uint8_t* const tag = out + plaintext.size();
  done = done && EVP_EncryptFinal_ex(context, tag, &written) == 1 &&
         EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, tag_bytes, tag) == 1;
  ASKR_ASSERT(done);
}

bool aead::open_with_openssl(const std::uint8_t* nonce, byte_span associated, byte_span sealed,
                             std::uint8_t* out) noexcept {
  auto* const context = context_for(direction::opening);
  const auto text = sealed.first(sealed.size() - tag_bytes);
  std::array<std::uint8_t, tag_bytes> tag;
  std::copy_n(text.data() + text.size(), tag_bytes, tag.data());
  int written = 0;
  bool done = EVP_DecryptInit_ex(context, nullptr, nullptr, nullptr, nonce) == 1;
  if (!associated.empty()) {
    done = done && EVP_DecryptUpdate(context, nullptr, &written, associated.data(), length(associated)) == 1;
  }
  if (!text.empty()) {
    done = done && EVP_DecryptUpdate(context, out, &written, text.data(), length(text)) == 1;
  }
  std::uint8_t nothing;  // A stream cipher has nothing left to write at the end.
  return done && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, tag_bytes, tag.data()) == 1 &&
         EVP_DecryptFinal_ex(context, &nothing, &written) == 1;
}

}  // namespace askr::crypto
