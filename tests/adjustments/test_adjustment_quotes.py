"""A quote as it is shown: as columns, text, HTML, JSON."""

from __future__ import annotations

import copy
import json
import pickle
from decimal import Decimal
from typing import Any

import attrs
import pytest

from microcrm_core import Rate
from microcrm_core.adjustments import (
    QUOTE_FORM_VERSION,
    AdjustmentKind,
    AdjustmentQuote,
    AdjustmentRequest,
    CapQuestion,
    ChangeRate,
    ExtendTerm,
    PaymentHoliday,
    ReAmortize,
    Renew,
    ShiftDueDates,
    json_schema_of_adjustment_quote,
    quote_adjustment,
)
from microcrm_core.decisions import canonical_json
from microcrm_core.ledger import CN_FIVE_CLASS
from microcrm_core.loans.cap_presets import CAP_PRESETS
from tests.adjustments.quote_cases import (
    ANYTHING_GOES,
    METHOD_CASES,
    at,
    case_of,
    day,
    lent_account,
    money,
    request_of,
)

ON = day(3, 20)
LATE = day(4, 25)
ACCOUNT = lent_account(paid_count=2)
DECISION = quote_adjustment(ACCOUNT, PaymentHoliday(count=1), ANYTHING_GOES, ON)
QUOTE = DECISION.outcome
REFUSED = quote_adjustment(
    ACCOUNT, ExtendTerm(2), attrs.evolve(ANYTHING_GOES, rules={}), day(7, 15)
)
FULL = quote_adjustment(
    ACCOUNT,
    [ReAmortize(), ChangeRate(Rate.per_year("0.20"))],
    ANYTHING_GOES,
    LATE,
    known_at=at(LATE, 9),
    is_in_difficulty=True,
    caps=CapQuestion(jurisdiction="CN", caps=CAP_PRESETS),
    classifications=[CN_FIVE_CLASS],
)


def test_columns_have_one_value_a_line_and_decimals() -> None:
    columns = QUOTE.to_columns()
    assert {len(column) for column in columns.values()} == {len(QUOTE.lines)}
    assert columns["change"][:3] == ["kept", "kept", "moved"]
    assert columns["due_on_after"][2] == day(5, 15)
    assert columns["total_before"][2] == Decimal("214.24")
    assert columns["outstanding_before"][:3] == [0, 0, Decimal("214.24")]
    for bucket in ("principal", "interest", "fees", "penalties"):
        assert f"{bucket}_before" in columns
        assert f"{bucket}_after" in columns


def test_outstanding_is_what_is_not_paid_of_the_row_itself() -> None:
    assert QUOTE.after is not None
    columns = QUOTE.to_columns()
    assert columns["outstanding_before"] == QUOTE.before.to_columns()["outstanding"]
    assert columns["outstanding_after"] == QUOTE.after.to_columns()["outstanding"]


def test_the_cost_shows_both_rates() -> None:
    cost = FULL.outcome.cost
    assert cost is not None
    before, after = cost.before.disclosed_percent, cost.after.disclosed_percent
    assert before is not None
    assert after is not None
    assert before != after
    assert f"before={before}%, after={after}%" in repr(cost)


def test_columns_of_rows_that_come_and_go_have_no_values() -> None:
    longer = quote_adjustment(ACCOUNT, ExtendTerm(1), ANYTHING_GOES, ON).outcome
    columns = longer.to_columns()
    assert columns["due_on_before"][-1] is None
    assert columns["total_before"][-1] is None
    assert columns["total_after"][-1] is not None


def test_the_text_has_the_outcome_and_a_table_with_totals() -> None:
    lines = str(QUOTE).splitlines()
    assert lines[0] == (
        "payment_holiday: allowed as of 2025-03-20, interest +EUR 16.80"
    )
    assert lines[1].split()[:2] == ["number", "change"]
    assert len(lines) == 2 + len(QUOTE.lines) + 1
    assert lines[-1].split() == [
        *("total", "1200.00", "1200.00", "85.39", "102.19", "1285.39", "1302.19")
    ]
    # There is neither a fee nor a penalty.
    assert "fees" not in lines[1]


def test_the_html_has_the_same_table() -> None:
    html = QUOTE._repr_html_()
    assert html.startswith("<table><caption>payment_holiday: allowed")
    assert html.count("<tr>") == 1 + len(QUOTE.lines) + 1
    assert "102.19" in html


def test_a_cheaper_loan_shows_a_falling_interest() -> None:
    cheaper = ChangeRate(Rate.per_year("0.12"))
    quote = quote_adjustment(ACCOUNT, cheaper, ANYTHING_GOES, ON).outcome
    assert "interest -EUR" in str(quote).splitlines()[0]


def test_a_quote_of_no_loan_is_one_line() -> None:
    # The last installment is due: none is to come.
    quote = quote_adjustment(
        lent_account(), ExtendTerm(2), ANYTHING_GOES, day(7, 15)
    ).outcome
    assert str(quote) == "extend_term: refused as of 2025-07-15"
    assert quote.lines == ()
    assert (quote.after, quote.interest_after, quote.interest_delta) == (None,) * 3
    assert (quote.total_delta, quote.arrears_after, quote.cost) == (None,) * 3
    assert quote.days_moved_max == 0
    assert quote.capitalized.is_zero
    assert set(map(len, quote.to_columns().values())) == {0}
    assert "<tbody></tbody>" in quote._repr_html_()


def test_several_requests_are_named_in_their_order() -> None:
    asked: list[AdjustmentRequest] = [ExtendTerm(1), ShiftDueDates(3)]
    quote = quote_adjustment(ACCOUNT, asked, ANYTHING_GOES, ON).outcome
    assert str(quote).startswith("extend_term + shift_due_dates: allowed")


def test_the_frame_has_the_columns() -> None:
    pandas: Any = pytest.importorskip("pandas")
    frame: Any = QUOTE.to_frame("pandas")
    assert isinstance(frame, pandas.DataFrame)
    assert list(frame.columns) == list(QUOTE.to_columns())
    assert len(frame) == len(QUOTE.lines)


def test_the_json_is_that_of_the_plain_form() -> None:
    plain = json.loads(QUOTE.to_json())
    assert plain["version"] == QUOTE_FORM_VERSION
    assert plain["requests"] == [
        {
            "kind": "payment_holiday",
            "count": 1,
            "from_on": None,
            "is_interest_free": False,
        }
    ]
    assert plain["interest_delta_minor"] == 1680
    assert plain["changes"][0]["type"] == "loan.holiday_granted"
    assert plain["changes"][0]["payload"] == {"from_on": "2025-04-15", "count": 1}
    assert plain["lines"][2]["asked_before_minor"]["interest"] == 1631
    assert plain["before"] == json.loads(QUOTE.before.to_json())
    assert QUOTE.after is not None
    assert plain["after"] == json.loads(QUOTE.after.to_json())
    # A decision has it inside.
    whole = json.loads(canonical_json(DECISION))
    assert whole["outcome"] == plain


def test_a_float_is_written_so_that_it_reads_back() -> None:
    plain = json.loads(FULL.outcome.to_json())
    assert FULL.outcome.cost is not None
    assert float(plain["cost"]["delta"]) == FULL.outcome.cost.delta


@pytest.mark.parametrize("quote", [QUOTE, REFUSED.outcome, FULL.outcome])
def test_a_quote_survives_a_trip_between_processes(quote: AdjustmentQuote) -> None:
    for twin in (pickle.loads(pickle.dumps(quote)), copy.deepcopy(quote)):
        assert twin == quote
        assert hash(twin) == hash(quote)
        assert twin.to_json() == quote.to_json()


jsonschema: Any = pytest.importorskip("jsonschema")
VALIDATOR: Any = jsonschema.Draft202012Validator(
    json_schema_of_adjustment_quote(),
    format_checker=jsonschema.FormatChecker(["date"]),
)


def faults(quote: AdjustmentQuote) -> list[str]:
    plain = json.loads(quote.to_json())
    return [str(one.message)[:200] for one in VALIDATOR.iter_errors(plain)]


def test_the_schema_is_one_of_the_draft() -> None:
    schema = json_schema_of_adjustment_quote()
    jsonschema.Draft202012Validator.check_schema(schema)
    schema["$defs"] = {}
    assert json_schema_of_adjustment_quote()["$defs"]


@pytest.mark.parametrize("quote", [QUOTE, REFUSED.outcome, FULL.outcome])
def test_the_schema_knows_what_is_written(quote: AdjustmentQuote) -> None:
    assert faults(quote) == []


@pytest.mark.parametrize("kind", AdjustmentKind)
@pytest.mark.parametrize("method", ["equal_installments", "interest_only"])
def test_the_schema_knows_every_request(kind: AdjustmentKind, method: str) -> None:
    assert method in METHOD_CASES
    account, as_of = case_of("arrears", method)
    decision = quote_adjustment(account, request_of(kind, as_of), ANYTHING_GOES, as_of)
    assert faults(decision.outcome) == []


def test_the_schema_knows_a_renewal_that_is_too_small() -> None:
    request = request_of(AdjustmentKind.RENEW, ON)
    assert isinstance(request, Renew)
    tiny = attrs.evolve(
        request, terms=attrs.evolve(request.terms, principal=money("100.00"))
    )
    quote = quote_adjustment(ACCOUNT, tiny, ANYTHING_GOES, ON).outcome
    assert quote.renewal is not None
    assert quote.renewal.net_disbursement.is_negative
    assert faults(quote) == []


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("outcome", "maybe"),
        ("interest_before_minor", 1.5),
        ("lines", None),
        ("as_of", "20 March 2025"),
        ("more", 1),
    ],
)
def test_the_schema_refuses_what_is_never_written(name: str, wrong: object) -> None:
    plain = json.loads(QUOTE.to_json())
    assert VALIDATOR.is_valid(plain)
    assert not VALIDATOR.is_valid(plain | {name: wrong})
