"""Finds the golden files, runs every case, and reports what came out.

Nothing fails silently: a file that cannot be read, a case that lacks something and an
error inside the library are all failures with their cause; a family without a checker
is reported as not supported.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import attrs

from tests.golden.outcomes import (
    Checker,
    Failed,
    NotSupportedError,
    Outcome,
    Passed,
    Unsupported,
)
from tests.golden.reading import MalformedError, Record, record_at, text_at
from tests.golden.registry import CHECKERS

__all__ = [
    "CaseResult",
    "FileReport",
    "find_files",
    "read_cases",
    "report_lines",
    "run_case",
    "run_file",
    "run_folder",
]


@attrs.frozen(kw_only=True)
class CaseResult:
    """What came of one case.

    Attributes:
        case_id: Its id, or its position where it has none.
        outcome: Passed, failed or unsupported.
        is_other: Whether it is a case that its own source does not fully confirm.
            Such a case is counted apart, and its failure is no failure of the run.
    """

    case_id: str
    outcome: Outcome
    is_other: bool = False


@attrs.frozen(kw_only=True)
class FileReport:
    """What came of one file.

    Attributes:
        name: Path below the folder, with forward slashes.
        results: One for each case, or one for a file that cannot be read.
        has_others: Whether the file says of each case how far it is confirmed.
    """

    name: str
    results: tuple[CaseResult, ...]
    has_others: bool = False

    @property
    def is_failed(self) -> bool:
        """Whether a case that counts has failed."""
        return any(
            isinstance(result.outcome, Failed) and not result.is_other
            for result in self.results
        )

    def counts(self, *, is_other: bool) -> str:
        """Return how many passed, failed and are unsupported."""
        kinds = Counter(
            type(result.outcome)
            for result in self.results
            if result.is_other == is_other
        )
        return (
            f"passed={kinds[Passed]} failed={kinds[Failed]} "
            f"unsupported={kinds[Unsupported]}"
        )


def find_files(folder: Path, names: Iterable[str] = ()) -> list[str]:
    """Return the names to run: those given, or every JSON file below *folder*."""
    given = [Path(name).as_posix() for name in names]
    if given:
        return given
    return sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*.json")
    )


def run_folder(
    folder: Path,
    names: Iterable[str] = (),
    checkers: Mapping[str, Checker] = CHECKERS,
) -> list[FileReport]:
    """Return a report of every file, in order."""
    return [run_file(folder, name, checkers) for name in find_files(folder, names)]


def run_file(
    folder: Path, name: str, checkers: Mapping[str, Checker] = CHECKERS
) -> FileReport:
    """Return the report of the file *name* below *folder*."""
    try:
        document, cases = read_cases(folder / name)
    except MalformedError as error:
        result = CaseResult(case_id="file", outcome=Failed(str(error)))
        return FileReport(name=name, results=(result,))
    family = Path(name).stem
    # Every file of this peer grades its cases; a missing grade must be seen.
    is_graded = "fineract" in (folder / name).parts or any(
        isinstance(case, dict) and "verified" in case for case in cases
    )
    results = tuple(
        _result(position, case, document, checkers.get(family), family, is_graded)
        for position, case in enumerate(cases, start=1)
    )
    return FileReport(name=name, results=results, has_others=is_graded)


def read_cases(path: Path) -> tuple[Record, list[object]]:
    """Return the document and its cases: a plain list, or the list under `cases`.

    Raises:
        MalformedError: There is no such file, or it holds no list of cases.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise MalformedError("there is no such file") from None
    except (OSError, ValueError, RecursionError) as error:
        raise MalformedError(f"cannot be read: {error}") from error
    if isinstance(document, list):
        document = {"cases": document}
    cases = document.get("cases") if isinstance(document, dict) else None
    if not isinstance(cases, list) or not cases:
        raise MalformedError("holds no list of cases")
    return document, cases


def run_case(case: Record, document: Record, checker: Checker) -> Outcome:
    """Return what *checker* says; an error of any kind is a failure with its cause."""
    try:
        return checker(case, document)
    except NotSupportedError as error:
        return Unsupported(error.feature)
    except MalformedError as error:
        return Failed(f"malformed case: {error}")
    except Exception as error:  # one broken case must not hide the others
        return Failed(f"{type(error).__name__}: {error}")


def _result(
    position: int,
    case: object,
    document: Record,
    checker: Checker | None,
    family: str,
    is_graded: bool,
) -> CaseResult:
    if not isinstance(case, dict):
        outcome = Failed(f"malformed case: must be an object, got {case!r}")
        return CaseResult(case_id=f"#{position}", outcome=outcome)
    case_id = str(case.get("id", f"#{position}"))
    try:
        status = text_at(record_at(case, "verified"), "status") if is_graded else "all"
    except MalformedError as error:
        return CaseResult(case_id=case_id, outcome=Failed(f"malformed case: {error}"))
    if checker is None:
        outcome_or_missing: Outcome = Unsupported("no checker for this family")
    else:
        outcome_or_missing = run_case(case, document, checker)
    return CaseResult(
        case_id=case_id, outcome=outcome_or_missing, is_other=status != "all"
    )


def report_lines(reports: Iterable[FileReport]) -> Iterator[str]:
    """Yield a line a file, then each failure, then the missing features."""
    kept = list(reports)
    for report in kept:
        yield f"{report.name} {report.counts(is_other=False)}"
        if report.has_others:
            yield f"{report.name} others {report.counts(is_other=True)}"
    for report in kept:
        for result in report.results:
            if isinstance(result.outcome, Failed):
                mark = " (other)" if result.is_other else ""
                yield (
                    f"failed: {report.name} {result.case_id}{mark}: "
                    f"{result.outcome.detail}"
                )
    for report in kept:
        yield from _missing_lines(report)


def _missing_lines(report: FileReport) -> Iterator[str]:
    missing: Counter[str] = Counter()
    others: Counter[str] = Counter()
    for result in report.results:
        if isinstance(result.outcome, Unsupported):
            count = others if result.is_other else missing
            count[result.outcome.feature] += 1
    for feature in sorted({*missing, *others}):
        size = f"{missing[feature]} cases"
        if others[feature]:
            size += f", {others[feature]} others"
        yield f"not supported: {report.name.removesuffix('.json')} ({size}): {feature}"
