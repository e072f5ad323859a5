"""The whole service in one process, wired as the daemon wires it, with a clock that only the test moves.

Requests come to the application, mails as a listener hands them over, actions through the door. A relay is whoever
takes what may go and answers. Nothing listens, and nothing runs by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from tests.database import begin_session, select
from tests.delivery.direct import DirectWorker
from tests.delivery.harness import RELAY, FakeOwner, FakePool
from tests.editions.inline_builder import InlineMaker
from tests.engines import new_data_dir
from tests.inbound.mailroom import InlineReader

from pressrun.acts.call import Call, Caller
from pressrun.config.loader import load_settings
from pressrun.control.protocol import encode_arguments
from pressrun.core.addresses.address import parse_address
from pressrun.core.addresses.mail_queues import MailQueue
from pressrun.core.bounces.classes import FAILURES
from pressrun.core.current import Holder
from pressrun.core.signing.tokens import digests_of
from pressrun.daemon.wiring import assembly, services, web_app
from pressrun.delivery.worker.assignments import Assignments
from pressrun.observe.metrics import Metrics
from pressrun.services.bounces.bounce_handler import BounceHandler
from pressrun.services.incoming.mail_acceptance import ArrivedMail, MailAcceptance
from pressrun.services.incoming.mail_commands import MailCommands
from pressrun.services.incoming.mail_processing import KINDS, MailProcessing
from pressrun.services.incoming.mailed_editions import MailedEditions
from pressrun.services.suppression import find_reason
from pressrun.services.upkeep.housekeeping import Housekeeping
from pressrun.smtp.events import RecipientOutcome
from pressrun.smtp.handover import HandOver, Outcome, Outgoing
from pressrun.smtp.reply import Reply
from pressrun.store.database import Database
from pressrun.store.queue.journal import Journal
from pressrun.web.http.clients import ArrivedRequests

DOMAIN = "news.example.org"
BASE = f"https://{DOMAIN}"
CONFIG = f"""
data_dir = "data"
base_url = "{BASE}"
mail_domain = "{DOMAIN}"

[http]
listen = "127.0.0.1:8080"

[smtp]
listen = "127.0.0.1:8025"

[[relay]]
name = "{RELAY}"
host = "127.0.0.1"
port = 25

[delivery]
rate = "100000/s"
pause_at_hard = "100%"
pause_at_complaints = "100%"

[limits]
sign_ups_per_ip = "100000/h"
confirmations_per_address = "100000/day"
confirmations = "100000/h"
unsubscribe_notes_per_address = "100000/day"
"""


class WholeService:
    """One process after the other over the same data: `start`, and `stop` without any notice, as a kill does."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.folder, self.now = folder, 1_800_000_000.0
        for module in (services, assembly, web_app):
            patch.setattr(module, "utc_now", lambda: self.now)
        patch.setattr(services, "SandboxedMaker", InlineMaker.of)

    async def start(self) -> None:
        """What the daemon does when it starts; the journal is that of the process before."""
        (self.folder / "config.toml").write_text(CONFIG)
        settings = load_settings(self.folder / "config.toml", {})
        current, metrics = Holder(settings), Metrics("0", outcomes=Outcome, kinds=KINDS, classes=FAILURES)
        data, keys = new_data_dir(self.folder / "data")
        self._keys = keys
        self.database = await Database.open(data.database)
        self._journal = Journal.open(data.root / "journal")
        context = services.build_context(current, self.database, keys, lambda: None)
        bounces, owner = BounceHandler(context), FakeOwner(await begin_session(self.database))
        self._dispatcher = await assembly.build_dispatcher(settings, context, owner, self._journal, bounces, metrics)
        self._worker = worker = DirectWorker(
            self._dispatcher.broker, FakePool(), site=settings.site, keys=keys, clock=context.clock
        )
        worker.assignments = Assignments(
            worker.mailer, self._journal, report=lambda: None, wake=lambda: None, clock=context.clock
        )
        self._dispatcher.connect(worker)
        built = services.build_services(current, context, bounces, unpause=self._dispatcher.unpause, observer=metrics)
        self._door, self._web_requests = built.door, built.pages.web_requests
        parser = InlineReader()
        self._processing = MailProcessing(
            context,
            parsers=dict.fromkeys(MailQueue, parser),
            mail_commands=MailCommands(context, sign_ups=built.pages.sign_ups),
            bounce_handler=bounces,
            mailed_editions=MailedEditions(built.preparer, parser=parser),
            counter=metrics,
        )
        self._acceptance = MailAcceptance(context, count=metrics.count_inbound, accepted=self._processing.accepted)
        page: Any = SimpleNamespace(metrics=metrics, readiness=SimpleNamespace(problems=None), render=None)
        self._app = web_app.build_web_apps(current, built, page, None, ArrivedRequests()).public
        housekeeping = built.by_the_clock[0]
        assert isinstance(housekeeping, Housekeeping)
        self.housekeeping = housekeeping

    async def stop(self) -> None:
        await self.database.close()
        self._journal.close()

    # ------------------------------------------------------------------ what comes in

    async def act(self, act: str, /, **arguments: Any) -> Any:
        """What an operator does in the shell; raises what the action raises."""
        call = Call(act=act, arguments=encode_arguments(arguments), caller=Caller.at_shell("root", 0))
        return await self._door.carry_out(call)

    async def post(self, path: str, **fields: str) -> httpx.Response:
        """What a browser, or a mail program's button, sends."""
        transport = httpx.ASGITransport(app=self._app, client=("192.0.2.7", 1))
        async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
            return await client.post(path, data=fields)

    async def mail(self, content: str, local: str, mail_from: str) -> int:
        """Hand in a mail; returns the code of the reply at RCPT, or else after the content."""
        route = await self._acceptance.resolve_route(local)
        if isinstance(route, Reply):
            return route.code
        arrived = ArrivedMail(
            mail_from=mail_from,
            recipients=(route,),
            content=content.replace("\n", "\r\n").encode(),
            peer="198.51.100.9",
            utf8=False,
            replies_each=False,
        )
        [reply] = await self._acceptance.accept(arrived)
        return reply.code

    # ------------------------------------------------------------------ what the loops do, and what goes out

    async def carry_out(self) -> None:
        """What was asked for and accepted."""
        await self._web_requests.carry_out()
        await self._processing.recover()
        await self._web_requests.carry_out()  # notes to people who left by mail

    async def cycle(self) -> None:
        """Record what relays have answered, and claim what may go."""
        self._dispatcher.broker.wake_ups.advance()
        await self._dispatcher.cycle()

    async def all_outgoing(self) -> list[Outgoing]:
        """All that may go now, as a relay gets it."""
        taken: list[Outgoing] = []
        while True:
            await self.cycle()
            some = list(iter(lambda: self._worker.next(RELAY), None))
            if not some:
                return taken
            taken += some

    def answer(self, outgoing: Outgoing, result: HandOver) -> None:
        """A relay's answer, which is journaled and not yet recorded."""
        self._worker.record(RELAY, [RecipientOutcome(outgoing, result, 0.0)])

    async def suppressed(self, addresses: Sequence[str]) -> dict[str, str]:
        """Why which of these addresses get no mail."""
        digests = {address: digests_of(self._keys, parse_address(address)) for address in addresses}
        reasons = {address: await self.database.read(find_reason, pair) for address, pair in digests.items()}
        return {address: reason.value for address, reason in reasons.items() if reason is not None}

    async def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        return await select(self.database, sql, *values)
