"""``crossfade tune``: a longer look for settings than indexing takes by itself, and a config file as its result.

``space`` says what is worth trying on the data at hand, ``judging`` measures a setting on held-out items, ``study``
lets Optuna search, ``config_file`` writes down what it found, ``running`` is one run of the command.
"""

from crossfade_indexing.tuning.config_file import write_config
from crossfade_indexing.tuning.judging import Judge
from crossfade_indexing.tuning.running import Tuned, run_tuning
from crossfade_indexing.tuning.space import Dimension, Space
from crossfade_indexing.tuning.study import Entry, Findings, search

__all__ = [
    "Dimension",
    "Entry",
    "Findings",
    "Judge",
    "Space",
    "Tuned",
    "run_tuning",
    "search",
    "write_config",
]
