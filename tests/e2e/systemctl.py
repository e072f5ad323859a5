"""The stand-in for systemctl where tests type pages: `systemctl VERB [--now] [UNIT…]`, with one service.

It knows the units that a page has installed below /etc/systemd/system and no others, starts the daemon as the unit of
the service does, with its credentials, and waits until it reports that it is ready. tests/e2e/test_systemd.py has the
real one.
"""

import contextlib
import fnmatch
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

UNITS = Path("/etc/systemd/system")
# Of other packages: a page reloads or restarts them.
OTHERS = {"nginx.service", "caddy.service", "apache2.service", "postfix.service"}
SERVICE = "pressrun.service"
PID, LOG = Path("/run/pressrun.pid"), Path("/run/pressrun.log")
CREDENTIALS = Path("/run/credentials") / SERVICE
PATIENCE_SECONDS = 30.0


def main(verb: str, *words: str) -> None:
    if verb == "daemon-reload":
        return
    if verb == "list-unit-files":  # no socket or timer is enabled where a page asks
        print(SERVICE, "enabled", "enabled")
        return
    if verb == "edit":
        edit(*words)
        return
    units = [unit for word in words if not word.startswith("--") for unit in matching(word)]
    does = {"start", "restart", "reload", "stop"} & {verb} or ({"start"} if "--now" in words else set())
    if verb == "disable" and "--now" in words:
        does = {"stop"}
    if verb not in {"start", "restart", "reload", "stop", "enable", "reenable", "disable"}:
        sys.exit(f"a page uses systemctl {verb}, which its stand-in does not know")
    if SERVICE in units:
        for action in does:
            {"start": start, "restart": restart, "reload": reload, "stop": stop}[action]()


def matching(word: str) -> list[str]:
    """The units of a name or pattern; ends where there is none."""
    name = word if "." in word else f"{word}.service"
    units = [unit for unit in (*OTHERS, *(path.name for path in UNITS.iterdir())) if fnmatch.fnmatch(unit, name)]
    return units or sys.exit(f"Unit {name} not found.")


def edit(drop_in: str, source: str, unit: str) -> None:
    """`edit --drop-in=NAME --stdin UNIT`."""
    assert source == "--stdin"
    (name,) = matching(unit)
    path = UNITS / f"{name}.d" / f"{drop_in.removeprefix('--drop-in=')}.conf"
    path.parent.mkdir(exist_ok=True)
    path.write_text(sys.stdin.read())
    if shutil.which("systemd-analyze"):
        subprocess.run(["systemd-analyze", "verify", "--man=no", UNITS / name], check=True)


def running() -> int | None:
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        os.kill(number := int(PID.read_text()), 0)
        return number
    return None


def start() -> None:
    if running():
        return
    CREDENTIALS.mkdir(parents=True, exist_ok=True)
    for path in UNITS.glob(f"{SERVICE}.d/*.conf"):
        for name, source in re.findall(r"(?m)^LoadCredential=([^:]+):(.+)$", path.read_text()):
            shutil.copy(source, CREDENTIALS / name)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified, LOG.open("a") as log:
        notified.bind("\0ready")
        notified.settimeout(PATIENCE_SECONDS)
        environment = {**os.environ, "NOTIFY_SOCKET": "@ready", "CREDENTIALS_DIRECTORY": str(CREDENTIALS)}
        program = (UNITS / SERVICE).read_text().partition("\nExecStart=")[2].split()[0]
        child = subprocess.Popen([program, "serve"], env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        PID.write_text(str(child.pid))
        while b"READY=1" not in notified.recv(4096).split(b"\n"):
            pass


def stop() -> None:
    number = running()
    if number is None:
        return
    os.kill(number, signal.SIGTERM)
    ends_at = time.monotonic() + PATIENCE_SECONDS
    while running() and time.monotonic() < ends_at:
        time.sleep(0.02)
    PID.unlink()


def restart() -> None:
    stop()
    start()


def reload() -> None:
    subprocess.run(["pressrun", "reload"], check=True, stdout=subprocess.DEVNULL)


main(*sys.argv[1:])
