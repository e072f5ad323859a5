"""The action by which programs submit bounces and complaints."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from pressrun.acts.act import SOME_LIST, ActList, Doing, Http
from pressrun.acts.arguments import Arguments
from pressrun.acts.http import JSON, STORABLE, EmailAddress, described
from pressrun.core.access.rights import Right
from pressrun.core.addresses.address import parse_address
from pressrun.core.errors import InvalidFields
from pressrun.services.incoming.handed_in import Proof
from pressrun.store.programs.idempotency import KeptOutcome

LONGEST_WORDS = 2000
MAIL_TYPE = "message/rfc822"


class ReturnIn(Arguments, frozen=True, kw_only=True):
    """A mail, or which copy it was and what became of it."""

    mail: bytes = b""
    token: Annotated[str, Meta(max_length=320), described(**STORABLE)] = ""
    message_id: Annotated[str, Meta(max_length=320), described(**STORABLE)] = ""
    address: EmailAddress | None = None
    type: Literal["bounce", "complaint"] = "bounce"
    status: Annotated[str, Meta(pattern=r"^([245]\.[0-9]{1,3}\.[0-9]{1,3})?$")] = ""
    text: Annotated[str, Meta(max_length=LONGEST_WORDS), described(**STORABLE)] = ""


class ReturnAnswer(msgspec.Struct, kw_only=True):
    """What it was taken for; null for a mail, which is stored and read a moment later."""

    outcome: str | None


async def _handed_in_before(_: Doing, args: ReturnIn, __: KeptOutcome) -> ReturnAnswer:
    """A repeat does nothing: a reader who complained may have come back."""
    return ReturnAnswer(outcome=None if args.mail else "handed in before")


BY_TOKEN_OR_MESSAGE: Mapping[str, Any] = {
    "anyOf": [
        {"required": ["token"], "properties": {"token": {"minLength": 1}}},
        {
            "required": ["message_id", "address"],
            "properties": {"message_id": {"minLength": 1}, "address": {"type": "string"}},
        },
    ]
}

RETURN_ACTS = ActList()


@RETURN_ACTS.add(
    "return.add",
    "Submit a bounce or a complaint about a copy",
    Right.RETURNS,
    SOME_LIST,
    again=_handed_in_before,
    http=Http(
        method="POST",
        path="returns",
        body="mail",
        media_types=(JSON, MAIL_TYPE),
        together=BY_TOKEN_OR_MESSAGE,
        status=200,
        otherwise={202: lambda answer: answer.outcome is None},
    ),
)
async def _hand_in(doing: Doing, args: ReturnIn) -> ReturnAnswer:
    returns, may = doing.cases.returns, partial(doing.may, Right.RETURNS)
    if args.mail:
        await returns.accept_mail(args.mail, may)
        return ReturnAnswer(outcome=None)
    if not args.token and not (args.message_id and args.address):
        raise InvalidFields([("token", "say which copy: its `token`, or its `message_id` and `address`")])
    proof = Proof(
        token=args.token,
        message_id=args.message_id,
        address=None if args.address is None else parse_address(args.address),
    )
    is_complaint = args.type == "complaint"
    outcome = await returns.report(proof, may, status=args.status, text=args.text, is_complaint=is_complaint)
    return ReturnAnswer(outcome=outcome)
