# A real Kubernetes API server with its controllers and etcd, without nodes. Sourced by run.sh.
# shellcheck shell=bash
# shellcheck disable=SC2154  # work, servers: set before

kubernetes=$work/kubernetes

# Debian's source package, compiled once: about 7 minutes on two free cores. Needs root, for the
# compiler's packages, and 3 GB while it compiles.
need_api_server() {
  [[ -x $kubernetes/bin/kube-controller-manager ]] && return
  say "compiling the Kubernetes API server: about 7 minutes"
  mkdir -p "$kubernetes/bin"
  need_debian_packages golang-1.19-go golang-1.19-src golang-github-modern-go-reflect2-dev rsync \
    etcd-server
  fetch_kubernetes_source
  local tree reflect=/usr/share/gocode/src/github.com/modern-go/reflect2
  tree=$(echo "$kubernetes"/source/kubernetes-*)
  # The vendored one does not know Go 1.19.
  rm -f "$tree"/vendor/github.com/modern-go/reflect2/*.{go,s}
  cp "$reflect"/*.go "$reflect"/*.s "$tree/vendor/github.com/modern-go/reflect2/"
  mkdir -p "$tree/.go/src/k8s.io"
  ln -sfn "$tree" "$tree/.go/src/k8s.io/kubernetes"
  compile_kubernetes "$tree" >"$kubernetes/build.log" 2>&1 ||
    fail "the API server does not compile; see $kubernetes/build.log"
  cp "$tree"/_output/local/bin/linux/*/kube-{apiserver,controller-manager} "$kubernetes/bin/"
  rm -rf "$kubernetes/source"
}

compile_kubernetes() {
  env -C "$1" GOPATH="$1/.go" PATH="/usr/lib/go-1.19/bin:$PATH" CGO_ENABLED=0 \
    KUBE_GIT_VERSION=v1.20.2 KUBE_GIT_COMMIT=x KUBE_GIT_TREE_STATE=clean \
    KUBE_GIT_MAJOR=1 KUBE_GIT_MINOR=20 \
    make WHAT="cmd/kube-apiserver cmd/kube-controller-manager"
}

need_debian_packages() {
  local package missing=()
  for package in "$@"; do
    dpkg-query --show --showformat='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
      missing+=("$package")
  done
  ((${#missing[@]})) || return 0
  DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "${missing[@]}" \
    >>"$kubernetes/apt.log" 2>&1 || fail "packages cannot be installed; see $kubernetes/apt.log"
}

# Asks for sources with lists of its own, so that the system's stay as they are.
fetch_kubernetes_source() {
  local apt=$kubernetes/apt
  rm -rf "$kubernetes/source"
  mkdir -p "$apt/lists/partial" "$apt/parts" "$kubernetes/source"
  sed 's/^Types: deb$/Types: deb-src/' /etc/apt/sources.list.d/debian.sources \
    >"$apt/parts/source.sources"
  local options=(-o Dir::Etc::SourceList=/dev/null -o "Dir::Etc::SourceParts=$apt/parts"
    -o "Dir::State::Lists=$apt/lists")
  (
    cd "$kubernetes/source"
    apt-get "${options[@]}" update
    apt-get "${options[@]}" source --download-only kubernetes
    tar -xf kubernetes_*.orig.tar.*
    rm kubernetes_*.orig.tar.*
  ) >>"$kubernetes/apt.log" 2>&1 || fail "the source cannot be had; see $kubernetes/apt.log"
}
