"""Whether signatures and DNS cover the sender of an edition: the part of preflight that queries DNS.

When DNS does not answer in time, there are no findings, and DNS is not queried for a while.
"""

from __future__ import annotations

from collections.abc import Collection

from pressrun.core.addresses.address import parse_address
from pressrun.core.current import Current
from pressrun.core.site import Site
from pressrun.message.finding import Finding
from pressrun.message.preflight.sender import Records, SenderIdentity, check_sender, names_to_query
from pressrun.message.wire.mailbox import Mailbox, parse_mailbox
from pressrun.services.ports import Clock, TextRecords
from pressrun.services.settings import ServiceSettings
from pressrun.store.lists.lists import MailingList

QUIET_SECONDS = 300.0  # after an unanswered query


class SenderCheck:
    """Checks senders. Without `records`, or with `[dns] preflight` off, it does not query DNS."""

    def __init__(
        self, *, site: Site, settings: Current[ServiceSettings], records: TextRecords | None, clock: Clock
    ) -> None:
        self._site = site
        self._settings = settings
        self._records = records
        self._clock = clock
        self._quiet_until = 0.0

    async def check(self, target: MailingList, own: Mailbox | None) -> list[Finding]:
        """Findings about the sender of an edition; `own` is the From of its file, if it has one."""
        address = (own or parse_mailbox(target.from_address)).address
        sender = SenderIdentity(
            address=address.typed,
            domain=address.domain,
            return_domain=self._return_domain(target),
            signed_domains=self._settings.value.signed_domains,
        )
        return check_sender(sender, await self._look_up(names_to_query(sender)))

    async def _look_up(self, names: Collection[str]) -> Records:
        is_on = self._settings.value.dns.preflight and self._clock() >= self._quiet_until
        if self._records is None or not is_on:
            return {}
        records = await self._records(names)
        if names and all(records.get(name) is None for name in names):
            self._quiet_until = self._clock() + QUIET_SECONDS
        return records

    def _return_domain(self, target: MailingList) -> str:
        """The domain of the envelope sender, which SPF is about."""
        if self._site.receives_mail:
            return self._site.mail_domain
        person = self._site.person_for(parse_address(target.owner) if target.owner else None)
        return self._site.mail_domain if person is None else person.domain
