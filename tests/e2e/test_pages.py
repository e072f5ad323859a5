"""The pages of the docs: every command is typed as written, and everything else in a fence is checked, too.

Each page is typed into one shell, on a machine of its own (tests/e2e/typed.py). What a page wants before, and the
names, numbers and times that a reader replaces, are in tests/e2e/pages.py; programs that a test cannot run are in
tests/e2e/stand_ins.py, each with the arguments that the pages give them.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.e2e.pages import FURNISH, PAGES, Page
from tests.e2e.typed import TypedMachine, Typing
from tests.needs import EXIM
from tests.opensmtpd import PROGRAM as OPENSMTPD

from pressrun.core.colour import Colour
from pressrun.web.list_icon import icon_png

ROOT = Path(__file__).parents[2]
CONFIG = "/etc/pressrun/config.toml"
# Kinds of blocks by page, and which test has them. A block with a key that is not here fails.
SH, TOML = "sh", "toml"
HERE = "tests/e2e/test_pages.py"
CHECKED = {
    ("README.md", "markdown"): HERE,  # typed as edition.md
    ("docs/tutorial.md", "markdown"): HERE,  # typed as first.md
    ("docs/how-to/import.md", "text"): HERE,  # printed by the command above it
    ("docs/how-to/watch.md", "yaml"): HERE,
    ("docs/how-to/single-sign-on.md", "nginx"): HERE,
    ("docs/mail/exim.md", ""): HERE,
    ("docs/mail/opensmtpd.md", ""): HERE,
    ("docs/api.md", "json"): HERE,
    ("docs/how-to/follow-events.md", "json"): HERE,
    ("docs/how-to/watch.md", "json"): HERE,
    ("docs/pages.md", "html"): HERE,
    ("docs/how-to/back-up.md", "yaml"): "tests/e2e/test_litestream.py",
    ("docs/how-to/web-server.md", "nginx"): "tests/e2e/test_proxies.py",
    ("docs/how-to/web-server.md", "caddy"): "tests/e2e/test_proxies.py",
    ("docs/how-to/web-server.md", "apache"): "tests/e2e/test_proxies.py",
    ("docs/how-to/without-root.md", "sudoers"): "tests/repository/test_sudoers.py",
    ("docs/mail/postfix.md", ""): "tests/e2e/test_postfix.py",
    ("docs/layouts.md", "html"): "tests/services/editions/test_list_design.py",
    **{
        ("docs/editions.md", kind): "tests/message/sources/test_editions_page.py"
        for kind in ("markdown", "html", "text", "")
    },
    **{("docs/how-to/programs.md", kind): "tests/e2e/test_recipes.py" for kind in (SH, "json", "csv", "text")},
    ("docs/overview.md", ""): "tests/repository/test_docs.py",  # pictures
    ("docs/cli.md", ""): "tests/packaging/test_generated.py",
}
# Blocks of commands that another test types.
ELSEWHERE = {
    "restic backup": "tests/e2e/test_backup_programs.py",
    "borg create": "tests/e2e/test_backup_programs.py",
    "pressrun move-to ": "tests/e2e/test_move_to.py",  # it wants a server
}
FENCE = re.compile(r"(?ms)^( *)(`{3,})([^\n`]*)\n(.*?)^\1\2$")

needs_a_machine = [
    pytest.mark.thorough,
    pytest.mark.needs("namespaces", "cc", "curl", "jq", "age", "zstd", "fuser", "systemd-analyze"),
    pytest.mark.only_on("sqlite", "no page depends on the engine"),
]

MakeMachine = Callable[[Path, Page], TypedMachine]


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A fenced block, without the indent of its list."""

    kind: str
    text: str


def blocks_of(page: str) -> list[Block]:
    text = (ROOT / page).read_text(encoding="utf-8")
    return [
        Block(kind=kind, text=re.sub(f"(?m)^{indent}", "", block)) for indent, _, kind, block in FENCE.findall(text)
    ]


def block(page: str, start: str) -> str:
    """The one block of a page that starts so."""
    (text,) = [block.text for block in blocks_of(page) if block.text.startswith(start)]
    return text


BLOCKS = {
    name: blocks_of(name)
    for name in (str(path.relative_to(ROOT)) for path in sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]))
}
TYPED = [
    page
    for page, blocks in BLOCKS.items()
    if (page, SH) not in CHECKED and {SH, TOML} & {block.kind for block in blocks}
]


def test_every_block_is_typed_or_checked() -> None:
    """By its page and kind, and no entry is left of what is gone."""
    kinds = {(page, block.kind) for page, blocks in BLOCKS.items() for block in blocks}
    typed = {(page, kind) for page in TYPED for kind in (SH, TOML)} & kinds
    assert kinds - typed == set(CHECKED)
    commands = [block.text for page in TYPED for block in BLOCKS[page] if block.kind == SH]
    assert [] == [mark for mark in ELSEWHERE if not any(mark in text for text in commands)]
    assert set(PAGES) <= set(TYPED)
    prose = {page: FENCE.sub("", (ROOT / page).read_text(encoding="utf-8")) for page in BLOCKS}
    assert [] == [page for page, text in prose.items() if re.search(r"(?m)^ {4,}pressrun ", text)]
    assert [] == [test for test in {*CHECKED.values(), *ELSEWHERE.values()} if not (ROOT / test).exists()]


@pytest.mark.parametrize("page", [page for page, kind in CHECKED if kind == "json" and CHECKED[page, kind] == HERE])
def test_examples_of_json_can_be_read(page: str) -> None:
    assert all(json.loads(block.text) for block in BLOCKS[page] if block.kind == "json")


@pytest.fixture(scope="session")
def make_machine(sink_program: Path, tmp_path_factory: pytest.TempPathFactory) -> MakeMachine:
    """Machines that start as a page says; what the others start with is typed once."""
    repository = tmp_path_factory.mktemp("repository")
    make_repository(repository)
    kept: dict[str, list[Path]] = {"bare": []}

    def keep(name: str, lower: list[Path], *blocks: str) -> None:
        folder = tmp_path_factory.mktemp(name)
        require(machine(folder, lower).type(*blocks, keep=folder / "kept"))
        kept[name] = [folder / "kept", *lower]

    def machine(folder: Path, lower: list[Path]) -> TypedMachine:
        made = TypedMachine(folder=folder, sink_program=sink_program, lower=lower)
        made.files |= COMMON
        made.copied["/srv/pressrun.git"] = repository
        return made

    def make(folder: Path, page: Page) -> TypedMachine:
        if page.starts != "bare" and page.starts not in kept:
            keep("installed", [], *typed_of("docs/how-to/install.md"))
            keep("furnished", kept["installed"], FURNISH)
        made = machine(folder, kept[page.starts])
        made.files |= page.files
        return made

    return make


def make_repository(folder: Path) -> None:
    """What the pages use of ours, as somebody else's `git clone` finds it."""
    names = ("CHANGELOG.md", "changes.d", "systemd", "requirements")
    git = ["git", "-c", "user.name=Tests", "-c", "user.email=tests@tests.example"]
    for command in (
        ["cp", "-r", *(str(ROOT / name) for name in names), "."],
        [*git, "init", "-q", "-b", "main"],
        [*git, "add", "."],
        [*git, "commit", "-q", "-m", "Pressrun"],
    ):
        subprocess.run(command, cwd=folder, check=True)


# What every machine has beside the host's own: the files that a reader writes by the page, and git's settings.
COMMON: dict[str, str | bytes] = {
    "/srv/edition.md": block("README.md", "---\nsubject"),
    "/srv/first.md": block("docs/tutorial.md", "---\nsubject"),
    "/srv/logo.png": icon_png("P", Colour.parse("#0b6b3a")),
    "/usr/local/bin/page-me": block("docs/how-to/watch.md", "#!"),
    "~/.gitconfig": (
        '[url "/srv/pressrun.git"]\ninsteadOf = https://git.example.org/pressrun.git\n'
        "[safe]\ndirectory = *\n[user]\nname = Tests\nemail = tests@tests.example\n"
    ),
}


def typed_of(page: str) -> list[str]:
    """What the reader of a page types; an example of a configuration is put into config.toml, and checked."""
    settings = PAGES.get(page, Page())
    typed = [settings.before]
    for block in BLOCKS[page]:
        if block.kind not in (SH, TOML) or block.text.startswith("#!") or any(mark in block.text for mark in ELSEWHERE):
            continue
        typed += [what for mark, what in settings.at.items() if mark in block.text]
        text = block.text
        for old, new in settings.replaced.items():
            text = text.replace(old, new)
        typed.append(text if block.kind == SH else configure(text, keeps=settings.keeps))
    return [*typed, settings.after]


def configure(example: str, *, keeps: bool) -> str:
    """Put an example into the configuration and check it; unless it is kept, undo that."""
    check = "config show" if 'database = "postgresql:' in example else "check"  # which would connect
    undo = "" if keeps else f"cp /run/before.toml {CONFIG}\n"
    return (
        f"cat >/run/example.toml <<'END'\n{example}END\ncp {CONFIG} /run/before.toml\n"
        f"edit_config {CONFIG} /run/example.toml\npressrun {check}\n{undo}"
    )


def require(typing: Typing) -> None:
    assert typing.code == 0, typing.shown[-6000:]


class TestMachines:
    """What is typed, on machines."""

    pytestmark = needs_a_machine

    @pytest.mark.parametrize("page", TYPED)
    def test_a_page_can_be_typed(self, page: str, make_machine: MakeMachine, tmp_path: Path) -> None:
        typing = make_machine(tmp_path, PAGES.get(page, Page())).type(*typed_of(page))
        require(typing)
        for block in BLOCKS[page]:
            if block.kind == "text" and CHECKED[page, "text"] == HERE:
                assert block.text in typing.shown, typing.shown

    def test_what_fails_is_noticed(self, make_machine: MakeMachine, tmp_path: Path) -> None:
        """In the middle of a block, and a stand-in with other arguments."""
        for number, commands in enumerate(
            ("false\ntrue", "apt-get install something-else", "pressrun list show nothing")
        ):
            folder = tmp_path / str(number)
            folder.mkdir()
            assert 0 != make_machine(folder, Page(starts="installed")).type(commands, "true").code

    @pytest.mark.needs("exim")
    def test_exim_accepts_its_page(self, make_machine: MakeMachine, tmp_path: Path) -> None:
        """Debian's folders put together, and the parts for a configuration of one's own."""
        page = "docs/mail/exim.md"
        at = {name: block(page, f"# /etc/exim4/conf.d/{name}/") for name in ("main", "router", "transport")}
        own = (
            at["router"].replace("  domains = news.example.org\n", block(page, "  domains")).replace("  no_more\n", "")
        )
        machine = make_machine(tmp_path, Page(starts="bare"))
        for number, router in enumerate((at["router"], own)):
            machine.files[f"/srv/{number}.conf"] = (
                f"{at['main']}acl_smtp_rcpt = rcpt\nbegin acl\nrcpt:\n{block(page, '  deny')}  accept\n"
                f"begin routers\n{router}begin transports\n{at['transport']}"
            )
        require(machine.type("useradd -r Debian-exim", *(f"{EXIM} -C /srv/{number}.conf -bV" for number in (0, 1))))

    @pytest.mark.needs("opensmtpd")
    def test_opensmtpd_accepts_its_page(self, make_machine: MakeMachine, tmp_path: Path) -> None:
        machine = make_machine(tmp_path, Page(starts="bare"))
        examples = [block.text for block in BLOCKS["docs/mail/opensmtpd.md"] if block.kind == ""]
        assert len(examples) == 2
        machine.files |= {f"/srv/{number}.conf": text for number, text in enumerate(examples)}
        checks = [f"{OPENSMTPD} -n -f /srv/{number}.conf" for number in range(2)]
        require(machine.type("useradd -r opensmtpd; useradd -r opensmtpq", *checks))

    @pytest.mark.needs("nginx")
    def test_nginx_accepts_the_page_on_single_sign_on(self, make_machine: MakeMachine, tmp_path: Path) -> None:
        machine = make_machine(tmp_path, Page(starts="bare"))
        example = block("docs/how-to/single-sign-on.md", "location / {")
        machine.files["/srv/nginx.conf"] = f"events {{}}\nhttp {{ server {{ listen 127.0.0.1:8443;\n{example} }} }}\n"
        require(machine.type("/usr/sbin/nginx -t -c /srv/nginx.conf"))

    @pytest.mark.needs("prometheus")
    def test_prometheus_accepts_the_page_on_monitoring(self, tmp_path: Path) -> None:
        rules = (ROOT / "contrib/prometheus/pressrun.rules.yml").read_bytes()
        (tmp_path / "pressrun.rules.yml").write_bytes(rules)
        (tmp_path / "prometheus.yml").write_text(block("docs/how-to/watch.md", "rule_files:"), encoding="utf-8")
        subprocess.run(["promtool", "check", "config", "prometheus.yml"], cwd=tmp_path, check=True, capture_output=True)
