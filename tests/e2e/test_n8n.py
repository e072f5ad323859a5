"""The properties of an n8n node that contrib/n8n makes from the description of the API, used as n8n uses them.

n8n itself is not free software. What it does with a property is little: it puts values into the URL, the query, the
headers and the body, each where its `routing` says.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from tests import node_packages
from tests.e2e.instance import Answer, Instance, plain_environment

pytestmark = [
    pytest.mark.needs("n8n-openapi-node"),
    pytest.mark.thorough,
    pytest.mark.only_on("sqlite", "the description is the same, whatever the engine"),
]

SCRIPT = Path(__file__).parents[2] / "contrib" / "n8n" / "properties.mjs"
TAKING_FILES = {"edition.put_file", "edition.rewrite", "list.import", "list.logo", "list.sync"}
_PLACE = re.compile(r'\{\{encodeURIComponent\(\$parameter\["([^"]+)"\]\)\}\}')


class Node:
    """A node with these properties, which sends requests to an instance."""

    def __init__(self, instance: Instance, description: Mapping[str, Any], token: str, folder: Path) -> None:
        self.instance, self.token = instance, token
        path = folder / "openapi.json"
        path.write_text(json.dumps(description), encoding="utf-8")
        command = node_packages.command(SCRIPT, folder, str(path))
        made = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60, env=plain_environment())
        self.left_out = {line.split()[0] for line in made.stderr.splitlines()}
        self.properties: list[dict[str, Any]] = json.loads(made.stdout)

    @property
    def operations(self) -> dict[tuple[str, str], dict[str, Any]]:
        """The choices of an operation, by resource and name."""
        return {
            (field["displayOptions"]["show"]["resource"][0], option["value"]): option
            for field in self.properties
            if field["name"] == "operation" and field["type"] == "options"
            for option in field["options"]
        }

    def fields(self, resource: str, operation: str) -> dict[str, dict[str, Any]]:
        """What a person can fill in; the names of those to be added begin with +."""
        shown = {"show": {"resource": [resource], "operation": [operation]}}
        fields = [
            field for field in self.properties if field.get("displayOptions") == shown and field["type"] != "notice"
        ]
        added = [option for field in fields if field["type"] == "collection" for option in field["options"]]
        plain = {field["name"]: field for field in fields if field["type"] != "collection"}
        return plain | {f"+{field['name']}": field for field in added}

    def send(self, resource: str, operation: str, **values: object) -> Answer:
        """Send the request of an operation with what a person filled in, and the fields that are always shown."""
        request = self.operations[resource, operation]["routing"]["request"]
        query: dict[str, Any] = {}
        body: dict[str, Any] = {}
        for name, field in self.fields(resource, operation).items():
            plain = name.removeprefix("+")
            if "routing" not in field or (name.startswith("+") and plain not in values):
                continue
            sent = field["routing"]["send"]
            value = values.get(plain, field["default"])
            into = query if sent["type"] == "query" else body
            into[sent["property"]] = json.loads(str(value)) if "JSON.parse" in sent["value"] else value
        path = _PLACE.sub(lambda match: quote(str(values[match[1]]), safe=""), request["url"].removeprefix("="))
        content = json.dumps(body).encode() if request["method"] != "GET" else None
        where = f"{path.removeprefix('/')}?{urlencode(query)}"
        return self.instance.ask_api(request["method"], where, self.token, content)


@pytest.fixture
def node(instance: Instance, tmp_path: Path) -> Node:
    token = instance.json("token", "create", "--name", "n8n", "--scope", "write")["token"]
    instance.start()
    description = json.loads(instance.get("/api/openapi.json").text)
    folder = tmp_path / "node"
    folder.mkdir()
    return Node(instance, description, token, folder)


def test_every_request_becomes_an_operation(node: Node) -> None:
    """Below the resource of its tag, with a field for each part of its path; only files are left to other nodes."""
    description = json.loads(node.instance.get("/api/openapi.json").text)
    expected = {
        (method.upper(), path, described["tags"][0].title(), described["summary"])
        for path, methods in description["paths"].items()
        for method, described in methods.items()
    }
    actual = {
        (
            option["routing"]["request"]["method"],
            _PLACE.sub(r"{\1}", option["routing"]["request"]["url"].removeprefix("=")),
            resource,
            option["action"],
        )
        for (resource, _), option in node.operations.items()
    }
    assert expected == actual
    assert TAKING_FILES == node.left_out
    for (resource, operation), option in node.operations.items():
        wanted = set(_PLACE.findall(option["routing"]["request"]["url"]))
        assert wanted <= node.fields(resource, operation).keys(), operation


def test_operations_do_what_they_say(node: Node) -> None:
    """With what a person must fill in, and with what they may add; odd addresses survive their way into the URL."""
    address = "o'neil+1/2@readers.example"
    added = node.send("Subscribers", "Subscriber Put", list="news", address=address, fields='{"plan": "gold"}')
    assert 201 == added.status, added.text
    changed = node.send("Subscribers", "Subscriber Change", list="news", address=address, name="Olga")
    assert ("Olga", {"plan": "gold"}) == tuple(json.loads(changed.text)[name] for name in ("name", "fields"))
    few = node.send("Subscribers", "Subscriber List", list="news", limit=1, count="true", fields="email,state")
    assert (4, {"email", "state"}) == (json.loads(few.text)["total"], json.loads(few.text)["items"][0].keys())
    events = node.send("Events", "Event List", type="subscription.started", list="news", after=0)
    assert 200 == events.status, events.text
    assert address in {event["email"] for event in json.loads(events.text)["items"]}
    draft = node.send("Editions", "Edition Draft", list="news", subject="High water", markdown="The tide is in.")
    assert 201 == draft.status, draft.text
