"""Writing drafts: handing in, changing text and files against what somebody has seen, and throwing away."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext

import pytest
from msgspec.structs import replace
from tests.delivery.harness import DeliveryHarness
from tests.editions.inline_builder import InlineMaker
from tests.services.drafts.drafting import (
    ANN,
    AT_ONCE,
    BEA,
    editing_of,
    hand_in,
    order_of,
    preparer_of,
    release_of,
    text,
    to_text,
)

from pressrun.core.errors import (
    BadInput,
    ChangedMeanwhile,
    EditionError,
    NotFound,
    PreflightFailed,
    Refused,
)
from pressrun.message.editions.compose import BuiltEdition
from pressrun.message.editions.orders import BuildOrder
from pressrun.message.finding import errors_of
from pressrun.services.drafts import draft_editing
from pressrun.services.drafts.draft_editing import MOST_FILES, FileChange
from pressrun.services.drafts.submissions import Submissions
from pressrun.services.editions.edition_preparer import LONGEST_TEXT
from pressrun.services.editions.edition_storage import OVERTAKEN, STORE_ATTEMPTS
from pressrun.store.editions import manuscripts
from pressrun.store.editions.manuscripts import Revision, Text

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060000000050001"
    "a5f645400000000049454e44ae426082"
)


async def revisions_of(harness: DeliveryHarness, edition_id: int) -> list[Revision]:
    return await harness.services.database.read(manuscripts.list_revisions, edition_id)


async def test_a_draft_is_sent_to_nobody(harness: DeliveryHarness) -> None:
    await harness.readers(3)
    made = await hand_in(harness)
    assert (True, 1, "draft", []) == (made.created, made.number, await harness.state(made.id), await harness.send_all())


async def test_the_same_file_again_is_the_same_draft(harness: DeliveryHarness) -> None:
    first, again = await hand_in(harness), await hand_in(harness, author=BEA)
    assert (first.id, False) == (again.id, again.created)


async def test_the_same_file_after_a_correction_is_still_the_same_draft(harness: DeliveryHarness) -> None:
    first = await hand_in(harness)
    await editing_of(harness).change(first.id, to_text("Hullo"), BEA, (1,))
    assert first.id == (await hand_in(harness)).id


async def test_a_draft_is_submitted_as_it_is_handed_in(harness: DeliveryHarness) -> None:
    made = await editing_of(harness).hand_in(order_of(text(), submit=True))
    written = (await editing_of(harness).open(made.id)).manuscript
    assert (True, ANN.key) == (written.is_submitted, written.submitted_by)


async def test_a_draft_that_cannot_be_submitted_is_not_made_either(
    harness: DeliveryHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise Refused("no")

    monkeypatch.setattr(Submissions, "submit", fail)
    with pytest.raises(Refused):
        await editing_of(harness).hand_in(order_of(text(), submit=True))
    monkeypatch.undo()
    assert (await hand_in(harness)).created


async def test_a_draft_with_errors_waits_for_its_author(harness: DeliveryHarness) -> None:
    made = await editing_of(harness).hand_in(order_of(text("{{ harbour }}"), submit=True))
    assert not (await editing_of(harness).open(made.id)).manuscript.is_submitted


async def test_a_draft_that_is_being_changed_is_not_submitted_by_its_first_file(harness: DeliveryHarness) -> None:
    first = await hand_in(harness)
    await editing_of(harness).change(first.id, to_text("Hullo"), BEA, (1,))
    await editing_of(harness).hand_in(order_of(text(), submit=True))
    assert not (await editing_of(harness).open(first.id)).manuscript.is_submitted


async def test_the_same_file_that_comes_in_together_is_one_draft(harness: DeliveryHarness) -> None:
    drafts = await asyncio.gather(*(hand_in(harness) for _ in range(3)))
    assert (1, 1) == (len({draft.id for draft in drafts}), sum(draft.created for draft in drafts))


async def test_different_files_that_come_in_together_are_as_many_drafts(harness: DeliveryHarness) -> None:
    drafts = await asyncio.gather(*(hand_in(harness, f"Hello {number}") for number in range(8)))
    assert (8, 8) == (len({draft.id for draft in drafts}), sum(draft.created for draft in drafts))


async def test_editions_of_other_lists_do_not_turn_a_draft_away(
    harness: DeliveryHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They take the id for which it was built, because all lists share the ids."""
    await harness.services.make_list("other")
    build, others = InlineMaker.build, iter(range(7))

    async def overtaken(maker: InlineMaker, order: BuildOrder) -> BuiltEdition:
        built = await build(maker, order)
        if order.slug == "boats" and (number := next(others, None)) is not None:
            await editing_of(harness).hand_in(replace(order_of(text(f"Other {number}", "Other")), list_name="other"))
        return built

    monkeypatch.setattr(InlineMaker, "build", overtaken)
    assert (8, True) == ((made := await hand_in(harness)).id, made.created)


async def test_drafts_of_many_lists_that_come_in_together_do_not_turn_each_other_away(
    harness: DeliveryHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is built a few times at most, however many there are, and all of them are built side by side at first."""
    names = [f"list-{number}" for number in range(STORE_ATTEMPTS + 5)]
    for name in names:
        await harness.services.make_list(name)
    build, orders = InlineMaker.build, [order_of(text(f"To {name}", name)) for name in names]
    built = 0

    async def counted(maker: InlineMaker, order: BuildOrder) -> BuiltEdition:
        nonlocal built
        built += 1
        await asyncio.sleep(0)
        return await build(maker, order)

    monkeypatch.setattr(InlineMaker, "build", counted)
    editing = editing_of(harness)
    handed_in = (editing.hand_in(replace(order, list_name=name)) for name, order in zip(names, orders, strict=True))
    drafts = await asyncio.gather(*handed_in)
    assert len(names) == len({draft.id for draft in drafts})
    assert len(names) < built <= len(names) * (OVERTAKEN + 2)


async def test_files_that_come_in_together_are_all_added(harness: DeliveryHarness) -> None:
    made = await hand_in(harness)
    paths = [f"{number}.pdf" for number in range(8)]
    await asyncio.gather(*(editing_of(harness).change(made.id, FileChange(path, b"%PDF"), ANN, (1,)) for path in paths))
    assert paths == [file.path for file in await harness.services.database.read(manuscripts.list_files, made.id)]


async def test_the_same_file_is_the_edition_that_was_sent(harness: DeliveryHarness) -> None:
    sent = await harness.edition("Hello")
    assert (sent, False) == ((draft := await hand_in(harness)).id, draft.created)


async def test_a_cancelled_draft_may_come_again(harness: DeliveryHarness) -> None:
    first = await hand_in(harness)
    await harness.edition_admin.cancel(first.id)
    assert first.id != (await hand_in(harness)).id


async def test_a_draft_with_errors_is_kept_with_its_findings(harness: DeliveryHarness) -> None:
    await harness.readers(1)
    made = await hand_in(harness, "{{ harbour }}")
    assert 1 == len(errors_of(made.findings))


async def test_a_text_that_cannot_be_read_is_refused(harness: DeliveryHarness) -> None:
    with pytest.raises(EditionError, match="line 3"):
        await editing_of(harness).hand_in(order_of(text("x", "y\nsubjekt: z")))
    assert [] == await harness.rows("select id from edition")


async def test_a_change_of_what_somebody_else_has_changed_is_refused(harness: DeliveryHarness) -> None:
    editing, made = editing_of(harness), await hand_in(harness)
    await editing.change(made.id, to_text("Hullo"), BEA, (1,))
    for seen in (1, 3, 0, -1):
        with pytest.raises(ChangedMeanwhile):
            await editing.change(made.id, to_text("Hallo"), ANN, (seen,))
    assert b"Hullo" in (await editing.open(made.id)).text.source


async def test_of_changes_that_come_in_together_one_is_made(harness: DeliveryHarness) -> None:
    editing, made = editing_of(harness), await hand_in(harness)
    changes = (editing.change(made.id, to_text(f"Hullo {number}"), BEA, (1,)) for number in range(4))
    outcomes = await asyncio.gather(*changes, return_exceptions=True)
    assert 3 == sum(isinstance(outcome, ChangedMeanwhile) for outcome in outcomes)
    assert 2 == (await editing.open(made.id)).manuscript.number


async def test_a_text_and_a_picture_may_be_changed_side_by_side(harness: DeliveryHarness) -> None:
    """Who uploads a picture does not disturb who is typing."""
    editing, made = editing_of(harness), await hand_in(harness)
    picture = await editing.change(made.id, FileChange("a.png", PNG), BEA, (1,))
    words = await editing.change(made.id, to_text("Hullo"), ANN, (1,))
    assert (2, 3) == (picture.number, words.number)
    with pytest.raises(ChangedMeanwhile):
        await editing.change(made.id, FileChange("a.png", PNG + b"x"), ANN, (1,))
    assert 4 == (await editing.change(made.id, FileChange("a.png", None), ANN, (3,))).number


async def test_the_page_of_a_draft_has_its_new_words(harness: DeliveryHarness) -> None:
    await harness.readers(1)
    editing, made = editing_of(harness), await hand_in(harness)
    await editing.change(made.id, to_text("Hullo ![a harbour](a.png)", "Harbours"), ANN, (1,))
    await editing.change(made.id, FileChange("a.png", PNG), ANN, (2,))
    edition = await harness.stored(made.id)
    assert ("harbours", "Harbours") == (edition.slug, edition.subject)
    assert [("1-a.png",)] == await harness.rows("select name from edition_asset")
    await release_of(harness).release(made.id, AT_ONCE)
    [copy] = await harness.send_all()
    assert b"Hullo" in copy.content


async def test_a_text_that_another_edition_has_is_refused(harness: DeliveryHarness) -> None:
    other, made = await hand_in(harness, "Hullo"), await hand_in(harness)
    with pytest.raises(Refused, match=f"edition {other.id} of news has the same content already"):
        await editing_of(harness).change(made.id, to_text("Hullo"), ANN, (1,))


async def test_what_one_author_changes_in_a_row_is_one_revision(harness: DeliveryHarness) -> None:
    editing, made = editing_of(harness), await hand_in(harness)
    for number, author in enumerate((BEA, BEA, BEA, ANN), 1):
        await editing.change(made.id, to_text(f"Hullo {number}"), author, (number,))
        harness.pass_time(60)
    revisions = [(revision.number, revision.author) for revision in await revisions_of(harness, made.id)]
    assert [(5, ANN.key), (4, BEA.key), (1, ANN.key)] == revisions
    assert b"Hullo 3" in (await editing.revision(made.id, 4)).source


async def test_what_was_approved_stays_a_revision(harness: DeliveryHarness) -> None:
    editing, made = editing_of(harness), await hand_in(harness)
    await editing.change(made.id, to_text("Hullo"), BEA, (1,))
    await release_of(harness).submit(made.id, BEA)
    await editing.change(made.id, to_text("Hallo"), BEA, (2,))
    assert [3, 2, 1] == [revision.number for revision in await revisions_of(harness, made.id)]


async def test_after_ten_minutes_a_new_revision_begins(harness: DeliveryHarness) -> None:
    editing, made = editing_of(harness), await hand_in(harness)
    await editing.change(made.id, to_text("Hullo"), BEA, (1,))
    harness.pass_time(601)
    await editing.change(made.id, to_text("Hallo"), BEA, (2,))
    assert [3, 2, 1] == [revision.number for revision in await revisions_of(harness, made.id)]


async def test_the_same_text_again_is_no_change(harness: DeliveryHarness) -> None:
    made = await hand_in(harness)
    assert 1 == (await editing_of(harness).change(made.id, to_text(), BEA, (1,))).number


async def test_a_draft_that_is_thrown_away_leaves_nothing(harness: DeliveryHarness) -> None:
    editing, made = editing_of(harness), await hand_in(harness, files={"a.png": PNG})
    await editing.remove(made.id, (1,))
    for table in ("edition", "edition_content", "manuscript", "revision", "manuscript_file", "archive_search"):
        assert [] == await harness.rows(f"select * from {table}"), table
    with pytest.raises(NotFound):
        await editing.open(made.id)


async def test_a_draft_that_somebody_has_changed_is_not_thrown_away(harness: DeliveryHarness) -> None:
    editing, made = editing_of(harness), await hand_in(harness)
    await editing.change(made.id, to_text("Hullo"), BEA, (1,))
    with pytest.raises(ChangedMeanwhile):
        await editing.remove(made.id, (1,))


async def test_what_was_sent_is_no_draft_any_more(harness: DeliveryHarness) -> None:
    await harness.readers(1)
    editing, made = editing_of(harness), await hand_in(harness)
    await release_of(harness).release(made.id, AT_ONCE)
    for change in (editing.change(made.id, to_text("Hullo"), ANN, (1,)), editing.remove(made.id, (1,))):
        with pytest.raises(Refused, match="no longer a draft"):
            await change
    assert [] == await harness.rows("select * from manuscript_file union all select * from manuscript_file")


@pytest.mark.parametrize("path", ["/etc/passwd", "../a.png", "a\\b.png", "c:a.png", "", "a\nb.png"])
async def test_a_file_stays_beside_its_draft(harness: DeliveryHarness, path: str) -> None:
    with pytest.raises(BadInput):
        await hand_in(harness, files={path: PNG})


async def test_no_file_takes_the_place_of_another(harness: DeliveryHarness) -> None:
    with pytest.raises(BadInput, match="the same path"):
        await hand_in(harness, files={"a.png": PNG, "./a.png": PNG + b"x"})


async def test_a_draft_has_at_most_so_many_files(harness: DeliveryHarness) -> None:
    with pytest.raises(BadInput, match="at most"):
        await hand_in(harness, files={f"{number}.png": PNG for number in range(MOST_FILES + 1)})


async def test_the_drafts_of_a_list_have_room_together(
    harness: DeliveryHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program that may only write them must not fill the disk, where no other list could send anything either."""
    editing, source = editing_of(harness), len(text().source)
    monkeypatch.setattr(draft_editing, "LARGEST_DRAFTS", 3 * source + len(PNG))
    made = await hand_in(harness, files={"a.png": PNG})
    assert 2 == (await editing.change(made.id, to_text("Hullo"), BEA, (1,))).number
    with pytest.raises(Refused, match="the drafts of news may have"):
        await editing.change(made.id, FileChange("b.png", PNG + bytes(source)), ANN, (2,))
    with pytest.raises(Refused, match="together"):
        await hand_in(harness, "Another", files={"b.png": PNG})
    assert made.id == (await hand_in(harness, files={"a.png": PNG})).id, "it is there already"
    assert 3 == (await editing.change(made.id, FileChange("a.png", None), ANN, (2,))).number
    await editing.remove(made.id, None)
    assert (await hand_in(harness, "Another", files={"b.png": PNG})).created


async def test_a_file_that_the_text_does_not_name_is_told(harness: DeliveryHarness) -> None:
    made = await hand_in(harness, files={"a.png": PNG})
    assert ["file-unused"] == [finding.remark.code for finding in made.findings if finding.severity == "warning"]


async def test_an_issue_is_taken_once(harness: DeliveryHarness) -> None:
    editing = editing_of(harness)
    await editing.hand_in(order_of(text("One", "One\nissue: spring")))
    with pytest.raises(PreflightFailed):
        await editing.hand_in(order_of(text("Two", "Two\nissue: spring")))


@pytest.mark.parametrize("first_claim_at", [None, 1])
async def test_an_issue_is_free_again_if_its_edition_was_cancelled_before_anybody_got_it(
    harness: DeliveryHarness, first_claim_at: int | None
) -> None:
    """Else its readers would get it twice."""
    editing = editing_of(harness)
    await editing.hand_in(order_of(text("One", "One\nissue: spring")))
    await harness.change("update edition set state = 'cancelled', first_claim_at = ?", first_claim_at)
    with nullcontext() if first_claim_at is None else pytest.raises(PreflightFailed):
        await editing.hand_in(order_of(text("Two", "Two\nissue: spring")))


@pytest.mark.parametrize("name", ["a.md", "a.html", "a.txt", "a.eml"])
async def test_a_text_without_end_is_refused(harness: DeliveryHarness, name: str) -> None:
    """Whatever is in it: some that nest take time by the square of their length."""
    source = b"[" * (LONGEST_TEXT + 1)
    if name == "a.eml":
        source = b"Content-Type: text/html; charset=utf-8\nSubject: Boats\n\n" + source
    with pytest.raises(EditionError, match="er than 1,024 KiB"):
        await editing_of(harness).hand_in(order_of(Text(source=source, source_name=name)))


class WatchedMaker(InlineMaker):
    """Builds when it is told to, and says for which lists it is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.began = {"news": asyncio.Event(), "other": asyncio.Event()}
        self.may_build = asyncio.Event()

    async def build(self, order: BuildOrder) -> BuiltEdition:
        self.asked.append(order.profile.name)
        self.began[order.profile.name].set()
        await self.may_build.wait()
        return await super().build(order)


async def test_a_list_keeps_no_other_waiting(harness: DeliveryHarness) -> None:
    """However many of its drafts come together, one of them is built at a time."""
    await harness.services.make_list("other")
    ours, maker = preparer_of(harness), WatchedMaker()
    ours = replace(ours, builder=replace(ours.builder, maker=maker))
    async with asyncio.TaskGroup() as tasks:
        first = [tasks.create_task(ours.prepare_draft("news", text(f"Hello {number}"), {})) for number in range(6)]
        await maker.began["news"].wait()
        other = tasks.create_task(ours.prepare_draft("other", text("Hello"), {}))
        await maker.began["other"].wait()
        assert ["news", "other"] == maker.asked
        maker.may_build.set()
    assert 7 == len([built for built in (*first, other) if built.result().digest])
