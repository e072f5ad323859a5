"""The real Postfix in a folder of its own, wired to Pressrun by the very lines of docs/mail/postfix.md.

Nothing of the system's Postfix is read or touched, and nothing leaves this machine: the one domain with mailboxes is
reader.example, mail for gone.example goes to a host that knows nobody, and all else is refused.
"""

from __future__ import annotations

import email.policy
import os
import pwd
import re
import shutil
import smtplib
import socket
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from pathlib import Path
from typing import Self

from tests.e2e.instance import DOMAIN, Daemon, Instance, until
from tests.ports import free_port

_DOCS = Path(__file__).parent.parent.parent / "docs" / "mail" / "postfix.md"
_SOCKET_UNIT = Path(__file__).parent.parent.parent / "systemd" / "pressrun-lmtp.socket"
_MAIN = """\
compatibility_level = 3.9
queue_directory = {folder}/spool
data_directory = {folder}/data
maillog_file = {folder}/mail.log
maillog_file_prefixes = {folder}
mail_owner = postfix
setgid_group = postdrop
myhostname = mx.reader.example
mydestination =
alias_maps =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtp_dns_support_level = disabled
smtpd_peername_lookup = no
default_transport = error:5.4.4 nothing leaves this machine
virtual_mailbox_domains = reader.example
virtual_mailbox_base = {folder}/mailboxes
virtual_mailbox_maps = static:all/
virtual_minimum_uid = 1
virtual_uid_maps = static:{nobody}
virtual_gid_maps = static:{nobody}
minimal_backoff_time = 1s
maximal_backoff_time = 1s
queue_run_delay = 1s
transport_retry_time = 1s
recipient_delimiter = +
"""
# Whoever comes to the public port is a stranger: nothing is added to their mail.
_MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd -o local_header_rewrite_clients=
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
local unix - n n - - local
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
tlsmgr unix - - n 1000? 1 tlsmgr
postlog unix-dgram n - n - 1 postlogd
"""
# What systemd does before it starts a service that has a socket.
_HAND_OVER = (
    "import os, sys; os.dup2(int(sys.argv[1]), 3); os.environ['LISTEN_PID'] = str(os.getpid()); "
    "os.execvp(sys.argv[2], sys.argv[2:])"
)


def documented(name: str) -> str:
    """The lines that the page gives for a file, by the comment they begin with."""
    blocks = re.findall(r"^```\n# ([^\n]+)\n(.*?)^```$", _DOCS.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    sections = [lines for title, lines in blocks if title == name]
    assert len(sections) == 1, name
    return str(sections[0])


def unit_value(key: str) -> str:
    """What the unit of the LMTP socket says."""
    match = re.search(rf"^{key}=(.*)$", _SOCKET_UNIT.read_text(encoding="utf-8"), re.MULTILINE)
    assert match is not None, key
    return match[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """A mail in a reader's mailbox."""

    to: str
    mail_from: str
    content: bytes

    @property
    def message(self) -> EmailMessage:
        """Read by an independent parser."""
        message = message_from_bytes(self.content, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        return message

    @property
    def text(self) -> str:
        """The text part."""
        body = self.message.get_body(("plain",))
        assert isinstance(body, EmailMessage)
        return str(body.get_content())


class LmtpSocket:
    """The Unix socket that systemd would hold, as its unit says."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.held = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.held.bind(str(path))
        shutil.chown(path, group=unit_value("SocketGroup"))
        path.chmod(int(unit_value("SocketMode"), 8))
        self.held.listen(int(unit_value("Backlog")))
        self.held.set_inheritable(True)

    def start(self, instance: Instance) -> Daemon:
        """Start an instance's daemon with the socket."""
        environment = {"LISTEN_FDS": "1", "LISTEN_FDNAMES": unit_value("FileDescriptorName")}
        prefix = (sys.executable, "-c", _HAND_OVER, str(self.held.fileno()))
        return instance.start(environment=environment, prefix=prefix, descriptors=(self.held.fileno(),))

    def close(self) -> None:
        self.held.close()


class Postfix:
    """A Postfix whose public port is `port` and whose port for what Pressrun sends is `relay_port`."""

    def __init__(self, folder: Path, lmtp: Path, *, nowhere: int) -> None:
        self.folder = folder
        self.port, self.relay_port = free_port(), free_port()
        self.settings: dict[str, str] = {}
        self._lmtp = lmtp
        self._nowhere = nowhere
        nobody = pwd.getpwnam("nobody")
        for name, owner in (("etc", 0), ("spool", 0), ("data", pwd.getpwnam("postfix").pw_uid)):
            (folder / name).mkdir(parents=True)
            os.chown(folder / name, owner, -1)
        (folder / "mailboxes").mkdir()
        os.chown(folder / "mailboxes", nobody.pw_uid, nobody.pw_gid)
        self._configure(_MAIN.format(folder=folder, nobody=nobody.pw_uid))
        (folder / "etc" / "master.cf").write_text(
            _MASTER.format(port=self.port) + self._here(documented("/etc/postfix/master.cf")), encoding="ascii"
        )

    def adopt(self, name: str) -> None:
        """Append documented lines of main.cf."""
        self._configure(self._here(documented(name)))

    def write(self, name: str) -> None:
        """A documented file of its own."""
        (self.folder / "etc" / Path(name).name).write_text(self._here(documented(name)), encoding="ascii")

    def set(self, **settings: str) -> None:
        """Parameters of the test's own; `+` before a value appends, as the page asks of who has a value already."""
        for name, value in settings.items():
            old = self.settings.get(name, "")
            self.settings[name] = f"{old} {value[1:]}".strip() if value.startswith("+") else value

    def _configure(self, lines: str) -> None:
        for line in lines.splitlines():
            name, _, value = line.partition("=")
            self.settings[name.strip()] = value.strip()

    def _here(self, lines: str) -> str:
        """The page's places and names, replaced by ours."""
        for old, new in (
            ("/run/pressrun/lmtp.sock", str(self._lmtp)),
            ("/etc/postfix", str(self.folder / "etc")),
            ("127.0.0.1:10025", f"127.0.0.1:{self.relay_port}"),
            ("news.example.org", DOMAIN),
            (r"example\.org", re.escape(DOMAIN).replace(r"\-", "-")),
        ):
            lines = lines.replace(old, new)
        return lines

    def __enter__(self) -> Self:
        self.set(transport_maps=f"+inline:{{ {{gone.example = smtp:[127.0.0.1]:{self._nowhere}}} }}")
        lines = "".join(f"{name} = {value}\n" for name, value in self.settings.items())
        (self.folder / "etc" / "main.cf").write_text(lines, encoding="ascii")
        self._call("start")
        return self

    def __exit__(self, *exc: object) -> None:
        self._call("stop")

    def _call(self, verb: str) -> None:
        said = self.folder / f"{verb}.txt"  # no pipe: a daemon that is started could keep it open
        with said.open("wb") as out:
            command = ["/usr/sbin/postfix", "-c", str(self.folder / "etc"), verb]
            done = subprocess.run(command, check=False, stdout=out, stderr=out, stdin=subprocess.DEVNULL, timeout=60)
        assert done.returncode == 0, f"{said.read_text()}{self.log()[-4000:]}"

    def log(self) -> str:
        """What Postfix has logged."""
        path = self.folder / "mail.log"
        return path.read_text(encoding="utf-8") if path.exists() else ""

    # ------------------------------------------------------------------ readers

    def send(self, sender: str, recipients: str | Iterable[str], content: bytes, *options: str) -> dict[str, str]:
        """Somebody's mail server brings a mail to the public port; gives those who were refused, and with what."""
        wanted = [recipients] if isinstance(recipients, str) else list(recipients)
        with smtplib.SMTP("127.0.0.1", self.port, "mta.reader.example", timeout=60) as client:
            try:
                refused = client.sendmail(sender, wanted, content, options)
            except smtplib.SMTPRecipientsRefused as problem:
                refused = problem.recipients
        return {address: f"{code} {text.decode()}" for address, (code, text) in refused.items()}

    def mailbox(self, address: str) -> list[Delivered]:
        """What lies in a reader's mailbox."""
        return [mail for mail in self._delivered() if mail.to == address]

    def await_mail(
        self, address: str, wanted: Callable[[Delivered], bool] = lambda _: True, *, count: int = 1
    ) -> list[Delivered]:
        """Wait until so many lie there."""

        def enough() -> list[Delivered] | None:
            mails = [mail for mail in self.mailbox(address) if wanted(mail)]
            return mails if len(mails) >= count else None

        try:
            return until(enough)
        except AssertionError:
            raise AssertionError(f"no mail for {address}:\n{self.log()[-6000:]}") from None

    def _delivered(self) -> list[Delivered]:
        return [_read(path) for path in (self.folder / "mailboxes").glob("*/new/*")]


def _read(path: Path) -> Delivered:
    """What virtual(8) wrote: three fields of its own on top, the mail below, ended by LF."""
    lines = path.read_bytes().split(b"\n", 3)
    own = dict(line.decode().split(": ", 1) for line in lines[:3])
    return Delivered(
        to=own["Delivered-To"],
        mail_from=own["Return-Path"].strip("<>"),
        content=lines[3].replace(b"\n", b"\r\n"),
    )


def mail(body: str, **fields: str) -> bytes:
    """A mail as its reader's program writes it; `In_Reply_To` for In-Reply-To."""
    headers: Mapping[str, str] = {name.replace("_", "-"): value for name, value in fields.items()}
    lines = [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "MIME-Version: 1.0", "", body]).encode()
