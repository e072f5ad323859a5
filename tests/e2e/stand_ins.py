"""Programs that stand for others where the pages of the docs are typed: what each may be called with, and what it does.

A call that is not listed fails, so a page that is changed is noticed here. Each says why the real one cannot be used.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from pathlib import Path

_VENV_PIP = (
    "install --require-hashes -r requirements/build.txt -r requirements/run.txt",
    "install --no-deps --no-build-isolation .",
    "install --require-hashes -r requirements/postgresql.txt",
    "install h11==0.16.1",
)


@dataclass(frozen=True, slots=True)
class StandIn:
    """`calls` are the only arguments that it takes, with what is done then in the words of a shell."""

    reason: str
    calls: dict[str, str] = field(default_factory=dict)


def _nothing(*calls: str) -> dict[str, str]:
    return dict.fromkeys(calls, "true")


STAND_INS = {
    "apt-get": StandIn(
        "tests install nothing; tests/packaging installs the package into a Debian of its own",
        _nothing(
            "update",
            "install git make python3-venv",
            "install build-essential debhelper dh-python pybuild-plugin-pyproject python3-hatchling git",
            "install git python3-venv postfix",
            "install postfix ./pressrun_VERSION_all.deb",
            "install ./pressrun_VERSION_all.deb",
            "install zstd",
            "install age",
            "install jq",
            "install nginx certbot",
            "install caddy",
            "install apache2 certbot",
            "install prometheus",
        ),
    ),
    "make": StandIn(
        "an environment and packages are made by tests/packaging, the demo runs in tests/packaging/test_wheel.py",
        {
            "demo": "true",
            "demo ONCE=1": "mkdir -p .venv/bin && echo 'PATH=/run/pressrun-program:$PATH' >.venv/bin/activate",
            **_nothing("deb", "dist", "-C pressrun deb"),
        },
    ),
    "pip": StandIn("tests download nothing; tests/packaging installs the wheel", _nothing(*_VENV_PIP)),
    "buildah": StandIn(
        "tests/packaging/test_container.py builds the image",
        _nothing("build --format docker --file packaging/container/Containerfile --tag pressrun ."),
    ),
    "podman": StandIn(
        "containers want a registry",
        _nothing(
            'unshare sh -c "${EDITOR:-vi}" '
            '"$(podman volume inspect --format "{{.Mountpoint}}" container_data)/config.toml"'
        ),
    ),
    "podman-compose": StandIn(
        "containers want a registry",
        _nothing(
            "--file packaging/container/compose.yaml up --no-start",
            "--file packaging/container/compose.yaml up --detach",
        ),
    ),
    "nginx": StandIn("tests/e2e/test_proxies.py runs it with the example", _nothing("-t")),
    "a2enmod": StandIn("tests/e2e/test_proxies.py runs Apache with these modules", _nothing("ssl proxy_http http2")),
    "a2ensite": StandIn("tests/e2e/test_proxies.py runs Apache with the example", _nothing("news.example.org")),
    "apache2ctl": StandIn("tests/e2e/test_proxies.py runs Apache with the example", _nothing("configtest")),
    "postfix": StandIn("tests/e2e/test_postfix.py runs it with the lines of the page", _nothing("check")),
    "postconf": StandIn(
        "tests/e2e/test_postfix.py runs Postfix with the lines of the page",
        _nothing("-e myhostname = mx.example.org", "-e mydestination = $myhostname, localhost.$mydomain, localhost"),
    ),
    "gpg": StandIn(
        "the key of whoever publishes a release", {"--armor --detach-sign SHA256SUMS": "test -s SHA256SUMS"}
    ),
    "litestream": StandIn(
        "tests/e2e/test_litestream.py runs it, with this line",
        {"restore -o newer.sqlite3 URL": "cp /var/lib/pressrun/pressrun.sqlite3 newer.sqlite3"},
    ),
    "ssh": StandIn("another machine", {"standby.example.org *": 'bash -c "$2"'}),
    "systemd-ask-password": StandIn("it wants a terminal of its own", {"Password of the relay:": "echo secret"}),
    "journalctl": StandIn(
        "no journal runs; tests/e2e/test_log.py has its priorities",
        {"-p warning -u pressrun": "cat /run/pressrun.log", "-u pressrun -o cat": "cat /run/pressrun.log"},
    ),
    "systemd-run": StandIn(
        "no systemd runs",
        {
            "--pipe --wait --uid=pressrun -p ProtectSystem=strict -p ProtectHome=yes -p NoNewPrivileges=yes *": (
                'exec "${@: -1}"'
            )
        },
    ),
    "sudo": StandIn(
        "root needs none; tests/repository/test_sudoers.py has its configuration checked",
        {"-u pressrun *": 'exec runuser -u pressrun -- "${@:3}"', "apt-get *": '"$@"'},
    ),
    "createuser": StandIn("a server of PostgreSQL: tests/e2e/test_move_to.py", _nothing("--pwprompt pressrun")),
    "createdb": StandIn(
        "a server of PostgreSQL: tests/e2e/test_move_to.py",
        _nothing("--owner pressrun --encoding UTF8 --template template0 pressrun"),
    ),
    "pg_dump": StandIn("listmonk's database", {"listmonk": "cat /srv/listmonk.sql"}),
    "mysqldump": StandIn(
        "the databases of phpList and Sympa",
        {
            "--default-character-set=utf8mb4 phplist": "cat /srv/phplist.sql",
            "--default-character-set=utf8mb4 sympa": "cat /srv/sympa.sql",
        },
    ),
    "psql": StandIn("listmonk's database: tests/operations/installations", {"listmonk -c \\copy (select*": "true"}),
    "mailman": StandIn(
        "Mailman 3: tests/operations/installations/test_real_mailman3.py",
        {
            "members -n any news@lists.example": "echo 'Nils <nils@reader.example>'",
            "members news@lists.example": "printf '%s\\n' 'Nils <nils@reader.example>' 'Ada <ada2@reader.example>'",
        },
    ),
    "list_members": StandIn(
        "Mailman 2 is no longer packaged",
        {"-f --nomail news": "echo 'Olga <olga@reader.example>'", "-f news": "echo 'Pia <pia@reader.example>'"},
    ),
}
# Of these, the file that a page calls by its path.
MLMMJ_LIST = StandIn(
    "mlmmj: tests/operations/installations/test_mlmmj.py",
    {
        "-L /var/spool/mlmmj/news -n": "echo quim@reader.example",
        "-L /var/spool/mlmmj/news": "echo rosa@reader.example",
        "-L /var/spool/mlmmj/news -d": "echo sara@reader.example",
    },
)


def _script(name: str, stand_in: StandIn) -> str:
    cases = "".join(
        f"{'*'.join(map(shlex.quote, call.split('*')))}) {what};;\n" for call, what in stand_in.calls.items()
    )
    complaint = f"{name} $*: no page says so as far as tests/e2e/stand_ins.py knows"
    return f'#!/bin/bash\ncase "$*" in\n{cases}*) echo "{complaint}" >&2; exit 97;;\nesac\n'


def scripts(root: Path, python: str) -> dict[str, str]:
    """The programs of a machine by path: the stand-ins, Pressrun, an editor, and `curl` with TLS left out."""
    client = root / "tests/e2e/typed_client.py"
    pressrun = (
        "#!/bin/bash\n"
        'if [ "${*: -1}" = serve ] && [ -z "${NOTIFY_SOCKET:-}" ]; then\n'  # as in another terminal
        f'  "{python}" -I -S {client} "$@" 2>/run/serve.log &\n'
        "  until (exec 3<>/dev/tcp/127.0.0.1/8080) 2>/dev/null; do kill -0 $! && sleep 0.02 || exit 1; done; exit\nfi\n"
        f'exec "{python}" -I -S {client} "$@"\n'
    )
    venv = (
        '#!/bin/bash\nif [ "$1 $2" = "-m venv" ]; then\n'
        'mkdir -p "$3/bin" && cp "${0%/*}/pip" /run/pressrun-program/pressrun "$3/bin/"\n'
        f'else exec "{python}" "$@"; fi\n'
    )
    curl = (
        "#!/bin/bash\n"
        'case "$*" in *https://ntfy.example/mail-alerts) cat >/dev/null; exit;; esac\n'
        'case " $* " in *" -N "*) without_end="--max-time 1";; esac\n'
        "/usr/bin/curl -sS --fail-with-body ${without_end:-} "
        '"${@/https:\\/\\/news.example.org/http://127.0.0.1:8080}" || { [ $? = 28 ] && [ -n "${without_end:-}" ]; }\n'
    )
    return {
        **{f"/bin/{name}": _script(name, text) for name, text in STAND_INS.items()},
        "/usr/bin/mlmmj-list": _script("mlmmj-list", MLMMJ_LIST),
        "/bin/systemctl": f'#!/bin/bash\nexec "{python}" -I -S {root}/tests/e2e/systemctl.py "$@"\n',
        "/bin/edit_config": f'#!/bin/bash\nexec "{python}" -I -S {root}/tests/e2e/edit_config.py "$@"\n',
        "/bin/editor": '#!/bin/bash\nexec edit_config "$1" /run/mine.toml\n',
        "/bin/python3": venv,
        "/bin/curl": curl,
        "/run/pressrun-program/pressrun": pressrun,
    }
