// SPDX-License-Identifier: MIT
#include "mesh/record_view.hpp"

#include "tests/support/record_owner.hpp"

#include <boost/test/unit_test.hpp>

#include <memory>
#include <ostream>
#include <string>
#include <vector>

namespace {

using namespace askr;
using namespace askr::mesh;
using askr::test::proof;
using askr::test::record_owner;

const time_point start{};

// Counts what is expensive.
class counting_verifier final : public record_verifier {
 public:
  digest hash(byte_span bytes) const override {
    hashed_bytes += bytes.size();
    return proof().hash(bytes);
  }
  node_id id_of(const owner_keys& keys) const override { return proof().id_of(keys); }
  bool verify(const owner_keys& keys, byte_span text, const record_signature& shown) const override {
    ++verified;
    return proof().verify(keys, text, shown);
  }
  mutable std::size_t verified = 0;
  mutable std::size_t hashed_bytes = 0;
};

template <class Change>
view_options with(Change change) {
  view_options options;
  change(options);
  return options;
}

struct watcher {
  explicit watcher(const view_options& options = {}) : view(test::identity_of(999).id(), verifier, memo, options) {}

  intake take(const record_delta& delta, time_point now = start) { return view.accept(now, delta).value().what; }
  intake take(const publication& news, time_point now = start) { return take(news.delta(), now); }
  errc refusal(const record_delta& delta) {
    const auto taken = view.accept(start, delta);
    return taken.ok() ? errc{} : taken.code();
  }

  counting_verifier verifier;
  record_memo memo;
  record_view view;
};

}  // namespace

namespace askr::mesh {
std::ostream& boost_test_print_type(std::ostream& out, intake what) { return out << static_cast<int>(what); }
}  // namespace askr::mesh

BOOST_AUTO_TEST_SUITE(record_views)

BOOST_AUTO_TEST_CASE(records_and_deltas_are_merged) {
  watcher at;
  record_owner owner(1);
  owner.set("a", "1");
  BOOST_TEST(at.take(owner.publish()) == intake::merged);
  owner.set("b", "2");
  owner.publisher.remove("a");
  const auto taken = at.view.accept(start, owner.publish().delta()).value();
  BOOST_TEST(taken.what == intake::merged);
  BOOST_TEST((at.view.find(owner.id()) == taken.record));
  BOOST_TEST(taken.previous->stamp().version == 1u);
  BOOST_TEST((taken.record->stamp() == owner.publisher.record()->stamp()));
  BOOST_TEST(differences(taken.previous->entries(), taken.record->entries()).size() == 2u);
}

BOOST_AUTO_TEST_CASE(duplicates_and_old_news_cost_no_signature_check) {
  watcher at;
  record_owner owner(1);
  const auto first = owner.publish();
  owner.set("a", "1");
  const auto second = owner.publish();
  at.take(first);
  at.take(second);
  const auto checks = at.verifier.verified;
  BOOST_TEST(at.take(first) == intake::known);
  BOOST_TEST(at.take(second) == intake::known);
  BOOST_TEST(at.verifier.verified == checks);
}

BOOST_AUTO_TEST_CASE(a_missed_delta_asks_for_the_whole_record) {
  watcher at;
  record_owner owner(1);
  at.take(owner.publish());
  owner.set("a", "1");
  owner.publish();
  owner.set("b", "2");
  BOOST_TEST(at.take(owner.publish()) == intake::incomplete);
  byte_buffer kept;
  BOOST_TEST(at.take(whole_of(*owner.publisher.record(), kept)) == intake::merged);
  watcher newcomer;
  owner.set("c", "3");
  BOOST_TEST(newcomer.take(owner.publish()) == intake::incomplete);
}

BOOST_AUTO_TEST_CASE(a_newer_life_wins_at_once_and_an_older_one_is_old_news) {
  watcher at;
  record_owner young(1, 2), old(1, 1);
  at.take(old.publish());
  BOOST_TEST(at.take(young.publish()) == intake::merged);
  old.set("a", "1");
  BOOST_TEST(at.take(old.publish()) == intake::known);
  BOOST_TEST(at.view.find(young.id())->stamp().life == 2u);
}

BOOST_AUTO_TEST_CASE(forged_records_are_refused) {
  watcher at;
  record_owner owner(1);
  owner.set("a", "1");
  const auto news = owner.publish();
  auto delta = news.delta();
  delta.signature[5] ^= 1;
  BOOST_TEST((at.refusal(delta) == errc::unauthenticated));
  delta = news.delta();
  delta.stamp.version = 9;
  BOOST_TEST((at.refusal(delta) == errc::unauthenticated));
  delta = news.delta();
  delta.stamp.life = 9;
  BOOST_TEST((at.refusal(delta) == errc::unauthenticated));
  delta = news.delta();
  delta.stamp.root[0] ^= 1;
  BOOST_TEST((at.refusal(delta) == errc::unauthenticated));
  BOOST_TEST(at.view.rows().empty());
}

BOOST_AUTO_TEST_CASE(records_that_claim_others_keys_are_refused) {
  watcher at;
  record_owner owner(1), other(2);
  const auto news = owner.publish();
  auto delta = news.delta();
  delta.id = other.id();  // The owner's record under another's id,
  BOOST_TEST((at.refusal(delta) == errc::bad_message));
  delta.keys = other.signer.keys();  // and under its keys.
  BOOST_TEST((at.refusal(delta) == errc::unauthenticated));
  delta = news.delta();
  delta.keys->noise = other.signer.keys().noise;  // Signed with own keys, but another's key for links.
  BOOST_TEST((at.refusal(delta) == errc::bad_message));
}

BOOST_AUTO_TEST_CASE(a_record_of_another_workspace_is_refused) {
  watcher at;
  const auto self = test::identity_of(1);
  const identity_signer signer(self, {9, 9});
  record_publisher publisher(1, signer, proof(), {});
  const auto news = *publisher.publish(start);
  BOOST_TEST((at.refusal(news.delta()) == errc::unauthenticated));
}

BOOST_AUTO_TEST_CASE(entries_that_were_not_signed_are_refused) {
  watcher at;
  record_owner owner(1);
  owner.set("a", "1");
  const auto news = owner.publish();
  byte_buffer changed(news.entries);
  BOOST_REQUIRE(!changed.empty());
  changed.front() ^= 1;
  auto delta = news.delta();
  delta.changes.entries = changed;
  BOOST_TEST((at.refusal(delta) == errc::bad_message));
  delta.changes.entries = {};  // An obituary, of somebody nobody has heard of.
  BOOST_TEST(at.take(delta) == intake::known);
  BOOST_TEST(at.take(news) == intake::merged);
  owner.set("b", "1");
  const auto second = owner.publish();
  delta = second.delta();
  delta.changes.entries = {};  // A relay that leaves something out of a delta: the whole record is asked for.
  BOOST_TEST(at.take(delta) == intake::incomplete);
  BOOST_TEST(at.take(second) == intake::merged);
}

BOOST_AUTO_TEST_CASE(impossible_versions_are_refused) {
  watcher at;
  record_owner owner(1);
  const auto news = owner.publish();
  auto delta = news.delta();
  delta.stamp.version = 0;
  BOOST_TEST((at.refusal(delta) == errc::bad_message));
  delta = news.delta();
  delta.base = 1;
  BOOST_TEST((at.refusal(delta) == errc::bad_message));
  delta = news.delta();
  delta.keys.reset();
  BOOST_TEST((at.refusal(delta) == errc::bad_message));
}

BOOST_AUTO_TEST_CASE(a_forged_record_costs_the_same_however_long_it_is) {
  watcher at;
  record_owner owner(1);
  for (int i = 0; i < 20'000; ++i) owner.set("state/" + std::to_string(i), "some value");
  const auto news = owner.publish();
  auto delta = news.delta();
  delta.signature[0] ^= 1;
  BOOST_TEST((at.refusal(delta) == errc::unauthenticated));
  BOOST_TEST(at.verifier.verified == 1u);
  BOOST_TEST(at.verifier.hashed_bytes == 0u);
  const byte_buffer huge((4 << 20) + 1, 0);
  delta.changes.entries = huge;
  BOOST_TEST((at.refusal(delta) == errc::too_large));
  BOOST_TEST(at.verifier.verified == 1u);
}

BOOST_AUTO_TEST_CASE(the_number_of_owners_is_bounded) {
  watcher at(with([](auto& options) { options.owners_max = 3; }));
  std::vector<std::unique_ptr<record_owner>> owners;
  for (std::uint64_t i = 0; i < 3; ++i) {
    owners.push_back(std::make_unique<record_owner>(i));
    BOOST_TEST(at.take(owners.back()->publish()) == intake::merged);
  }
  record_owner late(10);
  BOOST_TEST((at.refusal(late.publish().delta()) == errc::overloaded));
  owners[0]->set("a", "1");
  BOOST_TEST(at.take(owners[0]->publish()) == intake::merged);
}

BOOST_AUTO_TEST_CASE(two_records_of_one_version_end_the_same_everywhere) {
  watcher one, other;
  record_owner left(1), right(1);  // One identity, twice, with the same life.
  left.set("a", "1");
  right.set("a", "2");
  const auto first = left.publish(), second = right.publish();
  one.take(first);
  one.take(second);
  other.take(second);
  other.take(first);
  BOOST_TEST((one.view.find(left.id())->stamp() == other.view.find(left.id())->stamp()));
}

BOOST_AUTO_TEST_CASE(only_a_signed_newer_record_of_itself_counts_against_a_node) {
  record_owner self(1, 5), twin(1, 6), older(1, 4);
  counting_verifier verifier;
  record_memo memo;
  record_view view(self.id(), verifier, memo);
  view.publish(start, self.publish().record);
  BOOST_TEST(view.is_up(self.id()));
  BOOST_TEST(view.accept(start, older.publish().delta())->what == intake::known);
  const auto news = twin.publish();
  auto forged = news.delta();
  forged.stamp.life = 9;
  BOOST_TEST((view.accept(start, forged).code() == errc::unauthenticated));
  BOOST_TEST(view.accept(start, news.delta())->what == intake::newer_self);
  BOOST_TEST(view.find(self.id())->stamp().life == 5u);
}

BOOST_AUTO_TEST_CASE(what_was_proved_once_is_not_proved_again) {
  watcher at;
  record_owner owner(1);
  const auto news = owner.publish();
  at.take(news);
  const auto record = at.view.find(owner.id());
  at.view.lose(start, owner.id());
  BOOST_TEST(at.take(news) == intake::merged);
  BOOST_TEST(at.verifier.verified == 1u);
  BOOST_TEST((at.view.find(owner.id()) == record));
}

BOOST_AUTO_TEST_CASE(the_digest_is_that_of_the_rows_that_are_up) {
  watcher one, other;
  std::vector<std::unique_ptr<record_owner>> owners;
  for (std::uint64_t i = 0; i < 50; ++i) owners.push_back(std::make_unique<record_owner>(i));
  for (auto& owner : owners) {
    const auto news = owner->publish();
    one.take(news);
    other.take(news);
    one.view.set_up(start, owner->id(), true);
  }
  BOOST_TEST((one.view.digest().root() != other.view.digest().root()));
  for (auto owner = owners.rbegin(); owner != owners.rend(); ++owner) other.view.set_up(start, (*owner)->id(), true);
  BOOST_TEST((one.view.digest().root() == other.view.digest().root()));
  BOOST_TEST((one.view.digest().buckets() == other.view.digest().buckets()));
  owners[7]->set("a", "1");
  one.take(owners[7]->publish());
  BOOST_TEST((one.view.digest().root() != other.view.digest().root()));
  for (const auto& owner : owners) one.view.lose(start, owner->id());
  BOOST_TEST((one.view.digest().root() == digest{}));
  BOOST_TEST((one.view.digest().buckets() == bucket_digests{}));
  BOOST_TEST(one.view.up_count() == 0u);
}

BOOST_AUTO_TEST_CASE(of_the_lost_a_few_words_are_remembered_for_a_day) {
  watcher at;
  record_owner owner(1);
  owner.set("endpoint/10.0.0.1:8800", std::string(1, '\0'));
  const auto first = owner.publish();
  owner.set("a", "1");
  const auto second = owner.publish();
  at.take(first);
  at.take(second);
  at.view.lose(start, owner.id());
  BOOST_REQUIRE(at.view.find_lost(owner.id()) != nullptr);
  BOOST_TEST((at.view.find_lost(owner.id())->endpoints == std::vector<std::string>{"10.0.0.1:8800"}));
  BOOST_TEST(at.take(first) == intake::known);  // Older than what is remembered: a replay.
  at.view.on_timeout(start + 23h);
  BOOST_TEST(at.view.lost().size() == 1u);
  BOOST_TEST((at.view.next_timeout() == start + 24h));
  at.view.on_timeout(start + 24h);
  BOOST_TEST(at.view.lost().empty());
}

BOOST_AUTO_TEST_CASE(who_comes_back_with_the_same_version_is_welcome) {
  watcher at;
  record_owner owner(1);
  const auto news = owner.publish();
  at.take(news);
  at.view.lose(start, owner.id());
  BOOST_TEST(at.take(news) == intake::merged);
  BOOST_TEST(at.view.lost().empty());
}

BOOST_AUTO_TEST_CASE(memory_of_the_lost_is_bounded) {
  watcher at(with([](auto& options) { options.lost_max = 8; }));
  for (std::uint64_t i = 0; i < 20; ++i) {
    record_owner owner(i);
    at.take(owner.publish());
    at.view.lose(start + milliseconds(i), owner.id());
  }
  BOOST_TEST(at.view.lost().size() == 8u);
  BOOST_TEST((at.view.find_lost(test::identity_of(19).id()) != nullptr));
}

BOOST_AUTO_TEST_CASE(who_is_not_reached_for_long_goes) {
  watcher at(with([](auto& options) { options.unreached_max = 4; }));
  std::vector<node_id> ids;
  for (std::uint64_t i = 0; i < 6; ++i) {
    record_owner owner(i);
    ids.push_back(owner.id());
    at.take(owner.publish(), start + milliseconds(i));
  }
  BOOST_TEST(at.view.rows().size() == 4u);
  BOOST_TEST((at.view.find(ids[0]) == nullptr));
  at.view.set_up(start, ids[3], true);
  BOOST_TEST((at.view.next_timeout() == start + 2ms + 30s));
  at.view.on_timeout(start + 31s);
  BOOST_TEST(at.view.rows().size() == 1u);
  BOOST_TEST(at.view.is_up(ids[3]));
}

BOOST_AUTO_TEST_CASE(who_knows_a_life_that_is_behind_one_that_is_over_forgets_it) {
  record_owner before(1, 7), after(1, 3);
  before.set("a", "1");
  after.set("a", "1");
  before.publish();
  const auto over = obituary_of(before.publisher.record()->header());
  watcher at;
  BOOST_TEST(at.take(over) == intake::known);  // Of strangers nothing is remembered.
  BOOST_TEST(at.view.lost().empty());
  BOOST_TEST(at.take(after.publish()) == intake::merged);
  at.view.set_up(start, after.id(), true);
  auto forged = over;
  ++forged.stamp.life;
  BOOST_TEST((at.refusal(forged) == errc::unauthenticated));
  BOOST_TEST(at.take(over) == intake::outlived);
  BOOST_TEST(at.take(over) == intake::known);
  BOOST_TEST((at.view.find(after.id()) == nullptr));
  BOOST_TEST(at.view.up_count() == 0u);
  BOOST_REQUIRE(at.view.find_lost(after.id()) != nullptr);
  BOOST_TEST(at.view.find_lost(after.id())->last.stamp.life == 7);
  after.set("a", "2");
  BOOST_TEST(at.take(after.publish()) == intake::known);
  record_owner again(1, 8);
  again.set("a", "1");
  BOOST_TEST(at.take(again.publish()) == intake::merged);
  BOOST_TEST(at.take(over) == intake::known);  // It is no reason to doubt a later life.
}

BOOST_AUTO_TEST_CASE(what_is_remembered_of_the_lost_is_their_obituary_and_tells_themselves) {
  record_owner owner(999, 7);
  owner.set("a", "1");
  watcher other, itself;
  record_owner neighbour(1, 7);
  neighbour.set("a", "1");
  other.take(neighbour.publish());
  other.view.lose(start, neighbour.id());
  const auto& last = other.view.find_lost(neighbour.id())->last;
  BOOST_TEST((obituary_of(last).stamp == neighbour.publisher.record()->stamp()));
  owner.publish();
  BOOST_TEST(itself.take(obituary_of(owner.publisher.record()->header())) == intake::newer_self);
}

BOOST_AUTO_TEST_SUITE_END()
