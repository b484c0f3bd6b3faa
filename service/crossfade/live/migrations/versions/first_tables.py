"""The first tables, and the identity of the store."""

from __future__ import annotations

import secrets
import uuid

import sqlalchemy as sa
from alembic import op

__all__ = ["upgrade"]

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables, an id for the store and its secret."""
    _make_shared()
    _make_events()
    op.create_table(
        "items",
        sa.Column("item_id", sa.Text, primary_key=True),
        sa.Column("properties", sa.Text, nullable=False),
        sa.Column("deleted", sa.Boolean, nullable=False),
        sa.Column("changed_seq", sa.BigInteger, nullable=False),
        sa.Column("scored_seq", sa.BigInteger, nullable=False),
        sa.Column("embedding", sa.LargeBinary),
        sa.Column("encoder", sa.Text, nullable=False),
    )
    op.create_index("ix_items_changed_seq", "items", ["changed_seq"])
    op.create_table(
        "users",
        sa.Column("user_id", sa.Text, primary_key=True),
        sa.Column("attributes", sa.Text, nullable=False),
        sa.Column("changed_seq", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False, unique=True),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("revoked_at", sa.BigInteger),
    )


def _make_shared() -> None:
    meta = op.create_table(
        "meta", sa.Column("key", sa.String, primary_key=True), sa.Column("value", sa.LargeBinary, nullable=False)
    )
    names = ("seq", "shared_seq", "erased_seq")
    clock = op.create_table("clock", *(sa.Column(name, sa.BigInteger, nullable=False) for name in names))
    op.create_table(
        "merges",
        sa.Column("from_id", sa.Text, primary_key=True),
        sa.Column("into_id", sa.Text, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_merges_into_id", "merges", ["into_id"])
    op.create_index("ix_merges_seq", "merges", ["seq"])
    op.create_table(
        "erased",
        sa.Column("user_hash", sa.Text, primary_key=True),
        sa.Column("seq", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_erased_seq", "erased", ["seq"])
    op.create_table(
        "scenarios", sa.Column("name", sa.Text, primary_key=True), sa.Column("defaults", sa.Text, nullable=False)
    )
    op.bulk_insert(
        meta,
        [
            {"key": "store_id", "value": uuid.uuid4().hex.encode()},
            {"key": "secret", "value": secrets.token_bytes(32)},
        ],
    )
    op.bulk_insert(clock, [dict.fromkeys(names, 0)])


def _make_events() -> None:
    op.create_table(
        "events",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=False),
        sa.Column("event_id", sa.Text, nullable=False, unique=True),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("item_id", sa.Text, nullable=False),
        sa.Column("event_type", sa.Text, nullable=False),
        sa.Column("value", sa.Double),
        sa.Column("timestamp", sa.BigInteger, nullable=False),
        sa.Column("local_time", sa.BigInteger),
        sa.Column("context", sa.Text, nullable=False),
        sa.Column("recommendation", sa.Text),
        sa.Column("scenario", sa.Text),
        sa.Column("rank", sa.Integer),
        sa.Column("component", sa.Text),
    )
    op.create_index("events_of_user", "events", ["user_id", "seq"])
    op.create_index("events_by_time", "events", ["timestamp"])
