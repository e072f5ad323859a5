"""`archive`: the sent editions of a list as a static site or an mbox."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import click

from pressrun.cli.shared.invocation import Invocation, reading
from pressrun.cli.shared.new_files import PUBLIC, new_file, new_folder
from pressrun.cli.shared.output import ProgressLine, print_fields, print_info
from pressrun.cli.shared.verb import list_argument, verb
from pressrun.services.archives.archive_export import ArchiveContents, read_contents, read_message, read_whole
from pressrun.services.archives.archived_edition import Summary
from pressrun.web.archives.export import SiteExport


@verb("archive export")
@list_argument()
@click.argument("output", metavar="DIR|FILE", type=click.Path(path_type=Path, allow_dash=True))
@click.option(
    "--format",
    "file_format",
    type=click.Choice(["site", "mbox"]),
    default="site",
    show_default=True,
    help="site: a folder of static pages; mbox: one file for email programs.",
)
@click.option("--base-url", metavar="URL", default="", help="URL where the site will be served. Its feeds need it.")
def export(invocation: Invocation, *, list_name: str, output: Path, file_format: str, base_url: str) -> None:
    """Also exports archives that are members-only or off."""
    _check_options(output, file_format, base_url)
    with reading(invocation) as tx:
        contents = read_contents(tx, list_name)
    if contents.list.archive != "public":
        print_info(f"the archive of {list_name} is {contents.list.archive}. Keep this export private")
    if file_format == "mbox":
        _write_mbox(invocation, contents, output)
    else:
        _write_site(invocation, contents, output, base_url)
    if str(output) != "-":
        written = {"list": list_name, "format": file_format, "output": str(output), "editions": len(contents.editions)}
        print_fields(written, as_json=invocation.as_json)


def _check_options(output: Path, file_format: str, base_url: str) -> None:
    """Raise UsageError before anything is read or written."""
    if file_format == "site" and str(output) == "-":
        raise click.UsageError("--format site writes a folder, not to stdout. Name a folder")
    parts = urlsplit(base_url)
    if base_url and (parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment):
        raise click.UsageError(f"invalid --base-url {base_url}. Example: https://example.org/letters")
    if base_url and file_format == "mbox":
        raise click.UsageError("an mbox has no feeds. Omit --base-url")


def _write_site(invocation: Invocation, contents: ArchiveContents, output: Path, base_url: str) -> None:
    site = SiteExport(invocation.settings.site, contents.list, base_url)
    with new_folder(output) as write:
        for name, content in site.front_files(contents):
            write(name, content)
        for slug in _slugs(contents.editions):
            with reading(invocation) as tx:  # one at a time: the caller writes the files, not the owner of the data
                edition, assets = read_whole(tx, contents.list, slug)
            for name, content in site.edition_files(edition, assets):
                write(name, content)


def _write_mbox(invocation: Invocation, contents: ArchiveContents, output: Path) -> None:
    site = invocation.settings.site
    with new_file(output, PUBLIC) as file:
        for slug in _slugs(contents.editions[::-1]):  # oldest first
            with reading(invocation) as tx:
                entry = read_message(tx, contents.list, slug, site)
            file.write(entry)


def _slugs(editions: Sequence[Summary]) -> Iterator[str]:
    """The slugs in turn, with a progress line."""
    with ProgressLine() as progress:
        for number, edition in enumerate(editions, start=1):
            progress(f"edition {number} of {len(editions)}")
            yield edition.slug
