#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# How much of the protocol code the fuzz corpora and the unit tests reach: tools/coverage.sh [--missed]. Prints lines and
# branches, file by file; --missed also each branch that nothing has taken. docs/security.md, "Coverage".
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

[[ $# -eq 0 || ($# -eq 1 && $1 == --missed) ]] || { echo "usage: tools/coverage.sh [--missed]" >&2; exit 2; }

# What reads what others wrote, shakes hands, and decides who comes in.
protocol=(transport/*.cpp transport/websocket/*.cpp crypto/*.cpp crypto/authenticators/*.cpp
  libaskr/src/{record_wire,record_proof,endpoint,node_id,value,client_url,peer_door,event_door,client_messages}.cpp
  libaskr/src/{client_door,client_door_admission,credential_guard,stranger_gate,source_buckets,authoriser}.cpp)

tools/setup.sh --fuzz
cmake --preset coverage >/dev/null
cmake --build --preset coverage --parallel "${ASKR_JOBS:-$(nproc)}" >/dev/null

folder=build/coverage
rm -f "$folder"/*.profraw
for corpus in tests/fuzz/corpus/*; do
  LLVM_PROFILE_FILE="$folder/${corpus##*/}.profraw" "$folder/bin/askr-fuzz-replay" "${corpus##*/}" "$corpus"
done
llvm-profdata-14 merge -sparse -o "$folder/corpora.profdata" "$folder"/*.profraw
LLVM_PROFILE_FILE="$folder/unit.profraw" "$folder/bin/askr-tests" --report_level=no
llvm-profdata-14 merge -sparse -o "$folder/all.profdata" "$folder"/*.profraw
for part in corpora all; do
  llvm-cov-14 export -skip-functions -instr-profile="$folder/$part.profdata" "$folder/bin/askr-fuzz-replay" \
    -object "$folder/bin/askr-tests" >"$folder/$part.json" 2>/dev/null
done
tools/coverage_report.py "$folder/corpora.json" "$folder/all.json" "$@" "${protocol[@]}"
