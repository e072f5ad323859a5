"""`pressrun demo`: the whole service with no configuration, on loopback alone.

The daemon is the real one, with a capture instead of a relay, whose mailbox is shown at `/demo`. The tour plays some
readers and an editor: readers sign up on the page and confirm by the link in their mail, the operator adds addresses
that misbehave on purpose, an edition goes out to all of them, and one reader unsubscribes with one click. There is a
second list in Spanish, of the same family: one reader chooses it on the page and gets the same edition in Spanish.
"""

from __future__ import annotations

import asyncio
import http.client
import re
import socket
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from msgspec import Struct

from pressrun.config.settings import Settings
from pressrun.core.addresses.address import parse_address
from pressrun.core.errors import Refused, Unavailable
from pressrun.core.lifecycles.delivery import DeliveryState
from pressrun.core.lifecycles.edition import EditionState
from pressrun.core.network.endpoint import SystemdEndpoint, TcpEndpoint
from pressrun.core.quantities import Rate
from pressrun.core.site import Site
from pressrun.daemon.demo_capture import Capture
from pressrun.daemon.running import Running
from pressrun.daemon.serve import Extras, serve
from pressrun.delivery.relay.settings import RelaySettings
from pressrun.inbound.settings import SmtpSettings
from pressrun.message.editions.read_back import read_parts
from pressrun.observe.settings import LogSettings
from pressrun.operations.settings import DoctorSettings
from pressrun.runtime.event_loop import run_loop
from pressrun.services.editions.build_orders import Manuscript
from pressrun.services.settings import DeliverySettings, DnsSettings
from pressrun.store.editions import editions
from pressrun.store.lists import lists
from pressrun.store.queue import copy_pages
from pressrun.store.transaction import Transaction
from pressrun.web.settings import HttpSettings

LIST, SPANISH, FAMILY = "harbour", "puerto", "quayside"
OWN_DOMAIN = "demo.example"
MAIL_DOMAIN = f"lists.{OWN_DOMAIN}"
READERS = ("ada@readers.example", "bruno@readers.example", "chidi@readers.example", "dina@readers.example")
SPANISH_READER = "elena@readers.example"
# The start of the local part tells the capture how to misbehave. Confirmations do not reach these, so they are added.
DIFFICULT = ("hard-gone@readers.example", "soft-busy@readers.example", "full-box@readers.example")
_LISTS = {
    LIST: {
        "title": "The Harbour Letter",
        "description": "News from the quay: tides, repairs, and something to cook.",
        "cadence": "Once a month",
        "postal_address": "Harbour Office\n1 Quay Street\nDemo",
    },
    SPANISH: {
        "title": "La Carta del Puerto",
        "description": "Noticias del muelle: mareas, arreglos y algo para cocinar.",
        "cadence": "Una vez al mes",
        "language": "es",
        "postal_address": "Oficina del Puerto\nCalle del Muelle 1\nDemo",
    },
}
WAIT_SECONDS = 30.0  # for a mail to arrive or an edition to finish, before the tour gives up


class Places(Struct, frozen=True, kw_only=True):
    """The addresses of the demo."""

    url: str
    mailbox: str
    list: str
    smtp: str
    mail_domain: str = MAIL_DOMAIN


DemoOutcome = Mapping[str, str]
"""What happened to one copy of the sample edition: `address`, `outcome` and `reply`."""


class Guide(Struct, frozen=True, kw_only=True):
    """Callbacks of the command line: `ready` once everything is open, `told` for each step, `done` after the tour.

    `once` ends the demo after the tour.
    """

    ready: Callable[[Places], None]
    told: Callable[[str], None]
    done: Callable[[Sequence[DemoOutcome]], None]
    once: bool


def run_demo(*, port: int, directory: Path | None, guide: Guide) -> None:
    """Run the demo until it is interrupted, or once through the tour.

    Raises Unavailable for a port in use, and KeyboardInterrupt if it was to end by itself and was interrupted.
    """
    with _folder(directory) as folder, _listener(port) as listener:
        url, capture = f"http://127.0.0.1:{listener.getsockname()[1]}", Capture()
        tour = _Tour(url, capture, guide)
        extras = Extras(mailbox=capture, sockets={"http": listener}, tour=tour.run)
        run_loop(_serve(folder, url, capture, extras))
    if guide.once and not tour.is_over:
        raise KeyboardInterrupt


async def _serve(folder: Path, url: str, capture: Capture, extras: Extras) -> None:
    _, capture_port = await capture.start()
    try:
        await serve(_settings(folder, url, capture_port), extras)
    finally:
        await capture.stop()


def _settings(folder: Path, url: str, capture_port: int) -> Settings:
    """Settings with which the whole tour takes seconds: retries come soon, and end early."""
    return Settings(
        source=folder / "config.toml",
        data_dir=folder / "data",
        site=Site(base_url=url, mail_domain=MAIL_DOMAIN, operator=f"operator@{OWN_DOMAIN}", receives_mail=True),
        http=HttpSettings(listen=SystemdEndpoint()),
        smtp=SmtpSettings(listen=TcpEndpoint("127.0.0.1", 0)),
        relays=(RelaySettings(name="capture", host="127.0.0.1", port=capture_port),),
        delivery=DeliverySettings(
            rates=(Rate(20, 1.0),), retry_seconds=(1.0, 2.0), give_up_after_seconds=8.0, drain_seconds=5.0
        ),
        dns=DnsSettings(preflight=False),
        doctor=DoctorSettings(weekly=False),
        log=LogSettings(level="warning"),
    )


class _Tour:
    """The readers and the editor of the demo."""

    def __init__(self, url: str, capture: Capture, guide: Guide) -> None:
        self._url = url
        self._capture = capture
        self._guide = guide
        self.is_over = False

    async def run(self, running: Running, stopping: asyncio.Event) -> None:
        """Play the tour, unless the data is from an earlier demo; then wait to be interrupted, or end."""
        guide = self._guide
        smtp = running.listeners.mail_addresses["smtp"]
        guide.ready(Places(url=self._url, mailbox=f"{self._url}/demo", list=f"{self._url}/{LIST}", smtp=smtp))
        if await running.services.context.database.read(lists.find_list, LIST) is None:
            await self._play(running)
        self.is_over = True
        if guide.once:
            stopping.set()

    async def _play(self, running: Running) -> None:
        services, told = running.services, self._guide.told
        for name, words in _LISTS.items():
            await services.cases.lists.create_list(name, {**words, "family": FAMILY})
        for address in READERS:
            await self._sign_up(address, name=address.partition("@")[0].title())
            told(f"{address} signed up on the page and confirmed by the link in the email")
        await self._sign_up(SPANISH_READER, language="es")
        told(f"{SPANISH_READER} did the same and chose Spanish")
        for address in DIFFICULT:
            await services.cases.subscribers.add(LIST, parse_address(address))
        told("the operator added three addresses that misbehave on purpose")
        await services.cases.edition_admin.send(SPANISH, _sample("edition.es.md"))
        edition_id = await services.cases.edition_admin.send(LIST, _sample("edition.md"))
        await self._until_finished(running, edition_id)
        leaver = READERS[-1]
        path = urlsplit(await self._link_to(leaver, "unsubscribe")).path
        await self._post(path, {"List-Unsubscribe": "One-Click"})
        told(f"{leaver} unsubscribed with one click")
        self._guide.done(await services.context.database.read(_lines, edition_id))

    async def _sign_up(self, address: str, **fields: str) -> None:
        await self._post(f"/{LIST}/subscribe", {"email": address, **fields})
        await self._post(urlsplit(await self._link_to(address, "confirm")).path, {"action": "confirm"})

    async def _post(self, path: str, fields: dict[str, str]) -> None:
        status = await asyncio.to_thread(_post, self._url, path, fields)
        if status >= 400:
            raise Refused(f"the demo's own page {path.split('/')[1]} answered {status}")

    async def _link_to(self, address: str, kind: str) -> str:
        """The link of this kind in the newest mail to an address."""
        for _ in range(int(WAIT_SECONDS * 20)):
            for mail in self._capture.messages:
                if address in mail.rcpt_to:
                    match = re.search(rf"{re.escape(self._url)}/{kind}/[A-Za-z0-9._-]+", read_parts(mail.content).text)
                    if match:
                        return match[0]
            await asyncio.sleep(0.05)
        raise Unavailable(f"no mail with a {kind} link arrived for {address}")

    async def _until_finished(self, running: Running, edition_id: int) -> None:
        for _ in range(int(WAIT_SECONDS * 10)):
            edition = await running.services.context.database.read(editions.find_edition, edition_id)
            if edition is not None and edition.state is EditionState.FINISHED:
                return
            await asyncio.sleep(0.1)
        raise Unavailable("the demo's edition was not finished")


def _lines(tx: Transaction, edition_id: int) -> list[DemoOutcome]:
    outcomes: list[DemoOutcome] = []
    for state in (DeliveryState.DELIVERED, DeliveryState.FAILED):
        for copy in copy_pages.copies_in_state(tx, edition_id, state):
            kind = f" ({copy.kind})" if copy.kind else ""
            reply = " ".join(str(part) for part in (copy.code, copy.enhanced, copy.reply) if part)
            tries = f", attempt {copy.attempts}" if copy.attempts > 1 else ""
            outcome = f"{state.value}{kind}{tries}"
            outcomes.append({"address": copy.address or "", "outcome": outcome, "reply": reply})
    return outcomes


def _sample(file: str) -> Manuscript:
    folder = resources.files("pressrun.daemon").joinpath("sample")
    picture = folder.joinpath("quay.png").read_bytes()
    return Manuscript(source=folder.joinpath(file).read_bytes(), source_name=file, assets={"quay.png": picture})


def _post(url: str, path: str, fields: dict[str, str]) -> int:
    where = urlsplit(url)
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=WAIT_SECONDS)
    try:
        connection.request("POST", path, urlencode(fields), {"Content-Type": "application/x-www-form-urlencoded"})
        return connection.getresponse().status
    finally:
        connection.close()


@contextmanager
def _folder(directory: Path | None) -> Iterator[Path]:
    if directory is not None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        yield directory
        return
    with tempfile.TemporaryDirectory(prefix="pressrun-demo-") as name:
        yield Path(name)


@contextmanager
def _listener(port: int) -> Iterator[socket.socket]:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError as problem:
            raise Unavailable(
                f"port {port} is not available ({problem.strerror}). Choose another with --port"
            ) from None
        yield listener
    finally:
        listener.close()
