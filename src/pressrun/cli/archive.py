"""`archive`: what went out, to be taken away as a static site or as an mbox."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from pressrun.cli.groups import VerbGroup
from pressrun.cli.invocation import Invocation, json_option, list_argument, pass_invocation
from pressrun.cli.output import ProgressLine, note, print_fields, print_json

if TYPE_CHECKING:
    from pressrun.services.editions.archived import Summary
    from pressrun.services.operating.archive_export import ArchiveContents

FORMATS = ("site", "mbox")


@click.group("archive", cls=VerbGroup)
def group() -> None:
    """The archive of a list: export."""


@group.command()
@list_argument()
@click.argument("output", metavar="DIR|FILE", type=click.Path(path_type=Path, allow_dash=True))
@click.option(
    "--format",
    "file_format",
    type=click.Choice(FORMATS),
    default="site",
    show_default=True,
    help="site: a folder of static pages; mbox: one file for mail programs.",
)
@click.option("--base-url", metavar="URL", default="", help="URL where the site will be served. Its feeds need it.")
@json_option
@pass_invocation
def export(
    invocation: Invocation, list_name: str, output: Path, file_format: str, base_url: str, *, as_json: bool
) -> None:
    """Export a list's editions, with images and attachments, to a new folder or file. Personal fields are left blank.

    Also exports archives that are members-only or off.
    """
    _require_sense(output, file_format, base_url)
    contents = _contents(invocation, list_name)
    if contents.list.archive != "public":
        note(f"the archive of {list_name} is {contents.list.archive}. Keep this export private")
    if file_format == "mbox":
        _write_mbox(invocation, contents, output)
    else:
        _write_site(invocation, contents, output, base_url)
    if str(output) == "-":
        return
    written = {"list": list_name, "format": file_format, "output": str(output), "editions": len(contents.editions)}
    (print_json if as_json else print_fields)(written)


def _require_sense(output: Path, file_format: str, base_url: str) -> None:
    """Raise a usage error before anything is read or written."""
    if file_format == "site" and str(output) == "-":
        raise click.UsageError("--format site writes a folder, not to stdout. Name a folder")
    parts = urlsplit(base_url)
    if base_url and (parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment):
        raise click.UsageError(f"invalid --base-url {base_url}. Example: https://example.org/letters")
    if base_url and file_format == "mbox":
        raise click.UsageError("an mbox has no feeds. Omit --base-url")


def _contents(invocation: Invocation, list_name: str) -> ArchiveContents:
    from pressrun.cli.looking import looking  # noqa: PLC0415
    from pressrun.services.operating import archive_export  # noqa: PLC0415

    with looking(invocation) as tx:
        return archive_export.read_contents(tx, list_name)


def _write_site(invocation: Invocation, contents: ArchiveContents, output: Path, base_url: str) -> None:
    from pressrun.cli.files import new_folder  # noqa: PLC0415
    from pressrun.cli.looking import looking  # noqa: PLC0415
    from pressrun.services.operating import archive_export  # noqa: PLC0415
    from pressrun.web.archives.exported import SiteExport  # noqa: PLC0415

    site = SiteExport(invocation.settings.site, contents.list, base_url)
    with new_folder(output) as write:
        for name, content in site.front_files(contents):
            write(name, content)
        for slug in _told(contents.editions):
            with looking(invocation) as tx:  # one at a time: files are written as whoever called, not as the owner
                edition, assets = archive_export.read_whole(tx, contents.list, slug)
            for name, content in site.edition_files(edition, assets):
                write(name, content)


def _write_mbox(invocation: Invocation, contents: ArchiveContents, output: Path) -> None:
    from pressrun.cli.files import new_file  # noqa: PLC0415
    from pressrun.cli.looking import looking  # noqa: PLC0415
    from pressrun.services.operating import archive_export  # noqa: PLC0415

    site = invocation.settings.site
    with new_file(output) as file:
        for slug in _told(contents.editions[::-1]):  # as they came
            with looking(invocation) as tx:
                entry = archive_export.read_message(tx, contents.list, slug, site)
            file.write(entry)


def _told(editions: Sequence[Summary]) -> Iterator[str]:
    progress = ProgressLine()
    try:
        for number, edition in enumerate(editions, start=1):
            progress(f"edition {number} of {len(editions)}")
            yield edition.slug
    finally:
        progress.clear()
