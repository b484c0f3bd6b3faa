"""A shop that knows what its visitors like before it knows who they are.

Whoever comes gets a session, a random text in a cookie, and an id that says nothing of them. Each product they look at
is told to Crossfade as an event of that id, and the front page is put together for it: the second page somebody sees is
already theirs. When they log in, that past joins their account's, and nothing they did is lost.

    CROSSFADE_BUNDLE=crossfade-demo/bundle uvicorn shop:app --app-dir examples/anonymous_shop

Then open http://127.0.0.1:8000 and click around. There are no passwords: it is the recommendations that are shown here.
"""

from __future__ import annotations

import os
import secrets
from dataclasses import replace
from html import escape
from typing import Annotated
from urllib.parse import quote

from fastapi import Cookie, Depends, FastAPI, HTTPException, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from crossfade import Event, NotFoundError, Query, Recommender
from crossfade.engine import RecommendedItem

# Opened once. What visitors do is kept beside the bundle, in live.sqlite, and is still there after a restart.
recommender = Recommender.open(os.environ["CROSSFADE_BUNDLE"])

app = FastAPI(title="The Corner Shop")

# The id that Crossfade knows each visitor by, by the session in their cookie. A real shop keeps this where it keeps its
# sessions. The ids are not the cookies: whoever can read events must not be able to become a visitor.
sessions: dict[str, str] = {}


def begin_session(user_id: str) -> str:
    """Return a new session of a user."""
    session = secrets.token_urlsafe()
    sessions[session] = user_id
    return session


def session_of(cookie: Annotated[str | None, Cookie(alias="session")] = None) -> str:
    """Return the visitor's session; a new one for who has none, or one we did not give out."""
    if cookie is not None and cookie in sessions:
        return cookie
    return begin_session(f"anonymous:{secrets.token_hex(8)}")


Session = Annotated[str, Depends(session_of)]


def page(title: str, body: str, session: str) -> Response:
    """Return a page, with the cookie that says whose it is."""
    response = HTMLResponse(f"<!doctype html><title>{escape(title)}</title><h1>{escape(title)}</h1>{body}")
    response.set_cookie("session", session, httponly=True, samesite="lax")
    return response


def link(item: RecommendedItem, recommendation_id: str) -> str:
    """Return a link that says which recommendation it is part of, so that a click can be counted for it."""
    address = f"/products/{quote(item.item_id, safe='')}?recommendation={recommendation_id}"
    return f'<a href="{address}">{escape(str(item.properties["title"]))}</a>'


@app.get("/")
def front_page(session: Session) -> Response:
    """Show what suits the visitor; to somebody who has done nothing yet, what is popular."""
    answer = recommender.recommend(Query(user_id=sessions[session], limit=6, explain=True))
    rows = [
        f"<li>{link(item, answer.recommendation_id)} {escape(item.explanation.text if item.explanation else '')}"
        for item in answer.items
    ]
    return page("For you", f"<ul>{''.join(rows)}</ul>", session)


@app.get("/products/{product:path}")
def product_page(product: str, session: Session, recommendation: str | None = None) -> Response:
    """Show a product, and others like it. That it was looked at counts from the very next page on."""
    user_id = sessions[session]
    try:
        item = recommender.get_item(product)
    except NotFoundError:
        raise HTTPException(404, "We do not have this product.") from None
    event = Event(user_id, product, event_type="view", recommendation_id=recommendation)
    (outcome,) = recommender.add_events([event])
    if outcome.field == "recommendation_id":  # somebody has changed the link; they have looked all the same
        recommender.add_events([replace(event, recommendation_id=None)])
    similar = recommender.similar_items(product, user_id=user_id, limit=3)
    rows = [f"<li>{link(one, similar.recommendation_id)}" for one in similar.items]
    return page(str(item.properties["title"]), f"<ul>{''.join(rows)}</ul>", session)


@app.post("/login")
def log_in(account: str, session: Session) -> Response:
    """Let the visitor's past join the account's; from now on both are one user."""
    visitor = sessions.pop(session)  # a login begins a new session: nobody who has seen the old one gets in with it
    user_id = f"account:{account}"  # told from an anonymous visitor's by how it begins
    if visitor.startswith("anonymous:"):
        recommender.merge_users(user_id, visitor)
    response = RedirectResponse("/", status_code=303)
    response.set_cookie("session", begin_session(user_id), httponly=True, samesite="lax")
    return response
