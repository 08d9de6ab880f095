"""The gateway of the churn, watched through /proc."""

import os
import pathlib
import socket
import subprocess
import urllib.request

ESTABLISHED = "01"
CONFIGURATION = """
[server]
listen = "127.0.0.1:{port}"

[[providers]]
id = "upstream"
adapter = "openai-compatible"
base_url = "http://127.0.0.1:{upstream}/v1"
models = ["m"]

[[providers]]
id = "program"
adapter = "spawn-cli"
dialect = "cli-text"
models = ["program"]
settings = {{ program = "/bin/sh", arguments = ["-c", "for n in 1 2 3 4 5; do echo word; sleep 0.005; done"] }}

[[api_keys]]
id = "churn"
key = "${{env:CHURN_KEY}}"
models = ["*"]
"""


class Gateway:
    """A running gateway."""

    def __init__(self, program: str, folder: str, upstream: int) -> None:
        self.key = "pb-churn-0123456789abcdef0123456789abcdef"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.folder = pathlib.Path(folder)
        text = CONFIGURATION.format(port=self.port, upstream=upstream)
        (self.folder / "patchbay.toml").write_text(text)
        with open(self.folder / "log", "wb") as log:
            self.process = subprocess.Popen(
                [os.path.abspath(program), "serve", "--config", "patchbay.toml"],
                cwd=folder, env={**os.environ, "CHURN_KEY": self.key},
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )

    def is_ready(self) -> bool:
        if self.process.poll() is not None:
            raise AssertionError(f"the gateway ended with {self.process.returncode}")
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            url = f"http://127.0.0.1:{self.port}/health/ready"
            return direct.open(url, timeout=2).status == 200
        except OSError:
            return False

    def resident_mib(self) -> float:
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) / 1024

    def children(self) -> list[int]:
        """Processes whose parent is the gateway."""
        found = []
        for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
            try:
                parent = int(stat.read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            if parent == self.process.pid:
                found.append(int(stat.parent.name))
        return found

    def connections(self, port: int) -> int:
        """Open connections towards a port on loopback."""
        lines = pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]
        remote = f"0100007F:{port:04X}"
        return sum(line.split()[2:4] == [remote, ESTABLISHED] for line in lines)

    def log_end(self) -> str:
        lines = (self.folder / "log").read_text(errors="replace").splitlines()
        return "\n".join(lines[-20:])

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
