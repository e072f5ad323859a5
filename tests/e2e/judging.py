"""What schemathesis cannot know when it judges the API: that a key is for one request, and whose token it shows."""

from __future__ import annotations

import os
import re
from typing import Any
from uuid import uuid4

import schemathesis

from pressrun.acts.keyed import KEY as KEY_PATTERN

KEY = "Idempotency-Key"
OWN_TOKEN = "JUDGE_TOKEN_ID"  # the variable of the environment that has its number


def _renew_key(request: Any) -> Any:
    request.headers[KEY] = uuid4().hex
    return request


@schemathesis.hook
def before_call(_: Any, case: Any, options: dict[str, Any]) -> None:
    """Give each request a key of its own, and leave the token alone without which no other request is answered."""
    if re.fullmatch(KEY_PATTERN, (case.headers or {}).get(KEY, "")):
        options["auth"] = _renew_key  # which requests calls last; a case whose headers change is judged anew
    if case.operation.label == "DELETE /tokens/{id}" and str(case.path_parameters["id"]) == os.environ[OWN_TOKEN]:
        case.path_parameters["id"] = 2**40
