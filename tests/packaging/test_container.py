"""The container image: built from the Containerfile, started as compose.yaml says, used, stopped and started again."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.e2e.instance import until
from tests.packaging.image import VOLUME, Image, build
from tests.ports import free_port
from tests.shared import made_once
from tests.sink import Sink

from pressrun import __version__

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.needs("buildah", "debhelper", "debian-root", "cc", "root"),
    pytest.mark.timeout(900),
]
PATIENCE_SECONDS = 60.0
GREETING = "---\nsubject: Boats\n---\nHello\n"


@pytest.fixture(scope="module")
def image(package: Path) -> Image:
    return Image(made_once("image", lambda folder: build(folder, package)))


@pytest.fixture
def sink(sink_program: Path, tmp_path: Path) -> Iterator[Sink]:
    with Sink(sink_program, tmp_path) as running:
        yield running


@pytest.fixture
def volume(image: Image, sink: Sink, tmp_path: Path) -> Path:
    """A new one, whose configuration has free ports and the sink for a relay."""
    made = image.new_volume(tmp_path / "volume")
    config = made / "config.toml"
    text = config.read_text(encoding="utf-8")
    text = re.sub(r'"0\.0\.0\.0:80\d+"', lambda _: f'"127.0.0.1:{free_port()}"', text)
    text = re.sub(r"^port = 25$", f"port = {sink.port}", text, flags=re.MULTILINE)
    config.write_text(text, encoding="utf-8")
    return made


@contextmanager
def serving(image: Image, volume: Path) -> Iterator[None]:
    """The container with the command of the image, stopped as an engine stops it: process 1 drains and ends with 0."""
    command = image.command(volume, *image.settings["Entrypoint"], *image.settings["Cmd"])
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as container:
        try:
            until(lambda: is_healthy(image, volume) or None, PATIENCE_SECONDS)
            yield
            for child in children(container.pid):
                subprocess.run(["kill", f"-{image.settings['StopSignal']}", child], check=True)
            assert 0 == container.wait(PATIENCE_SECONDS)
        finally:
            container.kill()


def children(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()


def is_healthy(image: Image, volume: Path) -> bool:
    """What the health check of the image says, at the port of this configuration."""
    kind, *words = image.settings["Healthcheck"]["Test"]
    assert kind == "CMD"
    (port,) = re.findall(r'^listen = "127\.0\.0\.1:(\d+)"$', http_of(volume), re.MULTILINE)
    command = image.command(volume, *(word.replace("127.0.0.1:8080", f"127.0.0.1:{port}") for word in words))
    return subprocess.run(command, capture_output=True, check=False, timeout=30).returncode == 0


def http_of(volume: Path) -> str:
    return (volume / "config.toml").read_text(encoding="utf-8").partition("[http]")[2].partition("\n[")[0]


def test_a_new_volume_has_a_configuration_that_can_be_reached(image: Image, tmp_path: Path) -> None:
    made = image.new_volume(tmp_path / "volume")
    assert 'listen = "0.0.0.0:8080"' in http_of(made)
    owner = (made / "config.toml").stat()
    assert (996, 996, 0o640) == (owner.st_uid, owner.st_gid, owner.st_mode & 0o777)
    assert VOLUME in image.settings["Volumes"]
    assert f"version {__version__}" in image.run(made, "--version")


def test_an_edition_goes_out_and_a_restart_keeps_everything(image: Image, volume: Path, sink: Sink) -> None:
    image.run(volume, "check")
    (volume / "edition.md").write_text(GREETING, encoding="utf-8")
    with serving(image, volume):
        image.run(volume, "list", "create", "news", "--title", "Boats", "--postal-address", "1 Pier")
        image.run(volume, "subscriber", "add", "news", "ada@reader.example")
        image.run(volume, "send", "news", "edition.md", "--yes", "--wait")
        assert ["ada@reader.example"] == [line.rcpt_to for line in sink.lines() if line.rcpt_to]
    with serving(image, volume):
        assert "finished" in image.run(volume, "edition", "show", "1")
