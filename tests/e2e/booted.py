"""A systemd of its own: process 1 of namespaces in which it may do as it likes; what it changes is gone with them.

The host's files are there to be read; what is written below /etc and /var is kept in memory. The network is the host's,
so that a sink on loopback is a relay for it. It needs root, and a kernel that lets it have all that.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Self

from tests.e2e.instance import children, until

SYSTEMD = Path("/lib/systemd/systemd")
UNITS = Path(__file__).parents[2] / "systemd"
SERVICE = "pressrun.service"

_BOOT_SECONDS = 30.0
_COMMAND_SECONDS = 90.0  # more than the unit's own time-outs
_NOT_SET_UP = range(200, 246)  # what systemd ends with when it could not make a service what its unit says
_NAMESPACES = "--pid --mount --mount-proc --cgroup --ipc --uts"

# Mounts are shared as systemd wants them, but with nobody outside: `unshare` has cut that. Then the steps of
# docs/how-to/install.md, with the interpreter that runs the tests in the place of /opt/pressrun, and nothing started
# but what the unit itself needs.
_BOOT = """\
set -e
mount --make-rshared /
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs /run
for name in etc var; do
  mkdir -p /run/kept/$name/upper /run/kept/$name/work
  mount -t overlay overlay -o lowerdir=/$name,upperdir=/run/kept/$name/upper,workdir=/run/kept/$name/work /$name
done
mkdir -p /etc/sysusers.d /etc/tmpfiles.d /etc/systemd/system/{service}.d
install -m 644 {units}/pressrun.sysusers /etc/sysusers.d/pressrun.conf && systemd-sysusers pressrun.conf
install -m 644 {units}/pressrun.tmpfiles /etc/tmpfiles.d/pressrun.conf && systemd-tmpfiles --create pressrun.conf
install -m 644 {units}/{service} {units}/pressrun-*.socket /etc/systemd/system/
cat >/etc/systemd/system/tests.target <<END
[Unit]
DefaultDependencies=no
Wants=systemd-journald.service
END
cat >/etc/systemd/system/{service}.d/tests.conf <<END
[Unit]
DefaultDependencies=no
[Service]
ExecStart=
ExecStart={command} serve
ExecReload=
ExecReload={command} reload
END
container=tests exec {systemd} --system --unit=tests.target --log-target=journal --show-status=no
"""


class CannotBoot(Exception):
    """Not on this machine; says why."""


class Machine:
    """A context manager: a machine that has booted; a shell script makes it and becomes its process 1.

    Raises CannotBoot with what is missing.
    """

    def __init__(self, folder: Path, script: str, program: tuple[str, ...]) -> None:
        self._script = script
        self._program = program
        self._log = folder / "boot.log"
        self._group = _new_group()

    def __enter__(self) -> Self:
        enter = f'echo $$ >{self._group}/cgroup.procs && exec unshare --fork --kill-child {_NAMESPACES} sh -c "$0"'
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                ["sh", "-c", enter, self._script], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        try:
            self._await_boot()
            self._try_out()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        self._end()

    def _await_boot(self) -> None:
        with contextlib.suppress(AssertionError):
            until(lambda: self._process.poll() is not None or self._has_booted(), _BOOT_SECONDS)
        if self._process.poll() is not None or not self._has_booted():
            said = self._log.read_text(encoding="utf-8").strip()[-500:]
            raise CannotBoot(f"no systemd of its own here: {said}")

    def _try_out(self) -> None:
        """Raise CannotBoot if what the machine is for cannot run here."""

    def _has_booted(self) -> bool:
        return bool(children(self._process.pid)) and self._call("systemctl", "is-system-running").returncode == 0

    def _end(self) -> None:
        self._process.kill()  # its child, which is process 1 in there, goes with it, and takes all others along
        self._process.wait()
        until(lambda: "populated 0" in (self._group / "cgroup.events").read_text(encoding="ascii") or None)
        for folder in sorted(self._group.glob("**/"), reverse=True):
            folder.rmdir()

    def _call(self, *command: str) -> subprocess.CompletedProcess[str]:
        [first] = children(self._process.pid)
        return subprocess.run(
            ["nsenter", "--target", first, "--all", *command],
            check=False,
            capture_output=True,
            text=True,
            timeout=_COMMAND_SECONDS,
        )

    # ------------------------------------------------------------------ what is done there

    def run(self, *command: str) -> str:
        """What a command says; raises AssertionError with its errors where it fails."""
        done = self._call(*command)
        assert done.returncode == 0, f"{command}: {done.stderr}\n{self.journal()}"
        return done.stdout

    def pressrun(self, *words: str) -> str:
        """What a verb says, run by root."""
        return self.run(*self._program, *words)

    def path(self, name: str) -> Path:
        """A file in there, as it is reached from here."""
        [first] = children(self._process.pid)
        return Path(f"/proc/{first}/root{name}")

    def drop_in(self, unit: str, text: str) -> None:
        """Change a unit, as `systemctl edit` does."""
        folder = self.path(f"/etc/systemd/system/{unit}.d")
        folder.mkdir(exist_ok=True)
        (folder / "edited.conf").write_text(text, encoding="ascii")
        self.run("systemctl", "daemon-reload")

    def state(self, *names: str) -> tuple[str, ...]:
        """These properties of the service."""
        return tuple(self.run("systemctl", "show", "--value", "--property", name, SERVICE).strip() for name in names)

    def journal(self) -> str:
        """The last lines of the service's log."""
        return self._call("journalctl", "--no-pager", "--output=cat", "--lines=20", f"--unit={SERVICE}").stdout


class Booted(Machine):
    """This machine, with the unit installed and not started."""

    def __init__(self, folder: Path) -> None:
        program = (sys.executable, "-m", "pressrun", "--config", "/etc/pressrun/config.toml")
        script = _BOOT.format(units=UNITS, service=SERVICE, command=" ".join(program), systemd=SYSTEMD)
        super().__init__(folder, script, program)

    def _try_out(self) -> None:
        """Whether the service could run here: its user must reach the program, and the kernel allow its sandbox."""
        as_user = ("setpriv", "--reuid=pressrun", "--regid=pressrun", "--clear-groups")
        tried = self._call(*as_user, *self._program, "--help")
        if tried.returncode != 0:
            raise CannotBoot(f"the user of the service cannot run {sys.executable}: {tried.stderr.strip()[-300:]}")
        self._call("systemctl", "start", SERVICE)  # without a configuration, which it says
        [code] = self.state("ExecMainStatus")
        if int(code) in _NOT_SET_UP:
            raise CannotBoot(f"this kernel does not let systemd set up the unit ({code}): {self.journal()[-500:]}")
        self.run("systemctl", "stop", SERVICE)
        self.run("systemctl", "reset-failed")


def _new_group() -> Path:
    """A control group for what boots: in it, that is the root of all groups."""
    if os.getuid() != 0:
        raise CannotBoot("a systemd of its own needs root")
    mounts = [line.split() for line in Path("/proc/mounts").read_text(encoding="utf-8").splitlines()]
    mount_point = next((Path(mount[1]) for mount in mounts if mount[2] == "cgroup2"), None)
    if mount_point is None:
        raise CannotBoot("no cgroup2 is mounted")
    group = mount_point / f"pressrun-tests-{os.getpid()}"
    try:
        group.mkdir()
    except OSError as problem:
        raise CannotBoot(f"no control group can be made: {problem.strerror}") from problem
    return group
