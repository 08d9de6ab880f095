# Real programs as providers: a calculator of Debian, a tool of PyPI, and `echo`. Sourced by run.sh.
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

# `llm` asks this gateway's own API for the model `echo`: the server it needs is there already.
write_llm_configuration() {
  local folder=$1 port=$2
  mkdir -p "$folder"
  printf '{"patchbay": "%s"}\n' "$caller_key" >"$folder/keys.json"
  cat >"$folder/extra-openai-models.yaml" <<YAML
- model_id: gateway
  model_name: echo
  api_base: "http://127.0.0.1:$port/v1"
  api_key_name: patchbay
YAML
}

accept_programs() {
  say "programs: bc of Debian, llm of PyPI, echo"
  need_python_client
  need_bc
  need_llm
  # Holds the gateway's address, which is known once it listens; llm reads it at each run.
  local settings=$work/llm-settings
  mkdir -p "$settings"
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
sandbox = "basic"

[providers.settings]
program = "$work/llm/bin/llm"
arguments = ["prompt", "--no-log", "-d", "llm.db", "-m", "gateway"]
environment = { LLM_USER_PATH = "$settings", PYTHONDONTWRITEBYTECODE = "1" }

[[providers]]
id = "slow"
adapter = "spawn-cli"
models = ["slow"]
settings = { program = "/bin/sh", arguments = ["-c", "echo begun; exec sleep 41870.25"], stdin = true }
TOML
  write_llm_configuration "$settings" "${gateway_url##*:}"
  "$python" "$here/programs_client.py" "$gateway_url/v1" "$caller_key"
  stop_servers
}
