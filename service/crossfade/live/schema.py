"""The tables of the live data, in words that both databases understand.

JSON and times are kept as text and as integers: what is written is read back bit by bit, on both databases alike.
Migrations (``live/migrations``) make these tables; a test compares the two.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

__all__ = [
    "REVISIONS",
    "TABLES",
    "VERSION_TABLE",
    "api_keys",
    "clock",
    "erased",
    "events",
    "items",
    "merges",
    "meta",
    "scenarios",
    "users",
]

REVISIONS = ("0001",)
"""Every state of the tables this version knows, the present one last."""

VERSION_TABLE = "crossfade_revision"
"""Where Alembic keeps the state of the tables; by a name of its own beside another program's Alembic."""

TABLES = MetaData()

meta = Table("meta", TABLES, Column("key", String, primary_key=True), Column("value", LargeBinary, nullable=False))

clock = Table(  # one row; whoever writes holds its lock until the commit, so `seq` is the order of commits
    "clock",
    TABLES,
    Column("seq", BigInteger, nullable=False),
    Column("shared_seq", BigInteger, nullable=False),  # of the last change to merges, erasures or scenarios
    Column("erased_seq", BigInteger, nullable=False),  # of the last erasure, which is what removes merges
)

events = Table(
    "events",
    TABLES,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),  # the rowid
    Column("event_id", Text, nullable=False, unique=True),
    Column("user_id", Text, nullable=False),
    Column("item_id", Text, nullable=False),
    Column("event_type", Text, nullable=False),
    Column("value", Double),
    Column("timestamp", BigInteger, nullable=False),  # microseconds since 1970, UTC
    Column("local_time", BigInteger),  # the same, of the user's clock
    Column("context", Text, nullable=False),  # JSON
    Column("recommendation", Text),  # the four parts of an attribution: all or none
    Column("scenario", Text),
    Column("rank", Integer),
    Column("component", Text),
    Index("events_of_user", "user_id", "seq"),
    Index("events_by_time", "timestamp"),
)

items = Table(
    "items",
    TABLES,
    Column("item_id", Text, primary_key=True),
    Column("properties", Text, nullable=False),  # JSON
    Column("deleted", Boolean, nullable=False),
    Column("changed_seq", BigInteger, nullable=False, index=True),
    Column("scored_seq", BigInteger, nullable=False),
    Column("embedding", LargeBinary),  # float32, little-endian
    Column("encoder", Text, nullable=False),
)

users = Table(
    "users",
    TABLES,
    Column("user_id", Text, primary_key=True),
    Column("attributes", Text, nullable=False),  # JSON
    Column("changed_seq", BigInteger, nullable=False),
)

merges = Table(  # never a chain: `into_id` was itself merged into nobody
    "merges",
    TABLES,
    Column("from_id", Text, primary_key=True),
    Column("into_id", Text, nullable=False, index=True),
    Column("seq", BigInteger, nullable=False, index=True),
)

erased = Table(
    "erased",
    TABLES,
    Column("user_hash", Text, primary_key=True),
    Column("seq", BigInteger, nullable=False, index=True),
)

scenarios = Table("scenarios", TABLES, Column("name", Text, primary_key=True), Column("defaults", Text, nullable=False))

api_keys = Table(
    "api_keys",
    TABLES,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("sha256", Text, nullable=False, unique=True),
    Column("created_at", BigInteger, nullable=False),  # microseconds since 1970, UTC
    Column("revoked_at", BigInteger),
)
