"""What a move does, before it is done: which list becomes which, and what becomes of every member.

The suppressions of all lists are known first, so the table of a list says what the import will do with each member.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from pressrun.core.addresses.address import Address, find_address_key, parse_address
from pressrun.core.addresses.mail_routes import RouteKind, own_route
from pressrun.core.addresses.old_links import Place
from pressrun.core.errors import BadInput, NotFound
from pressrun.core.names import MAX_NAME, parse_list_name
from pressrun.core.site import Site
from pressrun.operations.installations.bans import compile_ban, is_banned
from pressrun.operations.installations.installation import Installation, OldList, closing_of, origin_of
from pressrun.operations.sources.batches import address_keys
from pressrun.operations.sources.member import MemberState, SourceMember
from pressrun.services.lists.forwarding import check_owner
from pressrun.services.lists.list_settings import read_settings
from pressrun.services.lists.setting_kinds import LONGEST_LINE, LONGEST_TEXT
from pressrun.services.members.row_checks import check_row, without_control_characters

LEFT_OUT, REFUSED = "left out", "refused"


class Reject(Struct, frozen=True, kw_only=True):
    """A record that is not carried over: its list (empty: all lists), its number, the address, and the reason."""

    list: str
    record: int
    address: str
    reason: str


class ListMove(Struct, frozen=True, kw_only=True):
    """A list and the name that it gets here.

    `is_begun` means that an earlier run has created it, `is_closed` that it is closed since, so nothing more can move
    in, and `closes` that it is closed once all has.
    """

    program: str
    old: OldList
    name: str
    is_begun: bool
    is_closed: bool
    closes: bool

    @property
    def origin(self) -> Place:
        """The origin by which a later run knows that this list has moved."""
        return origin_of(self.program, self.old.key)

    @property
    def closing(self) -> Place:
        """The mark by which a later run knows that this one has closed the list."""
        return closing_of(self.program, self.old.key)


class Present(Struct, frozen=True, kw_only=True):
    """What is here: the names of lists and families, which of the lists are closed, the names that no list may have,
    each with the reason, and the lists that came from elsewhere by the digests of their origin and their closing.
    """

    names: frozenset[str] = frozenset()
    closed: frozenset[str] = frozenset()
    captured: Mapping[str, str] = field(default_factory=dict)
    origins: Mapping[str, str] = field(default_factory=dict)


def plan_lists(
    program: str, lists: Sequence[OldList], chosen: Sequence[str], present: Present, site: Site
) -> list[ListMove]:
    """The lists to move: all, or those that are `chosen` as `OLD` or `OLD=NEW`.

    Raises NotFound for a list that does not exist, BadInput without lists, and with every name that is not available.
    """
    if not lists:
        raise BadInput("nothing was moved: the source has no lists")
    names = dict(_read_choice(text, lists) for text in chosen)
    moves: list[ListMove] = []
    problems: list[str] = []
    taken = set(present.names) | {name for name in names.values() if name}
    for old in lists:
        if chosen and old.key not in names:
            continue
        begun = present.origins.get(origin_of(program, old.key)[0])
        name = names.get(old.key) or begun or propose_name(old.name, taken - present.names)
        if name != begun and (reason := _why_unavailable(name, present)):
            problems.append(f"{old.key}: {reason}. Give it another name: --list '{old.key}=NAME'")
        if name in {move.name for move in moves}:
            problems.append(f"{old.key}: the name {name} is given twice")
        taken.add(name)
        moves.append(_move(program, old, name, present, is_begun=begun == name))
    if problems:
        raise BadInput("nothing was moved:\n" + "\n".join(f"  {problem}" for problem in problems))
    names_here = present.names | {move.name for move in moves}
    return [replace(move, old=_with_good_settings(move.old, move.name, names_here, site)) for move in moves]


def _move(program: str, old: OldList, name: str, present: Present, *, is_begun: bool) -> ListMove:
    is_closed = is_begun and name in present.closed
    closes = old.is_closed and not is_closed and closing_of(program, old.key)[0] not in present.origins
    return ListMove(program=program, old=old, name=name, is_begun=is_begun, is_closed=is_closed, closes=closes)


def _why_unavailable(name: str, present: Present) -> str | None:
    return f"a list {name} exists here" if name in present.names else present.captured.get(name)


def _with_good_settings(old: OldList, name: str, names_here: Collection[str], site: Site) -> OldList:
    """The list with a title, or its name here, and valid settings; the others are named in what is left behind."""
    settings, left = {}, list(old.left_behind)
    for key, value in old.settings.items():
        text = "".join(sign if sign.isprintable() or sign == "\n" else " " for sign in value)[:LONGEST_TEXT]
        try:
            read_settings({key: text})
            if key == "owner":
                _check_owner(parse_address(text), names_here, site)
            settings[key] = text
        except BadInput as problem:
            left.append(str(problem) if str(problem).startswith(f"{key}: ") else f"{key}: {problem}")
    title = _one_line(old.title) or name
    return replace(old, title=title, settings=settings, left_behind=tuple(left))


def _check_owner(owner: Address, names_here: Collection[str], site: Site) -> None:
    """Raise BadInput for an owner whom the list could not have, once all lists have moved."""
    route = own_route(owner, site.mail_domain)
    if route is not None and route.kind is not RouteKind.POST:
        raise BadInput(f"{owner} is the address of a list in Pressrun, so its mail would loop")
    check_owner(owner, site, names_here.__contains__)


def _one_line(text: str) -> str:
    """A text in one line that is short enough for a setting or a name."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())[:LONGEST_LINE]


def _read_choice(text: str, lists: Sequence[OldList]) -> tuple[str, str]:
    key, _, name = text.rpartition("=") if "=" in text else (text, "", "")
    matching = [old.key for old in lists if key in (old.key, old.name)]
    if len(matching) != 1:
        known = ", ".join(old.key for old in lists) or "none"
        raise NotFound(f"{'no' if not matching else 'more than one'} list {key!r} there. Its lists: {known}")
    return matching[0], parse_list_name(name) if name else ""


class Fates:
    """What becomes of each member. Reads all people once, to know who is suppressed."""

    def __init__(
        self, installation: Installation, moves: Sequence[ListMove], now: int, on_reject: Callable[[Reject], object]
    ) -> None:
        self._installation = installation
        self._moves = moves
        self._now = now
        self._on_reject = on_reject
        self._patterns = {move.name: self._patterns_of(move) for move in moves}
        self._suppressed = {hash(key) for key in address_keys(self.suppressed())}

    def suppressed(self) -> Iterator[SourceMember]:
        """Everybody who must not be mailed, bans first."""
        yield from (ban for ban in self._bans() if not self._installation.is_pattern(ban.address))
        for move in self._moves:
            for member in self._members(move):
                if member.state is MemberState.SUPPRESSED:
                    yield member

    def imported(self, move: ListMove) -> Iterator[SourceMember]:
        """The members of a list who are imported: neither suppressed nor unconfirmed."""
        kept = (MemberState.ACTIVE, MemberState.SUSPENDED, MemberState.UNSUBSCRIBED)
        return (member for member in self._members(move) if member.state in kept)

    def count(self, move: ListMove) -> Counter[tuple[str, str]]:
        """How many members of a list have each (state there, state here), and report the rejects."""
        return Counter((member.was or member.state.value, self._fate(move, member)) for member in self._members(move))

    def count_bans(self) -> Counter[tuple[str, str]]:
        """The same for bans. Patterns are reported as rejects, since Pressrun has no equivalent for new readers."""
        counts: Counter[tuple[str, str]] = Counter()
        for ban in self._bans():
            problem = self._problem_of(ban)
            if problem:
                self._reject("", ban, f"{ban.was}: {problem}")
            counts[ban.was, REFUSED if problem else "suppressed"] += 1
        return counts

    def _problem_of(self, ban: SourceMember) -> str:
        """Why a ban does not become a suppression; empty if it does."""
        if not self._installation.is_pattern(ban.address):
            return "not a valid address, so it cannot be suppressed" if find_address_key(ban.address) is None else ""
        if compile_ban(self._installation.ban_expression(ban.address)) is None:
            return "a pattern that is invalid or too complex to check. Look for members that it matches yourself"
        return "a pattern. Members that it matches are suspended, but it stops no new sign-ups"

    def _patterns_of(self, move: ListMove) -> list[re.Pattern[str]]:
        """The patterns that are banned from a list."""
        if not self._installation.bans_patterns:
            return []
        bans = (ban.address for ban in self._installation.bans([move.old]))
        expressions = {self._installation.ban_expression(ban) for ban in bans if self._installation.is_pattern(ban)}
        return [pattern for text in sorted(expressions) if (pattern := compile_ban(text)) is not None]

    def _bans(self) -> Iterator[SourceMember]:
        return self._installation.bans([move.old for move in self._moves])

    def _members(self, move: ListMove) -> Iterator[SourceMember]:
        patterns = self._patterns[move.name]
        for member in self._installation.members(move.old):
            is_kept = member.state is not MemberState.ACTIVE or not is_banned(member.address, patterns)
            yield _tidied(member if is_kept else _as_banned(member))

    def _fate(self, move: ListMove, member: SourceMember) -> str:
        if member.state is MemberState.UNCONFIRMED:
            self._reject(move.old.key, member, "never confirmed")
            return LEFT_OUT
        key = find_address_key(member.address)
        if key is not None and hash(key) in self._suppressed:
            return "suppressed"
        try:
            if member.state is MemberState.SUPPRESSED:
                parse_address(member.address)
                return "suppressed"
            check_row(member.as_row(), self._now)
        except BadInput as problem:
            self._reject(move.old.key, member, str(problem))
            return REFUSED
        return member.state.value

    def _reject(self, name: str, member: SourceMember, reason: str) -> None:
        self._on_reject(Reject(list=name, record=member.line, address=member.address, reason=reason))


def _as_banned(member: SourceMember) -> SourceMember:
    """A member who gets no email, since a pattern bans their address."""
    return replace(member, state=MemberState.SUSPENDED, was=f"{member.was}, banned by a pattern")


def _tidied(member: SourceMember) -> SourceMember:
    """The member without characters that nobody sees, so that a tab in a name leaves nobody behind."""
    name = member.name
    if not (name.isprintable() and len(name) <= LONGEST_LINE):
        name = _one_line(name)
    fields = {key: without_control_characters(value) for key, value in member.fields.items()}
    if name == member.name and fields == member.fields:
        return member
    return replace(member, name=name, fields=fields)


def propose_name(text: str, taken: Collection[str]) -> str:
    """A name for a list that was called `text`: valid, and not `taken`."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    base = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:MAX_NAME].strip("-") or "list"
    if not _is_valid(base):
        base = f"{base[: MAX_NAME - 5].strip('-')}-list"
    number, name = 1, base
    while name in taken:
        number += 1
        name = f"{base[: MAX_NAME - len(str(number)) - 1].strip('-')}-{number}"
    return name


def _is_valid(name: str) -> bool:
    try:
        parse_list_name(name)
    except BadInput:
        return False
    return True
