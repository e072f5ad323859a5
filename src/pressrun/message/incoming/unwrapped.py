"""Text without what surrounds or fills it for programs alone: PGP signatures around it, images written inside HTML."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable

# Its headers, such as the name of a hash, end with an empty line, in which some programs leave blanks.
_SIGNED = re.compile(r"\s*-----BEGIN PGP SIGNED MESSAGE-----[ \t]*\n(?:[A-Za-z-]{1,40}: [^\n]*\n)*[ \t]*\n")
_SIGNATURE = "\n-----BEGIN PGP SIGNATURE-----\n"
_END = "-----END PGP SIGNATURE-----"
_DASHES = re.compile(r"(?m)^- ")
_DATA_IMAGE = re.compile(
    r"(?<=\bsrc=)([\"'])data:image/(?:png|jpe?g|gif|webp);base64,([A-Za-z0-9+/=\s]+)\1", re.IGNORECASE
)


def without_pgp_signature(text: str) -> str:
    """`text` without a cleartext signature around it (RFC 9580 §7), which no longer fits what readers get.

    What some list program has added below the signature stays. So does everything where a part of the frame is missing.
    """
    begin = _SIGNED.match(text)
    if begin is None:
        return text
    # The text may be empty: then the line that ends the headers ends just before the signature.
    signed, signature, rest = f"\n{text[begin.end() :]}".partition(_SIGNATURE)
    _, end, below = rest.partition(_END)
    return _DASHES.sub("", signed.removeprefix("\n")) + below if signature and end else text


def with_data_images(page: str, name_of: Callable[[bytes], str | None]) -> str:
    """`page` whose images are files: those that are written inside it are shown by the Content-ID of `name_of`.

    Gmail and Outlook show nothing for a `data:` address. An image that gets no name stays as it is.
    """

    def named(match: re.Match[str]) -> str:
        try:
            content = base64.b64decode(re.sub(r"\s+", "", match[2]), validate=True)
        except ValueError:  # also for letters outside ASCII, which a pattern without case takes for s and k
            return match[0]
        name = name_of(content)
        return match[0] if name is None else f"{match[1]}cid:{name}{match[1]}"

    return _DATA_IMAGE.sub(named, page)
