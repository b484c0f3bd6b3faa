"""The report as a file, and as a browser without a network shows it."""

from __future__ import annotations

import json
import re
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import plotly.graph_objects  # type: ignore[import-untyped]  # it has no types
import pytest
from evaluation.example import HOSTILE, example

from crossfade_indexing.evaluation import report
from crossfade_indexing.evaluation.findings import find
from crossfade_indexing.evaluation.report import render, write
from crossfade_indexing.evaluation.report.scatter import Point, scatter
from crossfade_indexing.evaluation.result import Calibration, DataSummary, Evaluation

HEADINGS = [
    "Findings",
    "The comparison",
    "What each component adds",
    "The fade, as history grows",
    "Context, field by field",
    "Who is served by which model",
    "Calibration of popularity",
    "Rating prediction",
    "The data",
    "Protocol, and how to run it again",
]


class Page(HTMLParser):
    """The elements of a page, and the text outside its scripts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.headings: list[str] = []
        self.text = ""
        self._inside = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._inside = tag

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002 - the parser names it
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside not in ("script", "style"):
            self.text += data
        if self._inside == "h2":
            self.headings.append(data)

    def attributes(self, name: str) -> list[str]:
        return [value for _, attributes in self.elements if (value := attributes.get(name)) is not None]


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    whole = example()
    return whole.model_copy(update={"findings": find(whole)})


@pytest.fixture(scope="module")
def page(evaluation: Evaluation) -> str:
    return render(evaluation)


def empty() -> Evaluation:
    whole = example()
    nothing = DataSummary(users=0, items=0, events=0, sparsity=1)
    return Evaluation(protocol=whole.protocol, data=nothing, models=())


def drawings_of(page: str) -> dict[str, list[dict[str, object]]]:
    found = re.search(r'<script id="drawings" type="application/json">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    drawings: dict[str, list[dict[str, object]]] = json.loads(found.group(1))
    return drawings


def test_every_section_is_there_findings_first(page: str, evaluation: Evaluation) -> None:
    found = Page(page)

    assert found.headings == HEADINGS
    assert [sentence for sentence in evaluation.findings if sentence not in found.text] == []


def test_no_address_is_named_and_a_policy_forbids_any(page: str) -> None:
    found = Page(page)

    places = [*found.attributes("src"), *found.attributes("href")]

    assert [place for place in places if not place.startswith(("#", "data:,"))] == []
    assert "default-src 'none'" in " ".join(found.attributes("content"))


def test_names_that_are_html_stay_text(page: str) -> None:
    found = Page(page)

    assert "img" not in {tag for tag, _ in found.elements}
    assert HOSTILE in found.text
    assert HOSTILE not in json.dumps(drawings_of(page)).replace('\\"', '"')


def test_a_name_cannot_end_the_script_that_holds_it(evaluation: Evaluation) -> None:
    first, *others = evaluation.models
    renamed = first.model_copy(update={"name": "</script><script>alert(1)</script>"})

    found = Page(render(evaluation.model_copy(update={"models": (renamed, *others)})))

    assert found.headings == HEADINGS


def test_plotly_knows_every_word_of_every_drawing(page: str) -> None:
    for drawings in drawings_of(page).values():
        for drawing in drawings:
            text = re.sub(r'"--[a-z0-9-]+"', '"#123456"', json.dumps(drawing))
            known = json.loads(re.sub(r'"narrow": (\[[^\]]*\]|-?\d+)(, )?', "", text).replace(", }", "}"))
            plotly.graph_objects.Figure(data=known["traces"], layout=known["layout"])


def test_every_plot_says_in_words_what_it_shows_and_has_its_numbers(page: str) -> None:
    found = Page(page)

    plots = [attributes for _, attributes in found.elements if attributes.get("role") == "img"]
    figures = [tag for tag, _ in found.elements if tag == "figure"]

    assert len(plots) == len(figures) == len(drawings_of(page)) == 18
    assert all(plot["aria-label"] for plot in plots)
    assert [tag for tag, _ in found.elements].count("figcaption") == len(plots)
    assert [tag for tag, _ in found.elements].count("table") >= len(plots)


def test_a_section_without_data_says_why_in_a_line() -> None:
    page = render(empty())

    found = Page(page)

    assert found.headings == HEADINGS
    assert drawings_of(page) == {}
    for reason in (
        "The numbers carry no finding.",
        "No model was compared.",
        "No part of the fusion was measured by itself.",
        "The length of users' histories was not varied.",
        "The data has no context that could be switched off.",
        "No group was measured by itself.",
        "The popularity of what is recommended was not measured.",
        "The events carry no explicit ratings to predict.",
        "The data was not summarised.",
    ):
        assert reason in found.text


def test_a_model_that_lacks_a_metric_or_a_group_leaves_a_gap(evaluation: Evaluation) -> None:
    first, second, *others = evaluation.models
    lacking = second.model_copy(update={"metrics": {"ndcg": second.metrics["ndcg"]}, "groups": {}})

    page = render(evaluation.model_copy(update={"models": (first, lacking, *others)}))

    assert "\N{EN DASH}" in Page(page).text


def test_a_model_that_scores_nothing_can_be_shown(evaluation: Evaluation) -> None:
    zero = (0.0,) * 10
    calibration = (Calibration(model="Crossfade", deciles=zero, training=zero),)

    page = render(evaluation.model_copy(update={"calibration": calibration, "models": evaluation.models[:1]}))

    assert Page(page).headings == HEADINGS


def test_no_two_names_in_a_scatter_plot_overlap_and_the_weightiest_has_its_place() -> None:
    points = [
        Point(name=f"model {n}", x=0.5, y=0.5, kind="Baseline", color="--muted", weight=n, hover="") for n in range(9)
    ]

    (trace,) = scatter(points, x_title="x", y_title="y").traces

    # All in one place: on each side is room for one name, and the points themselves are in the way of the others.
    assert trace["text"] == ["", "", "", "", "", "model 5", "model 6", "model 7", "model 8"]
    assert sorted(trace["textposition"][5:]) == ["bottom center", "middle left", "middle right", "top center"]  # type: ignore[index]


def test_the_file_is_whole_or_not_there(
    evaluation: Evaluation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Evaluation) -> str:
        raise OSError(28, "No space left on device")

    path = tmp_path / "deep" / "report.html"
    monkeypatch.setattr(report.page, "render", fail)

    with pytest.raises(OSError, match="No space left"):
        write(evaluation, path)

    assert list(path.parent.iterdir()) == []


def test_a_browser_without_a_network_draws_every_plot(evaluation: Evaluation, chromium: Path, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    write(evaluation, path)
    options = [
        "--headless",
        "--no-sandbox",  # the tests may run as root
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--no-first-run",
        f"--user-data-dir={tmp_path / 'profile'}",
        "--host-resolver-rules=MAP * ~NOTFOUND",
        "--virtual-time-budget=20000",
        "--enable-logging=stderr",
        "--window-size=1440,900",
        "--dump-dom",
    ]

    done = subprocess.run([chromium, *options, path.as_uri()], capture_output=True, text=True, timeout=120, check=True)

    drawn = re.findall(r'<div class="plot js-plotly-plot" id="([^"]+)"', done.stdout)
    assert [line for line in done.stderr.splitlines() if ":CONSOLE:" in line] == []
    assert sorted(drawn) == sorted(drawings_of(render(evaluation)))
