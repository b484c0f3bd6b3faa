"""Bring a database's tables to the present state, whoever else opens it at the same moment."""

from __future__ import annotations

from importlib import resources

import sqlalchemy as sa

from crossfade.errors import LiveError
from crossfade.live.schema import REVISIONS, VERSION_TABLE

__all__ = ["is_current", "migrate"]


def is_current(connection: sa.Connection, name: str) -> bool:
    """Return whether the tables are in the state this version works on.

    Args:
        connection: Of the database.
        name: Of the database, for messages.

    Raises:
        LiveError: If a newer version has been here, or another program.
    """
    tables = sa.inspect(connection)
    if not tables.has_table(VERSION_TABLE):
        if tables.get_table_names(connection.dialect.default_schema_name):
            raise LiveError(f"{name}: holds tables of another program; name another file, or a database or schema")
        return False
    revision = connection.scalar(sa.select(sa.column("version_num")).select_from(sa.table(VERSION_TABLE)))
    if revision is not None and revision not in REVISIONS:
        raise LiveError(f"{name}: its tables are of a newer Crossfade (revision {revision}); upgrade this one")
    return revision == REVISIONS[-1]


def migrate(connection: sa.Connection) -> None:
    """Run what is missing, inside the transaction that ``connection`` is in and on behalf of its lock."""
    from alembic import command  # noqa: PLC0415 - 0.3 s that only the first opening of a database needs
    from alembic.config import Config  # noqa: PLC0415 - as above

    with resources.as_file(resources.files("crossfade.live") / "migrations") as folder:
        config = Config()
        config.set_main_option("script_location", str(folder).replace("%", "%%"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
