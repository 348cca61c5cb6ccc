// SPDX-License-Identifier: MIT
#include "mesh/entry_set.hpp"

#include "tests/support/record_owner.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace {

using namespace askr;
using namespace askr::mesh;
using askr::test::proof;

using change_map = std::map<std::string, std::optional<std::string>, entry_order>;

struct encoded_changes {
  byte_buffer entries, removed;
  entry_changes view() const { return {entries, removed}; }
};

// Nothing = removed.
encoded_changes encoded(const change_map& changes, std::uint64_t version = 1) {
  encoded_changes out;
  for (const auto& [key, value] : changes) {
    if (value) append_entry(out.entries, {key, version, as_bytes(*value)});
    if (!value) append_key(out.removed, key);
  }
  return out;
}

result<entry_set> applied(const entry_set& to, const encoded_changes& changes, const record_limits& limits = {}) {
  return to.with(changes.view(), 1'000, limits, proof());
}

entry_set of(const change_map& entries, std::uint64_t version = 1) {
  return std::move(applied({}, encoded(entries, version))).value();
}

change_map contents(const entry_set& set) {
  change_map out;
  set.for_each([&](const record_entry& entry) { out[std::string(entry.key)] = std::string(as_text(entry.value)); });
  return out;
}

change_map numbered(int from, int to, const std::string& value) {
  change_map out;
  for (int i = from; i < to; ++i) out["command/number." + std::to_string(i)] = value;
  return out;
}

errc code_of(const result<entry_set>& failed) { return failed.ok() ? errc{} : failed.code(); }

}  // namespace

BOOST_AUTO_TEST_SUITE(entry_sets)

BOOST_AUTO_TEST_CASE(entries_are_set_replaced_and_removed) {
  const auto first = of({{"a", "1"}, {"b", "2"}, {"c", "3"}});
  const auto second = *applied(first, encoded({{"a", "9"}, {"b", {}}, {"d", "4"}}, 2));
  BOOST_TEST((contents(second) == change_map{{"a", "9"}, {"c", "3"}, {"d", "4"}}));
  BOOST_TEST(second.size() == 3u);
  BOOST_TEST(second.find("a")->version == 2u);
  BOOST_TEST(second.find("c")->version == 1u);
  BOOST_TEST(!second.find("b").has_value());
  BOOST_TEST((contents(first) == change_map{{"a", "1"}, {"b", "2"}, {"c", "3"}}));
}

BOOST_AUTO_TEST_CASE(the_root_follows_from_the_contents_however_they_came) {
  const auto all = of(numbered(0, 1'000, "x"));
  auto grown = of(numbered(0, 500, "x"));
  grown = *applied(grown, encoded(numbered(500, 1'500, "x")));
  change_map gone;
  for (const auto& [key, value] : numbered(1'000, 1'500, "")) gone[key] = std::nullopt;
  grown = *applied(grown, encoded(gone));
  BOOST_TEST((all.root(proof()) == grown.root(proof())));
  BOOST_TEST(all.bytes() == grown.bytes());
  BOOST_TEST((contents(all) == contents(grown)));
}

BOOST_AUTO_TEST_CASE(every_part_of_an_entry_counts_for_the_root) {
  const auto root = of({{"a", "1"}, {"b", "2"}}).root(proof());
  BOOST_TEST((of({{"a", "1"}, {"b", "3"}}).root(proof()) != root));
  BOOST_TEST((of({{"a", "1"}, {"c", "2"}}).root(proof()) != root));
  BOOST_TEST((of({{"a", "1"}, {"b", "2"}}, 2).root(proof()) != root));
  BOOST_TEST((of({{"a", "1"}}).root(proof()) != root));
}

BOOST_AUTO_TEST_CASE(unchanged_buckets_are_shared) {
  const auto first = of(numbered(0, 2'000, "x"));
  const auto second = *applied(first, encoded({{"command/number.7", "y"}}, 2));
  std::size_t shared = 0;
  for (std::size_t i = 0; i < first.buckets().size(); ++i) shared += first.buckets()[i] == second.buckets()[i];
  BOOST_TEST(first.buckets().size() == 256u);
  BOOST_TEST(shared == 255u);
}

BOOST_AUTO_TEST_CASE(whole_sets_travel_as_they_are_stored) {
  const auto set = of(numbered(0, 300, "value"));
  byte_buffer whole;
  set.append_to(whole);
  const auto copy = *entry_set().with({whole, {}}, 1, {}, proof());
  BOOST_TEST((copy.root(proof()) == set.root(proof())));
  BOOST_TEST(whole.size() == set.bytes());
}

BOOST_AUTO_TEST_CASE(differences_name_what_changed_and_nothing_else) {
  const auto before = of(numbered(0, 1'000, "x"));
  auto changes = change_map{{"command/number.3", std::nullopt}, {"command/number.4", "y"}, {"topic/new", ""}};
  const auto after = *applied(before, encoded(changes, 2));
  std::set<std::string_view> keys;
  for (const auto& each : differences(before, after)) {
    keys.insert(each.key);
    BOOST_TEST(each.before.has_value() == (each.key != "topic/new"));
    BOOST_TEST(each.after.has_value() == (each.key != "command/number.3"));
  }
  BOOST_TEST((keys == std::set<std::string_view>{"command/number.3", "command/number.4", "topic/new"}));
  BOOST_TEST(differences(after, after).empty());
  BOOST_TEST(differences({}, after).size() == 1'000u);
  BOOST_TEST(differences(after, {}).size() == 1'000u);
}

BOOST_AUTO_TEST_CASE(keys_spread_over_the_buckets) {
  std::array<int, 256> counts{};
  for (const auto& [key, value] : numbered(0, 65'536, "")) ++counts[bucket_of(key)];
  BOOST_TEST(*std::max_element(counts.begin(), counts.end()) < 400);
  BOOST_TEST(*std::min_element(counts.begin(), counts.end()) > 150);
}

BOOST_AUTO_TEST_CASE(order_and_uniqueness_are_required) {
  byte_buffer swapped, twice;
  const auto a = encoded({{"a", "1"}}), b = encoded({{"b", "1"}});
  const bool a_first = entry_order()("a", "b");
  append(swapped, a_first ? b.entries : a.entries);
  append(swapped, a_first ? a.entries : b.entries);
  append(twice, a.entries);
  append(twice, a.entries);
  BOOST_TEST((code_of(entry_set().with({swapped, {}}, 1, {}, proof())) == errc::bad_message));
  BOOST_TEST((code_of(entry_set().with({twice, {}}, 1, {}, proof())) == errc::bad_message));
  byte_buffer key;
  append_key(key, "a");
  BOOST_TEST((code_of(entry_set().with({a.entries, key}, 1, {}, proof())) == errc::bad_message));
}

BOOST_AUTO_TEST_CASE(malformed_entries_are_refused) {
  const auto good = encoded({{"key", "value"}});
  for (std::size_t bytes = 1; bytes < good.entries.size(); ++bytes) {
    const auto cut = byte_span(good.entries).first(bytes);
    BOOST_TEST((code_of(entry_set().with({cut, {}}, 1, {}, proof())) == errc::bad_message));
  }
  const std::vector<byte_buffer> bad{
      {0x00, 0x01, 0x00},                                            // An empty key.
      {0x81, 0x00, 'a', 0x01, 0x00},                                 // A length not in its shortest form.
      {0x01, 'a', 0x00, 0x00},                                       // Version 0.
      {0x01, 'a', 0x02, 0x00},                                       // A version that does not exist yet.
      {0x01, 'a', 0x01, 0xff, 0xff, 0xff, 0xff, 0x0f},               // A value of 4 GiB.
      {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},  // Above 64 bits.
  };
  for (const auto& each : bad) {
    BOOST_TEST((code_of(entry_set().with({each, {}}, 1, {}, proof())) == errc::bad_message));
  }
}

BOOST_AUTO_TEST_CASE(limits_hold) {
  const auto long_key = encoded({{std::string(513, 'k'), ""}}), long_value = encoded({{"a", std::string(65'537, 'v')}});
  BOOST_TEST((code_of(applied({}, long_key)) == errc::bad_message));
  BOOST_TEST((code_of(applied({}, long_value)) == errc::bad_message));
  BOOST_TEST((code_of(applied({}, encoded(numbered(0, 11, "")), {.entries_max = 10})) == errc::too_large));
  BOOST_TEST((code_of(applied(of(numbered(0, 10, "")), encoded({{"a", ""}}), {.entries_max = 10})) == errc::too_large));
  BOOST_TEST((code_of(applied(of(numbered(0, 10, "")), encoded({{"a", ""}}), {.bytes_max = 190})) == errc::too_large));
  change_map one_bucket;
  for (int i = 0; one_bucket.size() < 1'025; ++i) {
    if (const auto key = std::to_string(i); bucket_of(key) == 7) one_bucket[key] = "";
  }
  BOOST_TEST((code_of(applied({}, encoded(one_bucket))) == errc::too_large));
}

BOOST_AUTO_TEST_CASE(what_is_not_there_may_be_removed) {
  const auto set = of({{"a", "1"}});
  BOOST_TEST((contents(*applied(set, encoded({{"b", {}}}))) == contents(set)));
  BOOST_TEST(applied(set, encoded({{"a", {}}}))->buckets().empty());
}

BOOST_AUTO_TEST_SUITE_END()
