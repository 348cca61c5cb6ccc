// SPDX-License-Identifier: MIT
#include "crypto/text_safe.hpp"

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(text_safe)

BOOST_AUTO_TEST_CASE(what_is_kept_comes_back_and_lies_encrypted_each_time_anew) {
  askr::crypto::text_safe safe{askr::entropy{}};
  for (const std::size_t size : {1u, 40u, 256u, 5000u}) {
    const std::string text(size, 't');
    const auto first = safe.keep(text), second = safe.keep(text);
    if (size >= 8) BOOST_TEST(askr::as_text(first.sealed).find(text.substr(0, 8)) == std::string_view::npos);
    BOOST_TEST((first.sealed != second.sealed));
    BOOST_TEST(safe.read(second) == text);
    BOOST_TEST(safe.read(first) == text);
  }
  BOOST_TEST(safe.keep("").sealed.empty());
  BOOST_TEST(safe.read({}).empty());
}

BOOST_AUTO_TEST_SUITE_END()
