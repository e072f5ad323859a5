"""What the reading verbs show to operators and programs: plain values that can be printed as JSON.

Plain functions of a reading transaction. Times are RFC 3339 in UTC. Nothing here changes anything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import blake2b

import msgspec

from pressrun.core.addresses.address import Address
from pressrun.core.errors import NotFound, no_such_list
from pressrun.core.lifecycles.edition import EditionState
from pressrun.core.lifecycles.subscription import SubscriptionState
from pressrun.core.pacing.destination_state import DestinationState, is_relay_destination, load_destination_state
from pressrun.core.signing.keys import KeyRing
from pressrun.core.signing.tokens import Digests, digests_of
from pressrun.core.timestamps import rfc3339
from pressrun.services.editions.authors import name_of_author
from pressrun.services.editions.lifecycle import require_edition
from pressrun.services.editions.sending_hours import held_until
from pressrun.services.evidence import ASKED, CONFIRMATION
from pressrun.services.suppression import find_reason
from pressrun.store.editions import drafts, editions, manuscripts
from pressrun.store.editions.editions import Edition
from pressrun.store.lists import lists
from pressrun.store.lists.lists import MailingList
from pressrun.store.people import people
from pressrun.store.queue import copy_counts, deliveries, destinations
from pressrun.store.readers import consent, subscribers, subscriptions, suppressions, unsubscribes, welcomes
from pressrun.store.transaction import Row, Transaction

Answer = dict[str, object]

PAGE = 1000


def picked(row: Row, *columns: str) -> Answer:
    """These columns of a row by their names, unchanged and in this order."""
    return {name: row[name] for name in columns}


def _fields(value: msgspec.Struct, *names: str) -> Answer:
    """The same for the fields of a struct."""
    return {name: getattr(value, name) for name in names}


def require_list(tx: Transaction, name: str) -> MailingList:
    """The list with this name; raises NotFound."""
    target = lists.find_list(tx, name)
    if target is None:
        raise no_such_list(name)
    return target


def list_lists(tx: Transaction) -> list[Answer]:
    """`list ls`: every list with its counts, by name."""
    return [describe_list(tx, target) for target in lists.all_lists(tx)]


def page_of_lists(
    tx: Transaction, may_see: Callable[[str], bool], *, after: str, limit: int
) -> tuple[list[Answer], str | None]:
    """Lists that somebody may see, by name, after the name `after`; and the name after which the next page begins."""
    seen = [target for target in lists.all_lists(tx) if target.name > after and may_see(target.name)]
    page = seen[:limit]
    return [describe_list(tx, target) for target in page], page[-1].name if len(seen) > limit else None


def show_list(tx: Transaction, name: str) -> Answer:
    """`list show`; raises NotFound."""
    return describe_list(tx, require_list(tx, name))


def describe_list(tx: Transaction, target: MailingList) -> Answer:
    """One list with its settings and its number of readers in each state."""
    counts = lists.count_subscriptions(tx, target.id)
    return {
        **_fields(target, "name", "title"),
        "from": target.from_address,
        **_fields(target, "owner", "language", "family", "archive"),
        **{state.value: counts.get(state, 0) for state in BY_ACTIVITY},
        **_fields(target, "description", "postal_address", "reply_to", "listed", "post_by_mail", "approval"),
        **_fields(target, "require_postal_address", "relay", "layout", "colour"),
        "logo": None if target.logo is None else lists.find_logo_name(tx, target.id),
        **_fields(target, "footer", "hours", "timezone", "leaving_note"),
        **_describe_welcome(welcomes.find_welcome(tx, target.id)),
        **_fields(target, "front", "cadence", "ask_name", "typeface"),
        "created_at": rfc3339(target.created_at),
        "closed_at": rfc3339(target.closed_at),
        "leaving_reasons": unsubscribes.count_reasons(tx, target.id),
        "revision": settings_revision(target),
    }


def settings_revision(target: MailingList) -> int:
    """A number of 40 bits for the settings of a list but its welcome email: another one once any of them differs."""
    settings = blake2b(msgspec.json.encode(target), digest_size=5).digest()
    return int.from_bytes(settings)


def _describe_welcome(welcome: Edition | None) -> Answer:
    """The file of the welcome mail, and the edition that reports on it."""
    if welcome is None:
        return {"welcome": None, "welcome_edition": None}
    return {"welcome": welcome.source_name, "welcome_edition": welcome.id}


def count_readers(tx: Transaction, name: str) -> int:
    """How many subscriptions a list has, in any state; raises NotFound."""
    return sum(lists.count_subscriptions(tx, require_list(tx, name).id).values())


BY_ACTIVITY = (
    SubscriptionState.ACTIVE,
    SubscriptionState.PENDING,
    SubscriptionState.SUSPENDED,
    SubscriptionState.UNSUBSCRIBED,
)


def list_editors(tx: Transaction, name: str) -> list[Answer]:
    """`editor ls`: the addresses that may post to a list by mail."""
    return [{"address": address} for address in people.list_editors(tx, require_list(tx, name).id)]


def show_subscriber(tx: Transaction, keys: KeyRing, address: Address) -> Answer:
    """`subscriber show`: everything stored about an address; raises NotFound for an unknown one."""
    person = subscribers.find_subscriber(tx, address)
    if person is None:
        return _show_stranger(tx, digests_of(keys, address), address)
    return {
        "address": person.address,
        "suppressed": find_reason(tx, digests_of(keys, address)),
        "lists": [
            {
                "name": row["list_name"],
                "state": row["state"],
                "since": rfc3339(row["since"]),
                **picked(row, "source", "suspended_for"),
            }
            for row in subscriptions.subscriptions_of(tx, person.id)
        ],
        "consent": _evidence(consent.consent_of(tx, person.id)),
        "deliveries": [
            {**picked(row, "edition", "list", "state", "code"), "at": rfc3339(row["at"])}
            for row in subscribers.list_deliveries(tx, person.id)
        ],
        "name": person.name,
        "language": person.language,
        "format": "text" if person.text_only else "html",
        "attributes": dict(person.attributes),
    }


def _show_stranger(tx: Transaction, digests: Digests, address: Address) -> Answer:
    """The same for an address that is only suppressed; raises NotFound for an erased one, and any other."""
    suppression = suppressions.find(tx, digests)
    if suppression is None or suppression["address"] is None:
        raise NotFound(f"unknown address {address}")
    return {
        "address": str(address),
        "suppressed": suppression["reason"],
        "lists": [],
        "consent": [],
        "deliveries": [],
        "name": "",
        "language": "",
        "format": "html",
        "attributes": {},
    }


def _evidence(events: Iterable[Mapping[str, object]]) -> list[Answer]:
    """The evidence as it is shown: the mail that asked for a confirmation belongs to its request."""
    shown: list[Answer] = []
    for event in events:
        entry = {name: event.get(name) for name in ("list", "event")} | {"at": _time(event["at"])}
        mail = {name: event.get(name) for name in ("mail", "message_id")}
        if (event["event"], event.get("text")) == (ASKED, CONFIRMATION):
            request = _request_without_mail(shown, event.get("list"))
            if request is not None:
                request["asked"] = {"at": entry["at"], **mail}
                continue
        told = entry | {name: event.get(name) for name in ("ip", "source", "text", "language")} | mail
        if event.get("url"):
            told["url"] = event["url"]
        if event.get("given_at"):
            told["given_at"] = _time(event["given_at"])
        carried = event.get("carried")
        if isinstance(carried, list):
            told["carried"] = [row | {"at": _time(row["at"])} for row in carried]
        shown.append(told)
    return shown


def _request_without_mail(shown: Sequence[Answer], list_name: object) -> Answer | None:
    """The oldest request for a list without a mail yet, because mails are sent in the order of the requests."""
    waiting = (entry for entry in shown if entry["event"] == "requested" and entry["list"] == list_name)
    return next((entry for entry in waiting if "asked" not in entry), None)


def _time(at: object) -> str | None:
    return rfc3339(at) if isinstance(at, int) else None


def list_editions(tx: Transaction, name: str | None, now: int) -> list[Answer]:
    """`edition ls`: every edition, or those of one list, newest first; raises NotFound."""
    list_id = None if name is None else require_list(tx, name).id
    return [describe_edition(tx, edition, now) for edition in editions.all_editions(tx, list_id)]


def page_of_editions(
    tx: Transaction, name: str, *, before: int, limit: int, state: str | None, since: int, now: int
) -> list[Answer]:
    """Editions of a list with lower ids, newest first, in one state if it is named, and not older than `since`."""
    target = require_list(tx, name)
    page = editions.page_of_editions(tx, target.id, before=before, limit=limit, state=state, since=since)
    return [describe_edition(tx, edition, now) for edition in page]


def show_edition(tx: Transaction, edition_id: int, now: int) -> Answer:
    """`edition show`: the edition, and its state as a draft, now or before it went out; raises NotFound."""
    return describe_edition(tx, require_edition(tx, edition_id), now) | describe_manuscript(tx, edition_id)


def describe_manuscript(tx: Transaction, edition_id: int) -> Answer:
    """Who submitted, approved and returned an edition as a draft, and `revision`, the number of its last change.

    All are null for an edition that was never one.
    """
    manuscript = manuscripts.find_manuscript(tx, edition_id)
    if manuscript is None:
        return dict.fromkeys(_OF_MANUSCRIPTS)
    is_approved, is_submitted = manuscript.is_approved, manuscript.is_submitted
    return {
        "revision": manuscript.number,
        "submitted_at": rfc3339(manuscript.submitted_at) if is_submitted else None,
        "submitted_by": name_of_author(tx, manuscript.submitted_by) if is_submitted else None,
        "approved_at": rfc3339(manuscript.approved_at) if is_approved else None,
        "approved_by": name_of_author(tx, manuscript.approved_by) if is_approved else None,
        "returned_at": rfc3339(manuscript.returned_at),
        "returned_by": name_of_author(tx, manuscript.returned_by),
        "words": manuscript.words or None,
        "source_url": manuscript.source_url,
    }


_OF_MANUSCRIPTS = (
    "revision", "submitted_at", "submitted_by", "approved_at", "approved_by", "returned_at", "returned_by", "words",
    "source_url",
)  # fmt: skip


def describe_edition(tx: Transaction, edition: Edition, now: int) -> Answer:
    """One edition with its six counts, which add up to its audience.

    `held_until` is when its list's hours begin, `replaced_by` the newer draft of the same editor.
    """
    draft = drafts.find_draft(tx, edition.id)
    return {
        "id": edition.id,
        "list": edition.list_name,
        "slug": edition.slug,
        "subject": edition.subject,
        "state": edition.state.value,
        "audience": edition.audience,
        **copy_counts.count_copies(tx, edition.id),
        "created_at": rfc3339(edition.created_at),
        "scheduled_at": rfc3339(edition.scheduled_at),
        "started_at": rfc3339(edition.started_at),
        "finished_at": rfc3339(edition.finished_at),
        "held_until": rfc3339(held_until(edition, now)),
        **_fields(edition, "pause_reason", "canary_percent"),
        "replaced_by": None if draft is None else draft.replaced_by,
        **_fields(edition, "issue", "may_have_gone"),
        "copies_removed_at": rfc3339(edition.copies_removed_at),
    }


def list_queue(tx: Transaction, now: int) -> list[Answer]:
    """`queue ls`: copies without a result by recipient domain, the most first, with the reason of a pause."""
    states = {name: load_destination_state(stored) for name, stored in destinations.load_states(tx).items()}
    held, why_held = _held_by_hours(tx, now)
    why, relays_wait = {**_why_paused(tx), **why_held}, _why_relays_wait(states, now)
    domains: list[Answer] = []
    for row in deliveries.waiting_by_domain(tx):
        state = states.get(destinations.destination_of(tx, row["domain"]) or row["domain"], DestinationState())
        is_paused = state.paused_until > now and not state.is_blocked
        why_slow = _why_slow(state, now) if row["queued"] else None
        domains.append(
            {
                **picked(row, "domain", "queued", "claimed", "deferred"),
                "next_attempt": rfc3339(row["next_attempt"]),
                "paused_until": rfc3339(int(state.paused_until)) if is_paused else None,
                "reason": state.reason
                if is_paused or state.is_blocked
                else why_slow or row["reason"] or why.get(row["domain"]) or relays_wait,
                "blocked": state.is_blocked,
                "held": held[row["domain"]],
            }
        )
    return domains


def with_relays(rows: Sequence[Answer], relays: Sequence[Mapping[str, str | None]]) -> list[Answer]:
    """The rows of `list_queue`; those without a reason get the one of the relays when no relay works.

    `relays` are `name`, `failing_since` and `error` of each, as the running daemon has them.
    """
    if not relays or any(relay["failing_since"] is None for relay in relays):
        return list(rows)
    why = "; ".join(f"relay {relay['name']} fails since {relay['failing_since']}: {relay['error']}" for relay in relays)
    return [{**row, "reason": row["reason"] or why} for row in rows]


def _why_paused(tx: Transaction) -> dict[str, str]:
    """The reason shown for domains to which copies of paused editions wait."""
    reasons: dict[str, str] = {}
    for edition in editions.paused_editions(tx):
        words = f"edition {edition.id} waits: {edition.pause_reason or 'it is paused'}"
        reasons |= dict.fromkeys(deliveries.waiting_of_edition(tx, edition.id), words)
    return reasons


def _why_relays_wait(states: Mapping[str, DestinationState], now: int) -> str | None:
    """The reason shown for all domains while a relay has asked to slow down."""
    reasons = [
        f"{name} is paused until {rfc3339(int(state.paused_until))}: {state.reason}"
        for name, state in sorted(states.items())
        if is_relay_destination(name) and state.opens_at(now) > now
    ]
    return "; ".join(reasons) or None


def _why_slow(state: DestinationState, now: int) -> str | None:
    """The reason shown for a slow domain."""
    if state.slow_until <= now:
        return None
    return f"its answers take {state.slow_seconds:.1f} s or more: few copies are on their way to it at a time"


def _held_by_hours(tx: Transaction, now: int) -> tuple[Counter[str], dict[str, str]]:
    """How many copies wait for the sending hours of their list, by domain, with the reason shown."""
    held: Counter[str] = Counter()
    reasons: dict[str, str] = {}
    for edition in editions.live_editions(tx):
        opens_at = held_until(edition, now) if edition.state is EditionState.SENDING else None
        if opens_at is None:
            continue
        for domain, number in deliveries.waiting_of_edition(tx, edition.id).items():
            held[domain] += number
            reasons[domain] = f"{edition.list_name} sends {edition.list_hours} only: on at {rfc3339(opens_at)}"
    return held, reasons


def list_suppressions(tx: Transaction) -> list[Answer]:
    """`suppression ls`: every suppression, oldest first; an erased address is None."""
    return [describe_suppression(row) for row in suppressions.list_suppressions(tx)]


def describe_suppression(row: Row) -> Answer:
    return {**picked(row, "address", "reason"), "since": rfc3339(row["since"])}
