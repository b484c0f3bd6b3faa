"""Which columns a table must and may have, and what to tell someone whose file has others."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from crossfade.errors import InputError
from crossfade_indexing.sources.raw import LINE

__all__ = ["EVENTS", "ITEMS", "USERS", "Columns"]

# What other data sets and tools call our columns, reduced to lower-case letters and digits.
_ALIASES = {
    "user_id": {"user", "uid", "userid", "reviewerid", "customerid", "customer", "visitorid", "sessionid", "profileid"},
    "item_id": {"item", "iid", "itemid", "movieid", "productid", "asin", "parentasin", "bookid", "articleid", "trackid"}
    | {"songid", "contentid", "productcode", "sku", "isbn"},
}
_SHOWN_NAMES = 12
_SHOWN_CHARACTERS = 40


@dataclass(frozen=True)
class Columns:
    """The columns of one table.

    Attributes:
        required: Must be there.
        optional: Are read where there.
        prefix: So are those whose names begin like this; None for no others, "" for all others.
    """

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    prefix: str | None = None

    def wants(self, name: str) -> bool:
        """Whether a column of this name is read."""
        return (
            name in self.required
            or name in self.optional
            or (self.prefix is not None and name not in ("", LINE) and name.startswith(self.prefix))
        )

    def choose(self, path: Path, names: Sequence[str]) -> list[str]:
        """The columns to read, in the file's order.

        Raises:
            InputError: If a required one is missing or a wanted one is there twice; says what is there instead.
        """
        lacking = [name for name in self.required if name not in names]
        if lacking:
            raise InputError(_lacking(path, lacking, names))
        wanted = [name for name in names if self.wants(name)]
        repeated = sorted({name for name in wanted if wanted.count(name) > 1})
        if repeated:
            raise InputError(f"{path}: has more than one column {_quoted(repeated)}")
        return wanted

    def unused_warning(self, path: Path, names: Sequence[str]) -> tuple[str, ...]:
        """At most one line that names the columns which are not read."""
        unused = [name or "(unnamed)" for name in names if not self.wants(name)]
        return (f"{path.name}: not used: {_quoted(unused)}",) if unused else ()


EVENTS = Columns(
    ("user_id", "item_id"),
    ("timestamp", "event_type", "value", "timezone", "event_id", "context"),
    prefix="context.",
)
ITEMS = Columns(("item_id",), prefix="")
USERS = Columns(("user_id",), prefix="")


def _lacking(path: Path, lacking: Sequence[str], names: Sequence[str]) -> str:
    noun = "column" if len(lacking) == 1 else "columns"
    found = f"has {_quoted(names)}" if names else "has none"
    suggestions = [f'"{near}" to "{name}"' for name in lacking if (near := _near(name, names)) is not None]
    if suggestions:
        hint = f"; rename {' and '.join(suggestions)}?"
    elif len(names) == 1 and (separator := re.search(r"[;\t|,]", names[0])):
        hint = f"; its fields seem to be separated by {separator.group()!r}"
    elif names and not any(re.search(r"[A-Za-z]", name) for name in names):
        hint = "; is its header line missing?"
    else:
        hint = ""
    return f"{path}: lacks the {noun} {_quoted(lacking)}; {found}{hint}"


def _near(wanted: str, names: Iterable[str]) -> str | None:
    """The column that most likely is the wanted one under another name."""
    reduced = {re.sub(r"[^a-z0-9]", "", name.lower()): name for name in reversed(list(names))}
    target = re.sub(r"[^a-z0-9]", "", wanted.lower())
    alias = next((reduced[name] for name in reduced if name == target or name in _ALIASES.get(wanted, ())), None)
    close = difflib.get_close_matches(target, list(reduced), n=1, cutoff=0.8)
    return alias or (reduced[close[0]] if close else None)


def _quoted(names: Sequence[str]) -> str:
    shown = [f'"{name[:_SHOWN_CHARACTERS]}{"…" * (len(name) > _SHOWN_CHARACTERS)}"' for name in names[:_SHOWN_NAMES]]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
