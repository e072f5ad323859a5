"""Cleaning an author's CSS, in a style sheet or a style attribute: only what is known to be harmless is kept.

That is rules and declarations, inside `@media` and `@supports` at most, whose every token is on a list: functions that
compute a value and never fetch one, no `url(…)`, and no property that runs or loads something or leaves its place. The
result is written from tokens (css_tokens.py), balanced and without escapes that hide a word, so that mail programs
which parse CSS differently find nothing else in it. Cleaning it again changes nothing. Linear, with bounded depth.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from msgspec import Struct

from pressrun.message.content.css_tokens import Token, TokenKind, preprocessed, tokens_of
from pressrun.message.finding import Remark, remark

LONGEST = 256 * 1024  # characters; Gmail drops a sheet above 16 KiB
DEEPEST = 4  # @media and @supports inside each other
_DEEPEST_VALUE = 16  # brackets inside each other

_GROUPS = frozenset({"media", "supports"})
# Word processors write these, and no mail needs them.
_SILENT = frozenset({"charset", "namespace", "page", "list", "font-face"})
_FUNCTIONS = frozenset(
    "rgb rgba hsl hsla hwb lab lch oklab oklch color color-mix light-dark"
    " calc min max clamp var env counter counters"
    " linear-gradient radial-gradient conic-gradient repeating-linear-gradient repeating-radial-gradient"
    " repeating-conic-gradient -webkit-linear-gradient -webkit-radial-gradient -moz-linear-gradient"
    " -o-linear-gradient -ms-linear-gradient"
    " matrix matrix3d perspective rotate rotate3d rotatex rotatey rotatez scale scale3d scalex scaley scalez skew"
    " skewx skewy translate translate3d translatex translatey translatez"
    " blur brightness contrast drop-shadow grayscale hue-rotate invert opacity saturate sepia alpha"
    " cubic-bezier steps circle ellipse inset polygon rect fit-content minmax repeat".split()
)
_PSEUDO = frozenset(
    "not is where has lang dir nth-child nth-last-child nth-of-type nth-last-of-type".split()  # functions in selectors
)
_OF_VALUES = frozenset(",/+-*=()[]")
_OF_SELECTORS = frozenset(".>+~*|^$=:,[]()-")
_OF_CONDITIONS = frozenset(",:/>=()+-*")
_RUNS_OR_LOADS = frozenset({"behavior", "-ms-behavior", "-moz-binding", "-ms-filter"})
_STAYS_IN_PLACE = frozenset({"static", "relative", "absolute", "inherit", "initial", "unset", "revert"})
_FETCHING = frozenset({"import", "url", "src"})
_PROPERTY = re.compile(r"-{0,2}[a-z][a-z0-9_-]*", re.ASCII)
_OPENS = {"(": ")", "[": "]", "{": "}"}

BACKGROUND = "css-background"
_UNSAID = Remark("")


class Loss(Struct, frozen=True):
    """Something removed that its author may miss; `where` is text of the source."""

    remark: Remark
    where: str


class CleanCss(Struct, frozen=True):
    """The text that is left, and what was removed, each remark once."""

    text: str
    losses: tuple[Loss, ...] = ()


def clean_sheet(sheet: str, media: str = "") -> CleanCss:
    """Clean a style sheet; `media`, the attribute of its element, becomes a condition around it."""
    cleaner = _Cleaner(sheet)
    rules = cleaner.rules(0).strip()
    if media and rules:
        condition = _Cleaner(media)
        if not condition.is_condition(condition.tokens):
            return CleanCss("", (Loss(remark("css-media", media=media[:40]), media),))
        rules = f"@media {_text(condition.tokens).strip()} {{\n{rules}\n}}"
    return CleanCss(rules, tuple(cleaner.losses.values()))


def clean_style(style: str) -> CleanCss:
    """Clean the declarations of a style attribute."""
    cleaner = _Cleaner(style)
    kept = [text.strip() for text, _ in cleaner.declarations(in_block=False)]
    return CleanCss("; ".join(kept), tuple(cleaner.losses.values()))


def _text(tokens: Sequence[Token]) -> str:
    return "".join(token.text for token in tokens)


@dataclass(slots=True)
class _Cleaner:
    """Reads the tokens of one text once, and writes what may stay."""

    source: str
    tokens: list[Token] = field(init=False)
    losses: dict[Remark, Loss] = field(default_factory=dict)
    _at: int = 0

    def __post_init__(self) -> None:
        if len(self.source) > LONGEST:
            self._lose(remark("css-long", most=LONGEST // 1024), 0, 0)
            self.source = ""
        self.source = preprocessed(self.source)
        self.tokens = list(tokens_of(self.source))

    # ------------------------------------------------------------------ rules

    def rules(self, depth: int) -> str:
        """The rules up to the end of their block or of the text, with the blanks before each."""
        kept, blank = "", ""
        pieces: list[str] = []
        while (token := self._peek()) is not None:
            if token.kind is TokenKind.SPACE:
                blank = token.text
            elif token.kind is TokenKind.COMMENT and not depth:
                pass
            elif token.value == "}" and token.kind is TokenKind.MARK and depth:
                break
            else:
                kept = self._at_rule(depth) if token.kind is TokenKind.AT else self._style_rule(depth)
                if kept:
                    pieces.append(blank + kept)
                blank = ""
                continue
            self._at += 1
        return "".join(pieces) + (blank if depth else "")

    def _at_rule(self, depth: int) -> str:
        name = self.tokens[self._at]
        self._at += 1
        prelude = self._collect("{;}" if depth else "{;")
        if not self._is_next("{"):
            if self._is_next(";"):
                self._at += 1
            self._lose_rule(name, prelude)
            return ""
        if name.value not in _GROUPS or depth == DEEPEST or not self.is_condition(prelude):
            start = self._at
            self._skip_block()
            self._lose_rule(name, [*prelude, *self.tokens[start : self._at]])
            return ""
        self._at += 1
        inside = self.rules(depth + 1)
        if self._is_next("}"):
            self._at += 1
        return f"{name.text}{_text(prelude)}{{{inside}}}" if inside.strip() else ""

    def _style_rule(self, depth: int) -> str:
        selector = self._collect("{}" if depth else "{")
        if not self._is_next("{"):
            return ""  # the text or the block around it ends
        self._at += 1
        kept = [text + end for text, end in self.declarations(in_block=True)]
        if self.tokens[self._at - 1].kind is TokenKind.SPACE and kept:
            kept.append(self.tokens[self._at - 1].text)
        if self._is_next("}"):
            self._at += 1
        return f"{_text(selector)}{{{''.join(kept)}}}" if kept and _is_selector(selector) else ""

    # ------------------------------------------------------------------ declarations

    def declarations(self, *, in_block: bool) -> Iterator[tuple[str, str]]:
        """Each declaration that stays, with the blanks before it, and its end, `;` or ""."""
        blank = ""
        while (token := self._peek()) is not None:
            if token.kind is TokenKind.SPACE:
                blank = token.text
                self._at += 1
            elif token.kind is TokenKind.MARK and token.value == ";":
                self._at += 1
            elif in_block and token.kind is TokenKind.MARK and token.value == "}":
                return
            elif token.kind is TokenKind.AT:
                self._at_rule(DEEPEST)  # none is allowed here
            else:
                tokens = self._collect("{;}" if in_block else "{;")
                if self._is_next("{"):  # a rule inside a rule
                    self._skip_block()
                    blank = ""
                    continue
                end = ";" if self._is_next(";") else ""
                text = self._declaration(tokens)
                if text:
                    yield blank + text, end
                blank = ""

    def _declaration(self, tokens: Sequence[Token]) -> str:
        """The declaration without blanks around it, or "" if it may not stay."""
        end = len(tokens)
        while end and tokens[end - 1].kind is TokenKind.SPACE:
            end -= 1
        tokens = tokens[:end]
        colon = 2 if len(tokens) > 1 and tokens[1].kind is TokenKind.SPACE else 1
        if len(tokens) <= colon or tokens[0].kind is not TokenKind.NAME or tokens[colon].value != ":":
            return ""
        name, value = tokens[0].value, tokens[colon + 1 :]
        if not _PROPERTY.fullmatch(name) or not _words(value):
            return ""
        problem = _problem(name, value)
        if problem is not None:
            if problem is not _UNSAID:
                self._lose(problem, tokens[0].start, tokens[-1].end)
            return ""
        return _text(tokens)

    # ------------------------------------------------------------------ walking

    def _peek(self) -> Token | None:
        return self.tokens[self._at] if self._at < len(self.tokens) else None

    def _is_next(self, mark: str) -> bool:
        token = self._peek()
        return token is not None and token.kind is TokenKind.MARK and token.value == mark

    def _collect(self, ends: str) -> list[Token]:
        """The tokens before one of these marks outside of brackets; a `{` among them does not open a bracket."""
        start = self._at
        while (token := self._peek()) is not None:
            if token.kind is TokenKind.MARK and token.value in ends:
                break
            if token.kind is TokenKind.FUNCTION or (token.kind is TokenKind.MARK and token.value in _OPENS):
                self._skip_block()
            else:
                self._at += 1
        return self.tokens[start : self._at]

    def _skip_block(self) -> None:
        """Skip the next token to its closing bracket, or to the end of the text (CSS Syntax 3 §5.4.8)."""
        open_: list[str] = []
        while (token := self._peek()) is not None:
            self._at += 1
            if token.kind is TokenKind.FUNCTION:
                open_.append(")")
            elif token.kind is TokenKind.MARK and token.value in _OPENS:
                open_.append(_OPENS[token.value])
            elif token.kind is TokenKind.MARK and token.value == open_[-1]:
                open_.pop()
                if not open_:
                    return

    def is_condition(self, tokens: Sequence[Token]) -> bool:
        """Whether this is allowed after @media or @supports."""
        return _is_balanced(tokens) and all(
            token.value in _OF_CONDITIONS
            if token.kind is TokenKind.MARK
            else token.value in _FUNCTIONS or token.value in _PSEUDO or token.value == "selector"
            if token.kind is TokenKind.FUNCTION
            else token.kind in (TokenKind.SPACE, TokenKind.NAME, TokenKind.NUMBER, TokenKind.HASH)
            for token in tokens
        )

    # ------------------------------------------------------------------ what is lost

    def _lose_rule(self, name: Token, content: Sequence[Token]) -> None:
        fetches = any(token.kind is TokenKind.BAD or token.value in _FETCHING for token in content)
        end = content[-1].end if content else name.end
        if name.value in _FETCHING or fetches:
            loss = remark("css-rule-fetches", rule=name.value)
        elif name.value in _GROUPS:
            loss = remark("css-condition", rule=name.value)
        elif name.value in _SILENT or not _PROPERTY.fullmatch(name.value):
            return
        else:
            loss = remark("css-rule", rule=name.value)
        self._lose(loss, name.start, end)

    def _lose(self, reason: Remark, start: int, end: int) -> None:
        self.losses.setdefault(reason, Loss(reason, self.source[start:end][:80].partition("\n")[0].strip()))


def _problem(name: str, value: Sequence[Token]) -> Remark | None:
    """Why a declaration may not stay: None if it may, `_UNSAID` if its author need not know."""
    if name in _RUNS_OR_LOADS:
        return remark("css-runs", property=name)
    if any(token.value == "url" and token.kind in (TokenKind.BAD, TokenKind.FUNCTION) for token in value):
        return remark(BACKGROUND if name.startswith("background") else "css-fetches")
    unknown = next(
        (token for token in value if token.kind is TokenKind.FUNCTION and token.value not in _FUNCTIONS), None
    )
    if unknown is not None:
        return remark("css-function", function=unknown.value if _PROPERTY.fullmatch(unknown.value) else "…")
    if name == "position" and not all(token.value in _STAYS_IN_PLACE for token in _words(value)):
        return remark("css-position")
    return None if _is_value(value) else _UNSAID


def _words(value: Sequence[Token]) -> list[Token]:
    """A value without blanks and `!important`."""
    words = [token for token in value if token.kind is not TokenKind.SPACE]
    if len(words) > 1 and (words[-2].value, words[-1].value) == ("!", "important"):
        return words[:-2]
    return words


def _is_value(value: Sequence[Token]) -> bool:
    return _is_balanced(value) and all(
        token.value in _OF_VALUES
        if token.kind is TokenKind.MARK
        else token.kind not in (TokenKind.BAD, TokenKind.AT, TokenKind.COMMENT)
        and (token.kind is not TokenKind.NAME or "\\" not in token.text)
        for token in _words(value)
    )


def _is_selector(selector: Sequence[Token]) -> bool:
    return (
        any(token.kind is not TokenKind.SPACE for token in selector)
        and _is_balanced(selector)
        and all(
            token.value in _OF_SELECTORS
            if token.kind is TokenKind.MARK
            else token.value in _PSEUDO
            if token.kind is TokenKind.FUNCTION
            else token.kind not in (TokenKind.BAD, TokenKind.AT, TokenKind.COMMENT)
            for token in selector
        )
    )


def _is_balanced(tokens: Sequence[Token]) -> bool:
    """Whether each bracket is closed by its own kind, and none is too deep."""
    open_: list[str] = []
    for token in tokens:
        if token.kind is TokenKind.FUNCTION:
            open_.append(")")
        elif token.kind is TokenKind.MARK and token.value in _OPENS:
            open_.append(_OPENS[token.value])
        elif token.kind is TokenKind.MARK and token.value in ")]}" and (not open_ or open_.pop() != token.value):
            return False
        if len(open_) > _DEEPEST_VALUE:
            return False
    return not open_
