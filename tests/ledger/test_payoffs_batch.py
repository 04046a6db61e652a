from __future__ import annotations

import datetime as dt
import random

import pytest

from microcrm_core.errors import InvalidValueError
from microcrm_core.ledger import (
    PLAIN_LEDGER,
    RECALCULATING_LEDGER,
    Bucket,
    LedgerPolicy,
    LoanStatus,
    payoff_quote,
)
from microcrm_core.ledger.payoffs_batch import PayoffColumns, payoff_quotes
from microcrm_core.ledger.state_columns_batch import STATUSES
from microcrm_core.loans import STRICT
from tests.ledger.columnar_cases import (
    FEE,
    PENALTY,
    Log,
    charge,
    columns_of,
    day_of,
    events_of,
    lent,
    paid,
    rows_of,
    seeded_log,
    tables,
    terms_of,
)

FIRST, SECOND = dt.date(2025, 2, 15), dt.date(2025, 3, 15)
DAY = dt.timedelta(days=1)


def quotes_of(
    logs: list[Log], on: dt.date, policy: LedgerPolicy = PLAIN_LEDGER
) -> PayoffColumns:
    loans = tables(logs)
    events = events_of(logs, loans)
    return payoff_quotes(rows_of(loans), events, policy=policy, on_day=day_of(on))


@pytest.mark.parametrize("on", [dt.date(2025, 1, 14), FIRST, dt.date(2025, 5, 3)])
def test_quotes_in_columns_are_those_of_each_loan(on: dt.date) -> None:
    rng = random.Random(7)
    logs = [seeded_log(rng, number) for number in range(30)]
    found = quotes_of(logs, on)
    columns = (
        found.principal_minor,
        found.interest_minor,
        found.fees_minor,
        found.penalties_minor,
    )
    for number, (terms, log) in enumerate(logs):
        quote = payoff_quote(terms, log, conventions=STRICT, policy=PLAIN_LEDGER, on=on)
        assert [int(column[number]) for column in columns] == [
            quote.amount_in(bucket).minor for bucket in Bucket
        ]
        assert found.total_minor[number] == quote.total.minor


def test_a_quote_that_is_paid_on_its_day_closes_the_loan() -> None:
    terms = terms_of()
    log = [
        lent(terms),
        paid(20_000, FIRST),
        charge(FEE, 300, FIRST, SECOND),
        charge(PENALTY, 500, SECOND, SECOND, key="late"),
    ]
    total_minor = int(quotes_of([(terms, log)], SECOND).total_minor[0])
    closing = paid(total_minor, SECOND, minute=9, key="closing")
    states = columns_of([(terms, [*log, closing])], SECOND)

    assert STATUSES[states.status_index[0]] is LoanStatus.CLOSED
    assert states.outstanding_minor.sum() == 0
    assert states.credit_minor.tolist() == [0]
    before = columns_of([(terms, [*log, closing])], SECOND - DAY)
    assert before.outstanding_minor.sum() > 0


def test_policies_under_which_an_early_payer_saves_interest_are_refused() -> None:
    terms = terms_of()
    with pytest.raises(InvalidValueError, match="early_payment must be 'nothing'"):
        quotes_of([(terms, [lent(terms)])], FIRST, RECALCULATING_LEDGER)
