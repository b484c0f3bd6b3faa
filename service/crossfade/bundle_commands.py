"""``crossfade erase``: the versions of a bundle forget whom a live store has forgotten.

Heavy imports stand inside the functions, so that ``crossfade --help`` is quick.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from crossfade.errors import LiveError

if TYPE_CHECKING:
    from crossfade.bundle import Erasures
    from crossfade.live import LiveData

__all__ = ["erase", "erasures_of", "open_existing"]


@click.command()
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option("--live", "url", required=True, metavar="URL", help="Live data that users were erased from.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")
def erase(bundle: Path, *, url: str, as_json: bool) -> None:
    """Take erased users out of every version of a bundle; running services follow within a second.

    'crossfade index --live' does the same at its end. What was learned from all users together stays.
    """
    from crossfade.bundle import BundleStore, erase_users  # noqa: PLC0415 - see the module
    from crossfade.console import print_json  # noqa: PLC0415 - see the module

    with open_existing(url) as data:
        erasures = erasures_of(data)
    store = BundleStore(bundle)
    store.current()  # a wrong path must not look like a store that holds nobody
    done = erase_users(store, erasures)
    if as_json:
        versions = [{"version": v.version, "replaced_by": v.replaced_by, "users": v.users} for v in done.versions]
        print_json({"versions": versions, "rejects": done.rejects})
        return
    for version in done.versions:
        became = "removed: it cannot be read" if version.replaced_by is None else f"now {version.replaced_by}"
        click.echo(f"{bundle}: {version.version}: {became}")
    if done.rejects:
        click.echo(f"{store.rejects}: {done.rejects:,} lines removed")
    if not done.versions and not done.rejects:
        click.echo(f"{bundle}: holds nobody who was erased")


def open_existing(url: str) -> LiveData:
    """Open live data, which a service would make if it is new.

    Raises:
        LiveError: If there is none, or it cannot be opened.
    """
    from crossfade.live import LiveData  # noqa: PLC0415 - see the module
    from crossfade.live.addresses import Address  # noqa: PLC0415 - see the module

    address = Address.parse(url)
    if address.path is not None and not address.path.is_file():
        raise LiveError(f"{address.name}: there is no live data; name the file that the service writes")
    return LiveData.open(url)


def erasures_of(data: LiveData) -> Erasures:
    """Return who was erased until now."""
    from crossfade.bundle import Erasures  # noqa: PLC0415 - see the module
    from crossfade.live import user_hash  # noqa: PLC0415 - see the module

    shared = data.call(data.store.shared())
    return Erasures(data.store.store_id, dict(shared.erased), partial(user_hash, data.store.secret))
