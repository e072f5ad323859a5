"""nginx, Caddy and Apache in front of a daemon, configured by the very examples of docs/how-to/web-server.md.

Only what an operator would change is replaced in them: the name, the addresses, and where the certificate lies.
"""

from __future__ import annotations

import os
import re
import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.instance import HOST, until
from tests.ports import free_port

DOCS = Path(__file__).parents[2] / "docs" / "how-to" / "web-server.md"
_NAME, _UPSTREAM = "news.example.org", "127.0.0.1:8080"
# What an operator who overlooks them leaves out: then the daemon keeps the pages to itself all the same.
_GUARDS = re.compile(
    r"^\s*(?:location ~ |@inside |respond @inside ).*\n|^\s*<LocationMatch .*\n.*\n\s*</LocationMatch>\n", re.MULTILINE
)
_APACHE = Path("/etc/apache2")  # Debian's: with the modules that are enabled there at first


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """Where it listens on loopback, IPv4 and IPv6."""

    http_port: int
    https_port: int

    def connect(self, *, source: str = "127.0.0.1", protocols: tuple[str, ...] = ("http/1.1",)) -> ssl.SSLSocket:
        """A connection to its HTTPS from a client's address."""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_alpn_protocols(list(protocols))
        family, own = (socket.AF_INET6, "::1") if ":" in source else (socket.AF_INET, "127.0.0.1")
        with ExitStack() as stack:
            line = stack.enter_context(socket.socket(family))
            line.settimeout(20)
            line.bind((source, 0))
            line.connect((own, self.https_port))
            stack.pop_all()
            return context.wrap_socket(line, server_hostname=HOST)

    def ask(self, request: bytes, *, source: str = "127.0.0.1") -> bytes:
        """Everything that comes back."""
        with self.connect(source=source) as line:
            with suppress(ConnectionError, ssl.SSLError):  # it does not read on where it has refused
                line.sendall(request)
            return _rest(line)

    def ask_plain(self, request: bytes) -> bytes:
        """The same on the port without TLS."""
        with socket.create_connection(("::1", self.http_port), timeout=20) as line:
            line.sendall(request)
            return _rest(line)


def _rest(line: socket.socket) -> bytes:
    answer = b""
    with suppress(ConnectionError, ssl.SSLError):
        while data := line.recv(65536):
            answer += data
    return answer


def example(language: str) -> str:
    """The example of docs/how-to/web-server.md, word for word."""
    examples = re.findall(rf"^```{language}\n(.*?)^```", DOCS.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert len(examples) == 1, f"docs/how-to/web-server.md has {len(examples)} examples for {language}"
    return str(examples[0])


@contextmanager
def nginx(folder: Path, upstream: int, *, is_guarded: bool = True) -> Iterator[Proxy]:
    """nginx with the example as a file of `sites-enabled`."""
    proxy = Proxy(http_port=free_port(), https_port=free_port())
    _make_certificate(folder)
    site = _adapted("nginx", upstream, is_guarded=is_guarded)
    for port, own in ((80, proxy.http_port), (443, proxy.https_port)):
        site = site.replace(f"listen {port}", f"listen 127.0.0.1:{own}")
        site = site.replace(f"listen [::]:{port}", f"listen [::1]:{own}")
    site = site.replace(f"/etc/letsencrypt/live/{HOST}/", f"{folder}/")
    folders = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    places = "".join(f"{name}_temp_path {folder / name};\n" for name in folders)
    user = "user root;\n" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(
        f"{user}daemon off;\nworker_processes 1;\npid {folder}/pid;\nerror_log {folder}/error.log;\n"
        f"events {{}}\nhttp {{\naccess_log off;\n{places}{site}}}\n",
        encoding="utf-8",
    )
    yield from _running(["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")], folder, proxy)


@contextmanager
def caddy(folder: Path, upstream: int, *, is_guarded: bool = True) -> Iterator[Proxy]:
    """Caddy with the example and a certificate of its own making."""
    proxy = Proxy(http_port=free_port(), https_port=free_port())
    options = (
        f"{{\nadmin off\nlocal_certs\nskip_install_trust\nhttp_port {proxy.http_port}\n"
        f"https_port {proxy.https_port}\ndefault_bind 127.0.0.1 ::1\nservers {{\nprotocols h1 h2\n}}\n}}\n"
    )
    (folder / "Caddyfile").write_text(options + _adapted("caddy", upstream, is_guarded=is_guarded), encoding="utf-8")
    command = ["caddy", "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]
    yield from _running(command, folder, proxy)


@contextmanager
def apache(folder: Path, upstream: int, *, is_guarded: bool = True) -> Iterator[Proxy]:
    """Apache with the example as a file of `sites-enabled`, and with the modules that the page enables."""
    proxy = Proxy(http_port=free_port(), https_port=free_port())
    _make_certificate(folder)
    site = _adapted("apache", upstream, is_guarded=is_guarded).replace(f"/etc/letsencrypt/live/{HOST}/", f"{folder}/")
    listening = ""
    for port, own in ((80, proxy.http_port), (443, proxy.https_port)):
        site = site.replace(f"*:{port}>", f"*:{own}>")
        listening += f"Listen 127.0.0.1:{own}\nListen [::1]:{own}\n"
    modules = f"Include {_APACHE}/mods-enabled/*.load\nInclude {_APACHE}/mods-enabled/*.conf\n"
    for name in ("socache_shmcb", "ssl", "proxy", "proxy_http", "http2"):
        modules += f"Include {_APACHE}/mods-available/{name}.load\n"
    user = "User www-data\nGroup www-data\n" if os.geteuid() == 0 else ""
    (folder / "apache.conf").write_text(
        f"ServerRoot {_APACHE}\nPidFile {folder}/pid\nErrorLog {folder}/error.log\n{user}{listening}{modules}{site}",
        encoding="utf-8",
    )
    yield from _running(["apache2", "-D", "FOREGROUND", "-f", str(folder / "apache.conf")], folder, proxy)


PROXIES: dict[str, Callable[..., AbstractContextManager[Proxy]]] = {"nginx": nginx, "caddy": caddy, "apache": apache}
PROGRAMS = {"nginx": "nginx", "caddy": "caddy", "apache": "apache2"}


def _make_certificate(folder: Path) -> None:
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    names = ["-subj", "/CN=news", "-addext", f"subjectAltName=DNS:{HOST}", "-days", "2"]
    files = ["-keyout", f"{folder}/privkey.pem", "-out", f"{folder}/fullchain.pem"]
    subprocess.run([*command, *names, *files], check=True, capture_output=True)


def _adapted(language: str, upstream: int, *, is_guarded: bool) -> str:
    text = example(language)
    assert _UPSTREAM in text
    text = text.replace(_UPSTREAM, f"127.0.0.1:{upstream}").replace(_NAME, HOST)
    return text if is_guarded else _GUARDS.sub("", text)


def _running(command: list[str], folder: Path, proxy: Proxy) -> Iterator[Proxy]:
    environment = {"PATH": f"{os.environ['PATH']}:/usr/sbin", "HOME": str(folder), "XDG_DATA_HOME": str(folder)}
    log = folder / "proxy.log"
    with log.open("wb") as file, subprocess.Popen(command, env=environment, stdout=file, stderr=file) as process:
        try:

            def is_ready() -> bool:
                assert process.poll() is None, log.read_text(encoding="utf-8")
                try:
                    proxy.connect().close()
                    socket.create_connection(("::1", proxy.http_port), timeout=20).close()
                except OSError:
                    return False
                return True

            until(is_ready)
            yield proxy
        finally:
            process.terminate()
