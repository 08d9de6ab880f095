"""A node of a cluster for acceptance: runs a pod's container as a process of this machine.

Usage: node.py API_URL ADMIN_TOKEN FOLDER

It does of a kubelet what the driver `kubernetes` relies on: takes pods, expands `$(NAME)` in
arguments, gives variables (of Secrets too), says how the container is, keeps its log, serves
`containerLogs` and `attach` (`v5.channel.k8s.io`) to the API server, and ends a pod that is being
deleted, with SIGKILL after its grace. It keeps no limits and isolates nothing: it runs what the
stage `kubernetes` gives it, and never an image. FOLDER is for its certificate.
"""

import asyncio
import base64
import json
import os
import re
import signal
import ssl
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path

import aiohttp
from aiohttp import web

NAME = "node-1"
STDIN, STDOUT, STDERR, STATUS, CLOSE = 0, 1, 2, 3, 255


def now():
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def expand(text, variables):
    """As the kubelet does: `$$` is `$`, a name that is not known stays."""

    def replace(found):
        if found.group(0) == "$$":
            return "$"
        return variables.get(found.group(1), found.group(0))

    return re.sub(r"\$\$|\$\(([^)]*)\)", replace, text)


class Container:
    """A program, what it wrote, and who listens."""

    def __init__(self):
        self.process = None
        self.log = bytearray()
        self.changed = asyncio.Condition()
        self.ended = False
        self.listeners = []

    async def read(self, stream, channel):
        while piece := await stream.read(65536):
            async with self.changed:
                self.log += piece
                self.changed.notify_all()
            for socket in list(self.listeners):
                await socket.send_bytes(bytes([channel]) + piece)

    async def run(self):
        await asyncio.gather(
            self.read(self.process.stdout, STDOUT), self.read(self.process.stderr, STDERR)
        )
        code = await self.process.wait()
        async with self.changed:
            self.ended = True
            self.changed.notify_all()
        for socket in list(self.listeners):
            status = {"metadata": {}, "status": "Success" if code == 0 else "Failure"}
            await socket.send_bytes(bytes([STATUS]) + json.dumps(status).encode())
            await socket.close()
        return code if code >= 0 else 128 - code


class Node:
    def __init__(self, api, session):
        self.api, self.session = api, session
        self.containers, self.tasks = {}, {}

    async def call(self, method, path, body=None, kind="application/json"):
        headers = {"Content-Type": kind}
        data = None if body is None else json.dumps(body)
        async with self.session.request(
            method, self.api + path, data=data, headers=headers
        ) as reply:
            text = await reply.text()
            if reply.status >= 400 and reply.status not in (404, 409):
                raise RuntimeError(f"{method} {path}: {reply.status} {text}")
            return json.loads(text)

    async def register(self, port):
        node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": NAME}}
        await self.call("POST", "/api/v1/nodes", node)
        status = {
            "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
            "conditions": [{"type": "Ready", "status": "True", "lastHeartbeatTime": now()}],
        }
        await self.call(
            "PATCH", f"/api/v1/nodes/{NAME}/status", {"status": status},
            "application/merge-patch+json",
        )

    async def watch(self):
        while True:
            pods = await self.call("GET", "/api/v1/pods")
            for pod in pods["items"]:
                self.see(pod)
            version = pods["metadata"]["resourceVersion"]
            url = f"{self.api}/api/v1/pods?watch=true&resourceVersion={version}"
            async with self.session.get(url) as reply:
                async for line in reply.content:
                    event = json.loads(line)
                    if event["type"] == "ERROR":
                        break
                    if event["type"] != "DELETED":
                        self.see(event["object"])

    def see(self, pod):
        uid, metadata = pod["metadata"]["uid"], pod["metadata"]
        if metadata.get("deletionTimestamp"):
            if (uid, "end") not in self.tasks:
                self.tasks[uid, "end"] = asyncio.create_task(self.end(pod))
        elif uid not in self.tasks:
            self.tasks[uid] = asyncio.create_task(self.start(pod))

    @staticmethod
    def path(pod):
        metadata = pod["metadata"]
        return f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}"

    async def start(self, pod):
        target = {"apiVersion": "v1", "kind": "Node", "name": NAME}
        binding = {"metadata": {"name": pod["metadata"]["name"]}, "target": target}
        await self.call("POST", self.path(pod) + "/binding", binding)
        container = self.containers[pod["metadata"]["name"]] = Container()
        wanted = pod["spec"]["containers"][0]
        variables = await self.variables(pod, wanted)
        command = [expand(text, variables) for text in wanted["command"] + wanted.get("args", [])]
        pipe = subprocess.PIPE
        stdin = pipe if wanted.get("stdin") else subprocess.DEVNULL
        container.process = await asyncio.create_subprocess_exec(
            *command, stdin=stdin, stdout=pipe, stderr=pipe, cwd="/tmp", env=variables,
            start_new_session=True,
        )
        print("started", command, flush=True)
        await self.tell(pod, "Running", {"running": {"startedAt": now()}})
        code = await container.run()
        phase = "Succeeded" if code == 0 else "Failed"
        reason = "Completed" if code == 0 else "Error"
        times = {"startedAt": now(), "finishedAt": now()}
        await self.tell(pod, phase, {"terminated": {"exitCode": code, "reason": reason, **times}})

    async def variables(self, pod, wanted):
        variables = {}
        for one in wanted.get("env", []):
            value = expand(one.get("value", ""), variables)
            if source := one.get("valueFrom", {}).get("secretKeyRef"):
                namespace = pod["metadata"]["namespace"]
                path = f"/api/v1/namespaces/{namespace}/secrets/{source['name']}"
                # The Secret may come after the Job; a kubelet tries again as well.
                while "data" not in (secret := await self.call("GET", path)):
                    await asyncio.sleep(0.05)
                value = base64.b64decode(secret["data"][source["key"]]).decode()
            variables[one["name"]] = value
        return variables

    async def tell(self, pod, phase, state):
        container = {
            "name": "program", "state": state, "image": "", "imageID": "",
            "ready": "running" in state, "restartCount": 0,
        }
        status = {"phase": phase, "containerStatuses": [container], "startTime": now()}
        await self.call(
            "PATCH", self.path(pod) + "/status", {"status": status},
            "application/merge-patch+json",
        )

    async def end(self, pod):
        container = self.containers.get(pod["metadata"]["name"])
        if container and container.process and container.process.returncode is None:
            group = container.process.pid
            kill_group(group, signal.SIGTERM)
            try:
                grace = pod["metadata"].get("deletionGracePeriodSeconds", 0)
                await asyncio.wait_for(container.process.wait(), max(grace, 1))
            except asyncio.TimeoutError:
                kill_group(group, signal.SIGKILL)
            print("ended", pod["metadata"]["name"], flush=True)
        await self.call("DELETE", self.path(pod) + "?gracePeriodSeconds=0")

    async def logs(self, request):
        container = self.containers[request.match_info["pod"]]
        response = web.StreamResponse()
        await response.prepare(request)
        sent = 0
        while True:
            async with container.changed:
                await container.changed.wait_for(
                    lambda: container.ended or len(container.log) > sent
                )
                piece, ended = bytes(container.log[sent:]), container.ended
            sent += len(piece)
            await response.write(piece)
            if ended or "follow" not in request.query:
                return response

    async def attach(self, request):
        container = self.containers[request.match_info["pod"]]
        socket = web.WebSocketResponse(protocols=["v5.channel.k8s.io"], max_msg_size=1 << 20)
        await socket.prepare(request)
        container.listeners.append(socket)
        stdin = container.process.stdin
        async for message in socket:
            if message.type != aiohttp.WSMsgType.BINARY or not message.data:
                continue
            channel, payload = message.data[0], message.data[1:]
            if channel == STDIN:
                stdin.write(payload)
                await stdin.drain()
            elif channel == CLOSE and payload == bytes([STDIN]):
                stdin.close()
        # `stdinOnce`
        stdin.close()
        container.listeners.remove(socket)
        return socket


def kill_group(group, number):
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        pass


def certificate(folder):
    key, cert = folder / "node.key", folder / "node.crt"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert,
         "-days", "2", "-subj", "/CN=node"],
        check=True, capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return context


async def main(api, token, folder):
    # A cluster of one test: its certificate is made anew each time.
    unchecked = aiohttp.TCPConnector(ssl=False)
    headers = {"Authorization": f"Bearer {token}"}
    timeout = aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(
        connector=unchecked, headers=headers, timeout=timeout, read_bufsize=1 << 20
    ) as session:
        node = Node(api, session)
        application = web.Application()
        application.router.add_get("/containerLogs/{namespace}/{pod}/{container}", node.logs)
        application.router.add_get("/attach/{namespace}/{pod}/{container}", node.attach)
        runner = web.AppRunner(application)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=certificate(Path(folder)))
        await site.start()
        await node.register(site._server.sockets[0].getsockname()[1])
        print("ready", flush=True)
        await node.watch()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
