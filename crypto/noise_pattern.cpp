// SPDX-License-Identifier: MIT
#include "crypto/noise_pattern.hpp"

#include <algorithm>
#include <optional>
#include <vector>

namespace askr::crypto {
namespace {

struct base_pattern {
  std::string_view name;
  bool initiator_static_known;
  bool responder_static_known;
  std::array<std::string_view, noise_protocol::messages_max> messages;
};

// Source: Noise rev 34, section 7.5.
constexpr std::array base_patterns{
    base_pattern{"NN", false, false, {"e", "e ee", ""}},
    base_pattern{"NK", false, true, {"e es", "e ee", ""}},
    base_pattern{"KK", true, true, {"e es ss", "e ee se", ""}},
    base_pattern{"XX", false, false, {"e", "e ee s es", "s se"}},
    base_pattern{"IK", false, true, {"e es s ss", "e ee se", ""}},
    base_pattern{"XK", false, true, {"e es", "e ee", "s se"}},
};

std::vector<std::string_view> cut(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const auto at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

noise_token token_of(std::string_view word) {
  constexpr std::array<std::string_view, 7> words{"e", "s", "ee", "es", "se", "ss", "psk"};
  const auto found = std::find(words.begin(), words.end(), word);
  ASKR_ASSERT(found != words.end());
  return static_cast<noise_token>(found - words.begin());
}

bool read_base(std::string_view name, noise_protocol& into) {
  const auto found =
      std::find_if(base_patterns.begin(), base_patterns.end(), [&](const auto& each) { return each.name == name; });
  if (found == base_patterns.end()) return false;
  into.initiator_static_known = found->initiator_static_known;
  into.responder_static_known = found->responder_static_known;
  for (const auto text : found->messages) {
    if (text.empty()) break;
    auto& message = into.messages[into.messages_count++];
    for (const auto word : cut(text, ' ')) message.tokens[message.count++] = token_of(word);
  }
  return true;
}

// "psk0" puts the token before the first message's others, "pskN" behind those of message N. Source: section 9.4.
bool apply_modifier(std::string_view modifier, noise_protocol& into) {
  if (modifier.size() != 4 || !modifier.starts_with("psk")) return false;
  const auto number = static_cast<std::size_t>(modifier[3] - '0');
  if (number > into.messages_count) return false;
  auto& message = into.messages[number == 0 ? 0 : number - 1];
  if (message.count == noise_message_pattern::tokens_max) return false;
  message.tokens[message.count++] = noise_token::psk;
  if (number == 0)
    std::rotate(message.tokens.begin(), message.tokens.begin() + message.count - 1,
                message.tokens.begin() + message.count);
  into.has_psk = true;
  return true;
}

bool read_pattern(std::string_view text, noise_protocol& into) {
  const auto base_end = std::min(text.find("psk"), text.size());
  if (!read_base(text.substr(0, base_end), into)) return false;
  if (base_end == text.size()) return true;
  for (const auto modifier : cut(text.substr(base_end), '+')) {
    if (!apply_modifier(modifier, into)) return false;
  }
  return true;
}

std::optional<cipher_kind> cipher_of(std::string_view name) {
  if (name == "AESGCM") return cipher_kind::aes_gcm;
  if (name == "ChaChaPoly") return cipher_kind::chacha_poly;
  return std::nullopt;
}

std::optional<hash_kind> hash_of(std::string_view name) {
  if (name == "SHA256") return hash_kind::sha256;
  if (name == "SHA512") return hash_kind::sha512;
  if (name == "BLAKE2b") return hash_kind::blake2b;
  return std::nullopt;
}

}  // namespace

result<noise_protocol> noise_protocol::parse(std::string_view name) {
  const error refused{errc::unsupported, "no such Noise protocol: " + std::string(name)};
  const auto parts = cut(name, '_');
  if (parts.size() != 5 || parts[0] != "Noise" || parts[2] != "25519") return refused;
  const auto cipher = cipher_of(parts[3]);
  const auto hash = hash_of(parts[4]);
  noise_protocol out;
  if (!cipher || !hash || !read_pattern(parts[1], out)) return refused;
  out.name = name;
  out.cipher = *cipher;
  out.hash = *hash;
  return out;
}

std::size_t noise_protocol::count(noise_token wanted) const noexcept {
  std::size_t found = 0;
  for (const auto& message : messages) found += std::count(message.begin(), message.end(), wanted);
  return found;
}

}  // namespace askr::crypto
