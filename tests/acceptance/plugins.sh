# Plugins as their authors and operators handle them. Sourced by run.sh.
# shellcheck shell=bash
# shellcheck disable=SC2154  # work, here, root, patchbay, python, gateway_url: set before

accept_plugins() {
  say "plugins: examples in three languages, from their sources to a call"
  need_python_client
  command -v npm >/dev/null || fail "node and npm are needed: apt-get install nodejs npm"
  plugin_work=$work/plugins
  rm -rf "$plugin_work"
  mkdir -p "$plugin_work"
  check_rust_example
  check_typescript_example
  check_python_example
  start_plugin_gateway
  refuse_unsigned "$root/examples/first-adapter/first-adapter.wasm"
  serve_plugins example small "Hello from example" 'team = "blue"' \
    "$root/examples/first-adapter/first-adapter.wasm"
  serve_plugins nimbus small "Hello from nimbus" 'region = "north"' \
    "$root"/examples/typescript-adapter/dist/{nimbus-converse,nimbus}.wasm
  serve_plugins cirrus small "Hello from cirrus" 'workspace = "blue"' \
    "$root"/examples/python-adapter/dist/{cirrus-chat,cirrus}.wasm
  local language
  for language in rust typescript python; do new_plugin "$language"; done
  stop_servers
}

check_rust_example() {
  say "plugins: first-adapter in Rust: style, lints, tests, build"
  (cd "$root/examples/first-adapter" && cargo fmt --check &&
    cargo clippy --quiet --all-targets -- -D warnings) || fail "first-adapter has lints"
  "$patchbay" plugin test "$root/examples/first-adapter" >"$plugin_work/rust.log" 2>&1 ||
    fail "first-adapter: $(tail -n 5 "$plugin_work/rust.log")"
}

check_typescript_example() {
  say "plugins: nimbus in TypeScript: packages, types, tests, build"
  local folder
  for folder in sdk/typescript/template examples/typescript-adapter sdk/typescript; do
    (cd "$root/$folder" && npm ci --silent --no-fund --no-audit && npm test && npm run check) \
      >"$plugin_work/typescript.log" 2>&1 || fail "$folder: see $plugin_work/typescript.log"
  done
  "$patchbay" plugin test "$root/examples/typescript-adapter" >"$plugin_work/nimbus.log" 2>&1 ||
    fail "typescript-adapter: $(tail -n 5 "$plugin_work/nimbus.log")"
}

check_python_example() {
  say "plugins: cirrus in Python: environment, style, types, tests, build"
  local venv=$work/sdk-python folder
  if [[ ! -f $venv/ready ]]; then
    python3 -m venv "$venv" || fail "python3 with venv is needed: apt-get install python3-venv"
    "$venv/bin/pip" install --quiet -e "$root/sdk/python[dev]"
    touch "$venv/ready"
  fi
  for folder in sdk/python examples/python-adapter; do
    (cd "$root/$folder" && "$venv/bin/ruff" check && "$venv/bin/ruff" format --check &&
      "$venv/bin/mypy" && "$venv/bin/python" -m pytest -q) >"$plugin_work/python.log" 2>&1 ||
      fail "$folder: $(tail -n 5 "$plugin_work/python.log")"
  done
  VIRTUAL_ENV=$venv "$patchbay" plugin test "$root/examples/python-adapter" \
    >"$plugin_work/cirrus.log" 2>&1 ||
    fail "python-adapter: $(tail -n 5 "$plugin_work/cirrus.log")"
}

# A gateway that trusts one signer, and the invented providers; sets providers_url.
start_plugin_gateway() {
  say "plugins: a gateway that trusts one signer"
  "$patchbay" plugin keygen --no-password "$plugin_work/author.key" >/dev/null 2>&1
  local public
  public=$(tail -n 1 "$plugin_work/author.pub")
  "$python" "$here/plugins/providers.py" >"$plugin_work/port" &
  servers+=($!)
  until [[ -s $plugin_work/port ]]; do
    kill -0 $! || fail "the invented providers do not start"
    sleep 0.1
  done
  providers_url=http://127.0.0.1:$(cat "$plugin_work/port")
  rm -rf "$work/gateway-plugins"
  mkdir -p "$work/gateway-plugins/plugins"
  start_gateway plugins <<TOML
[store]
path = "data/store"

[admin]
jwt_secret = "\${env:ACCEPTANCE_JWT_SECRET}"

[plugins]
directory = "plugins"
trust = { signers = ["$public"] }

[plugins.grants.nimbus-converse]
isolation = "reuse"

[plugins.grants.cirrus-chat]
isolation = "reuse"

[[providers]]
id = "echo"                        # a gateway without a provider is not ready
adapter = "spawn-cli"
models = ["echo"]
settings = { program = "/bin/echo", arguments = ["{{body}}"], timeout_ms = 10000 }
TOML
  export PATCHBAY_URL=$gateway_url PATCHBAY_ADMIN_TOKEN
  PATCHBAY_ADMIN_TOKEN=$("$patchbay" token --role admin \
    --config "$work/gateway-plugins/patchbay.toml")
}

# install_plugin FILE: over the admin API if the gateway takes it there, else into its directory.
# Written under a hidden name first: a half-written file is never there.
install_plugin() {
  local file=$1 said place name
  if said=$("$patchbay" plugin install "$file" 2>&1); then return; fi
  [[ $said == *"takes no plugins over its admin API"* ]] || {
    printf '%s\n' "$said" >&2
    return 1
  }
  place=$work/gateway-plugins/plugins
  name=$(basename "$file")
  if [[ -f $file.minisig ]]; then cp "$file.minisig" "$place/$name.minisig"; fi
  cp "$file" "$place/.$name.part"
  mv "$place/.$name.part" "$place/$name"
}

# version_of NAME: the version that serves.
version_of() {
  "$patchbay" plugin list --json 2>/dev/null | python3 -c 'import json, sys
print(next((it["version"] for it in json.load(sys.stdin)["data"] if it["name"] == sys.argv[1]), ""))' "$1"
}

# expect_version NAME VERSION: until it serves, ten minutes at most: a Python plugin is compiled.
expect_version() {
  for _ in $(seq 1200); do
    [[ $(version_of "$1") == "$2" ]] && return
    sleep 0.5
  done
  tail -n 10 "$work/gateway-plugins/log" >&2
  fail "version $2 of the plugin $1 does not serve; the end of the gateway's log is above"
}

refuse_unsigned() {
  local file=$plugin_work/unsigned-adapter.wasm
  cp "$1" "$file"
  # The admin API refuses it, or the directory's keeper does and says so in the log.
  install_plugin "$file" 2>/dev/null || true
  for _ in $(seq 100); do
    grep -q 'signature' "$work/gateway-plugins/log" && break
    sleep 0.2
  done
  [[ -z $(version_of first-adapter) ]] || fail "an unsigned plugin serves"
  rm -f "$work/gateway-plugins/plugins/unsigned-adapter.wasm"
  say "plugins: an unsigned plugin is refused"
}

# sign_plugin FILE
sign_plugin() {
  rm -f "$1.minisig"
  "$patchbay" plugin sign "$1" --key "$plugin_work/author.key" >/dev/null 2>&1 ||
    fail "$1 cannot be signed"
}

# serve_plugins PROVIDER MODEL TEXT SETTINGS FILE…: the last file is the adapter. Installs,
# calls, upgrades while a stream runs, and goes back.
serve_plugins() {
  local provider=$1 model=$2 text=$3 settings=$4 file name
  shift 4
  for file in "$@"; do
    "$patchbay" plugin check "$file" >/dev/null || fail "no gateway would load $file"
    name=$(basename "$file" .wasm)
    cp "$file" "$plugin_work/$name.wasm"
    sign_plugin "$plugin_work/$name.wasm"
    install_plugin "$plugin_work/$name.wasm"
    expect_version "$name" 0.1.0
  done
  make_provider "$provider" "$name" "$model" "$settings"
  call_plugin "$provider/$model" "$text"
  mkdir -p "$plugin_work/next"
  "$python" "$here/plugins/another_version.py" "$plugin_work/$name.wasm" 0.2.0 \
    "$plugin_work/next/$name.wasm"
  sign_plugin "$plugin_work/next/$name.wasm"
  call_plugin "$provider/$model" "$text" "$providers_url" \
    bash -c "$(declare -f install_plugin version_of expect_version fail)
      install_plugin '$plugin_work/next/$name.wasm' && expect_version '$name' 0.2.0"
  roll_back "$name"
  call_plugin "$provider/$model" "$text"
  say "plugins: $provider serves, was upgraded while it streamed, and went back"
}

# make_provider ID ADAPTER MODEL SETTINGS
make_provider() {
  cat >"$plugin_work/$1.toml" <<TOML
id = "$1"
adapter = "$2"
base_url = "$providers_url/${1%%-*}"
models = ["$3"]
settings = { $4 }
# A stream is held until a new version is compiled.
timeouts = { idle_ms = 600000, total_ms = 900000 }
TOML
  printf secret | "$patchbay" provider create --file "$plugin_work/$1.toml" --slot api_key \
    >/dev/null || fail "the provider $1 cannot be made"
}

call_plugin() {
  patchbay=$patchbay work=$work "$python" "$here/plugins/client.py" "$gateway_url/v1" \
    "$caller_key" "$@"
}

# roll_back NAME: with the command that gateways have for it, else by the file of before.
roll_back() {
  if "$patchbay" plugin rollback --help >/dev/null 2>&1; then
    "$patchbay" plugin rollback "$1" >/dev/null || fail "$1 cannot be rolled back"
  else
    install_plugin "$plugin_work/$1.wasm"
  fi
  expect_version "$1" 0.1.0
}

# new_plugin LANGUAGE: a project of the template, with nothing but the gateway's binary.
new_plugin() {
  local language=$1 name=sunny-$1 file begun=$SECONDS
  local folder=$plugin_work/$name
  "$patchbay" plugin new "$name" --language "$language" --into "$folder" >/dev/null
  "$patchbay" plugin test "$folder" >"$plugin_work/$name.log" 2>&1 ||
    fail "$name: $(tail -n 5 "$plugin_work/$name.log")"
  mkdir "$folder/out"
  "$patchbay" plugin build "$folder" --out "$folder/out" >>"$plugin_work/$name.log" 2>&1 ||
    fail "$name: $(tail -n 5 "$plugin_work/$name.log")"
  file=$folder/out/$name.wasm
  sign_plugin "$file"
  install_plugin "$file"
  expect_version "$name" 0.1.0
  make_provider "$name" "$name" small 'team = "blue"'
  call_plugin "$name/small" "Hello from sunny"
  say "plugins: a new project in $language was tested, built, signed, installed and called in $((SECONDS - begun)) s"
}
