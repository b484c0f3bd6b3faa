"""The ``crossfade`` command.

Exit codes: 0 done; 1 a defect in Crossfade; 2 a wrong option or argument; 3 an input file; 4 the bundle; 5 the text
encoder; 6 a query that cannot be answered, or what it names is not there; 7 the disk or the network port; 8 a bundle
that was built but is clearly worse than the one in use, and so not published; 9 the database of live data; 130 Ctrl-C.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence
from importlib.metadata import EntryPoint, entry_points, version
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from crossfade.bundle_commands import erase
from crossfade.errors import (
    BundleError,
    CrossfadeError,
    EncoderError,
    InputError,
    LiveError,
    NotFoundError,
    QueryError,
)
from crossfade.live_commands import keys, live

if TYPE_CHECKING:
    from crossfade.bundle import BundleStore

__all__ = ["cli", "main"]

EXIT_CODES: dict[type[Exception], int] = {
    InputError: 3,
    BundleError: 4,
    EncoderError: 5,
    QueryError: 6,
    NotFoundError: 6,
    OSError: 7,
    LiveError: 9,
}
EXIT_NOT_PUBLISHED = 8
EXIT_INTERRUPTED = 130

_PLUGINS = "crossfade.commands"
_INDEXING = "crossfade[indexing]"


class _CommandsWithPlugins(click.Group):
    """The commands here and those that installed packages bring under the entry-point group."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *(point.name for point in entry_points(group=_PLUGINS))})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        own = super().get_command(ctx, cmd_name)
        if own is not None:
            return own
        found = [point for point in entry_points(group=_PLUGINS) if point.name == cmd_name]
        return _load(found[0]) if found else None


def _load(point: EntryPoint) -> click.Command:
    command = point.load()
    if not isinstance(command, click.Command):
        raise TypeError(f"{point.value}: expected a click command, got {type(command).__name__}")
    return command


@click.group(cls=_CommandsWithPlugins, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version("crossfade"), message="crossfade %(version)s")
def cli() -> None:
    """Recommendations that fade between what items say and what people do.

    \b
    Try:  crossfade demo
    Then: crossfade index --events events.csv --items items.csv --out bundles/mine
          crossfade serve --bundle bundles/mine
    """  # noqa: D301 - click reads the backspace as "keep these lines"


def _store(directory: Path) -> BundleStore:
    from crossfade.bundle import BundleStore  # noqa: PLC0415 - numpy and FAISS take longer than --help should

    return BundleStore(directory)


_bundle_argument = click.argument("bundle", type=click.Path(path_type=Path))
_bundle_option = click.option(
    "--bundle", required=True, type=click.Path(path_type=Path), help="Directory given to 'index --out'."
)
_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")


@cli.command()
@_bundle_argument
@_json_option
def inspect(bundle: Path, *, as_json: bool) -> None:
    """Show what a bundle holds, after checking every file of it."""
    from crossfade.console import print_bundle, print_json  # noqa: PLC0415 - as above

    store = _store(bundle)
    opened = store.open_current()
    if as_json:
        manifest = opened.manifest.model_dump(mode="json")
        print_json({"version": opened.version, "versions": store.versions(), "manifest": manifest})
    else:
        print_bundle(opened.version, opened.manifest, store.versions())


@cli.command()
@_bundle_argument
@click.option("--to", "version", metavar="VERSION", help="Serve this version instead of the one in use before.")
@_json_option
def rollback(bundle: Path, *, version: str | None, as_json: bool) -> None:
    """Serve the version in use before the current one; running services follow within a second."""
    from crossfade.console import print_json  # noqa: PLC0415 - as above

    store = _store(bundle)
    before = store.current()
    now = store.roll_back() if version is None else store.use(version).version
    if as_json:
        print_json({"from": before, "to": now})
    else:
        click.echo(f"{bundle}: now {now} (was {before}, which stays on disk)")


@cli.command()
@_bundle_option
@click.option("--user", "user_id", metavar="ID", help="Whom to recommend to.")
@click.option("--item-ids", metavar="A,B", help="Items to take as liked, comma-separated.")
@click.option("--text", metavar="T", help="What to look for, in words.")
@click.option("--context", multiple=True, metavar="K=V", help="What is known of the moment; repeat for more.")
@click.option("--limit", default=10, show_default=True, type=click.IntRange(1, 500), help="How many items.")
@click.option(
    "--live",
    "live_url",
    metavar="URL",
    help="Live data that counts as well. Default: live.sqlite in the bundle, if any.",
)
@_json_option
def recommend(
    bundle: Path,
    *,
    user_id: str | None,
    item_ids: str | None,
    text: str | None,
    context: Sequence[str],
    limit: int,
    live_url: str | None,
    as_json: bool,
) -> None:
    """Recommend items for a user, for some items, for a text, or for any of them together."""
    if not user_id and not item_ids and not text:
        raise click.UsageError("say for whom or what: --user, --item-ids or --text")
    from crossfade.console import print_answer, print_json  # noqa: PLC0415 - as above
    from crossfade.engine import Query, Recommender  # noqa: PLC0415 - as above
    from crossfade.engine.recommender import LIVE_FILE  # noqa: PLC0415 - as above
    from crossfade.wire import answer_to_wire  # noqa: PLC0415 - as above

    query = Query(
        user_id=user_id or None,
        item_ids=[item_id.strip() for item_id in (item_ids or "").split(",") if item_id.strip()],
        text=text,
        context=_pairs(context),
        limit=limit,
        explain=True,
    )
    if live_url is None and not (bundle / LIVE_FILE).is_file():  # asking makes no database
        answer = Recommender(_store(bundle)).recommend(query)
    else:
        with contextlib.closing(Recommender.open(bundle, live=live_url)) as recommender:
            answer = recommender.recommend(query)
    if as_json:
        print_json(answer_to_wire(answer).model_dump(mode="json"))
    else:
        print_answer(answer)


def _pairs(texts: Sequence[str]) -> dict[str, str]:
    pairs = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not key or not equals:
            raise click.BadParameter(f"expected KEY=VALUE, got {text!r}", param_hint="--context")
        pairs[key] = value
    return pairs


@cli.command()
@_bundle_option
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on.")
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 256), help="Processes.")
@click.option(
    "--auth",
    type=click.Choice(["auto", "on", "off"]),
    help="Ask for API keys; 'auto' does unless --host is a loopback address. Default: as CROSSFADE_AUTH says.",
)
@click.option(
    "--live",
    "live_url",
    metavar="URL",
    help="Where live data is kept: a file, or postgresql://USER:PASSWORD@HOST/NAME, which is better said in "
    "CROSSFADE_LIVE: others see a command line. Default: live.sqlite beside the bundle's versions.",
)
def serve(
    bundle: Path,
    *,
    host: str,
    port: int,
    workers: int,
    auth: Literal["auto", "on", "off"] | None,
    live_url: str | None,
) -> None:
    """Serve a bundle over HTTP until Ctrl-C; a new version is picked up within a second.

    More is set by variables of the environment, which docs/operations.md lists.
    """
    from crossfade.api.server import run_server  # noqa: PLC0415 - as above
    from crossfade.settings import SettingsError  # noqa: PLC0415 - as above

    try:
        run_server(bundle, host=host, port=port, workers=workers, auth=auth, live=live_url)
    except SettingsError as error:
        raise click.UsageError(str(error)) from error


cli.add_command(erase)
cli.add_command(live)
cli.add_command(keys)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with a documented code; a foreseeable error is one line, not a traceback.

    Args:
        arguments: Those of the process by default.
    """
    try:
        code = cli.main(args=arguments, prog_name="crossfade", standalone_mode=False)
    except click.exceptions.Abort as error:
        if isinstance(error.__cause__, EOFError):  # nothing here asks for input: no wish to stop, but a defect
            raise error.__cause__ from None
        code = _fail("stopped", EXIT_INTERRUPTED)
    except KeyboardInterrupt:
        code = _fail("stopped", EXIT_INTERRUPTED)
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except ModuleNotFoundError as error:
        code = _fail(f"this command needs the package {error.name!r}; install it with: pip install '{_INDEXING}'", 2)
    except BrokenPipeError:  # whoever read our output, such as 'head', has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except (CrossfadeError, OSError) as error:
        code = _fail(str(error), next(code for kind, code in EXIT_CODES.items() if isinstance(error, kind)))
    sys.exit(code if isinstance(code, int) else 0)


def _fail(message: str, code: int) -> int:
    click.echo(f"crossfade: {message}", err=True)
    return code
