"""DKIM signatures, with dkimpy as the receiver."""

from __future__ import annotations

import base64
import re
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dkim
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate_ec_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from dkim.canonicalization import Relaxed
from hypothesis import given
from hypothesis import strategies as st
from tests.message.builders import build, edition, profile, site, values
from tests.message.notices.test_notices import NOTICES, copy

from pressrun.message.notices.build import AutoSubmitted, build_notice
from pressrun.message.notices.notice import Notice
from pressrun.message.notices.to_readers import CommandHelp, ListClosed, ListOfLists, NotConfirmed, UnsubscribeLink
from pressrun.message.signatures.dkim import Signer, load_signing_key
from pressrun.message.signatures.primitives import DkimSettings, NoKey
from pressrun.message.signatures.relaxed import canonical_body, canonical_fields
from pressrun.message.signatures.signed_fields import LINE
from pressrun.message.words import ENGLISH

GOLDEN = sorted((Path(__file__).parents[2] / "golden").glob("*.eml"))
ANSWERS: list[Notice] = [
    CommandHelp(),
    ListOfLists(lists=(("Ferry news", "ferry@news.harbour.example"),)),
    UnsubscribeLink(link="https://news.harbour.example/unsubscribe/AAAA.bbbb"),
    NotConfirmed(),
    ListClosed(),
]
NOW = int(time.time())  # dkimpy looks at the clock for t= and x=
LIFETIME = 12 * 86400
LONG_HOST = f"{'h' * 54}.quay.example"
RSA = generate_private_key(public_exponent=65537, key_size=2048)
ED25519 = Ed25519PrivateKey.generate()
RSA_RECORD = b"v=DKIM1; k=rsa; p=" + base64.b64encode(
    RSA.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
)
ED25519_RECORD = b"v=DKIM1; k=ed25519; p=" + base64.b64encode(
    ED25519.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
)


class VerifyKey:
    """What dkimpy asks of PyNaCl, which is not among the tests' requirements."""

    def __init__(self, key: bytes, encoder: object) -> None:
        self._key = Ed25519PublicKey.from_public_bytes(base64.b64decode(key))

    def verify(self, message: bytes, signature: bytes) -> None:
        self._key.verify(signature, message)


@pytest.fixture(autouse=True)
def nacl(monkeypatch: pytest.MonkeyPatch) -> None:
    exceptions = SimpleNamespace(BadSignatureError=InvalidSignature, ValueError=ValueError)
    parts = {"signing": SimpleNamespace(VerifyKey=VerifyKey), "encoding": SimpleNamespace(Base64Encoder=None)}
    monkeypatch.setattr(dkim, "nacl", SimpleNamespace(exceptions=exceptions, **parts), raising=False)


def settings(domain: str = "harbour.example", selector: str = "rsa", key: Any = RSA) -> DkimSettings:
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return DkimSettings(domain=domain, selector=selector, key_file=Path("key.pem"), key_pem=pem)


def signer(*keys: DkimSettings) -> Signer:
    return Signer([load_signing_key(key) for key in keys or (settings(),)], lifetime_seconds=LIFETIME)


BOTH = signer(settings(selector="ed", key=ED25519), settings())
PLAIN = signer()


def verifies(message: bytes, index: int = 0) -> bool:
    """Whether a receiver believes one of the signatures; the records are those of the two keys under any domain."""

    def look_up(name: bytes, timeout: int = 5) -> bytes:
        return ED25519_RECORD if name.startswith(b"ed.") else RSA_RECORD

    try:
        return bool(dkim.DKIM(message).verify(index, dnsfunc=look_up))
    except dkim.DKIMException:
        return False


def signed(message: bytes, by: Signer = PLAIN) -> bytes:
    return by.sign(message, signed_at=NOW) + message


def tags(signature: bytes) -> dict[str, str]:
    """The tags of a signature field."""
    text = re.sub(r"\s", "", signature.decode("ascii").partition(":")[2])
    return dict(tag.split("=", 1) for tag in text.split(";"))


def named(message: bytes) -> list[str]:
    return tags(signed(message)[: -len(message)])["h"].lower().split(":")


MESSAGE = build(edition("Hello {{ name }}")).skeleton.copy(values())


# ---------------------------------------------------------------------- receivers believe it


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_every_kind_of_message_verifies(path: Path) -> None:
    """RSA on top, Ed25519 beside it, each by itself."""
    message = signed(path.read_bytes(), BOTH)
    assert (True, True) == (verifies(message, 0), verifies(message, 1))
    assert ["rsa-sha256", "ed25519-sha256"] == re.findall(r"a=([a-z0-9-]+);", message.decode())


@pytest.mark.parametrize("notice", [*NOTICES, *ANSWERS], ids=lambda notice: type(notice).__name__)
@pytest.mark.parametrize("reason", [AutoSubmitted.GENERATED, AutoSubmitted.REPLIED])
def test_every_notice_verifies(notice: Notice, reason: AutoSubmitted) -> None:
    to = copy(reason, "their.id@other.example")
    message = build_notice(notice, to, words=ENGLISH, site=site(), profile=profile())
    message = signed(message, BOTH)
    assert (True, True) == (verifies(message, 0), verifies(message, 1))


def test_long_hosts_and_readers_outside_ascii_verify() -> None:
    """A `To` in UTF-8 is signed as the octets that it is."""
    base_url = f"https://{LONG_HOST}"
    built = build(edition("Hello"), at=site(base_url=base_url))
    message = built.skeleton.copy(values(to="jürgen@reader.example", base_url=base_url))
    assert not message.isascii()
    long = signed(message, signer(settings(domain=LONG_HOST)))
    assert verifies(long)
    assert LONG_HOST == tags(long.partition(b"\r\nFrom:")[0])["d"]


@pytest.mark.parametrize("body", [b"", b"\r\n", b" \t\r\n\r\n", b"x", b"a \t b \r\n\r\n \r\n", b".\r\n"])
def test_bodies_with_next_to_nothing_verify(body: bytes) -> None:
    assert verifies(signed(b"From: a@harbour.example\r\nSubject: \r\n\r\n" + body))


# ---------------------------------------------------------------------- and nothing else


def test_a_change_of_any_signed_field_breaks_it() -> None:
    """Each field in turn, one octet more."""
    header, _, body = MESSAGE.partition(b"\r\n\r\n")
    fields = re.split(rb"\r\n(?![ \t])", header)
    broken = []
    for place, field in enumerate(fields):
        changed = b"\r\n".join([*fields[:place], field + b"x", *fields[place + 1 :]]) + b"\r\n\r\n" + body
        if not verifies(PLAIN.sign(MESSAGE, signed_at=NOW) + changed):
            broken.append(field.partition(b":")[0].decode().lower())
    unsigned = {"x-auto-response-suppress"}
    assert sorted({field.partition(b":")[0].decode().lower() for field in fields} - unsigned) == sorted(broken)


def test_a_change_of_the_body_breaks_it() -> None:
    """Even at its end: l= is never used."""
    assert verifies(signed(MESSAGE))
    assert not verifies(signed(MESSAGE) + b"more\r\n")
    assert "l" not in tags(PLAIN.sign(MESSAGE, signed_at=NOW))


@pytest.mark.parametrize("name", ["From", "To", "Cc", "Subject", "Date", "Message-ID", "Reply-To", "Content-Type"])
@pytest.mark.parametrize("path", GOLDEN[:2], ids=lambda path: path.stem)
def test_no_field_of_an_author_can_be_added(name: str, path: Path) -> None:
    """Not above the signed ones, not where there was none."""
    assert not verifies(f"{name}: x@other.example\r\n".encode() + signed(path.read_bytes()))


@pytest.mark.parametrize("name", ["List-Unsubscribe", "List-Unsubscribe-Post", "List-Id", "CFBL-Address"])
def test_no_field_of_a_list_can_be_added(name: str) -> None:
    assert not verifies(f"{name}: <https://other.example/>\r\n".encode() + signed(MESSAGE))


def test_what_one_click_and_complaints_ask_for_is_signed() -> None:
    """RFC 8058 §4, RFC 9477 §3.1, and what Gmail asks of Feedback-ID."""
    wanted = {"list-unsubscribe", "list-unsubscribe-post", "cfbl-address", "cfbl-feedback-id", "feedback-id", "list-id"}
    assert set() == wanted - set(named(MESSAGE))


def test_each_field_is_named_once_more_than_it_occurs() -> None:
    """So with several of one name, of which the last is hashed first."""
    message = b"From: a@harbour.example\r\nCc: b@c.example\r\nCc: d@e.example\r\nX-Other: y\r\n\r\nx\r\n"
    assert (2, 3, 1, 0) == tuple(named(message).count(name) for name in ("from", "cc", "subject", "x-other"))
    assert verifies(signed(message))


# ---------------------------------------------------------------------- whose key


def author(address: str) -> bytes:
    return f'From: "a@other.example" <{address}>\r\n\r\nx\r\n'.encode()


@pytest.mark.parametrize(
    ("address", "domain"),
    [
        ("a@harbour.example", "harbour.example"),
        ("a@NEWS.Harbour.example", "news.harbour.example"),
        ("a@deep.news.harbour.example", "news.harbour.example"),
        ("a@mail.harbour.example", "harbour.example"),
        ("a@notharbour.example", "first.example"),
        ("a@example", "first.example"),
    ],
)
def test_the_nearest_domain_signs(address: str, domain: str) -> None:
    """Equal to that of From or above it; for a stranger the first one."""
    keys = [settings(domain=name) for name in ("first.example", "harbour.example", "news.harbour.example")]
    assert domain == tags(signer(*keys).sign(author(address), signed_at=NOW))["d"]


def test_a_message_without_an_author_is_signed_by_the_first() -> None:
    assert "harbour.example" == tags(PLAIN.sign(b"Subject: x\r\n\r\nx\r\n", signed_at=NOW))["d"]


def test_a_signature_ends_when_it_is_told_to() -> None:
    signature = tags(PLAIN.sign(MESSAGE, signed_at=NOW))
    assert (NOW, NOW + LIFETIME) == (int(signature["t"]), int(signature["x"]))
    assert "relaxed/relaxed" == signature["c"]


def test_lines_are_short() -> None:
    """At most 78 octets, whatever the names are."""
    header = BOTH.sign(MESSAGE, signed_at=NOW)
    long = signer(settings(domain=LONG_HOST, selector="s" * 63)).sign(author(f"a@{LONG_HOST}"), signed_at=NOW)
    assert LINE >= max(len(line) for line in (header + long).split(b"\r\n"))


def test_a_key_of_another_kind_is_refused() -> None:
    with pytest.raises(NoKey, match="neither RSA nor Ed25519"):
        load_signing_key(settings(key=generate_ec_key(SECP256R1())))


def test_a_signer_without_keys_is_refused() -> None:
    """Nobody signs by accident with nothing."""
    with pytest.raises(ValueError, match="at least one key"):
        Signer([], lifetime_seconds=1)


def test_no_key_is_shown() -> None:
    shown = repr(load_signing_key(settings()))
    assert "sign_digest" not in shown
    assert "PRIVATE" not in shown
    assert "PRIVATE" not in repr(settings())


# ---------------------------------------------------------------------- canonical forms, as dkimpy has them

_PIECES = st.sampled_from([b" ", b"\t", b"\r\n", b"a", b"=", b".", b"\n", b"\r", b"\0", b"\xff", b"  ", b" \r\n"])
TEXT = st.lists(_PIECES | st.binary(max_size=3), max_size=40).map(b"".join)


@given(TEXT)
def test_any_body_becomes_what_a_receiver_makes_of_it(body: bytes) -> None:
    """Bodies that end in CRLF, as all that goes out by SMTP does."""
    assert Relaxed.canonicalize_body(body + b"\r\n") == canonical_body(body + b"\r\n")


@given(TEXT)
def test_a_last_line_without_its_end_is_given_one(body: bytes) -> None:
    """RFC 6376 §3.4.4: as if CRLF had stood there, and blanks before it do not count."""
    assert canonical_body(body + b"\r\n") == canonical_body(body) or body.endswith(b"\r")


_NAMES = st.text("abcXYZ-09", min_size=1, max_size=8).map(str.encode)
_VALUES = st.lists(
    st.sampled_from([b" ", b"\t", b"a", b"\r\n ", b"\r\n\t", b":", b"\xc3\xbc", b"<", b"="]), max_size=20
)
FIELDS = st.lists(
    st.tuples(_NAMES, st.sampled_from([b"", b" ", b"\t "]), _VALUES.map(b"".join)), min_size=1, max_size=6
)


@given(FIELDS)
def test_any_field_becomes_what_a_receiver_makes_of_it(fields: list[tuple[bytes, bytes, bytes]]) -> None:
    """Folded anywhere, blanks anywhere, also before the colon."""
    header = b"\r\n".join(name + blank + b":" + value for name, blank, value in fields)
    expected = Relaxed.canonicalize_headers([(name, value + b"\r\n") for name, _, value in fields])
    assert [(name, name + b":" + value) for name, value in expected] == canonical_fields(header)


@given(TEXT, FIELDS)
def test_any_message_verifies(body: bytes, fields: list[tuple[bytes, bytes, bytes]]) -> None:
    """But for what no receiver takes: blanks before a colon, and line ends other than CRLF."""
    header = b"".join(name + b":" + value + b"x\r\n" for name, _, value in fields)
    message = (
        b"From: a@harbour.example\r\n" + header + b"\r\n" + body.replace(b"\r", b"").replace(b"\n", b"\r\n") + b"\r\n"
    )
    assert verifies(signed(message))
