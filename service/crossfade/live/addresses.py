"""Where the live data lies: what a path or URL names, and a name for it that can be shown to anybody."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from crossfade.errors import LiveError

__all__ = ["Address"]

_SQLITE = ("sqlite", "sqlite+aiosqlite")
_POSTGRESQL = ("postgresql", "postgres", "postgresql+psycopg")


@dataclass(frozen=True)
class Address:
    """A database.

    Attributes:
        url: With SQLAlchemy's async driver; may hold a password, so it is not shown.
        name: For messages: without user, password and query.
        path: The file of SQLite; None for PostgreSQL.
    """

    url: URL = field(repr=False)
    name: str
    path: Path | None

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read ``sqlite:///path``, a bare path or ``postgresql://user:password@host:port/name``; a query is passed on.

        Raises:
            LiveError: If it is none of these. What was given is not repeated, as it may hold a password.
        """
        if "://" not in text:
            return cls._of_file(text)
        try:
            url = make_url(text)
        except (ArgumentError, ValueError):
            raise LiveError(
                "the URL of the live data cannot be read; expected sqlite:///PATH or postgresql://USER@HOST:PORT/NAME"
            ) from None
        if url.drivername in _SQLITE:
            return cls._of_file(url.database or "")
        if url.drivername in _POSTGRESQL:
            where = (url.host or "local") + (f":{url.port}" if url.port else "")
            return cls(url.set(drivername="postgresql+psycopg"), f"postgresql://{where}/{url.database or ''}", None)
        raise LiveError(f"{url.drivername}: not a database for live data; expected sqlite or postgresql")

    @classmethod
    def _of_file(cls, text: str) -> Address:
        if text in ("", ":memory:") or text.startswith("file:"):
            raise LiveError("live data is shared by processes: give the path of a file to keep it in")
        path = Path(text)
        return cls(URL.create("sqlite+aiosqlite", database=str(path)), str(path), path)
