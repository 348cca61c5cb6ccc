// SPDX-License-Identifier: MIT
#include "crypto/certificate.hpp"

#include "crypto/key_list.hpp"

#include <algorithm>
#include <ctime>

namespace askr::crypto {
namespace {

constexpr std::uint8_t version = 1;
constexpr std::uint8_t rights_of_a_member = 0xff;
constexpr std::size_t signature_bytes = sizeof(signature);

// --- writing

void put(byte_buffer& to, std::uint64_t number) {
  for (int shift = 56; shift >= 0; shift -= 8) to.push_back(static_cast<std::uint8_t>(number >> shift));
}

void put(byte_buffer& to, std::string_view text) {
  to.push_back(static_cast<std::uint8_t>(text.size()));
  append(to, as_bytes(text));
}

byte_buffer encoded(const certificate& what) {
  byte_buffer out{version};
  append(out, what.authority);
  append(out, what.subject.span());
  put(out, what.serial);
  put(out, what.not_before);
  put(out, what.not_after);
  put(out, std::string_view(what.name));
  out.push_back(static_cast<std::uint8_t>(what.roles.size()));
  for (const auto& each : what.roles) put(out, std::string_view(each));
  out.push_back(what.rights ? static_cast<std::uint8_t>(what.rights->size()) : rights_of_a_member);
  if (!what.rights) return out;
  for (const auto& each : *what.rights) {
    out.push_back(static_cast<std::uint8_t>(each.what));
    put(out, std::string_view(each.pattern));
  }
  return out;
}

// What else this key signs begins otherwise, and a certificate of one workspace means nothing in another.
byte_buffer text_to_sign(std::string_view workspace, byte_span body) {
  byte_buffer out;
  append(out, as_bytes("askr-certificate-1"));
  put(out, workspace);
  append(out, body);
  return out;
}

// --- reading

/// Cuts pieces off the front; once one is missing, all are.
class pieces {
 public:
  explicit pieces(byte_span bytes) : rest_(bytes) {}

  byte_span take(std::size_t bytes) {
    whole_ = whole_ && rest_.size() >= bytes;
    if (!whole_) return {};
    const auto front = rest_.first(bytes);
    rest_ = rest_.subspan(bytes);
    return front;
  }
  std::uint8_t byte() {
    const auto front = take(1);
    return front.empty() ? 0 : front[0];
  }
  std::uint64_t number() {
    std::uint64_t all = 0;
    for (const auto byte : take(8)) all = all << 8 | byte;
    return all;
  }
  /// A plain word of at most `bytes_max`; empty only if `may_be_empty`.
  std::string text(std::size_t bytes_max, bool may_be_empty = false) {
    const auto front = as_text(take(byte()));
    whole_ = whole_ && (is_plain_word(front, bytes_max) || (front.empty() && may_be_empty));
    return std::string(front);
  }
  void refuse() { whole_ = false; }
  bool whole() const { return whole_; }
  bool at_end() const { return rest_.empty(); }

 private:
  byte_span rest_;
  bool whole_ = true;
};

template <std::size_t N>
void fill(std::array<std::uint8_t, N>& out, byte_span from) {
  if (from.size() == N) std::copy(from.begin(), from.end(), out.begin());
}

void read_rights(pieces& from, certificate& into) {
  const auto count = from.byte();
  if (count == rights_of_a_member) return;
  auto& rights = into.rights.emplace();
  if (count > certificate_rights_max) return from.refuse();
  for (std::size_t i = 0; i < count && from.whole(); ++i) {
    const auto what = from.byte();
    if (what >= verbs_count) return from.refuse();
    rights.push_back({static_cast<verb>(what), from.text(certificate_pattern_bytes_max)});
  }
}

error not_a_certificate() { return {errc::bad_message, "not a certificate"}; }

}  // namespace

permissions certificate::granted() const {
  if (!rights) return permissions::member();
  permissions all;
  for (const auto& each : *rights) all.allow(each.what, each.pattern);
  return all;
}

result<byte_buffer> sign_certificate(certificate what, std::string_view workspace, const sign_key_pair& authority) {
  std::copy_n(authority.shown.begin(), what.authority.size(), what.authority.begin());
  if (what.not_before >= what.not_after) return error{errc::bad_options, "a certificate ends after it begins"};
  if (what.name.size() > certificate_name_bytes_max)
    return error{errc::bad_options, "a name has at most 48 characters"};
  auto out = encoded(what);
  append(out, sign(authority.own, text_to_sign(workspace, out)));
  if (out.size() > certificate_bytes_max) {
    return error{errc::bad_options, "a certificate has at most 256 bytes: shorten its name, roles or rights"};
  }
  const auto again = decode_certificate(out);
  if (!again || *again != what) return error{errc::bad_options, "a name, role or right is too long or not plain"};
  return out;
}

result<certificate> decode_certificate(byte_span bytes) {
  if (bytes.size() < signature_bytes || bytes.size() > certificate_bytes_max) return not_a_certificate();
  pieces from(bytes.first(bytes.size() - signature_bytes));
  certificate made;
  if (from.byte() != version) return error{errc::unsupported, "a certificate of another version"};
  fill(made.authority, from.take(made.authority.size()));
  fill(made.subject.bytes, from.take(node_id::size));
  made.serial = from.number();
  made.not_before = from.number();
  made.not_after = from.number();
  made.name = from.text(certificate_name_bytes_max, true);
  const auto roles = from.byte();
  if (roles > certificate_roles_max) from.refuse();
  for (std::size_t i = 0; i < roles && from.whole(); ++i) made.roles.push_back(from.text(certificate_role_bytes_max));
  read_rights(from, made);
  if (!from.whole() || !from.at_end() || made.not_before >= made.not_after) return not_a_certificate();
  return made;
}

result<certificate> verified_certificate(byte_span bytes, std::string_view workspace,
                                         std::span<const public_key> authorities) {
  auto made = decode_certificate(bytes);
  if (!made) return made;
  const auto body = bytes.first(bytes.size() - signature_bytes);
  bool known = false;
  for (const auto& each : authorities) {
    if (!std::equal(made->authority.begin(), made->authority.end(), each.begin())) continue;
    known = true;
    if (verify(each, text_to_sign(workspace, body), bytes.subspan(body.size()))) return made;
  }
  return error{errc::unauthenticated, known ? "a certificate that was altered, or is for another workspace"
                                            : "a certificate of an authority that is not known here"};
}

result<void> admits(const certificate& shown, const node_id& by, wall_ms now) {
  if (shown.subject != by) {
    return error{errc::unauthenticated,
                 "the certificate of node " + shown.subject.to_string() + " was shown by node " + by.to_string()};
  }
  const auto clock_says = "; this host's clock says " + utc_text(now);
  if (now < shown.not_before) {
    return error{errc::unauthenticated,
                 "the certificate is not valid before " + utc_text(shown.not_before) + clock_says};
  }
  if (now >= shown.not_after) {
    return error{errc::unauthenticated, "the certificate expired at " + utc_text(shown.not_after) + clock_says};
  }
  return {};
}

std::string utc_text(wall_ms when) {
  constexpr wall_ms year_9999 = 253'402'300'799'000;
  if (when > year_9999) return "the end of time";
  const auto seconds = static_cast<std::time_t>(when / 1000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

}  // namespace askr::crypto
