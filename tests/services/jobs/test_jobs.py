"""Imports and syncs that programs hand in as files: accepted once, shown before, and never twice after a kill."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import threading
from collections.abc import AsyncIterator, Awaitable
from contextlib import suppress
from typing import Any

import pytest
from msgspec.structs import replace
from tests.database import execute, select
from tests.services.harness import ServiceHarness

from pressrun.core.access.rights import TokenScope
from pressrun.core.addresses.address import parse_address
from pressrun.core.errors import BadInput, CommitUnknown, NotFound, Refused, Unavailable
from pressrun.operations.sources.rosters import read_roster
from pressrun.services.jobs import job_work
from pressrun.services.jobs.bulk_jobs import MOST_FILES, MOST_FILES_OF_LIST, JobOrder, JobReport
from pressrun.services.jobs.job_runner import JobQueue, JobRunner
from pressrun.services.members.member_sync import parse_limit
from pressrun.services.people.tokens import TokenMaker, TokenRequest
from pressrun.services.readers.requests import Origin
from pressrun.store.programs.events import acted_by
from pressrun.store.programs.job_files import IncomingFile

CSV, NDJSON = "text/csv", "application/x-ndjson"
DAY = 86_400


async def pieces(text: str) -> AsyncIterator[bytes]:
    octets = text.encode()
    for start in range(0, len(octets), 7):
        yield octets[start : start + 7]


def roster(*names: str) -> str:
    return "email,name\n" + "".join(f"{name}@x.example,{name.title()}\n" for name in names)


async def hand_in(
    services: ServiceHarness,
    text: str,
    *,
    limit: str | None = None,
    dry_run: bool = False,
    kind: str = CSV,
    asks: bool = False,
) -> JobReport:
    order = JobOrder(
        list_name="news",
        media_type=kind,
        source="api:crm",
        requires_confirmation=asks,
        is_dry_run=dry_run,
        limit=None if limit is None else parse_limit(limit),
    )
    return await services.jobs.hand_in(order, pieces(text))


async def carry_out(services: ServiceHarness, job: JobReport) -> JobReport:
    await services.runner.carry_out_all()
    return await services.jobs.show(job.id)


def result_of(job: JobReport, *names: str) -> list[Any]:
    assert job.result is not None
    return [job.result[name] for name in names]


async def members(services: ServiceHarness) -> list[tuple[str, str, str]]:
    sql = """select address, state, source from subscription join subscriber on subscriber.id = subscriber_id
        order by address"""
    return await select(services.database, sql)


def files(services: ServiceHarness) -> list[str]:
    folder = services.path / "jobs"
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


async def test_an_import_adds_its_rows_and_names_those_that_it_refuses(services: ServiceHarness) -> None:
    await services.make_list()
    job = await hand_in(services, "email,name,plan\nann@x.example,Ann,gold\nnobody,X,\nann@x.example,Ann,blue\n")
    assert ("queued", 0, 3, None) == (job.state, job.done, job.total, job.result)
    job = await carry_out(services, job)
    assert ("done", 3) == (job.state, job.done)
    assert [1, 1, 1] == result_of(job, "added", "updated", "refused")
    assert [3] == [row["line"] for row in result_of(job, "invalid")[0]]
    assert [("ann@x.example", "active", "api:crm")] == await members(services)
    assert [('{"plan":"blue"}',)] == await select(services.database, "select attributes from subscriber")
    assert [] == files(services)


async def test_rows_of_json_mean_the_same(services: ServiceHarness) -> None:
    await services.make_list()
    lines = [
        {"email": "ann@x.example", "name": "Ann", "language": "pt", "fields": {"plan": "gold"}},
        {"email": "bob@x.example", "fields": {"list.title": "x"}},
        {"mail": "eve@x.example"},
    ]
    job = await carry_out(services, await hand_in(services, "\n".join(map(json.dumps, lines)), kind=NDJSON))
    assert [1, 2] == result_of(job, "added", "refused")
    assert [("pt", '{"plan":"gold"}')] == await select(services.database, "select language, attributes from subscriber")


async def test_with_a_question_new_readers_have_to_confirm(services: ServiceHarness) -> None:
    await services.make_list()
    await carry_out(services, await hand_in(services, roster("ann"), asks=True))
    assert [("ann@x.example", "pending", "api:crm")] == await members(services)
    assert [("confirmation",)] == await select(services.database, "select kind from notice")


async def test_a_dry_run_changes_nothing_until_it_is_applied(services: ServiceHarness) -> None:
    await services.make_list()
    await carry_out(services, await hand_in(services, roster("ann", "bob", "eve"), limit="5%"))
    job = await hand_in(
        services, roster("ann", "bob").replace("Bob", "Robert") + "dan@x.example,Dan\n", limit="1", dry_run=True
    )
    before = await members(services)
    job = await carry_out(services, job)
    assert ("ready", before) == (job.state, await members(services))
    assert [1, 1, 1, 0, 3] == result_of(job, "add", "change", "leave", "stay_out", "of")
    applied = await services.jobs.apply(job.id, job.digest)
    assert ("applying", None) == (applied.state, applied.result)
    done = await carry_out(services, job)
    assert "done" == done.state
    assert [1, 1, 1, 0, 0] == result_of(done, "add", "change", "leave", "stay_out", "changed_since")
    assert ("eve@x.example", "unsubscribed", "sync") in await members(services)
    with pytest.raises(Refused, match="is done"):
        await services.jobs.apply(job.id)
    assert [] == files(services)


async def test_a_slow_disk_holds_up_nobody_else(services: ServiceHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a dry run keeps is brought to the disk off the loop, which has everybody's pages and connections."""
    await services.make_list()
    job = await hand_in(services, roster("ann"), limit="1", dry_run=True)
    threads = set()

    def sync(_descriptor: int) -> None:
        threads.add(threading.current_thread())

    monkeypatch.setattr(os, "fsync", sync)
    assert "ready" == (await carry_out(services, job)).state
    assert threads
    assert threading.main_thread() not in threads


async def test_what_was_not_shown_is_not_done(services: ServiceHarness) -> None:
    """Whoever has left since stays out, and whoever has joined by themselves since is not touched."""
    await services.make_list()
    await carry_out(services, await hand_in(services, roster("ann"), limit="5%"))
    job = await carry_out(
        services, await hand_in(services, roster("ann", "bob", "dan").replace("Ann", "A"), limit="5%", dry_run=True)
    )
    assert [2, 1] == result_of(job, "add", "change")
    (number,) = (await select(services.database, "select id from subscription"))[0]
    await services.unsubscribes.unsubscribe(number, Origin(source="web"))
    await services.subscribers.add("news", parse_address("bob@x.example"))
    await services.jobs.apply(job.id)
    done = await carry_out(services, job)
    assert [1, 0, 2] == result_of(done, "add", "change", "changed_since")
    assert [
        ("ann@x.example", "unsubscribed", "web"),
        ("bob@x.example", "active", "operator"),
        ("dan@x.example", "active", "sync"),
    ] == await members(services)


async def test_another_digest_than_that_of_the_result_is_refused(services: ServiceHarness) -> None:
    await services.make_list()
    job = await carry_out(services, await hand_in(services, roster("ann"), dry_run=True))
    with pytest.raises(Refused, match="digest"):
        await services.jobs.apply(job.id, "0" * 64)
    (services.path / "jobs" / next(name for name in files(services) if name.endswith(".marks"))).write_bytes(b"?")
    await services.jobs.apply(job.id)
    assert "failed" == (await carry_out(services, job)).state
    assert [] == await members(services)


@pytest.mark.parametrize("text", ["email\n", "email,state\nann@x.example,unsubscribed\n"])
async def test_too_many_leavers_are_refused_at_once(services: ServiceHarness, text: str) -> None:
    """An empty file does not empty a list; nothing of it is kept."""
    await services.make_list()
    await carry_out(services, await hand_in(services, roster("ann", "bob"), limit="5%"))
    with pytest.raises(Refused, match="2 of 2 members"):
        await hand_in(services, text, limit="5%")
    assert [] == files(services)
    assert ["active", "active"] == [state for _, state, _ in await members(services)]


@pytest.mark.parametrize(
    ("text", "kind"), [("name\nAnn\n", CSV), ("email,status\na@x.example,x\n", CSV), ("\xff\x00", NDJSON)]
)
async def test_a_file_that_cannot_be_read_is_refused_at_once(services: ServiceHarness, text: str, kind: str) -> None:
    await services.make_list()
    with pytest.raises(BadInput):
        await hand_in(services, text, kind=kind)
    assert [] == files(services)
    assert [] == await select(services.database, "select id from job")


async def test_a_row_that_may_be_anybodys_stops_a_sync(services: ServiceHarness) -> None:
    await services.make_list()
    with pytest.raises(BadInput, match="line 2"):
        await hand_in(services, '{"email": "ann@x.example"}\nnonsense\n', kind=NDJSON, limit="5%")


async def test_a_list_has_one_job_at_a_time(services: ServiceHarness) -> None:
    await services.make_list()
    first = await hand_in(services, roster("ann"))
    with pytest.raises(Refused, match=f"job {first.id} of news"):
        await hand_in(services, roster("bob"))
    await services.jobs.cancel(first.id)
    assert "cancelled" == (await services.jobs.show(first.id)).state
    await carry_out(services, await hand_in(services, roster("bob")))
    assert ["bob@x.example"] == [address for address, _, _ in await members(services)]
    await services.jobs.cancel(first.id)
    with pytest.raises(NotFound):
        await services.jobs.show(first.id)


@pytest.mark.parametrize("limit", [None, "100%"])
@pytest.mark.parametrize("dry_run", [False, True])
async def test_a_job_goes_on_where_its_last_commit_was(
    services: ServiceHarness, monkeypatch: pytest.MonkeyPatch, limit: str | None, dry_run: bool
) -> None:
    """A process that dies after any of its transactions leaves a job that the next one completes, each row once."""
    await services.make_list()
    monkeypatch.setattr(job_work, "BATCH", 2)
    await carry_out(services, await hand_in(services, roster("leo", "max", "pia", "ute", "zoe"), limit="100%"))
    job = await hand_in(services, roster("ann", "bob", "dan", "eve", "fay"), limit=limit, dry_run=dry_run)
    deaths = 0
    while (await services.jobs.show(job.id)).state != "done":
        deaths += 1
        await _run_until(services, deaths)
        if (await services.jobs.show(job.id)).state == "ready":
            await services.jobs.apply(job.id)
    done = await services.jobs.show(job.id)
    assert deaths > 3
    assert [5, 0] == result_of(done, "added", "changed_since")
    assert (done.total, done.total) == (done.done, 5 if limit is None else 10)
    states = [state for _, state, _ in await members(services)]
    assert (5 if limit else 10, 5 if limit else 0) == (states.count("active"), states.count("unsubscribed"))
    assert [(len(states) + states.count("unsubscribed"),)] == await select(
        services.database, "select count(*) from consent"
    )


class _Dies(Exception):
    """In the place of a kill: nothing after it happens."""


async def _run_until(services: ServiceHarness, commits: int) -> None:
    """Run jobs in a process that dies after one commit more each time; what it would still write is not written."""
    database = services.context.database
    left = 2

    async def write(work: Any, *args: Any, **kwargs: Any) -> Any:
        nonlocal left
        if left == 0:
            raise _Dies
        left -= 1
        return await type(database).write(database, work, *args, **kwargs)

    runner = JobRunner(1, services.context, services.job_files, read_roster, JobQueue())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "write", write)
        with suppress(_Dies):
            await runner.carry_out_all()


@pytest.mark.parametrize("limit", [None, "100%"])
async def test_a_job_stops_where_it_is_once_the_token_behind_it_is_revoked(
    services: ServiceHarness, monkeypatch: pytest.MonkeyPatch, limit: str | None
) -> None:
    """It changes nothing more; with another token, the same file completes it."""
    await services.make_list()
    monkeypatch.setattr(job_work, "BATCH", 2)
    made = await services.tokens.create(TokenRequest(name="crm", scope=TokenScope.WRITE, lists=("news",)), TokenMaker())
    names = ("ann", "bob", "dan", "eve", "fay")
    with acted_by("token:crm"):
        job = await hand_in(services, roster(*names), limit=limit)
    await _run_until(services, 2)
    assert 2 == len(await members(services))
    await services.tokens.revoke(made.id)
    job = await carry_out(services, job)
    assert ("failed", 2) == (job.state, job.done)
    assert "token:crm, on whose behalf it runs, may no longer change readers of news" in (job.problem or "")
    assert (2, []) == (len(await members(services)), files(services))
    assert [3, 2] == result_of(
        await carry_out(services, await hand_in(services, roster(*names), limit=limit)), "added", "unchanged"
    )


async def test_whoever_applies_a_dry_run_stands_for_it(services: ServiceHarness) -> None:
    """The token that handed it in may be gone by then."""
    await services.make_list()
    tokens = [
        await services.tokens.create(TokenRequest(name=name, scope=TokenScope.WRITE, lists=("news",)), TokenMaker())
        for name in ("one", "two")
    ]
    with acted_by("token:one"):
        job = await carry_out(services, await hand_in(services, roster("ann"), dry_run=True))
    await services.tokens.revoke(tokens[0].id)
    with acted_by("token:two"):
        await services.jobs.apply(job.id)
    assert "done" == (await carry_out(services, job)).state
    assert [("token:two",)] == await select(services.database, "select actor from job")


async def test_a_job_without_its_file_fails_and_says_so(services: ServiceHarness) -> None:
    await services.make_list()
    job = await hand_in(services, roster("ann"))
    for name in files(services):
        (services.path / "jobs" / name).unlink()
    job = await carry_out(services, job)
    assert ("failed", "its file is gone: hand it in again") == (job.state, job.problem)


async def test_erasing_somebody_sweeps_the_files_that_name_them(services: ServiceHarness) -> None:
    """Their job is cancelled, since nobody could say later what it was to do; others go on."""
    await services.make_list()
    await services.make_list("other")
    await carry_out(services, await hand_in(services, roster("ann")))
    job = await hand_in(services, roster("ANN", "bob"), dry_run=True)
    order = JobOrder(list_name="other", media_type=CSV, source="api:crm")
    other = await services.jobs.hand_in(order, pieces(roster("joann", "bob")))
    await services.subscribers.erase(parse_address("ann@x.example"))
    assert "cancelled" == (await services.jobs.show(job.id)).state
    assert all(b"ANN@" not in (services.path / "jobs" / name).read_bytes() for name in files(services))
    assert "done" == (await carry_out(services, other)).state


async def test_a_disk_that_takes_no_more_refuses_the_file(
    services: ServiceHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    await services.make_list()
    monkeypatch.setattr(IncomingFile, "write", full)
    with pytest.raises(Unavailable, match="no space left"):
        await hand_in(services, roster("ann"))
    assert [] == files(services)


async def test_files_are_for_their_owner_alone(services: ServiceHarness) -> None:
    await services.make_list()
    await hand_in(services, roster("ann"), limit="5%")
    folder = services.path / "jobs"
    assert {0o600} == {path.stat().st_mode & 0o777 for path in folder.iterdir()}
    assert 0o700 == folder.stat().st_mode & 0o777


async def test_files_that_belong_to_no_job_go(services: ServiceHarness) -> None:
    """Those of a dry run that may still be applied stay."""
    await services.make_list()
    job = await hand_in(services, roster("ann"), dry_run=True)
    await carry_out(services, job)
    for at, left in ((4e9, files(services)), (5e9, [])):
        services.now = at
        await services.runner.sweep_files()
        assert left == files(services)
        await execute(services.database, "delete from job")


async def test_dry_runs_of_one_list_leave_room_for_another(services: ServiceHarness) -> None:
    """Whoever manages one list could otherwise keep all others from importing, day after day."""
    for name in ("news", "other"):
        await services.make_list(name)
    for number in range(MOST_FILES_OF_LIST):
        await carry_out(services, await hand_in(services, roster(f"ada{number}"), dry_run=True))
    with pytest.raises(Refused, match="5 jobs of news have not ended"):
        await hand_in(services, roster("bea"), dry_run=True)
    order = JobOrder(list_name="other", media_type=CSV, source="api:crm")
    assert isinstance(await services.jobs.hand_in(order, pieces(roster("cid"))), JobReport)


async def test_few_files_arrive_at_a_time(services: ServiceHarness) -> None:
    """So that they cannot fill the disk before any of them is a job, and no list can keep the others waiting."""
    names = ["news", *(f"other-{number}" for number in range(1, MOST_FILES // MOST_FILES_OF_LIST)), "last"]
    for name in names:
        await services.make_list(name)
    end, begun = asyncio.Event(), asyncio.Semaphore(0)

    async def slow() -> AsyncIterator[bytes]:
        begun.release()
        await end.wait()
        yield b"email\nada@x.example\n"

    def hand_in_one(name: str, content: AsyncIterator[bytes]) -> Awaitable[JobReport]:
        return services.jobs.hand_in(JobOrder(list_name=name, media_type=CSV, source="api:crm"), content)

    arriving = []
    for name in names[:-1]:
        arriving += [asyncio.ensure_future(hand_in_one(name, slow())) for _ in range(MOST_FILES_OF_LIST)]
        for _ in range(MOST_FILES_OF_LIST):
            await begun.acquire()
        with pytest.raises(Refused, match=f"5 jobs of {name} have not ended"):
            await hand_in_one(name, pieces(roster("ada")))
    with pytest.raises(Refused, match="20 jobs have not ended"):
        await hand_in_one("last", pieces(roster("ada")))
    end.set()
    results = await asyncio.gather(*arriving, return_exceptions=True)
    assert len(names) - 1 == sum(isinstance(result, JobReport) for result in results)
    assert all(isinstance(result, JobReport | Refused) for result in results)


@pytest.mark.parametrize("problem", [CommitUnknown, asyncio.CancelledError])
async def test_a_file_stays_when_nobody_knows_whether_it_is_a_job(
    services: ServiceHarness, monkeypatch: pytest.MonkeyPatch, problem: type[BaseException]
) -> None:
    """A client that repeats the request under its key would find a job that has lost its file."""
    await services.make_list()
    database, real = services.database, services.database.write

    async def unheard(work: Any, *args: Any, **kwargs: Any) -> Any:
        await real(work, *args, **kwargs)
        raise problem("nobody heard of it")

    with monkeypatch.context() as patch:
        patch.setattr(database, "write", unheard)
        with pytest.raises(problem):
            await hand_in(services, roster("ann"))
    await services.runner.carry_out_all()
    assert "done" == (await services.jobs.show(1)).state
    assert [] == files(services)


async def test_a_job_is_kept_for_a_day_from_its_last_request_and_from_its_end(services: ServiceHarness) -> None:
    """So a client that repeats a request under its key, or asks for the result of a long job, gets an answer."""
    await services.make_list()
    start = int(services.now)
    job = await carry_out(services, await hand_in(services, roster("ann"), dry_run=True))
    kept = []
    for hours, step in ((0, None), (20, services.jobs.apply), (50, services.runner.carry_out_all)):
        services.now = start + hours * 3600
        if step == services.jobs.apply:
            await services.jobs.apply(job.id)
        elif step is not None:
            await services.runner.carry_out_all()
        (kept_until,) = (await select(services.database, "select expires_at from job"))[0]
        kept.append((kept_until - start) // 3600)
    assert [24, 44, 74] == kept


async def test_nothing_is_left_of_a_file_whose_sender_gives_up(
    services: ServiceHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also while a thread looks through it, which nobody can stop."""
    await services.make_list()
    reading, may_go_on = threading.Event(), threading.Event()

    def read_slowly(*arguments: Any) -> Any:
        reading.set()
        assert may_go_on.wait(30)
        return read_roster(*arguments)

    monkeypatch.setattr(services.jobs, "_survey", replace(services.jobs._survey, read_roster=read_slowly))
    handing_in = asyncio.create_task(hand_in(services, roster("ann")))
    await asyncio.to_thread(reading.wait, 30)
    handing_in.cancel()
    await asyncio.sleep(0.05)  # in which the file would be deleted too early
    may_go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await handing_in
    await asyncio.get_running_loop().shutdown_default_executor()
    assert [] == files(services)
