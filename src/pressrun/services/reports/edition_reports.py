"""The report on an edition: its copies by state, kind, class, domain and reply, and over time.

It is read in one transaction by aggregates, so a report on an audience of 100,000 takes well under a second. Groups
contain no address; `failures` and `waiting` name the reader of each copy, for programs. Copies whose rows were removed
for their age are in all numbers, by the hour in which they came to their end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

from msgspec import Struct
from msgspec.structs import asdict, replace

from pressrun.core.lifecycles.delivery import DeliveryState
from pressrun.core.lifecycles.edition import at_defaults
from pressrun.core.pacing.destination_state import load_destination_state
from pressrun.core.pacing.providers import provider_of
from pressrun.core.text.masking import key_of, without_mailbox, without_people
from pressrun.core.timeline import Timeline, moment_of_share, spread
from pressrun.core.timestamps import rfc3339
from pressrun.services.drafts.draft_approval import find_held
from pressrun.services.editions.lifecycle import require_edition
from pressrun.services.reports.edition_descriptions import EditionAnswer, describe_edition
from pressrun.store.editions import editions
from pressrun.store.editions.editions import CountedEvent
from pressrun.store.lists import lists
from pressrun.store.queue import copy_pages, deliveries, destinations
from pressrun.store.queue.copy_pages import RepliedCopy
from pressrun.store.readers import bounces
from pressrun.store.transaction import Transaction
from pressrun.store.upkeep import retention
from pressrun.store.upkeep.retention import CopyOutcome

DOMAINS_AT_MOST = 100  # the smaller ones are counted in one line
_ERASED = "erased readers"
_REMOVED = "removed for their age"
_SHARES = {"half_delivered_at": 0.5, "most_delivered_at": 0.9, "nearly_all_delivered_at": 0.99}


class CopyInReport(Struct, frozen=True, kw_only=True):
    """A copy that failed or waits: the reply about it, the class of its bounce, when it is tried next (RFC 3339), and
    how often it has been tried.
    """

    address: str | None
    code: int | None
    enhanced: str | None
    text: str | None
    kind: str | None
    bounce: str | None
    next_attempt: str | None
    attempts: int


class CommonReply(Struct, frozen=True, kw_only=True):
    """A reply that remote servers gave for `number` copies; `text` is one wording of it, without addresses."""

    number: int
    kind: str | None
    bounce: str | None
    code: int | None
    enhanced: str | None
    text: str


class DomainCounts(Struct, frozen=True, kw_only=True):
    """The states of the copies to one provider or domain; `name` is None for all smaller ones together."""

    name: str | None
    domains: int
    copies: int
    queued: int
    claimed: int
    deferred: int
    delivered: int
    failed: int
    cancelled: int


class TimelineInfo(Struct, frozen=True, kw_only=True):
    """How many in each bar of `seconds` from `start_at` on, how many later, and when the latest was (RFC 3339)."""

    start_at: str
    seconds: int
    numbers: Sequence[int]
    later: int
    last_at: str | None


class ReportInfo(EditionAnswer, frozen=True, kw_only=True):
    """The report on an edition: its numbers, the copies that failed or wait, the replies about them and how often each
    came, the copies by provider or domain and state (null: all smaller ones), and when they were delivered.
    """

    failures: Sequence[CopyInReport]
    waiting: Sequence[CopyInReport]
    unsubscribed: int
    complaints: int
    kinds: Mapping[str, int]
    bounces: Mapping[str, int]
    failures_said: Sequence[CommonReply]
    waiting_said: Sequence[CommonReply]
    domains: Sequence[DomainCounts]
    timing: Mapping[str, str | None]
    timelines: Mapping[str, TimelineInfo]


class EditionReport(Struct, frozen=True, kw_only=True):
    """The report as programs get it, with what people are shown beside it.

    `language` is that of the person who reads it on a page, `timezone` that of the list. `subject` has fields at their
    defaults. The readers that `edition.unsubscribed` counts left by a link of the edition; a complaint ends a
    subscription as well, but is counted only under `complaints`.
    """

    edition: ReportInfo
    timelines: Mapping[str, Timeline]
    list_title: str
    subject: str
    language: str
    timezone: str


def _timeline_info(timeline: Timeline) -> TimelineInfo:
    return TimelineInfo(
        start_at=rfc3339(timeline.start_at),
        seconds=timeline.seconds,
        numbers=timeline.numbers,
        later=timeline.later,
        last_at=rfc3339(timeline.last_at),
    )


def report_edition(tx: Transaction, edition_id: int, now: int) -> EditionReport:
    """`edition report`; raises NotFound."""
    edition = require_edition(tx, edition_id)
    failures = [_copy(copy) for copy in copy_pages.copies_in_state(tx, edition_id, DeliveryState.FAILED)]
    deferred = [_copy(copy) for copy in copy_pages.copies_in_state(tx, edition_id, DeliveryState.DEFERRED)]
    waiting = deferred + _paused_copies(tx, edition_id, now)
    gone = retention.outcomes_of(tx, edition_id)
    moments, target = _moments(tx, edition_id, gone), lists.find_list_by_id(tx, edition.list_id)
    start_at = edition.created_at if edition.started_at is None else edition.started_at
    timelines = {name: spread(counts, start_at) for name, counts in moments.items()}
    edition_with_copies = ReportInfo(
        **asdict(describe_edition(tx, edition, now)),
        failures=failures,
        waiting=waiting,
        unsubscribed=edition.unsubscribed,
        complaints=edition.complaints,
        kinds=_total(
            [(copy.kind or "", 1) for copy in failures],
            [(outcome.kind, outcome.number) for outcome in gone],
        ),
        bounces=_total(
            bounces.count_by_class(tx, edition_id).items(), [(outcome.bounce, outcome.number) for outcome in gone]
        ),
        failures_said=_with_replies_of(_grouped(failures), gone),
        waiting_said=_grouped(waiting),
        domains=_by_domain(
            [(row["domain"], row["state"], row["number"]) for row in deliveries.count_by_domain(tx, edition_id)],
            [(outcome.destination, outcome.state, outcome.number) for outcome in gone],
        ),
        timing=_timing(moments["delivered"]),
        timelines={name: _timeline_info(timeline) for name, timeline in timelines.items()},
    )
    return EditionReport(
        edition=edition_with_copies,
        timelines=timelines,
        list_title=edition.list_name if target is None else target.title,
        subject=at_defaults(edition.subject),
        language="" if target is None else target.language,
        timezone="UTC" if target is None else target.timezone,
    )


def _total(*counted: Iterable[tuple[str, int]]) -> Counter[str]:
    """The sums by name, without what has none."""
    total: Counter[str] = Counter()
    for name, number in chain(*counted):
        if name:
            total[name] += number
    return total


def _with_replies_of(said: Sequence[CommonReply], gone: Iterable[CopyOutcome]) -> list[CommonReply]:
    """The replies, and those of copies whose rows are gone, of which no words are left; the most frequent first."""
    without_words: Counter[tuple[str, str, int, str]] = Counter()
    for outcome in gone:
        if outcome.state is DeliveryState.FAILED:
            without_words[outcome.kind, outcome.bounce, outcome.code, outcome.enhanced] += outcome.number
    replies = [
        CommonReply(
            number=number,
            kind=kind or None,
            bounce=bounce or None,
            code=code or None,
            enhanced=enhanced or None,
            text="",
        )
        for (kind, bounce, code, enhanced), number in without_words.items()
    ]
    return sorted([*said, *replies], key=lambda reply: -reply.number)


def _copy(copy: RepliedCopy) -> CopyInReport:
    return CopyInReport(
        address=copy.address,
        code=copy.code,
        enhanced=copy.enhanced,
        text=copy.reply,
        kind=copy.kind,
        bounce=copy.bounce,
        next_attempt=rfc3339(copy.due_at) if copy.kind is None else None,
        attempts=copy.attempts,
    )


def _paused_copies(tx: Transaction, edition_id: int, now: int) -> list[CopyInReport]:
    """Copies that wait for destinations that are slowed down or blocked, with the words that did it.

    `next_attempt` is the end of the pause; without one there is no telling when their turn comes.
    """
    copies: list[CopyInReport] = []
    for destination, stored in destinations.load_states(tx).items():
        state = load_destination_state(stored)
        if state.is_blocked or state.allowed is not None:
            is_paused = state.paused_until > now and not state.is_blocked
            copies += [
                CopyInReport(
                    address=row["address"],
                    code=None,
                    enhanced=None,
                    text=state.reason,
                    kind="policy" if state.is_blocked else None,
                    bounce=None,
                    next_attempt=rfc3339(int(state.paused_until)) if is_paused else None,
                    attempts=row["attempts"],
                )
                for row in destinations.queued_copies(tx, edition_id, destination)
            ]
    return copies


def _grouped(copies: Iterable[CopyInReport]) -> list[CommonReply]:
    """Copies with the same reply as one group, the most frequent first."""
    numbers: Counter[tuple[object, ...]] = Counter()
    first: dict[tuple[object, ...], CopyInReport] = {}
    keys: dict[str, str] = {}
    for copy in copies:
        words = _words_of(copy)
        key = keys.get(words)
        if key is None:
            key = keys[words] = key_of(words)
        group = (copy.kind, copy.bounce, copy.code, copy.enhanced, key)
        numbers[group] += 1
        first.setdefault(group, copy)
    return [_said(first[group], number) for group, number in numbers.most_common()]


def _words_of(copy: CopyInReport) -> str:
    """The reply about a copy, without the name of its mailbox: beside the domains of a report, that is an address."""
    return without_mailbox(copy.text or "", copy.address or "")


def _said(copy: CopyInReport, number: int) -> CommonReply:
    return CommonReply(
        number=number,
        kind=copy.kind,
        bounce=copy.bounce,
        code=copy.code,
        enhanced=copy.enhanced,
        text=without_people(_words_of(copy)),
    )


def _by_domain(rows: Iterable[tuple[str, str, int]], gone: Iterable[tuple[str, str, int]]) -> list[DomainCounts]:
    """By provider, or by domain without a known one, the most copies first; of those that are gone, by destination."""
    counts: dict[str, Counter[str]] = {}
    domains: dict[str, set[str]] = {}
    for domain, state, number in rows:
        name = provider_of(domain) or domain or _ERASED
        counts.setdefault(name, Counter())[state] += number
        domains.setdefault(name, set()).add(domain)
    for destination, state, number in gone:
        name = destination or _REMOVED
        counts.setdefault(name, Counter())[state] += number
        domains.setdefault(name, set()).add(name)
    names = sorted(counts, key=lambda name: (-counts[name].total(), name))
    counted = [_domain_counts(name, len(domains[name]), counts[name]) for name in names[:DOMAINS_AT_MOST]]
    rest = names[DOMAINS_AT_MOST:]
    if rest:
        together: Counter[str] = Counter()
        for name in rest:
            together.update(counts[name])
        counted.append(_domain_counts(None, sum(len(domains[name]) for name in rest), together))
    return counted


def _domain_counts(name: str | None, domains: int, counts: Counter[str]) -> DomainCounts:
    return DomainCounts(
        name=name,
        domains=domains,
        copies=counts.total(),
        **{state.value: counts[state.value] for state in DeliveryState},
    )


def _moments(tx: Transaction, edition_id: int, gone: Iterable[CopyOutcome]) -> dict[str, Mapping[int, int]]:
    """How many copies in each second. One that bounced later counts as delivered at first, and as failed."""
    delivered: Counter[int] = Counter()
    failed: Counter[int] = Counter()
    for row in deliveries.count_by_moment(tx, edition_id):
        (delivered if row["state"] == DeliveryState.DELIVERED else failed)[row["at"]] += row["number"]
    delivered.update(bounces.count_handovers(tx, edition_id))
    for outcome in gone:
        if outcome.state is not DeliveryState.CANCELLED:
            (delivered if outcome.state is DeliveryState.DELIVERED else failed)[outcome.at] += outcome.number
    counted = editions.event_counts(tx, edition_id)
    return {
        "delivered": delivered,
        "deferred": counted[CountedEvent.DEFERRED],
        "failed": failed,
        "unsubscribed": counted[CountedEvent.UNSUBSCRIBED],
        "complaints": counted[CountedEvent.COMPLAINED],
    }


def _timing(delivered: Mapping[int, int]) -> dict[str, str | None]:
    """When the first and the last copy were delivered, and certain shares of all copies."""
    return {
        "first_delivered_at": rfc3339(min(delivered, default=None)),
        **{name: rfc3339(moment_of_share(delivered, share)) for name, share in _SHARES.items()},
        "last_delivered_at": rfc3339(max(delivered, default=None)),
    }


def report_to_editor(tx: Transaction, edition_id: int, now: int) -> EditionReport | None:
    """The report on an approved edition; None before approval and once its editor has been removed."""
    held = find_held(tx, edition_id)
    if held is None or held.edition.started_at is None:
        return None
    return replace(report_edition(tx, edition_id, now), language=held.language)
