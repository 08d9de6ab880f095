# Stages with mock vendors, and with dialects that are translated. Sourced by run.sh.
# shellcheck shell=bash
# shellcheck disable=SC2154  # work, here, root, python, keys and urls: set before

accept_mocks() {
  say "mocks: every mock vendor and the vendor's own client"
  need_vendor_packages
  timeout 300 "$python" -W ignore::DeprecationWarning "$here/vendors/selfcheck.py"
  "$python" "$here/vendors/golden.py" "$root/plugins"
}

accept_vendors() {
  say "vendors: official clients, every provider, vendors that check what they receive"
  need_anthropic_clients
  local folder=$work/vendors client
  rm -rf "$folder"
  mkdir -p "$folder"
  start_mocks "$folder/mocks.json"
  # The providers have to be known before the gateway's address is: the plan is written twice.
  plan_vendors "$folder" http://127.0.0.1:0
  start_gateway vendors <"$folder/providers.toml"
  plan_vendors "$folder" "$gateway_url"
  cp "$here"/vendors/*.mjs "$work/node/"
  for client in openai anthropic; do
    say "vendors: $client, Python"
    run_vendor_client "$python" -W ignore::DeprecationWarning "$here/vendors/client_$client.py"
    say "vendors: $client, JavaScript"
    run_vendor_client node "$work/node/client_$client.mjs"
  done
  stop_servers
  "$python" "$here/vendors/table.py" "$folder/plan.json" "$folder/results" ||
    fail "some cases failed; the gateway's log is $work/gateway-vendors/log"
}

run_vendor_client() {
  timeout 600 "$@" "$work/vendors/plan.json" "$work/vendors/results" ||
    fail "the client did not come to its end"
}

# start_mocks FILE: what they print goes to the file.
start_mocks() {
  "$python" "$here/vendors/server.py" >"$1" 2>"$1.log" &
  servers+=($!)
  for _ in $(seq 600); do
    [[ -s $1 ]] && return
    kill -0 $! 2>/dev/null || break
    sleep 0.1
  done
  tail -n 20 "$1.log" >&2
  fail "the mock vendors did not start"
}

plan_vendors() {
  "$python" "$here/vendors/configuration.py" "$1/mocks.json" "$2" "$caller_key" "$1"
}

accept_dialects_model() {
  say "dialects-model: llama.cpp's two dialects, each by the other's clients"
  need_anthropic_clients
  need_llama_server
  need_model
  local port
  port=$(free_port)
  start_llama dialects "$port" smollm2 -c 2048 -np 2 --jinja
  start_gateway dialects-model <<TOML
[[providers]]
id = "llama-chat"
adapter = "openai-compatible"
base_url = "http://127.0.0.1:$port/v1"
credentials = { api_key = "\${env:LLAMA_KEY}" }
models = ["smollm2"]

[[providers]]
id = "llama-messages"
adapter = "anthropic"
base_url = "http://127.0.0.1:$port"
credentials = { api_key = "\${env:LLAMA_KEY}" }
models = ["smollm2"]
TOML
  local ask=("$gateway_url" "$caller_key" "http://127.0.0.1:$port" "$llama_key")
  "$python" "$here/dialects_client.py" "${ask[@]}"
  node "$(node_script dialects_client.mjs)" "${ask[@]}"
  stop_servers
}
