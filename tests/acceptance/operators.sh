# What operators do, with the commands and the API they do it with. Sourced by run.sh.
# shellcheck shell=bash
# shellcheck disable=SC2154  # work, here, root, patchbay, python, gateway_url: set before

# The secret that operators' tokens are signed with.
export ACCEPTANCE_JWT_SECRET=acceptance-0123456789abcdef0123456789abcdef

# start_operated_gateway NAME: a gateway with an empty store; sets gateway_url and admin_token.
start_operated_gateway() {
  local folder=$work/gateway-$1
  rm -rf "$folder"
  start_gateway "$1" <<TOML
[store]
path = "data/store"

[admin]
jwt_secret = "\${env:ACCEPTANCE_JWT_SECRET}"

[[providers]]
id = "echo"
adapter = "spawn-cli"
dialect = "cli-text"
models = ["echo"]
settings = { program = "/bin/echo", arguments = ["{{body}}"], timeout_ms = 10000 }
TOML
  admin_token=$("$patchbay" token --role admin --config "$folder/patchbay.toml")
}

accept_operators() {
  say "operators: the README's walk, as it is written"
  start_operated_gateway operators
  local walk=$work/walk.sh output=$work/walk.log
  mkdir -p "$root/target/demo"
  python3 "$here/readme_walk.py" "$root/README.md" "${gateway_url#http://}" >"$walk"
  (cd "$root" && PATH="$(dirname "$patchbay"):$PATH" PATCHBAY_URL=$gateway_url \
    ADMIN_TOKEN=$admin_token bash -euo pipefail "$walk") >"$output" 2>&1 ||
    fail "a command of the walk failed; the end of its output: $(tail -n 5 "$output")"
  local expected
  while read -r expected; do
    grep -qF -- "$expected" "$output" || fail "the walk's output has no \"$expected\"; see $output"
  done <<'EXPECTED'
provider "parrot" was added
route "hello" was added
"content":"hello"
provider "parrot" has a new api_key
"requests_per_minute":120
API key "laptop" was revoked
laptop   hello         1
provider.rotate-credentials
HTTP/1.1 401 Unauthorized
"api_key":"laptop","provider":"parrot","requests":1
EXPECTED
  say "operators: every command worked, every output was as the README says"
  stop_servers
}

accept_contract() {
  say "contract: schemathesis sends what the OpenAPI document allows, and what it does not"
  need_schemathesis
  start_operated_gateway contract
  # A document of its own for the tool: it must not follow the server that the document names.
  curl -sf "$gateway_url/openapi.json" >"$work/openapi.json"
  # What it found on other runs is no part of this one; it keeps that where it runs.
  rm -rf "$work/.schemathesis"
  cd "$work"
  ACCEPTANCE_ADMIN_TOKEN=$admin_token ACCEPTANCE_CALLER_KEY=$caller_key \
    PYTHONPATH=$here SCHEMATHESIS_HOOKS=schemathesis_hooks \
    "$work/schemathesis/bin/schemathesis" --config-file "$here/schemathesis.toml" \
    run "$work/openapi.json" --url "$gateway_url" 2>&1 | tee "$work/schemathesis.log" ||
    fail "requests or replies differ from the OpenAPI document; see target/acceptance/schemathesis.log"
  cd "$root"
  python3 - "$gateway_url/health/ready" <<'PYTHON'
import sys, urllib.request
urllib.request.urlopen(sys.argv[1], timeout=5)
PYTHON
  stop_servers
}

need_schemathesis() {
  [[ -x $work/schemathesis/bin/schemathesis ]] && return
  say "installing schemathesis"
  python3 -m venv "$work/schemathesis" || fail "python3 with venv is needed: apt-get install python3-venv"
  "$work/schemathesis/bin/pip" install --quiet 'schemathesis==4.*'
}
