"""Who bounces go to."""

from __future__ import annotations

from dataclasses import replace

from tests.services.pressroom import Pressroom

from pressrun.core.site import Site
from pressrun.services.mails.composing import return_path
from pressrun.store.lists import find_list


async def test_an_owner_stands_in_the_envelope_with_the_a_label_of_their_domain(press: Pressroom) -> None:
    """Else every copy would need SMTPUTF8, and fail where the relay lacks it."""
    target = await press.office.database.read(find_list, "news")
    assert target is not None
    silent = Site(base_url="https://n.example", mail_domain="lists.example")
    assert "Post@xn--bcher-kva.example" == return_path(silent, replace(target, owner="Post@Bücher.example"), "")
