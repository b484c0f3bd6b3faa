"""The command ``crossfade evaluate``.

Heavy imports stand inside the function, so that ``crossfade --help`` is quick and works without the extra.
"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from crossfade.console import print_json
from crossfade_indexing.commands import cleaning_options, encoder_option, input_options

if TYPE_CHECKING:
    from crossfade_indexing.job import Inputs

__all__ = ["evaluate"]

_PATH = click.Path(path_type=Path)
# As in evaluation.planning, which takes long to import.
_SPLITS = ("last", "leave-last-out", "global-time", "random")


@click.command()
@input_options()
@click.option("--report", required=True, type=_PATH, help="Folder for report.html and evaluation.json.")
@click.option("--config", "config_path", type=_PATH, help="Hyper-parameters of indexing, as TOML.")
@encoder_option
@cleaning_options
@click.option(
    "--split",
    type=click.Choice(_SPLITS),
    help="What is held out: the last 20 % of each user's events, the last one, the last 20 % of all, or a random 20 % "
    "of each user's.  [default: last; random where no times are known, or with --folds or --repeats]",
)
@click.option("--folds", type=click.IntRange(2), help="Random folds instead of one split.")
@click.option("--repeats", type=click.IntRange(1), help="Draws of the random split.  [default: 1]")
@click.option("--k", default=10, show_default=True, type=click.IntRange(1, 500), help="How many places count.")
@click.option(
    "--max-users",
    default=5000,
    show_default=True,
    type=click.IntRange(1),
    help="Rank for at most so many users, drawn at random.",
)
@click.option(
    "--baselines/--no-baselines",
    default=True,
    help="Whether to measure other models too, rating prediction among them.  [default: yes]",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")
def evaluate(
    *,
    inputs: Inputs,
    report: Path,
    config_path: Path | None,
    encoder: str | None,
    timezone: str | None,
    strict: bool,
    split: str | None,
    folds: int | None,
    repeats: int | None,
    k: int,
    max_users: int,
    baselines: bool,
    as_json: bool,
) -> None:
    """Measure how well Crossfade recommends on your data, beside other models.

    Takes the files that 'index' takes, learns from a part of the events and looks for the rest. Nothing is published.
    """
    if folds is not None and repeats is not None:
        raise click.UsageError("--folds and --repeats exclude each other")
    if split not in (None, "random") and (folds is not None or (repeats or 1) > 1):
        raise click.UsageError(f"--split {split} has one outcome only; --folds and --repeats are for --split random")
    from crossfade_indexing.config import IndexingConfig, read_config  # noqa: PLC0415 - see the module
    from crossfade_indexing.evaluation.planning import SPLIT_KINDS, Plan  # noqa: PLC0415 - see the module
    from crossfade_indexing.evaluation.printing import print_evaluation  # noqa: PLC0415 - see the module
    from crossfade_indexing.evaluation.running import run_evaluation  # noqa: PLC0415 - see the module
    from crossfade_indexing.job import Settings  # noqa: PLC0415 - see the module
    from crossfade_indexing.output import reporter  # noqa: PLC0415 - see the module

    evaluation = run_evaluation(
        inputs,
        report,
        Settings(
            config=IndexingConfig() if config_path is None else read_config(config_path),
            encoder=encoder,
            timezone=timezone,
            strict=strict,
        ),
        Plan(
            split=next((kind for kind in SPLIT_KINDS if kind == split), None),
            folds=folds,
            repeats=repeats or 1,
            k=k,
            max_users=max_users,
            baselines=baselines,
        ),
        reporter(quiet=as_json),
        command=_as_typed(click.get_current_context()),
    )
    if as_json:
        print_json(evaluation.model_dump(mode="json"))
    else:
        print_evaluation(evaluation, report / "report.html")


def _as_typed(context: click.Context) -> str:
    """Return the shell line of this run, its options in the order of the help."""
    words = ["crossfade", "evaluate"]
    for option in context.command.params:
        name = option.name or ""
        value = context.params.get(name)
        if context.get_parameter_source(name) is not ParameterSource.COMMANDLINE or name == "as_json":
            continue
        if isinstance(value, bool):
            words.append(option.opts[0] if value else option.secondary_opts[0])
        else:
            words += [option.opts[0], str(value)]
    return shlex.join(words)
