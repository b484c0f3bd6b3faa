from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

SKIPPED = "import pytest\ndef test_it():\n    pytest.skip('the part is missing')\n"
NOT_COLLECTED = "import pytest\npytest.importorskip('no_such_module')\n"
EXPECTED_TO_FAIL = "import pytest\n@pytest.mark.xfail\ndef test_it():\n    assert False\n"
WANTS_MOVIELENS = "def test_it(movielens):\n    pass\n"


@pytest.fixture
def isolated(pytester: pytest.Pytester, repository: Path) -> pytest.Pytester:
    pytester.makeconftest((repository / "tests" / "conftest.py").read_text(encoding="utf-8"))
    pytester.makeini("[pytest]\naddopts = -p no:hypothesispytest")  # it costs 1.5 s a run to load
    return pytester


def test_a_missing_part_is_skipped_with_its_reason_on_a_developers_machine(
    isolated: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CI", raising=False)
    isolated.makepyfile(SKIPPED)

    result = isolated.runpytest("-rs")

    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines("*the part is missing*")


def test_a_skip_fails_in_ci(isolated: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    isolated.makepyfile(SKIPPED)

    result = isolated.runpytest()

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines("in CI a skip is a failure*the part is missing*")


def test_a_module_that_skips_itself_fails_in_ci(isolated: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    isolated.makepyfile(NOT_COLLECTED)

    result = isolated.runpytest()

    result.assert_outcomes(errors=1)


def test_an_expected_failure_is_no_skip(isolated: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    isolated.makepyfile(EXPECTED_TO_FAIL)

    result = isolated.runpytest()

    result.assert_outcomes(xfailed=1)


def test_data_that_is_not_ours_may_be_absent_even_in_ci(
    isolated: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")
    monkeypatch.setenv("CROSSFADE_MOVIELENS_DIR", "nowhere")
    isolated.makepyfile(WANTS_MOVIELENS)

    result = isolated.runpytest("-rs")

    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines("*not in nowhere*")
