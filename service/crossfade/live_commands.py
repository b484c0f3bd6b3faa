"""``crossfade live`` and ``crossfade keys``: what an operator does to the database of live data."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from crossfade.errors import LiveError

if TYPE_CHECKING:
    from crossfade.live import ApiKey, LiveData

__all__ = ["keys", "live"]

_live_option = click.option(
    "--live", "url", metavar="URL", required=True, help="A file of SQLite, or postgresql://USER:PASSWORD@HOST/NAME."
)
_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")


def _open(url: str, *, new: bool = False) -> LiveData:
    """Open a live store; a file that is not there is made only where ``new`` says so, and not without a word."""
    from crossfade.live import LiveData  # noqa: PLC0415 - SQLAlchemy takes longer than --help should
    from crossfade.live.addresses import Address  # noqa: PLC0415 - as above

    address = Address.parse(url)
    missing = address.path is not None and not address.path.exists()
    if missing and not new:
        raise LiveError(f"{address.name}: there is no such file")
    data = LiveData.open(url)
    if missing:
        click.echo(f"made a new database at {address.name}", err=True)
    return data


def _print_json(value: dict[str, object]) -> None:
    from crossfade.console import print_json  # noqa: PLC0415 - as above

    print_json(value)


@click.group()
def live() -> None:
    """Look after the database of live data."""


@live.command()
@_live_option
@_json_option
def status(url: str, *, as_json: bool) -> None:
    """Show how much the live data holds."""
    with _open(url) as data:
        found = data.call(data.store.statistics())
    if as_json:
        times = {"oldest_event": _iso(found.oldest_event), "newest_event": _iso(found.newest_event)}
        _print_json({**asdict(found), **times})
        return
    click.echo(f"store     {found.store_id}, tables of revision {found.revision}")
    click.echo(f"commits   up to {found.seq:,}")
    click.echo(f"on disk   {found.bytes / 1e6:,.1f} MB")
    click.echo(f"events    from {_iso(found.oldest_event) or 'none'} to {_iso(found.newest_event) or 'none'}")
    for table, rows in sorted(found.rows.items()):
        click.echo(f"{table:9} {rows:,}")


@live.command()
@_live_option
@click.argument("path", type=click.Path(path_type=Path))
@_json_option
def backup(url: str, path: Path, *, as_json: bool) -> None:
    """Copy the live data into the new file PATH while services use it; for PostgreSQL there is pg_dump."""
    with _open(url) as data:
        data.call(data.store.backup(path))
    if as_json:
        _print_json({"path": str(path), "bytes": path.stat().st_size})
    else:
        click.echo(f"{path}: {path.stat().st_size / 1e6:,.1f} MB; keep it as safe as the original")


@live.command()
@_live_option
@click.option(
    "--impressions-older-than-days",
    "days",
    default=90.0,
    show_default=True,
    type=click.FloatRange(min=0),
    help="Which impressions to delete.",
)
@_json_option
def compact(url: str, *, days: float, as_json: bool) -> None:
    """Delete old impressions and give the space of all that was deleted back; writes wait meanwhile."""
    with _open(url) as data:
        before = data.call(data.store.statistics()).bytes
        deleted = data.call(data.store.compact(impressions_older_than_days=days))
        after = data.call(data.store.statistics()).bytes
    if as_json:
        _print_json({"deleted": deleted, "bytes_before": before, "bytes": after})
    else:
        click.echo(f"{deleted:,} impressions deleted; {before / 1e6:,.1f} MB before, {after / 1e6:,.1f} MB now")


@click.group()
def keys() -> None:
    """Make and revoke the API keys of the service."""


@keys.command()
@_live_option
@click.option("--name", required=True, help="Whose it is.")
@click.option("--role", required=True, type=click.Choice(["read", "write", "admin"]), help="What it allows.")
@_json_option
def create(url: str, *, name: str, role: Literal["read", "write", "admin"], as_json: bool) -> None:
    """Make a key and print it: it is kept nowhere and never shown again."""
    with _open(url, new=True) as data:
        kept, key = data.call(data.store.create_api_key(name, role))
    if as_json:
        _print_json({**_shown(kept), "key": key})
    else:
        click.echo(key)
        click.echo(f"id {kept.key_id}, role {role}; the key will not be shown again", err=True)


@keys.command("list")
@_live_option
@_json_option
def list_keys(url: str, *, as_json: bool) -> None:
    """Show all keys by id, name and role."""
    with _open(url) as data:
        found = data.call(data.store.list_api_keys())
    if as_json:
        _print_json({"keys": [_shown(key) for key in found]})
        return
    for key in found:
        state = "good" if key.revoked_at is None else f"revoked {_iso(key.revoked_at)}"
        click.echo(f"{key.key_id}  {key.role:5}  {key.name}  made {_iso(key.created_at)}, {state}")


@keys.command()
@_live_option
@click.argument("key_id", metavar="ID")
@_json_option
def revoke(url: str, key_id: str, *, as_json: bool) -> None:
    """Let the key of an ID open nothing any more."""
    with _open(url) as data:
        key = data.call(data.store.revoke_api_key(key_id))
    if as_json:
        _print_json(_shown(key))
    else:
        click.echo(f"{key.key_id} ({key.name}): revoked {_iso(key.revoked_at)}")


def _shown(key: ApiKey) -> dict[str, object]:
    return {
        "id": key.key_id,
        "name": key.name,
        "role": key.role,
        "created_at": _iso(key.created_at),
        "revoked_at": _iso(key.revoked_at),
    }


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds")
