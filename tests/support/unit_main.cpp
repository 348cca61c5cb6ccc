// SPDX-License-Identifier: MIT
// The one main() of all unit tests; each tested file adds its own suite beside it.
#define BOOST_TEST_MODULE askr
#include <boost/test/unit_test.hpp>
