"""Keys and certificates that a configuration names are checked before the daemon starts."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from pressrun.config import examine, load_settings
from pressrun.config.generated import example_config

_LEAST = """
data_dir = "data"
base_url = "https://news.example.org"
mail_domain = "news.example.org"
[http]
listen = "127.0.0.1:8080"
[[relay]]
host = "127.0.0.1"
port = 25
"""
_DKIM = '[dkim]\ndomain = "example.org"\nselector = "s1"\nkey_file = "key.pem"\n'
_TLS = '[smtp]\ncertificate_file = "cert.pem"\nkey_file = "key.pem"\n'

PrivateKey = rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey


def _pem(key: PrivateKey, passphrase: bytes = b"") -> bytes:
    lock = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock)


def _certificate(key: ec.EllipticCurvePrivateKey) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.example.org")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(
        issuer_name=name,
        subject_name=name,
        public_key=key.public_key(),
        serial_number=1,
        not_valid_before=now,
        not_valid_after=now + timedelta(days=1),
    )
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


def _found(folder: Path, text: str) -> list[str]:
    path = folder / "config.toml"
    path.write_text(_LEAST + text)
    return [f"{error.key}: {error.actual}" for error in examine(path, {})]


@pytest.fixture(scope="module")
def curve_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def test_rsa_and_ed25519_keys_can_sign(tmp_path: Path) -> None:
    """Several [[dkim]] tables are several signatures; the key itself is never shown."""
    (tmp_path / "rsa.pem").write_bytes(rsa_pem := _pem(rsa.generate_private_key(65537, 2048)))
    (tmp_path / "ed.pem").write_bytes(ed_pem := _pem(ed25519.Ed25519PrivateKey.generate()))
    config = tmp_path / "config.toml"
    tables = [
        _DKIM.replace("[dkim]", "[[dkim]]").replace("key.pem", f"{name}.pem").replace("s1", name)
        for name in ("rsa", "ed")
    ]
    config.write_text(_LEAST + "".join(tables))
    settings = load_settings(config, {})
    assert [(signature.selector, signature.key_pem) for signature in settings.dkim] == [
        ("rsa", rsa_pem),
        ("ed", ed_pem),
    ]
    assert settings.dkim[0].key_file == tmp_path / "rsa.pem"
    assert "PRIVATE" not in repr(settings)


def test_another_kind_of_key_is_refused(tmp_path: Path, curve_key: ec.EllipticCurvePrivateKey) -> None:
    """DKIM has only RSA and Ed25519 (RFC 8301, RFC 8463)."""
    (tmp_path / "key.pem").write_bytes(_pem(curve_key))
    assert _found(tmp_path, _DKIM) == ['dkim.key_file: "key.pem", a key that is neither RSA nor Ed25519']


def test_a_locked_key_is_refused(tmp_path: Path, curve_key: ec.EllipticCurvePrivateKey) -> None:
    """There is nobody to type a passphrase."""
    (tmp_path / "key.pem").write_bytes(_pem(curve_key, b"secret"))
    assert _found(tmp_path, _DKIM) == ['dkim.key_file: "key.pem", a key that is locked by a passphrase']


def test_a_certificate_and_its_key_are_taken(tmp_path: Path, curve_key: ec.EllipticCurvePrivateKey) -> None:
    """A matching pair has no error."""
    (tmp_path / "key.pem").write_bytes(_pem(curve_key))
    (tmp_path / "cert.pem").write_bytes(_certificate(curve_key))
    assert _found(tmp_path, _TLS) == []


def test_a_certificate_with_another_key_is_refused(tmp_path: Path, curve_key: ec.EllipticCurvePrivateKey) -> None:
    """A pair that does not match would fail every handshake."""
    (tmp_path / "key.pem").write_bytes(_pem(ec.generate_private_key(ec.SECP256R1())))
    (tmp_path / "cert.pem").write_bytes(_certificate(curve_key))
    assert _found(tmp_path, _TLS) == ["smtp.certificate_file: a certificate that does not belong to key_file"]


def test_a_locked_certificate_key_never_asks(tmp_path: Path, curve_key: ec.EllipticCurvePrivateKey) -> None:
    """OpenSSL would ask for the passphrase on the terminal; we refuse instead."""
    (tmp_path / "key.pem").write_bytes(_pem(curve_key, b"secret"))
    (tmp_path / "cert.pem").write_bytes(_certificate(curve_key))
    assert ["smtp.certificate_file"] == [error.split(":")[0] for error in _found(tmp_path, _TLS)]


def test_a_file_that_cannot_be_one_is_not_read_whole(tmp_path: Path) -> None:
    """A file of gigabytes is not a key."""
    with (tmp_path / "key.pem").open("wb") as file:
        file.truncate(2 << 20)
    assert _found(tmp_path, _DKIM) == ['dkim.key_file: "key.pem", a file of more than 1 MiB']


def test_a_folder_is_no_key(tmp_path: Path) -> None:
    """The error of the system is shown."""
    (tmp_path / "key.pem").mkdir()
    assert _found(tmp_path, _DKIM) == ['dkim.key_file: "key.pem", a directory']


@pytest.mark.parametrize("name", ["x" * 300, "/x" * 3000, "loop", "loop/x", "config.toml/x"])
def test_no_name_of_a_file_ends_a_check(tmp_path: Path, name: str) -> None:
    """Whatever the system answers to a name, the file is examined to its end, and data_dir gets its own error."""
    (tmp_path / "loop").symlink_to("loop")
    path = tmp_path / "config.toml"
    every = re.sub(r"^# (?=\w+ = |\[)", "", example_config(), flags=re.MULTILINE)
    keys = r"data_dir|socket|\w+_file"
    path.write_text(re.sub(rf'^({keys}) = ".*"', rf'\1 = "{name}"', every, flags=re.MULTILINE))
    actual = {error.key: error.actual for error in examine(path, {"CREDENTIALS_DIRECTORY": str(tmp_path / name)})}
    assert "which cannot be a folder: " in actual["data_dir"]
    assert len([key for key in actual if key.endswith("_file")]) == 8
