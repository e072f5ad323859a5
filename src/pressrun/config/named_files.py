"""Files that the configuration names: passwords, keys and certificates, beside it or as systemd credentials.

Their content is secret: errors never show it, and for passwords not even the name of the file.
"""

from __future__ import annotations

import os
import pwd
import stat
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from pressrun.core.errors import reason_of
from pressrun.core.setting import BadValue, show
from pressrun.message.signatures.primitives import NoKey, load_private_key
from pressrun.operations.opened_files import UnfitFile, open_named, read_opened

# Where a verb that root runs beside the service finds its secrets: first the stores of LoadCredential=, which the next
# start will hand over, then the credentials of the running service.
_STORES = (Path("/etc/credstore"), Path("/run/credstore"), Path("/run/credentials/pressrun.service"))
_WEAK_RSA_BITS = 1024  # RFC 8301 §3.2
_LARGEST_BYTES = 1 << 20


class NamedFiles(Struct, frozen=True, kw_only=True):
    """Finds the files that a configuration names: relative to its folder, else among the credentials."""

    folder: Path
    environ: Mapping[str, str]

    def find(self, name: str) -> Path | None:
        """The path of a file that exists, or may exist in a folder that this user cannot enter; else None."""
        path = self.folder / name
        try:
            path.stat()
        except PermissionError:
            return path
        except OSError:
            pass
        else:
            return path
        if "/" in name or name in {".", ".."}:
            return None
        return next((store / name for store in self._stores() if _may_enter(store) and _is_file(store / name)), None)

    def _stores(self) -> tuple[Path, ...]:
        directory = self.environ.get("CREDENTIALS_DIRECTORY")
        return (Path(directory),) if directory else _STORES

    def _missing(self, name: str) -> str:
        """The error text for a name that was not found."""
        if "/" in name:
            return "a file that is not there"
        closed = [str(store) for store in self._stores() if not _may_enter(store)]
        hidden = f" ({this_user()} cannot look into {' and '.join(closed)})" if closed else ""
        # A service has the credentials of its start. One that was added since needs a restart.
        later = "; a new credential needs a restart" if "INVOCATION_ID" in self.environ else ""
        return f"no such file and no systemd credential{hidden}{later}"

    def read(self, name: str, expected: str) -> tuple[Path, bytes]:
        """Path and content of a file; raises BadValue that names the file and never shows its content."""
        path = self.find(name)
        if path is None:
            raise BadValue(expected, actual=f"{show(name)}, {self._missing(name)}")
        try:
            return path, read_opened(open_named(path), limit=_LARGEST_BYTES)
        except UnfitFile as problem:
            raise BadValue(expected, actual=f"{show(name)}, {problem}") from None
        except PermissionError:
            raise BadValue(expected, actual=f"{show(name)}, {_closed()}") from None
        except OSError as problem:
            actual = f"{show(name)}, which cannot be read ({reason_of(problem)})"
            raise BadValue(expected, actual=actual) from None


def _may_enter(folder: Path) -> bool:
    """False for a folder that exists and that this user may not enter."""
    try:
        folder.stat()
    except PermissionError:
        return False
    except OSError:
        return True  # what is wrong with it is said where the file is read
    return os.access(folder, os.X_OK, effective_ids=True)


def _is_file(path: Path) -> bool:
    """False for a name that no file can have, too: a secret in place of a name may be long."""
    try:
        return path.is_file()
    except OSError:
        return False


def this_user() -> str:
    """Whom this process acts as, in words."""
    try:
        return f"user {pwd.getpwuid(os.geteuid()).pw_name}"
    except KeyError:
        return f"user {os.geteuid()}"


def _closed() -> str:
    return f"which {this_user()} cannot read"


def is_closed(actual: str) -> bool:
    """Whether an error about a named file says that this user cannot read it."""
    return actual.endswith(_closed())


def read_password(files: NamedFiles, name: str, expected: str) -> str:
    """The one line of a password file; raises BadValue that shows neither name nor content."""
    try:
        _, raw = files.read(name, expected)
        password = raw.decode("utf-8").removesuffix("\n").removesuffix("\r")
    except BadValue as problem:
        # By mistake, the "name" may be the password itself.
        actual = (problem.actual or "").removeprefix(f"{show(name)}, ")
        raise BadValue(expected, actual=actual) from None
    except UnicodeDecodeError:
        raise BadValue(expected, actual="a file that is not UTF-8") from None
    if not password:
        raise BadValue(expected, actual="an empty file")
    if any(character in password for character in "\r\n\0"):
        raise BadValue(expected, actual="a file of several lines")
    return password


def read_dkim_key(files: NamedFiles, name: str, expected: str) -> tuple[Path, bytes]:
    """Path and PEM of a private key that can sign (RFC 8301 §3.2, RFC 8463); raises BadValue."""
    path, pem = files.read(name, expected)
    try:
        key = load_private_key(pem)
    except NoKey as problem:
        raise BadValue(expected, actual=f"{show(name)}, {problem}") from None
    if key.algorithm == "rsa-sha256" and key.bits < _WEAK_RSA_BITS:
        raise BadValue(f"{expected}, of at least 1024 bits", actual=f"{show(name)}, an RSA key of {key.bits} bits")
    return path, pem


def is_open_to_all(path: Path) -> bool:
    """Whether every user of the machine can read a file."""
    return bool(path.stat().st_mode & stat.S_IROTH)


def check_certificate_pair(certificate: Path, key: Path) -> str | None:
    """Why a certificate and its key cannot be used together, or None."""
    import ssl  # noqa: PLC0415 - verbs that read start faster without it, and few configurations name certificates

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(certificate, key, password=lambda: b"")
    except ssl.SSLError as problem:
        if problem.reason == "KEY_VALUES_MISMATCH":
            return "a certificate that does not belong to key_file"
        return "a certificate and a key of which one is not PEM, or is locked by a passphrase"
    except OSError as problem:
        return f"a file that cannot be read ({reason_of(problem)})"
    return None


def check_authorities(path: Path) -> str | None:
    """Why a file of CA certificates cannot be used, or None."""
    import ssl  # noqa: PLC0415 - as above

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(path)
    except ssl.SSLError:
        return "a file without a certificate in PEM"
    except OSError as problem:
        return f"a file that cannot be read ({reason_of(problem)})"
    return None
