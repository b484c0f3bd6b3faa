"""A cinema's website that recommends with Crossfade, in both of the ways there are.

Its operations are *included*: they appear among the website's own, in its OpenAPI document, behind its login if it had
one. And a whole Crossfade application is *mounted*, with its own page to try things on. Both answer from the same
recommender. The website has a package of its own named ``service``, as so many have; that is no trouble.

    CROSSFADE_BUNDLE=crossfade-demo/bundle uvicorn main:app --app-dir examples/host_app

Then http://127.0.0.1:8000/docs shows the website's operations and http://127.0.0.1:8000/recommender/docs Crossfade's.
"""

from __future__ import annotations

import os

from fastapi import FastAPI
from service import programme

from crossfade import Query, Recommender, create_app, create_router

recommender = Recommender.open(os.environ["CROSSFADE_BUNDLE"])

app = FastAPI(title="The Lantern, a cinema")
app.include_router(create_router(recommender), prefix="/recommend")
app.mount("/recommender", create_app(recommender))


@app.get("/tonight/{visitor}")
def tonight(visitor: str) -> list[str]:
    """Tonight's programme, in the order that suits the visitor; as a library, without HTTP in between."""
    answer = recommender.recommend(Query(user_id=visitor, limit=len(programme.SCREENS)))
    return [
        f"{screen}: {item.properties['title']}" for screen, item in zip(programme.SCREENS, answer.items, strict=False)
    ]
