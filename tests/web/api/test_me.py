"""What a program can find out about its own token, with a token of the database."""

from __future__ import annotations

from functools import partial

import httpx
from tests.web.api.served import BASE, ServedApi

from pressrun.acts.door import caller_of_token
from pressrun.core.access.rights import TokenScope
from pressrun.services.people.tokens import TokenMaker, TokenRequest


async def test_a_token_and_what_it_may_do(served: ServedApi) -> None:
    """Its name, scope and lists, and the rights of both together; never the token itself."""
    await served.services.make_list()
    made = await served.services.tokens.create(
        TokenRequest(name="crm", scope=TokenScope.SIGN_UP, lists=("news",)), TokenMaker()
    )
    served.authenticate = partial(caller_of_token, served.services.tokens)
    headers = {"Authorization": f"Bearer {made.token}"}
    transport = httpx.ASGITransport(app=served.app)
    async with httpx.AsyncClient(transport=transport, base_url=f"{BASE}/api/v1", headers=headers) as client:
        response = await client.get("/me")
        refused = await client.get("/lists/news")
    shown = response.json()
    assert ("crm", "sign-up", ["news"]) == tuple(shown["token"][name] for name in ("name", "scope", "lists"))
    assert ([], {"news": ["sign-up"]}) == (shown["everywhere"], shown["by_list"])
    assert (403, str(made.token) in response.text) == (refused.status_code, False)
