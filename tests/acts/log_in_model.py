"""A model of what people log in with, and of the limits of log-ins. It never uses the code that it tests."""

from __future__ import annotations

from dataclasses import dataclass, field

MOST, WINDOW = 10, 900.0
STEP = 30


@dataclass
class App:
    """An app with one-time codes; `last_step` is that of the latest code that counted."""

    sealed: bytes
    secret: bytes
    last_step: int

    def step_of(self, number: int, now: float) -> bool:
        """Whether the code of this step counts now."""
        return abs(number - int(now // STEP)) <= 1 and number > self.last_step


@dataclass
class Factors:
    """What one person has. Passkeys are numbers of authenticators, each with what it has counted to."""

    password: tuple[int, str] | None = None  # the first number differs each time that one is set
    former: list[str] = field(default_factory=list)
    app: App | None = None
    recovery: set[str] = field(default_factory=set)
    passkeys: dict[int, int] = field(default_factory=dict)
    subjects: set[str] = field(default_factory=set)

    def reset(self) -> None:
        self.password = self.app = None
        self.recovery, self.passkeys, self.subjects = set(), {}, set()

    def fall_back(self, former: Factors, *, is_operator: bool) -> None:
        """A restore: what has been replaced or used up by then does not come back."""
        is_same = (self.app and self.app.sealed) == (former.app and former.app.sealed)
        if self.password is not None and (self.password != former.password or not is_same):
            self.password = self.app = None
        app = self.app = self.app if is_same else None
        if app is not None and former.app is not None:
            app.last_step = max(app.last_step, former.app.last_step)
        self.recovery = self.recovery & former.recovery if app is not None else set()
        self.passkeys = {
            number: max(count, former.passkeys[number])
            for number, count in self.passkeys.items()
            if number in former.passkeys
        }
        self.subjects &= former.subjects
        if is_operator and former.passkeys and not self.passkeys and app is None:
            self.password = None


@dataclass
class AskedCode:
    """A code that a browser has asked for."""

    cookie: str
    code: str
    address: str
    network: str
    asked_at: int
    tries: int = 0
    is_over: bool = False

    def is_valid(self, now: float) -> bool:
        return not self.is_over and self.tries < 5 and now < self.asked_at + 600


@dataclass
class Limits:
    """The windows of failed log-ins, by whom they count against, and those of rows about failures, by name."""

    attempts: dict[str, list[float]] = field(default_factory=dict)
    rows: dict[str, list[float]] = field(default_factory=dict)

    def spend(self, subjects: list[str], now: float) -> bool:
        """Count an attempt against all; False if there were too many against one."""
        windows = [self.attempts.setdefault(subject, []) for subject in subjects]
        if any(_number(window, WINDOW, now) >= MOST for window in windows):
            return False
        for window in windows:
            window.append(now)
        return True

    def room(self, subjects: list[str], now: float) -> int:
        """How many more fit."""
        return min(MOST - _number(self.attempts.get(subject, []), WINDOW, now) for subject in subjects)

    def refund(self, subjects: list[str], at: float) -> None:
        for subject in subjects:
            if at in self.attempts.get(subject, []):
                self.attempts[subject].remove(at)

    def is_told(self, name: str, now: float) -> bool:
        """Whether a failure gets a row of the audit log: the first in an hour does."""
        rows = self.rows.setdefault(name, [])
        is_first = _number(rows, 3600.0, now) < 1
        if is_first:
            rows.append(now)
        return is_first


def _number(window: list[float], seconds: float, now: float) -> int:
    return sum(now - seconds < at <= now + seconds for at in window)
