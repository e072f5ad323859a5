"""A Debian of its own, bare but for systemd and the libraries that the package wants: booted, and thrown away.

`.ci/run` makes the folder by debootstrap; what is written is kept in memory, above it. The network is the host's, so
that a sink on loopback is a relay for it.
"""

from __future__ import annotations

import os
from pathlib import Path

from tests.e2e.booted import Machine

ROOT = Path(os.environ.get("PRESSRUN_DEBIAN", "/var/cache/pressrun-tests/debian"))

# As systemd wants a machine, with nothing of the host's in sight but loopback and the devices that hold no data.
_BOOT = """\
set -e
mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs /mnt
mkdir /mnt/upper /mnt/work /mnt/machine
mount -t overlay overlay -o lowerdir={root},upperdir=/mnt/upper,workdir=/mnt/work /mnt/machine
cp {packages}/*.deb /mnt/machine/var/cache/
cd /mnt/machine
mount -t proc proc proc
mount --rbind /sys sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
for name in run tmp dev; do mount -t tmpfs -o mode=755 tmpfs $name; done
chmod 1777 tmp
for name in null zero full random urandom tty; do touch dev/$name && mount --bind /dev/$name dev/$name; done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
mount -t tmpfs tmpfs dev/shm
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
pivot_root . mnt
umount -l /mnt
mount --make-rshared /
umask 022
cat >/etc/systemd/system/tests.target <<END
[Unit]
Requires=basic.target
After=basic.target
END
ln -s /dev/null /etc/systemd/system/systemd-modules-load.service
export PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive
exec env -i container=tests PATH=$PATH /lib/systemd/systemd --system --unit=tests.target --log-target=journal \\
  --show-status=no
"""


class DebianRoot(Machine):
    """A context manager; the packages lie in /var/cache, none of them installed."""

    def __init__(self, folder: Path, packages: Path) -> None:
        script = _BOOT.format(root=ROOT, packages=packages)
        super().__init__(folder, script, ("/usr/bin/pressrun",))

    def install(self, name: str) -> str:
        """Install or upgrade to a package of /var/cache with what is in the root alone."""
        return self.apt("install", f"/var/cache/{name}")

    def apt(self, *words: str) -> str:
        """What apt-get says."""
        apt = ("apt-get", "--quiet", "--yes", "--no-install-recommends")
        return self.run("env", "DEBIAN_FRONTEND=noninteractive", *apt, *words)
