# Real programs as providers: a calculator of Debian, a tool of PyPI, a program in WebAssembly, and
# `echo`. Sourced by run.sh.
# shellcheck shell=bash
# shellcheck disable=SC2154  # work, here, python, gateway_url, caller_key: set before

need_bc() {
  command -v bc >/dev/null && return
  say "installing bc"
  apt-get install -y -q bc >&2 || fail "bc is needed: apt-get install bc"
}

need_llm() {
  [[ -x $work/llm/bin/llm ]] && return
  say "installing llm"
  need_python
  # Programs run as nobody: a Python below somebody's home is of no use to them.
  /usr/bin/python3 -m venv --without-pip "$work/llm" ||
    fail "python3 with venv is needed: apt-get install python3"
  "$python" -m pip --python "$work/llm/bin/python" install --quiet 'llm==0.36'
}

# A program in C, as WebAssembly.
need_upper() {
  command -v clang-19 >/dev/null && [[ -d /usr/include/wasm32-wasi ]] || {
    say "installing a C compiler for WebAssembly"
    apt-get install -y -q --no-install-recommends clang-19 lld-19 wasi-libc \
      libclang-rt-19-dev-wasm32 >&2 ||
      fail "a compiler is needed: apt-get install clang-19 lld-19 wasi-libc libclang-rt-19-dev-wasm32"
  }
  clang-19 --target=wasm32-wasi -O2 -o "$work/upper.wasm" "$here/programs/upper.c"
}

# `llm` asks another gateway for the model `echo`: the only far end that it is granted.
write_llm_configuration() {
  local folder=$1 address=$2
  mkdir -p "$folder"
  printf '{"patchbay": "%s"}\n' "$caller_key" >"$folder/keys.json"
  cat >"$folder/extra-openai-models.yaml" <<YAML
- model_id: gateway
  model_name: echo
  api_base: "http://$address/v1"
  api_key_name: patchbay
YAML
}

accept_programs() {
  say "programs: bc of Debian, llm of PyPI, echo"
  need_python_client
  need_bc
  need_llm
  need_upper
  start_gateway far-end <<TOML
[[providers]]
id = "echo"
adapter = "spawn-cli"
models = ["echo"]
settings = { program = "/bin/echo", arguments = ["{{body}}"] }
TOML
  local settings=$work/llm-settings far_end=${gateway_url##*/}
  write_llm_configuration "$settings" "$far_end"
  start_gateway programs <<TOML
[[providers]]
id = "echo"
adapter = "spawn-cli"
models = ["echo"]
settings = { program = "/usr/bin/printf", arguments = ["%s\\\\n", "{{body}}"] }
sandbox = { package = "coreutils" }

[[providers]]
id = "bc"
adapter = "spawn-cli"
preset = "bc"
models = ["bc"]

[[providers]]
id = "llm"
adapter = "spawn-cli"
preset = "llm"
models = ["llm"]
sandbox = { network = ["$far_end"], read_only = ["$work/llm", "$settings"] }

[providers.settings]
program = "$work/llm/bin/llm"
arguments = ["prompt", "--no-log", "-d", "llm.db", "-m", "gateway"]
environment = { LLM_USER_PATH = "$settings", PYTHONDONTWRITEBYTECODE = "1" }

[[providers]]
id = "upper"
adapter = "spawn-cli"
models = ["upper"]
settings = { program = "$work/upper.wasm", stdin = true }
sandbox = "wasi"

[[providers]]
id = "slow"
adapter = "spawn-cli"
models = ["slow"]
settings = { program = "/bin/sh", arguments = ["-c", "echo begun; exec sleep 41870.25"], stdin = true }
TOML
  "$python" "$here/programs_client.py" "$gateway_url/v1" "$caller_key"
  stop_servers
}
