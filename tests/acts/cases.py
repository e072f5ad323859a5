"""The services as actions reach them, and a door to actions of the test's own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from unittest.mock import Mock

from msgspec.structs import replace
from tests.editions.inline_builder import builder_at, preparer_of
from tests.services.harness import ServiceHarness

from pressrun.acts.act import Act, Doing
from pressrun.acts.arguments import Arguments
from pressrun.acts.cases import Cases
from pressrun.acts.door import Door
from pressrun.acts.table import ACTS
from pressrun.core.access.rights import Right
from pressrun.core.signing.keys import KeyRing
from pressrun.core.site import Site
from pressrun.services.bounces.bounce_handler import BounceHandler
from pressrun.services.drafts.draft_editing import DraftEditing
from pressrun.services.drafts.draft_proofs import DraftProofs
from pressrun.services.drafts.draft_release import DraftRelease
from pressrun.services.drafts.submissions import Submissions
from pressrun.services.editions.edition_admin import EditionAdmin
from pressrun.services.incoming.handed_in import HandedInReturns
from pressrun.services.log_ins.account import Account
from pressrun.services.ports import UNOBSERVED, BounceCounter
from pressrun.services.reports.event_feed import EventFeed
from pressrun.services.upkeep.audit_log import AuditLog
from pressrun.services.upkeep.kept_mail import KeptMail
from pressrun.services.upkeep.link_keys import LinkKeys

SITE = Site(base_url="https://n.example", mail_domain="lists.example")

Work = Callable[[ServiceHarness], Awaitable[Any]]


class AnyArguments(Arguments, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """Whatever is said."""


def returns_of(services: ServiceHarness, counter: BounceCounter = UNOBSERVED) -> HandedInReturns:
    """Takes bounces without parsing mail."""
    bounces = BounceHandler(replace(services.context, site=SITE))
    return HandedInReturns(replace(services.context, site=SITE), bounces, counter)


def cases_of(services: ServiceHarness) -> Cases:
    """All services, of an installation at n.example."""
    site = Site(base_url="https://n.example", mail_domain="lists.example", receives_mail=True)
    builder = builder_at(site, services.path / "layouts")
    context = replace(services.context, site=site)
    preparer, submissions = preparer_of(context, builder), Submissions(context)
    editing, edition_admin = DraftEditing(preparer, submissions), EditionAdmin(preparer)

    async def make_key() -> KeyRing:
        return KeyRing({**services.keys.link_keys, 2: bytes(32)}, services.keys.suppression_key)

    return Cases(
        database=services.database,
        keys=services.keys,
        audit_log=AuditLog(replace(context, entropy=lambda count: b"s" * count)),
        lists=services.lists,
        subscribers=services.subscribers,
        members=services.members,
        jobs=services.jobs,
        suppressions=services.suppressions,
        edition_admin=edition_admin,
        draft_editing=editing,
        draft_release=DraftRelease(preparer, submissions),
        draft_proofs=DraftProofs(context, editing, edition_admin),
        kept_mail=KeptMail(context),
        held=services.held,
        archive_import=services.archive_import,
        link_keys=LinkKeys(context, make_key=make_key, on_new_key=lambda: None),
        account=Mock(spec=Account),
        people=services.people,
        tokens=services.tokens,
        events=EventFeed(services.database),
        returns=returns_of(services),
    )


def door_to(services: ServiceHarness, act_id: str, work: Work) -> Door:
    """The door to this action alone, which does this instead; an unknown one writes and needs the right to operate."""

    async def carry_out(_: Doing, __: Any) -> Any:
        return await work(services)

    known = ACTS.get(act_id)
    act: Act[Any] = Act(
        id=act_id,
        summary="",
        right=Right.OPERATE if known is None else known.right,
        arguments=AnyArguments,
        work=carry_out,
        reads=known is not None and not known.writes,
        in_files=known is not None and known.in_files,
        grows=known is not None and known.grows,
    )
    acts: Mapping[str, Act[Any]] = {act_id: act}
    return Door(cases_of(services), acts)
