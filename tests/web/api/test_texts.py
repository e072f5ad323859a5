"""Bodies of texts alone are read in one step, which takes what is right member by member, and gives the same."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from starlette.requests import Request

from pressrun.acts.http import JSON
from pressrun.acts.table import ACTS
from pressrun.web.api.bodies import BodyForm, BodyLimits, read_body
from pressrun.web.api.operation import operation_of
from pressrun.web.api.values import Reading, members_type

_BODIES = {act.id: operation_of(act).body for act in ACTS.values() if act.http is not None}
_FORMS = {name: form for name, form in _BODIES.items() if form is not None and form.texts and form.members}
_LIMITS = BodyLimits(json=1 << 20, upload=1 << 20)
_PLAIN = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=9), st.sampled_from(["a\0", "\ud800", "90d"])
)
_NAMES = st.one_of(st.sampled_from(["plan", "text", "url", "source", "a\0"]), st.text(max_size=5))
_VALUES = st.recursive(
    _PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=3), max_leaves=5
)


async def _read(form: BodyForm, octets: bytes) -> Reading:
    async def receive() -> Mapping[str, Any]:
        return {"type": "http.request", "body": octets, "more_body": False}

    reading = Reading({}, [])
    scope = {"type": "http", "headers": [(b"content-type", JSON.encode())]}
    await read_body(Request(scope, receive), form, _LIMITS, reading)  # type: ignore[arg-type]
    return reading


def _valid_of(name: str) -> st.SearchStrategy[object]:
    return {
        "fields": st.dictionaries(_NAMES, st.text(max_size=9), max_size=3),
        "lists": st.lists(st.text(max_size=9), max_size=3),
        "confirm": st.sampled_from(["send", "vouch"]),
    }.get(name, st.text(max_size=9))


def test_there_are_such_bodies() -> None:
    assert {"subscriber.put", "subscriber.change", "edition.change", "token.create"} <= set(_FORMS)


@pytest.mark.parametrize("act", sorted(_FORMS))
@given(data=st.data())
async def test_one_step_is_what_member_by_member_is(act: str, data: st.DataObject) -> None:
    """The same faults in the same words, and the same values, in whatever order members come and how often."""
    form = _FORMS[act]
    assert form.members is not None
    labels = [member.label for member in form.members]
    pair = st.sampled_from(labels).flatmap(lambda name: st.tuples(st.just(name), _valid_of(name) | _VALUES))
    members = data.draw(st.lists(pair | st.tuples(_NAMES, _VALUES), max_size=4))
    body = "{" + ",".join(f"{json.dumps(name)}:{json.dumps(value)}" for name, value in members) + "}"
    octets = data.draw(st.sampled_from([body, f" {body}\n", body + "}", f"[{body}]", ""])).encode()
    quick, slow = await _read(form, octets), await _read(replace(form, texts=None), octets)
    assert slow.faults == quick.faults
    if not slow.faults:
        whole = members_type("Whole", form.kind, form.members)
        assert whole(**slow.values) == whole(**quick.values)
