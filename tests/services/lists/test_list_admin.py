"""What operators do with lists, over a real database."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import to_builtins
from tests.database import execute
from tests.services.harness import ServiceHarness, open_services

from pressrun.core.addresses.address import parse_address
from pressrun.core.errors import BadInput, NotFound, PressrunError, Refused, UsageError
from pressrun.core.lifecycles.edition import EditionState
from pressrun.services.lists import setting_kinds as kinds
from pressrun.services.lists.list_settings import LIST_SETTINGS, read_settings
from pressrun.services.readers.requests import Origin
from pressrun.services.readers.sign_ups import Applicant
from pressrun.services.reports import list_descriptions
from pressrun.store.editions.editions import find_edition
from pressrun.store.lists.lists import all_lists
from pressrun.store.queue.copy_counts import count_copies

WEB = Origin(source="web")
OTHER_VALUES = {
    "title": "Letters",
    "from": "Me <me@x.example>",
    "owner": "ann@x.example",
    "reply_to": "Ann <ann@x.example>",
    "description": "What happens on the quay.",
    "postal_address": "1 Quay, Harbour",
    "language": "de",
    "family": "villanueva",
    "cadence": "Every Thursday",
    "layout": "classic",
    "colour": "#1a56c4",
    "footer": "Written on Fridays.",
    "hours": "08:00-20:00",
    "timezone": "Europe/Berlin",
    "relay": "second",
}


async def test_a_new_list_has_the_defaults_that_are_promised(services: ServiceHarness) -> None:
    """From is the title with the list's own address, the language English, the archive public."""
    made = await services.lists.create_list("news", {"title": 'Quay "News"'})
    assert ('"Quay \\"News\\"" <news@lists.example>', "en", "public") == (
        made.from_,
        made.language,
        made.archive,
    )
    assert made == await services.database.read(list_descriptions.show_list, "news")


async def test_a_new_list_has_the_default_of_every_setting(services: ServiceHarness) -> None:
    """But of those that its name decides, and of one that is shown as a time."""
    made = await services.lists.create_list("news", {"title": "News"})
    promised = {
        key: setting.read(setting.default)
        for key, setting in LIST_SETTINGS.items()
        if key not in ("title", "from", "closed")
    }
    assert promised == {key: getattr(made, key) for key in promised}


@pytest.mark.parametrize("key", sorted(LIST_SETTINGS.keys() - {"closed", "logo", "welcome"}))
async def test_every_setting_is_stored_and_shown(services: ServiceHarness, key: str) -> None:
    """With another value than the default; the others stay."""
    before = await services.lists.create_list("news", {"title": "News"})
    setting = LIST_SETTINGS[key]
    words = {*setting.kind.words, *(("true", "false") if setting.kind is kinds.FLAG else ())} - {setting.default}
    typed = OTHER_VALUES[key] if key in OTHER_VALUES else min(words)
    await services.lists.set_list("news", {key: typed})
    shown = to_builtins(await services.database.read(list_descriptions.show_list, "news"))
    follows = {"from"} if key == "title" else set()
    changed = {name for name, value in to_builtins(before).items() if shown[name] != value} - {"revision"} - follows
    assert ({key}, setting.read(typed)) == (changed, shown[key])


async def test_a_from_that_was_never_set_follows_the_title(services: ServiceHarness) -> None:
    await services.make_list()
    changed = await services.lists.set_list("news", {"title": "Letters"})
    assert '"Letters" <news@lists.example>' == changed.from_
    await services.lists.set_list("news", {"from": "Me <me@x.example>"})
    changed = await services.lists.set_list("news", {"title": "Notes"})
    assert '"Me" <me@x.example>' == changed.from_


@pytest.mark.parametrize("owner", ["news-owner@lists.example", "NEWS@lists.example", "news-request@lists.example"])
async def test_the_owner_of_a_list_is_no_address_of_a_list(services: ServiceHarness, owner: str) -> None:
    """What the owner's address forwards would come back to it, until it has come too often and is lost."""
    with pytest.raises(BadInput, match=r"owner: .* would loop"):
        await services.lists.create_list("news", {"title": "News", "owner": owner})
    with pytest.raises(NotFound):
        await services.database.read(list_descriptions.show_list, "news")


async def test_an_owner_may_have_a_mailbox_at_mail_domain(services: ServiceHarness) -> None:
    """The domain may have other addresses than those of lists."""
    made = await services.lists.create_list("news", {"title": "News", "owner": "clerk@lists.example"})
    assert "clerk@lists.example" == made.owner


async def test_an_owner_outside_ascii_has_mail_forwarded_to_them(services: ServiceHarness) -> None:
    """A relay with SMTPUTF8 takes it; no copy says who they are."""
    made = await services.lists.create_list("news", {"title": "News", "owner": "büro@harbour.example"})
    assert "büro@harbour.example" == made.owner


async def test_an_owner_outside_ascii_is_no_envelope_sender(tmp_path: Path) -> None:
    """Where no mail is received every copy would need SMTPUTF8, all the way to each reader."""
    async with open_services(tmp_path, receives_mail=False) as silent:
        with pytest.raises(BadInput, match=r"owner: 'büro@harbour.example': without \[smtp\], .* only accept ASCII"):
            await silent.lists.create_list("news", {"title": "News", "owner": "büro@harbour.example"})
        made = await silent.lists.create_list("news", {"title": "News", "owner": "post@bücher.example"})
    assert "post@bücher.example" == made.owner


@pytest.mark.parametrize("name", ["News", "admin", "a-owner", "-a", "a" * 25, "a b", "ä", ""])
async def test_a_name_that_cannot_be_an_address_is_refused(services: ServiceHarness, name: str) -> None:
    with pytest.raises(BadInput):
        await services.lists.create_list(name, {"title": "T"})


async def test_a_name_is_taken_once(services: ServiceHarness) -> None:
    await services.make_list()
    with pytest.raises(Refused, match="already"):
        await services.make_list()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"title": "a\nBcc: x@x.example"}, "line break"),
        ({"title": " "}, "empty"),
        ({"from": "a@x.example, b@x.example"}, "from"),
        ({"from": "a@x.example\r\nBcc: b@x.example"}, "line break"),
        ({"owner": "no address"}, "owner"),
        ({"language": "english please"}, "language"),
        ({"language": "klingon"}, "language: 'klingon' .* de, en, es, .* zh-Hans"),
        ({"language": "xx-DE"}, "language: 'xx-DE'"),
        ({"language": "root"}, "language: 'root'"),
        ({"archive": "hidden"}, "public, members, off"),
        ({"listed": "perhaps"}, "neither true nor false"),
        ({"post_by_mail": "yes"}, "approve, direct, off"),
        ({"reply_to": "<>"}, "reply_to"),
        ({"reply_to": "büro@harbour.example"}, "reply_to"),
        ({"from": "Harbour <büro@harbour.example>"}, "from"),
        ({"postal_address": "a\x00b"}, "control"),
        ({"front": "half"}, "front: .* full, teaser"),
        ({"cadence": "weekly\ndaily"}, "cadence: .* line break"),
        ({"ask_name": "maybe"}, "ask_name"),
        ({"typeface": "comic"}, "sans, serif, mono"),
    ],
)
async def test_a_bad_value_is_named_and_changes_nothing(
    services: ServiceHarness, settings: dict[str, str], words: str
) -> None:
    """All settings of one call are taken, or none."""
    await services.make_list()
    before = await services.database.read(list_descriptions.show_list, "news")
    with pytest.raises(BadInput, match=words):
        await services.lists.set_list("news", {"description": "new", **settings})
    assert before == await services.database.read(list_descriptions.show_list, "news")


@pytest.mark.parametrize(
    "tag", ["en", "EN", "pt-BR", "sv", "zh-Hant-TW", "ku-Arab", "tlh", "lld", "mo", "de-CH-1996", "en-x-ours"]
)
async def test_a_list_may_have_any_language(services: ServiceHarness, tag: str) -> None:
    """Its editions can be in one that readers are not spoken to in."""
    await services.make_list()
    assert tag == (await services.lists.set_list("news", {"language": tag})).language


async def test_the_page_of_a_list_has_settings_of_its_own(services: ServiceHarness) -> None:
    made = await services.lists.create_list("news", {"title": "News"})
    keys = ("front", "cadence", "ask_name", "typeface")
    assert ["full", "", False, "sans"] == [getattr(made, key) for key in keys]
    settings = {"front": "teaser", "cadence": "Every Thursday", "ask_name": "true", "typeface": "serif"}
    await services.lists.set_list("news", settings)
    shown = await services.database.read(list_descriptions.show_list, "news")
    assert ["teaser", "Every Thursday", True, "serif"] == [getattr(shown, key) for key in keys]


async def test_a_language_kept_from_before_stays(services: ServiceHarness) -> None:
    """What was taken once is shown, and does not stand in the way of other settings."""
    await services.make_list()
    await execute(services.database, "update list set language = 'klingon'")
    changed = await services.lists.set_list("news", {"title": "Notes"})
    assert ("Notes", "klingon") == (changed.title, changed.language)


async def test_an_unknown_key_is_named_with_a_guess(services: ServiceHarness) -> None:
    await services.make_list()
    with pytest.raises(UsageError, match="did you mean language"):
        await services.lists.set_list("news", {"langage": "de"})


@given(st.dictionaries(st.sampled_from(sorted(LIST_SETTINGS)), st.text(max_size=60), max_size=4))
def test_no_setting_lets_a_line_break_into_a_header(settings: dict[str, str]) -> None:
    """A value is read, or refused by an error of ours; what is kept holds no control character but in long texts."""
    try:
        accepted = read_settings(settings)
    except PressrunError:
        return
    kept = "".join(
        str(value) for key, value in accepted.items() if key not in ("postal_address", "description", "footer")
    )
    assert [] == [c for c in kept if c in "\r\n\0\x85\u2028\u2029"]


async def test_closing_ends_requests_and_editions_and_reopening_brings_none_back(services: ServiceHarness) -> None:
    await services.make_list()
    await services.sign_ups.request(["news"], Applicant(parse_address("a@x.example"), WEB), network=None)
    await services.subscribers.add("news", parse_address("b@x.example"))
    waiting = await services.make_edition()
    held = await services.make_edition(state=EditionState.DRAFT)
    running = await services.make_edition(state=EditionState.SENDING)
    await services.queue_audience(running)
    closed = await services.lists.close_list("news")
    assert (0, 1, True) == (closed.pending, closed.active, closed.closed_at is not None)
    states = [await services.database.read(find_edition, number) for number in (waiting, running, held)]
    assert ["cancelled", "cancelled", "draft"] == [edition.state.value for edition in states if edition]
    assert 1 == (await services.database.read(count_copies, running))["cancelled"]
    reopened = await services.lists.set_list("news", {"closed": "false"})
    assert (0, None) == (reopened.pending, reopened.closed_at)


async def test_only_a_closed_list_can_be_removed(services: ServiceHarness) -> None:
    await services.make_list()
    with pytest.raises(Refused, match="is still open"):
        await services.lists.remove_list("news")
    await services.lists.close_list("news")
    await services.lists.remove_list("news")
    assert [] == await services.database.read(list_descriptions.list_lists)


async def test_editors_come_and_go_whatever_the_case(services: ServiceHarness) -> None:
    await services.make_list()
    await services.lists.add_editor("news", parse_address("Ed@x.example"))
    await services.lists.add_editor("news", parse_address("ed@x.example"))
    assert [{"address": "Ed@x.example"}] == await services.database.read(list_descriptions.list_editors, "news")
    await services.lists.remove_editor("news", parse_address("ED@x.example"))
    with pytest.raises(NotFound):
        await services.lists.remove_editor("news", parse_address("ed@x.example"))


@pytest.mark.parametrize("verb", ["close_list", "remove_list"])
async def test_an_unknown_list_is_said_to_be_so(services: ServiceHarness, verb: str) -> None:
    with pytest.raises(NotFound, match="no such list: 'nope'"):
        await getattr(services.lists, verb)("nope")


async def test_public_lists_of_one_title_stand_by_name(services: ServiceHarness) -> None:
    """In the same order on both engines, whichever was made or changed last."""
    for name in ("noticias", "nouvelles", "news"):
        await services.make_list(name)
    await services.lists.set_list("news", {"cadence": "Every Thursday"})
    public = await services.database.read(all_lists, listed_only=True)
    assert ["news", "noticias", "nouvelles"] == [each.name for each in public]
