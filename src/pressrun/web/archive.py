"""The archive: its index, the page of an edition, and the images and files beside it.

An edition's HTML is an author's, so its page is one document in a sandbox: no script, no form, no origin of ours. The
page's own header and footer stand in the same document, because a frame cannot find its height without a script.
"""

from __future__ import annotations

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from pressrun.services.archiving import ArchivedEdition, Archiving, Asset, Shut
from pressrun.store.lists import MailingList
from pressrun.web.conditional import conditional
from pressrun.web.pages import Pages

EDITION_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src 'self' data:; "
    "style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
# What a click downloads must be allowed by name inside the sandbox.
_POLICY_WITH_FILES = EDITION_POLICY.replace("sandbox ", "sandbox allow-downloads ", 1)
_ASSET_POLICY = "sandbox; default-src 'none'; frame-ancestors 'none'"
_SHOWN_INLINE = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"})


class ArchivePages:
    """What was sent, for everybody to read."""

    def __init__(self, *, pages: Pages, archiving: Archiving) -> None:
        self._pages = pages
        self._archiving = archiving

    async def index(self, request: Request) -> Response:
        """`/NAME/archive`: the editions, newest first, a page at a time."""
        asked = request.query_params.get("page", "1")
        number = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 9 else 0
        found = await self._archiving.index(request.path_params["name"], number)
        if isinstance(found, Shut):
            return self.shut(found)
        self._pages.speak(target=found.list.language)
        return self._pages.render("archive.html", about=found.list, list=found.list, page=found)

    async def edition(self, request: Request) -> Response:
        """`/NAME/archive/SLUG`: one edition."""
        found = await self._archiving.edition(request.path_params["name"], request.path_params["slug"])
        if isinstance(found, Shut):
            return self.shut(found)
        target, edition = found
        self._pages.speak(target=target.language)
        response = self._edition_page(target, edition)
        return conditional(request, response, modified_at=None)

    async def asset(self, request: Request) -> Response:
        """`/NAME/archive/SLUG/asset/FILE`: an image, or a file to keep."""
        parts = request.path_params
        found = await self._archiving.asset(parts["name"], parts["slug"], parts["file"])
        if isinstance(found, Shut):
            return self.shut(found)
        response = Response(found.content, headers=asset_headers(found))
        return conditional(request, response, modified_at=None)

    def shut(self, reason: Shut) -> Response:
        """The page in place of what cannot be read."""
        return self._pages.members_only() if reason is Shut.MEMBERS else self._pages.not_found()

    def _edition_page(self, target: MailingList, edition: ArchivedEdition) -> Response:
        content = edition.html_below(self._pages.base_path)
        return self._pages.render(
            "edition.html",
            headers={"Content-Security-Policy": _POLICY_WITH_FILES if edition.attachments else EDITION_POLICY},
            list=target,
            edition=edition,
            content=content,
            has_heading="<h1" in (content or ""),
        )


def asset_headers(asset: Asset) -> dict[str, str]:
    """How an image or file is handed out: shown where it is an image, else kept by whoever asks for it."""
    is_image = asset.media_type in _SHOWN_INLINE
    kind = "inline" if is_image else "attachment"
    return {
        "Content-Type": asset.media_type if is_image else "application/octet-stream",
        "Content-Disposition": f"{kind}; filename*=UTF-8''{quote(asset.name, safe='')}",
        "Content-Security-Policy": _ASSET_POLICY,
        "Cache-Control": "public, max-age=86400",
    }
