"""What the pages of the docs want before they are typed: the files, readers and editions that their reader has."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.operations.installations import mailman3_database, test_sympa
from tests.operations.installations.test_dumps import LISTMONK, PHPLIST
from tests.operations.installations.test_mailman2 import CONFIG as MAILMAN2

from pressrun.operations.installations.sympa import WANTED

# What install.md leaves, and then a list with readers, as every page has it that says nothing else.
FURNISH = """\
useradd ina
pressrun list create news --title 'River News' --owner ops@example.org --postal-address 'River Street 1, Springfield'
printf '%s\\n' email ada@reader.example bob@reader.example carl@reader.example >readers.csv
pressrun subscriber import news readers.csv
printf -- '---\\nsubject: The river path is open\\n---\\nDear {{ name | default: reader }}, come.\\n' >edition.md
chgrp pressrun /root && chmod 750 /root
"""
TWO_MORE_LISTS = """\
pressrun list create members --title Members --postal-address x
pressrun list create releases --title Releases --postal-address x
"""
SENDING = "pressrun send news edition.md --yes"  # and with no daemon, it waits
DRAFTED = "pressrun edition draft news edition.md"
TOKEN = "TOKEN=$(pressrun token create --name crm --scope write)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """How a page is typed.

    `before` is typed first, `after` last, each of `at` before the block that contains it. `replaced` is what a reader
    replaces, too: names, numbers, times. `keeps` the configuration of its examples, or else each is only checked.
    """

    starts: str = "furnished"  # on this machine: bare, installed, or furnished
    before: str = ""
    after: str = ""
    at: Mapping[str, str] = field(default_factory=dict)
    replaced: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str | bytes] = field(default_factory=dict)
    keeps: bool = False


MINE = """\
cat >/run/mine.toml <<'END'
base_url = "http://127.0.0.1:8080"
mail_domain = "lists.example.org"
END
"""
EDIT = MINE + "$EDITOR config.toml\n"
MAILMAN2_PICKLE = pickle.dumps(MAILMAN2, 2)

PASSWORD = "echo secret >/etc/pressrun/database_password; chown pressrun /etc/pressrun/database_password"
PASSWORD += "; chmod 600 /etc/pressrun/database_password"
AS_SQLITE = """python3 -c 'import sqlite3, sys; sqlite3.connect(sys.argv[1]).executescript(open(sys.argv[2]).read())'"""
# The write-ahead log may hold what the file lacks; without it the copy would be one that was set back.
WITH_LOG = """python3 -c 'import sqlite3, sys; sqlite3.connect(sys.argv[1]).backup(sqlite3.connect(sys.argv[2]))'"""
MAILMAN3 = "[mailman]\nlayout: here\n[paths.here]\nvar_dir: /srv\n[database]\nurl: sqlite:////srv/mailman.db\n"
MAILMAN3_BEFORE = f"{AS_SQLITE} /srv/mailman.db mailman3.sql"
SYMPA = "db_type SQLite\ndb_name /srv/sympa.sqlite\nhome /var/lib/sympa/list_data\narc_path /var/lib/sympa/arc\n"
SYMPA_BEFORE = f"{AS_SQLITE} /srv/sympa.sqlite sympa.schema"
SYMPA_DUMP = (
    """\
-- MariaDB dump 10.19
"""
    + "".join(
        f"CREATE TABLE `{name}` (\n" + ",\n".join(f"  `{column}` text" for column in columns) + "\n);\n"
        for name, columns in WANTED.items()
    )
    + """\
INSERT INTO `admin_table` VALUES ('olga@x.example','news','lists.example','owner');
-- Dump completed on 2026-01-01
"""
)

PHPLIST_EXPORT = "email,Is this subscriber confirmed,Is this subscriber blacklisted,Is this account disabled?\n"
PHPLIST_EXPORT += "".join(
    f"{kind}{number}@x.example,{flags}\n"
    for kind, flags, rows in (
        ("b", "1,1,0", 31),
        ("c", "0,0,0", 212),
        ("d", "1,0,1", 4),
        ("a", "1,0,0", 1893),
        ("r", "1,0,0", 2),
    )
    for number in range(1, rows + 1)
)
PHPLIST_EXPORT += "nobody,1,0,0\n"

PAGES = {
    "README.md": Page(
        starts="bare",
        before="git clone -q /srv/pressrun.git pressrun; cd pressrun\n"
        "printf '%s\\n' email ada@reader.example >readers.csv; cp /srv/edition.md .\n" + MINE,
    ),
    "docs/tutorial.md": Page(
        starts="bare",
        at={"pressrun check": EDIT, "pressrun preview news first.md": "cp /srv/first.md ."},
        replaced={"REPOSITORY": "/srv/pressrun.git"},
    ),
    "docs/how-to/install.md": Page(starts="bare", keeps=True),
    "docs/how-to/first-edition.md": Page(starts="installed"),
    "docs/archive.md": Page(before=SENDING),
    "docs/editions.md": Page(before="cp edition.md welcome.md"),
    "docs/layouts.md": Page(before="cp /srv/logo.png mark.png"),
    "docs/sending.md": Page(replaced={"2026-05-04": "2036-05-04"}),
    "docs/pages.md": Page(
        before="cp /srv/logo.png . && chown pressrun logo.png\n"
        + "".join(
            f"pressrun list create {name} --title {name} --postal-address x --language {language}\n"
            f"pressrun edition draft {name} edition.md\n"
            for name, language in (("noticias", "es"), ("nouvelles", "fr"), ("letters", "en"))
        ),
        replaced={"87 88 89": "1 2 3", "unlink 89": "unlink 3"},
        after="systemctl start pressrun; curl -d email=dora@reader.example -d language=fr"
        " https://news.example.org/news/subscribe",
    ),
    "docs/how-to/audit.md": Page(),
    "docs/how-to/back-up.md": Page(
        at={
            "pressrun backup verify": "cp $(ls -t /var/backups/pressrun/* | head -1) backup.tar.zst",
            "age --decrypt": "age -r $(age-keygen -y backup-key.txt) -o backup.tar.zst.age backup.tar.zst",
            "edition resume 7": f"{SENDING}; pressrun edition pause 1",
        },
        replaced={
            "/var/backups/pressrun/pressrun-1a2b3c4d5e6f7a8b-20261128T031500Z.tar.zst": "backup.tar.zst",
            "resume 7": "resume 1",
            "age1…": "age1mct24csyd4l6hp85sqdzqvwv6qmn7rp4dg4g67ncv6cpjpsnw9tqeqe2rs",
        },
    ),
    "docs/how-to/drafts.md": Page(
        before=f"cp edition.md notes.md; sed s/path/sea/ edition.md >boats.md; {TOKEN}; systemctl start pressrun\n"
        f"{TWO_MORE_LISTS}pressrun edition draft members notes.md",
        replaced={"cancel 7": "cancel 1", " 7": " 2"},
    ),
    "docs/how-to/follow-events.md": Page(
        before=f"systemctl start pressrun; {TOKEN}", replaced={"pr_…": "$TOKEN", "after=9131": "after=1"}
    ),
    "docs/how-to/keep-subscribers.md": Page(
        before=f"{TOKEN}\n{TWO_MORE_LISTS}systemctl start pressrun; cp readers.csv members.csv",
        replaced={"jobs/31": "jobs/1"},
    ),
    "docs/how-to/mail.md": Page(before="systemctl start pressrun", keeps=True),
    "docs/how-to/move-from-listmonk.md": Page(starts="installed", files={"/srv/listmonk.sql": LISTMONK}),
    "docs/how-to/move-from-phplist.md": Page(starts="installed", files={"/srv/phplist.sql": PHPLIST}),
    "docs/how-to/move-from-mailman2.md": Page(
        starts="installed", files={"/var/lib/mailman/lists/news/config.pck": MAILMAN2_PICKLE}
    ),
    "docs/how-to/move-from-mlmmj.md": Page(
        starts="installed",
        files={
            "/var/spool/mlmmj/news/subscribers.d/a": "ada@x.example\n",
            "/var/spool/mlmmj/news/control/listaddress": "news@lists.example\n",
        },
    ),
    "docs/how-to/people.md": Page(before=TWO_MORE_LISTS, replaced={"revoke 3": "revoke 1"}),
    "docs/how-to/providers.md": Page(
        before="echo secret >/etc/pressrun/smtp_password; chown pressrun /etc/pressrun/smtp_password",
        files={"~/bounces.csv": "email\ngone@reader.example\n"},
    ),
    "docs/how-to/upgrade.md": Page(
        before="git -C /srv/pressrun.git commit -q --allow-empty -m News; git -C /srv/pressrun.git tag news\n"
        "pressrun send news edition.md --yes --at 2036-05-04T09:00:00Z",
        at={
            "ln -sfT /opt/pressrun-NEW": "cd /var/lib/pressrun; mkdir -p backups"
            "; cp -a pressrun.sqlite3 backups/schema-16.sqlite3"
            f"; {WITH_LOG} pressrun.sqlite3 backups/schema-16.sqlite3; cd",
            # What the package has brought to /usr, where the stand-in for systemctl does not look.
            "systemctl reenable": "install -m 644 /usr/local/src/pressrun/systemd/pressrun.service "
            "/usr/local/src/pressrun/systemd/pressrun-*.socket /usr/local/src/pressrun/systemd/pressrun-backup.* "
            "/etc/systemd/system/; ln -sfT /opt/pressrun/bin/pressrun /usr/local/bin/pressrun",
        },
        replaced={"pause 7": "pause 1", "pressrun-OLD": "pressrun-$version", "pressrun-NEW": "pressrun-$version"},
    ),
    "docs/how-to/import.md": Page(
        before="cp readers.csv roster.csv\n"
        "for name in r1 r2; do\n"
        "pressrun subscriber add news $name@x.example; pressrun subscriber rm news $name@x.example\ndone\n"
        + TWO_MORE_LISTS,
        files={
            "~/members.csv": "E-Mail,First,Last,blocked,Internal no.\nx@reader.example,X,Y,0,1\n",
            "~/export.csv": PHPLIST_EXPORT,
        },
    ),
    "docs/how-to/single-sign-on.md": Page(before='install() { echo secret | command install "$@"; }'),
    "docs/how-to/standby.md": Page(before=SENDING),
    "docs/how-to/release.md": Page(before="mkdir -p dist/deb; touch dist/pressrun-1 dist/deb/pressrun_1"),
    "docs/how-to/web-server.md": Page(before="mkdir -p /etc/nginx/sites-enabled"),
    "docs/how-to/full-disk.md": Page(
        before="systemctl start pressrun; mkdir -p /var/lib/pressrun/backups", replaced={"/var /tmp": "/var"}
    ),
    "docs/how-to/move-to-postgresql.md": Page(before=PASSWORD),
    "docs/how-to/postgresql.md": Page(before=PASSWORD),
    "docs/mail/direct.md": Page(
        before="openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=n -days 2 2>&1"
        " -keyout /etc/ssl/private/news.example.org.key -out /etc/ssl/news.example.org.crt",
        at={
            "certificate_file": "cp /etc/ssl/news.example.org.crt /etc/pressrun/smtp.crt; mkdir -p /run/credentials"
            "; cp /etc/ssl/private/news.example.org.key /run/credentials/smtp.key"
            "; export CREDENTIALS_DIRECTORY=/run/credentials"
        },
    ),
    "docs/how-to/move-from-mailman3.md": Page(
        starts="installed",
        before="mkdir archives",
        files={"/etc/mailman3/mailman.cfg": MAILMAN3, "~/mailman3.sql": mailman3_database.SCHEMA},
        at={"--dry-run": MAILMAN3_BEFORE},
    ),
    "docs/how-to/move-from-sympa.md": Page(
        starts="installed",
        files={
            "/etc/sympa/sympa/sympa.conf": SYMPA,
            "/srv/sympa.sql": SYMPA_DUMP,
            "~/sympa.schema": test_sympa.SCHEMA,
            "/var/lib/sympa/list_data/lists.example/news/config": test_sympa.CONFIG,
        },
        before=SYMPA_BEFORE,
        at={"mysqldump": "rm -f dry-run.csv"},
    ),
    "docs/how-to/watch.md": Page(before="systemctl start pressrun", keeps=True),
    "docs/how-to/without-root.md": Page(keeps=True),
}
