"""The search: Optuna proposes, the judge measures, what does worse than most so far is stopped early."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import optuna
from optuna.exceptions import StorageInternalError
from optuna.storages import BaseStorage, InMemoryStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import URL
from sqlalchemy.exc import SQLAlchemyError

from crossfade.errors import InputError
from crossfade_indexing.config import IndexingConfig
from crossfade_indexing.progress import Advance
from crossfade_indexing.selection.holdout import STANDARD_ERRORS
from crossfade_indexing.tuning.judging import Judge
from crossfade_indexing.tuning.space import Space

__all__ = ["STUDY_ENDINGS", "Entry", "Findings", "search"]

STUDY_ENDINGS = (".sqlite", ".journal")
"""What a study's file may end in."""

_NAME = "crossfade"
_FINGERPRINT = "fingerprint"
_ORIGIN = "origin"
# So many settings are drawn at random, and none is stopped early, before the search relies on what it has seen.
_AT_RANDOM = 12
# Raised by every change of what is measured, so that an older study is not continued.
_OBJECTIVE = 1


@dataclass(frozen=True)
class Entry:
    """One setting that was measured to the end.

    Attributes:
        number: Its place in the order of trials, from 0.
        origin: ``default``, ``index`` (what indexing chose by itself) or ``search``.
        values: By name of the dimension.
        ndcg: NDCG@20 by kind of held-out item.
        gain: Over the default; 0.01 is a percent.
        error: Its standard error.
    """

    number: int
    origin: str
    values: Mapping[str, float]
    ndcg: Mapping[str, float]
    gain: float
    error: float

    @property
    def sure_gain(self) -> float:
        """The gain less 2.5 standard errors, by which settings are ordered, as in indexing."""
        return self.gain - STANDARD_ERRORS * self.error


@dataclass(frozen=True)
class Findings:
    """What a study knows.

    Attributes:
        entries: Settings measured to the end, largest sure gain first, equal ones in the order they were tried.
        pruned: How many were stopped early.
        interrupted: Whether Ctrl-C ended it.
    """

    entries: list[Entry]
    pruned: int
    interrupted: bool


def search(
    judge: Judge,
    space: Space,
    first: Mapping[str, IndexingConfig],
    *,
    file: Path | None,
    seconds: float,
    trials: int | None,
    on_progress: Advance,
) -> Findings:
    """Search until the time is over.

    Args:
        judge: What measures.
        space: What to vary.
        first: What a new study begins with, by origin.
        file: Where the study is kept, and continued if it is there; None keeps it in memory.
        seconds: For how long; the trial under way then is finished.
        trials: At most so many more; None for no limit.
        on_progress: Called with seconds spent and allowed.

    Raises:
        InputError: If the file is no study, or one of other data or settings.
        KeyboardInterrupt: If Ctrl-C comes before anything is known; later it ends the search.
    """
    with _opened(file) as study:
        _claim(study, judge, space, file)
        if not study.get_trials(deepcopy=False):
            for origin, config in first.items():
                study.enqueue_trial(space.values(config), user_attrs={_ORIGIN: origin})
        # Another seed for what comes later: the same would draw the same again.
        seed = space.base.selection.seed + len(study.get_trials(deepcopy=False))
        study.sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=_AT_RANDOM)
        study.pruner = optuna.pruners.MedianPruner(n_startup_trials=_AT_RANDOM)
        interrupted = _optimize(study, lambda trial: _try(trial, judge, space), seconds, trials, on_progress)
        findings = _findings(study, interrupted=interrupted)
    if interrupted and not findings.entries:
        raise KeyboardInterrupt
    return findings


def _optimize(
    study: optuna.Study,
    objective: Callable[[optuna.Trial], float],
    seconds: float,
    trials: int | None,
    on_progress: Advance,
) -> bool:
    """Run trials until the time is over, those that wait first and whatever the time; return whether interrupted."""
    started = time.monotonic()

    def tick(_study: optuna.Study, _trial: FrozenTrial) -> None:
        on_progress(int(min(time.monotonic() - started, seconds)), int(seconds))

    waiting = len(study.get_trials(deepcopy=False, states=(TrialState.WAITING,)))
    waiting = waiting if trials is None else min(waiting, trials)
    more = None if trials is None else trials - waiting
    try:
        study.optimize(objective, n_trials=waiting, callbacks=[tick])
        left = seconds - (time.monotonic() - started)
        if left > 0 and more != 0:
            study.optimize(objective, n_trials=more, timeout=left, callbacks=[tick])
    except KeyboardInterrupt:
        return True
    return False


def _try(trial: optuna.Trial, judge: Judge, space: Space) -> float:
    values: dict[str, float] = {}
    for one in space.dimensions:
        if one.whole:
            values[one.name] = trial.suggest_int(one.name, int(one.low), int(one.high), log=one.log)
        else:
            values[one.name] = trial.suggest_float(one.name, one.low, one.high, log=one.log)
    may_be_pruned = _ORIGIN not in trial.user_attrs

    def on_step(step: int, gain: float) -> None:
        trial.report(gain, step)
        if may_be_pruned and trial.should_prune():
            raise optuna.TrialPruned

    judgement = judge.judge(space.config(values), on_step)
    trial.set_user_attr("ndcg", judgement.ndcg)
    trial.set_user_attr("error", judgement.error)
    return judgement.gain


def _findings(study: optuna.Study, *, interrupted: bool) -> Findings:
    trials = study.get_trials(deepcopy=False)
    entries = [
        Entry(
            number=trial.number,
            origin=trial.user_attrs.get(_ORIGIN, "search"),
            values=dict(trial.params),
            ndcg=trial.user_attrs["ndcg"],
            gain=trial.value or 0.0,
            error=trial.user_attrs["error"],
        )
        for trial in trials
        if trial.state == TrialState.COMPLETE
    ]
    pruned = sum(trial.state == TrialState.PRUNED for trial in trials)
    return Findings(sorted(entries, key=lambda entry: -entry.sure_gain), pruned, interrupted)


@contextmanager
def _opened(file: Path | None) -> Iterator[optuna.Study]:
    storage: BaseStorage | None = None
    try:
        storage = _storage(file)
        study = optuna.create_study(storage=storage, study_name=_NAME, direction="maximize", load_if_exists=True)
    except (SQLAlchemyError, StorageInternalError, OSError, RuntimeError, ValueError, KeyError) as error:
        _close(storage)
        reason = str(error).splitlines()[0]
        raise InputError(f"{file}: cannot be read or made as a study ({reason}); choose another file") from error
    try:
        yield study
    finally:
        _close(storage)


def _storage(file: Path | None) -> BaseStorage:
    if file is None:
        return InMemoryStorage()
    if file.suffix == ".journal":
        return JournalStorage(JournalFileBackend(str(file)))
    if file.suffix == ".sqlite":
        return RDBStorage(URL.create("sqlite", database=str(file.absolute())).render_as_string())
    raise ValueError(f"a study's file ends in {' or '.join(STUDY_ENDINGS)}")


def _close(storage: BaseStorage | None) -> None:
    if isinstance(storage, RDBStorage):
        storage.remove_session()
        storage.engine.dispose()


def _claim(study: optuna.Study, judge: Judge, space: Space, file: Path | None) -> None:
    """Mark the study as that of this data and these settings, or see that it is."""
    settings = space.base.model_dump_json(include={"evidence", "factorization"})
    parts = f"{_OBJECTIVE} {judge.fingerprint()} {settings} {space.dimensions}"
    fingerprint = hashlib.sha256(parts.encode()).hexdigest()
    known = study.user_attrs.get(_FINGERPRINT)
    if known is None and not study.get_trials(deepcopy=False):
        study.set_user_attr(_FINGERPRINT, fingerprint)
    elif known != fingerprint:
        raise InputError(
            f"{file}: a study of other data, another config or another version of Crossfade, whose results cannot be "
            "compared with these; choose another file"
        )
