#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Fuzzes every target for the given time: tools/fuzz.sh [SECONDS, default 60] [TARGET...]. New inputs stay in
# build/fuzz/corpus; a crash leaves its input in build/fuzz/crashes: fix it, then add it to tests/fuzz/corpus/<target>.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

seconds=${1:-60}
[[ $seconds =~ ^[0-9]+$ ]] || { echo "usage: tools/fuzz.sh [SECONDS] [TARGET...]" >&2; exit 2; }
shift || true

tools/setup.sh --fuzz
cmake --preset fuzz >/dev/null
cmake --build --preset fuzz --parallel "${ASKR_JOBS:-$(nproc)}"

targets=("$@")
if [[ ${#targets[@]} -eq 0 ]]; then
  for program in build/fuzz/bin/askr-fuzz-*; do targets+=("${program##*/askr-fuzz-}"); done
fi
mkdir -p build/fuzz/crashes
failed=()
for target in "${targets[@]}"; do
  found=build/fuzz/corpus/$target
  mkdir -p "$found"
  echo "== $target: $seconds s"
  timeout $((seconds + 60)) "build/fuzz/bin/askr-fuzz-$target" -max_total_time="$seconds" -max_len=70000 -timeout=10 \
    -rss_limit_mb=1024 -print_final_stats=1 -verbosity=0 -artifact_prefix="build/fuzz/crashes/$target-" \
    "$found" "tests/fuzz/corpus/$target" || failed+=("$target")
done
if [[ ${#failed[@]} -gt 0 ]]; then
  echo "crashed: ${failed[*]} (inputs in build/fuzz/crashes)"
  exit 1
fi
echo "${#targets[@]} targets, no crash"
