// SPDX-License-Identifier: MIT
// What people write into options and files: endpoints, URLs, ids, key files, seeds, permissions. What is taken can be
// written again and is then the same.
#include "crypto/key_file.hpp"
#include "libaskr/src/client_url.hpp"

#include <askr/assert.hpp>
#include <askr/endpoint.hpp>
#include <askr/node_id.hpp>
#include <askr/permissions.hpp>

#include <algorithm>

namespace {

using namespace askr;

void read_endpoint(std::string_view text) {
  const auto parsed = endpoint::parse(text);
  if (!parsed) return;
  const auto again = endpoint::parse(parsed->to_string());
  // A host in brackets may be anything without a bracket; one with a colon gets its brackets back.
  if (parsed->host.find('[') == std::string::npos && !parsed->host.empty() && again) ASKR_ASSERT(*again == *parsed);
}

void read_url(std::string_view text) {
  const auto parsed = client_url::parse(text);
  if (!parsed) return;
  ASKR_ASSERT(parsed->at.port != 0 && !parsed->at.host.empty() && parsed->target.starts_with('/'));
  // They go into a request as they are.
  for (const auto& each : {parsed->host, parsed->target}) {
    for (const char c : each) ASKR_ASSERT(c > 0x20 && c < 0x7f);
  }
}

void read_keys(std::string_view text) {
  if (const auto self = crypto::identity_from_text(text)) {
    ASKR_ASSERT(crypto::identity_text(*self).view() == text);
  }
  (void)crypto::workspace_secret_from_text(text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = as_text({data, size});
  read_endpoint(text);
  read_url(text);
  read_keys(text);
  if (const auto id = node_id::from_string(text)) ASKR_ASSERT(id->to_string() == text);
  // A pattern covers itself, and nothing that is wider: what a principal may hear it may not widen by asking.
  const auto split = std::min(text.find('\n'), text.size());
  const auto allowed = text.substr(0, split), asked = text.substr(std::min(split + 1, text.size()));
  if (pattern_matches(allowed, asked) && allowed.find('>') == std::string_view::npos) {
    ASKR_ASSERT(std::ranges::count(allowed, '.') == std::ranges::count(asked, '.'));
    ASKR_ASSERT(!asked.ends_with(".>"));
  }
  return 0;
}
