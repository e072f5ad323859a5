"""The container image, built by buildah from the Containerfile, and containers of it as compose.yaml describes them.

The base is the bare Debian of `.ci/run`, so that nothing is fetched from a registry. A container has a process table
and mounts of its own, a root file system that cannot be written to, one volume, and a user without any privilege. Its
network is the host's, so that a sink on loopback is a relay for it.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
from pathlib import Path
from typing import Any

import msgspec
from tests.packaging.debian_root import ROOT

TOP = Path(__file__).parent.parent.parent
BASE, IMAGE, CONTAINER = "localhost/pressrun-base", "localhost/pressrun", "pressrun-working"
VOLUME = "/var/lib/pressrun"
_CONTAINERS = "containers.conf"
_CONFIGURATION = "[containers]\ndefault_ulimits = []\n"  # the limits of the tests' own process
# `exec` by `unshare --fork --pid` makes the program process 1, as in a container.
_ENTER = """\
set -e
mount --make-rprivate /
mount --bind {root} {root}
mount -o remount,bind,ro {root}
mount --bind {volume} {root}{place}
mount -t tmpfs -o mode=1777 tmpfs {root}/tmp
mount -t proc proc {root}/proc
mount --bind /dev/null {root}/dev/null
exec chroot {root} setpriv --reuid={user} --regid={user} --clear-groups --no-new-privs --bounding-set=-all \\
  --inh-caps=-all env -i {environment} sh -c 'cd {place} && exec "$@"' sh "$@"
"""


def build(folder: Path, package: Path) -> None:
    """Build it in `folder` from this package, and make a container of it."""
    (folder / _CONTAINERS).write_text(_CONFIGURATION, encoding="ascii")
    context = folder / "context"
    (context / "dist" / "deb").mkdir(parents=True)
    shutil.copy(package, context / "dist" / "deb")
    bare = _buildah(folder, "from", "--pull-never", "scratch").strip()
    _buildah(folder, "add", "--quiet", bare, str(ROOT), "/")
    _buildah(folder, "commit", "--quiet", "--rm", bare, BASE)
    _buildah(
        folder,
        "build",
        "--isolation=chroot",
        "--network=host",
        "--format=docker",
        "--pull-never",
        *(f"--ulimit={name}={soft}:{hard}" for name, (soft, hard) in _limits().items()),
        f"--build-arg=BASE={BASE}",
        f"--file={TOP / 'packaging' / 'container' / 'Containerfile'}",
        f"--tag={IMAGE}",
        str(context),
    )
    _buildah(folder, "from", "--pull-never", f"--name={CONTAINER}", IMAGE)


class Image:
    """The one in `folder`, of which all that uses it changes nothing."""

    def __init__(self, folder: Path) -> None:
        described = msgspec.json.decode(_buildah(folder, "inspect", CONTAINER))
        self.settings: dict[str, Any] = described["Docker"]["config"]
        self.root = Path(_buildah(folder, "mount", CONTAINER).strip())

    def new_volume(self, folder: Path) -> Path:
        """A volume as an engine makes it: with what lies in the image at that place, and its owners."""
        subprocess.run(["cp", "--archive", f"{self.root}{VOLUME}", folder], check=True)
        return folder

    def command(self, volume: Path, *words: str) -> list[str]:
        """What starts the program of the image with these words in a container with this volume."""
        settings = self.settings
        owner = volume.stat()
        script = _ENTER.format(
            root=self.root,
            volume=volume,
            place=settings["WorkingDir"],
            user=owner.st_uid,
            environment=" ".join(f"'{variable}'" for variable in settings["Env"]),
        )
        unshare = ("unshare", "--mount", "--pid", "--fork", "--kill-child=SIGKILL")
        return [*unshare, "sh", "-c", script, "sh", *words]

    def run(self, volume: Path, *words: str) -> str:
        """What a command of the program prints; fails with what it says unless it succeeds."""
        command = self.command(volume, *self.settings["Entrypoint"], *words)
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout


def _buildah(folder: Path, *words: str) -> str:
    # This driver mounts nothing, so whoever removes the folder has removed it all.
    store = ("--root", folder / "store", "--runroot", folder / "run", "--storage-driver", "vfs")
    environment = {**os.environ, "CONTAINERS_CONF": str(folder / _CONTAINERS)}
    done = subprocess.run(
        ["buildah", *store, *words], env=environment, capture_output=True, text=True, check=False, timeout=800
    )
    assert done.returncode == 0, f"{words}: {done.stdout[-1000:]}{done.stderr[-2000:]}"
    return done.stdout


def _limits() -> dict[str, tuple[int, int]]:
    """Those of this process: only a machine's own root could raise them."""
    return {
        name: resource.getrlimit(limit)
        for name, limit in (("nofile", resource.RLIMIT_NOFILE), ("nproc", resource.RLIMIT_NPROC))
    }
