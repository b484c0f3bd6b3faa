"""What the context of an event, and the attributes of its user, tell about the item.

``fields`` says in which situation each event took place, ``lifts`` counts how each item fares in each situation,
``weights`` learns how far that is to be trusted, ``space`` makes of it what a bundle carries.
"""

from crossfade_indexing.learning.context.fields import situations, with_clock_fields
from crossfade_indexing.learning.context.lifts import Counts, count_events
from crossfade_indexing.learning.context.space import attribute_space, context_space
from crossfade_indexing.learning.context.weights import FieldWeight, LearnedContext, learn_context

__all__ = [
    "Counts",
    "FieldWeight",
    "LearnedContext",
    "attribute_space",
    "context_space",
    "count_events",
    "learn_context",
    "situations",
    "with_clock_fields",
]
