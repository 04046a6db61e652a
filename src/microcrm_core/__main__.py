"""The command line: `python -m microcrm_core review`.

Reads a folder of tables, or makes the sample, reviews every customer, prints a
report, writes `reviews.csv` and keeps the review in a store.
"""

from __future__ import annotations

import argparse
import datetime as dt
import io
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

from microcrm_core import __version__
from microcrm_core.errors import InvalidValueError, MicrocrmError
from microcrm_core.reason_texts import Language
from microcrm_core.reviews.schema import DAY_MAX, DAY_MIN

if TYPE_CHECKING:
    from microcrm_core.reviews.files_batch import PortfolioReading
    from microcrm_core.reviews.policies import ReviewPolicies
    from microcrm_core.reviews.portfolio_batch import Portfolio
    from microcrm_core.reviews.service import KeptReview

__all__ = ["ROWS_REJECTED", "USAGE", "main"]

ROWS_REJECTED: Final = 3
"""Exit code: the review is complete, but rows were left out of it.

Not 1, with which Python ends when a program breaks.
"""

USAGE: Final = 2
"""Exit code: nothing was reviewed, or it could not be written."""

_SAMPLE_CUSTOMERS: Final = 1_000
_SAMPLE_SEED: Final = 1

_EPILOG: Final = """\
exit codes: 0 all rows were reviewed; 3 some rows were rejected, see rejected.csv;
2 nothing was reviewed, or it could not be written. Running twice on the same tables
changes nothing.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code.

    Example:
        >>> import tempfile
        >>> from microcrm_core.__main__ import main
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     code = main(["review", "--customers", "20", "--out", folder])
        Review of 20 customers as of 2025-06-30
        ...
        >>> code
        0
    """
    options = _parser().parse_args(arguments)
    progress = _Progress()
    try:
        return _review(options, progress)
    except (MicrocrmError, OSError) as error:
        progress.done()
        print(f"error: {error}", file=sys.stderr)
        return USAGE


class _Parser(argparse.ArgumentParser):
    """Tells what is wrong in one line, like every other error of the command."""

    def error(self, message: str) -> NoReturn:
        self.exit(USAGE, f"error: {message}; see {self.prog} --help\n")


def _day(text: str) -> dt.date:
    # The form and the bounds of the tables; Python would take 2025W27 too.
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text or not DAY_MIN <= day <= DAY_MAX:
        rule = f"must be a day such as 2025-06-30, from {DAY_MIN} to {DAY_MAX}"
        raise argparse.ArgumentTypeError(f"{rule}, got {text!r}")
    return day


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m microcrm_core", allow_abbrev=False)
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="review")
    review = commands.add_parser(
        "review",
        allow_abbrev=False,
        help="tier, due-day advice and quote of every customer, as of one day",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    review.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        help="folder of customers, transactions, loans and repayments (CSV or Parquet);"
        " without it a simulated sample is reviewed",
    )
    review.add_argument(
        "--store",
        type=Path,
        metavar="FILE",
        help="SQLite file that keeps the review and knows the one before",
    )
    review.add_argument(
        "--as-of",
        type=_day,
        metavar="DATE",
        help="day of the review; without it the last day on which anything happened",
    )
    review.add_argument(
        "--policy",
        type=Path,
        metavar="FILE",
        help="JSON file with your policies; parts left out are the presets",
    )
    review.add_argument(
        "--out",
        type=Path,
        default=Path(),
        metavar="DIR",
        help="folder for reviews.csv and rejected.csv (default: here)",
    )
    review.add_argument(
        "--language",
        default=Language.EN.value,
        choices=[language.value for language in Language],
        help="of the report and the reasons (default: en)",
    )
    review.add_argument(
        "--customers",
        type=int,
        metavar="N",
        help=f"size of the sample (default: {_SAMPLE_CUSTOMERS})",
    )
    review.add_argument(
        "--seed",
        type=int,
        metavar="N",
        help=f"of the sample (default: {_SAMPLE_SEED})",
    )
    return parser


def _review(options: argparse.Namespace, progress: _Progress) -> int:
    # Imported here: printing the help needs none of it.
    from microcrm_core.reviews.batch import review_portfolio
    from microcrm_core.reviews.policies import REVIEW_BASIC
    from microcrm_core.reviews.rejections import write_rejected
    from microcrm_core.reviews.report_batch import report_lines
    from microcrm_core.reviews.service import prepare_review
    from microcrm_core.reviews.table_batch import review_csv_columns, write_reviews
    from microcrm_core.storage import SqliteRecordStore

    _check_places(options)
    language = Language(options.language)
    policies = REVIEW_BASIC if options.policy is None else _policies(options.policy)
    portfolio, reading, as_of = _load(options, policies, progress)
    review = review_portfolio(portfolio, policies, as_of, progress=progress.step)
    columns = review.to_columns()
    options.out.mkdir(parents=True, exist_ok=True)
    files = [options.out / "reviews.csv"]
    kept = None
    with ExitStack() as stack:
        if options.store is None:
            table = review_csv_columns(columns, review, None, language)
            write_reviews(files[0], table)
        else:
            progress.step("store", 1, 1)
            store = stack.enter_context(SqliteRecordStore(options.store))
            prepared = prepare_review(review, store, columns=columns)
            kept = prepared.kept
            table = review_csv_columns(columns, review, kept, language)
            # The file waits under another name until the store has it all.
            write_reviews(files[0], table, before=lambda: prepared.write(store))
    if reading is not None:
        files.append(options.out / "rejected.csv")
        write_rejected(files[1], reading.rejected, language=language)
    progress.done()
    print("\n".join(report_lines(review, kept, language)))
    print()
    print("\n".join(_closing_lines(options, reading, kept, files)))
    return ROWS_REJECTED if reading is not None and reading.rejected else 0


def _load(
    options: argparse.Namespace, policies: ReviewPolicies, progress: _Progress
) -> tuple[Portfolio, PortfolioReading | None, dt.date]:
    from microcrm_core.reviews.files_batch import read_portfolio
    from microcrm_core.reviews.schedulable_batch import without_unschedulable
    from microcrm_core.samples import SAMPLE_AS_OF, sample_portfolio

    as_of: dt.date | None = options.as_of
    if options.data is None:
        # One history whatever the day, so that reviews of two days can be compared.
        portfolio = sample_portfolio(
            _or(options.customers, _SAMPLE_CUSTOMERS), _or(options.seed, _SAMPLE_SEED)
        )
        return portfolio, None, as_of or SAMPLE_AS_OF
    reading = read_portfolio(options.data, progress=progress.read)
    reading = without_unschedulable(reading, policies.profile.conventions)
    as_of = as_of or reading.portfolio.last_day
    if as_of is None:
        hint = None
        if reading.rejected:
            hint = _write_rejected_only(options, reading)
        rule = "must be given, because the tables have no dated row"
        raise InvalidValueError("--as-of", rule, None, hint=hint)
    return reading.portfolio, reading, as_of


def _or(value: int | None, otherwise: int) -> int:
    return otherwise if value is None else value


def _closing_lines(
    options: argparse.Namespace,
    reading: PortfolioReading | None,
    kept: KeptReview | None,
    files: Sequence[Path],
) -> Iterator[str]:
    language = Language(options.language)
    if reading is None:
        yield _text("sample", language, seed=_or(options.seed, _SAMPLE_SEED))
    else:
        for file, names in reading.ignored_columns.items():
            yield _text("ignored", language, file=file, columns=", ".join(names))
        others = _unread_files(options.data, reading)
        if others:
            yield _text("unread", language, files=", ".join(others))
    if kept is not None:
        count = f"{kept.changed_count:,}"
        yield _text("kept", language, store=options.store, count=count)
    yield _text("written", language, files=", ".join(str(file) for file in files))
    if reading is not None and reading.rejected:
        yield _rejected_text(reading, language, files[1])


def _check_places(options: argparse.Namespace) -> None:
    """Refuse at once what would only be found after all the work."""
    from microcrm_core.storage import SqliteRecordStore

    if options.data is not None:
        for name in ("customers", "seed"):
            if getattr(options, name) is not None:
                rule = "is of the sample, so it must not stand beside --data"
                raise InvalidValueError(f"--{name}", rule, getattr(options, name))
        if not options.data.is_dir():
            rule = "must be a folder that exists"
            raise InvalidValueError("--data", rule, str(options.data))
    if options.out.exists() and not options.out.is_dir():
        raise InvalidValueError("--out", "must be a folder", str(options.out))
    if options.store is None:
        return
    folder = options.store.parent
    # The folder of the results is made when it is needed.
    has_folder = folder.is_dir() or folder.resolve() == options.out.resolve()
    if options.store.is_dir() or not has_folder:
        rule = "must be a file in a folder that exists"
        raise InvalidValueError("--store", rule, str(options.store))
    if options.store.exists():
        SqliteRecordStore(options.store).close()


def _write_rejected_only(options: argparse.Namespace, reading: PortfolioReading) -> str:
    from microcrm_core.reviews.rejections import write_rejected

    options.out.mkdir(parents=True, exist_ok=True)
    language, path = Language(options.language), options.out / "rejected.csv"
    write_rejected(path, reading.rejected, language=language)
    return _rejected_text(reading, language, path)


def _rejected_text(reading: PortfolioReading, language: Language, path: Path) -> str:
    return _text("rejected", language, count=f"{len(reading.rejected):,}", file=path)


def _unread_files(folder: Path, reading: PortfolioReading) -> list[str]:
    """Tables that look like ours and are not: a misnamed file must not go unseen."""
    return sorted(
        path.name
        for path in folder.iterdir()
        if path.suffix.lower() in {".csv", ".parquet"}
        and path.name not in {*reading.names.values(), "reviews.csv", "rejected.csv"}
    )


def _text(code: str, language: Language, **params: object) -> str:
    from microcrm_core.reviews.report_texts import REPORT_TEXTS

    return REPORT_TEXTS[code][language].format_map(params)


def _policies(path: Path) -> ReviewPolicies:
    from microcrm_core.reviews.policies import parse_review_policies

    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidValueError("--policy", "must be UTF-8", path.name) from None
    return parse_review_policies(text)


class _Progress:
    """How far long work is, on stderr.

    On a terminal one line, renewed each half second from the first second on; in a log
    a line of its own each ten seconds.
    """

    def __init__(self) -> None:
        self._began = self._shown = time.monotonic()
        self._has_line = False
        self._is_terminal = sys.stderr.isatty()

    def read(self, file: str, done: int, size: int) -> None:
        share = f"{done * 100 // size}%" if size else f"{done:,} bytes"
        self._show(f"reading {file}: {share}")

    def step(self, name: str, number: int, count: int) -> None:
        self._show(f"reviewing: {name} ({number} of {count})")

    def done(self) -> None:
        if self._has_line:
            print(file=sys.stderr)

    def _show(self, text: str) -> None:
        now = time.monotonic()
        if not self._is_terminal:
            if now - self._shown >= 10:
                self._shown = now
                print(text, file=sys.stderr, flush=True)
            return
        if now - self._began < 1 or now - self._shown < 0.5:
            return
        self._shown = now
        self._has_line = True
        print(f"\r{text:<60}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    # A terminal that cannot show a character must not cost the review.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    sys.exit(main())
