"""A connection to the server, which is opened again when it was lost."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import zip_longest
from typing import Any, Self

import psycopg
from psycopg.errors import (
    AdminShutdown,
    CrashShutdown,
    DataCorrupted,
    DeadlockDetected,
    DuplicatePreparedStatement,
    ForeignKeyViolation,
    IdleInTransactionSessionTimeout,
    IndexCorrupted,
    InsufficientPrivilege,
    InvalidSqlStatementName,
    LockNotAvailable,
    QueryCanceled,
    ReadOnlySqlTransaction,
    SerializationFailure,
    TransactionTimeout,
    UndefinedTable,
    UniqueViolation,
)
from psycopg.pq import TransactionStatus

from pressrun.core.errors import BadConfiguration, CommitUnknown, Unavailable
from pressrun.store.connection import EngineConnection
from pressrun.store.location import CONFIGURED
from pressrun.store.postgresql.silence import LOST, ServerConnection, SilentServer
from pressrun.store.postgresql.statements import reading_statements, writing_statements
from pressrun.store.postgresql.statistics import mend_statistics
from pressrun.store.postgresql.tables import HERE, PostgresTables
from pressrun.store.postgresql.values import adapt, row_factory, run_rows, stream
from pressrun.store.server_password import ServerPassword
from pressrun.store.table_store import TableStore
from pressrun.store.transaction import RESTORE, Dialect

# What a server says when it ends a session, or nothing at all. One that waits for a standby has committed by then.
_ENDED = (None, AdminShutdown.sqlstate, CrashShutdown.sqlstate)
# Also a standby since the last failover, a role that somebody has taken rights from, tables that somebody has put
# elsewhere, limits that an administrator has set, and a pooler that loses statements: all can be mended.
_OUTAGES = (
    psycopg.OperationalError,
    ReadOnlySqlTransaction,
    InsufficientPrivilege,
    UndefinedTable,
    IdleInTransactionSessionTimeout,
    TransactionTimeout,
    DuplicatePreparedStatement,
    InvalidSqlStatementName,
)
_QUOTED = re.compile('".*"')
CONNECT_SECONDS = 5  # for each host of the address: as long as SQLite waits for a lock
# After about this time a server whose machine or network is gone is given up, even in the middle of a statement: the
# next one may be there already, and the lease is over by then. The address may say otherwise.
SILENCE: dict[str, Any] = {
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
READ_ONLY_REMEDY = (
    "Is it a standby, or is default_transaction_read_only on? Name the primary in `database`, or all servers and "
    "target_session_attrs=read-write"
)
_POOLER_REMEDY = (
    "Is a pooler between Pressrun and the server? PgBouncer in transaction mode has to be 1.21 or newer, with "
    "max_prepared_statements = 500"
)
# What a server may refuse: the error, the words for it ({} stands for the server's own), and what to do about it.
_REFUSALS: tuple[tuple[type[psycopg.Error] | tuple[type[psycopg.Error], ...], str, str], ...] = (
    (ReadOnlySqlTransaction, "the server accepts no changes ({})", READ_ONLY_REMEDY),
    (
        LockNotAvailable,
        "another session holds a lock ({})",
        "pg_stat_activity and pg_blocking_pids() on the server show which one",
    ),
    (
        QueryCanceled,
        "{}",
        "Raise statement_timeout of this role on the server, unless somebody has cancelled it by hand",
    ),
    (IdleInTransactionSessionTimeout, "{}", "Raise idle_in_transaction_session_timeout of this role on the server"),
    (TransactionTimeout, "{}", "Raise transaction_timeout of this role on the server"),
    (
        (DuplicatePreparedStatement, InvalidSqlStatementName),
        "{}",
        _POOLER_REMEDY,
    ),
    (UndefinedTable, "{}", "Is a dump being restored, or has search_path been changed?"),
    (InsufficientPrivilege, "{}", "Make the role of Pressrun the owner of all tables"),
    ((AdminShutdown, CrashShutdown), "{}", "Try again when the server is up"),
)
LOOK_SECONDS = 1.0  # between checks of the sizes of tables, which are cheap; until then, plans may be wrong
MOST_PREPARED = 1000  # more than there are statements, so that none is dropped and prepared again
OLDEST_SERVER = 15  # its `unique nulls not distinct`, and what Debian 12 has

# Local to each transaction, as a pooler may give the next one another session. A lock is waited for as long as SQLite
# waits; a process that hangs in a transaction must not hold its locks for ever. What is accepted is on the disk,
# whatever the server does for others.
_PATIENCE = "set local lock_timeout = '5s'"
_LIMITS = f"{_PATIENCE}; set local idle_in_transaction_session_timeout = '60s'"
# No plan may depend on what the server knows of our tables at that moment: a minute after an import or the start of an
# edition it still takes them for small. All statements are written so that they find their rows by indexes, one table
# after the other, as SQLite does, and a test reads their plans.
PLANS = "; ".join(
    f"set local {name} = off"
    for name in ("enable_seqscan", "enable_hashjoin", "enable_mergejoin", "enable_material", "jit")
)
# Where somebody has taken rights from the role, what is read goes on. A table of somebody else may stand beside ours.
_BARRED = f"""select string_agg(relname, ', ' order by relname) from pg_catalog.pg_class
    where relnamespace = {HERE} and relkind = 'r' and pg_has_role(relowner, 'member')
    and not (has_table_privilege(oid, 'insert') and has_table_privilege(oid, 'update')
    and has_table_privilege(oid, 'delete'))"""  # noqa: S608 - ours
_BEGIN = f"begin isolation level read committed; {_LIMITS}; {PLANS}"
_BEGIN_DURABLE = f"{_BEGIN}; set local synchronous_commit = on"
_BEGIN_RECORD = f"{_BEGIN}; set local synchronous_commit = off"
_BEGIN_LOOK = f"{_BEGIN_RECORD}; set local lock_timeout = '100ms'"
_BEGIN_READING = f"begin isolation level repeatable read read only; {_PATIENCE}; {PLANS}"


def dialect(*, reading: bool = False) -> Dialect:
    """The spelling of PostgreSQL, and the exceptions of psycopg."""
    return Dialect(
        statements=reading_statements() if reading else writing_statements(),
        stream=stream,
        run_rows=run_rows,
        mend_statistics=mend_statistics,
        errors=psycopg.Error,
        mistakes=psycopg.ProgrammingError,
        outages=_OUTAGES,
        is_damage=lambda problem: isinstance(problem, (DataCorrupted, IndexCorrupted)),
        mend=lambda _: RESTORE,
        conflicts=(SerializationFailure, DeadlockDetected, UniqueViolation, ForeignKeyViolation),
        has_locks=True,
    )


class PostgresConnection(EngineConnection):
    """A connection to the server, which is given up when it has been silent for `patience` seconds."""

    def __init__(
        self,
        address: str,
        password: ServerPassword | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        *,
        patience: float | None = None,
    ) -> None:
        super().__init__(dialect(), dialect(reading=True))
        self._monotonic = monotonic
        self._look_at = monotonic() + LOOK_SECONDS
        self._address = address
        self._password = password
        self._patience = patience
        self._is_new = True  # it was opened for this transaction
        self._failure: tuple[float, Unavailable] | None = None  # when connecting failed last, and why
        self._connection = self._connect()
        try:
            self._begin_durable = _BEGIN if _waits_for_disk(self._connection) else _BEGIN_DURABLE
        except psycopg.OperationalError as problem:  # it went away right after it had let us in
            self._connection.close()
            raise self.dialect.unavailable(problem) from problem

    def begin(self, *, durable: bool) -> psycopg.Connection[Any]:
        if self._monotonic() >= self._look_at:
            self._look_at_sizes()
        return self._begin(self._begin_durable if durable else _BEGIN_RECORD)

    def _look_at_sizes(self) -> None:
        """Count again the tables that have grown. If one cannot be read, the work that follows still goes on."""
        self._look_at = self._monotonic() + LOOK_SECONDS
        connection = self._begin(_BEGIN_LOOK)
        try:
            mend_statistics(connection)
            connection.execute("commit")
        except psycopg.Error as problem:
            if isinstance(problem, SilentServer):
                raise  # the work that follows would wait as long once more
            self.roll_back()

    def why_not_writable(self) -> str | None:
        names: str | None = self.read(lambda _: self._connection.execute(_BARRED).fetchone()[0])  # type: ignore[index]
        return f"the role may not change {names}. Make it the owner of all tables" if names else None

    def begin_reading(self) -> psycopg.Connection[Any]:
        return self._begin(_BEGIN_READING)

    def _begin(self, statement: str) -> psycopg.Connection[Any]:
        """Begin a transaction, on a new connection when the server has closed the old one."""
        if not self._connection.closed:
            try:
                self._connection.execute(statement)
            except psycopg.OperationalError as problem:
                if isinstance(problem, SilentServer) or not self._connection.closed:
                    raise
            else:
                self._is_new = False
                return self._connection
        self._connection = self._connect()
        self._connection.execute(statement)
        return self._connection

    def _connect(self) -> ServerConnection:
        try:
            connection = connect(self._address, self._password)
        except Unavailable as problem:
            self._failure = self._monotonic(), problem
            raise
        connection.patience = self._patience
        self._is_new = True
        return connection

    def require_reachable(self, asked: float) -> None:
        """Raise Unavailable for work that was asked for at that time and has waited while connecting failed, or while
        the server was silent. Otherwise each one in a queue would wait as long again, after all before it.
        """
        if self._failure is not None and self._failure[0] >= asked:
            raise Unavailable(str(self._failure[1]))
        given_up = self._connection.given_up
        if given_up is not None and given_up[0] >= asked:
            raise self.dialect.unavailable(given_up[1])

    def commit(self) -> None:
        if self._connection.info.transaction_status is TransactionStatus.INERROR:
            # COMMIT would answer ROLLBACK, which is not an error
            raise psycopg.InternalError("a statement has failed, and the unit of work went on")
        try:
            self._connection.execute("commit")
        except psycopg.OperationalError as problem:
            if not self._connection.closed and problem.sqlstate not in _ENDED:
                raise
            # It must not run again: the server may have committed before the connection was lost.
            raise CommitUnknown(
                f"the connection was lost during a commit, which may or may not have taken effect: {problem}"
            ) from None

    def roll_back(self) -> None:
        if not self._connection.closed and self._connection.info.transaction_status is not TransactionStatus.IDLE:
            self._connection.execute("rollback")

    def may_run_again(self, problem: Exception) -> bool:
        """Also when the connection was lost before the commit, or leads to a server that has become a standby; not when
        a new one does so as well, or if the server was silent, because all others would have to wait.
        """
        if isinstance(problem, SilentServer):
            return False
        if isinstance(problem, ReadOnlySqlTransaction):
            self._connection.close()
            return not self._is_new
        return self._connection.closed or super().may_run_again(problem)

    def checkpoint(self) -> bool:
        self.flush()
        return True

    def flush(self) -> None:
        """Bring the WAL to the disk, by a commit that waits for it: one that writes nothing would not."""
        self.write(lambda _: self._connection.execute("select pg_logical_emit_message(true, 'pressrun', '')"))

    def drop_statistics(self) -> bool:
        """Nothing to do: misleading tables are counted again while there is work."""
        return False

    def shrink(self) -> int:
        """Nothing: autovacuum does that."""
        return 0

    def tables(self) -> TableStore:
        return PostgresTables(self._connection, self._reading)

    def close(self) -> None:
        self._connection.close()


class _Cursor(psycopg.Cursor[Any]):
    """Raises errors without their details, which quote the row: names, words and secrets that no log may have."""

    def execute(self, *args: Any, **kwargs: Any) -> Self:
        try:
            return super().execute(*args, **kwargs)
        except psycopg.Error as problem:
            _drop_details(problem)
            raise

    def executemany(self, *args: Any, **kwargs: Any) -> None:
        try:
            super().executemany(*args, **kwargs)
        except psycopg.Error as problem:
            _drop_details(problem)
            raise


def _drop_details(problem: psycopg.Error) -> None:
    said = problem.diag.message_primary
    if said:
        words, remedy = next((rest for kinds, *rest in _REFUSALS if isinstance(problem, kinds)), ("{}", ""))
        problem.args = (f"{words.format(said)}. {remedy}" if remedy else said,)
    elif isinstance(problem, psycopg.OperationalError) and not isinstance(problem, SilentServer):
        problem.args = (f"{str(problem).partition(chr(10))[0]}. {LOST}",)  # libpq guesses in further lines


def connect(address: str, password: ServerPassword | None = None, source: str = CONFIGURED) -> ServerConnection:
    """Open a connection; raises Unavailable, and BadConfiguration when the server is not one that we can use.

    `source` is where the address can be corrected.
    """
    try:
        said = psycopg.conninfo.conninfo_to_dict(address)
        connection = ServerConnection.connect(
            address,
            **{name: value for name, value in SILENCE.items() if name not in said},
            autocommit=True,  # transactions are begun here
            row_factory=row_factory,
            cursor_factory=_Cursor,
            connect_timeout=CONNECT_SECONDS,
            application_name="pressrun",
            client_encoding="utf-8",
            password=None if password is None else password.read(),
        )
    except psycopg.OperationalError as problem:
        raise Unavailable(
            f"the database {shown_address(address)} cannot be reached: {_one_line(problem).rstrip('.?')}. "
            f"{_remedy(str(problem), source, password)}"
        ) from None
    except psycopg.ProgrammingError as problem:
        raise _unreadable(problem) from None
    connection.prepared_max = MOST_PREPARED
    adapt(connection)
    try:
        _require_usable(connection, shown_address(address))
    except BaseException:
        connection.close()
        raise
    return connection


# Words in an error of the server or libpq, and the remedy. The default must also suit errors in other languages.
_REMEDIES = (
    ("too many clients", "Raise max_connections on the server, or close connections of other programs"),
    ("too many connections", "Raise the connection limit of this role or database on the server"),
    ("remaining connection slots", "Raise max_connections on the server, or close connections of other programs"),
    ("is not permitted to log in", "Let the role log in: `alter role … login` on the server"),
    ("not currently accepting connections", "Allow connections to this database on the server"),
    ("permission denied for database", "Let the role connect: `grant connect on database … to …` on the server"),
    ("pg_hba.conf", "Allow this machine and role in pg_hba.conf on the server, or correct"),
    ("certificate", "Renew the certificate of the server, or correct host and sslrootcert in"),
    ("read-only", READ_ONLY_REMEDY),
)


def _remedy(problem: str, source: str, password: ServerPassword | None) -> str:
    if "password" in problem:
        file = "password_file, which Pressrun reads again for each connection"
        return f"Correct the password in {source if password is None else file}"
    remedy = next((remedy for words, remedy in _REMEDIES if words in problem), "Start the server, or correct")
    return f"{remedy} {source}" if remedy.endswith((" correct", " in")) else remedy


def _require_usable(connection: psycopg.Connection[Any], address: str) -> None:
    version = connection.info.server_version // 10_000
    if version < OLDEST_SERVER:
        raise BadConfiguration(f"{address} is PostgreSQL {version}. Pressrun needs {OLDEST_SERVER} or newer")
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise BadConfiguration(
            f"{address} has the encoding {encoding}. Create it with `createdb --encoding UTF8 --template template0`"
        )


@contextmanager
def requiring_rights(place: str, owned: str) -> Iterator[None]:
    """What the role has no right to do becomes BadConfiguration; `owned` is what it should be the owner of."""
    try:
        yield
    except InsufficientPrivilege as problem:
        why = problem.diag.message_primary
        raise BadConfiguration(f"{place}: {why}. Make the role the owner of {owned}") from None


def _waits_for_disk(connection: psycopg.Connection[Any]) -> bool:
    """Whether a commit on this server is on a disk by itself: on ours, or also on that of a standby."""
    return connection.execute("show synchronous_commit").fetchone() != ("off",)


def shown_address(address: str) -> str:
    """Where an address leads, as people may see it: hosts and database alone; raises BadConfiguration."""
    try:
        values = psycopg.conninfo.conninfo_to_dict(address)
    except psycopg.ProgrammingError as problem:
        raise _unreadable(problem) from None
    hosts, ports = (str(values.get(name) or "").split(",") for name in ("host", "port"))
    places = (f"{host}:{port}" if port else host for host, port in zip_longest(hosts, ports, fillvalue=ports[0]))
    return f"postgresql://{','.join(places)}/{values.get('dbname') or values.get('user') or ''}"


def _unreadable(problem: Exception) -> BadConfiguration:
    """What libpq says of an address that it cannot read, without what it quotes: that may be the password."""
    words = _QUOTED.sub("…", _one_line(problem))
    return BadConfiguration(
        f"database: {words}. Write postgresql://USER@HOST/NAME, with %25 for %, %40 for @ and %2F for / in names"
    )


def _one_line(problem: Exception) -> str:
    return " ".join(str(problem).split())
