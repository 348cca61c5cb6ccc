// SPDX-License-Identifier: MIT
#include "crypto/key_file.hpp"

#include "tests/support/scratch_folder.hpp"

#include "crypto/primitives.hpp"

#include <sys/stat.h>
#include <unistd.h>
#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

namespace {

using namespace askr;
using namespace askr::crypto;
using askr::test::scratch_folder;

const entropy random_source{};

mode_t mode_of(const std::string& path) {
  struct stat found;
  BOOST_REQUIRE(::stat(path.c_str(), &found) == 0);
  return found.st_mode & 0777;
}

void write_file(const std::string& path, std::string_view text, mode_t mode = 0600) {
  std::ofstream(path) << text;
  ::chmod(path.c_str(), mode);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(key_files)

BOOST_AUTO_TEST_CASE(an_identity_is_made_once_and_then_loaded) {
  const scratch_folder temporary;
  const auto path = temporary.file("deep/er/identity");
  const auto made = load_or_create_identity(path, random_source);
  const auto loaded = load_or_create_identity(path, random_source);
  BOOST_REQUIRE(made.ok());
  BOOST_REQUIRE(loaded.ok());
  BOOST_TEST((made->id() == loaded->id()));
  BOOST_TEST(mode_of(path) == 0600u);
  BOOST_TEST(mode_of(temporary.file("deep")) == 0700u);
}

BOOST_AUTO_TEST_CASE(a_file_that_others_may_read_is_refused) {
  const scratch_folder temporary;
  const auto path = temporary.file("secret");
  for (const mode_t mode : {0644, 0640, 0604, 0660, 0610, 0601}) {
    write_file(path, std::string(64, 'a'), mode);
    BOOST_TEST((load_workspace_secret(path).code() == errc::bad_key_file));
  }
  for (const mode_t mode : {0600, 0400}) {
    ::unlink(path.c_str());
    write_file(path, std::string(64, 'a'), mode);
    BOOST_TEST(load_workspace_secret(path).ok());
  }
}

BOOST_AUTO_TEST_CASE(a_file_of_another_user_is_refused) {
  const scratch_folder temporary;
  const auto path = temporary.file("secret");
  write_file(path, std::string(64, 'a'));
  if (::chown(path.c_str(), 12'345, -1) != 0) return;  // Only root can set this up.
  BOOST_TEST((load_workspace_secret(path).code() == errc::bad_key_file));
}

BOOST_AUTO_TEST_CASE(folders_pipes_and_missing_files_are_refused_at_once) {
  const scratch_folder temporary;
  BOOST_TEST((read_key_file(temporary.path()).code() == errc::bad_key_file));
  BOOST_TEST((read_key_file(temporary.file("none")).code() == errc::bad_key_file));
  BOOST_REQUIRE(::mkfifo(temporary.file("pipe").c_str(), 0600) == 0);
  BOOST_TEST((read_key_file(temporary.file("pipe")).code() == errc::bad_key_file));
}

BOOST_AUTO_TEST_CASE(malformed_identities_are_refused_and_left_alone) {
  const scratch_folder temporary;
  const auto path = temporary.file("identity");
  const auto good = std::string(identity_text(identity::generate(random_source)).view());
  for (const auto& text : {std::string(), std::string("askr-identity 1 "), good.substr(1), good.substr(0, 79),
                           good + "0", good.substr(0, 79) + "G", "askr-identity 2 " + good.substr(16)}) {
    write_file(path, text);
    BOOST_TEST((load_or_create_identity(path, random_source).code() == errc::bad_key_file), text);
  }
  write_file(path, good + "\n");
  BOOST_TEST(load_or_create_identity(path, random_source).ok());
}

BOOST_AUTO_TEST_CASE(secrets_have_a_least_and_a_greatest_length) {
  BOOST_TEST((workspace_secret_from_text(std::string(31, 'x')).code() == errc::bad_options));
  BOOST_TEST((workspace_secret_from_text(std::string(1'024, 'x')).code() == errc::bad_options));
  BOOST_TEST((workspace_secret_from_text(std::string(31, 'x') + "\n\n\n").code() == errc::bad_options));
  BOOST_TEST(workspace_secret_from_text(std::string(32, 'x')).ok());
  const scratch_folder temporary;
  write_file(temporary.file("huge"), std::string(key_file_bytes_max + 1, 'x'));
  write_file(temporary.file("full"), std::string(1'024, 'x'));
  BOOST_TEST((load_workspace_secret(temporary.file("huge")).code() == errc::bad_key_file));
  BOOST_TEST((load_workspace_secret(temporary.file("full")).code() == errc::bad_key_file));
}

BOOST_AUTO_TEST_CASE(a_line_s_end_is_not_part_of_a_secret) {
  const std::string text(40, 's');
  const auto plain = workspace_secret_from_text(text), with_end = workspace_secret_from_text(text + " \r\n");
  BOOST_TEST(std::ranges::equal(plain->span(), with_end->span()));
  const auto other = workspace_secret_from_text(text + "x");
  BOOST_TEST(!std::ranges::equal(plain->span(), other->span()));
}

BOOST_AUTO_TEST_CASE(generated_secrets_are_64_hexadecimal_digits) {
  const auto text = generate_workspace_secret(random_source);
  BOOST_TEST(text.length == 64u);
  BOOST_TEST(text.view().find_first_not_of("0123456789abcdef") == std::string_view::npos);
  BOOST_TEST(text.view() != generate_workspace_secret(random_source).view());
}

BOOST_AUTO_TEST_CASE(an_existing_file_is_never_replaced) {
  const scratch_folder temporary;
  const auto path = temporary.file("secret");
  BOOST_REQUIRE(create_key_file(path, "first", random_source).ok());
  BOOST_TEST((create_key_file(path, "second", random_source).code() == errc::bad_key_file));
  BOOST_TEST(read_key_file(path)->view() == "first");
  BOOST_TEST(temporary.count() == 1u);
}

BOOST_AUTO_TEST_CASE(many_that_start_together_share_one_secret) {
  const scratch_folder temporary;
  const auto path = temporary.file("shared");
  std::vector<byte_buffer> seen(8);
  std::vector<std::thread> starters;
  for (auto& each : seen) {
    starters.emplace_back([&each, &path] {
      const auto loaded = load_or_create_workspace_secret(path, random_source);
      if (loaded) each.assign(loaded->span().begin(), loaded->span().end());
    });
  }
  for (auto& each : starters) each.join();
  for (const auto& each : seen) BOOST_TEST((each.size() == 32 && each == seen[0]));
  BOOST_TEST(temporary.count() == 1u);
}

BOOST_AUTO_TEST_CASE(a_secret_file_has_up_to_three_lines_the_newest_first) {
  const scratch_folder temporary;
  const auto path = temporary.file("secrets");
  const std::string one(32, 'a'), two(32, 'b'), three(32, 'c'), four(32, 'd');
  const auto loaded = [&](const std::string& text) {
    write_file(path, text);
    return load_workspace_secrets(path, 3);
  };
  const auto all = loaded(one + "\n\n" + two + " \r\n" + three);
  BOOST_REQUIRE(all.ok());
  BOOST_REQUIRE_EQUAL(all->size(), 3);
  BOOST_TEST(std::ranges::equal(all->at(0).span(), workspace_secret_from_text(one)->span()));
  BOOST_TEST(std::ranges::equal(all->at(1).span(), workspace_secret_from_text(two)->span()));
  const auto refused = [&](const std::string& text) { return loaded(text).error().detail.substr(path.size()); };
  BOOST_TEST(refused(one + "\n" + two + "\n" + three + "\n" + four) == ": more than three secrets, one a line");
  BOOST_TEST(refused(one + "\n" + one) == ": a secret stands there twice");
  BOOST_TEST(refused(one + "\nshort").starts_with(": a workspace secret has 32"));
  BOOST_TEST(refused("\n\n").starts_with(": a workspace secret has 32"));
  BOOST_TEST(loaded(std::string(1'023, 'x') + "\n" + std::string(1'023, 'y') + "\n" + std::string(1'023, 'z')).ok());
}

BOOST_AUTO_TEST_CASE(keys_of_clients_and_authorities_are_not_taken_for_each_other_nor_when_cut_off) {
  const scratch_folder temporary;
  using kind = signing_key_kind;
  const auto client = temporary.file("client"), authority = temporary.file("authority"), node = temporary.file("node");
  const auto made = create_signing_key(client, kind::client, random_source);
  BOOST_REQUIRE(made.ok());
  BOOST_REQUIRE(create_signing_key(authority, kind::authority, random_source).ok());
  BOOST_REQUIRE(load_or_create_identity(node, random_source).ok());
  BOOST_TEST(mode_of(client) == 0600u);
  BOOST_TEST((load_signing_key(client, kind::client)->shown == made->shown));
  BOOST_TEST((create_signing_key(client, kind::client, random_source).code() == errc::bad_key_file));
  for (const auto& swapped : {authority, node, temporary.file("none")}) {
    BOOST_TEST((load_signing_key(swapped, kind::client).code() == errc::bad_key_file), swapped);
  }
  BOOST_TEST((load_or_create_identity(client, random_source).code() == errc::bad_key_file));
  const auto text = std::string(read_key_file(client)->view());
  for (std::size_t bytes = 0; bytes < text.size(); bytes += 7) {
    write_file(client, text.substr(0, bytes));
    BOOST_TEST((load_signing_key(client, kind::client).code() == errc::bad_key_file), bytes);
  }
  write_file(client, text, 0640);
  BOOST_TEST((load_signing_key(client, kind::client).code() == errc::bad_key_file));
}

BOOST_AUTO_TEST_CASE(lists_may_be_read_by_others_unless_they_are_secret_and_written_by_nobody_else) {
  const scratch_folder temporary;
  const auto path = temporary.file("list");
  const auto refused = [&](mode_t mode, list_access access) {
    write_file(path, "text\n", mode);
    const auto read = read_list_file(path, access);
    return read ? "taken" : read.error().detail.substr(path.size());
  };
  BOOST_TEST(refused(0644, list_access::readable) == "taken");
  BOOST_TEST(refused(0644, list_access::secret) == ": others may read it: chmod 600");
  BOOST_TEST(refused(0600, list_access::secret) == "taken");
  for (const mode_t mode : {0664, 0646, 0620}) {
    BOOST_TEST(refused(mode, list_access::readable) == ": others may write it: chmod go-w", mode);
  }
  if (::chown(path.c_str(), 12'345, -1) == 0) {  // Only root can set this up.
    BOOST_TEST(refused(0600, list_access::readable) == ": belongs to another user");
    ::unlink(path.c_str());
  }
  write_file(path, std::string(list_file_bytes_max + 1, 'x'));
  BOOST_TEST((read_list_file(path, list_access::readable).code() == errc::bad_key_file));
  BOOST_TEST((read_list_file(temporary.path(), list_access::readable).code() == errc::bad_key_file));
  BOOST_REQUIRE(write_whole_file(path, "new", file_kind::secret_list, random_source).ok());
  BOOST_TEST(*read_list_file(path, list_access::secret) == "new\n");
  BOOST_TEST(temporary.count() == 1u);
}

BOOST_AUTO_TEST_CASE(a_folder_that_cannot_be_written_is_said) {
  BOOST_TEST((create_key_file("/proc/askr/secret", "text", random_source).code() == errc::io_failed));
  BOOST_TEST((load_or_create_identity("/proc/askr/identity", random_source).code() == errc::io_failed));
}

BOOST_AUTO_TEST_SUITE_END()
