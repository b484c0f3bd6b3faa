"""The command ``crossfade tune``.

Heavy imports stand inside the function, so that ``crossfade --help`` is quick and works without the extra.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from crossfade.cli import EXIT_INTERRUPTED
from crossfade.console import print_json
from crossfade_indexing.commands import cleaning_options, input_options

if TYPE_CHECKING:
    from crossfade_indexing.job import Inputs

__all__ = ["tune"]

_PATH = click.Path(path_type=Path)
# As in tuning.study, which takes long to import.
_STUDY_ENDINGS = (".sqlite", ".journal")


@click.command()
@input_options(
    events="Events: user_id, item_id; timestamp, event_type, value if known.",
    items="Items: item_id.",
    users="Users: user_id.",
)
@click.option("--out", required=True, type=_PATH, help="The config file to write, as TOML.")
@click.option("--config", "config_path", type=_PATH, help="Hyper-parameters that stay as they are, as TOML.")
@click.option(
    "--study", type=_PATH, help="Keep the search in a file (.sqlite or .journal); continue it if it is there."
)
@click.option(
    "--seconds", default=600.0, show_default=True, type=click.FloatRange(0, 604_800), help="How long to search."
)
@click.option("--trials", type=click.IntRange(1), help="Try at most so many settings.  [default: no limit]")
@cleaning_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")
def tune(
    *,
    inputs: Inputs,
    out: Path,
    config_path: Path | None,
    study: Path | None,
    seconds: float,
    trials: int | None,
    timezone: str | None,
    strict: bool,
    as_json: bool,
) -> None:
    """Search for settings that suit your data, and write them as a config for 'index'.

    Takes the files that 'index' takes. 'index' chooses settings by itself in a minute or two; this looks longer, and
    at the weights of events as well. Ctrl-C ends the search: what was found by then is written, and the command ends
    with 130.
    """
    if study is not None and study.suffix not in _STUDY_ENDINGS:
        raise click.UsageError(f"--study needs a file that ends in {' or '.join(_STUDY_ENDINGS)}, got {study}")
    import optuna  # noqa: PLC0415 - see the module

    from crossfade_indexing.config import IndexingConfig, read_config  # noqa: PLC0415 - see the module
    from crossfade_indexing.job import Settings  # noqa: PLC0415 - see the module
    from crossfade_indexing.output import reporter  # noqa: PLC0415 - see the module
    from crossfade_indexing.tuning import run_tuning  # noqa: PLC0415 - see the module
    from crossfade_indexing.tuning.printing import print_tuned, tuned_as_dict  # noqa: PLC0415 - see the module

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    tuned = run_tuning(
        inputs,
        out,
        Settings(
            config=IndexingConfig() if config_path is None else read_config(config_path),
            timezone=timezone,
            strict=strict,
        ),
        study=study,
        seconds=seconds,
        trials=trials,
        reporter=reporter(quiet=as_json),
    )
    if as_json:
        print_json(tuned_as_dict(tuned))
    else:
        print_tuned(tuned)
    if tuned.findings.interrupted:
        click.get_current_context().exit(EXIT_INTERRUPTED)
