"""Other mailing-list programs, as Debian packages them, in a root of their own that forgets what was changed.

`.ci/run` makes the root: Sympa, MariaDB and PHP. The files from which listmonk and phpList make their tables, of the
releases named here, are put beside it by hand. Their licences do not allow us to keep them in this repository.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

ROOT = Path(os.environ.get("PRESSRUN_PEERS") or "/var/cache/pressrun-tests/peers")
SCHEMAS = Path(os.environ.get("PRESSRUN_SCHEMAS") or "/var/cache/pressrun-tests/schemas")
LISTMONK = SCHEMAS / "listmonk-6.2.0.sql"
PHPLIST = SCHEMAS / "phplist-3.7.0-RC1.php"

# What is written goes to memory, above the root; nothing but the folder stays.
_ENTER = """\
set -e
mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs /mnt
mkdir /mnt/upper /mnt/work /mnt/root
mount -t overlay overlay -o lowerdir={root},upperdir=/mnt/upper,workdir=/mnt/work /mnt/root
cd /mnt/root
mkdir outside
mount --bind {folder} outside
mount -t proc proc proc
for name in null urandom; do touch dev/$name && mount --bind /dev/$name dev/$name; done
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot . sh -e /outside/script
"""
# The beginning of a script: starts a server of MariaDB and makes a database of this name.
MARIADB = """\
install -d -o mysql -g mysql /run/mysqld
mariadbd --user=mysql --skip-networking >/outside/mariadb.log 2>&1 &
until mariadb-admin --silent ping >/dev/null 2>&1; do sleep 0.1; done
mariadb --execute "create database {0}; grant all on {0}.* to sympa@localhost identified by 'word'"
"""


def run_in_root(folder: Path, script: str) -> str:
    """What a script there prints; it finds the folder as /outside."""
    (folder / "script").write_text(script, encoding="utf-8")
    enter = _ENTER.format(root=ROOT, folder=folder)
    done = subprocess.run(
        ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", enter],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert 0 == done.returncode, done.stderr[-3000:] + done.stdout[-1000:]
    return done.stdout
