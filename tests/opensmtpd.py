"""The real OpenSMTPD as a relay, on loopback: the files of its package, unpacked, in a mount namespace of its own.

Debian installs no two mail servers beside each other, so `.ci/run` only unpacks it. The paths that are compiled into it
are mounted, and its users exist, for its own processes alone. It needs root, as OpenSMTPD does.
"""

from __future__ import annotations

import os
import pwd
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tests.ports import free_port

UNPACKED = Path(os.environ.get("PRESSRUN_OPENSMTPD") or "/var/cache/pressrun-tests/opensmtpd")
PROGRAM = UNPACKED / "usr/sbin/smtpd"

STOP_SECONDS = 10.0
START_SECONDS = 20.0
_PAUSE_SECONDS = 0.05

_CONFIGURATION = """\
filter hard phase rcpt-to match rcpt-to regex {{ "hard-" }} reject "550 5.1.1 there is no such mailbox"
filter soft phase rcpt-to match rcpt-to regex {{ "soft-" }} reject "450 4.2.1 not just now"
filter late phase commit match mail-from regex {{ "^late-" }} reject "554 5.6.0 not that"
filter all chain {{ hard, soft, late }}
listen on 127.0.0.1 port {port} hostname relay.example filter all
action keep mda "{folder}/keep" user nobody virtual {{ "@readers.example" = nobody }}
match from any for domain "readers.example" action keep
match from any for any reject
"""
_KEEP = """\
#!/bin/sh
set -e
file=$(mktemp {folder}/arriving/XXXXXXXX)
{{ printf '%s\\n%s\\n' "$SENDER" "$RECIPIENT"; cat; }} >"$file"
mv "$file" {folder}/arrived/
"""
# Its users are numbers that nothing else has; `nobody` is the system's own.
_START = """\
set -e
printf 'opensmtpd:x:65501:65501::/var/empty:/bin/false\\nopensmtpq:x:65502:65502::/var/empty:/bin/false\\n' |
  cat /etc/passwd - >{folder}/passwd
printf 'opensmtpd:x:65501:\\nopensmtpq:x:65502:\\n' | cat /etc/group - >{folder}/group
mount --bind {folder}/passwd /etc/passwd
mount --bind {folder}/group /etc/group
for place in /usr/libexec /run /var/spool /var/lib; do mount -t tmpfs -o mode=755 tmpfs $place; done
mkdir /usr/libexec/opensmtpd
mount --bind {unpacked}/usr/libexec/opensmtpd /usr/libexec/opensmtpd
mkdir -m 711 /var/spool/smtpd
mkdir -p /var/lib/opensmtpd/empty
exec {program} -d -f {folder}/smtpd.conf
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """One mail that was delivered; `content` is from our first field on, with CRLF line ends."""

    mail_from: str
    rcpt_to: str
    content: bytes


class OpenSmtpd:
    """A context manager; recipients with hard- and soft- are refused and put off, content from late-… is refused.

    `folder` has to be open to everybody: mail is delivered as `nobody`.
    """

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._folder = folder
        for name in ("arriving", "arrived"):
            (folder / name).mkdir()
            os.chown(folder / name, pwd.getpwnam("nobody").pw_uid, -1)
        (folder / "smtpd.conf").write_text(_CONFIGURATION.format(folder=folder, port=self.port), encoding="ascii")
        (folder / "keep").write_text(_KEEP.format(folder=folder), encoding="ascii")
        (folder / "keep").chmod(0o755)

    def __enter__(self) -> Self:
        script = _START.format(folder=self._folder, unpacked=UNPACKED, program=PROGRAM)
        with (self._folder / "log").open("wb") as log:
            self._process = subprocess.Popen(["unshare", "--mount", "sh", "-c", script], stdout=log, stderr=log)
        until = time.monotonic() + START_SECONDS
        while not _listens(self.port):
            if self._process.poll() is not None or time.monotonic() > until:
                self._stop()
                raise AssertionError(f"OpenSMTPD did not start: {self.log()[-3000:]}")
            time.sleep(_PAUSE_SECONDS)
        return self

    def __exit__(self, *exc: object) -> None:
        self._stop()

    def log(self) -> str:
        """What OpenSMTPD has said."""
        return (self._folder / "log").read_text(encoding="utf-8")

    def arrived(self, count: int, seconds: float = 20.0) -> list[Arrived]:
        """All mails, once there are so many; raises AssertionError with the end of the log."""
        until = time.monotonic() + seconds
        while len(paths := list((self._folder / "arrived").iterdir())) < count:
            assert time.monotonic() < until, f"{len(paths)} of {count}: {self.log()[-3000:]}"
            time.sleep(_PAUSE_SECONDS)
        return [_read(path) for path in paths]

    def _stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _listens(port: int) -> bool:
    """Whether somebody listens there; asked of the kernel, so that the relay sees no connection but ours."""
    lines = Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]
    return any(f"0100007F:{port:04X}" == line.split()[1] and line.split()[3] == "0A" for line in lines)


def _read(path: Path) -> Arrived:
    """What our script wrote: the envelope, fields of OpenSMTPD, Received as the last, and our mail; lines end in LF."""
    sender, recipient, *lines = path.read_bytes().split(b"\n")
    received = next(at for at, line in enumerate(lines) if line.startswith(b"Received:"))
    start = next(at for at, line in enumerate(lines) if at > received and not line.startswith(b"\t"))
    return Arrived(mail_from=sender.decode(), rcpt_to=recipient.decode(), content=b"\r\n".join(lines[start:]))
