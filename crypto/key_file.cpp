// SPDX-License-Identifier: MIT
#include "crypto/key_file.hpp"

#include "crypto/hex.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>

namespace askr::crypto {
namespace {

constexpr std::string_view identity_prefix = "askr-identity 1 ";

class descriptor {
 public:
  explicit descriptor(int number) noexcept : number_(number) {}
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
  ~descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  int number() const noexcept { return number_; }
  bool open() const noexcept { return number_ >= 0; }

 private:
  int number_;
};

error refused(errc code, const std::string& path, std::string_view why) {
  return {code, path + ": " + std::string(why)};
}

error refused_by_system(errc code, const std::string& path) { return refused(code, path, std::strerror(errno)); }

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

bool missing(const std::string& path) {
  struct stat found;
  return ::lstat(path.c_str(), &found) != 0 && errno == ENOENT;
}

void make_folders(const std::string& folder) {
  if (!missing(folder)) return;
  make_folders(folder_of(folder));
  ::mkdir(folder.c_str(), 0700);  // If it fails, so does what follows, and says why.
}

std::string_view without_line_end(std::string_view text) {
  const auto last = text.find_last_not_of(" \t\r\n");
  return last == std::string_view::npos ? std::string_view{} : text.substr(0, last + 1);
}

std::optional<std::string_view> why_unsafe(const struct stat& found) {
  if (!S_ISREG(found.st_mode)) return "not a regular file";
  if (found.st_uid != ::geteuid()) return "belongs to another user";
  if ((found.st_mode & 077) != 0) return "others may read it: chmod 600";
  if (static_cast<std::size_t>(found.st_size) > key_file_bytes_max) return "too long for a key file";
  return std::nullopt;
}

std::optional<std::string_view> why_unsafe(const struct stat& found, list_access access) {
  if (!S_ISREG(found.st_mode)) return "not a regular file";
  if (found.st_uid != ::geteuid() && found.st_uid != 0) return "belongs to another user";
  if (access == list_access::secret && (found.st_mode & 077) != 0) return "others may read it: chmod 600";
  if ((found.st_mode & 022) != 0) return "others may write it: chmod go-w";
  if (static_cast<std::size_t>(found.st_size) > list_file_bytes_max) return "too long";
  return std::nullopt;
}

bool read_all(int file, mutable_byte_span room, std::size_t& length) {
  while (length < room.size()) {
    const auto got = ::read(file, room.data() + length, room.size() - length);
    if (got == 0) return true;
    if (got < 0 && errno != EINTR) return false;
    if (got > 0) length += static_cast<std::size_t>(got);
  }
  return true;
}

bool write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const auto put = ::write(file, text.data(), text.size());
    if (put < 0 && errno != EINTR) return false;
    if (put > 0) text.remove_prefix(static_cast<std::size_t>(put));
  }
  return true;
}

// A rename that fails if the new name exists; file systems without it have links.
bool rename_without_replacing(const std::string& from, const std::string& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return true;
  if (errno != EINVAL && errno != ENOSYS) return false;
  return ::link(from.c_str(), to.c_str()) == 0 && ::unlink(from.c_str()) == 0;
}

result<void> write_temporary(const std::string& path, std::string_view text, mode_t mode) {
  const descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
  if (!file.open()) return refused_by_system(errc::io_failed, path);
  const bool done = write_all(file.number(), text) && write_all(file.number(), "\n") && ::fsync(file.number()) == 0;
  return done ? result<void>() : refused_by_system(errc::io_failed, path);
}

void append_hex(secret_text& to, byte_span bytes) {
  for (const auto byte : bytes) {
    to.room.data()[to.length++] = static_cast<std::uint8_t>(hex_digits[byte >> 4]);
    to.room.data()[to.length++] = static_cast<std::uint8_t>(hex_digits[byte & 15]);
  }
}

void append_text(secret_text& to, std::string_view text) {
  for (const char letter : text) to.room.data()[to.length++] = static_cast<std::uint8_t>(letter);
}

std::string_view prefix_of(signing_key_kind kind) {
  return kind == signing_key_kind::client ? "askr-client-key 1 " : "askr-authority 1 ";
}

std::optional<secret<32>> seed_from_hex(std::string_view text) {
  secret<32> seed;
  if (!from_hex(seed.mutable_span(), text)) return std::nullopt;
  return seed;
}

// Reads the file; made from `fresh` if there is none. Another process may make it first: then its text counts.
result<secret_text> read_or_create(const std::string& path, const secret_text& fresh, const entropy& random) {
  if (missing(path)) {
    const auto made = create_key_file(path, fresh.view(), random);
    if (!made && missing(path)) return made.error();
  }
  return read_key_file(path);
}

result<secret<32>> hashed_secret(const result<secret_text>& text, const std::string& path) {
  if (!text) return text.error();
  auto hashed = workspace_secret_from_text(text->view());
  if (!hashed) return refused(errc::bad_key_file, path, hashed.error().detail);
  return hashed;
}

}  // namespace

result<secret_text> read_key_file(const std::string& path) {
  const descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat found;
  if (!file.open() || ::fstat(file.number(), &found) != 0) return refused_by_system(errc::bad_key_file, path);
  if (const auto why = why_unsafe(found)) return refused(errc::bad_key_file, path, *why);
  secret_text text;
  if (!read_all(file.number(), text.room.mutable_span(), text.length))
    return refused_by_system(errc::bad_key_file, path);
  text.length = without_line_end(text.view()).size();
  return text;
}

result<std::string> read_list_file(const std::string& path, list_access access) {
  const descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat found;
  if (!file.open() || ::fstat(file.number(), &found) != 0) return refused_by_system(errc::bad_key_file, path);
  if (const auto why = why_unsafe(found, access)) return refused(errc::bad_key_file, path, *why);
  std::string text(list_file_bytes_max, '\0');
  std::size_t length = 0;
  const mutable_byte_span room(reinterpret_cast<std::uint8_t*>(text.data()), text.size());
  if (!read_all(file.number(), room, length)) return refused_by_system(errc::bad_key_file, path);
  text.resize(length);
  return text;
}

result<void> write_whole_file(const std::string& path, std::string_view text, file_kind kind, const entropy& random) {
  const auto folder = folder_of(path);
  make_folders(folder);
  const auto temporary = path + "." + std::to_string(random.next()) + ".new";
  auto made = write_temporary(temporary, text, kind == file_kind::public_list ? 0644 : 0600);
  const bool replaces = kind != file_kind::new_secret;
  if (made &&
      !(replaces ? ::rename(temporary.c_str(), path.c_str()) == 0 : rename_without_replacing(temporary, path))) {
    made = refused_by_system(errno == EEXIST ? errc::bad_key_file : errc::io_failed, path);
  }
  if (!made) {
    ::unlink(temporary.c_str());
    return made;
  }
  const descriptor opened_folder(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (opened_folder.open()) ::fsync(opened_folder.number());
  return made;
}

result<void> create_key_file(const std::string& path, std::string_view text, const entropy& random) {
  return write_whole_file(path, text, file_kind::new_secret, random);
}

secret_text identity_text(const identity& self) {
  secret_text text;
  append_text(text, identity_prefix);
  append_hex(text, self.seed().span());
  return text;
}

result<identity> identity_from_text(std::string_view text) {
  if (!text.starts_with(identity_prefix)) return error{errc::bad_key_file, "not an askr identity"};
  auto seed = seed_from_hex(text.substr(identity_prefix.size()));
  if (!seed) return error{errc::bad_key_file, "an identity has 64 hexadecimal digits"};
  return identity::from_seed(std::move(*seed));
}

result<identity> load_or_create_identity(const std::string& path, const entropy& random) {
  const auto text = read_or_create(path, identity_text(identity::generate(random)), random);
  if (!text) return text.error();
  auto self = identity_from_text(text->view());
  if (!self) return refused(errc::bad_key_file, path, self.error().detail);
  return self;
}

result<sign_key_pair> create_signing_key(const std::string& path, signing_key_kind kind, const entropy& random) {
  secret<32> seed;
  random.fill(seed.mutable_span());
  secret_text text;
  append_text(text, prefix_of(kind));
  append_hex(text, seed.span());
  const auto made = create_key_file(path, text.view(), random);
  if (!made) return made.error();
  return sign_keys_from_seed(seed);
}

result<sign_key_pair> load_signing_key(const std::string& path, signing_key_kind kind) {
  const auto text = read_key_file(path);
  if (!text) return text.error();
  const auto prefix = prefix_of(kind);
  if (!text->view().starts_with(prefix)) {
    return refused(errc::bad_key_file, path, "does not begin with \"" + std::string(prefix) + "\"");
  }
  auto seed = seed_from_hex(text->view().substr(prefix.size()));
  if (!seed) return refused(errc::bad_key_file, path, "a key has 64 hexadecimal digits");
  return sign_keys_from_seed(*seed);
}

secret_text generate_workspace_secret(const entropy& random) {
  secret<32> drawn;
  random.fill(drawn.mutable_span());
  secret_text text;
  append_hex(text, drawn.span());
  return text;
}

result<secret<32>> workspace_secret_from_text(std::string_view text) {
  const auto content = without_line_end(text);
  if (content.size() < workspace_secret_characters_min || content.size() > workspace_secret_characters_max) {
    return error{errc::bad_options, "a workspace secret has 32 to 1023 characters; `askr keygen` makes one"};
  }
  secret<32> hashed;
  blake2b(hashed.mutable_span(), {as_bytes("askr workspace secret"), as_bytes(content)});
  return hashed;
}

result<secret<32>> load_workspace_secret(const std::string& path) { return hashed_secret(read_key_file(path), path); }

result<std::vector<secret<32>>> load_workspace_secrets(const std::string& path, std::size_t most) {
  const auto text = read_key_file(path);
  if (!text) return text.error();
  std::vector<secret<32>> all;
  for (auto rest = text->view(); !rest.empty() || all.empty();) {
    const auto end = std::min(rest.find('\n'), rest.size());
    const auto line = without_line_end(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.empty() && !rest.empty()) continue;
    auto made = workspace_secret_from_text(line);
    if (!made) return refused(errc::bad_key_file, path, made.error().detail);
    const auto is_same = [&](const auto& each) { return equal_in_constant_time(each.span(), made->span()); };
    if (std::any_of(all.begin(), all.end(), is_same))
      return refused(errc::bad_key_file, path, "a secret stands there twice");
    if (all.size() >= most) return refused(errc::bad_key_file, path, "more than three secrets, one a line");
    all.push_back(std::move(*made));
  }
  return all;
}

result<secret<32>> load_or_create_workspace_secret(const std::string& path, const entropy& random) {
  return hashed_secret(read_or_create(path, generate_workspace_secret(random), random), path);
}

}  // namespace askr::crypto
