"""The command line: what it prints, writes and keeps, and how it refuses."""

from __future__ import annotations

import csv
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

import pytest

from microcrm_core import canonical_json
from microcrm_core.__main__ import ROWS_REJECTED, USAGE, main
from microcrm_core.reviews import REVIEW_BASIC, review_policies_to_plain
from microcrm_core.reviews.write_batch import write_portfolio
from microcrm_core.samples import sample_portfolio
from microcrm_core.storage import Record, SqliteRecordStore
from tests.reviews.folders import write_folder

KILL_COUNT: Final = 10
CUSTOMERS: Final = "customer_id,kind,currency,industry\n"
MOVES: Final = (
    "transaction_id,customer_id,booked_on,direction,amount,balance_after,sequence\n"
)
LOANS: Final = (
    "loan_id,customer_id,currency,principal,annual_rate,installment_count,frequency,"
    "first_due_on,requested_on,disbursed_on\n"
)
REPAYMENTS: Final = "repayment_id,loan_id,paid_on,amount,currency\n"

GOOD: Final = {
    "customers": CUSTOMERS + "c-1,sole_trader,EUR,food\nc-2,wage_earner,EUR,\n",
    "transactions": MOVES + "t-1,c-1,2025-01-02,in,100.00,100.00,0\n",
    "loans": LOANS
    + "l-1,c-1,EUR,600.00,0,6,monthly,2025-02-10,2025-01-05,2025-01-10\n",
    "repayments": REPAYMENTS + "r-1,l-1,2025-02-10,100.00,EUR\n",
}
"""On 28 February nothing is due; on 31 March the second installment is 21 days late,
on 30 April 51 days."""


def run(*arguments: object, **environment: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "microcrm_core", *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, env={**os.environ, **environment}, check=False
    )


def without_progress(text: str) -> str:
    """Drop the line that is renewed on a machine where work takes a second."""
    return re.sub(r"(\r[^\r\n]*)+\n?", "", text)


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def content(path: Path) -> dict[str, tuple[Record, int]]:
    with SqliteRecordStore(path) as store:
        return {one.key: (one.record, one.version) for one in store.scan()}


def refusal(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """Run what must be refused, and return its one line on stderr."""
    try:
        code: Any = main(["review", *map(str, arguments)])
    except SystemExit as stop:  # argparse leaves this way
        code = stop.code
    out, err = capsys.readouterr()
    err = without_progress(err)
    assert (code, out) == (USAGE, "")
    assert err.startswith("error: ")
    assert err.endswith("\n")
    assert err.count("\n") == 1
    return err


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_folder(tmp_path / "data", GOOD)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def test_the_sample_is_reviewed_in_a_process_of_its_own(out: Path) -> None:
    done = run("review", "--customers", 30, "--out", out)
    assert done.returncode == 0
    assert without_progress(done.stderr.decode()) == ""
    text = done.stdout.decode()
    assert text.startswith("Review of 30 customers as of 2025-06-30\n")
    assert "simulated (seed 1)" in text
    assert str(out / "reviews.csv") in text
    assert [path.name for path in out.iterdir()] == ["reviews.csv"]
    assert len(rows_of(out / "reviews.csv")) == 30


def test_main_and_a_process_write_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["review", "--customers", "30", "--seed", "7", "--out"]
    assert main([*arguments, str(tmp_path / "a")]) == 0
    text = capsys.readouterr().out
    done = run(*arguments, tmp_path / "b")
    assert done.stdout.decode() == text.replace(
        str(tmp_path / "a"), str(tmp_path / "b")
    )
    one, other = (tmp_path / name / "reviews.csv" for name in "ab")
    assert one.read_bytes() == other.read_bytes()


def test_help_names_the_options_and_the_exit_codes() -> None:
    done = run("review", "--help")
    assert done.returncode == 0
    for word in (b"--data", b"--store", b"--as-of", b"--policy", b"--out", b"--lang"):
        assert word in done.stdout
    assert b"rejected.csv" in done.stdout


def test_a_folder_is_reviewed_up_to_the_last_day_in_it(
    folder: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["review", "--data", str(folder), "--out", str(out)]) == 0
    assert "as of 2025-02-10" in capsys.readouterr().out
    rows = {row["customer_id"]: row for row in rows_of(out / "reviews.csv")}
    assert list(rows) == ["c-1", "c-2"]
    assert rows["c-1"]["as_of"] == "2025-02-10"
    # 600.00 in six parts without interest; the first was paid on the day.
    assert rows["c-1"]["lent_minor"] == "60000"
    assert rows["c-1"]["due_installment_count"] == "1"
    assert rows["c-1"]["on_time_streak"] == "1"
    assert rows["c-2"]["tenure_days"] == ""
    assert rows_of(out / "rejected.csv") == []


def test_one_bad_row_of_each_kind_is_listed_and_the_rest_reviewed(
    tmp_path: Path, out: Path
) -> None:
    tables: dict[str, str | bytes] = {
        "customers": (CUSTOMERS + "c-1,sole_trader,EUR,food\n").encode()
        + b"c-2,sole_trader,EUR,caf\xe9\n"
        + b"c-1,wage_earner,EUR,\n"
        + b"c-3,wage_earner,EUR,\n",
        "transactions": MOVES
        + "t-1,c-1,2025-01-02,in,100.00,100.00,0\n"
        + "t-2,c-9,2025-01-02,in,100.00,,0\n"
        + "t-3,c-1,2025-01-03,out,-5.00,,0\n"
        + "t-4,c-1,2025-02-30,in,5.00,,0\n"
        + "t-5,c-3,2025-03-01,in,7.00,,0\n",
        "loans": LOANS
        + "l-1,c-1,EUR,600.00,0,6,monthly,2025-02-10,2025-01-05,2025-01-10\n"
        + "l-2,c-1,XQQ,600.00,0,6,monthly,2025-02-10,2025-01-05,2025-01-10\n"
        + "l-3,c-1,USD,600.00,0,6,monthly,2025-02-10,2025-01-05,2025-01-10\n",
        "repayments": REPAYMENTS
        + "r-1,l-1,2025-02-10,100.00,EUR\n"
        + "r-2,l-1,2025-03-10,100.00,CZK\n"
        + "r-3,l-2,2025-03-10,100.00,EUR\n",
    }
    write_folder(tmp_path / "data", tables)
    done = run("review", "--data", tmp_path / "data", "--out", out)
    assert done.returncode == ROWS_REJECTED
    assert without_progress(done.stderr.decode()) == ""
    assert b"9 rows were rejected" in done.stdout
    rejected = rows_of(out / "rejected.csv")
    assert [(row["file"], row["line"], row["column"]) for row in rejected] == [
        ("customers.csv", "3", "industry"),
        ("customers.csv", "4", "customer_id"),
        ("transactions.csv", "3", "customer_id"),
        ("transactions.csv", "4", "amount"),
        ("transactions.csv", "5", "booked_on"),
        ("loans.csv", "3", "currency"),
        ("loans.csv", "4", "currency"),
        ("repayments.csv", "3", "currency"),
        ("repayments.csv", "4", "loan_id"),
    ]
    reasons = [row["reason"] for row in rejected]
    words = ["UTF-8", "line 2", "c-9", "above zero", "YYYY-MM-DD", "ISO 4217"]
    words += ["must be EUR", "must be EUR", "see loans.csv line 3"]
    for word, reason in zip(words, reasons, strict=True):
        assert word in reason
    rows = {row["customer_id"]: row for row in rows_of(out / "reviews.csv")}
    assert list(rows) == ["c-1", "c-3"]
    assert rows["c-1"]["lent_minor"] == "60000"
    assert rows["c-1"]["as_of"] == "2025-03-01"


def test_a_loan_without_a_schedule_is_rejected_with_its_repayments(
    folder: Path, out: Path
) -> None:
    tables = {
        "loans": GOOD["loans"]
        + "l-2,c-2,EUR,600.00,4,600,monthly,2025-02-10,2025-01-05,2025-01-10\n",
        "repayments": GOOD["repayments"]
        + "r-2,l-2,2025-02-11,1.00,EUR\nr-3,l-1,2025-03-10,100.00,EUR\n",
    }
    write_folder(folder, tables)
    done = run("review", "--data", folder, "--out", out)
    assert done.returncode == ROWS_REJECTED
    rejected = rows_of(out / "rejected.csv")
    assert [(row["file"], row["line"]) for row in rejected] == [
        ("loans.csv", "3"),
        ("repayments.csv", "3"),
    ]
    assert "no schedule under the conventions strict" in rejected[0]["reason"]
    assert "see loans.csv line 3" in rejected[1]["reason"]
    rows = {row["customer_id"]: row for row in rows_of(out / "reviews.csv")}
    assert (rows["c-1"]["loan_count"], rows["c-2"]["loan_count"]) == ("1", "0")
    assert rows["c-1"]["on_time_streak"] == "2"


def test_columns_that_are_not_used_are_named(
    folder: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "customer_id,kind,currency,shoe_size,{brace}\nc-1,sole_trader,EUR,44,1\n"
    write_folder(folder, {"customers": text})
    assert main(["review", "--data", str(folder), "--out", str(out)]) == 0
    assert (
        "customers.csv: columns not used: shoe_size, {brace}" in capsys.readouterr().out
    )


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        ({}, "customers.csv"),
        ({"loans": LOANS}, "customers.csv"),
        ({"customers": "kind,currency\n"}, "customer_id"),
        ({"customers": ""}, "got 'an empty file'"),
        ({**GOOD, "loans": "loan_id,loan_id\n"}, "loan"),
        ({"customers": CUSTOMERS + "c-1,sole_trader,EUR,\n"}, "--as-of must be given"),
    ],
)
def test_a_folder_that_cannot_be_read_is_refused(
    tmp_path: Path,
    out: Path,
    capsys: pytest.CaptureFixture[str],
    tables: dict[str, str],
    words: str,
) -> None:
    write_folder(tmp_path / "data", tables)
    err = refusal(capsys, "--data", tmp_path / "data", "--out", out)
    assert words in err
    assert not out.exists()


def test_a_folder_that_is_not_there_or_a_file_is_refused(
    folder: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    refusal(capsys, "--data", folder / "none", "--out", out)
    refusal(capsys, "--data", folder / "loans.csv", "--out", out)
    assert not out.exists()


@pytest.mark.parametrize(
    "day",
    ["2025-02-30", "20250630", "2025-W26-1", "2025-6-3", "today", "", "0001-01-01"],
)
def test_a_day_that_is_none_is_refused(
    out: Path, capsys: pytest.CaptureFixture[str], day: str
) -> None:
    err = refusal(capsys, "--as-of", day, "--out", out)
    assert "--as-of" in err
    assert "2025-06-30" in err
    assert not out.exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("--language", "fr"),
        ("--language", "EN"),
        ("--customers", "0"),
        ("--customers", "many"),
        ("--seed", "-1"),
        ("--nonsense",),
        ("--store",),
    ],
)
def test_options_that_make_no_sense_are_refused(
    out: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    refusal(capsys, "--out", out, *arguments)
    assert not out.exists()


DEEP = '{"tiers":' + "[" * 5_000 + "]" * 5_000 + "}"


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        (b"not json", "must be JSON"),
        (b"", "must be JSON"),
        (b'{"profile": {"grace_days": NaN}}', "exact numbers"),
        (b'{"tier": {}}', "tier"),
        (b'{"tiers": {}, "tiers": {}}', "twice"),
        (DEEP.encode(), "levels"),
        (b"[" * 200_000, "levels"),
        (b'{"tiers": "__import__(\'os\').abort()"}', "must be a JSON object"),
        (b'{"profile": {"id": "caf\xe9"}}', "UTF-8"),
        ("{}".encode("utf-16"), "UTF-8"),
        (b'{"profile": {"grace_days": ' + b"9" * 9_000 + b"}}", "digits"),
        (b'{"profile": {"id": "a\\nb"}}', "profile"),
    ],
)
def test_a_policy_that_is_none_is_refused_before_anything_is_written(
    tmp_path: Path,
    out: Path,
    capsys: pytest.CaptureFixture[str],
    policy: bytes,
    words: str,
) -> None:
    file, store = tmp_path / "policy.json", tmp_path / "crm.db"
    file.write_bytes(policy)
    err = refusal(capsys, "--policy", file, "--out", out, "--store", store)
    assert words in err
    assert not out.exists()
    assert not store.exists()


def test_a_bad_policy_ends_the_process_with_one_line(tmp_path: Path) -> None:
    file = tmp_path / "policy.json"
    file.write_text('{"tiers": 0.5}')
    done = run("review", "--policy", file, "--out", tmp_path / "out")
    assert (done.returncode, done.stdout) == (USAGE, b"")
    assert done.stderr.startswith(b"error: ")
    assert done.stderr.count(b"\n") == 1


def test_a_policy_that_is_not_there_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    refusal(capsys, "--policy", tmp_path / "none.json")
    refusal(capsys, "--policy", tmp_path)


def test_a_policy_of_ones_own_decides(
    tmp_path: Path, folder: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rule = {
        "id": "__import__('os').abort()",
        "tier": "potential",
        "condition": {"field": "loan_count", "op": ">=", "value": 1},
    }
    tiers = {"id": "mine", "version": "1", "default": "risk", "rules": [rule]}
    file = tmp_path / "policy.json"
    # A byte order mark is what some editors put in front.
    file.write_text("\ufeff" + canonical_json({"tiers": tiers}), encoding="utf-8")
    arguments = ["review", "--data", str(folder), "--out", str(out)]
    assert main([*arguments, "--policy", str(file)]) == 0
    rows = rows_of(out / "reviews.csv")
    assert [row["tier"] for row in rows] == ["potential", "risk"]
    assert [row["tier_rule"] for row in rows] == [rule["id"], ""]
    capsys.readouterr()


def test_the_presets_as_a_file_change_nothing(tmp_path: Path) -> None:
    file = tmp_path / "policy.json"
    file.write_text(canonical_json(review_policies_to_plain(REVIEW_BASIC)))
    arguments = ["review", "--customers", "20", "--out"]
    assert main([*arguments, str(tmp_path / "a")]) == 0
    assert main([*arguments, str(tmp_path / "b"), "--policy", str(file)]) == 0
    one, other = (tmp_path / name / "reviews.csv" for name in "ab")
    assert one.read_bytes() == other.read_bytes()


def test_an_out_folder_that_is_a_file_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out").write_text("mine")
    refusal(capsys, "--customers", 5, "--out", tmp_path / "out")
    refusal(capsys, "--customers", 5, "--out", tmp_path / "out" / "below")
    assert (tmp_path / "out").read_text() == "mine"


def test_a_result_that_cannot_be_replaced_is_refused(
    out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (out / "reviews.csv").mkdir(parents=True)
    refusal(capsys, "--customers", 5, "--out", out)
    assert [path.name for path in out.iterdir()] == ["reviews.csv"]


def test_a_store_that_is_another_file_is_refused_and_left_alone(
    tmp_path: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "letters.txt"
    file.write_text("dear reader")
    refusal(capsys, "--customers", 5, "--out", out, "--store", file)
    assert file.read_text() == "dear reader"
    assert not (out / "reviews.csv").exists()


def test_chinese_reports_and_reasons(folder: Path, out: Path) -> None:
    write_folder(folder, {"repayments": GOOD["repayments"] + "r-2,l-9,x,1,EUR\n"})
    done = run("review", "--data", folder, "--out", out, "--language", "zh-CN")
    assert done.returncode == ROWS_REJECTED
    text = done.stdout.decode()
    assert text.startswith("客户复核：2 位客户，截至 2025-02-10\n")
    english = {"Tiers", "Quotes", "Due days", "rejected:", "Written:", "customers"}
    assert not english & set(text.split())
    assert "l-9" in rows_of(out / "rejected.csv")[0]["reason"]
    assert "编号" in rows_of(out / "rejected.csv")[0]["reason"]
    assert "层级" in rows_of(out / "reviews.csv")[0]["tier_reason"]


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_an_old_terminal_does_not_cost_the_review(out: Path, encoding: str) -> None:
    arguments = ("--customers", 20, "--language", "zh-CN", "--out", out)
    done = run("review", *arguments, PYTHONIOENCODING=encoding)
    assert done.returncode == 0
    assert without_progress(done.stderr.decode()) == ""
    assert len(rows_of(out / "reviews.csv")) == 20


def test_running_twice_changes_nothing(
    folder: Path, tmp_path: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = tmp_path / "crm.db"
    arguments = ["review", "--data", str(folder), "--out", str(out)]
    arguments += ["--store", str(store)]
    assert main(arguments) == 0
    first = {path.name: path.read_bytes() for path in out.iterdir()}
    kept = content(store)
    assert "3 records changed" in capsys.readouterr().out
    assert main(arguments) == 0
    assert {path.name: path.read_bytes() for path in out.iterdir()} == first
    assert content(store) == kept
    assert "0 records changed" in capsys.readouterr().out


def test_tier_changes_between_two_days_are_told(
    folder: Path, tmp_path: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["review", "--data", str(folder), "--out", str(out)]
    arguments += ["--store", str(tmp_path / "crm.db"), "--as-of"]
    assert main([*arguments, "2025-02-28"]) == 0
    assert "the store has no earlier review" in capsys.readouterr().out
    assert [row["tier_before"] for row in rows_of(out / "reviews.csv")] == ["", ""]
    assert main([*arguments, "2025-04-30"]) == 0
    text = capsys.readouterr().out
    assert "Tier changes since 2025-02-28: 1 customers" in text
    assert "  ordinary to risk: 1\n" in text
    assert "    c-1: ordinary → risk\n" in text
    rows = rows_of(out / "reviews.csv")
    assert [(row["tier_before"], row["tier"]) for row in rows] == [
        ("ordinary", "risk"),
        ("ordinary", "ordinary"),
    ]
    # Without a store there is nothing to compare with.
    assert main(["review", "--data", str(folder), "--out", str(out)]) == 0
    assert "--store" in capsys.readouterr().out
    assert {row["tier_before"] for row in rows_of(out / "reviews.csv")} == {""}


def killed(command: list[object], log: Path, moments: random.Random) -> bool:
    """Start the review and kill it; return whether that came in time.

    Every second kill waits for the log of the store, that is for the writing.
    """
    begun = [sys.executable, "-m", "microcrm_core", *map(str, command)]
    process = subprocess.Popen(begun, stdout=subprocess.DEVNULL)
    if moments.random() < 0.5:
        time.sleep(moments.uniform(0.2, 1.0))
    else:
        while process.poll() is None and not log.exists():
            time.sleep(0.001)
        time.sleep(moments.uniform(0, 0.3))
    process.kill()
    return process.wait() == -signal.SIGKILL


def test_a_killed_review_leaves_everything_as_before_or_complete(
    tmp_path: Path,
) -> None:
    data, work, start = (tmp_path / name for name in ("data", "work", "start"))
    write_portfolio(sample_portfolio(300, seed=3), data)
    command: list[object] = ["review", "--data", data, "--out", work]
    command += ["--store", work / "crm.db", "--as-of"]
    assert run(*command, "2025-05-31").returncode == 0
    shutil.copytree(work, start)
    command.append("2025-06-30")
    assert run(*command).returncode == 0
    after = content(work / "crm.db")
    complete = (work / "reviews.csv").read_bytes()
    before = content(start / "crm.db")
    old = (start / "reviews.csv").read_bytes()
    assert len(after) == len(before) + 301
    assert complete != old
    moments, kill_count = random.Random(2025), 0
    for _ in range(KILL_COUNT):
        shutil.rmtree(work)
        shutil.copytree(start, work)
        kill_count += killed(command, work / "crm.db-wal", moments)
        found = content(work / "crm.db")
        written = (work / "reviews.csv").read_bytes()
        assert found in (before, after)
        assert written in (old, complete)
        # The store comes first: a new table says that the review is kept.
        assert written == old or found == after
    assert kill_count > KILL_COUNT // 2
    # What was killed can be run again, and is complete then.
    assert run(*command).returncode == 0
    assert content(work / "crm.db") == after
    assert (work / "reviews.csv").read_bytes() == complete


def test_tables_that_are_called_otherwise_are_named(
    folder: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "loan.csv").write_text("loan_id\n")
    (folder / "Loans.PARQUET").write_bytes(b"")
    (folder / "notes.txt").write_text("not a table")

    assert main(["review", "--data", str(folder), "--out", str(out)]) == 0
    text = capsys.readouterr().out
    assert "Not read, because no table is called so: Loans.PARQUET, loan.csv" in text


def test_rejected_rows_are_written_where_nothing_dated_is_left(
    tmp_path: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_folder(tmp_path / "data", {"customers": CUSTOMERS + "c-1,Trader,EUR,\n"})

    err = refusal(capsys, "--data", tmp_path / "data", "--out", out)
    assert "--as-of must be given" in err
    (row,) = rows_of(out / "rejected.csv")
    assert (row["file"], row["line"], row["column"]) == ("customers.csv", "2", "kind")


@pytest.mark.parametrize("option", ["--customers", "--seed"])
def test_options_of_the_sample_are_refused_beside_data(
    folder: Path, out: Path, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    err = refusal(capsys, "--data", folder, "--out", out, option, "5")
    assert option in err
    assert not out.exists()


def test_a_store_in_a_folder_that_is_not_there_is_refused_before_any_work(
    tmp_path: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    err = refusal(capsys, "--out", out, "--store", tmp_path / "none" / "x.db")
    assert "--store must be a file in a folder that exists" in err
    assert not out.exists()


def test_a_policy_of_a_later_day_is_refused(
    tmp_path: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plain = review_policies_to_plain(REVIEW_BASIC)
    tiers = plain["tiers"]
    assert isinstance(tiers, dict)
    tiers["effective_from"] = "2030-01-01"
    path = tmp_path / "policy.json"
    path.write_text(canonical_json(plain))

    err = refusal(capsys, "--policy", path, "--out", out)
    assert "tiers.effective_from must not be after" in err
