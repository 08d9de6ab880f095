# The driver `kubernetes` with a real API server. Sourced by run.sh.
# shellcheck shell=bash
# shellcheck disable=SC2154  # work, here, root, python, gateway_url, servers, caller_key: set before

# shellcheck source=tests/acceptance/api_server.sh
source "$here/api_server.sh"

# First there are no nodes, so no program runs. What is shown: manifests and roles are valid, a run
# is created by a gateway that may do no more than the documents say, a Job becomes a pod, and
# everything goes when the caller leaves, when the pod never starts, and when a gateway is killed.
# Then node.py is the node: logs, attached streams, ends and credentials go through the API server.
accept_kubernetes() {
  say "kubernetes: manifests against the schemas, runs against a real API server"
  need_manifest_check
  check_manifests
  need_api_server
  start_api_server
  prepare_namespace
  start_gateway_in_cluster kubernetes
  never_starts
  image_is_missing
  caller_leaves
  gateway_is_killed
  programs_run_on_a_node
  stop_servers
  say "kubernetes: every run was refused, answered or deleted, and nothing is left"
}

need_manifest_check() {
  need_python
  [[ -x $work/python/bin/kubernetes-validate ]] && return
  "$python" -m pip install --quiet kubernetes-validate
}

check_manifests() {
  local manifests=$kubernetes/manifests file
  mkdir -p "$manifests"
  cp "$root"/host/kubernetes/src/manifest/*.json "$manifests/"
  # The one YAML block of the document.
  sed -n '/^```yaml$/,/^```$/p' "$root/md-docs/sandbox.md" | sed '/^```/d' >"$manifests/namespace.yaml"
  for file in "$manifests"/*; do
    "$work/python/bin/kubernetes-validate" --strict "$file" || fail "$file is no valid manifest"
  done
}

# start_api_server: etcd, API server with RBAC and tokens, and the controllers; sets api_url.
start_api_server() {
  local folder=$kubernetes/run etcd_port peer_port api_port controllers_port
  etcd_port=$(free_port) peer_port=$(free_port) api_port=$(free_port) controllers_port=$(free_port)
  rm -rf "$folder"
  mkdir -p "$folder"
  printf 'admin-token,admin,admin,system:masters\ngateway-token,gateway,gateway\n' \
    >"$folder/tokens.csv"
  openssl genrsa -out "$folder/accounts.key" 2048 2>/dev/null
  etcd --data-dir "$folder/etcd" --listen-client-urls "http://127.0.0.1:$etcd_port" \
    --advertise-client-urls "http://127.0.0.1:$etcd_port" \
    --listen-peer-urls "http://127.0.0.1:$peer_port" >"$folder/etcd.log" 2>&1 &
  servers+=($!)
  wait_for $! "http://127.0.0.1:$etcd_port/health" "$folder/etcd.log"
  "$kubernetes/bin/kube-apiserver" --etcd-servers "http://127.0.0.1:$etcd_port" \
    --bind-address 127.0.0.1 --secure-port "$api_port" --insecure-port 0 \
    --cert-dir "$folder/certificates" --token-auth-file "$folder/tokens.csv" \
    --authorization-mode RBAC --service-account-issuer https://acceptance \
    --service-account-signing-key-file "$folder/accounts.key" \
    --service-account-key-file "$folder/accounts.key" \
    --feature-gates TTLAfterFinished=true \
    --disable-admission-plugins ServiceAccount >"$folder/api.log" 2>&1 &
  servers+=($!)
  api_url=https://127.0.0.1:$api_port
  write_kubeconfig admin
  write_kubeconfig gateway
  wait_until "the API server does not answer" admin_kubectl get --raw /readyz
  "$kubernetes/bin/kube-controller-manager" --kubeconfig "$folder/admin.kubeconfig" \
    --port 0 --secure-port "$controllers_port" --bind-address 127.0.0.1 --leader-elect=false \
    --cert-dir "$folder/controllers" --feature-gates TTLAfterFinished=true \
    --controllers 'job,garbagecollector,namespace,ttl-after-finished' \
    >"$folder/controllers.log" 2>&1 &
  servers+=($!)
}

write_kubeconfig() {
  cat >"$kubernetes/run/$1.kubeconfig" <<YAML
apiVersion: v1
kind: Config
current-context: acceptance
clusters: [{ name: acceptance, cluster: { server: "$api_url", insecure-skip-tls-verify: true } }]
users: [{ name: "$1", user: { token: "$1-token" } }]
contexts: [{ name: acceptance, context: { cluster: acceptance, user: "$1" } }]
YAML
}

admin_kubectl() {
  kubectl --kubeconfig "$kubernetes/run/admin.kubeconfig" --namespace programs "$@" 2>/dev/null
}

# wait_until WORDS COMMAND…: a minute at most.
wait_until() {
  local words=$1
  shift
  for _ in $(seq 600); do
    "$@" >/dev/null && return
    sleep 0.1
  done
  fail "$words; logs are in $kubernetes/run"
}

# The role is the documented one, given to the gateway's user.
prepare_namespace() {
  admin_kubectl create namespace programs >/dev/null
  sed 's/kind: ServiceAccount/kind: User/; s/^    name: patchbay$/    name: gateway/; /^    namespace: patchbay$/d' \
    "$kubernetes/manifests/namespace.yaml" | admin_kubectl apply -f - >/dev/null ||
    fail "the documented role is refused"
}

cluster_section() {
  cat <<TOML
[sandbox.kubernetes]
kubeconfig = "$kubernetes/run/gateway.kubeconfig"
namespace = "programs"
image = "registry.example.com/programs:1"
instance = "acceptance"
TOML
}

start_gateway_in_cluster() {
  start_gateway "$1" <<TOML
$(cluster_section)
start_timeout_ms = 5000

$(provider jobs)
settings = { program = "/bin/program", arguments = ["{{body}}"], timeout_ms = 60000 }
TOML
}

ask() {
  curl --silent --max-time "${1:-60}" "$gateway_url/v1/chat/completions" \
    --header "Authorization: Bearer $caller_key" --header 'Content-Type: application/json' \
    --data '{"model":"jobs","messages":[{"role":"user","content":"say $(KEY)"}]}'
}

nothing_is_left() {
  [[ -z $(admin_kubectl get jobs,pods,secrets --selector app.kubernetes.io/managed-by=patchbay \
    --output name) ]]
}

has_pod() {
  [[ -n $(admin_kubectl get pods --output name) ]]
}

never_starts() {
  local answer
  answer=$(ask)
  grep -q 'did not start' <<<"$answer" || fail "a pod that never starts is answered: $answer"
  wait_until "a run that never started left something" nothing_is_left
}

# The pod's status is written by hand, as a node would.
image_is_missing() {
  local answer pod
  ask >"$kubernetes/run/answer" &
  answer=$!
  wait_until "the Job became no pod" has_pod
  pod=$(admin_kubectl get pods --output jsonpath='{.items[0].metadata.name}')
  admin_kubectl get --raw "/api/v1/namespaces/programs/pods/$pod" >"$kubernetes/run/pod.json"
  "$python" - "$kubernetes/run/pod.json" "$api_url/api/v1/namespaces/programs/pods/$pod/status" <<'PYTHON'
import json, ssl, sys, urllib.request

with open(sys.argv[1]) as file:
    pod = json.load(file)
waiting = {"reason": "ImagePullBackOff", "message": "Back-off pulling image"}
pod["status"] = {"phase": "Pending", "containerStatuses": [{
    "name": "program", "state": {"waiting": waiting}, "image": "", "imageID": "",
    "ready": False, "restartCount": 0}]}
request = urllib.request.Request(sys.argv[2], json.dumps(pod).encode(), {
    "Authorization": "Bearer admin-token", "Content-Type": "application/json"}, method="PUT")
context = ssl._create_unverified_context()
handler = urllib.request.HTTPSHandler(context=context)
urllib.request.build_opener(urllib.request.ProxyHandler({}), handler).open(request).read()
PYTHON
  wait "$answer"
  grep -q 'image of the provider' "$kubernetes/run/answer" ||
    fail "a missing image is answered: $(cat "$kubernetes/run/answer")"
  wait_until "a run without image left something" nothing_is_left
}

caller_leaves() {
  ask 2 || true
  wait_until "a caller who left, left something" nothing_is_left
}

gateway_is_killed() {
  local gateway=${servers[-1]}
  ask >/dev/null &
  wait_until "the Job became no pod" has_pod
  kill -KILL "$gateway"
  wait "$gateway" 2>/dev/null || true
  nothing_is_left && fail "nothing was left by a killed gateway"
  start_gateway_in_cluster kubernetes-again
  wait_until "the next gateway did not sweep" nothing_is_left
}

programs_run_on_a_node() {
  need_python_client
  "$python" -c 'import aiohttp' 2>/dev/null || "$python" -m pip install --quiet 'aiohttp==3.*'
  "$python" "$here/node.py" "$api_url" admin-token "$kubernetes/run" >"$kubernetes/run/node.log" 2>&1 &
  servers+=($!)
  wait_until "the node is not ready" grep ready "$kubernetes/run/node.log"
  start_gateway_with_programs
  "$python" "$here/kubernetes_client.py" "$gateway_url/v1" "$caller_key" "$kubernetes/run"
  wait_until "programs that ran left something" nothing_is_left
}

start_gateway_with_programs() {
  start_gateway kubernetes-node <<TOML
$(cluster_section)

$(provider argument)
settings = { program = "/usr/bin/printf", arguments = ["%s", "{{body}}"] }

$(provider input)
settings = { program = "/bin/cat", stdin = true }

$(provider keyed)
credentials = { api_key = "\${env:LLAMA_KEY}" }
settings = { program = "/bin/sh", arguments = ["-c", 'echo "key of \$(printf %s "\$API_KEY" | wc -c)"', "sh", "{{body}}"] }

$(provider failing)
settings = { program = "/bin/sh", arguments = ["-c", "exit 3", "sh", "{{body}}"] }

$(provider steps)
settings = { program = "/bin/sh", arguments = ["-c", "echo first; until test -e $kubernetes/run/go-on; do sleep 0.05; done; echo second", "sh", "{{body}}"] }

$(provider slow)
settings = { program = "/bin/sh", arguments = ["-c", "echo begun; exec sleep 41870.75", "sh", "{{body}}"] }
TOML
}

provider() {
  cat <<TOML
[[providers]]
id = "$1"
adapter = "spawn-cli"
dialect = "cli-text"
models = ["$1"]
sandbox = "kubernetes"
TOML
}
