"""A whole Pressrun that sends through the real OpenSMTPD: a notice and an edition, and refusals among the copies."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from email import message_from_bytes
from pathlib import Path

import pytest
from tests.e2e.instance import DOMAIN, Instance, until
from tests.opensmtpd import Arrived, OpenSmtpd

pytestmark = pytest.mark.needs("opensmtpd")

GOOD = tuple(f"good-{number}@readers.example" for number in range(30))
HARD = ("hard-1@readers.example", "hard-2@readers.example")
SOFT = ("soft-1@readers.example", "soft-2@readers.example")
APPLICANT = "new@readers.example"


@pytest.fixture
def folder() -> Iterator[Path]:
    """One that everybody can get into; pytest's own are closed."""
    folder = Path(tempfile.mkdtemp(prefix="town."))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def _kept(mails: list[Arrived]) -> dict[str, Arrived]:
    assert {1} == set(Counter(mail.rcpt_to for mail in mails).values()), "nobody gets a second copy"
    return {mail.rcpt_to: mail for mail in mails}


def test_a_notice_and_an_edition(folder: Path) -> None:
    """Each reader gets one mail under a return path of its own; the refused have failed, the deferred wait."""
    (folder / "relay").mkdir()
    with (
        OpenSmtpd(folder / "relay") as relay,
        closing(Instance(folder=folder / "instance", relay_port=relay.port)) as instance,
    ):
        instance.create_list()
        instance.import_readers(*GOOD, *HARD, *SOFT)
        instance.start()
        assert 303 == instance.post("/news/subscribe", {"email": APPLICANT}).status
        (notice,) = relay.arrived(1)
        edition = instance.send()["id"]
        until(
            lambda: (
                (copies := instance.copies(edition))["delivered"] + copies["failed"] + copies["deferred"] == 34 or None
            )
        )
        shown = instance.show(edition)
        mails = _kept(relay.arrived(1 + len(GOOD)))
        assert instance.daemon is not None
        assert [] == instance.daemon.events("relay.fallback")
        assert [] == instance.daemon.events("relay.failing")
    assert (APPLICANT, "auto-generated") == (notice.rcpt_to, message_from_bytes(notice.content)["Auto-Submitted"])
    assert (30, 2, 2) == (shown["delivered"], shown["failed"], shown["deferred"])
    assert {APPLICANT, *GOOD} == set(mails)
    paths = {mail.mail_from for mail in mails.values()}
    assert (len(mails), {DOMAIN}) == (len(paths), {path.rpartition("@")[2] for path in paths})
    assert {"news-bounces"} == {path.partition("+")[0] for path in paths}
