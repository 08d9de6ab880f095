# Real agents as providers: Claude Code, Codex and Gemini CLI of npm, with the vendors' APIs on
# loopback. Sourced by run.sh.
# shellcheck shell=bash
# shellcheck disable=SC2154  # work, here, python, gateway_url, caller_key: set before

claude_version=2.1.332
codex_version=0.171.0
gemini_version=0.61.0
far_end_key=sk-far-end-0123456789abcdef

# need_agent PACKAGE VERSION FILE: of npm, 900 MB in all. Claude Code is installed as its program
# for this kind of machine, without the package that chooses among them.
need_agent() {
  has_agent "$@" && return
  say "installing $1 $2"
  mkdir -p "$work/agents"
  npm install --loglevel error --no-fund --no-audit --prefix "$work/agents" "$1@$2" >&2 ||
    fail "$1 $2 cannot be had: npm install $1@$2"
  has_agent "$@" || fail "$1 $2 has no $3"
}

has_agent() {
  local folder=$work/agents/node_modules/$1
  [[ -e $folder/$3 ]] && grep -q "\"version\": *\"$2\"" "$folder/package.json"
}

need_agents() {
  command -v npm >/dev/null || fail "node and npm are needed: apt-get install nodejs npm"
  [[ $(uname -sm) == "Linux x86_64" ]] || fail "the agents are installed for Linux on x86-64"
  need_agent @anthropic-ai/claude-code-linux-x64 "$claude_version" claude
  need_agent @openai/codex "$codex_version" bin/codex.js
  need_agent @google/gemini-cli "$gemini_version" bundle/gemini.js
  # Gemini CLI takes no other server without being told how it has to say who it is.
  mkdir -p "$work/agents/gemini/.gemini"
  cat >"$work/agents/gemini/.gemini/settings.json" <<JSON
{
  "security": { "auth": { "selectedType": "gemini-api-key" } },
  "general": { "maxAttempts": 1 },
  "privacy": { "usageStatisticsEnabled": false }
}
JSON
}

# Sets far_end.
start_far_end() {
  rm -f "$work/far-end.port"
  "$python" "$here/agents/far_end.py" "$far_end_key" >"$work/far-end.port" 2>"$work/far-end.log" &
  servers+=($!)
  for _ in $(seq 600); do
    [[ -s $work/far-end.port ]] && break
    sleep 0.1
  done
  [[ -s $work/far-end.port ]] || fail "the far end does not start, see $work/far-end.log"
  far_end=127.0.0.1:$(<"$work/far-end.port")
}

# agent_provider AGENT ID KEY [SETTING]: one provider, with its settings to the end of the table.
agent_provider() {
  local agent=$1 id=$2 key=$3 slot modules=$work/agents/node_modules read_only=
  case $agent in
    claude) slot=anthropic_api_key ;;
    codex) slot=codex_api_key ;;
    gemini)
      slot=gemini_api_key
      read_only=", read_only = [\"$modules\", \"$work/agents/gemini\"], directory = \"$work/agents/gemini\""
      ;;
  esac
  cat <<TOML
[[providers]]
id = "$id"
adapter = "spawn-cli"
preset = "$agent"
models = ["$id"]
credentials = { $slot = "$key" }
sandbox = { network = ["$far_end"]$read_only }

[providers.settings]
${4:-}
$("${agent}_settings")

TOML
}

claude_settings() {
  cat <<TOML
program = "$modules/@anthropic-ai/claude-code-linux-x64/claude"
arguments = [
  "-p", "--output-format", "stream-json", "--verbose", "--include-partial-messages",
  "--allowedTools", "Bash",
]

[providers.settings.environment]
HOME = "/tmp"
PATH = "/usr/bin:/bin"
ANTHROPIC_BASE_URL = "http://$far_end"
CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC = "1"
CLAUDE_CODE_MAX_RETRIES = "0"
TOML
}

codex_settings() {
  cat <<TOML
program = "$(echo "$modules"/@openai/codex-linux-x64/vendor/*/bin/codex)"
arguments = [
  "exec", "--json", "--skip-git-repo-check", "-c", "analytics.enabled=false",
  "--disable", "plugins", "--dangerously-bypass-approvals-and-sandbox", "-m", "acceptance",
  "-c", "model_provider=far",
  "-c", 'model_providers.far.name="far"',
  "-c", 'model_providers.far.base_url="http://$far_end/v1"',
  "-c", 'model_providers.far.wire_api="responses"',
  "-c", 'model_providers.far.env_key="CODEX_API_KEY"',
  "-c", "model_providers.far.request_max_retries=0",
  "-c", "model_providers.far.stream_max_retries=0",
  "-",
]
TOML
}

gemini_settings() {
  cat <<TOML
program = "$(command -v node)"
arguments = [
  "--disable-wasm-trap-handler", "$modules/@google/gemini-cli/bundle/gemini.js",
  "--output-format", "stream-json", "--approval-mode", "yolo", "-m", "acceptance",
]

[providers.settings.environment]
HOME = "/tmp"
PATH = "/usr/bin:/bin"
GOOGLE_GEMINI_BASE_URL = "http://$far_end"
GEMINI_CLI_TRUST_WORKSPACE = "true"
GEMINI_CLI_NO_RELAUNCH = "1"
TOML
}

accept_agents() {
  say "agents: Claude Code, Codex and Gemini CLI of npm"
  need_python_client
  need_agents
  start_far_end
  local agent
  start_gateway agents < <(
    for agent in claude codex gemini; do
      agent_provider "$agent" "$agent" "$far_end_key"
      agent_provider "$agent" "$agent-calls" "$far_end_key" 'tool_calls = true'
      agent_provider "$agent" "$agent-key" sk-of-somebody-else
    done
  )
  "$python" "$here/agents_client.py" "$gateway_url/v1" "$caller_key"
  stop_servers
}
