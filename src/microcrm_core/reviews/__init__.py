"""Reviews: tier, due-day advice and quote of every customer, as of one day.

Reading folders is in `files_batch`, the review of a whole portfolio in `batch`,
keeping it in `service`.
"""

from __future__ import annotations

from microcrm_core.reviews.customer_review import (
    CustomerReview,
    advise_due_day,
    is_monthly,
    month_due_day,
    review_customer,
)
from microcrm_core.reviews.policies import (
    REVIEW_BASIC,
    ReviewPolicies,
    parse_review_policies,
    review_policies_from_plain,
    review_policies_to_plain,
)

__all__ = [
    "REVIEW_BASIC",
    "CustomerReview",
    "ReviewPolicies",
    "advise_due_day",
    "is_monthly",
    "month_due_day",
    "parse_review_policies",
    "review_customer",
    "review_policies_from_plain",
    "review_policies_to_plain",
]
