"""The press and its relays over one queue, whichever process they are in."""

from __future__ import annotations

import time

from pressrun.core.keys import KeyRing
from pressrun.delivery.mailer.making import Maker
from pressrun.delivery.mailer.noting import Noting
from pressrun.delivery.mailer.printing import Press
from pressrun.delivery.mailer.signatures import Hands, Threads
from pressrun.delivery.mailer.spacing import Spacing
from pressrun.delivery.queue.jobs import Supply
from pressrun.delivery.relay.relays import Relays
from pressrun.delivery.worker.settings import PressSettings
from pressrun.services.mails.composing import CopyComposer
from pressrun.services.mails.notifying import NoticeComposer
from pressrun.services.ports import RelayStatus
from pressrun.store.journal import Journal


class LocalPress:
    """Makes mails and hands them over, as services.ports.RelayPool promises; made and used on the event loop.

    Signatures are made by `hands`, or in threads; `together` is as Press takes it. Without a journal a kill repeats
    more. Raises BadConfiguration for a relay with a bad ca_file.
    """

    def __init__(
        self,
        settings: PressSettings,
        keys: KeyRing,
        queue: Supply,
        journal: Journal | None,
        hands: Hands | None = None,
        *,
        together: int = 1,
    ) -> None:
        self._settings = settings
        self._notices = NoticeComposer(site=settings.site, keys=keys, tokens=settings.tokens)
        self._press = Press(
            queue if journal is None else Noting(queue, journal),
            maker=Maker(copies=CopyComposer(site=settings.site, keys=keys), notices=self._notices),
            signer=settings.signer(),
            hands=Threads() if hands is None else hands,
            clock=time.time,
            ahead=self._ahead,
            together=together,
        )
        self._spacing = Spacing(self._press, wake=self._press.wake, clock=time.time)
        self._space()
        self._relays = Relays(settings.relays, self._spacing, helo_name=settings.site.mail_domain)
        self._press.connect(self._relays)

    def _space(self) -> None:
        relays = {relay.name: relay.rates for relay in self._settings.relays}
        self._spacing.change(self._settings.delivery.rates, relays)

    def _ahead(self, relay: str) -> int:
        return self._settings.ahead(relay)

    def wake(self) -> None:
        """There is something to take."""
        self._press.wake()

    def statuses(self) -> list[RelayStatus]:
        return self._press.statuses()

    def being_made(self, relay: str) -> int:
        """How many rows of a relay were taken to be signed, and no connection has them yet."""
        return self._press.being_made(relay)

    def capacity(self, relay: str | None = None) -> int:
        return self._press.capacity(relay)

    def recall(self) -> None:
        """Give back what no connection has."""
        self._press.recall()

    def change(self, settings: PressSettings) -> None:
        """Go on under other settings or, raising BadConfiguration, under the present ones."""
        settings.check()
        self._relays.reconfigure(settings.relays)
        self._notices.tokens = settings.tokens
        old, self._settings = self._settings, settings
        self._space()
        if (settings.dkim, settings.delivery) != (old.dkim, old.delivery):
            self._press.sign_with(settings.signer())

    def adopt(self) -> None:
        """The ring has another key: it is shared, there is nothing to do."""

    async def drain(self, seconds: float) -> None:
        """Take nothing more, finish what is in flight, close."""
        await self._press.drain(seconds)
