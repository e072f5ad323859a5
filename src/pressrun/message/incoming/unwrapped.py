"""Text without what surrounds or fills it for programs alone: PGP signatures around it, images written inside HTML."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable

_SIGNED = "-----BEGIN PGP SIGNED MESSAGE-----\n"
_SIGNATURE = "\n-----BEGIN PGP SIGNATURE-----\n"
_END = "-----END PGP SIGNATURE-----"
_DASHES = re.compile(r"(?m)^- ")
_DATA_IMAGE = re.compile(
    r"(?<=\bsrc=)([\"'])data:image/(?:png|jpe?g|gif|webp);base64,([A-Za-z0-9+/=\s]+)\1", re.IGNORECASE
)


def without_pgp_signature(text: str) -> str:
    """`text` without a cleartext signature around it (RFC 9580 §7), which no longer fits what readers get.

    What some list program has added below the signature stays.
    """
    before, begin, rest = text.partition(_SIGNED)
    signed, signature, below = rest.partition(_SIGNATURE)
    if before.strip() or not begin or not signature:
        return text
    _, _, content = f"\n{signed}".partition("\n\n")
    _, _, below = below.partition(_END)
    return _DASHES.sub("", content) + below


def with_data_images(page: str, name_of: Callable[[bytes], str | None]) -> str:
    """`page` whose images are files: those that are written inside it are shown by the Content-ID of `name_of`.

    Gmail and Outlook show nothing for a `data:` address. An image that gets no name stays as it is.
    """

    def named(match: re.Match[str]) -> str:
        try:
            content = base64.b64decode(re.sub(r"\s+", "", match[2]), validate=True)
        except binascii.Error:
            return match[0]
        name = name_of(content)
        return match[0] if name is None else f"{match[1]}cid:{name}{match[1]}"

    return _DATA_IMAGE.sub(named, page)
