"""What people do, as it happens."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Response

from crossfade.api.documentation import body_examples, responses
from crossfade.api.routes.paths import answer_with
from crossfade.api.service import Service
from crossfade.wire import EventsAnswer, ReadEvents, SentEvents

__all__ = ["add_events"]


def add_events(router: APIRouter, service: Service) -> None:
    """Add the one operation that takes events."""

    @router.post(
        "/v1/events",
        operation_id="send_events",
        tags=["Live data"],
        summary="Tell what people do",
        response_model=EventsAnswer,
        responses=responses("send_events"),
    )
    def send_events(sent: Annotated[SentEvents, Body(openapi_examples=body_examples("send_events"))]) -> Response:
        """Keep one event, or up to 10,000 in a list; they count from the very next answer on, of every process.

        They are kept for good before this is answered. An event that is wrong does not keep the others out: it is
        named under `rejected`, and the status is 207, or 422 if there is no other. Sending an event again does no
        harm if it has an `event_id`. `like` speaks for an item and `dislike` against it; an item that was shown
        (`impression`) and left alone fades for a while.
        """
        read = ReadEvents.of(sent)
        outcomes = service.recommender.add_events(list(read.events.values())) if read.events else []
        answer = read.answer(outcomes)
        return answer_with(answer, answer.status)
