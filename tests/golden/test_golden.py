"""Every golden case of the supported families, and the runner itself."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest

from tests.golden.__main__ import default_folder, main
from tests.golden.differences import DIFFERENCES
from tests.golden.outcomes import PASSED, Failed, Passed, Unsupported
from tests.golden.reading import MalformedError, Record
from tests.golden.registry import CHECKERS
from tests.golden.runner import (
    FileReport,
    find_files,
    read_cases,
    report_lines,
    run_case,
    run_file,
    run_folder,
)

FOLDER = default_folder()
ABSENT = f"the golden cases are not here: {FOLDER.name} (set MICROCRM_GOLDEN)"

# What a case of a supported family may ask for in vain, and nothing else: inputs that
# no program reads, other arithmetic of the peer's older engine, steps that the cases do
# not hold in full, and one kind of grace.
NOT_YET = (
    "input is prose",
    "recalculation in the older engine",
    "reschedule of interest in the older engine",
    "a history of delinquency by days of closing",
    "reschedule with grace_on_principal",
)
DOCUMENTED = Path(__file__).parents[2] / "docs" / "reference" / "golden-cases.md"


def golden_cases() -> list[object]:
    """Return a parameter for every case of every supported family."""
    found: list[object] = []
    names = find_files(FOLDER) if FOLDER.is_dir() else []
    for name in names:
        if Path(name).stem not in CHECKERS:
            continue
        _, cases = read_cases(FOLDER / name)
        for position, case in enumerate(cases):
            mark = case.get("id", position) if isinstance(case, dict) else position
            found.append(pytest.param(name, position, id=f"{name}-{mark}"))
    skipped = pytest.mark.skip(reason=ABSENT)
    return found or [pytest.param("", 0, id="absent", marks=skipped)]


@pytest.mark.parametrize(("name", "position"), golden_cases())
def test_a_golden_case_gives_exactly_what_it_expects(name: str, position: int) -> None:
    document, cases = read_cases(FOLDER / name)
    case = cases[position]
    assert isinstance(case, dict)
    verified = case.get("verified", {"status": "all"})

    outcome = run_case(case, document, CHECKERS[Path(name).stem])

    if isinstance(outcome, Unsupported):
        assert outcome.feature.endswith(NOT_YET), outcome.feature
    elif verified["status"] == "all" or str(case.get("id")) not in DIFFERENCES:
        assert outcome == PASSED
    else:
        assert isinstance(outcome, Failed), (
            "no difference any more: take it off the list"
        )


def test_every_known_difference_is_documented_with_its_cause() -> None:
    text = DOCUMENTED.read_text(encoding="utf-8")

    assert [name for name in DIFFERENCES if f"`{name}`" not in text] == []


# Two small cases, by definition of ACT/360 and of the roll to the month end.
DAY_COUNT_CASE: dict[str, object] = {
    "id": "dc-1",
    "kind": "year_fraction",
    "inputs": {"convention": "ACT/360", "start": "2024-01-01", "end": "2024-04-01"},
    "expected": {"days": 91, "as_fraction": "91/360", "year_fraction": "0.2528"},
}
ROLL_CASE: dict[str, object] = {
    "id": "bd-1",
    "kind": "roll_next",
    "inputs": {"date": "2024-01-31", "months": 1, "roll": "day_31"},
    "expected": {"date": "2024-02-29"},
}


def changed(case: Record, part: str, **changes: object) -> dict[str, object]:
    """Return the case with some keys of one part replaced; None removes a key."""
    copied: dict[str, object] = copy.deepcopy(dict(case))
    values = copied[part]
    assert isinstance(values, dict)
    values.update(changes)
    for key in [key for key, value in changes.items() if value is None]:
        del values[key]
    return copied


def written(folder: Path, name: str, content: object) -> FileReport:
    """Write *content* as JSON under *name* and run that file."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")
    return run_file(folder, name)


def only_outcome(folder: Path, name: str, case: object) -> object:
    return written(folder, name, [case]).results[0].outcome


def test_a_case_that_holds_has_passed(tmp_path: Path) -> None:
    assert only_outcome(tmp_path, "day_count.json", DAY_COUNT_CASE) == PASSED
    assert only_outcome(tmp_path, "business_days.json", ROLL_CASE) == PASSED


@pytest.mark.parametrize(
    ("expected", "detail"),
    [
        ({"days": 90}, "days expected 90, found 91"),
        ({"as_fraction": "1/4"}, "as_fraction expected 1/4, found 91/360"),
        ({"year_fraction": "0.2527"}, "year_fraction expected 0.2527, found 0.2528"),
    ],
)
def test_any_difference_is_a_failure_that_shows_both_sides(
    tmp_path: Path, expected: dict[str, object], detail: str
) -> None:
    case = changed(DAY_COUNT_CASE, "expected", **expected)

    assert only_outcome(tmp_path, "day_count.json", case) == Failed(detail)


def test_a_decimal_is_compared_to_the_digits_that_it_shows(tmp_path: Path) -> None:
    case = changed(DAY_COUNT_CASE, "expected", year_fraction="0.25")

    assert only_outcome(tmp_path, "day_count.json", case) == PASSED


@pytest.mark.parametrize(
    ("case", "cause"),
    [
        (changed(DAY_COUNT_CASE, "inputs", start=None), "start is missing"),
        (changed(DAY_COUNT_CASE, "inputs", start="1/1/24"), "start must be an ISO"),
        (changed(DAY_COUNT_CASE, "inputs", start=20240101), "start must be an ISO"),
        (changed(DAY_COUNT_CASE, "inputs", convention=7), "convention must be text"),
        (changed(DAY_COUNT_CASE, "expected", as_fraction="1/0"), "must be a fraction"),
        (changed(DAY_COUNT_CASE, "expected", days="91"), "must be a whole number"),
        (
            changed(
                DAY_COUNT_CASE,
                "expected",
                days=None,
                as_fraction=None,
                year_fraction=None,
            ),
            "expects nothing",
        ),
        (
            changed(DAY_COUNT_CASE, "inputs", convention="ACT/365L"),
            "frequency must be given for ACT/365L",
        ),
        (
            changed(
                DAY_COUNT_CASE,
                "inputs",
                convention="ACT/ACT ICMA",
                frequency=2,
                reference_periods=[["2024-01-01"]],
            ),
            "reference_periods must hold pairs",
        ),
        ({"id": "dc-2", "kind": "year_fraction"}, "inputs is missing"),
        ({"id": "dc-3"}, "kind is missing"),
        ("not a case", "must be an object"),
        (None, "must be an object"),
    ],
)
def test_a_malformed_day_count_case_is_a_failure_with_its_cause(
    tmp_path: Path, case: object, cause: str
) -> None:
    outcome = only_outcome(tmp_path, "day_count.json", case)

    assert isinstance(outcome, Failed)
    assert cause in outcome.detail


@pytest.mark.parametrize(
    ("case", "cause"),
    [
        (changed(ROLL_CASE, "inputs", months=None), "months is missing"),
        (changed(ROLL_CASE, "inputs", months=0), "months must not be 0"),
        (changed(ROLL_CASE, "inputs", date=None), "date is missing"),
        (changed(ROLL_CASE, "expected", date=None), "expects nothing"),
        (changed(ROLL_CASE, "expected", dates=["2024-02-29"]), "found None"),
    ],
)
def test_a_malformed_business_day_case_is_a_failure_with_its_cause(
    tmp_path: Path, case: object, cause: str
) -> None:
    outcome = only_outcome(tmp_path, "business_days.json", case)

    assert isinstance(outcome, Failed)
    assert cause in outcome.detail


@pytest.mark.parametrize(
    ("name", "case", "feature"),
    [
        ("day_count.json", changed(DAY_COUNT_CASE, "inputs", convention="1/1"), "1/1"),
        ("day_count.json", DAY_COUNT_CASE | {"kind": "day_sum"}, "kind day_sum"),
        ("business_days.json", changed(ROLL_CASE, "inputs", roll="imm"), "roll imm"),
        ("business_days.json", ROLL_CASE | {"kind": "count"}, "kind count"),
        ("weather.json", {"id": "w-1"}, "no checker for this family"),
    ],
)
def test_what_is_not_there_is_unsupported_and_named(
    tmp_path: Path, name: str, case: object, feature: str
) -> None:
    outcome = only_outcome(tmp_path, name, case)

    assert isinstance(outcome, Unsupported)
    assert feature in outcome.feature


@pytest.mark.parametrize(
    ("spelling", "fraction"),
    [
        ("30/360 (bond)", "1/4"),
        ("30/360 bond", "1/4"),
        ("30U/360", "1/4"),
        ("Act/365 Fixed", "91/365"),
        ("Actual/Actual (ISDA)", "91/366"),
        ("ACT/364", "1/4"),
    ],
)
def test_a_convention_may_be_spelled_as_the_readme_does(
    tmp_path: Path, spelling: str, fraction: str
) -> None:
    case = changed(DAY_COUNT_CASE, "inputs", convention=spelling)
    case["expected"] = {"as_fraction": fraction}

    assert only_outcome(tmp_path, "day_count.json", case) == PASSED


def test_a_pitfall_needs_the_right_way_and_another_wrong_one(tmp_path: Path) -> None:
    inputs = {"first": "2023-01-31", "months": 1, "count": 3, "roll": "day_31"}
    right = ["2023-01-31", "2023-02-28", "2023-03-31"]
    wrong = ["2023-01-31", "2023-02-28", "2023-03-28"]
    good = {"right_dates": right, "wrong_dates": wrong}
    same = {"right_dates": right, "wrong_dates": right}

    def outcome(expected: dict[str, list[str]]) -> object:
        case = {"id": "p", "kind": "pitfall", "inputs": inputs, "expected": expected}
        return only_outcome(tmp_path, "business_days.json", case)

    assert outcome(good) == PASSED
    assert isinstance(outcome(same), Failed)


@pytest.mark.parametrize("content", ["", "{", "7", "{}", "[]", '{"cases": 7}'])
def test_a_file_without_cases_is_a_failure(tmp_path: Path, content: str) -> None:
    (tmp_path / "day_count.json").write_text(content, encoding="utf-8")

    report = run_file(tmp_path, "day_count.json")

    assert report.is_failed
    assert report.counts(is_other=False) == "passed=0 failed=1 unsupported=0"


def test_a_file_that_is_no_text_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "day_count.json").write_bytes(b'[{"id": "\xff"}]')

    assert run_file(tmp_path, "day_count.json").is_failed


def test_a_file_that_is_not_there_cannot_be_read(tmp_path: Path) -> None:
    assert run_file(tmp_path, "absent.json").is_failed
    with pytest.raises(MalformedError, match="there is no such file"):
        read_cases(tmp_path / "absent.json")


def test_an_error_inside_the_library_does_not_hide_the_other_cases(
    tmp_path: Path,
) -> None:
    def broken(case: Record, _document: Record) -> Passed:
        if case["id"] == 1:
            raise ZeroDivisionError("division by zero")
        return PASSED

    (tmp_path / "x.json").write_text('[{"id": 1}, {"id": 2}]', encoding="utf-8")

    report = run_file(tmp_path, "x.json", {"x": broken})

    assert report.counts(is_other=False) == "passed=1 failed=1 unsupported=0"
    assert report.results[0].outcome == Failed("ZeroDivisionError: division by zero")


def test_the_report_lists_files_then_failures_then_missing_features(
    tmp_path: Path,
) -> None:
    bad_case = changed(DAY_COUNT_CASE, "expected", days=90)
    written(tmp_path, "day_count.json", [DAY_COUNT_CASE, bad_case])
    statuses = ["all", "part", "not_modelled", "all"]
    cases = [
        {"id": f"r-{number}", "verified": {"status": status}}
        for number, status in enumerate(statuses)
    ]
    written(tmp_path, "fineract/weather.json", {"cases": [*cases, {"id": "r-9"}]})

    lines = list(report_lines(run_folder(tmp_path)))

    assert lines == [
        "day_count.json passed=1 failed=1 unsupported=0",
        "fineract/weather.json passed=0 failed=1 unsupported=2",
        "fineract/weather.json others passed=0 failed=0 unsupported=2",
        "failed: day_count.json dc-1: days expected 90, found 91",
        "failed: fineract/weather.json r-9: malformed case: verified is missing",
        "not supported: fineract/weather (2 cases, 2 others): "
        "no checker for this family",
    ]


def test_only_a_failure_of_a_case_that_counts_fails_the_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good: dict[str, object] = DAY_COUNT_CASE | {"verified": {"status": "all"}}
    part = changed(good, "expected", days=90) | {"verified": {"status": "part"}}

    written(tmp_path, "day_count.json", [good, part])
    assert main([str(tmp_path)]) == 0
    assert "others passed=0 failed=1" in capsys.readouterr().out

    written(tmp_path, "day_count.json", [part | {"verified": {"status": "all"}}])
    assert main([str(tmp_path)]) == 1
    assert main([str(tmp_path), "absent.json"]) == 1


def test_an_unsupported_family_does_not_fail_the_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written(tmp_path, "weather.json", [{"id": "w-1"}])

    assert main([str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "not supported: weather (1 cases): no checker for this family"


def test_files_are_chosen_by_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path, "day_count.json", [DAY_COUNT_CASE])
    written(tmp_path, "business_days.json", [ROLL_CASE])
    monkeypatch.setenv("MICROCRM_GOLDEN", str(tmp_path))

    assert main([str(tmp_path), "business_days.json"]) == 0
    named = capsys.readouterr().out
    assert named == "business_days.json passed=1 failed=0 unsupported=0\n"
    assert main(["business_days.json"]) == 0
    assert capsys.readouterr().out == named
    assert main([]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_nothing_to_run_is_an_error_and_not_a_success(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path)]) == 2
    assert main([str(tmp_path / "absent")]) == 2
    assert "there is no" in capsys.readouterr().err
