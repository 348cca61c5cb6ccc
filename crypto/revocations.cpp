// SPDX-License-Identifier: MIT
#include "crypto/revocations.hpp"

#include "crypto/hex.hpp"

#include <algorithm>
#include <charconv>

namespace askr::crypto {
namespace {

constexpr std::string_view head = "askr-revocations 1";
constexpr std::string_view signature_word = "signature ";
constexpr std::size_t key_digits = 2 * sizeof(public_key);
constexpr std::size_t rows_max = 16'384;

byte_buffer text_to_sign(std::string_view workspace, std::string_view text) {
  byte_buffer out;
  append(out, as_bytes("askr-revocations-1"));
  out.push_back(static_cast<std::uint8_t>(workspace.size()));
  append(out, as_bytes(workspace));
  append(out, as_bytes(text));
  return out;
}

bool read_number(std::string_view text, std::uint64_t& out) {
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), out);
  return failed == std::errc{} && end == text.data() + text.size() && !text.empty();
}

bool read_row(std::string_view line, revocation_list& into) {
  std::uint64_t serial = 0;
  node_id node;
  if (line.starts_with("serial ") && read_number(line.substr(7), serial)) return into.serials.insert(serial).second;
  if (line.starts_with("node ") && from_hex(node.bytes, line.substr(5))) return into.nodes.insert(node).second;
  return false;
}

error wrong(std::size_t line, std::string_view why) {
  return {errc::bad_key_file, "line " + std::to_string(line) + ": " + std::string(why)};
}

}  // namespace

std::string sign_revocations(const revocation_list& list, std::string_view workspace, const sign_key_pair& authority) {
  std::string text(head);
  text += "\nnumber " + std::to_string(list.number) + "\n";
  for (const auto serial : list.serials) text += "serial " + std::to_string(serial) + "\n";
  for (const auto& node : list.nodes) text += "node " + node.to_string() + "\n";
  const auto proof = sign(authority.own, text_to_sign(workspace, text));
  return text + std::string(signature_word) + to_hex(authority.shown) + " " + to_hex(proof) + "\n";
}

result<revocation_list> verified_revocations(std::string_view text, std::string_view workspace,
                                             std::span<const public_key> authorities) {
  revocation_list list;
  const auto whole = text;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) return wrong(number, "cut off");
    const auto line = text.substr(0, end);
    const auto before = whole.substr(0, whole.size() - text.size());
    text.remove_prefix(end + 1);
    if (number == 1) {
      if (line != head) return wrong(number, "not a list of revocations");
    } else if (number == 2) {
      if (!line.starts_with("number ") || !read_number(line.substr(7), list.number)) return wrong(number, "no number");
    } else if (line.starts_with(signature_word)) {
      if (!text.empty() && text != "\n") return wrong(number + 1, "something behind the signature");
      public_key key;
      signature proof;
      const auto words = line.substr(signature_word.size());
      if (words.size() <= key_digits || words[key_digits] != ' ' || !from_hex(key, words.substr(0, key_digits)) ||
          !from_hex(proof, words.substr(key_digits + 1))) {
        return wrong(number, "not a signature");
      }
      if (std::find(authorities.begin(), authorities.end(), key) == authorities.end()) {
        return error{errc::unauthenticated, "signed by an authority that is not known here"};
      }
      if (verify(key, text_to_sign(workspace, before), proof)) return list;
      return error{errc::unauthenticated, "altered, or of another workspace"};
    } else {
      if (list.serials.size() + list.nodes.size() >= rows_max) return wrong(number, "more than 16,384 revocations");
      if (!read_row(line, list)) return wrong(number, "neither a new serial nor a new node");
    }
  }
  return error{errc::bad_key_file, "no signature"};
}

}  // namespace askr::crypto
