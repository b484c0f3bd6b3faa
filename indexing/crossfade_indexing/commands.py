"""The commands that need the indexing package: ``crossfade index`` and ``crossfade demo``, and options others share.

Heavy imports stand inside the functions, so that ``crossfade --help`` is quick and works without the extra.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from functools import wraps
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from crossfade.cli import EXIT_NOT_PUBLISHED
from crossfade.console import print_json
from crossfade.errors import BundleError

if TYPE_CHECKING:
    from crossfade_indexing.job import Inputs

__all__ = ["cleaning_options", "demo", "encoder_option", "index", "input_options"]

Command = Callable[..., None]

_PATH = click.Path(path_type=Path)

_WELCOME = """
Crossfade is ready. Every call, with examples to try:  http://{0}/docs

  # someone about whom nothing is known, but what they watched just now
  curl -s http://{0}/v1/recommendations -H 'content-type: application/json' \\
       -d '{{"item_ids": ["eleven-minutes-of-rain"], "limit": 5, "explain": true}}'

  # the same regular viewer, by what items say alone
  curl -s http://{0}/v1/recommendations -H 'content-type: application/json' \\
       -d '{{"user_id": "p0042", "weights": {{"content": 1, "collaborative": 0, "context": 0, "attributes": 0}}}}'

  # words instead of a history
  curl -s http://{0}/v1/search -H 'content-type: application/json' -d '{{"text": "heist that goes wrong", "limit": 5}}'

Ctrl-C stops it.
"""


def input_options(
    *,
    events: str = "Events: user_id, item_id; timestamp, event_type, value, context.* if known.",
    items: str = "Items: item_id; title, description, categories feed the text.",
    users: str = "Users: user_id and attributes.",
    live: bool = False,
) -> Callable[[Command], Command]:
    """Return a decorator that adds the options which name the data, and passes them on as ``inputs``, a `job.Inputs`.

    A contradiction among them ends the command with 2. A SIGTERM that comes later acts like Ctrl-C, so that the stop
    of a container cleans up, or keeps what was found, too.

    Args:
        events: Help of ``--events``.
        items: Help of ``--items``.
        users: Help of ``--users``.
        live: Whether there is ``--live`` too, beside files or in place of them.
    """

    def decorate(command: Command) -> Command:
        @click.option("--events", type=_PATH, help=events)
        @click.option("--items", type=_PATH, help=items)
        @click.option("--users", type=_PATH, help=users)
        @click.option(
            "--preset", type=click.Choice(["movielens", "amazon-reviews"]), help="A published data set's own files."
        )
        @click.option("--source", type=_PATH, help="With --preset: the folder that holds them.")
        @wraps(command)
        def with_inputs(
            *,
            events: Path | None,
            items: Path | None,
            users: Path | None,
            preset: str | None,
            source: Path | None,
            url: str | None = None,
            **others: object,
        ) -> None:
            given = (preset is not None) + (events is not None)
            if given > 1 or (not given and url is None):
                raise click.UsageError("give either --events FILE or --preset NAME --source DIR")
            if (preset is None) != (source is None):
                raise click.UsageError("--preset and --source go together")
            signal.signal(signal.SIGTERM, signal.default_int_handler)
            from crossfade_indexing.job import Inputs  # noqa: PLC0415 - see the module

            inputs = Inputs(events=events, items=items, users=users, preset=preset, source=source, live=url)
            command(inputs=inputs, **others)

        if not live:
            return with_inputs
        return click.option("--live", "url", metavar="URL", help="Live data of a service, on top of the files.")(
            with_inputs
        )

    return decorate


def _known_zone(_context: click.Context, _option: click.Parameter, name: str | None) -> str | None:
    if name is not None:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise click.BadParameter(f"no such IANA zone: {name!r}; one is, for example, Europe/Berlin") from error
    return name


def _some_name(_context: click.Context, _option: click.Parameter, name: str | None) -> str | None:
    if name is not None and not name.strip():
        raise click.UsageError("--encoder needs a name: 'tfidf', a path, or a model's name")
    return name


def encoder_option(command: Command) -> Command:
    """Add ``--encoder``, passed on as ``encoder: str | None``; an empty name ends the command with 2."""
    option = click.option(
        "--encoder", callback=_some_name, help="'tfidf', a path, or a model's name.  [default: all-MiniLM-L6-v2]"
    )
    return option(command)


def cleaning_options(command: Command) -> Command:
    """Add ``--timezone`` and ``--strict``, passed on as ``timezone: str | None`` and ``strict: bool``.

    A zone that nobody knows ends the command with 2.
    """
    zone = click.option(
        "--timezone", callback=_known_zone, help="IANA zone of timestamps that carry none.  [default: UTC]"
    )
    return zone(click.option("--strict", is_flag=True, help="Fail if cleaning would drop a row.")(command))


@click.command()
@input_options(live=True)
@click.option("--out", required=True, type=_PATH, help="Where the bundle goes; earlier versions stay beside it.")
@click.option("--config", "config_path", type=_PATH, help="Hyper-parameters, as TOML.")
@encoder_option
@cleaning_options
@click.option(
    "--publish-anyway",
    is_flag=True,
    help="Publish even what is clearly worse than the version in use; otherwise that ends with 8.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")
def index(
    *,
    inputs: Inputs,
    out: Path,
    config_path: Path | None,
    encoder: str | None,
    timezone: str | None,
    strict: bool,
    publish_anyway: bool,
    as_json: bool,
) -> None:
    """Build a bundle from files of events and items.

    Files are CSV, TSV, Parquet or JSON Lines, by their ending. With --live, what a service was told goes on top of
    them, or stands alone; users who were erased are left out, and leave the earlier versions. Ctrl-C, a full disk or a
    crash leaves what was published before as it was, and so does a result that is clearly worse on the same held-out
    events.
    """
    from crossfade_indexing.config import IndexingConfig, read_config  # noqa: PLC0415 - see the module
    from crossfade_indexing.job import Settings, run_index  # noqa: PLC0415 - see the module
    from crossfade_indexing.output import outcome_as_dict, print_outcome, reporter  # noqa: PLC0415 - see the module

    settings = Settings(
        config=IndexingConfig() if config_path is None else read_config(config_path),
        encoder=encoder,
        timezone=timezone,
        strict=strict,
        publish_anyway=publish_anyway,
    )
    outcome = run_index(inputs, out, settings, reporter(quiet=as_json))
    if as_json:
        print_json(outcome_as_dict(outcome))
    else:
        print_outcome(outcome)
    if not outcome.result.published:
        click.get_current_context().exit(EXIT_NOT_PUBLISHED)


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on.")
@click.option(
    "--directory", default="crossfade-demo", show_default=True, type=_PATH, help="Where the sample data and bundle go."
)
def demo(*, host: str, port: int, directory: Path) -> None:
    """Build a bundle from the sample catalogue, if there is none yet, and serve it until Ctrl-C."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    from crossfade.api.server import run_server  # noqa: PLC0415 - see the module
    from crossfade_indexing.demo import build_sample_bundle  # noqa: PLC0415 - see the module
    from crossfade_indexing.output import reporter  # noqa: PLC0415 - see the module

    bundle = directory / "bundle"
    if not _is_servable(bundle):
        build_sample_bundle(directory, reporter(quiet=False))
        # A new process in this one's place: what indexing has loaded, PyTorch above all, would stay in memory.
        options = ("--host", host, "--port", str(port), "--directory", str(directory))
        os.execv(sys.executable, [sys.executable, "-m", "crossfade", "demo", *options])  # noqa: S606 - no shell
    run_server(bundle, host=host, port=port, workers=1, on_ready=lambda: click.echo(_WELCOME.format(f"{host}:{port}")))


def _is_servable(directory: Path) -> bool:
    """Whether a bundle lies there that this very version made."""
    from crossfade.bundle import BundleStore  # noqa: PLC0415 - see the module

    try:
        bundle = BundleStore(directory).open_current()
    except BundleError:
        return False
    return bundle.manifest.crossfade_version == version("crossfade")
