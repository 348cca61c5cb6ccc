// SPDX-License-Identifier: MIT
#include "transport/io/tls_files.hpp"

#include "crypto/secret.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace askr::transport {
namespace {

constexpr std::size_t file_bytes_max = 1 << 20;  // All authorities of Debian together have 220 KiB.

error refused(const std::string& path, std::string_view why) {
  return {errc::bad_key_file, path + ": " + std::string(why)};
}

/// A file's text, zeroed when it goes.
struct file_text {
  std::string path;
  byte_buffer bytes = {};

  file_text(std::string where) : path(std::move(where)) {}  // NOLINT: implicit on purpose
  file_text(const file_text&) = delete;
  file_text& operator=(const file_text&) = delete;
  ~file_text() { crypto::wipe(bytes); }

  tls::pem view() const { return {path, as_text(bytes)}; }
};

result<void> read_open(int number, file_text& into, bool secret) {
  struct stat found;
  if (::fstat(number, &found) != 0) return refused(into.path, std::strerror(errno));
  if (!S_ISREG(found.st_mode)) return refused(into.path, "it is no file");
  if (secret && found.st_uid != ::geteuid()) return refused(into.path, "it belongs to another user");
  if (secret && (found.st_mode & 077) != 0) return refused(into.path, "others may read it: chmod 600");
  if (static_cast<std::size_t>(found.st_size) > file_bytes_max) return refused(into.path, "it is too large");
  into.bytes.resize(static_cast<std::size_t>(found.st_size));
  for (std::size_t at = 0; at < into.bytes.size();) {
    const auto bytes = ::read(number, into.bytes.data() + at, into.bytes.size() - at);
    if (bytes < 0 && errno == EINTR) continue;
    if (bytes < 0) return refused(into.path, std::strerror(errno));
    if (bytes == 0) return refused(into.path, "it became shorter while it was read");
    at += static_cast<std::size_t>(bytes);
  }
  return {};
}

/// Nothing if there is no path.
result<void> read_file(file_text& into, bool secret = false) {
  if (into.path.empty()) return {};
  const int number = ::open(into.path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (number < 0) return refused(into.path, std::strerror(errno));
  auto done = read_open(number, into, secret);
  ::close(number);
  if (done && into.bytes.empty()) return refused(into.path, "it is empty");
  return done;
}

result<void> read_files(file_text& certificate, file_text& key, file_text& ca) {
  if (auto read = read_file(certificate); !read) return read;
  if (auto read = read_file(key, true); !read) return read;
  return read_file(ca);
}

tls_files_state::file state_of(const std::string& path) {
  struct stat found;
  if (path.empty() || ::stat(path.c_str(), &found) != 0) return {};
  const auto& changed = found.st_mtim;
  return {.number = static_cast<std::uint64_t>(found.st_ino),
          .changed_ns = std::int64_t{changed.tv_sec} * 1'000'000'000 + changed.tv_nsec,
          .bytes = static_cast<std::int64_t>(found.st_size)};
}

}  // namespace

result<tls::context> load_server_context(const tls_options& files) {
  file_text certificate(files.certificate_file), key(files.key_file), ca(files.client_ca_file);
  if (auto read = read_files(certificate, key, ca); !read) return read.error();
  return tls::context::server({certificate.view(), key.view(), ca.view()});
}

result<tls::context> load_client_context(const client_options& files) {
  file_text certificate(files.certificate_file), key(files.key_file), ca(files.ca_file);
  if (auto read = read_files(certificate, key, ca); !read) return read.error();
  return tls::context::client({ca.view(), certificate.view(), key.view()});
}

tls_files_state state_of(const tls_options& files) {
  return {{state_of(files.certificate_file), state_of(files.key_file), state_of(files.client_ca_file)}};
}

}  // namespace askr::transport
