"""What makes the inputs: atheris, which follows the code, or plain random changes, which work everywhere.

Both hold a target to the same: a value or our own error, and no more than SECONDS for one input.
"""

from __future__ import annotations

import hashlib
import importlib.util
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.samples import WORDS

SECONDS = 3.0  # of this process's own time; the helper process has 5 on a processor
MAX_INPUT = 64 * 1024
_KEPT = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """An input that a target does not stand."""

    data: bytes
    problem: str

    def keep(self, folder: Path) -> Path:
        """Write the input down."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"finding-{hashlib.sha256(self.data).hexdigest()[:16]}"
        path.write_bytes(self.data)
        return path


def has_atheris() -> bool:
    """Whether inputs can follow the code."""
    return importlib.util.find_spec("atheris") is not None


def try_one(run: Callable[[bytes], None], data: bytes) -> Finding | None:
    """One input."""
    began = time.process_time()
    try:
        run(data)
    except (Exception, RecursionError) as problem:  # noqa: BLE001 - whatever a target raises is what is looked for
        return Finding(data=data, problem=f"{type(problem).__name__}: {problem}")
    seconds = time.process_time() - began
    return Finding(data=data, problem=f"took {seconds:.1f} s") if seconds > SECONDS else None


def mutate(
    run: Callable[[bytes], None], seeds: Sequence[bytes], chance: random.Random, *, seconds: float, most: int
) -> tuple[int, Finding | None]:
    """Seeds as they are, then so many random changes of them and for so long, until a finding; returns how many inputs
    were tried.
    """
    tried = 0
    for data in seeds:
        tried += 1
        if (finding := try_one(run, data)) is not None:
            return tried, finding
    pool = [data for data in seeds if len(data) <= MAX_INPUT] or [b""]
    ends_at, most = time.monotonic() + seconds, most + tried
    while tried < most and time.monotonic() < ends_at:
        data = _changed(chance, pool)
        tried += 1
        if (finding := try_one(run, data)) is not None:
            return tried, finding
        if chance.random() < 0.05:  # changes upon changes lead further than changes of the seeds alone
            pool.append(data)
            if len(pool) > _KEPT:
                pool.pop(chance.randrange(len(seeds), len(pool)) if len(seeds) < len(pool) else 0)
    return tried, None


def _changed(chance: random.Random, pool: Sequence[bytes]) -> bytes:
    data = bytearray(chance.choice(pool))
    for _ in range(chance.choice((1, 1, 2, 4, 8))):
        at = chance.randint(0, len(data))
        size = min(chance.choice((1, 2, 8, 64, 512)), len(data) - at)
        match chance.randrange(8):
            case 0:
                data[at : at + size] = chance.randbytes(size)
            case 1:
                del data[at : at + size]
            case 2:
                data[at:at] = data[at : at + size] * chance.choice((1, 2, 50))
            case 3:
                other = chance.choice(pool)
                begins = chance.randint(0, len(other))
                data[at : at + size] = other[begins : begins + chance.choice((8, 64, 2048))]
            case 4:
                del data[at:]
            case 5 if size:
                data[at] ^= 1 << chance.randrange(8)
            case _:
                data[at : at + chance.choice((0, 0, size))] = chance.choice(WORDS) * chance.choice((1, 1, 1, 30))
    return bytes(data[:MAX_INPUT])


def follow(name: str, *, seconds: int, corpus: Path, findings: Path) -> None:
    """Let atheris look for inputs; it ends the process: with 0, or with another code after a finding that it shows."""
    import atheris  # noqa: PLC0415 - what is imported below is watched only when this comes first

    with atheris.instrument_imports(include=["pressrun", "email"]):
        from tests.fuzz.targets import TARGETS  # noqa: PLC0415 - as above
    target = TARGETS[name]
    corpus.mkdir(parents=True, exist_ok=True)
    findings.mkdir(parents=True, exist_ok=True)
    for data in target.seeds():
        if len(data) <= MAX_INPUT:
            (corpus / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)
    words = findings / "words"
    words.write_text("".join(f'"{_escaped(word)}"\n' for word in WORDS), encoding="ascii")
    options = [
        f"-max_total_time={seconds}", f"-timeout={SECONDS:.0f}", f"-max_len={MAX_INPUT}", "-rss_limit_mb=1024",
        f"-dict={words}", f"-artifact_prefix={findings}/", "-print_final_stats=1", "-verbosity=0",
    ]  # fmt: skip
    atheris.Setup(["fuzz", *options, str(corpus)], target.run)
    with target.opened():
        atheris.Fuzz()


def _escaped(word: bytes) -> str:
    return "".join(f"\\x{octet:02x}" for octet in word)
