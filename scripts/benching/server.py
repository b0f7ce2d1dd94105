"""A server that responds at once, in a process of its own: nginx where it is installed, else a small one of asyncio."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from attrs import frozen

from benching.answers import bodies

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

HERE = Path(__file__).resolve()
Engine = Literal["nginx", "asyncio"]
_PATIENCE = 15.0  # seconds in which a server must begin to answer
_LENGTH = re.compile(rb"\ncontent-length: *(\d+)", re.IGNORECASE)
_CLOSE = re.compile(rb"\nconnection: *close\r", re.IGNORECASE)  # RFC 9112, section 9.6
_NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"

# One process and no master: whoever ends it ends all of it. Nothing is logged, and no connection is ever too old.
_CONFIGURATION = """
daemon off;
master_process off;
worker_processes 1;
pid nginx.pid;
error_log stderr error;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    server_tokens off;
    default_type application/json;
    keepalive_requests 1000000000;
    keepalive_timeout 3600s;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    server {{
        listen 127.0.0.1:{port} backlog=1024;
{locations}
        location / {{ return 404 '{{}}'; }}
    }}
}}
"""


class ServerError(Exception):
    """No server could be started."""


@frozen
class Server:
    """A running server: its name and its address."""

    name: str
    url: str


def nginx() -> str | None:
    """Return the path of nginx, which is often not in a user's own PATH."""
    return shutil.which("nginx", path=f"{os.environ.get('PATH', '')}{os.pathsep}/usr/sbin{os.pathsep}/usr/local/sbin")


def configuration(port: int) -> str:
    """Return the configuration of nginx."""
    locations = (
        f"        location = {path} {{ return 200 '{_quoted(body.decode())}'; }}" for path, body in bodies().items()
    )
    return _CONFIGURATION.format(port=port, locations="\n".join(locations))


def _quoted(text: str) -> str:
    if "$" in text:
        raise ServerError("nginx would take a dollar for the beginning of a variable")
    return text.replace("\\", "\\\\").replace("'", "\\'")


@contextmanager
def serving(engine: Engine | None = None) -> Generator[Server]:
    """Run a server: the one that is asked for, or the fastest that is installed."""
    program = nginx() if engine != "asyncio" else None
    if engine == "nginx" and not program:
        raise ServerError("nginx is not installed: apt-get install nginx-light")
    with tempfile.TemporaryDirectory(prefix="thanksio-bench-") as folder:
        port = _free_port()
        process = _start_nginx(program, Path(folder), port) if program else _start_own(port)
        try:
            _await(process, port)
            yield Server(_version(program) if program else "asyncio", f"http://127.0.0.1:{port}")
        finally:
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _start_nginx(program: str, folder: Path, port: int) -> subprocess.Popen[bytes]:
    path = folder / "nginx.conf"
    path.write_text(configuration(port), "utf-8")
    return subprocess.Popen([program, "-e", "stderr", "-p", str(folder), "-c", str(path)], stdin=subprocess.DEVNULL)


def _start_own(port: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "benching.server", str(port)]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, cwd=HERE.parent.parent)


def _await(process: subprocess.Popen[bytes], port: int) -> None:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise ServerError(f"the server did not begin to answer: {process.args!r}")


def _version(program: str) -> str:
    said = subprocess.run([program, "-v"], capture_output=True, text=True, check=False, timeout=10).stderr
    return said.rpartition(" ")[2].strip() or "nginx"


class Answering(asyncio.Protocol):
    """Responds to each request of a connection by its path, and closes the connection if the request asks for that."""

    def __init__(self, answers: Mapping[bytes, bytes]) -> None:
        self.answers = answers
        self.received = b""
        self.transport: asyncio.WriteTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.WriteTransport)  # noqa: S101 - of a stream socket it is
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Respond to each request that is complete."""
        self.received += data
        while (head := self.received.find(b"\r\n\r\n")) >= 0:
            length = _LENGTH.search(self.received, 0, head + 2)
            end = head + 4 + (int(length[1]) if length else 0)
            if len(self.received) < end:
                return
            path, closes = self.received.split(b" ", 2)[1], _CLOSE.search(self.received, 0, head + 2)
            self.received = self.received[end:]
            answer = self.answers.get(path, _NOT_FOUND)
            if closes:
                self.transport.write(answer.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
                self.transport.close()
                return
            self.transport.write(answer)


async def serve(port: int) -> None:
    """Respond until the process is ended."""
    answers = {  # made once: a contender may open a connection for each request
        path.encode(): b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
        % (len(body), body)
        for path, body in bodies().items()
    }
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Answering(answers), "127.0.0.1", port, backlog=1024)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
