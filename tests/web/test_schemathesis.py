"""Every route as it is described, asked by schemathesis with what fits the description and with what does not.

`PRESSRUN_THOROUGH=1` asks for longer.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    status_code_conformance,
    unsupported_method,
)
from tests.web.openapi import openapi
from tests.web.routes import broken_promises, is_of_connection
from tests.web.served_pages import ServedPages, serve_pages
from tests.web.supply import KINDS, LOGO

from pressrun.web.http.connections import DEFAULT_CONNECTION

IS_THOROUGH = bool(os.environ.get("PRESSRUN_THOROUGH"))
EXAMPLES = 100 if IS_THOROUGH else 5
SCHEMA = schemathesis.openapi.from_dict(openapi())
SCHEMA.config.phases.update(phases=["examples", "fuzzing", *(["coverage"] if IS_THOROUGH else [])])
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, unsupported_method]
TOKEN_KINDS = frozenset(kind for kinds in KINDS.values() for kind in kinds)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedPages]:
    with serve_pages(tmp_path_factory.mktemp("served"), DEFAULT_CONNECTION) as opened:
        yield opened


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    with requests.Session() as opened:
        opened.trust_env = False
        yield opened


def put_real_parts(served: ServedPages, parts: dict[str, Any]) -> None:
    """In place of what stands for a token or a digest."""
    for name in ("token", "form_token", "challenge"):
        kind = parts.get(name)
        if isinstance(kind, str) and kind in TOKEN_KINDS:
            parts[name] = served.token(kind)
    if parts.get("digest") == "logo-digest":
        parts["digest"] = LOGO.digest


@SCHEMA.parametrize()
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_answer_is_as_described(
    case: schemathesis.Case[Any], served: ServedPages, session: requests.Session
) -> None:
    """No fault, a described status and media type, and the header that each page promises."""
    put_real_parts(served, case.path_parameters)
    if isinstance(case.body, dict):
        put_real_parts(served, case.body)
    response = case.call(base_url=f"http://127.0.0.1:{served.port}", session=session, allow_redirects=False)
    assert [] == served.new_faults()
    headers = {name: values[-1] for name, values in response.headers.items()}
    if is_of_connection(response.status_code, headers):
        return
    case.validate_response(response, checks=CHECKS)
    assert [] == broken_promises(case.formatted_path, response.status_code, headers)
