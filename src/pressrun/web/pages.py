"""Templates and static files: every page is rendered here, and every link on one is built here.

Links on a page are paths below base_url's own path, so that a page works by whatever name it was reached; links that
leave the page (feeds, canonical addresses) are whole and built from base_url. Neither ever looks at Host.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from importlib import resources
from urllib.parse import quote, urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from pressrun.core.site import Site
from pressrun.core.timestamps import rfc3339
from pressrun.message.layout import direction_of
from pressrun.message.profile import untranslated

LANGUAGE = "en"  # of the pages' own words

_MEDIA_TYPES = {"css": "text/css; charset=utf-8", "svg": "image/svg+xml"}
_MONTHS = "January February March April May June July August September October November December".split()


class Pages:
    """Renders the templates of this room for one site."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.words = untranslated
        self.base_path = urlsplit(site.base_url).path.rstrip("/")
        self._static = _load_static()
        self._hashed = {name.rsplit(".", 2)[0] + "." + name.rsplit(".", 1)[1]: name for name in self._static}
        self._environment = self._make_environment()

    def render(
        self,
        template: str,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        **context: object,
    ) -> HTMLResponse:
        """A page as a response."""
        return HTMLResponse(self.render_text(template, **context), status_code=status, headers=dict(headers or {}))

    def render_text(self, template: str, **context: object) -> str:
        """A page as text."""
        return self._environment.get_template(template).render(**context)

    def message(
        self,
        title: str,
        *paragraphs: str,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        about: str = "",
        back: tuple[str, str] | None = None,
    ) -> HTMLResponse:
        """A page that only says something: `about` is the list's title, `back` a link as (path, words)."""
        return self.render(
            "message.html",
            status=status,
            headers=headers,
            title=title,
            paragraphs=paragraphs,
            about=about,
            back=back,
        )

    def invalid_link(self) -> HTMLResponse:
        """The one page for every token that is no good, whatever its purpose."""
        return self.message(
            self.words("This link is not valid"),
            self.words("It may have been cut off when it was copied, or it is too old or was used up."),
            self.words("Open it once more from the mail. If that does not help, ask for a new one."),
            status=404,
        )

    def href(self, *segments: str, **query: str | int) -> str:
        """The path of a page; segments are percent-encoded."""
        path = "/".join((self.base_path, *(quote(segment, safe="") for segment in segments))) or "/"
        if not query:
            return path
        return path + "?" + "&".join(f"{name}={quote(str(value), safe='')}" for name, value in query.items())

    def see_other(self, *segments: str) -> Response:
        """303 to another page of ours."""
        return RedirectResponse(self.href(*segments), status_code=303)

    async def static(self, request: Request) -> Response:
        """A static file; its name holds a digest of its content, so that it may be kept for ever."""
        content = self._static.get(request.path_params["file"])
        if content is None:
            return self.not_found()
        return Response(
            content,
            media_type=_MEDIA_TYPES[request.path_params["file"].rsplit(".", 1)[1]],
            headers={"Cache-Control": "public, max-age=31536000, immutable"},
        )

    def not_found(self) -> HTMLResponse:
        """The page for an address that leads nowhere."""
        return self.message(self.words("There is nothing here"), self.words("No page has this address."), status=404)

    def members_only(self) -> HTMLResponse:
        """The page in place of an archive that is for members."""
        return self.message(
            self.words("For readers of this list"),
            self.words("Past editions of this list are for its readers: each mail holds a link to them."),
            status=403,
        )

    def _make_environment(self) -> Environment:
        environment = Environment(
            loader=PackageLoader("pressrun.web"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.i18n"],
        )
        environment.install_null_translations(newstyle=True)  # type: ignore[attr-defined]
        environment.globals.update(
            href=self.href,
            url=self.site.url,
            stylesheet=self.href("static", self._hashed["pressrun.css"]),
            icon=self.href("static", self._hashed["icon.svg"]),
            page_language=LANGUAGE,
            direction_of=direction_of,
        )
        environment.filters["day"] = day
        environment.filters["rfc3339"] = rfc3339
        environment.filters["size"] = size
        return environment


def day(at: int) -> str:
    """`1 May 2026` of UTC seconds."""
    parts = time.gmtime(at)
    return f"{parts.tm_mday} {_MONTHS[parts.tm_mon - 1]} {parts.tm_year}"


def size(octets: int) -> str:
    """`12 KB` of a number of octets."""
    if octets < 1000:
        return f"{octets} B"
    if octets < 1_000_000:
        return f"{round(octets / 1000)} KB"
    return f"{octets / 1_000_000:.1f} MB"


def _load_static() -> dict[str, bytes]:
    found = {}
    for entry in resources.files("pressrun.web").joinpath("static").iterdir():
        stem, _, suffix = entry.name.rpartition(".")
        if suffix in _MEDIA_TYPES:
            content = entry.read_bytes()
            found[f"{stem}.{hashlib.sha256(content).hexdigest()[:12]}.{suffix}"] = content
    return found
