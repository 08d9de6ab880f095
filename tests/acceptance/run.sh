#!/usr/bin/env bash
# Acceptance: the gateway with official clients, a real model server, and callers who leave.
#
# Usage: tests/acceptance/run.sh [STAGE…]      (nothing named: all of them)
#
#   echo   the official Python and JavaScript clients chat with the provider `echo`, a real
#          program, streamed and not
#   programs
#          programs as providers: bc of Debian, llm of PyPI and echo, streamed and not; one whose
#          caller leaves is gone
#   agents Claude Code, Codex and Gemini CLI of npm as providers, each granted the vendor's API
#          on loopback and nothing else: text, reasoning, use, a command of the agent's own, a
#          refusing far end; one whose caller leaves is gone with its command. Needs 1 GB
#   operators
#          the README's walk as it is written: provider, test, route, key, chat, rotation,
#          revocation, usage and audit, with the commands and with curl
#   contract
#          schemathesis drives a gateway by its own OpenAPI document: what the document allows
#          and what it does not, and every reply is checked against it
#   model  the same clients ask a real llama.cpp server with a real small model directly and
#          through the gateway: chat, stream with and without usage, embeddings; both have to
#          give the same answers
#   churn  ten thousand streamed requests, a third of the callers leave midway: afterwards no
#          program, no reply and no connection towards the upstream is left, and memory has not
#          grown
#   mocks  each mock vendor is driven by that vendor's own official client, without the gateway:
#          what the stage `vendors` relies on; and the golden requests of the dialects' tests
#          are checked against the vendors' types
#   vendors
#          the official clients of OpenAI and Anthropic, Python and JavaScript, with every
#          provider and dialect: text, streams, tools in two rounds, reasoning, images,
#          embeddings, failures; the mock vendors check what they receive as the vendor does
#   dialects-model
#          Anthropic's clients are answered by llama.cpp's chat completions and OpenAI's by its
#          messages, and get what they get directly
#   plugins
#          the examples in Rust, TypeScript and Python: lints, types and tests with their own
#          tools, then built, checked, signed, installed into a running gateway that trusts the
#          signer, called with the official client, upgraded while a stream runs, and rolled
#          back; an unsigned one is refused; and a new project in each language the same way
#   kubernetes
#          programs as Jobs of a real API server, by a gateway with the documented role: first
#          without nodes, created, refused, deleted, swept; then on a node that the stage plays,
#          asked by the official client: logs, attached streams, credentials, ends, callers who
#          leave; manifests are checked against the schemas
#   kernel the sandbox's tests in an emulated machine with Debian 12's kernel, control groups of
#          version 2 and every driver's tool: as root and as a user, each in a group of its own;
#          both group layers have to work there. $KERNEL_MINUTES [60] at most
#   fuzz   decoders, encoders and splitters read what a coverage-guided engine invents, each for
#          $FUZZ_SECONDS [10]; the program, the corpora and inputs that crash are in target/fuzz
#
# The gateway is $PATCHBAY_BINARY [target/release/patchbay]. Everything else is installed by
# this script into target/acceptance and found there the next time: a Python environment, npm
# packages, llama.cpp (compiled once, 4 to 8 minutes, needs a C++ compiler), the model (98 MB),
# Kubernetes' API server (compiled once, 7 minutes, needs root, kubectl and openssl) and the
# machine of the stage `kernel` (480 MB, needs root and a C library no newer than Debian 12's).
# Needs python3 with venv, node and npm. Servers listen on loopback only and are ended by process
# id.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
work=$root/target/acceptance
mkdir -p "$work"
patchbay=$(realpath -m "${PATCHBAY_BINARY:-$root/target/release/patchbay}")

say() { printf '\n== %s\n' "$*" >&2; }
fail() {
  printf 'acceptance: %s\n' "$*" >&2
  exit 1
}

# shellcheck source=tests/acceptance/environment.sh
source "$here/environment.sh"
# shellcheck source=tests/acceptance/servers.sh
source "$here/servers.sh"

accept_echo() {
  say "echo: official clients, a real program"
  need_python_client
  need_node_client
  start_gateway echo <<TOML
[[providers]]
id = "echo"
adapter = "spawn-cli"
dialect = "cli-text"
models = ["echo"]
settings = { program = "/bin/echo", arguments = ["{{body}}"], timeout_ms = 10000 }
TOML
  "$python" "$here/echo_client.py" "$gateway_url/v1" "$caller_key"
  node "$(node_script echo_client.mjs)" "$gateway_url/v1" "$caller_key"
  stop_servers
}

# shellcheck source=tests/acceptance/programs.sh
source "$here/programs.sh"
# shellcheck source=tests/acceptance/agents.sh
source "$here/agents.sh"

accept_model() {
  say "model: llama.cpp and SmolLM2, directly and through the gateway"
  need_python_client
  need_node_client
  need_llama_server
  need_model
  local chat_port embeddings_port
  chat_port=$(free_port)
  embeddings_port=$(free_port)
  start_llama chat "$chat_port" smollm2 -c 2048 -np 2 --jinja
  start_llama embeddings "$embeddings_port" smollm2-embeddings -c 2048 --embeddings --pooling mean
  start_gateway model <<TOML
[[providers]]
id = "llama"
adapter = "openai-compatible"
base_url = "http://127.0.0.1:$chat_port/v1"
credentials = { api_key = "\${env:LLAMA_KEY}" }
models = ["smollm2"]

[[providers]]
id = "llama-embeddings"
adapter = "openai-compatible"
base_url = "http://127.0.0.1:$embeddings_port/v1"
credentials = { api_key = "\${env:LLAMA_KEY}" }
models = ["smollm2-embeddings"]
TOML
  compare_clients "http://127.0.0.1:$chat_port/v1" "http://127.0.0.1:$embeddings_port/v1"
  stop_servers
}

# Asks with both clients, directly and through the gateway, and compares what they got.
compare_clients() {
  local chat_url=$1 embeddings_url=$2 client
  for client in python node; do
    ask_model "$client" "$chat_url" "$embeddings_url" "$llama_key" >"$work/$client-direct.json"
    ask_model "$client" "$gateway_url/v1" "$gateway_url/v1" "$caller_key" \
      >"$work/$client-gateway.json"
    diff -u "$work/$client-direct.json" "$work/$client-gateway.json" ||
      fail "the $client client got other answers through the gateway than directly"
    say "model: the $client client got the same answers both ways"
    "$python" "$here/summary.py" "$work/$client-gateway.json"
  done
}

ask_model() {
  local client=$1
  shift
  case $client in
    python) "$python" "$here/model_client.py" "$@" ;;
    node) node "$(node_script model_client.mjs)" "$@" ;;
  esac
}

accept_churn() {
  say "churn: ten thousand streams, a third of the callers leave midway"
  need_python
  "$python" "$here/churn.py" "$patchbay"
}

# shellcheck source=tests/acceptance/operators.sh
source "$here/operators.sh"
# shellcheck source=tests/acceptance/vendors.sh
source "$here/vendors.sh"
# shellcheck source=tests/acceptance/plugins.sh
source "$here/plugins.sh"
# shellcheck source=tests/acceptance/kubernetes.sh
source "$here/kubernetes.sh"
# shellcheck source=tests/acceptance/kernel.sh
source "$here/kernel.sh"

# Needs no gateway: the targets link the plugins as libraries.
accept_fuzz() {
  say "fuzz: every target for ${FUZZ_SECONDS:-10} seconds"
  "$root/tests/fuzz/run.sh" || fail "an input made a target panic: it is named above"
}

# A stage is a word here and a function `accept_WORD`, with _ for -.
stages="echo programs agents operators contract model churn mocks vendors dialects-model plugins kubernetes kernel fuzz"

[[ -x $patchbay ]] ||
  fail "$patchbay is not there: run \`cargo xtask acceptance\`, or set PATCHBAY_BINARY"
trap stop_servers EXIT
for stage in "${@:-}"; do
  for name in ${stage:-$stages}; do
    [[ " $stages " == *" $name "* ]] || fail "unknown stage \"$name\": use some of $stages"
    "accept_${name//-/_}"
  done
done
say "accepted"
