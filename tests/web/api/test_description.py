"""The description of the API: complete, valid JSON Schema, and the same as what is checked."""

from __future__ import annotations

import json
import re
from typing import Any

import jsonschema_rs
import pytest
from tests.web.api.served import ServedApi

from pressrun.acts.table import ACTS
from pressrun.web.api.openapi import describe
from pressrun.web.api.operation import operation_of

OPERATIONS = [operation_of(act) for act in ACTS.values() if act.http is not None]
DOCUMENT: dict[str, Any] = describe(OPERATIONS, "https://news.example.org")
DESCRIBED = [(path, method) for path, methods in DOCUMENT["paths"].items() for method in methods]


def test_every_action_for_programs_is_described_with_its_right() -> None:
    """Once each, by its id, and with the right that its entry names."""
    assert sorted((operation.act.id, operation.act.right.value) for operation in OPERATIONS) == sorted(
        (operation["operationId"], operation["x-right"])
        for methods in DOCUMENT["paths"].values()
        for operation in methods.values()
    )


def test_what_an_action_means_is_worked_out_once() -> None:
    """Most of the time in which an API is made would go into reading types."""
    assert all(operation_of(operation.act) is operation for operation in OPERATIONS)


def test_no_two_actions_share_a_path_and_method() -> None:
    """One of them could never be reached."""
    assert len(OPERATIONS) == len(DESCRIBED)


def test_every_schema_is_one() -> None:
    """JSON Schema 2020-12, which OpenAPI 3.1 builds on."""
    for name, schema in DOCUMENT["components"]["schemas"].items():
        jsonschema_rs.meta.validate({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema})
        assert schema.get("title"), name


def test_what_is_declared_elsewhere_is_described_too() -> None:
    """The settings of a list are made of their table."""
    schemas = DOCUMENT["components"]["schemas"]
    assert "Settings of a list; what is left out stays as it is." == schemas["ListFields"].get("description")
    assert "A list to create: its name, its title, and any settings." == schemas["NewListFields"].get("description")


def test_no_text_of_a_return_has_a_nul() -> None:
    """Which the API refuses, so that its description must not allow it."""
    members = DOCUMENT["components"]["schemas"]["ReturnAddRequest"]["properties"]
    assert [] == [name for name in ("token", "message_id", "text") if re.search(members[name].get("pattern", ""), "\0")]


@pytest.mark.parametrize(("act", "statuses"), [("list.close", {"413", "415"}), ("list.list", set())])
def test_the_refusals_of_a_body_are_described_where_one_is_looked_at(act: str, statuses: set[str]) -> None:
    """An action without a body refuses one, too."""
    operations = [operation for methods in DOCUMENT["paths"].values() for operation in methods.values()]
    (described,) = [operation for operation in operations if operation["operationId"] == act]
    assert statuses == described["responses"].keys() & {"413", "415"}


def test_every_reference_leads_somewhere() -> None:
    """Inside of the document."""

    def references(part: Any) -> list[str]:
        if isinstance(part, dict):
            own = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
            return own + [reference for value in part.values() for reference in references(value)]
        return [reference for value in part for reference in references(value)] if isinstance(part, list) else []

    for reference in set(references(DOCUMENT)):
        target: Any = DOCUMENT
        for step in reference.removeprefix("#/").split("/"):
            target = target[step]
        assert target


def test_no_generator_of_clients_has_one_name_for_two_values() -> None:
    """They use letters and digits alone: openapi-python-client fails at `GMT+0` beside `GMT-0`."""

    def enums(part: Any) -> list[list[str]]:
        if isinstance(part, dict):
            own = [part["enum"]] if isinstance(part.get("enum"), list) else []
            return own + [enum for value in part.values() for enum in enums(value)]
        return [enum for value in part for enum in enums(value)] if isinstance(part, list) else []

    for enum in enums(DOCUMENT):
        names = [re.sub(r"[^A-Za-z0-9]", "", str(value)).upper() for value in enum]
        assert len(names) == len(set(names)), enum[:9]


def test_no_member_that_may_be_left_out_has_but_one_value() -> None:
    """openapi-python-client generates invalid Python for it."""

    def constants(part: Any) -> list[str]:
        if isinstance(part, dict):
            needed = part.get("required", [])
            own = [name for name, kind in part.get("properties", {}).items() if name not in needed and "const" in kind]
            return own + [name for value in part.values() for name in constants(value)]
        return [name for value in part for name in constants(value)] if isinstance(part, list) else []

    assert [] == constants(DOCUMENT["components"])


@pytest.mark.parametrize(("path", "method"), DESCRIBED)
def test_what_is_described_is_what_a_path_has(path: str, method: str) -> None:
    """Each name in braces is a parameter, and each answer of success has a status of its own."""
    operation = DOCUMENT["paths"][path][method]
    names = {part[1:-1] for part in path.split("/") if part.startswith("{")}
    assert names == {parameter["name"] for parameter in operation["parameters"] if parameter["in"] == "path"}
    assert any(status.startswith("2") for status in operation["responses"])
    assert {"401", "403", "404", "422", "429", "503"} <= operation["responses"].keys()


def test_every_answer_is_described() -> None:
    """Without the type, a client gets only the status of an answer."""
    undescribed = [
        (operation["operationId"], status)
        for methods in DOCUMENT["paths"].values()
        for operation in methods.values()
        for status, answer in operation["responses"].items()
        if status.startswith("2") and status != "204" and "content" not in answer
    ]
    assert [] == undescribed


async def test_it_is_public_and_the_same(served: ServedApi) -> None:
    """Without a token, and made once."""
    first, etag = served.api.document()
    again, _ = served.api.document()
    assert (first is again, DOCUMENT["paths"].keys()) == (True, json.loads(first)["paths"].keys())
    assert etag.startswith('"')
