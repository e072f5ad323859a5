"""What every program that lists move in from must provide: its lists, their people, and the links that keep working.

An installation is only read. What a source cannot say is left at its default; what it says and we have no equivalent
for is named in `left_behind`. `open_installation` finds the module of a program by its name.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar

from msgspec import Struct

from pressrun.core.addresses.address import find_address
from pressrun.core.addresses.old_links import OldKind, Place, digest_of, digest_of_address
from pressrun.core.errors import NoInput
from pressrun.operations.installations.tables import SourceTables, by_name
from pressrun.operations.sources.member import SourceMember

OPEN_HERE = "sign-ups that need approval: here, anybody can sign up"
"""What is left behind of a list whose owner decides who may subscribe."""

ON_NO_LIST = "on no list"
"""Why somebody does not move, though nothing is wrong with them."""

_LONGEST_SHOWN = 100  # signs of a text that should be an address

PersonalLink = tuple[str, str]
"""The digest of a link, and the address of its subscriber."""


class OldList(Struct, frozen=True, kw_only=True):
    """A list as its program has it. `key` names it there, and to `--list`.

    `settings` are those of `list create`, but for the title. A list that `is_closed` there is closed here once it
    has moved. `archives` are mbox files, and folders with one file for each message.
    """

    key: str
    name: str
    title: str
    settings: dict[str, str]
    is_closed: bool = False
    editors: tuple[str, ...] = ()
    places: tuple[Place, ...] = ()
    archives: tuple[Path, ...] = ()
    left_behind: tuple[str, ...] = ()


class Installation(ABC):
    """An installation that was opened; raises BadInput and NoInput, naming the file, line or record."""

    bans_patterns: ClassVar[bool] = False
    """Whether a ban may be a pattern."""

    @property
    def server_places(self) -> Sequence[Place]:
        """Links and addresses of the whole server, which lead to no single list."""
        return ()

    @property
    def warnings(self) -> Sequence[str]:
        """What may be a list, but does not move."""
        return ()

    @abstractmethod
    def lists(self) -> Sequence[OldList]:
        """Every list, by its key."""

    @abstractmethod
    def members(self, old: OldList) -> Iterator[SourceMember]:
        """The members of a list, including those who left and those who never confirmed."""

    def bans(self, lists: Sequence[OldList]) -> Iterator[SourceMember]:  # noqa: ARG002 - a program may have none
        """Who must not be mailed by these lists, whether they are members or not."""
        return iter(())

    def is_pattern(self, ban: str) -> bool:  # noqa: ARG002 - a program may ban addresses only
        """Whether a ban is a pattern there, even if it could be an address elsewhere."""
        return False

    def ban_expression(self, ban: str) -> str:
        """A banned pattern as a regular expression, which addresses match from their beginning."""
        return ban

    def people_without_list(self) -> Iterator[SourceMember]:
        """People who are on none of the lists and are not banned; `was` says why they do not move."""
        return iter(())

    def personal_links(self, old: OldList) -> Iterator[PersonalLink]:  # noqa: ARG002 - a program may have none
        return iter(())

    def close(self) -> None:  # noqa: B027 - a program may have nothing open
        """Close files and connections, and remove what was written to read them."""


class TableInstallation(Installation):
    """An installation whose people and lists are in a database."""

    def __init__(self, tables: SourceTables) -> None:
        self._tables = tables
        self._ids: dict[str, str] = {}  # of the lists, by their keys

    def _named_lists(self, query: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """The lists that a query gives, by their names, with their numbers where names repeat."""
        for key, row in by_name(self._tables.rows(query)):
            self._ids[key] = row["id"]
            yield key, dict(row)

    def close(self) -> None:
        self._tables.close()


def origin_of(program: str, key: str) -> Place:
    """The mark of a list that it came from here: with it a second run goes on where the first one was interrupted."""
    return digest_of("origin", f"{program}\0{key}"), OldKind.ORIGIN


def closing_of(program: str, key: str) -> Place:
    """The mark of a list that its move has closed it: a second run leaves it open if somebody has reopened it."""
    return digest_of("origin", f"{program}\0{key}\0closed"), OldKind.ORIGIN


def valid_addresses(texts: Iterable[object]) -> list[str]:
    """The texts that are email addresses, as they were typed, each once."""
    addresses = [find_address(str(text or "")) for text in texts]
    return list(dict.fromkeys(address.typed for address in addresses if address is not None))


def lost_people(texts: Iterable[object]) -> list[str]:
    """What is left behind of owners and moderators: those whose address is none."""
    lost: dict[str, None] = {}
    for text in texts:
        typed = str(text or "").strip()
        if typed and not valid_addresses([typed]):
            lost[f"the owner or moderator {typed[:_LONGEST_SHOWN]!r}, which is not an email address"] = None
    return list(lost)


def addresses_of(name: str, domain: str, kinds: dict[str, OldKind]) -> Iterator[Place]:
    """The addresses of a list: its name with each of these endings, and what mail to it asks for."""
    for ending, kind in kinds.items():
        yield digest_of_address(name + ending, domain), kind


PROGRAMS = ("mailman2", "mailman3", "listmonk", "mlmmj", "sympa", "phplist")
"""The programs that lists move in from."""


def source_file(source: str, accepted: str) -> Path:
    """The file that a source names; raises NoInput with what is accepted."""
    path = Path(source)
    if not path.is_file():
        problem = "it is a directory" if path.is_dir() else "no such file"
        raise NoInput(f"{path}: {problem}. Give {accepted}")
    return path


def open_installation(program: str, source: str, files: Path | None) -> Installation:
    """The installation at `source`; `files` is where its lists or archives are, if not beside it.

    Raises BadInput and NoInput.
    """
    # By name: each is imported when it is needed.
    module = import_module(f"pressrun.operations.installations.{program}")
    opened: Installation = getattr(module, f"open_{program}")(source, files)
    return opened
