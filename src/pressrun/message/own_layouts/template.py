"""Rendering an operator's template. Only the sandbox process does this, because it may take for ever or all memory.

A template reaches only values: no attribute of any object, no call except `field`, `range` and its own macros, no other
file, few filters, and no arithmetic that makes a long text of a short one. The process limits time and memory.
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Mapping
from typing import Any

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError
from jinja2.exceptions import SecurityError
from jinja2.runtime import LoopContext, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup, escape

from pressrun.core.errors import LayoutError

LARGEST_OUTPUT = 96 * 1024  # Gmail cuts a mail after 100 KiB, content and all
LONGEST_RANGE = 1000

_FILTERS = frozenset(
    "abs batch capitalize count d default e escape first float forceescape int join last length list lower map max"
    " min reject rejectattr replace reverse round select selectattr sort string sum title trim truncate unique upper"
    " urlencode wordcount".split()
)
_TESTS = frozenset(
    "boolean defined divisibleby eq equalto even false ge gt in integer iterable le lower lt mapping ne none number"
    " odd string true undefined upper".split()
)
_LOOP = frozenset(
    "index index0 revindex revindex0 first last length previtem nextitem depth depth0 cycle changed".split()
)
_FIELD = re.compile(r"[^\W\d][\w .-]{0,60}")
_BRACES = re.compile(r"[{}]")
_LINKS = ("unsubscribe_url", "preferences_url", "archive_url")


def render_template(source: str, plain: Mapping[str, Any], marks: Mapping[str, str]) -> str:
    """The HTML that a template makes, with marks and merge fields in it. Raises LayoutError that says what is wrong."""
    try:
        template = _SANDBOX.from_string(source)
        return _gathered(template.generate(**_context(plain, marks)))
    except TemplateSyntaxError as problem:
        raise LayoutError(f"line {problem.lineno}: {problem.message}") from None
    except LayoutError as problem:
        raise LayoutError(_placed(problem, str(problem))) from None
    except SecurityError as problem:
        raise LayoutError(_placed(problem, f"that is not allowed in a layout: {problem}")) from None
    except (MemoryError, RecursionError):
        raise
    except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as problem:
        raise LayoutError(_placed(problem, str(problem) or type(problem).__name__)) from None


def _gathered(pieces: Any) -> str:
    """What the template writes. Raises LayoutError when it is too much."""
    made, size = [], 0
    for piece in pieces:
        size += len(piece)
        if size > LARGEST_OUTPUT:
            raise LayoutError(
                f"its output is more than {LARGEST_OUTPUT // 1024} KiB, and email programs cut off emails that long"
            )
        made.append(piece)
    return "".join(made)


def _context(plain: Mapping[str, Any], marks: Mapping[str, str]) -> dict[str, Any]:
    context = dict(plain)
    for name in ("subject", "preheader"):  # written by an editor: their merge fields stay
        context[name] = Markup(escape(plain[name]))
    context |= {name: Markup("{{ " + name + " }}") for name in _LINKS}
    context |= {name: Markup(mark) for name, mark in marks.items()}
    return context


def _field(name: str, default: str = "") -> Markup:
    """A merge field, which has a value for each reader."""
    if _FIELD.fullmatch(str(name)) is None:
        raise LayoutError(f"{name!r} cannot be a merge field. Write field('name') or field('name', 'friend')")
    fallback = _BRACES.sub("", str(default))
    return Markup("{{ " + name + (f" | default: {escape(fallback)}" if fallback else "") + " }}")


def _range(*bounds: int) -> range:
    """`range`, but not too long."""
    numbers = range(*bounds)
    if len(numbers) > LONGEST_RANGE:
        raise LayoutError(f"range counts to {len(numbers)}; at most {LONGEST_RANGE} is allowed")
    return numbers


def _finished(value: Any) -> Any:
    """A value as text: escaped, and never a merge field."""
    if value is None:
        return ""
    if hasattr(value, "__html__"):
        return value
    return Markup(str(escape(str(value))).replace("{{", "&#123;&#123;"))


class _Sandbox(ImmutableSandboxedEnvironment):
    """Lets templates reach values, and nothing behind them."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:  # noqa: ARG002 - the base class calls it so
        return isinstance(obj, LoopContext) and attr in _LOOP

    def is_safe_callable(self, obj: Any) -> bool:
        owner = getattr(obj, "__self__", None)
        return obj in (_field, _range) or isinstance(obj, Macro) or isinstance(owner, LoopContext)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if operator == "**" or not all(isinstance(side, int | float) for side in (left, right)):
            raise SecurityError(f"{operator} between these values")
        return super().call_binop(context, operator, left, right)


def _make_sandbox() -> _Sandbox:
    sandbox = _Sandbox(autoescape=True, undefined=StrictUndefined, finalize=_finished, loader=None)
    sandbox.globals = {"field": _field, "range": _range}
    sandbox.filters = {name: function for name, function in sandbox.filters.items() if name in _FILTERS}
    sandbox.tests = {name: function for name, function in sandbox.tests.items() if name in _TESTS}
    return sandbox


_SANDBOX = _make_sandbox()


def _placed(problem: BaseException, message: str) -> str:
    """`message` with the line of the template that caused it."""
    lines = [frame.lineno for frame in traceback.extract_tb(problem.__traceback__) if frame.filename == "<template>"]
    return f"line {lines[-1]}: {message}" if lines else message
