// SPDX-License-Identifier: MIT
#include "crypto/certificate.hpp"

#include "crypto/key_list.hpp"
#include "crypto/revocations.hpp"

#include <boost/test/unit_test.hpp>

#include <vector>

BOOST_AUTO_TEST_SUITE(certificates)

namespace {

using namespace askr;
using namespace askr::crypto;

constexpr wall_ms begin = 1'800'000'000'000, end = begin + 86'400'000;

sign_key_pair authority_of(std::uint8_t number) { return sign_keys_from_seed(secret<32>(byte_buffer(32, number))); }

node_id id_of(std::uint8_t number) {
  node_id id;
  id.bytes.fill(number);
  return id;
}

certificate sample() {
  return {.subject = id_of(7),
          .serial = 42,
          .not_before = begin,
          .not_after = end,
          .name = "cam-1",
          .roles = {"camera", "ops"},
          .rights = std::vector<certificate::right>{{verb::send, "door.*"}, {verb::listen, ">"}}};
}

byte_buffer signed_sample(const certificate& what = sample(), std::string_view workspace = "lab") {
  return sign_certificate(what, workspace, authority_of(1)).value();
}

errc refusal(byte_span bytes, std::string_view workspace = "lab", std::uint8_t authority = 1) {
  const auto key = authority_of(authority).shown;
  const auto made = verified_certificate(bytes, workspace, std::span(&key, 1));
  return made ? errc{} : made.code();
}

std::string refused_list(std::string_view text) {
  const auto key = authority_of(1).shown;
  const auto list = verified_revocations(text, "lab", std::span(&key, 1));
  return list ? "taken" : list.error().message();
}

std::string refused_keys(std::string_view text) {
  const auto lines = parse_key_list(text);
  return lines ? "taken" : lines.error().detail;
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_an_authority_signed_is_read_again_as_it_was) {
  auto what = sample();
  const auto bytes = signed_sample(what);
  BOOST_TEST(bytes.size() <= certificate_bytes_max);
  const auto again = decode_certificate(bytes);
  BOOST_REQUIRE(again.ok());
  std::copy_n(authority_of(1).shown.begin(), 8, what.authority.begin());
  BOOST_TEST((*again == what));
  BOOST_TEST(again->granted().may(verb::send, "door.bell"));
  BOOST_TEST(!again->granted().may(verb::serve, "door.bell"));
  what.rights.reset();
  BOOST_TEST((decode_certificate(signed_sample(what))->granted() == permissions::member()));
}

BOOST_AUTO_TEST_CASE(every_altered_byte_ends_a_certificate_and_so_does_every_other_length) {
  const auto bytes = signed_sample();
  BOOST_TEST((refusal(bytes) == errc{}));
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    auto altered = bytes;
    altered[at] ^= 0x20;
    BOOST_TEST((refusal(altered) != errc{}), at);
    BOOST_TEST((refusal(byte_span(bytes).first(at)) != errc{}), at);
  }
  auto longer = bytes;
  longer.push_back(0);
  BOOST_TEST((refusal(longer) != errc{}));
  BOOST_TEST((refusal({}) == errc::bad_message));
  BOOST_TEST((refusal(byte_buffer(257, 1)) == errc::bad_message));
}

BOOST_AUTO_TEST_CASE(a_certificate_of_another_authority_or_workspace_is_refused) {
  const auto bytes = signed_sample();
  BOOST_TEST((refusal(bytes, "lab", 2) == errc::unauthenticated));
  BOOST_TEST((refusal(bytes, "lab2") == errc::unauthenticated));
  // The mark alone proves nothing: the same first bytes, another key.
  auto twin = authority_of(1).shown;
  twin[31] ^= 1;
  BOOST_TEST(!verified_certificate(bytes, "lab", std::span(&twin, 1)).ok());
}

BOOST_AUTO_TEST_CASE(a_certificate_admits_its_own_node_in_its_time_and_the_error_says_both_clocks) {
  const auto shown = sample();
  BOOST_TEST(admits(shown, id_of(7), begin).ok());
  BOOST_TEST(admits(shown, id_of(7), end - 1).ok());
  const auto detail = [&](std::uint8_t node, wall_ms now) { return admits(shown, id_of(node), now).error().detail; };
  BOOST_TEST(detail(8, begin).find("was shown by node 0808") != std::string::npos);
  BOOST_TEST(detail(7, 253'402'300'800'000).find("this host's clock says the end of time") != std::string::npos);
  // A clock that is a day behind, or ahead.
  BOOST_TEST(detail(7, begin - 86'400'000) ==
             "the certificate is not valid before 2027-01-15T08:00:00Z; this host's clock says 2027-01-14T08:00:00Z");
  BOOST_TEST(detail(7, end + 86'400'000) ==
             "the certificate expired at 2027-01-16T08:00:00Z; this host's clock says 2027-01-17T08:00:00Z");
}

BOOST_AUTO_TEST_CASE(what_does_not_fit_into_a_certificate_is_refused_when_it_is_signed) {
  const auto refused = [](auto change) {
    auto what = sample();
    change(what);
    const auto made = sign_certificate(what, "lab", authority_of(1));
    return !made && made.code() == errc::bad_options;
  };
  BOOST_TEST(!refused([](certificate&) {}));
  BOOST_TEST(refused([](certificate& what) { what.name = std::string(49, 'n'); }));
  BOOST_TEST(refused([](certificate& what) { what.name = "two words"; }));
  BOOST_TEST(refused([](certificate& what) { what.not_after = what.not_before; }));
  BOOST_TEST(refused([](certificate& what) { what.roles.assign(9, "r"); }));
  BOOST_TEST(refused([](certificate& what) { what.roles = {std::string(33, 'r')}; }));
  BOOST_TEST(refused([](certificate& what) { what.roles = {"\x1b[31m"}; }));
  BOOST_TEST(refused([](certificate& what) { what.rights->assign(33, {verb::send, "x"}); }));
  BOOST_TEST(refused([](certificate& what) { what.rights->assign(3, {verb::send, std::string(60, 'x')}); }));
}

BOOST_AUTO_TEST_CASE(a_list_of_revocations_is_read_again_and_only_as_it_was_signed) {
  const revocation_list list{.number = 9, .serials = {1, 42}, .nodes = {id_of(7)}};
  const auto text = sign_revocations(list, "lab", authority_of(1));
  const auto key = authority_of(1).shown;
  const auto again = verified_revocations(text, "lab", std::span(&key, 1));
  BOOST_REQUIRE(again.ok());
  BOOST_TEST((*again == list));
  BOOST_TEST(again->covers(id_of(7), 3));
  BOOST_TEST(again->covers(id_of(8), 42));
  BOOST_TEST(!again->covers(id_of(8), 3));
  for (std::size_t at = 0; at + 1 < text.size(); ++at) {
    auto altered = text;
    altered[at] ^= 1;
    BOOST_TEST(refused_list(altered) != "taken", at);
    BOOST_TEST(refused_list(text.substr(0, at)) != "taken", at);
  }
  BOOST_TEST(!verified_revocations(text, "lab2", std::span(&key, 1)).ok());
  const auto other = authority_of(2).shown;
  BOOST_TEST((verified_revocations(text, "lab", std::span(&other, 1)).code() == errc::unauthenticated));
}

BOOST_AUTO_TEST_CASE(a_bad_list_of_revocations_says_which_line) {
  const std::string head = "askr-revocations 1\nnumber 1\n";
  BOOST_TEST(refused_list("") == "bad_key_file: no signature");
  BOOST_TEST(refused_list("something\n") == "bad_key_file: line 1: not a list of revocations");
  BOOST_TEST(refused_list("askr-revocations 1\nserial 1\n") == "bad_key_file: line 2: no number");
  BOOST_TEST(refused_list(head + "serial -1\n") == "bad_key_file: line 3: neither a new serial nor a new node");
  BOOST_TEST(refused_list(head + "serial 1\nserial 1\n") ==
             "bad_key_file: line 4: neither a new serial nor a new node");
  BOOST_TEST(refused_list(head + "node 00\n") == "bad_key_file: line 3: neither a new serial nor a new node");
  BOOST_TEST(refused_list("askr-revocations 1\nnumber \n") == "bad_key_file: line 2: no number");
  std::string too_many = head;
  for (int i = 0; i < 16'385; ++i) (too_many += "serial ") += std::to_string(i) + "\n";
  BOOST_TEST(refused_list(too_many) == "bad_key_file: line 16387: more than 16,384 revocations");
  BOOST_TEST(refused_list(head + "signature 00\n") == "bad_key_file: line 3: not a signature");
  BOOST_TEST(refused_list(head + "serial 1") == "bad_key_file: line 3: cut off");
}

BOOST_AUTO_TEST_CASE(lines_of_keys_have_names_roles_and_remarks_and_errors_name_the_line_but_not_its_words) {
  const auto lines = parse_key_list("# people\n\n  abc \tann  ops\tcamera # the boss\r\ndef\nghi - ops\n");
  BOOST_REQUIRE(lines.ok());
  BOOST_REQUIRE_EQUAL(lines->size(), 3);
  BOOST_TEST(lines->at(0).key == "abc");
  BOOST_TEST(lines->at(0).name == "ann");
  BOOST_TEST((lines->at(0).roles == std::vector<std::string>{"ops", "camera"}));
  BOOST_TEST(lines->at(1).name == "");
  BOOST_TEST(lines->at(2).name == "");
  BOOST_TEST((lines->at(2).roles == std::vector<std::string>{"ops"}));
  BOOST_TEST(refused_keys("a\n" + std::string(257, 'k')) == "line 2: a key has at most 256 printable characters");
  BOOST_TEST(refused_keys("k \x01") == "line 1: a name has at most 256 printable characters");
  BOOST_TEST(refused_keys("k n " + std::string(65, 'r')) == "line 1: a role has at most 64 printable characters");
  std::string many = "k n";
  for (int i = 0; i < 17; ++i) many += " r";
  BOOST_TEST(refused_keys(many) == "line 1: more than 16 roles");
  std::string long_list;
  for (int i = 0; i < 16'385; ++i) long_list += "k\n";
  BOOST_TEST(refused_keys(long_list) == "line 16385: more than 16,384 keys");
}

BOOST_AUTO_TEST_CASE(a_node_is_named_by_its_id_or_its_public_key) {
  public_key noise_key{}, sign_key{};
  noise_key[0] = 1;
  const auto id = node_of_key(public_key_text(noise_key, sign_key));
  BOOST_REQUIRE(id.has_value());
  BOOST_TEST((node_of_key(id->to_string()) == id));
  for (const std::size_t digits : {0, 31, 33, 64, 127, 129}) {
    BOOST_TEST(!node_of_key(std::string(digits, '0')).has_value(), digits);
  }
  BOOST_TEST(!node_of_key(std::string(32, 'g')).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
