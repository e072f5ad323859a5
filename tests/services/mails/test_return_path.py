"""Who bounces go to."""

from __future__ import annotations

import dataclasses

from msgspec.structs import replace
from tests.delivery.harness import DeliveryHarness

from pressrun.core.site import Site
from pressrun.services.mails.copy_composer import return_path
from pressrun.store.lists.lists import find_list


async def test_an_owner_stands_in_the_envelope_with_the_a_label_of_their_domain(harness: DeliveryHarness) -> None:
    """Else every copy would need SMTPUTF8, and fail where the relay lacks it."""
    target = await harness.services.database.read(find_list, "news")
    assert target is not None
    silent = Site(base_url="https://n.example", mail_domain="lists.example")
    assert "Post@xn--bcher-kva.example" == return_path(silent, replace(target, owner="Post@Bücher.example"), "")


async def test_an_owner_who_needs_smtputf8_stands_in_no_envelope(harness: DeliveryHarness) -> None:
    """Set while mail was received: the operator stands in, and without one an address that is always ours."""
    target = await harness.services.database.read(find_list, "news")
    assert target is not None
    owned = replace(target, owner="büro@harbour.example")
    silent = Site(base_url="https://n.example", mail_domain="lists.example")
    assert "postmaster@lists.example" == return_path(silent, owned, "")
    assert "ops@harbour.example" == return_path(dataclasses.replace(silent, operator="ops@harbour.example"), owned, "")
