"""PUT of a subscriber by the API with its commit, beside an endpoint of bare Starlette: one machine, one run, in turn.

  python -m tests.bench.api_put [--rounds 5] [--seconds 3] [--connections 32]

Each request of ours adds another member, for whom the program vouches: the token is looked at, and the person, the
membership, the evidence of consent, the row of the audit log and the event are on the disk (synchronous=FULL) before
the answer. `again` puts the same members once more, which changes nothing but the audit log. The other one reads the
JSON and answers it, in uvicorn as it comes. Everything else is as in `tests.bench.one_click`.

Prints a Markdown table with the medians of the rounds; ends with 1 below 40 % of the rate.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from tests.bench.machine import load
from tests.bench.one_click import LEAST_SHARE, Door, bare_starlette, measure, page, serve_app
from tests.e2e.instance import Instance

PATH = "/api/v1/lists/news/subscribers"
_BODY = b'{"name":"Ada Example","fields":{"town":"Bath"},"confirm":"vouch"}'
_MEMBERS_AGAIN = 1000


def put(number: int, token: str) -> bytes:
    """The request that puts one member."""
    return (
        b"PUT %b/reader%d@inbox%d.example HTTP/1.1\r\nHost: news.example\r\nAuthorization: Bearer %b\r\n"
        b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
        % (PATH.encode(), number, number % 97, token.encode(), len(_BODY), _BODY)
    )


@contextmanager
def our_door(folder: Path, name: str, numbers: Iterator[int]) -> Iterator[Door]:
    """A daemon, and requests for these members."""
    instance = Instance(folder=folder, relay_port=1, tables={"api": {"rate": "1000000/s"}})
    instance.create_list()
    instance.import_readers(*(f"reader{n}@inbox{n % 97}.example" for n in range(_MEMBERS_AGAIN)))
    token = instance.json("token", "create", "--name", "bench", "--scope", "write")["token"]
    daemon = instance.start()
    try:
        yield Door(
            name=name,
            port=instance.http_port,
            pid=daemon.process.pid,
            requests=(put(number, token) for number in numbers),
        )
    finally:
        instance.close()


async def _bare(request: Request) -> Response:
    member = await request.json()
    return JSONResponse({"email": request.path_params["address"], "name": member["name"], "state": "active"})


def serve_bare(port: int) -> None:
    """The other one, in a process of its own."""
    serve_app(Starlette(routes=[Route(f"{PATH}/{{address}}", _bare, methods=["PUT"])]), port)


def main() -> int:
    """Read the command line, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--serve-bare", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve_bare:
        serve_bare(options.serve_bare)
        return 0
    options.busy = load()
    with (
        tempfile.TemporaryDirectory(prefix="pressrun-api-put-") as name,
        our_door(Path(name) / "new", "Pressrun, new members", itertools.count(_MEMBERS_AGAIN)) as new,
        our_door(Path(name) / "again", "Pressrun, again", itertools.cycle(range(_MEMBERS_AGAIN))) as again,
        bare_starlette("tests.bench.api_put", itertools.repeat(put(1, "pr_x"))) as theirs,
    ):
        measure([new, again, theirs], options)
    print("\n".join(page([new, again, theirs], options)))
    share = statistics.median(new.rates) / statistics.median(theirs.rates)
    print(f"{share:.0%} of the rate with new members.")
    return 0 if share >= LEAST_SHARE else 1


if __name__ == "__main__":
    sys.exit(main())
