"""The cases, in the order in which they are run: each way in begins with the same bundle and nothing kept.

Those that keep something use users and items of their own. Times are given, because what is told by the clock differs.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from congruence.steps import Case, case, later, step

from crossfade import Boost, Cap, Event, Exclude, Item, Pin, Promote, Query, User

__all__ = ["CASES"]

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
EVENING = {"timestamp": "2026-11-21T20:15:00+01:00", "timezone": "Europe/Oslo"}
OF_THE_NINETIES = {"field": "year", "gte": 1960, "lt": 1970}
CRIME = {"field": "genres", "any_of": ["crime"]}
UNKNOWN = {"field": "nope", "eq": 1}
RULES: dict[str, Any] = {
    "filter": {"any": [OF_THE_NINETIES, {"not": CRIME}]},
    "exclude": Exclude(["i1"], interacted=True, since=NOON, event_types=["like"]),
    "boost": [Boost(CRIME, 0.3), Boost(OF_THE_NINETIES, -0.5)],
    "pin": [Pin("i9", 2)],
    "promote": Promote(OF_THE_NINETIES, 0.5),
    "cap": Cap("genres", 5),
}
AS_PARAMETERS = [
    ("filter", json.dumps(RULES["filter"])),
    ("exclude.item_ids", "i1"),
    ("exclude.interacted", "true"),
    ("exclude.since", "2026-11-21T12:00:00Z"),
    ("exclude.event_types", "like"),
    ("boost", json.dumps({"filter": CRIME, "amount": 0.3})),
    ("boost", json.dumps({"filter": OF_THE_NINETIES, "amount": -0.5})),
    ("pin", '{"item_id": "i9", "position": 2}'),
    ("promote", json.dumps({"filter": OF_THE_NINETIES, "share": 0.5})),
    ("cap", '{"field": "genres", "most": 5}'),
]


def acts(user_id: str, *item_ids: str, event_type: str = "watch") -> list[Event]:
    return [
        Event(user_id, item_id, event_type, timestamp=NOON, event_id=f"{user_id} {item_id}") for item_id in item_ids
    ]


ASKED: list[Case] = [
    case("nothing at all", step("recommend", Query())),
    case("a user, explained", step("recommend", Query(user_id="u0", explain=True))),
    case("an unknown user", step("recommend", Query(user_id="nobody"))),
    case("items, some unknown", step("recommend", Query(item_ids=["i3", "a/b", "gone"], explain=True))),
    case("a text", step("recommend", Query(text="northern crime", explain=True))),
    case("all of them", step("recommend", Query(user_id="Jürgen", item_ids=("c,d",), text="space", limit=50))),
    case("a moment", step("recommend", Query(user_id="u1", context={**EVENING, "device": "phone", "mood": "low"}))),
    case("a person", step("recommend", Query(user_id="a child", explain=True))),
    case("weights", step("recommend", Query(user_id="u1", weights={"content": 0.3, "trend": 2, "popularity": 0.0}))),
    case("blends", *(step("recommend", Query(user_id="u1", blend=blend)) for blend in (0.0, 0.25, 1.0))),
    case("a filter", step("recommend", Query(user_id="u0", filter=OF_THE_NINETIES, limit=20))),
    case("all rules together", step("recommend", Query(user_id="u0", explain=True, **RULES))),
    case("diversity", *(step("recommend", Query(user_id="u0", diversity=much)) for much in (0, 0.5, 1))),
    case("seeded exploration", step("recommend", Query(user_id="u0", exploration=0.5, seed=7))),
    case("properties", step("recommend", Query(include=["year", "genres", "share", "title"], limit=48))),
    case("no properties", step("recommend", Query(include=[]))),
    case("many", step("recommend_many", [Query(user_id=f"u{n}", limit=3 + n, explain=n == 1) for n in range(4)])),
    case(
        "none of what a scenario has",
        step("put_scenario", "full", {"pin": [{"item_id": "i9", "position": 1}], "include": ["year"]}),
        step("put_scenario", "bare", {"pin": [], "boost": [], "include": [], "exclude": {"event_types": []}}),
        step("recommend", Query(scenario="full")),
        step("recommend", Query(scenario="full", pin=[], boost=(), include=[], exclude=Exclude(event_types=[]))),
        step("recommend", Query(scenario="bare")),
        step("recommend_many", [Query(scenario="full", pin=[]), Query(scenario="full", include=[])]),
        step("search", "space", scenario="full", pin=[]),
        step("rank", ["i9", "i5"], scenario="full", pin=[], include=[]),
        step(
            "similar_items",
            "i0",
            scenario="full",
            pin=[],
            boost=[],
            include=[],
            exclude=Exclude(event_types=[]),
            parameters=[("scenario", "full"), ("pin", ""), ("boost", ""), ("include", ""), ("exclude.event_types", "")],
        ),
        step("why", "u0", "i9", scenario="full", include=[], parameters=[("scenario", "full"), ("include", "")]),
        step("delete_scenario", "full"),
        step("delete_scenario", "bare"),
    ),
    case(
        "what was had but for some of it",
        step("recommend", Query(user_id="u0", limit=48, exclude=Exclude(interacted=False, event_types=["watch"]))),
        step("recommend", Query(user_id="u0", limit=48, exclude=Exclude(interacted=False, since=NOON))),
    ),
    case("unknown pins", step("recommend", Query(item_ids=["gone", "gone"], pin=[Pin("lost", 1), Pin("gone", 2)]))),
    case("none of many", step("recommend_many", [Query(user_id="u0", filter={"all": [CRIME, UNKNOWN]})])),
    case(
        "pages",
        step("recommend", Query(user_id="u0", limit=20)),
        later("recommend", lambda told: Query(user_id="u0", limit=20, cursor=told[0].next_cursor)),
        later("recommend", lambda told: Query(user_id="u0", limit=20, cursor=told[1].next_cursor)),
    ),
    case(
        "a cursor of another query",
        step("recommend", Query(user_id="u0", limit=5)),
        later("recommend", lambda told: Query(user_id="u1", limit=5, cursor=told[0].next_cursor)),
    ),
    case("a cursor that is none", step("recommend", Query(cursor="nonsense"))),
    case("words", step("search", "a northern crime"), step("search", "space", user_id="u0", limit=4, explain=True)),
    case("words with rules", step("search", "space", user_id="u0", item_ids=["i5"], **RULES)),
    case("a list in order", step("rank", ["i5", "gone", "a/b", "i5", "u?"], user_id="u0", explain=True)),
    case("a list by words", step("rank", ["i1", "i2", "i3"], text="family", limit=2, weights={"content": 2.0})),
    case(
        "neighbours of items",
        *(step("similar_items", item_id) for item_id in ("i0", "a/b", "e?f=g&h", "100%", "..", "/similar", "gone")),
    ),
    case(
        "neighbours with another property",
        step("similar_items", "i7", include=["year"], parameters=[("include", "year")]),
    ),
    case(
        "neighbours with rules",
        step(
            "similar_items",
            "i7",
            user_id="u0",
            text="space",
            limit=5,
            context={"device": "phone"},
            weights={"context": 1.0},
            diversity=0.25,
            explain=True,
            include=["year", "title"],
            **RULES,
            parameters=[
                ("user_id", "u0"),
                ("text", "space"),
                ("limit", "5"),
                ("context", "device=phone"),
                ("weights.context", "1"),
                ("diversity", "0.25"),
                ("explain", "true"),
                ("include", "year"),
                ("include", "title"),
                *AS_PARAMETERS,
            ],
        ),
    ),
    case(
        "neighbours of users",
        step("similar_users", "u0"),
        step("similar_users", "x/y", limit=2, parameters=[("limit", "2")]),
        step("similar_users", "nobody"),
    ),
    case("why", *(step("why", "u0", item_id) for item_id in ("i9", "i0", "a/b", "gone")), step("why", "nobody", "i1")),
    case("why with rules", step("why", "u0", "i5", **RULES, parameters=AS_PARAMETERS)),
    case("profiles", *(step("profile", user_id) for user_id in ("u0", "x/y", "a child", "nobody"))),
]

KEPT: list[Case] = [
    case(
        "events count at once",
        step("recommend", Query(user_id="newcomer")),
        step("add_events", acts("newcomer", "i3", "i7", "not yet there")),
        step("recommend", Query(user_id="newcomer", explain=True)),
        step("profile", "newcomer"),
        step("why", "newcomer", "i7"),
    ),
    case(
        "likes and dislikes",
        step("add_events", [*acts("critic", "i3", event_type="like"), *acts("critic", "i4", event_type="dislike")]),
        step("profile", "critic"),
        step("recommend", Query(user_id="critic", exclude=Exclude(event_types=["dislike"]), explain=True)),
    ),
    case(
        "events sent twice",
        step("add_events", acts("twice", "i3")),
        step("add_events", acts("twice", "i3", "i4")),
        step("add_events", [*acts("twice", "i5"), *acts("twice", "i5")]),
        step("profile", "twice"),
    ),
    case(
        "events that are wrong",
        step("add_events", [Event("", "i1"), Event("u", ""), *acts("half wrong", "i3")]),
        step("add_events", [Event("u", "i1", timestamp=datetime(1960, 1, 1, tzinfo=UTC))]),
        step("add_events", [Event("u", "i1", timestamp=datetime(2050, 1, 1, tzinfo=UTC))]),
        step("add_events", [Event("u", "i1", timezone="Mars/Olympus")]),
        step("add_events", [Event("u", "i1", recommendation_id="nonsense")]),
        step("add_events", [Event("u" * 513, "i1"), Event("u", "i\0")]),
        step("profile", "half wrong"),
    ),
    case(
        "events with all that is known of them",
        step("add_events", [Event("all", "i3", "rating", 4.5, NOON, "Asia/Tokyo", {"device": "tv"}, "all of it")]),
        step("export_user", "all"),
    ),
    case(
        "an item is put, found, changed and deleted",
        step("put_items", [Item("new/1", {"title": "A northern crime", "year": 2026, "genres": ["crime"]})]),
        step("get_item", "new/1"),
        step("search", "northern crime", limit=3, include=["title", "year"]),
        step("similar_items", "new/1"),
        step("why", "u0", "new/1"),
        step("patch_item", "new/1", {"year": None, "title": "Space", "place": {"latitude": 59.9, "longitude": 10.7}}),
        step("search", "space", limit=3),
        step("recommend", Query(filter={"field": "place", "within": {"latitude": 60, "longitude": 11, "km": 50}})),
        step("delete_item", "new/1"),
        step("get_item", "new/1"),
        step("delete_item", "new/1"),
        step("patch_item", "new/1", {"year": 2000}),
        step("recommend", Query(item_ids=["new/1"], limit=1)),
    ),
    case(
        "an item of the bundle is put again",
        step("put_items", [Item("i20", {"title": "Space", "year": 1})]),
        step("get_item", "i20"),
        step("recommend", Query(user_id="u0", filter={"field": "year", "lt": 2})),
    ),
    case(
        "hidden and not yet available items",
        step(
            "put_items",
            [
                Item("hidden", {"title": "Crime", "is_hidden": True}),
                Item("coming", {"title": "Crime", "available_from": "2090-01-01T00:00:00Z"}),
            ],
        ),
        step("search", "crime", limit=48),
        step("why", "u0", "hidden"),
        step("why", "u0", "coming"),
        step("delete_item", "hidden"),
        step("delete_item", "coming"),
    ),
    case(
        "items page by page",
        step("list_items"),
        step("list_items", limit=20, parameters=[("limit", "20")]),
        step("list_items", limit=20, cursor="i20", parameters=[("limit", "20"), ("cursor", "i20")]),
    ),
    case(
        "items that are wrong",
        step("put_items", [Item("a1", {"title": 7})]),
        step("put_items", [Item("a1"), Item("a1")]),
        step("put_items", [Item("")]),
        step("put_items", [Item("a1"), Item("a2", {"categories": "crime"})]),
        step("get_item", "a1"),
    ),
    case(
        "more properties than an item may have",
        step("put_items", [Item("a1"), Item("a2", {f"property {n}": n for n in range(65)})]),
        step("put_items", [Item("wide", {f"property {n}": n for n in range(64)})]),
        step("patch_item", "wide", {"more": 1}),
        step("patch_item", "wide", {"more": 1, "property 0": None}),
        step("delete_item", "wide"),
    ),
    case(
        "items that are not there",
        step("get_item", "gone"),
        step("patch_item", "gone", {"year": 1}),
        step("delete_item", "gone"),
    ),
    case(
        "users are put, changed and asked for",
        step("put_users", [User("parent", {"age": "adult"}), User("son/1", {"age": "child", "plan": "basic"})]),
        step("get_user", "son/1"),
        step("recommend", Query(user_id="son/1", explain=True)),
        step("patch_user", "son/1", {"plan": None, "age": "adult"}),
        step("profile", "son/1"),
        step("list_users"),
        step("list_users", limit=2, parameters=[("limit", "2")]),
        step("list_users", limit=2, cursor="nobody's", parameters=[("limit", "2"), ("cursor", "nobody's")]),
    ),
    case(
        "more attributes than a user may have",
        step("put_users", [User("a"), User("wide", {f"attribute {n}": "x" for n in range(65)})]),
        step("put_users", [User("wide", {f"attribute {n}": "x" for n in range(64)})]),
        step("patch_user", "wide", {"more": "x"}),
        step("patch_user", "wide", {"more": "x", "attribute 0": None}),
        step("delete_user", "wide"),
    ),
    case("users that are wrong", step("put_users", [User("a"), User("a")]), step("put_users", [User("")])),
    case(
        "users that are not there",
        step("get_user", "stranger"),
        step("patch_user", "stranger", {"age": "child"}),
        step("delete_user", "stranger"),
        step("export_user", "stranger"),
    ),
    case(
        "an anonymous profile joins a user",
        step("add_events", acts("session/7", "i3", "i8")),
        step("merge_users", "member", "session/7"),
        step("profile", "member"),
        step("recommend", Query(user_id="session/7", explain=True)),
        step("merge_users", "member", "session/7"),
        step("merge_users", "member", "member"),
        step("merge_users", "session/7", "member"),
        step("put_users", [User("session/7", {"plan": "x", "age": "adult"})]),
        step("patch_user", "member", {"plan": None}),
        step("get_user", "session/7"),
        step("list_users"),
        step("export_user", "member"),
    ),
    case(
        "a user is erased and comes back",
        step("delete_user", "u2"),
        step("profile", "u2"),
        step("recommend", Query(user_id="u2")),
        step("get_user", "u2"),
        step("add_events", acts("u2", "i3")),
        step("profile", "u2"),
        step("export_user", "u2"),
        step("list_users"),
    ),
    case(
        "a scenario",
        step("put_scenario", "home", {"limit": 3, "filter": OF_THE_NINETIES, "explain": True, "include": ["year"]}),
        step("recommend", Query(user_id="u0", scenario="home")),
        step("recommend", Query(user_id="u0", scenario="home", limit=1, explain=False)),
        step("search", "space", scenario="home"),
        step("similar_items", "i0", scenario="home", parameters=[("scenario", "home")]),
        step("put_scenario", "another", {"diversity": 0.5, "cap": {"field": "genres", "most": 1}}),
        step("get_scenario", "home"),
        step("list_scenarios"),
        step("delete_scenario", "home"),
        step("get_scenario", "home"),
        step("delete_scenario", "home"),
        step("recommend", Query(scenario="home")),
    ),
    case(
        "scenarios that are wrong",
        step("put_scenario", "wrong", {"nope": 1}),
        step("put_scenario", "wrong", {"limit": 0}),
        step("put_scenario", "wrong", {"filter": {"field": "year", "is": 3}}),
        step("put_scenario", "w" * 65, {}),
    ),
    case(
        "insights",
        step("insights"),
        step("recommend", Query(user_id="watcher", limit=3)),
        later(
            "add_events",
            lambda told: [
                Event(
                    "watcher",
                    item.item_id,
                    kind,
                    timestamp=NOON,
                    event_id=f"{kind} {item.rank}",
                    recommendation_id=told[1].recommendation_id,
                )
                for item in told[1].items
                for kind in ("impression", "watch")[: item.rank]
            ],
        ),
        step("insights"),
        step("insights", since=datetime(2026, 11, 22, tzinfo=UTC), parameters=[("since", "2026-11-22T00:00:00Z")]),
    ),
]

REFUSED: list[Case] = [
    case("an unknown property", step("recommend", Query(include=["nope"]))),
    case("a filter on an unknown property", step("recommend", Query(filter=UNKNOWN))),
    case("a filter of the wrong type", step("recommend", Query(filter={"field": "year", "gte": "old"}))),
    case("a filter that is none", step("recommend", Query(filter={"every": []}))),
    case("an empty filter", step("recommend", Query(filter={}))),
    case("a filter in the wrong place", step("recommend", Query(boost=[Boost(CRIME, 1), Boost(UNKNOWN, 1)]))),
    case("a promotion of nothing", step("recommend", Query(promote=Promote(UNKNOWN, 0.5)))),
    case("a cap on an unknown property", step("recommend", Query(cap=Cap("nope", 1)))),
    case("a moment that is none", step("recommend", Query(context={"timestamp": "yesterday"}))),
    case("a zone that is none", step("recommend", Query(context={"timezone": "Mars/Olympus"}))),
    case("the server's own zone", step("recommend", Query(context={"timezone": "localtime"}))),
    case("a day in digits", step("recommend", Query(context={"timestamp": "20261121", "timezone": "Europe/Oslo"}))),
    case("a number that is no time", step("recommend", Query(context={"timestamp": "1_795_245_300"}))),
    case("a list of nothing", step("rank", [])),
    case("too long a list", step("rank", ["i1"] * 501)),
    case("a filter beyond numbers", step("recommend", Query(filter={"field": "year", "lt": 1e301}))),
    case("a filter of too long a text", step("recommend", Query(filter={"field": "title", "eq": "x" * 20_001}))),
    case("no text", later("recommend", lambda _: Query(text=""), body={"text": ""})),
    case(
        "too much context",
        later(
            "recommend",
            lambda _: Query(context={f"field {n}": "" for n in range(33)}),
            body={"context": {f"field {n}": "" for n in range(33)}},
        ),
    ),
    case(
        "too many properties",
        later("recommend", lambda _: Query(include=["title"] * 65), body={"include": ["title"] * 65}),
    ),
    case(
        "half a place",
        later("recommend", lambda _: Query(pin=[Pin("a", 1.5)]), body={"pin": [{"item_id": "a", "position": 1.5}]}),  # type: ignore[arg-type]
    ),
    case(
        "half an item of each",
        later("recommend", lambda _: Query(cap=Cap("year", 1.5)), body={"cap": {"field": "year", "most": 1.5}}),  # type: ignore[arg-type]
    ),
    case(
        "a number in quotes",
        later("recommend", lambda _: Query(diversity="0.5"), body={"diversity": "0.5"}),  # type: ignore[arg-type]
        later("recommend", lambda _: Query(weights={"trend": "1"}), body={"weights": {"trend": "1"}}),  # type: ignore[dict-item]
    ),
    case("an unknown scenario", step("recommend", Query(scenario="nope"))),
    case("a limit out of bounds", later("recommend", lambda _: Query(limit=0), body={"limit": 0})),
    case(
        "an unknown component", later("recommend", lambda _: Query(weights={"luck": 1}), body={"weights": {"luck": 1}})
    ),
    case(
        "a weight out of bounds",
        later("recommend", lambda _: Query(weights={"trend": -1}), body={"weights": {"trend": -1}}),
    ),
    case(
        "blend and weights",
        later(
            "recommend",
            lambda _: Query(blend=0.5, weights={"content": 1}),
            body={"blend": 0.5, "weights": {"content": 1}},
        ),
    ),
    case(
        "a pin out of bounds",
        later("recommend", lambda _: Query(pin=[Pin("a", 0)]), body={"pin": [{"item_id": "a", "position": 0}]}),
    ),
    case(
        "two pins in one place",
        later(
            "recommend",
            lambda _: Query(pin=[Pin("a", 1), Pin("b", 1)]),
            body={"pin": [{"item_id": "a", "position": 1}, {"item_id": "b", "position": 1}]},
        ),
    ),
    case("a text that is too long", later("recommend", lambda _: Query(text="x" * 2_001), body={"text": "x" * 2_001})),
    case("a search for nothing", step("search", " ")),
    case("too many neighbours", step("similar_users", "u0", limit=501, parameters=[("limit", "501")])),
    case("too long a page", step("list_items", limit=501, parameters=[("limit", "501")])),
    case("a version that is not there", step("use", "20260101T000000.000000Z-000000000000")),
    case("the same version again", step("reload")),
]

CASES = [*ASKED, *KEPT, *REFUSED]
