// SPDX-License-Identifier: MIT
// Files that say who may come in: lists of keys and of revocations. The first byte chooses which. What is taken must be
// within its limits, and a list of revocations must say the same when it is signed anew.
#include "crypto/key_list.hpp"
#include "crypto/revocations.hpp"

#include <askr/assert.hpp>

namespace {

using namespace askr;
using namespace askr::crypto;

const sign_key_pair& authority() {
  static const auto made = sign_keys_from_seed(secret<32>(byte_buffer(32, 1)));
  return made;
}

void check_keys(std::string_view text) {
  const auto lines = parse_key_list(text);
  if (!lines) return;
  ASKR_ASSERT(lines->size() <= key_list_lines_max);
  for (const auto& each : *lines) {
    ASKR_ASSERT(is_plain_word(each.key));
    ASKR_ASSERT(each.name.empty() || is_plain_word(each.name));
    ASKR_ASSERT(each.roles.size() <= key_list_roles_max);
    (void)node_of_key(each.key);
  }
}

void check_revocations(std::string_view text) {
  const auto list = verified_revocations(text, "lab", std::span(&authority().shown, 1));
  if (!list) return;
  const auto again = sign_revocations(*list, "lab", authority());
  const auto read = verified_revocations(again, "lab", std::span(&authority().shown, 1));
  ASKR_ASSERT(read.ok() && *read == *list);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const auto text = as_text({data + 1, size - 1});
  data[0] % 2 == 0 ? check_keys(text) : check_revocations(text);
  return 0;
}
