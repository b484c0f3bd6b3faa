"""On a catalogue too large to be scored whole, every component brings its own favourites."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from engine.answers import answer, scores

from crossfade.bundle import ContextSpace
from crossfade.engine import COMPONENTS, Exclude, Query, RetrievalSettings
from crossfade.engine.answering import answer_queries
from crossfade.engine.view import View

N_ITEMS = 200
FEW = RetrievalSettings(exact_up_to=0, candidates_per_index=2)
NOTHING = dict.fromkeys(COMPONENTS, 0.0)


@pytest.fixture(scope="module")
def view(make_view: Callable[..., View], make_context_space: Callable[..., ContextSpace]) -> View:
    """The favourite of the television is i150, of children i160, of late i170; none of them is popular."""

    def only(row: int) -> list[float]:
        return [float(other == row) for other in range(N_ITEMS)]

    random = np.random.default_rng(3)
    return make_view(
        np.zeros((N_ITEMS, 2)),
        np.zeros((N_ITEMS, 2)),
        random.normal(size=(N_ITEMS, 4)),
        popularity=np.linspace(3, 0, N_ITEMS).tolist(),
        trend=only(170),
        context=make_context_space({"device": ("tv", "phone")}, [only(150), random.normal(size=N_ITEMS).tolist()]),
        attributes=make_context_space({"age": ("child",)}, [only(160)]),
        users={"child": {"age": "child"}},
    )


@pytest.mark.parametrize(
    ("query", "component", "favourite"),
    [
        (Query(context={"device": "tv"}, limit=1), "context", "i150"),
        (Query(user_id="child", limit=1), "attributes", "i160"),
        (Query(limit=1), "trend", "i170"),
    ],
)
def test_a_favourite_of_one_component_is_found(view: View, query: Query, component: str, favourite: str) -> None:
    asked = Query(**(vars(query) | {"weights": NOTHING | {component: 1.0, "popularity": 0.01}}))

    found = answer(view, asked, FEW)

    assert [item.item_id for item in found.items] == [favourite]


def test_what_is_found_does_not_depend_on_how_many_candidates_others_of_the_batch_need(view: View) -> None:
    asked = Query(context={"device": "phone"}, weights=NOTHING | {"context": 1.0}, limit=1)
    # Whoever excludes much is looked up further.
    other = Query(context={"device": "phone"}, exclude=Exclude(item_ids=[f"i{row}" for row in range(100)]))

    alone = answer(view, asked)
    together, _ = answer_queries(view, [asked, other], FEW)

    assert scores(together) == pytest.approx(scores(alone))
