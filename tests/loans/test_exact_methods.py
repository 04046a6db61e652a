from __future__ import annotations

import datetime as dt

import attrs
import pytest

from microcrm_core import Currency, CurrencyMismatchError, Money, ScheduleError
from microcrm_core.dates import Frequency
from microcrm_core.loans import (
    NO_GRACE,
    STRICT,
    STRICT_30_360,
    Bullet,
    CustomInstallments,
    CustomPrincipal,
    DeferredInterest,
    EqualInstallments,
    EqualPrincipal,
    Fee,
    FeeBase,
    FeeTiming,
    FlatInterest,
    Grace,
    Graduated,
    InterestOnly,
    InterestPause,
    LoanTerms,
    Portion,
    RateChange,
    Remainder,
    RepaymentMethod,
    RepaymentPlan,
    Schedule,
    ScheduleConventions,
    Seasonal,
    Tranche,
    UnpaidInterest,
    Weighted,
    build_schedule,
)
from microcrm_core.loans.asked import agreed_minor
from microcrm_core.loans.portions import portion_minor
from microcrm_core.rates import Rate
from tests.loans.loan_cases import EUR, make_terms

FIRST = attrs.evolve(STRICT_30_360, id="first", remainder=Remainder.FIRST)
SMOOTHED = attrs.evolve(STRICT_30_360, id="smoothed", remainder=Remainder.SMOOTHED)
MORATORIUM = Grace(
    principal_count=1,
    interest_payment_count=1,
    deferred_interest=DeferredInterest.CAPITALIZED,
)
ONE_PERCENT_PPM = 120_000
"""12 % a year: a hundredth of the balance in each month of 30/360."""


def planned(
    method: RepaymentMethod,
    minor: int = 100_000,
    *,
    count: int = 3,
    annual_ppm: int = ONE_PERCENT_PPM,
    grace: Grace = NO_GRACE,
    balloon: Portion | None = None,
    down_payment: Portion | None = None,
    fees: tuple[Fee, ...] = (),
    unpaid_interest: UnpaidInterest = UnpaidInterest.REFUSED,
) -> LoanTerms:
    plan = RepaymentPlan(
        method=method,
        grace=grace,
        balloon=balloon,
        down_payment=down_payment,
        fees=fees,
        unpaid_interest=unpaid_interest,
    )
    return attrs.evolve(make_terms(minor, annual_ppm, count), plan=plan)


def built(terms: LoanTerms, rules: ScheduleConventions = STRICT_30_360) -> Schedule:
    return build_schedule(terms, rules)


def euros(*minors: int) -> tuple[Money, ...]:
    return tuple(Money(minor, EUR) for minor in minors)


def test_a_thirty_year_mortgage_pays_what_a_sample_form_says() -> None:
    # Sample loan estimate of the US Consumer Financial Protection Bureau (2013):
    # $162,000 at 3.875 % over 30 years, $761.78 a month.
    terms = planned(EqualInstallments(), 16_200_000, count=360, annual_ppm=38_750)

    assert built(terms, SMOOTHED).level_installment.minor == 76_178


def test_a_mortgage_pays_interest_only_at_first_as_a_sample_form_says() -> None:
    # The sample for five years of interest only (2013): $211,000 at 4.375 %, $769.27.
    terms = planned(
        EqualInstallments(),
        21_100_000,
        count=360,
        annual_ppm=43_750,
        grace=Grace(principal_count=60),
    )

    schedule = built(terms)

    assert set(schedule.total_minor[:60]) == {76_927}
    assert schedule.principal_minor[60] > 0


def test_interest_only_payments_are_those_of_a_sample_disclosure() -> None:
    # A disclosure example for a fixed rate with a balloon: $300,000 at 7.5 %, interest
    # only, $1875.00 a month, 15 years; "your loan balance cannot rise".
    schedule = built(planned(InterestOnly(), 30_000_000, count=180, annual_ppm=75_000))

    assert set(schedule.interest_minor) == {187_500}
    assert schedule.principal_minor == (0,) * 179 + (30_000_000,)


def test_flat_interest_is_that_of_a_loan_system_s_examples() -> None:
    # TurnKey Lender, "Flat Interest Rate": 1000 at 1 % a month in 3 months is 343.33,
    # 343.33, 343.34, with principal 333.33, 333.33, 333.34. 10,000 at 3 % in 12
    # months is 1133.33, with 300.00 of interest.
    small = built(planned(FlatInterest()), SMOOTHED)
    large = built(
        planned(FlatInterest(), 1_000_000, count=12, annual_ppm=360_000), SMOOTHED
    )

    assert small.total_minor == (34_333, 34_333, 34_334)
    assert small.principal_minor == (33_333, 33_333, 33_334)
    assert set(large.interest_minor) == {30_000}
    assert set(large.total_minor[:-1]) == {113_333}
    assert large.outstanding_minor[:3] == (916_667, 833_334, 750_001)


def test_equal_principal_pays_interest_on_what_is_left() -> None:
    # 1000.00 at 1 %: 10.00, then 666.66 and 333.32 bear 6.6666 and 3.3332.
    schedule = built(planned(EqualPrincipal()))

    assert schedule.principal_minor == (33_334, 33_334, 33_332)
    assert schedule.interest_minor == (1000, 667, 333)


@pytest.mark.parametrize(
    ("method", "interests", "capitalized", "last"),
    [
        (Bullet(), (0, 0, 3000), (0, 0, 0), 100_000),
        # 1000.00, 1010.00 and 1020.10 bear a hundredth each.
        (Bullet(is_compounded=True), (0, 0, 1020), (1000, 1010, 0), 102_010),
    ],
)
def test_a_bullet_is_due_at_the_end(
    method: Bullet,
    interests: tuple[int, ...],
    capitalized: tuple[int, ...],
    last: int,
) -> None:
    schedule = built(planned(method))

    assert schedule.interest_minor == interests
    assert schedule.capitalized_minor == capitalized
    assert schedule.principal_minor == (0, 0, last)
    assert schedule.total_interest.minor == sum(interests) + sum(capitalized)


@pytest.mark.parametrize(
    ("method", "totals"),
    [
        # 143 is the least: with 142 the last row, 574, is more than 568.
        (Graduated.of(step_share=1, step_count=1), (143, 286, 571)),
        (Graduated.of(step_share="-0.5", step_count=2), (400, 400, 200)),
        (Weighted((1, 0, 1)), (500, 0, 500)),
        (Weighted((1, 1, "0.5")), (400, 400, 200)),
        # Due in February, March and April.
        (Seasonal((0, 1, 1, 2, 0, 0, 0, 0, 0, 0, 0, 0)), (250, 250, 500)),
        (CustomInstallments(euros(700, 100)), (700, 100, 200)),
        (CustomInstallments(euros(700, 400)), (700, 300, 0)),
        (CustomPrincipal(euros(700, 0, 300)), (700, 0, 300)),
        (EqualPrincipal(), (334, 334, 332)),
        (FlatInterest(), (334, 334, 332)),
        (InterestOnly(), (0, 0, 1000)),
    ],
)
def test_without_interest_only_the_proportions_are_left(
    method: RepaymentMethod, totals: tuple[int, ...]
) -> None:
    terms = planned(method, 1000, annual_ppm=0)

    assert built(terms).total_minor == totals


@pytest.mark.parametrize(
    ("method", "rules", "totals"),
    [
        (EqualInstallments(), FIRST, (332, 334, 334)),
        (EqualInstallments(), SMOOTHED, (333, 333, 334)),
        (EqualPrincipal(), FIRST, (334, 333, 333)),
        (EqualPrincipal(), SMOOTHED, (333, 333, 334)),
        (FlatInterest(), FIRST, (334, 333, 333)),
        (FlatInterest(), SMOOTHED, (333, 333, 334)),
    ],
)
def test_the_remainder_goes_where_the_conventions_say(
    method: RepaymentMethod, rules: ScheduleConventions, totals: tuple[int, ...]
) -> None:
    assert built(planned(method, 1000, annual_ppm=0), rules).total_minor == totals


def test_a_tie_of_smoothing_goes_to_the_smaller_amount() -> None:
    # 3 in two: 2 + 1 and 1 + 2 are equally far apart.
    for method in (EqualInstallments(), EqualPrincipal(), FlatInterest()):
        terms = planned(method, 3, count=2, annual_ppm=0)
        assert built(terms, SMOOTHED).total_minor == (1, 2)


def test_installments_and_interest_keep_to_their_multiples() -> None:
    # A hundredth of 1000 is 10, of 660 and 315 it is 6.6 and 3.15, in fives 5 and 5;
    # with 300 instead of 350 the last installment would be larger than the others.
    rules = attrs.evolve(
        STRICT_30_360, id="fives", currency_multiple=5, installment_multiple=50
    )
    schedule = built(planned(EqualInstallments(), 1000), rules)

    assert schedule.interest_minor == (10, 5, 5)
    assert schedule.total_minor == (350, 350, 320)


def test_a_balloon_is_left_to_the_last_installment() -> None:
    terms = planned(
        EqualInstallments(), 1000, annual_ppm=0, balloon=Portion.of_share("0.4")
    )
    assert built(terms).total_minor == (200, 200, 600)

    terms = planned(
        EqualPrincipal(), 1000, annual_ppm=0, balloon=Portion.of_amount(Money(100, EUR))
    )
    assert built(terms).total_minor == (300, 300, 400)


def test_a_down_payment_is_a_row_of_its_own() -> None:
    terms = planned(
        EqualInstallments(), annual_ppm=0, down_payment=Portion.of_share("0.25")
    )
    schedule = built(terms)

    assert schedule.is_down_payment == (True, False, False, False)
    assert schedule.total_minor == (25_000,) * 4
    assert schedule.due_on[0] == terms.disbursed_on
    assert schedule.outstanding_minor == (75_000, 50_000, 25_000, 0)
    assert schedule.level_installment.minor == 25_000


def test_a_tranche_has_its_down_payment_before_an_installment_of_the_day() -> None:
    terms = planned(
        EqualInstallments(), annual_ppm=0, down_payment=Portion.of_share("0.25")
    )
    tranche = Tranche(disbursed_on=dt.date(2025, 2, 15), amount=Money(40_000, EUR))
    schedule = built(attrs.evolve(terms, tranches=(tranche,)))

    # 450.00 in three is 150.00; then 300.00 and 300.00 of the tranche in two.
    assert schedule.is_down_payment == (True, True, False, False, False)
    assert schedule.due_on[1] == schedule.due_on[2]
    assert schedule.total_minor == (15_000, 10_000, 15_000, 30_000, 30_000)
    assert schedule.outstanding_minor == (45_000, 75_000, 60_000, 30_000, 0)


def test_fees_are_due_with_installments_added_to_the_debt_or_in_no_row() -> None:
    fees = (
        Fee(
            name="service",
            timing=FeeTiming.PER_INSTALLMENT,
            portion=Portion.of_amount(Money(150, EUR)),
        ),
        Fee(
            name="insurance",
            timing=FeeTiming.PER_INSTALLMENT,
            portion=Portion.of_share("0.001"),
            base=FeeBase.OUTSTANDING,
        ),
        Fee(
            name="origination",
            timing=FeeTiming.FINANCED,
            portion=Portion.of_share("0.2"),
        ),
        Fee(name="file", timing=FeeTiming.UPFRONT, portion=Portion.of_share("0.01")),
    )
    schedule = built(planned(EqualPrincipal(), annual_ppm=0, fees=fees))

    # 1200.00 are owed, 400.00 are repaid each time.
    assert schedule.principal_minor == (40_000,) * 3
    assert schedule.fees_minor == (150 + 120, 150 + 80, 150 + 40)
    assert schedule.total_fees.minor == 690
    assert schedule.financed_fees.minor == 20_000
    assert schedule.upfront_fees.minor == 1_000
    assert schedule.total.minor == 120_690


@pytest.mark.parametrize(
    ("deferred", "interests", "capitalized"),
    [
        # 1010.00 in two rows bear 10.10, then 5.0748...
        (DeferredInterest.CAPITALIZED, (0, 1010, 508), (1000, 0, 0)),
        # 1000.00 in two rows bear 10.00 and 5.02, and the first 10.00 wait.
        (DeferredInterest.FIRST_INSTALLMENT, (0, 2000, 502), (0, 0, 0)),
        (DeferredInterest.LAST_INSTALLMENT, (0, 1000, 1502), (0, 0, 0)),
    ],
)
def test_interest_of_a_moratorium_goes_where_the_plan_says(
    deferred: DeferredInterest, interests: tuple[int, ...], capitalized: tuple[int, ...]
) -> None:
    grace = attrs.evolve(MORATORIUM, deferred_interest=deferred)
    schedule = built(planned(EqualInstallments(), grace=grace))

    assert schedule.interest_minor == interests
    assert schedule.capitalized_minor == capitalized
    assert schedule.total_minor[0] == 0


def test_grace_on_principal_pays_interest_only() -> None:
    schedule = built(planned(EqualInstallments(), grace=Grace(principal_count=1)))

    assert schedule.principal_minor[0] == 0
    assert schedule.interest_minor[:2] == (1000, 1000)
    # Two rows of 507.51: 1000.00 at 1 % in two, 507.5124...
    assert schedule.level_installment.minor == 50_752 - 1
    assert schedule.total_minor[1] == 50_751


def test_interest_free_periods_bear_none() -> None:
    schedule = built(planned(EqualInstallments(), grace=Grace(interest_free_count=2)))

    assert schedule.interest_minor[:2] == (0, 0)
    assert schedule.interest_minor[2] > 0


def test_equal_principal_is_made_anew_after_interest_was_added_to_it() -> None:
    # 500.00 of 1000.00 is repaid in the first row; 10.00 of interest come to the debt.
    grace = Grace(
        interest_payment_count=1, deferred_interest=DeferredInterest.CAPITALIZED
    )
    schedule = built(planned(EqualPrincipal(), count=2, grace=grace))

    assert schedule.principal_minor == (50_000, 51_000)
    assert schedule.interest_minor == (0, 510)


@pytest.mark.parametrize(
    ("unpaid", "interests", "principals", "capitalized"),
    [
        # 10.00 are due and 5.00 paid. They wait: 15.00 are due, then 7.15 of 715.00.
        (UnpaidInterest.CARRIED, (500, 1500, 715), (0, 28_500, 71_500), (0, 0, 0)),
        # They are added: 1005.00 bear 10.05, then 715.05 bear 7.1505.
        (
            UnpaidInterest.CAPITALIZED,
            (500, 1005, 715),
            (0, 28_995, 71_505),
            (500, 0, 0),
        ),
    ],
)
def test_interest_above_an_installment_waits_or_is_added(
    unpaid: UnpaidInterest,
    interests: tuple[int, ...],
    principals: tuple[int, ...],
    capitalized: tuple[int, ...],
) -> None:
    method = CustomInstallments(euros(500, 30_000))
    schedule = built(planned(method, unpaid_interest=unpaid))

    assert schedule.interest_minor == interests
    assert schedule.principal_minor == principals
    assert schedule.capitalized_minor == capitalized


def test_interest_above_an_installment_is_refused_by_default() -> None:
    terms = planned(CustomInstallments(euros(500, 30_000)))

    with pytest.raises(
        ScheduleError, match=r"^installment 1 of 3 must cover .* got EUR 5.00; "
    ) as error:
        built(terms)

    assert error.value.rule == "must cover the interest of its period, EUR 10.00"


def test_a_pause_makes_only_the_last_installment_smaller() -> None:
    terms = planned(EqualInstallments())
    pause = InterestPause(dt.date(2025, 2, 16), dt.date(2025, 3, 16))
    with_pause = built(attrs.evolve(terms, interest_pauses=(pause,)))
    without = built(terms)

    assert with_pause.interest_minor[1] == 0
    assert with_pause.total_minor[:2] == without.total_minor[:2]
    assert with_pause.total_minor[2] < without.total_minor[2]


def test_a_new_rate_makes_the_level_anew_from_its_period() -> None:
    # From the second period on nothing bears interest: what is left, in two.
    change = RateChange(from_on=dt.date(2025, 2, 16), nominal_rate=Rate.per_year(0))
    terms = planned(EqualInstallments())
    schedule = built(attrs.evolve(terms, rate_changes=(change,)))
    foreseen = built(terms)

    assert schedule.total_minor[0] == foreseen.total_minor[0]
    left = schedule.outstanding_minor[0]
    assert schedule.total_minor[1:] == (-(-left // 2), left // 2)


def test_a_fixed_length_moves_only_the_last_due_date() -> None:
    terms = attrs.evolve(planned(EqualInstallments()), last_due_on=dt.date(2025, 4, 30))
    schedule = built(terms)

    assert schedule.due_on == (
        dt.date(2025, 2, 15),
        dt.date(2025, 3, 15),
        dt.date(2025, 4, 30),
    )
    # 45 days of 30/360 are one and a half hundredths.
    working = schedule.explain(3)
    assert working.interest_exact * 200 == 3 * working.slices[0].balance_minor


REFUSED = [
    (
        planned(EqualInstallments(), grace=Grace(principal_count=3)),
        r"^plan.grace.principal_count must be less than installment_count 3, got 3;",
    ),
    (planned(Weighted((1, 1))), r"must have 3 weights, one for each .*, got 2;"),
    (
        planned(Seasonal((1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0))),
        r"^installment 3 of 3: plan.method.month_weights\[3\] .* in month 4, got 0;",
    ),
    (
        planned(CustomPrincipal(euros(1, 2))),
        r"^plan.method.amounts must have 3 amounts for 3 installments, got 2;",
    ),
    (
        planned(CustomPrincipal(euros(1, 2, 3))),
        r"add up to .* EUR 1000.00, got EUR 0.06;",
    ),
    (
        planned(CustomInstallments(euros(1))),
        r"must have 2 amounts for 3 .* but the last",
    ),
    (
        planned(EqualInstallments(), balloon=Portion.of_amount(Money(100_001, EUR))),
        r"^plan.balloon must not be more .*, EUR 1000.00, got EUR 1000.01;",
    ),
    (
        planned(
            EqualInstallments(), down_payment=Portion.of_amount(Money(100_000, EUR))
        ),
        r"^plan.down_payment must be less .*, EUR 1000.00, got EUR 1000.00;",
    ),
    (
        attrs.evolve(
            planned(FlatInterest()),
            tranches=(Tranche(disbursed_on=dt.date(2025, 2, 1), amount=Money(1, EUR)),),
        ),
        r"^tranches must be empty for FlatInterest, .*, got 1;",
    ),
    (
        attrs.evolve(
            planned(CustomPrincipal(euros(90_000, 5_000, 5_000))),
            tranches=(
                Tranche(disbursed_on=dt.date(2025, 3, 1), amount=Money(50_000, EUR)),
            ),
        ),
        r"^installment 1 of 3: plan.method.amounts\[0\] .* 500.00, got EUR 900.00;",
    ),
]


@pytest.mark.parametrize(("terms", "text"), REFUSED, ids=lambda value: str(value)[:40])
def test_terms_without_a_schedule_are_refused_with_what_was_found(
    terms: LoanTerms, text: str
) -> None:
    with pytest.raises(ScheduleError, match=text):
        built(terms)


def test_amounts_in_another_currency_are_refused() -> None:
    # Terms hold none; those who call the parts of the engine are told so too.
    terms, dollar = make_terms(), Money(1, Currency.of("USD"))
    portion = Portion.of_amount(dollar)

    with pytest.raises(CurrencyMismatchError, match="must be in EUR, got 'USD'"):
        agreed_minor([dollar], 1, terms)
    with pytest.raises(CurrencyMismatchError, match="must be in EUR, got 'USD'"):
        portion_minor(portion, 100, terms, STRICT)


def test_dates_far_away_have_schedules_too() -> None:
    for disbursed_on, first_due_on in (
        (dt.date(1900, 1, 31), dt.date(1900, 2, 28)),
        (dt.date(2199, 1, 31), dt.date(2199, 2, 28)),
    ):
        terms = make_terms(
            disbursed_on=disbursed_on, first_due_on=first_due_on, installment_count=2
        )
        for frequency in (Frequency.MONTHLY, Frequency.SEMIMONTHLY):
            schedule = build_schedule(attrs.evolve(terms, frequency=frequency), STRICT)
            assert schedule.due_on[0] == first_due_on
            assert sum(schedule.principal_minor) == 100_000


def test_weights_beyond_any_float_have_a_schedule_too() -> None:
    # A thousandfold each time: with one cent at first, the third pays all the rest.
    method = Graduated.of(step_share=999, step_count=1)
    schedule = built(planned(method, count=150, annual_ppm=0))

    assert schedule.total_minor == (1, 1000, 98_999, *(0,) * 147)
