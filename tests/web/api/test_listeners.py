"""Who listens to events, or waits for them: nobody takes all the room, however many tokens they have made."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from pressrun.web.api import streams
from pressrun.web.api.problems import ApiProblem
from pressrun.web.api.streams import Followers, StreamClient, Waits


def test_one_person_leaves_room_for_streams_of_others() -> None:
    """Whoever manages one list may make as many tokens as they like."""
    followers = Followers()
    mine = [StreamClient(token=number // 3, person=7) for number in range(streams.MOST_FOLLOWERS_OF_PERSON)]
    for client in mine:
        followers.enter(client)
    with pytest.raises(ApiProblem, match="the tokens of one person"):
        followers.enter(StreamClient(token=99, person=7))
    for number in range(streams.MOST_FOLLOWERS - len(mine)):
        followers.enter(StreamClient(token=100 + number))
    with pytest.raises(ApiProblem) as full:
        followers.enter(StreamClient(token=98, person=8))
    assert 503 == full.value.status
    followers.leave(mine[0])
    followers.enter(StreamClient(token=98, person=8))


def test_one_person_leaves_room_for_others_who_wait() -> None:
    """Beyond their share they are answered at once."""
    waits = Waits()
    with ExitStack() as stack:
        for number in range(streams.MOST_WAITS_OF_PERSON):
            assert stack.enter_context(waits.granted(StreamClient(token=number // 10, person=7)))
        assert not stack.enter_context(waits.granted(StreamClient(token=99, person=7)))
        assert stack.enter_context(waits.granted(StreamClient(token=99, person=8)))
    with waits.granted(StreamClient(token=99, person=7)) as is_granted:
        assert is_granted
