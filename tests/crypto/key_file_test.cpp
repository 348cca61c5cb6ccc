// SPDX-License-Identifier: MIT
#include "crypto/key_file.hpp"

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

const entropy random_source{};

struct folder {
  folder() {
    std::string name = "/tmp/askr-key-file-XXXXXX";
    path = ::mkdtemp(name.data());
  }
  ~folder() { std::filesystem::remove_all(path); }
  std::string file(const std::string& name) const { return path + "/" + name; }
  std::size_t count() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(path), {}));
  }

  std::string path;
};

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
  const folder temporary;
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
  const folder temporary;
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
  const folder temporary;
  const auto path = temporary.file("secret");
  write_file(path, std::string(64, 'a'));
  if (::chown(path.c_str(), 12'345, -1) != 0) return;  // Only root can set this up.
  BOOST_TEST((load_workspace_secret(path).code() == errc::bad_key_file));
}

BOOST_AUTO_TEST_CASE(folders_pipes_and_missing_files_are_refused_at_once) {
  const folder temporary;
  BOOST_TEST((read_key_file(temporary.path).code() == errc::bad_key_file));
  BOOST_TEST((read_key_file(temporary.file("none")).code() == errc::bad_key_file));
  BOOST_REQUIRE(::mkfifo(temporary.file("pipe").c_str(), 0600) == 0);
  BOOST_TEST((read_key_file(temporary.file("pipe")).code() == errc::bad_key_file));
}

BOOST_AUTO_TEST_CASE(malformed_identities_are_refused_and_left_alone) {
  const folder temporary;
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
  const folder temporary;
  write_file(temporary.file("huge"), std::string(1'025, 'x'));
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
  const folder temporary;
  const auto path = temporary.file("secret");
  BOOST_REQUIRE(create_key_file(path, "first", random_source).ok());
  BOOST_TEST((create_key_file(path, "second", random_source).code() == errc::bad_key_file));
  BOOST_TEST(read_key_file(path)->view() == "first");
  BOOST_TEST(temporary.count() == 1u);
}

BOOST_AUTO_TEST_CASE(many_that_start_together_share_one_secret) {
  const folder temporary;
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

BOOST_AUTO_TEST_CASE(a_folder_that_cannot_be_written_is_said) {
  BOOST_TEST((create_key_file("/proc/askr/secret", "text", random_source).code() == errc::io_failed));
  BOOST_TEST((load_or_create_identity("/proc/askr/identity", random_source).code() == errc::io_failed));
}

BOOST_AUTO_TEST_SUITE_END()
