"""Everything stored about an address, from the API: member for member as its type says, until the address is erased."""

from __future__ import annotations

import msgspec
from tests.web.api.served import ServedApi

from pressrun.services.members.subscriber_admin import ErasureAnswer
from pressrun.services.reports.subscriber_record import AddressRecord

AGREED = {"text": "Yes", "ip": "203.0.113.9", "at": "2026-01-02T03:04:05Z", "url": "https://site.example/join"}


async def test_what_is_stored_of_an_address(served: ServedApi) -> None:
    """Somebody with evidence of several kinds, and somebody who is only suppressed."""
    await served.services.make_list()
    async with served.client() as client:
        await client.put("/lists/news/subscribers/ada@x.example", json={"confirm": "send", "consent": AGREED})
        await client.put("/lists/news/subscribers/ada@x.example", json={"confirm": "vouch", "fields": {"plan": "gold"}})
        await client.put("/suppressions/bob@x.example", json={"reason": "complaint"})
        answers = [await client.get(f"/subscribers/{name}@x.example") for name in ("ada", "bob")]
        chosen = await client.get("/subscribers/ada@x.example?fields=address,suppressed")
    ada, bob = (msgspec.json.decode(answer.content, type=AddressRecord, strict=True) for answer in answers)
    assert [msgspec.to_builtins(ada), msgspec.to_builtins(bob)] == [answer.json() for answer in answers]
    assert {"plan": "gold"} == ada.attributes
    assert AGREED["url"] in [event.url for event in ada.consent]
    assert ("complaint", []) == (bob.suppressed, bob.lists)
    assert {"address": "ada@x.example", "suppressed": None} == chosen.json()


async def test_what_was_erased(served: ServedApi) -> None:
    """In full once; a repeat under the same key says only that the address is erased."""
    await served.services.make_list()
    async with served.client() as client:
        await client.put("/lists/news/subscribers/ada@x.example", json={})
        client.headers["Idempotency-Key"] = "erase-ada"
        url, confirm = "/subscribers/ada@x.example/erase", {"confirm": "ada@x.example"}
        first, again = [await client.post(url, json=confirm) for _ in range(2)]
    for answer in (first, again):
        erased = msgspec.json.decode(answer.content, type=ErasureAnswer, strict=True)
        assert (202, answer.json()) == (answer.status_code, msgspec.to_builtins(erased))
    assert (True, {"erased": True}) == (first.json()["reader"], again.json())
