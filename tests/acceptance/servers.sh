# Servers of the acceptance: started on loopback, waited for, ended by process id. Sourced by
# run.sh.
# shellcheck shell=bash
# shellcheck disable=SC2154  # work, here, patchbay, python, llama, model: set before

llama_key=sk-acceptance-llama-0123456789
caller_key=pb-acceptance-0123456789abcdef
servers=()

free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# wait_for PID URL LOG: until URL answers 200, two minutes at most.
wait_for() {
  local pid=$1 url=$2 log=$3
  for _ in $(seq 1200); do
    kill -0 "$pid" 2>/dev/null || break
    if python3 -c 'import sys, urllib.request as r
r.build_opener(r.ProxyHandler({})).open(sys.argv[1], timeout=2)' "$url" 2>/dev/null; then
      return
    fi
    sleep 0.1
  done
  tail -n 20 "$log" >&2
  fail "$url does not answer; the end of its log is above"
}

# start_gateway NAME <TOML: with one caller; sets gateway_url.
start_gateway() {
  local folder=$work/gateway-$1 port
  port=$(free_port)
  mkdir -p "$folder"
  {
    printf '[server]\nlisten = "127.0.0.1:%s"\n\n' "$port"
    cat
    printf '\n[[api_keys]]\nid = "acceptance"\nkey = "${env:CALLER_KEY}"\nmodels = ["*"]\n'
  } >"$folder/patchbay.toml"
  (cd "$folder" && CALLER_KEY=$caller_key LLAMA_KEY=$llama_key \
    exec "$patchbay" serve --config patchbay.toml) 2>"$folder/log" &
  servers+=($!)
  gateway_url=http://127.0.0.1:$port
  wait_for $! "$gateway_url/health/ready" "$folder/log"
}

# start_llama NAME PORT ALIAS FLAGS…
start_llama() {
  local name=$1 port=$2 alias=$3
  shift 3
  "$llama" -m "$model" --host 127.0.0.1 --port "$port" --api-key "$llama_key" -a "$alias" "$@" \
    >"$work/llama-$name.log" 2>&1 &
  servers+=($!)
  wait_for $! "http://127.0.0.1:$port/health" "$work/llama-$name.log"
}

stop_servers() {
  local pid
  for pid in "${servers[@]}"; do
    kill "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
  servers=()
}
