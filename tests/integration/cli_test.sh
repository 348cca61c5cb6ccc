#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Every command of the CLI against real nodes on loopback: what it prints, where, and its exit status.
# Usage: cli_test.sh FOLDER_WITH_THE_PROGRAMS
set -uo pipefail
bin=$(cd "${1:?usage: cli_test.sh FOLDER}" && pwd)
[[ -x $bin/askr ]] || { echo "$bin has no program askr" >&2; exit 1; }
work=$(mktemp -d)
export HOME=$work XDG_CONFIG_HOME=$work/config
unset ASKR_URL NO_COLOR
cd "$work" || exit 1

pids=()
checks=0
failures=0
cleanup() {
  trap - EXIT
  [[ ${#pids[@]} -eq 0 ]] || kill "${pids[@]}" 2>/dev/null
  wait
  rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

askr() { timeout 20 "$bin/askr" "$@"; }

# run ARGUMENTS...: the CLI; leaves out, err and status.
run() {
  out=$(timeout 20 "$bin/askr" "$@" 2>"$work/err" </dev/null)
  status=$?
  err=$(<"$work/err")
}
# check WHAT CONDITION...: counts, and says what was seen if the condition does not hold.
check() {
  local what=$1
  shift
  checks=$((checks + 1))
  "$@" && return
  failures=$((failures + 1))
  printf 'FAILED: %s\n  status: %s\n  stdout: %s\n  stderr: %s\n' "$what" "${status:-}" "${out:-}" "${err:-}" >&2
}
ended_with() { [[ $status -eq $1 ]]; }
printed() { [[ $out == "$1" ]]; }
matches() { [[ $out =~ $1 ]]; }
complained() { [[ $err == *"$1"* ]]; }
until_true() {
  local tries=$(($1 * 20))
  shift
  until "$@"; do
    ((tries-- > 0)) || return 1
    sleep 0.05
  done
}
has_line() { grep -q -- "$2" "$1" 2>/dev/null; }
field() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" <<<"$2" | head -n 1; }

# start_node LABEL ARGUMENTS...: its URL is in url.
start_node() {
  local label=$1
  shift
  "$bin/askr" node --name "$label" --port 0 --json "$@" >"$work/$label.out" 2>"$work/$label.err" &
  node_pid=$!
  pids+=("$node_pid")
  until_true 10 has_line "$work/$label.out" '"event":"ready"' || {
    echo "FAILED: node $label was not ready" >&2
    cat "$work/$label.err" >&2
    exit 1
  }
  ready=$(head -n 1 "$work/$label.out")
  url=$(field url "$ready")
}

check_offline() {
  run version
  check "version" printed "askr $(sed -n 's/.*"version":"\([^"]*\)".*/\1/p' <<<"$(askr version --json)")"
  run help
  check "help lists the commands" matches 'keygen'
  check "help ends with 0" ended_with 0
  run help send
  check "help explains a command" matches '--timeout'
  run --help
  check "--help ends with 0" ended_with 0

  for wrong in "" "bogus" "help bogus" "send" "node --port none" "listen" "serve x" "send x --timeout 0" "send x --timeout 10h" "nodes --bogus" \
    "keygen --secret a --identity b"; do
    # shellcheck disable=SC2086
    run $wrong
    check "wrong usage \"$wrong\" ends with 2" ended_with 2
    check "wrong usage \"$wrong\" says where to read on" complained "askr help"
  done
  run send x '{broken'
  check "broken JSON ends with 2" ended_with 2
  check "broken JSON says what strings need" complained "quotes"
  run --url http://127.0.0.1:1 nodes
  check "a URL of another kind ends with 2" ended_with 2

  run --url ws://127.0.0.1:1 nodes
  check "no node ends with 1" ended_with 1
  check "no node is said" complained "askr: io_failed: no node at ws://127.0.0.1:1 (connection refused)"
  check "what to do is said" complained "askr node"
  check "nothing on stdout" printed ""
  check "no colours in a file" test "$(grep -c $'\e' "$work/err")" -eq 0
}

check_keygen() {
  run keygen
  check "keygen prints a secret" matches '^[0-9a-f]{64}$'
  run keygen --secret "$work/mesh.secret"
  check "keygen --secret ends with 0" ended_with 0
  check "the secret is 0600" test "$(stat -c %a "$work/mesh.secret")" = 600
  before=$(<"$work/mesh.secret")
  run keygen --secret "$work/mesh.secret"
  check "keygen never overwrites: 1" ended_with 1
  check "keygen never overwrites: says so" complained "bad_key_file"
  check "keygen never overwrites: the file is as it was" test "$before" = "$(<"$work/mesh.secret")"
  run keygen --identity "$work/node.identity" --json
  check "keygen --identity says the id" matches '"id":"[0-9a-f]{32}"'
  identity=$(field id "$out")
  (umask 077 && askr keygen --token alice >"$work/tokens")
  check "keygen --token prints NAME TOKEN" grep -Eq '^alice [0-9a-f]{64}$' "$work/tokens"
}

check_nodes() {
  run --url "$first" nodes
  check "nodes is a table" matches 'NAME +VERSION +LINK +ENDPOINTS +COMMANDS +TOPICS'
  check "nodes marks itself" matches "askr-first-[0-9A-Za-z]{6} \*"
  run --url "$first" nodes --json
  check "nodes --json: a line each" test "$(wc -l <<<"$out")" -eq 2
  check "nodes --json: fields" matches '"name":"askr-second-.*"self":false,"link":"unix","endpoints":\["127.0.0.1:[0-9]+"\]'
  ASKR_URL=$first run send askr.ping
  check "ASKR_URL chooses the node" printed '"pong"'
}

check_send() {
  run --url "$first" send askr.echo '{"a":[1,2.5,"x",null,true]}'
  check "send prints JSON" printed '{"a":[1,2.5,"x",null,true]}'
  out=$(echo '"from stdin"' | askr send askr.echo - --url "$first")
  check "- is stdin" printed '"from stdin"'
  run --url "$first" send askr.echo -5
  check "a negative number is data" printed '-5'
  run --url "$first" send askr.echo '"\u001b[31m\u009b"'
  check "control characters do not reach the terminal" printed '"\u001b[31m\u009b"'
  run --url "$first" send askr.ping --to second
  check "--to by label" printed '"pong"'
  run --url "$first" send askr.ping --to nobody
  check "--to an unknown node ends with 1" ended_with 1
  check "--to an unknown node is no_node" complained "askr: no_node:"
  run --url "$first" send missing
  check "no_handler ends with 1" ended_with 1
  check "no_handler keeps its text" complained "askr: no_handler: Command's callback for missing not found"
  check "no_handler says what to do" complained "askr serve"
  run --url "$first" --workspace other nodes
  check "another workspace is refused" complained "wrong_workspace"
}

# start_service URL NAME PROGRAM...: leaves service_pid.
start_service() {
  local at=$1 name=$2
  shift 2
  "$bin/askr" serve "$name" --url "$at" --json --jobs 2 -- "$@" >"$work/$name.out" 2>"$work/$name.err" &
  service_pid=$!
  pids+=("$service_pid")
  until_true 10 has_line "$work/$name.out" '"event":"serving"' || check "serve $name says that it serves" false
}

check_serve() {
  start_service "$second" upper sh -c 'tr a-z A-Z'
  run --url "$first" send upper '{"text":"hello"}'
  check "a program on one node answers a client of the other" printed '{"TEXT":"HELLO"}'
  run --url "$first" nodes --json
  check "nodes shows what is served" matches '"commands":\["upper"\]'

  start_service "$second" text echo 'not json at all'
  run --url "$first" send text
  check "what is no JSON is a string" printed '"not json at all"'

  start_service "$second" failing sh -c 'echo "no such file" >&2; echo more >&2; exit 3'
  run --url "$first" send failing
  check "a status other than 0 ends with 1" ended_with 1
  check "the first line of stderr is the reason" complained "askr: handler_failed: no such file"
  check "and only the first" test "$(grep -cx more <<<"$err")" -eq 0

  start_service "$second" missing_program "$work/does-not-exist"
  run --url "$first" send missing_program
  check "a program that is not there is handler_failed" complained "handler_failed"

  start_service "$second" slow sleep 30
  SECONDS=0
  run --url "$first" send slow --timeout 300ms
  check "a program that takes too long is timed_out" complained "askr: timed_out:"
  check "in time" test "$SECONDS" -le 3
  slow_pid=$service_pid

  start_service "$second" huge sh -c 'head -c 2000000 /dev/zero | tr "\0" x'
  run --url "$first" send huge
  check "more than 1 MiB of output is too_large" complained "askr: too_large:"

  start_service "$second" deaf sh -c 'exec <&-; echo 1'
  out=$(printf '"%s"' "$(head -c 200000 /dev/zero | tr '\0' x)" | askr --url "$first" send deaf -)
  check "a program that does not read its input is no error" printed 1

  kill "$slow_pid"
  wait "$slow_pid"
  status=$?
  check "serve ends with 0 on SIGTERM" ended_with 0
  run --url "$first" send slow
  check "and is not found any more" complained "no_handler"
}

check_events() {
  "$bin/askr" --url "$first" listen 'sensor.*.temp' sensor.a.temp news --count 3 --json >"$work/listen.out" 2>&1 &
  local listener=$!
  pids+=("$listener")
  until_true 10 has_line "$work/listen.out" '"event":"listening"' || check "listen says that it listens" false
  # The other node learns of the interest in a moment; news goes out until it arrives.
  run --url "$first" emit sensor.a.temp '{"celsius":21.5}'
  check "emit ends with 0" ended_with 0
  run --url "$first" emit sensor.b.humidity 1
  run --url "$first" emit sensor.b.temp 2
  until_true 5 has_second_event
  wait "$listener"
  status=$?
  out=$(<"$work/listen.out")
  check "listen --count ends with 0" ended_with 0
  check "each event once, in order" printed_events
}
has_second_event() {
  askr --url "$second" emit news '"from the other node"'
  [[ $(wc -l <"$work/listen.out") -ge 4 ]]
}
printed_events() {
  local lines
  mapfile -t lines <<<"$out"
  [[ ${#lines[@]} -eq 4 && ${lines[1]} =~ ^\{\"topic\":\"sensor.a.temp\",\"payload\":\{\"celsius\":21.5\},\"from\":\"askr-first-.*\"seq\":1\}$ &&
    ${lines[2]} == *'"topic":"sensor.b.temp","payload":2'* && ${lines[3]} == *'"from":"askr-second-'* ]]
}

check_plain_listen() {
  "$bin/askr" --url "$first" listen plain --count 1 >"$work/plain.out" 2>&1 &
  local listener=$!
  pids+=("$listener")
  until_true 10 hears_plain
  wait "$listener"
  out=$(head -n 1 "$work/plain.out")
  check "without --json: TOPIC JSON" printed 'plain {"n":1}'
}
hears_plain() {
  askr --url "$first" emit plain '{"n":1}'
  [[ -s $work/plain.out ]]
}

check_tokens() {
  start_node guarded --no-beacon --workspace "$workspace-t" --token-file "$work/tokens"
  run --url "$url" nodes
  check "without a token: unauthenticated" complained "askr: unauthenticated:"
  run --url "$url" --token-file "$work/tokens" send askr.ping
  check "with the token: in" printed '"pong"'
  (umask 077 && askr keygen --token mallory >"$work/wrong")
  run --url "$url" --token-file "$work/wrong" send askr.ping
  check "with a wrong token: unauthenticated" complained "askr: unauthenticated:"
  chmod 644 "$work/tokens"
  run --url "$url" --token-file "$work/tokens" send askr.ping
  check "a token file that others can read is refused" complained "bad_key_file"
  chmod 600 "$work/tokens"
}

check_node() {
  run node --bind 0.0.0.0 --port 0
  check "off loopback without a secret: refused" ended_with 2
  check "and says what to do" complained "askr keygen --secret"
  start_node known --no-beacon --workspace "$workspace-i" --identity-file "$work/node.identity" --secret-file "$work/mesh.secret"
  check "the identity is that of the file" test "$(field id "$ready")" = "$identity"
  check "the first line has workspace and name" test "$(field workspace "$ready")" = "$workspace-i"
  known_url=$url
  start_node joining --no-beacon --workspace "$workspace-i" --secret-file "$work/mesh.secret" --join "${known_url#ws://}"
  check "--join finds the other" until_true 10 sees_two "$known_url"

  "$bin/askr" node --port 0 --no-beacon --workspace "$workspace-h" >"$work/human.out" 2>"$work/human.err" &
  local human=$!
  pids+=("$human")
  until_true 10 has_line "$work/human.out" loopback
  kill -TERM "$human"
  wait "$human"
  status=$?
  out=$(<"$work/human.out")
  check "SIGTERM ends a node with 0" ended_with 0
  check "the human line" matches "^node askr-node-[0-9A-Za-z]{6} ready at ws://127.0.0.1:[0-9]+ \(workspace $workspace-h\)"
  check "no secret is said" matches "loopback only"
}
sees_two() { [[ $(askr --url "$1" nodes --json | wc -l) -eq 2 ]]; }

workspace=cli-test-$$
check_offline
check_keygen
start_node first --no-beacon --workspace "$workspace"
first=$url
start_node second --no-beacon --workspace "$workspace" --join "${first#ws://}"
second=$url
check "the two nodes find each other" until_true 10 sees_two "$first"
check_nodes
check_send
check_serve
check_events
check_plain_listen
check_tokens
check_node
echo "$checks checks, $failures failed"
[[ $failures -eq 0 ]]
