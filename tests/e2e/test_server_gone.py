"""A server of the database that goes away in the middle of an edition, or is full: nothing is lost, and all goes on."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from tests.e2e.instance import EDITION, HOST, Instance, opened_instance, until
from tests.postgresql import OwnDatabases, Server, new_server

pytestmark = [pytest.mark.only_on("postgresql", "it is about a server of the database"), pytest.mark.thorough]

READERS = [f"reader{number}@readers.example" for number in range(3000)]
# What a server says that has no room left.
_FULL = """create function is_full() returns trigger language plpgsql as $$
begin raise exception 'could not extend file: No space left on device' using errcode = 'disk_full'; end $$"""
_TABLES = "select tablename from pg_tables where schemaname = 'public' and tablename <> 'session'"


@pytest.fixture
def server() -> Iterator[Server]:
    with new_server() as server:
        yield server


@pytest.fixture
def instance(server: Server, sink_program: Path, tmp_path: Path) -> Iterator[Instance]:
    """A list with readers, whose copies go out so slowly that there is time to pull the plug."""
    url = server.url(OwnDatabases(server).new())
    with opened_instance(tmp_path / "instance", sink_program, server=url, delivery={"rate": "500/s"}) as instance:
        instance.create_list()
        instance.import_readers(*READERS)
        yield instance


def mail_to_list(instance: Instance) -> tuple[int, bytes]:
    """A mail to the owner of the list, and the last reply to it."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "x@readers.example", f"news-request@{HOST}", "subscribe"
    message.set_content("subscribe")
    with smtplib.SMTP("127.0.0.1", instance.smtp_port, timeout=30) as client:
        try:
            client.send_message(message)
        except smtplib.SMTPRecipientsRefused as problem:
            return next(iter(problem.recipients.values()))
        except smtplib.SMTPResponseException as problem:
            return problem.smtp_code, bytes(problem.smtp_error) if isinstance(problem.smtp_error, bytes) else b""
    return 250, b""


def sign_up(instance: Instance, address: str) -> int:
    return instance.post("/news/subscribe", {"email": address}).status


def require_outage(instance: Instance, word: str) -> None:
    """Mail gets 451, pages 503 with a time, and verbs 69."""
    assert 451 == mail_to_list(instance)[0]
    answer = instance.post("/news/subscribe", {"email": "new@readers.example"})
    assert (503, True) == (answer.status, "retry-after" in answer.headers), answer
    refused = instance.run("subscriber", "add", "news", "other@readers.example")
    assert (69, True) == (refused.code, word in refused.err), refused


def test_a_server_that_is_killed_amid_an_edition_costs_nothing(instance: Instance, server: Server) -> None:
    daemon = instance.start()
    edition = int(instance.send(EDITION)["id"])
    until(lambda: len(instance.accepted()) > 300 or None)
    server.stop("immediate")
    require_outage(instance, "cannot be reached")
    readiness = instance.get("/readyz")
    assert (503, True, 200) == (
        readiness.status,
        "cannot be reached" in readiness.text,
        instance.get("/healthz").status,
    )
    assert 69 == instance.run("list", "ls").code
    assert "pressrun_database_up 0.0" in instance.get("/metrics").text
    server.start()
    until(lambda: instance.get("/readyz").status == 200 or None, 60)
    assert "pressrun_database_up 1.0" in instance.get("/metrics").text
    instance.await_state(edition, "finished", 120)
    assert (250, 303) == (mail_to_list(instance)[0], sign_up(instance, "new@readers.example"))
    instance.await_mails(1, to="new@readers.example")
    taken = [address for address in instance.accepted() if address in set(READERS)]
    assert sorted(taken) == sorted(READERS)  # each of them once
    assert {"delivered": len(READERS)} == dict(instance.copies(edition))
    assert 0 == daemon.stop()
    assert [] == [line for line in daemon.log.read_text(encoding="utf-8").splitlines() if "Traceback" in line]


def test_a_server_that_is_full_takes_nothing_by_halves(instance: Instance, server: Server) -> None:
    daemon = instance.start()
    name = str(instance.server).partition("?")[0].rpartition("/")[2]
    with server.connect(name) as admin:
        admin.execute(_FULL)
        tables = [table for (table,) in admin.execute(_TABLES)]
        trigger = "create trigger is_full before insert or update on {} for each statement execute function is_full()"
        for table in tables:
            admin.execute(trigger.format(table))
        before = {table: content for table, content in server.contents(name) if table != "session"}
        require_outage(instance, "No space left on device")
        assert before == {table: content for table, content in server.contents(name) if table != "session"}
        for table in tables:
            admin.execute(f"drop trigger is_full on {table}")
    assert (250, 303) == (mail_to_list(instance)[0], sign_up(instance, "new@readers.example"))
    assert 0 == daemon.stop()


def test_a_server_that_takes_no_changes_is_not_ready_for_work(instance: Instance, server: Server) -> None:
    """As one that has become a standby: it answers, so that only the lease shows it."""
    daemon = instance.start()
    name = str(instance.server).partition("?")[0].rpartition("/")[2]
    ended = "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s and pid <> pg_backend_pid()"
    with server.connect() as admin:
        for value, status in (("on", 503), ("off", 200)):
            admin.execute(f"alter database {name} set default_transaction_read_only = {value}")
            admin.execute(ended, (name,))
            until(lambda wanted=status: instance.get("/readyz").status == wanted or None, 20)  # type: ignore[misc]
    assert 0 == daemon.stop()
