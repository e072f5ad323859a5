"""Mailman 3 as Debian packages it, with a thousand members in every state that it knows."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from contextlib import closing
from io import BytesIO
from pathlib import Path

import pytest

from pressrun.operations.installations.mailman3 import open_mailman3
from pressrun.operations.sources.formats import read_members
from pressrun.operations.sources.member import SourceMember

# Runs in Debian's own Python, which has Mailman. Prints what Mailman itself says of each member: whether it would be
# given a post, and the roles of the others.
PROGRAM = """
import datetime, json, sys
from mailman.core.initialize import initialize
initialize(sys.argv[1])
from mailman.config import config
from mailman.interfaces.bans import IBanManager
from mailman.interfaces.domain import IDomainManager
from mailman.interfaces.listmanager import IListManager
from mailman.interfaces.member import DeliveryMode, DeliveryStatus, MemberRole
from mailman.interfaces.usermanager import IUserManager
from zope.component import getUtility
getUtility(IDomainManager).add("lists.example")
users = getUtility(IUserManager)
news = getUtility(IListManager).create("news@lists.example")
def add(address, role, *, as_user):
    one = users.create_address(address, "Karl Berg (Verein)")
    one.verified_on = datetime.datetime(2019, 3, 1)
    if not as_user:
        return news.subscribe(one, role)
    person = users.create_user()
    person.link(one)
    person.preferred_address = one
    return news.subscribe(person, role)
statuses, modes = list(DeliveryStatus), list(DeliveryMode)
for number in range(1000):
    member = add(f"r{number}@x.example", MemberRole.member, as_user=number % 2 == 0)
    places = [member.preferences, member.address.preferences]
    places += [member.user.preferences] if member.user else []
    for shift, place in enumerate(places):
        if number // 3 % (shift + 2) == 0:
            place.delivery_status = statuses[(number + shift) % len(statuses)]
            place.delivery_mode = modes[(number // 7 + shift) % len(modes)]
add("owner@x.example", MemberRole.owner, as_user=False)
add("moderator@x.example", MemberRole.moderator, as_user=True)
IBanManager(news).ban("troll@x.example")
config.db.commit()
print(json.dumps({m.address.email: [m.delivery_status.name, m.delivery_mode.name] for m in news.members.members}))
"""
CONFIG = """[mailman]
layout: here
[paths.here]
var_dir: {folder}/var
bin_dir: /usr/lib/mailman3/bin
log_dir: $var_dir/logs
lock_dir: $var_dir/locks
data_dir: $var_dir/data
cache_dir: $var_dir/cache
etc_dir: {folder}
messages_dir: $var_dir/messages
archive_dir: $var_dir/archives
template_dir: $var_dir/templates
pid_file: $var_dir/master.pid
lock_file: $var_dir/master.lck
queue_dir: $var_dir/queue
ext_dir: {folder}
[database]
class: mailman.database.sqlite.SQLiteDatabase
url: sqlite:///{folder}/var/data/mailman.db
"""


@pytest.mark.timeout(400)  # Mailman itself is that slow where other tests run beside it
@pytest.mark.needs("mailman3")
@pytest.mark.only_on("sqlite", "it reads what Mailman has, and uses no database of ours")
def test_every_state_becomes_what_mailman_says_of_it(tmp_path: Path) -> None:
    """Exactly those are active to whom Mailman delivers, by its database and by what `mailman members` prints."""
    config = tmp_path / "mailman.cfg"
    config.write_text(CONFIG.format(folder=tmp_path))
    (tmp_path / "fill.py").write_text(PROGRAM)
    made = subprocess.run(
        ["/usr/bin/python3", str(tmp_path / "fill.py"), str(config)], capture_output=True, check=False, text=True
    )
    assert 0 == made.returncode, made.stderr
    theirs = json.loads(made.stdout.splitlines()[-1])
    with closing(open_mailman3(str(config), None)) as installation:
        (old,) = installation.lists()
        ours = {member.address: member for member in installation.members(old)}
        bans = [ban.address for ban in installation.bans([old])]
    assert 1000 == len(theirs) == len(ours)
    wrong = [
        address
        for address, (status, _) in theirs.items()
        if (ours[address].state.value == "active") != (status == "enabled")
    ]
    assert [] == wrong
    digests = sum(status == "enabled" and mode != "regular" for status, mode in theirs.values())
    assert digests == Counter(member.was for member in ours.values())["member with digests"] > 0
    assert (["troll@x.example"], ("owner@x.example", "moderator@x.example")) == (bans, old.editors)
    for why, state in (("enabled", "active"), ("any", "suspended")):
        printed = subprocess.run(
            [
                "/usr/lib/mailman3/bin/mailman",
                "--run-as-root",
                "-C",
                config,
                "members",
                "-n",
                why,
                "news@lists.example",
            ],
            capture_output=True,
            check=True,
        )
        lines = read_members(BytesIO(printed.stdout), "members", "mailman3", mapped={}, state=state).members
        listed = {
            (member.address, member.name, member.state.value) for member in lines if isinstance(member, SourceMember)
        }
        expected = {address for address, (status, _) in theirs.items() if (status == "enabled") == (why == "enabled")}
        assert {(address, "Karl Berg (Verein)", state) for address in expected} == listed
