// SPDX-License-Identifier: MIT
#pragma once

/// Everything of askr but coroutine handlers (<askr/coroutine.hpp>).

#include <askr/authenticators.hpp>
#include <askr/client.hpp>
#include <askr/node.hpp>
#include <askr/value.hpp>
#include <askr/version.hpp>
