"""The layouts that we bring, by name; the first is that of a list which chose none."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from pressrun.message.layouts.built_in import Layout
from pressrun.message.layouts.classic import CLASSIC
from pressrun.message.layouts.letter import LETTER
from pressrun.message.layouts.magazine import MAGAZINE
from pressrun.message.layouts.notice import NOTICE

BUILT_IN: Mapping[str, Layout] = MappingProxyType(
    {layout.name: layout for layout in (LETTER, CLASSIC, NOTICE, MAGAZINE)}
)
DEFAULT = LETTER.name
