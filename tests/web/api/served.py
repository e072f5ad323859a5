"""The API over the real table, the real door and a real database, with tokens that hold what a test says."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import httpx
from starlette.types import ASGIApp
from tests.acts.cases import cases_of
from tests.services.harness import ServiceHarness
from tests.web.api.described import require_described

from pressrun.acts.call import Call, Caller, ReportProgress
from pressrun.acts.door import Door
from pressrun.acts.table import ACTS
from pressrun.core.access.rights import OPERATOR, Holdings
from pressrun.core.quantities import Rate
from pressrun.store.people.audit import Actor
from pressrun.web.api.bodies import BodyLimits
from pressrun.web.api.endpoint import ApiContext
from pressrun.web.api.routes import Api
from pressrun.web.api.streams import Followers
from pressrun.web.api.tokens import Authenticate, TokenRates
from pressrun.web.http.security import Endpoint

BASE = "https://news.example.org"


@dataclass
class ServedApi:
    """Clients are made by the rights that their token holds."""

    services: ServiceHarness
    tokens: dict[str, Holdings] = field(default_factory=dict)
    rate: Rate = field(default_factory=lambda: Rate(100_000, 60.0))

    authenticate: Authenticate = field(init=False)

    def __post_init__(self) -> None:
        self.cases = cases_of(self.services)
        self._door = door = Door(self.cases)
        context = ApiContext(
            base_url=BASE,
            cursor_key=self.services.keys.suppression_key,
            authenticate=self._find_caller,
            carry_out=self._carry_out,
            refuse=door.refuse,
            client=lambda _: "192.0.2.1",
            rates=TokenRates(lambda: self.rate, lambda: self.services.now),
            limits=BodyLimits(json=1024 * 1024, upload=4 * 1024 * 1024),
            followers=Followers(),
        )
        self.api = Api(ACTS, context)
        self.authenticate = self._know_made_up_ones

    @property
    def app(self) -> ASGIApp:
        return Endpoint(self.api.answer)

    def client(self, holdings: Holdings = OPERATOR, **options: Any) -> httpx.AsyncClient:
        """A program whose token holds these rights."""
        token = f"pr_{len(self.tokens)}"
        self.tokens[token] = holdings
        headers = {"Authorization": f"Bearer {token}"}
        transport = httpx.ASGITransport(app=self.app)
        return httpx.AsyncClient(transport=transport, base_url=f"{BASE}/api/v1", headers=headers, **options)

    async def _carry_out(self, call: Call, progress: ReportProgress) -> Any:
        value = await self._door.carry_out(call, progress)
        require_described(ACTS[call.act], value)
        return value

    async def _find_caller(self, token: str, client: str | None) -> Caller | None:
        return await self.authenticate(token, client)

    async def _know_made_up_ones(self, token: str, client: str | None) -> Caller | None:
        holdings = self.tokens.get(token)
        if holdings is None:
            return None
        number = int(token.removeprefix("pr_")) + 1
        actor = Actor(who=f"token:{token}", way="api")
        return Caller(actor=actor, holdings=holdings, token_id=number, client=client)
