"""What a move does, decided before it is done."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.core.errors import BadInput, NotFound
from pressrun.core.names import MAX_NAME, parse_list_name
from pressrun.core.site import Site
from pressrun.operations.installations.bans import compile_ban, is_banned
from pressrun.operations.installations.installation import Installation, OldList, origin_of
from pressrun.operations.installations.plan import Fates, Present, Reject, plan_lists, propose_name
from pressrun.operations.sources.member import MemberState, SourceMember
from pressrun.services.lists.forwarding import captured_names

D = "news.example"
SITE = Site(base_url="https://news.example", mail_domain=D)


def old(name: str, **settings: str) -> OldList:
    return OldList(key=f"{name}@old.example", name=name, title=name, settings=settings)


@given(st.text(max_size=40), st.sets(st.sampled_from(["list", "a", "news", "a-2", "list-2"])))
def test_any_name_becomes_a_valid_one_that_is_free(text: str, taken: set[str]) -> None:
    name = propose_name(text, taken)
    assert name == parse_list_name(name)
    assert name not in taken


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("News", "news"),
        ("a.list_with-quite_a_long.name", "a-list-with-quite-a-long"),
        ("Büro & Co.", "buro-co"),
        ("admin", "admin-list"),
        ("news-owner", "news-owner-list"),
        ("李雷", "list"),
    ],
)
def test_a_name_stays_as_close_as_it_can(text: str, expected: str) -> None:
    assert expected == propose_name(text, ())
    assert len(expected) <= MAX_NAME


def test_lists_of_one_name_get_two() -> None:
    moves = plan_lists("x", [old("a.b"), old("a_b"), old("c")], ["a_b@old.example", "a.b=second"], Present(), SITE)
    assert [("a.b@old.example", "second"), ("a_b@old.example", "a-b")] == [(move.old.key, move.name) for move in moves]
    assert ["a-b", "a-b-2", "c"] == [
        move.name for move in plan_lists("x", [old("a.b"), old("a_b"), old("c")], [], Present(), SITE)
    ]


def test_an_earlier_run_is_recognised_by_where_its_list_came_from() -> None:
    """Not by its name, which another list may have had."""
    digest = origin_of("x", "news@old.example")[0]
    begun = Present(names=frozenset({"letter"}), origins={digest: "letter"})
    (move,) = plan_lists("x", [old("news")], [], begun, SITE)
    assert ("letter", True) == (move.name, move.is_begun)
    (other,) = plan_lists("y", [old("news")], [], begun, SITE)
    assert ("news", False) == (other.name, other.is_begun)


def test_every_name_that_cannot_be_had_is_named_at_once() -> None:
    present = Present(names=frozenset({"news", "other"}))
    with pytest.raises(BadInput, match=r"(?s)news@old\.example.*other@old\.example"):
        plan_lists("x", [old("news"), old("other")], [], present, SITE)
    with pytest.raises(BadInput, match="given twice"):
        plan_lists("x", [old("news"), old("other")], ["news=a", "other=a"], Present(), SITE)
    with pytest.raises(NotFound, match=r"Its lists: news@old\.example"):
        plan_lists("x", [old("news")], ["nothing"], Present(), SITE)


def test_a_source_without_lists_is_refused() -> None:
    """It may be the wrong one, and a move that did nothing would look like one that is done."""
    with pytest.raises(BadInput, match="the source has no lists"):
        plan_lists("x", [], [], Present(), SITE)


def test_a_list_without_a_title_is_called_by_its_name_here() -> None:
    """The dry run would say nothing, and the move would fail at it."""
    (move,) = plan_lists("x", [OldList(key="(5)", name=" ", title="\t", settings={})], [], Present(), SITE)
    assert ("list", "list") == (move.name, move.old.title)


def test_settings_that_cannot_be_had_are_left_behind_before_anything_is_done() -> None:
    """Else the list would fail in the middle of the move."""
    source = old("news", language="qqq", owner=f"news-owner@{D}", description="a\x07b" + "x" * 5000, listed="true")
    (move,) = plan_lists("x", [source], [], Present(), SITE)
    assert {"listed", "description"} == move.old.settings.keys()
    assert move.old.settings["description"].startswith("a bx")
    assert ["language", "owner"] == [text.partition(":")[0] for text in move.old.left_behind]


def test_a_control_character_leaves_nobody_behind() -> None:
    """A name or a field without it is better than no reader."""

    class Odd(Banning):
        def members(self, old: OldList) -> Iterator[SourceMember]:
            yield SourceMember(line=1, address="ada@x.example", name="A\tda", fields={"city": "K\x01öln", "n": "7\n"})

    moves = plan_lists("x", [old("news")], [], Present(), SITE)
    rejects: list[Reject] = []
    (member,) = Fates(Odd(), moves, 0, rejects.append).imported(moves[0])
    assert ("A da", {"city": "K öln", "n": "7\n"}) == (member.name, member.fields)


def test_an_owner_whose_address_becomes_a_list_is_left_behind() -> None:
    """Else one of the two lists would fail in the middle of the move, since mail to the owner would loop."""
    sources = [old("news", owner=f"staff@{D}"), old("staff", owner="olga@x.example")]
    news, staff = plan_lists("x", sources, [], Present(), SITE)
    assert {} == news.old.settings
    assert [f"owner: staff@{D} is an address of a list here, so its mail would loop. Give a person's address"] == list(
        news.old.left_behind
    )
    assert {"owner": "olga@x.example"} == staff.old.settings
    (alone,) = plan_lists("x", sources[:1], [], Present(), SITE)
    assert {"owner": f"staff@{D}"} == alone.old.settings


def test_an_owner_whom_no_envelope_can_name_is_left_behind() -> None:
    (move,) = plan_lists("x", [old("news", owner="jörg@x.example")], [], Present(), SITE)
    assert {} == move.old.settings
    receiving = Site(base_url="https://news.example", mail_domain=D, receives_mail=True)
    (move,) = plan_lists("x", [old("news", owner="jörg@x.example")], [], Present(), receiving)
    assert {"owner": "jörg@x.example"} == move.old.settings


def test_a_name_that_would_capture_mail_to_a_person_is_not_available() -> None:
    """The error has the option that helps."""
    captured = captured_names(Site(base_url="https://n.example", mail_domain=D, operator=f"ops@{D}"), {})
    with pytest.raises(BadInput, match=rf"(?s)ops@{D} is the operator, .* --list 'ops@old.example=NAME'"):
        plan_lists("x", [old("ops")], [], Present(captured=captured), SITE)
    plan_lists("x", [old("ops")], ["ops=office"], Present(captured=captured), SITE)


class Banning(Installation):
    """One list with a pattern that it bans, and one with none."""

    bans_patterns = True

    def lists(self) -> list[OldList]:
        return [old("news"), old("other")]

    def members(self, old: OldList) -> Iterator[SourceMember]:
        for number, name in enumerate(("Spam1@x.example", "ada@x.example"), start=1):
            yield SourceMember(line=number, address=name, was="member")
        yield SourceMember(line=3, address="spam2@x.example", state=MemberState.UNSUBSCRIBED, was="left")

    def bans(self, lists: Sequence[OldList]) -> Iterator[SourceMember]:
        if "news" in [old.name for old in lists]:
            for number, ban in enumerate((r"^spam\d", r"^(a+)+@", "nonsense"), start=1):
                yield SourceMember(line=number, address=ban, state=MemberState.SUPPRESSED, was="banned")

    def is_pattern(self, ban: str) -> bool:
        return ban.startswith("^")


def test_members_whom_a_pattern_bans_are_suspended_on_that_list() -> None:
    """Each pattern is reported, and also that one was not checked."""
    installation = Banning()
    moves = plan_lists("x", installation.lists(), [], Present(), SITE)
    rejects: list[Reject] = []
    fates = Fates(installation, moves, 0, rejects.append)
    assert {("banned", "refused"): 3} == fates.count_bans()
    assert ["stops no new sign-ups", "too complex", "not a valid address"] == [
        next(words for words in ("stops no new sign-ups", "too complex", "not a valid address") if words in row.reason)
        for row in rejects
    ]
    news, other = moves
    assert {
        ("member, banned by a pattern", "suspended"): 1,
        ("member", "active"): 1,
        ("left", "unsubscribed"): 1,
    } == fates.count(news)
    assert {("member", "active"): 2, ("left", "unsubscribed"): 1} == fates.count(other)
    assert ["suspended", "active", "unsubscribed"] == [member.state.value for member in fates.imported(news)]


@pytest.mark.parametrize(
    ("expression", "address", "expected"),
    [
        (r"^.*@bad\.example$", "a@BAD.example", True),
        (r"^.*@bad\.example$", "a@bad.example.org", False),
        (r"^[^@]+@(.*\.)?bad\.example", "a@b.bad.example", True),
        (r"^\+\*\{.*\.*a[*+{]+b", "", False),
        (r"^(x|y)z", "yz@x.example", True),
        (r"^.*@(?!good\.example)", "a@bad.example", True),
        (r"^.*@(a|b|c|d|e|f|g|h|i|j|k)\.example$", "x@k.example", True),
        ("^.*@(" + "|".join(f"mail{n}" for n in range(24)) + r")\.example$", "x@mail23.example", True),
        (r"^a\\1", r"a\1@x.example", True),
        (r"^.*.*.*x", "a" * 1_000_000, False),
    ],
)
def test_a_ban_is_an_expression(expression: str, address: str, *, expected: bool) -> None:
    pattern = compile_ban(expression)
    assert pattern is not None
    assert expected == is_banned(address, [pattern])


@pytest.mark.parametrize(
    "expression",
    [
        *(r"^(a+)+$", r"^(a|aa)*$", r"^.*.*.*.*x", "^(", "^" + "a" * 300, "^(?i)a", "^[[a]{9}[9"),
        *(
            r"^(?#[)(a+)+]",
            "^(?x:#[\n(a+)+])",
            "^" + "a?" * 40 + "b",
            "^" + "(a|.)" * 35 + "b",
            "^" + "((a|.)|(a|b))" * 6 + "b",
            r"^(.*)(.*)\2b",
        ),
    ],
)
def test_a_ban_that_is_invalid_or_takes_too_long_is_none(expression: str) -> None:
    assert compile_ban(expression) is None
