"""Hides and signs small values at once, the same value always in the same way.

The construction is SIV (synthetic initialisation vector, RFC 5297 §1.1, after Rogaway and Shrimpton), with keyed
BLAKE2s (RFC 7693) in place of AES: a MAC of the value is its tag, and a stream derived from the tag hides the value.
Without the key, neither shows anything about the value, or whether two values are close. Values must be equal when
sealed twice, since links and addresses are, so there is no nonce.

BLAKE2s takes half the time of HMAC-SHA256, and every copy carries three or four tokens. Tags may be truncated: RFC
2104 §5 advises half of the digest, and 80 bits at least, which is all that an address has room for. Nothing here
compares tags: that is for `hmac.compare_digest`.
"""

from __future__ import annotations

import hmac
from hashlib import blake2s


class Siv:
    """The two keyed functions of one use, named by `label`: what is sealed under one means nothing under another.

    `start_tag()` and `start_stream()` are each of them before it has read anything, for what is made with every copy: a
    call of `tag` or `mask` costs half as much again.
    """

    __slots__ = ("start_stream", "start_tag")

    def __init__(self, key: bytes, label: bytes) -> None:
        self.start_tag = blake2s(key=hmac.digest(key, b"pressrun.siv.tag\0" + label, "sha256")).copy
        self.start_stream = blake2s(key=hmac.digest(key, b"pressrun.siv.stream\0" + label, "sha256")).copy

    def tag(self, plain: bytes) -> bytes:
        """The 32 octets of which a use takes the first as the tag of a value."""
        mac = self.start_tag()
        mac.update(plain)
        return mac.digest()

    def mask(self, tag: bytes, length: int) -> int:
        """The first octets of a tag's stream, as a number: its exclusive or with a value hides it, and shows it again.

        The tags of one use all have the same length.
        """
        keyed = self.start_stream()
        keyed.update(tag)
        stream = keyed.digest()
        while len(stream) < length:
            keyed = self.start_stream()
            keyed.update(b"%b%d" % (tag, len(stream)))
            stream += keyed.digest()
        return int.from_bytes(stream[:length], "big")
