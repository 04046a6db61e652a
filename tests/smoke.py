"""What must work from the wheel in an environment without any extra: a plain script.

CI copies it beside nothing else and runs it, so that nothing is found by accident.
"""

from __future__ import annotations

import datetime as dt
import importlib
import pkgutil
import sys
from collections.abc import Callable

import microcrm_core

EXTRAS = ("holidays", "hypothesis", "matplotlib", "msgspec", "narwhals", "pandas",
          "polars", "pyarrow", "pytest", "sqlalchemy")  # fmt: skip


def main() -> None:
    """Import everything, build a schedule, review a sample, meet a missing extra."""
    loaded = [name for name in ("numpy", *EXTRAS) if name in sys.modules]
    assert loaded == [], f"importing the package loaded {loaded}"

    for module in pkgutil.walk_packages(
        microcrm_core.__path__, prefix="microcrm_core."
    ):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    loaded = [name for name in EXTRAS if name in sys.modules]
    assert loaded == [], f"importing every module loaded {loaded}"
    for name in microcrm_core.__all__:
        getattr(microcrm_core, name)

    from microcrm_core.adjustments import DueDayAdvice
    from microcrm_core.plots import plot_due_days
    from microcrm_core.reviews.batch import review_portfolio
    from microcrm_core.samples import sample_portfolio

    portfolio = sample_portfolio(customers=30, seed=7)
    review = review_portfolio(
        portfolio, microcrm_core.REVIEW_BASIC, dt.date(2025, 6, 30)
    )
    assert sum(review.tier_counts().values()) == 30
    assert missing_extra(review.to_frame) == "frames"
    advice = DueDayAdvice(
        due_day=None,
        current_due_day=5,
        needed=microcrm_core.Money(500, microcrm_core.Currency.of("EUR")),
        months=0,
    )
    assert missing_extra(lambda: plot_due_days(advice)) == "plot"
    print("smoke test passed: Python", sys.version.split()[0])


def missing_extra(action: Callable[[], object]) -> str | None:
    """Return which extra *action* asks for; None if it works without."""
    try:
        action()
    except microcrm_core.MissingExtraError as error:
        return error.extra
    return None


if __name__ == "__main__":
    main()
