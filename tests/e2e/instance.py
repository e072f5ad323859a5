"""A whole instance seen from outside: a configuration in a folder, the real command line, daemon and relay.

Nothing of the program is imported, so tests see only what an operator, a reader or a relay would see.
"""

from __future__ import annotations

import email.policy
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, ClassVar, TypeVar
from urllib.parse import urlencode, urlsplit

from tests.database import select_at
from tests.e2e.fork_server import ForkedProcess, ForkServer
from tests.ports import free_port
from tests.sink import Sink, SinkLine

T = TypeVar("T")

HOST = "news.a-name-that-is-about-as-long-as-any-name-ever-is.example"
DOMAIN = HOST
LIST_ARGUMENTS = ("--title", "The Quay", "--postal-address", "1 Quay Street, Demo")
EDITION = "---\nsubject: High water\n---\n\nDear {{ name | default: reader }},\n\nthe tide is in.\n"
READY_SECONDS = 30.0
STOP_SECONDS = 30.0  # how long the daemon has to drain
_PYTHON = (sys.executable, "-m", "pressrun")
# The same program on the event loop of the standard library.
PLAIN_LOOP = (
    sys.executable,
    "-c",
    "import sys; sys.modules['uvloop'] = None; from pressrun.cli.main import main; main()",
)

assert len(HOST) >= 60, "links to it are longer than a folded header line"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The result of one call of the command line."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The response of a page, with header names in lower case."""

    status: int
    headers: Mapping[str, str]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One message that the relay accepted."""

    mail_from: str
    rcpt_to: str
    content: bytes

    @property
    def message(self) -> EmailMessage:
        """The message as an independent parser reads it."""
        message = message_from_bytes(self.content, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        return message

    @property
    def text(self) -> str:
        """The text part."""
        body = self.message.get_body(("plain",))
        assert isinstance(body, EmailMessage)
        return str(body.get_content())

    def path_of(self, kind: str) -> str:
        """The path of the first link of a kind (`confirm`, `unsubscribe`) in the text."""
        start = f"https://{HOST}/{kind}/"
        where = self.text.index(start)
        return urlsplit(self.text[where:].split()[0].rstrip(">).")).path


class Daemon:
    """`pressrun serve` as a process, which reports its states as it would to systemd."""

    def __init__(
        self,
        start: Callable[[Mapping[str, str], int], subprocess.Popen[bytes] | ForkedProcess],
        folder: Path,
        extra: Mapping[str, str] | None = None,
    ) -> None:
        self.log = folder / "daemon.log"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("")  # an abstract name of the kernel's choice
        name = "@" + self._socket.getsockname()[1:].decode()
        environment = {**plain_environment(), "NOTIFY_SOCKET": name, **(extra or {})}
        with self.log.open("ab") as log:
            self.process = start(environment, log.fileno())

    def await_word(self, word: str, seconds: float = READY_SECONDS) -> str:
        """Wait for the next notification with a line `word`, such as `READY=1`; earlier ones are dropped."""
        ends_at = time.monotonic() + seconds
        self._socket.settimeout(0.05)
        while time.monotonic() < ends_at:
            try:
                text = self._socket.recv(4096).decode()
            except TimeoutError:
                if self.process.poll() is not None:
                    break
                continue
            if word in text.split("\n"):
                return text
        raise AssertionError(f"no {word} (ended with {self.process.poll()}):\n{self.log.read_text()[-4000:]}")

    def reload(self) -> None:
        """Send SIGHUP, and wait until the reload is complete."""
        self.process.send_signal(signal.SIGHUP)
        self.await_word("RELOADING=1")
        self.await_word("READY=1")

    def stop(self, seconds: float = STOP_SECONDS) -> int:
        """Send SIGTERM; returns the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(seconds)
        finally:
            self.close()

    def kill(self) -> None:
        """Send SIGKILL."""
        self.process.kill()
        self.process.wait(10)
        self.close()

    def kill_all(self) -> None:
        """Send SIGKILL to its children and to itself, as when a control group is killed."""
        for number in children(self.process.pid):
            os.kill(int(number), signal.SIGKILL)
        self.kill()

    def close(self) -> None:
        """Leave no process behind, whatever a test did."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)
        self._socket.close()

    def events(self, name: str) -> list[dict[str, Any]]:
        """The log's entries for one event."""
        lines = self.log.read_text(encoding="utf-8").splitlines()
        return [entry for entry in map(json.loads, lines) if entry.get("event") == name]

    def peak_kib(self, helper: str = "") -> int:
        """Peak resident memory so far: the daemon's, or that of the child with `helper` in its command."""
        number = str(self.process.pid)
        if helper:
            number = next(child for child in children(self.process.pid) if helper in command_of(child))
        status = Path(f"/proc/{number}/status").read_text(encoding="ascii")
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:"))


def children(pid: int) -> list[str]:
    """The processes that a process started."""
    return Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()


def command_of(pid: str) -> str:
    """The command line of a process."""
    return Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8").replace("\0", " ")


@dataclass(slots=True, kw_only=True)
class Instance:
    """A folder with a configuration; `tables` are merged into it."""

    folder: Path
    relay_port: int
    tables: dict[str, Any] = field(default_factory=dict)
    server: str | None = None  # the address of its database, if that is not a file
    http_port: int = field(default_factory=free_port)
    smtp_port: int = field(default_factory=free_port)
    program: tuple[str, ...] = _PYTHON
    sink: Sink | None = None
    daemon: Daemon | None = None
    # If set, plain calls and daemons are forked from a process that has imported the program.
    forks: ClassVar[ForkServer | None] = None
    # If set, it makes an empty database for each instance that names no server.
    new_server: ClassVar[Callable[[], str] | None] = None

    def __post_init__(self) -> None:
        if self.server is None and Instance.new_server is not None:
            self.server = Instance.new_server()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.configure(**self.tables)

    @property
    def config(self) -> Path:
        return self.folder / "config.toml"

    @property
    def database(self) -> Path | str:
        """The file of its database, or the address."""
        return self.server or self.database_file

    @property
    def database_file(self) -> Path:
        assert self.server is None, "the database is not a file"
        return self.folder / "data" / "pressrun.sqlite3"

    def configure(self, *, relay: Mapping[str, Any] | None = None, **tables: Mapping[str, Any]) -> None:
        """Write the configuration: defaults for tests, overridden by these tables."""
        lines = [] if self.server is None else [f"database = {json.dumps(self.server)}"]
        lines += [f'data_dir = "data"\nbase_url = "https://{HOST}"\nmail_domain = "{DOMAIN}"']
        all_tables: dict[str, Mapping[str, Any]] = {
            "http": {"listen": f"127.0.0.1:{self.http_port}"},
            "smtp": {"listen": f"127.0.0.1:{self.smtp_port}"},
            "[relay]": {"host": "127.0.0.1", "port": self.relay_port, **(relay or {})},
            "delivery": {"rate": "100000/s", "retry": ["1s"], **tables.pop("delivery", {})},
            **tables,
        }
        for name, keys in all_tables.items():
            lines.append(f"\n[{name}]")
            lines += [f"{key} = {json.dumps(value)}" for key, value in keys.items()]
        self.config.write_text("\n".join(lines) + "\n", encoding="utf-8")

    # ------------------------------------------------------------------ the command line

    def run(self, *arguments: str | Path, stdin: str | None = None, prefix: Sequence[str] = ()) -> Result:
        """Call the command line, whatever the exit code."""
        if self.forks is not None and self.program == _PYTHON and not prefix:
            return self._run_forked(self.forks, arguments, stdin or "")
        done = subprocess.run(
            [*prefix, *self.command(*arguments)],
            check=False,
            cwd=self.folder,
            env=plain_environment(),
            input=stdin or "",
            capture_output=True,
            text=True,
            timeout=600,
        )
        return Result(code=done.returncode, out=done.stdout, err=done.stderr)

    def _run_forked(self, forks: ForkServer, arguments: Sequence[str | Path], stdin: str) -> Result:
        with TemporaryFile() as stdin_file, TemporaryFile() as out, TemporaryFile() as err:
            stdin_file.write(stdin.encode())
            stdin_file.seek(0)
            files = [file.fileno() for file in (stdin_file, out, err)]
            process = forks.start(self._arguments(*arguments), self.folder, plain_environment(), files)
            try:
                code = process.wait(600)
            finally:
                process.kill()
            printed = [os.pread(file, 1 << 26, 0).decode().replace("\r\n", "\n") for file in files[1:]]
        return Result(code=code, out=printed[0], err=printed[1])

    def do(self, *arguments: str | Path, stdin: str | None = None) -> Result:
        """Call the command line; the exit code must be 0."""
        result = self.run(*arguments, stdin=stdin)
        assert result.code == 0, f"{arguments}: {result.code}\n{result.out}{result.err}"
        return result

    def json(self, *arguments: str | Path) -> Any:
        """The document that a call with --json prints."""
        return self.do(*arguments, "--json").json

    def create_list(self, name: str = "news") -> None:
        self.do("list", "create", name, *LIST_ARGUMENTS)

    def import_readers(self, *addresses: str, name: str = "news") -> Any:
        """Import addresses as members, without confirmation."""
        path = self.write("readers.csv", "email\n" + "".join(f"{address}\n" for address in addresses))
        return self.json("subscriber", "import", name, path)

    def write(self, name: str, text: str | bytes) -> Path:
        path = self.folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def send(self, text: str = EDITION, *options: str, name: str = "news") -> Any:
        """Send an edition; returns what `--json` prints."""
        return self.json("send", name, self.write("edition.md", text), "--yes", *options)

    def show(self, edition: int) -> Any:
        return self.json("edition", "show", str(edition))

    # ------------------------------------------------------------------ the daemon

    def start(
        self,
        *,
        environment: Mapping[str, str] | None = None,
        prefix: Sequence[str] = (),
        descriptors: Sequence[int] = (),
    ) -> Daemon:
        """Start the daemon, which inherits `descriptors`, and wait until it is ready."""

        def start(variables: Mapping[str, str], stderr: int) -> subprocess.Popen[bytes] | ForkedProcess:
            if self.forks is not None and self.program == _PYTHON and not (prefix or descriptors or environment):
                with Path(os.devnull).open("rb") as nothing:
                    files = [nothing.fileno(), stderr, stderr]
                    return self.forks.start(self._arguments("serve"), self.folder, variables, files)
            command = [*prefix, *self.command("serve")]
            return subprocess.Popen(command, cwd=self.folder, env=variables, stderr=stderr, pass_fds=descriptors)

        self.daemon = Daemon(start, self.folder, environment)
        self.daemon.await_word("READY=1")
        return self.daemon

    def close(self) -> None:
        if self.daemon is not None:
            self.daemon.close()
        if self.sink is not None:
            self.sink.stop()

    # ------------------------------------------------------------------ readers

    def get(self, path: str) -> Answer:
        return self._ask("GET", path, None, {})

    def post(self, path: str, fields: Mapping[str, str]) -> Answer:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._ask("POST", path, urlencode(fields).encode(), headers)

    def post_multipart(self, path: str, fields: Mapping[str, str]) -> Answer:
        parts = [
            f'--frontier\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in fields.items()
        ]
        body = ("".join(parts) + "--frontier--\r\n").encode()
        return self._ask("POST", path, body, {"Content-Type": "multipart/form-data; boundary=frontier"})

    def ask_api(
        self, method: str, path: str, token: str, body: bytes | None = None, media_type: str = "application/json"
    ) -> Answer:
        """Send a request as a program with this token; `path` is below /api/v1."""
        headers = {"Authorization": f"Bearer {token}", **({} if body is None else {"Content-Type": media_type})}
        return self._ask(method, f"/api/v1/{path}", body, headers)

    def _ask(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.http_port, timeout=20)
        try:
            connection.request(method, path, body, dict(headers))
            response = connection.getresponse()
            headers_by_name = {name.lower(): value for name, value in response.getheaders()}
            return Answer(status=response.status, headers=headers_by_name, text=response.read().decode())
        finally:
            connection.close()

    # ------------------------------------------------------------------ the relay

    def lines(self) -> list[SinkLine]:
        """Everything that the sink has logged."""
        assert self.sink is not None
        return self.sink.lines()

    def accepted(self) -> list[str]:
        """The recipients whose mail was accepted, in order."""
        return [line.rcpt_to for line in self.lines() if line.status == "A"]

    def mails(self) -> list[Mail]:
        """The messages that were accepted, in order."""
        read = [line for line in self.lines() if line.size is not None]
        contents = list(_spooled(self.folder / "mail.spool"))
        return [
            Mail(mail_from=line.mail_from, rcpt_to=line.rcpt_to, content=content)
            for line, content in zip(read, contents, strict=False)
            if line.status == "A"
        ]

    def await_mails(self, count: int, to: str | None = None) -> list[Mail]:
        """Wait until at least `count` mails were accepted, for one recipient if `to` is given."""

        def enough() -> list[Mail] | None:
            mails = [mail for mail in self.mails() if to is None or mail.rcpt_to == to]
            return mails if len(mails) >= count else None

        return until(enough)

    def await_state(self, edition: int, state: str, seconds: float = 20.0) -> Any:
        """Wait until an edition has this state; returns what `edition show` prints."""
        until(lambda: self.rows("select state from edition where id = ?", edition) == [state] or None, seconds)
        return self.show(edition)

    def copies(self, edition: int) -> Counter[str]:
        """How many copies of an edition are in each state."""
        return Counter(self.rows("select state from delivery where edition_id = ?", edition))

    def rows(self, statement: str, *values: str | int) -> list[Any]:
        """Read from the database directly, since calls of the command line would slow the daemon down."""
        return [row[0] if len(row) == 1 else row for row in select_at(self.database, statement, *values)]

    def command(self, *arguments: str | Path) -> list[str]:
        """The command for one call."""
        return [*self.program, *self._arguments(*arguments)]

    def _arguments(self, *arguments: str | Path) -> list[str]:
        return ["--config", str(self.config), *map(str, arguments)]


def until(look: Callable[[], T | None], seconds: float = 20.0) -> T:
    """Poll `look` until it returns something true, since other processes do not announce when they are done."""
    ends_at = time.monotonic() + seconds
    while True:
        result = look()
        if result:
            return result
        assert time.monotonic() < ends_at, f"nothing within {seconds} s"
        time.sleep(0.02)


def plain_environment() -> dict[str, str]:
    """The environment of a process that inherits nothing from the tests."""
    kept = ("PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV")
    return {name: os.environ[name] for name in kept if name in os.environ} | {"PYTHONWARNINGS": "error"}


@contextmanager
def opened_instance(
    folder: Path, sink_program: Path, *sink_options: str, server: str | None = None, **tables: Any
) -> Iterator[Instance]:
    """An instance whose relay is a sink that keeps every message."""
    folder.mkdir(parents=True, exist_ok=True)
    with Sink(sink_program, folder, "--spool", str(folder / "mail.spool"), *sink_options) as sink:
        instance = Instance(folder=folder, relay_port=sink.port, sink=sink, tables=tables, server=server)
        try:
            yield instance
        finally:
            instance.close()


def _spooled(path: Path) -> Iterator[bytes]:
    data, at = path.read_bytes(), 0
    while at < len(data):
        end = data.index(b"\n", at)
        size = int(data[at:end].split()[0])
        yield data[end + 1 : end + 1 + size]
        at = end + 1 + size + 1
