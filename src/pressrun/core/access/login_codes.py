"""The codes that people type to log in: the mailed code and the recovery codes, and the secret of an app.

Whatever is not drawn at random for one person is derived from the suppression key, which is not in the database. So a
copy of the database contains no usable code and no secret of an app.
"""

from __future__ import annotations

import hashlib
import hmac

from pressrun.core.access.totp import SECRET_BYTES
from pressrun.core.signing.keys import KeyRing

LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ"  # 23, without those that look like another letter or digit
SALT_BYTES, SEAL_BYTES = 16, 16
MAILED_LETTERS = 8  # 36 bits: with five tries one in 16 thousand million, and it is bound to the browser that asked
RECOVERY_LETTERS = 16  # 72 bits, since the database keeps their digests
RECOVERY_CODES = 10


def mailed_code(keys: KeyRing, asker: bytes) -> str:
    """The code for the browser whose cookie has this digest: nobody needs to store it."""
    return _letters(_derived(keys, b"login-code", asker), MAILED_LETTERS)


def app_secret(keys: KeyRing, salt: bytes) -> bytes:
    """The secret of an authenticator app, by the random salt of its row."""
    return _derived(keys, b"totp", salt)[:SECRET_BYTES]


def setup_seal(keys: KeyRing, person_id: int, salt: bytes) -> bytes:
    """Proof that we drew this salt for this person's app. The salt alone proves nothing, since the database has it."""
    return _derived(keys, b"app-setup", b"%d\0" % person_id + salt)[:SEAL_BYTES]


def recovery_code(entropy: bytes) -> str:
    """A recovery code out of 32 random octets."""
    return _letters(entropy, RECOVERY_LETTERS)


def typed_code(text: str) -> str:
    """A code as it was typed: blanks and hyphens do not count, nor do small letters."""
    return "".join(text.split()).replace("-", "").upper()


def is_same_code(code: str, typed: str) -> bool:
    """Whether this is the code, in a time that does not depend on where the two differ."""
    return hmac.compare_digest(code.encode(), typed_code(typed).encode("utf-8", "replace"))


def code_digest(typed: str) -> bytes:
    """What is kept of a recovery code."""
    return hashlib.sha256(b"pressrun.recovery\0" + typed_code(typed).encode("utf-8", "replace")).digest()


def in_groups(code: str) -> str:
    """A code as it is shown: groups of four letters."""
    return "-".join(code[at : at + 4] for at in range(0, len(code), 4))


def secret_digest(secret: str) -> bytes:
    """What is kept of a random secret in a cookie: 256 bits need no key."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()


def _derived(keys: KeyRing, use: bytes, salt: bytes) -> bytes:
    return hmac.digest(keys.suppression_key, b"pressrun." + use + b"\0" + salt, "sha256")


def _letters(octets: bytes, count: int) -> str:
    """Letters that are all equally likely, as near as 256 bits tell."""
    number, letters = int.from_bytes(octets, "big"), []
    for _ in range(count):
        number, place = divmod(number, len(LETTERS))
        letters.append(LETTERS[place])
    return "".join(letters)
