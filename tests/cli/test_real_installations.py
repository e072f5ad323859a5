"""Real installations of other programs, each with a thousand members in every state that it knows, moved in.

Each program says itself to whom it would send. Nobody else may be active here, and the table says where all of them
have gone.
"""

from __future__ import annotations

import subprocess
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests import postgresql
from tests.cli.shell import Shell
from tests.operations.installations import test_real_mailman3
from tests.peers_root import LISTMONK, MARIADB, PHPLIST, run_in_root

pytestmark = [
    pytest.mark.only_on("sqlite", "what a source says is the same on both"),
    pytest.mark.timeout(400),
]


def move_in(shell: Shell, program: str, source: Path, *options: str) -> tuple[dict[tuple[str, str], int], set[str]]:
    """The table of the dry run, and who is active once they have moved in."""
    command = ("migrate-from", program, str(source), "--json", *options)
    (planned,) = shell.good(*command, "--dry-run").json["lists"]
    (moved,) = shell.good(*command).json["lists"]
    table = {(row["there"], row["here"]): row["people"] for row in planned["members"]}
    assert table == {(row["there"], row["here"]): row["people"] for row in moved["members"]}
    rows: list[dict[str, Any]] = shell.good("subscriber", "ls", moved["to"], "--json").json
    counted = Counter(row["state"] for row in rows)
    for state in ("active", "suspended", "unsubscribed"):
        assert counted[state] == sum(number for (_, here), number in table.items() if here == state), state
    return table, {row["address"] for row in rows if row["state"] == "active"}


@pytest.mark.needs("mailman3")
def test_mailman3(shell: Shell, tmp_path: Path) -> None:
    """Its own word for each: the status of delivery."""
    config = tmp_path / "mailman.cfg"
    config.write_text(test_real_mailman3.CONFIG.format(folder=tmp_path))
    (tmp_path / "fill.py").write_text(test_real_mailman3.PROGRAM)
    subprocess.run(["/usr/bin/python3", tmp_path / "fill.py", config], capture_output=True, check=True, timeout=200)
    table, active = move_in(shell, "mailman3", config)
    mailman = ["/usr/lib/mailman3/bin/mailman", "--run-as-root", "-C", str(config)]
    members = [*mailman, "members", "-n", "enabled", "news@lists.example"]
    listed = subprocess.run(members, capture_output=True, check=True, text=True).stdout  # fmt: skip
    assert {line.rpartition("<")[2].rstrip(">") for line in listed.splitlines()} == active
    assert {
        ("member", "active"): 371,
        ("member with digests", "active"): 96,
        ("delivery off", "suspended"): 132,
        ("delivery off by a moderator", "suspended"): 133,
        ("delivery off by the member", "suspended"): 134,
        ("delivery off for bounces", "suspended"): 134,
    } == table


@pytest.mark.needs("mlmmj")
def test_mlmmj(shell: Shell, tmp_path: Path) -> None:
    """By its own programs: four kinds of members, some who left, and requests that await a confirmation."""
    subprocess.run(
        ["/usr/bin/mlmmj-make-ml", "-L", "news", "-s", str(tmp_path)],
        input="lists.example\nolga@x.example\nen\nn\nn\nn\n", text=True, check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    folder = str(tmp_path / "news")
    for number in range(1000):
        kind = [[], ["-d"], ["-n"], ["-b"]][number % 4]
        mlmmj("sub", folder, "-a", f"r{number}@x.example", *kind, "-f", "-q", "-s")
    for number in range(0, 200, 4):
        mlmmj("unsub", folder, "-a", f"r{number}@x.example", "-q", "-s")
    (tmp_path / "news" / "subconf" / "0123456789abcdef").write_text("asked@x.example\nNORMAL\n")
    table, active = move_in(shell, "mlmmj", tmp_path)
    listed = mlmmj("list", folder) + mlmmj("list", folder, "-d")
    assert set(listed.split()) == active
    assert {
        ("subscriber", "active"): 450,
        ("subscriber of the digest", "active"): 250,
        ("subscriber without mail", "suspended"): 250,
    } == table


def mlmmj(program: str, folder: str, *options: str) -> str:
    """What one of its programs prints."""
    command = [f"/usr/bin/mlmmj-{program}", "-L", folder, *options]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


SYMPA = """\
cat >/etc/sympa/sympa/sympa.conf <<END
domain lists.example
listmaster root@lists.example
sendmail /usr/bin/cat
sendmail_aliases none
{database}
END
mkdir /outside/out
install -d /run/sympa /etc/sympa/search_filters /etc/sympa/lists.example/search_filters
echo r0@x.example >/etc/sympa/search_filters/blocklist.txt
echo 'r36@*' >/etc/sympa/lists.example/search_filters/blocklist.txt
chown -R sympa:sympa /etc/sympa /var/lib/sympa /var/spool/sympa /run/sympa /outside/out
setpriv --reuid=sympa --regid=sympa --init-groups perl -I/usr/share/sympa/lib /outside/fill.pl >/outside/sympa.log 2>&1
cp -r /var/lib/sympa/list_data /outside/out
cp -r /etc/sympa /outside/out/etc
"""
# By its own interfaces, as its own pages do: nine ways of delivery, each with and without a suspension and bounces.
SYMPA_FILL = r"""
no warnings;
use Conf; use Sympa; use Sympa::DatabaseManager; use Sympa::List; use Sympa::Spindle::ProcessRequest;
Conf::load() or die "configuration";
Sympa::DatabaseManager::probe_db() or die "database";
Sympa::Spindle::ProcessRequest->new(
    context => 'lists.example', action => 'create_list', listname => 'news', sender => 'root@lists.example',
    parameters => {
        listname => 'news', subject => 'The News', description => 'Tides', topics => 'others', status => 'open',
        type => 'discussion_list', creation_email => 'olga@x.example', owner => [{email => 'olga@x.example'}],
    },
    scenario_context => {skip => 1})->spin or die 'no list';
my $list = Sympa::List->new('news', 'lists.example') or die 'no list';
my @receptions = qw(mail digest digestplain summary notice txt urlize not_me nomail);
for my $n (0 .. 999) {
    my ($email, $trouble) = ("r$n\@x.example", int($n / 9) % 4);
    $list->add_list_member({email => $email, gecos => 'Berg, Karl (Verein)', reception => $receptions[$n % 9]});
    $list->is_list_member($email) or die "no $email";
    Sympa::List::suspend_subscription($email, 'news', {startdate => 1588334400}, 'lists.example') if $trouble == 1;
    my $score = $trouble == 2 ? 90 : 20;
    $list->update_list_member($email, bounce => '1588334400 1588334400 9 5.1.1', bounce_score => $score)
        if $trouble > 1;
}
for my $n (1000 .. 1009) {  # members of a source, who are gone from the list once they say so
    my $email = "r$n\@x.example";
    $list->add_list_member({email => $email, inclusion => 1588334400});
    $list->insert_delete_exclusion($email, 'insert');
    $list->delete_list_member([$email]);
}
my @blocklists = Sympa::search_fullpath($list, 'blocklist.txt', subdir => 'search_filters', order => 'all');
die 'blocklists' unless @blocklists == 2;
my $found = $list->get_recipients_per_mode(bless {sender => 'olga@x.example'}, 'Post');
open(my $out, '>', '/outside/out/recipients');
for my $mode (grep { $_ ne 'nomail' } sort keys %$found) {
    print $out "$_\n" for map { @$_ } values %{$found->{$mode}};
}
"""
SYMPA_DATABASES = {
    "SQLite": ("", "db_type SQLite\ndb_name /outside/out/sympa.database", ""),
    "MariaDB": (
        MARIADB.format("sympa"),
        "db_type MySQL\ndb_name sympa\ndb_host localhost\ndb_user sympa\ndb_passwd word",
        "mariadb-dump --default-character-set=utf8mb4 sympa >/outside/out/sympa.database\n",
    ),
}


@pytest.mark.needs("peers", "namespaces")
@pytest.mark.parametrize("database", SYMPA_DATABASES)
def test_sympa(shell: Shell, tmp_path: Path, database: str) -> None:
    """It mails those whose mail bounces until it removes them; nobody is active here whom it would not mail."""
    (folder := tmp_path / "sympa").mkdir()
    folder.chmod(0o755)
    (folder / "fill.pl").write_text(SYMPA_FILL)
    before, keys, after = SYMPA_DATABASES[database]
    run_in_root(folder, before + SYMPA.format(database=keys) + after)
    table, active = move_in(shell, "sympa", folder / "out" / "sympa.database", "--files", str(folder / "out"))
    assert active < set((folder / "out" / "recipients").read_text().split())
    receptions = ("digest", "digestplain", "not_me", "notice", "summary", "txt", "urlize")
    assert {
        ("reception mail", "active"): 54,
        ("reception mail", "suppressed"): 1,
        ("reception mail, banned by a pattern", "suspended"): 1,
        **{(f"reception {name}", "active"): 55 for name in receptions},
        ("reception nomail", "suspended"): 55,
        ("bouncing", "suspended"): 252,
        ("suspended", "suspended"): 252,
        ("left a list of included members", "unsubscribed"): 10,
    } == table


LISTMONK_FILL = """
insert into lists (uuid, name, type, optin) values (gen_random_uuid(), 'Tides', 'public', 'double');
insert into subscribers (uuid, email, name, attribs, status, created_at)
    select gen_random_uuid(), format('r%s@x.example', n), 'Berg, Karl (Verein)', '{"city": "Köln"}',
        (enum_range(null::subscriber_status))[n % 3 + 1], '2020-05-01 12:00:00+00'
    from generate_series(0, 999) as n;
insert into subscriber_lists (subscriber_id, list_id, status)
    select id, 1, (enum_range(null::subscription_status))[(id - 1) / 3 % 3 + 1] from subscribers;
insert into bounces (subscriber_id, type)
    select id, (enum_range(null::bounce_type))[id / 9 % 3 + 1] from subscribers where id % 2 = 0;
"""
# To whom a campaign to a list with double opt-in goes.
LISTMONK_AUDIENCE = """
select email from subscribers join subscriber_lists on subscriber_id = subscribers.id
where subscriber_lists.status = 'confirmed' and subscribers.status <> 'blocklisted'
"""


@pytest.mark.needs("postgresql", "listmonk-schema")
def test_listmonk(shell: Shell, tmp_path: Path) -> None:
    """A dump of the tables that its own release makes, with each state of a person and of a subscription."""
    server = postgresql.shared_server()
    with closing(postgresql.OwnDatabases(server)) as made:
        name = made.new()
        with server.connect(name) as connection:
            connection.execute(LISTMONK.read_bytes())
            connection.execute(LISTMONK_FILL.encode())
            audience = {address for (address,) in connection.execute(LISTMONK_AUDIENCE)}
        programs = postgresql.find_programs()
        assert programs is not None
        dump = [str(programs / "pg_dump"), "--host", str(server.folder), "--username", "postgres", name]
        (tmp_path / "dump.sql").write_bytes(subprocess.run(dump, check=True, capture_output=True, timeout=60).stdout)
    table, active = move_in(shell, "listmonk", tmp_path / "dump.sql")
    assert active < audience
    assert {
        ("confirmed", "active"): 111,
        ("disabled", "suspended"): 111,
        ("unsubscribed", "unsubscribed"): 222,
        ("unconfirmed", "left out"): 223,
        ("blocklisted", "suppressed"): 333,
    } == table


# As its own function makes tables from the descriptions in its file.
PHPLIST_TABLES = r"""<?php
define('PHPLISTINIT', true);
include '/outside/structure.php';
foreach (['phplist_user_' => $DBstructuser, 'phplist_' => $DBstructphplist] as $prefix => $tables) {
    foreach ($tables as $name => $columns) {
        $lines = [];
        foreach ($columns as $column => $described) {
            $column = preg_replace(['/^index_\d+$/', '/^unique_\d+$/'], ['index', 'unique'], $column);
            $lines[] = "$column {$described[0]}";
        }
        echo "create table $prefix$name (", implode(', ', $lines), ") default character set utf8;\n";
    }
}
"""
PHPLIST_FILL = """
insert into phplist_admin (id, loginname, email) values (1, 'olga', 'olga@x.example');
insert into phplist_list (id, name, description, active, owner) values (3, 'Tides', 'High water', 1, 1);
insert into phplist_user_attribute (id, name, type) values (1, 'Name', 'textline');
insert into phplist_user_user (id, email, confirmed, blacklisted, disabled, entered, uniqid)
    select seq, concat('r', seq, '@x.example'), seq & 1, seq >> 1 & 1, seq >> 2 & 1, '2020-05-01 12:00:00', md5(seq)
    from seq_1_to_1000;
insert into phplist_listuser (userid, listid, entered) select seq, 3, '2020-05-01 12:00:00' from seq_1_to_1000;
insert into phplist_user_user_attribute (attributeid, userid, value)
    select 1, seq, 'Berg, Karl (Verein)' from seq_1_to_1000;
insert into phplist_user_blacklist (email, added) select email, now() from phplist_user_user where id % 16 in (1, 3);
insert into phplist_user_blacklist_data (email, name, data)
    select email, 'reason', 'Too many consecutive bounces' from phplist_user_user where id % 32 = 1;
"""
# To whom it sends a message.
PHPLIST_AUDIENCE = """
select email from phplist_user_user join phplist_listuser on userid = id
where confirmed and not blacklisted and not disabled and email not in (select email from phplist_user_blacklist)
"""
PHPLIST_DUMP = """\
php /outside/tables.php >/outside/tables.sql
mariadb phplist </outside/tables.sql
mariadb phplist </outside/fill.sql
mariadb --skip-column-names --batch phplist </outside/audience.sql
mariadb-dump --default-character-set=utf8mb4 phplist >/outside/dump.sql
"""


@pytest.mark.needs("peers", "namespaces", "phplist-schema")
def test_phplist(shell: Shell, tmp_path: Path) -> None:
    """A dump of the tables that its own release describes, with each combination of its flags and of the blacklist."""
    (folder := tmp_path / "phplist").mkdir()
    (folder / "structure.php").write_bytes(PHPLIST.read_bytes())
    for name, text in (
        ("tables.php", PHPLIST_TABLES), ("fill.sql", PHPLIST_FILL), ("audience.sql", PHPLIST_AUDIENCE)
    ):  # fmt: skip
        (folder / name).write_text(text)
    audience = run_in_root(folder, MARIADB.format("phplist") + PHPLIST_DUMP)
    table, active = move_in(shell, "phplist", folder / "dump.sql")
    assert active == set(audience.split())
    assert {
        ("confirmed", "active"): 62,
        ("disabled", "suspended"): 125,
        ("unconfirmed", "left out"): 250,
        ("blacklisted", "suppressed"): 563,
    } == table
