"""Problems of a server that nobody notices until its disk is full or it accepts no more changes.

An ordinary role sees little of other roles' sessions, so the dead rows that these keep are counted, too. Open sessions
outlive the certificate of the server, so nobody would notice that it expired before the next restart. libpq verifies it
for each connection, but does not show its dates.
"""

from __future__ import annotations

import socket
import ssl
import struct
from collections.abc import Iterator
from typing import Any

import psycopg

from pressrun.core.timestamps import rfc3339
from pressrun.runtime.certificates import CertificatePeriod, period_of
from pressrun.store.location import DatabaseRisk

_DAY = 86_400
_SSL_REQUEST = struct.pack(">ii", 8, 80877103)  # PostgreSQL, Frontend/Backend Protocol, SSLRequest
_SECONDS = 10.0
_VERIFIES = ("verify-ca", "verify-full")
LAST_DAYS = 7  # before a certificate expires: the weekly run of doctor fails once in time
SHORT_DAYS, LAST_OF_SHORT_DAYS = 30, 3
LONG_SECONDS = 86_400  # of a transaction: the longest backups take hours
MOST_DEAD_ROWS = 200_000  # of one table, besides as many as it has live ones
MOST_KEPT_BYTES = 4 << 30  # of WAL for an inactive replication slot
OLD_AGE = 1_000_000_000  # transactions; autovacuum freezes from 200 million on, and wraparound is at some 2,100 million

_VACUUM = (
    "End the sessions, prepared transactions or slots that hold back vacuum (see pg_stat_activity, pg_prepared_xacts "
    "and pg_replication_slots)"
)

_DAMAGE = "select name from pg_settings where name in ('fsync', 'full_page_writes') and setting = 'off' order by name"
_CHECKSUMS = "select coalesce(checksum_failures, 0) from pg_stat_database where datname = current_database()"
# A timer may vacuum instead.
_AUTOVACUUM = """with off as (select 'the server' as what where current_setting('autovacuum') = 'off' union all
    select 'the table ' || relname from pg_class
    where relkind = 'r' and relnamespace = to_regnamespace(current_schema())
    and reloptions && array['autovacuum_enabled=false', 'autovacuum_enabled=off']) select what from off
    where not exists (select from pg_stat_user_tables
        where schemaname = current_schema() and last_vacuum > now() - interval '7 days')"""
# Right after a vacuum there are few dead rows, unless something keeps it from removing them.
_DEAD_ROWS = """select relname, n_dead_tup, n_live_tup from pg_stat_user_tables where schemaname = current_schema()
    and n_dead_tup > n_live_tup + %s and greatest(last_vacuum, last_autovacuum) > now() - interval '1 hour'
    order by 1"""
_TRANSACTIONS = """select 'the transaction of session ' || pid, extract(epoch from clock_timestamp() - xact_start)
    from pg_stat_activity where datname = current_database() and backend_type = 'client backend'
    and pid <> pg_backend_pid() and xact_start < clock_timestamp() - %s * interval '1 second' union all
    select 'the prepared transaction ' || gid, extract(epoch from clock_timestamp() - prepared)
    from pg_prepared_xacts where prepared < clock_timestamp() - %s * interval '1 second'"""
_SLOTS = """select slot_name, pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn) from pg_replication_slots
    where not active and pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn) > %s order by 1"""
_AGE = "select age(datfrozenxid) from pg_database where datname = current_database()"


def find_risks(connection: psycopg.Connection[Any]) -> list[DatabaseRisk]:
    """What a power cut may damage, checksums that did not match, and what will stop the server some day."""
    risks = [*_find_damage(connection), *_find_holders(connection), *_find_age(connection), *_find_expiry(connection)]
    if connection.execute("select pg_is_in_recovery()").fetchone() != (True,):
        risks += _find_slots(connection)
    return risks


def _find_damage(connection: psycopg.Connection[Any]) -> Iterator[DatabaseRisk]:
    for (name,) in connection.execute(_DAMAGE):
        yield DatabaseRisk(f"{name} is off on the server, so a power cut may damage the database", f"Set {name} to on")
    row = connection.execute(_CHECKSUMS).fetchone()
    if row is not None and row[0]:
        state = f"the server has read {row[0]} pages whose checksums do not match: the disk is failing"
        yield DatabaseRisk(state, "Restore a backup on another disk")


def _find_expiry(connection: psycopg.Connection[Any]) -> Iterator[DatabaseRisk]:
    """A certificate that is valid for a short time is renewed only a few days before it expires."""
    period, row = read_server_period(connection), connection.execute("select extract(epoch from now())").fetchone()
    assert row is not None  # without a table there is always one
    if period is None:
        return
    last = LAST_DAYS if period.ends_at - period.begins_at >= SHORT_DAYS * _DAY else LAST_OF_SHORT_DAYS
    if period.ends_at - int(row[0]) < last * _DAY:
        state = f"the certificate of the server expires at {rfc3339(period.ends_at)}"
        yield DatabaseRisk(state, "Renew it: after that time, open sessions continue, but new connections fail")


def _find_holders(connection: psycopg.Connection[Any]) -> Iterator[DatabaseRisk]:
    """What keeps dead rows: each edition leaves some, which make all queries slower and fill the disk."""
    for (what,) in connection.execute(_AUTOVACUUM):
        remedy = "Switch it on: autovacuum of the server, or autovacuum_enabled of the table"
        yield DatabaseRisk(f"autovacuum is off for {what}, so dead rows pile up", remedy)
    for what, seconds in connection.execute(_TRANSACTIONS, [LONG_SECONDS, LONG_SECONDS]):
        state = f"{what} has been open for {seconds / 3600:.0f} hours, so dead rows pile up until it ends"
        yield DatabaseRisk(state, "End it on the server with pg_terminate_backend, or rollback prepared")
    for table, dead, live in connection.execute(_DEAD_ROWS, [MOST_DEAD_ROWS]):
        state = f"vacuum cannot remove {dead:,} dead rows from the table {table}, which has {live:,} live ones"
        yield DatabaseRisk(state, _VACUUM)


def _find_slots(connection: psycopg.Connection[Any]) -> Iterator[DatabaseRisk]:
    for slot, kept in connection.execute(_SLOTS, [MOST_KEPT_BYTES]):
        state = f"the server keeps {kept / (1 << 30):.0f} GiB of WAL for the replication slot {slot}, which is inactive"
        remedy = "Start the standby, or run pg_drop_replication_slot, before the disk of the server fills up"
        yield DatabaseRisk(state, remedy)


def _find_age(connection: psycopg.Connection[Any]) -> Iterator[DatabaseRisk]:
    row = connection.execute(_AGE).fetchone()
    if row is not None and row[0] > OLD_AGE:
        state = f"no vacuum has frozen the database for {row[0]:,} transactions; at 2,100 million, all writes fail"
        yield DatabaseRisk(state, f"{_VACUUM}, then run vacuumdb --freeze")


def read_server_period(connection: psycopg.Connection[Any]) -> CertificatePeriod | None:
    """How long the certificate is valid; None if connections do not verify it, or if it cannot be read."""
    parameters = connection.info.get_parameters()
    verifies = parameters.get("sslmode") in _VERIFIES or "sslrootcert" in parameters
    if not (verifies and connection.pgconn.ssl_in_use):
        return None
    try:
        certificate = _ask(connection.info.host, connection.info.port)
        return None if certificate is None else period_of(certificate)
    except (OSError, ValueError):
        return None


def _ask(host: str, port: int) -> bytes | None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # libpq has just verified it
    with socket.create_connection((host, port), _SECONDS) as plain:
        plain.sendall(_SSL_REQUEST)
        if plain.recv(1) != b"S":
            return None
        with context.wrap_socket(plain, server_hostname=host) as secured:
            return secured.getpeercert(binary_form=True)
