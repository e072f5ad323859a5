"""What some tests need of the machine, and how to install it; which of it makes a test slow."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests import litestream, node_packages, opensmtpd, peers_root, postgresql
from tests.e2e import under_unit
from tests.packaging import debian_root

EXIM = Path(os.environ.get("PRESSRUN_EXIM") or "/var/cache/pressrun-tests/exim") / "usr/sbin/exim4"
_PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"


@dataclass(frozen=True, kw_only=True, slots=True)
class Need:
    """Something that a test is marked with: `@pytest.mark.needs("nginx")`."""

    is_here: Callable[[], bool]
    install: str
    is_slow: bool = False  # tests with it run only in `make check-thorough`


def _program(name: str, packages: str = "", *, is_slow: bool = False) -> Need:
    return Need(
        is_here=lambda: shutil.which(name, path=_PATH) is not None,
        install=f"apt-get install {packages or name}",
        is_slow=is_slow,
    )


def _has_libseccomp() -> bool:
    try:
        ctypes.CDLL(under_unit.LIBRARY)
    except OSError:
        return False
    return True


def _has_namespaces() -> bool:
    """Whether a test may have a machine of its own: root, where the kernel allows it."""
    unshared = ["unshare", "--mount", "--net", "--pid", "--fork", "--ipc", "--uts", "true"]
    return os.getuid() == 0 and subprocess.run(unshared, check=False, capture_output=True).returncode == 0


def _node(package: str) -> Need:
    return Need(
        is_here=lambda: node_packages.has(package),
        install="with node and npm: .ci/run, which installs it",
        is_slow=True,
    )


def _unpacked(program: Path) -> Need:
    """A mail server that cannot be installed beside another, only unpacked, and whose paths want a mount namespace."""
    return Need(
        is_here=lambda: program.exists() and _has_namespaces(),
        install="as root: .ci/run, which unpacks it",
        is_slow=True,
    )


NEEDS = {
    "age": _program("age"),
    "apache2": _program("apache2", is_slow=True),
    "borg": _program("borg", "borgbackup"),
    "ansible": _program("ansible-playbook", "ansible-core", is_slow=True),
    "ansible-lint": _program("ansible-lint", is_slow=True),
    "buildah": _program("buildah", is_slow=True),
    "caddy": _program("caddy", is_slow=True),
    "cc": _program("cc", "gcc libc6-dev"),
    "chromium": _program("chromium", is_slow=True),
    "debhelper": _program("dh_python3", "debhelper dh-python pybuild-plugin-pyproject python3-hatchling", is_slow=True),
    "debian-root": Need(
        is_here=(debian_root.ROOT / "usr/bin/apt-get").exists, install="as root: .ci/run, which makes it", is_slow=True
    ),
    "fish": _program("fish"),
    "fuser": _program("fuser", "psmisc"),
    "curl": _program("curl"),
    "jq": _program("jq"),
    "libseccomp": Need(is_here=_has_libseccomp, install="apt-get install libseccomp2", is_slow=True),
    "mailman3": _program("mailman", "mailman3", is_slow=True),
    "lintian": _program("lintian", is_slow=True),
    "mandoc": _program("mandoc"),
    **{
        f"litestream-{version}": Need(
            is_here=litestream.program(version).exists, install=".ci/run, which unpacks it", is_slow=True
        )
        for version in litestream.VERSIONS
    },
    "mlmmj": _program("mlmmj-sub", "mlmmj", is_slow=True),
    "peers": Need(
        is_here=(peers_root.ROOT / "usr/lib/sympa/bin/sympa.pl").exists,
        install="as root: .ci/run, which makes a root with Sympa, MariaDB and PHP",
        is_slow=True,
    ),
    "listmonk-schema": Need(
        is_here=peers_root.LISTMONK.exists,
        install="schema.sql of listmonk v6.2.0, as " + str(peers_root.LISTMONK),
        is_slow=True,
    ),
    "phplist-schema": Need(
        is_here=peers_root.PHPLIST.exists,
        install="public_html/lists/admin/structure.php of phpList v3.7.0-RC1, as " + str(peers_root.PHPLIST),
        is_slow=True,
    ),
    "nginx": _program("nginx", is_slow=True),
    "n8n-openapi-node": _node("@devlikeapro/n8n-openapi-node"),
    "oidc-provider": _node("oidc-provider"),
    "openssl": _program("openssl"),
    "restic": _program("restic"),
    "visudo": _program("visudo", "sudo"),
    "zstd": _program("zstd"),
    "opensmtpd": _unpacked(opensmtpd.PROGRAM),
    "exim": _unpacked(EXIM),
    "namespaces": Need(is_here=_has_namespaces, install="run the tests as root, where it may make namespaces"),
    "postfix": _program("postfix", is_slow=True),
    "postgresql": Need(is_here=postgresql.is_here, install="apt-get install postgresql"),
    "prometheus": _program("prometheus", is_slow=True),
    "root": Need(is_here=lambda: os.geteuid() == 0, install="run the tests as root"),
    "spamassassin": _program("spamassassin", is_slow=True),
    "systemd-analyze": _program("systemd-analyze", "systemd"),
    "zsh": _program("zsh"),
}
SLOW = "slow: make check-thorough runs it"


def missing(name: str) -> str | None:
    """Why a test that needs this cannot run here, with the line that helps."""
    need = NEEDS[name]
    return None if need.is_here() else f"{name} is missing: {need.install}"
