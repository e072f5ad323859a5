"""Requests that come twice within a moment, as by a double click: the first is carried out, and both get its answer.

Requests are the same if the same sender asks for the same thing. Whoever comes back later is mailed again.
"""

from __future__ import annotations

from pressrun.core.signing.tokens import suppression_digest
from pressrun.services.context import ServiceContext
from pressrun.store.limits import Meter


def meter_of_requests(context: ServiceContext, sender: int | str, *wanted: object) -> Meter:
    """The window of identical requests from one sender, by a keyed digest, which shows no address.

    The sender is the number of a copy of our form, or else what tells visitors apart: their network, or `by_link`.
    """
    digest = suppression_digest(context.keys, "\0".join(map(str, (sender, *wanted))))
    return Meter("requests_per_form", digest, context.limits.requests_per_form)


def by_link(subscriber_id: int) -> str:
    """The sender of what is requested with a link to somebody's preferences."""
    return f"reader {subscriber_id}"
