"""Identities: text at run time, separate types for the checker.

An id never encodes a person: names, phone numbers and documents do not belong
in it. Derived ids are deterministic, so the same fact always gets the same id.

Example:
    >>> from microcrm_core.ids import CustomerId, derived_id
    >>> customer_id = CustomerId("c-17")
    >>> derived_id("review", "2025-01-31", customer_id)
    'review-353108b56a91aeb22caf50e2'
"""

from __future__ import annotations

import hashlib
from typing import NewType

from microcrm_core.checks import name_text

__all__ = [
    "CustomerId",
    "EventId",
    "LoanId",
    "PolicyId",
    "RepaymentId",
    "ReviewId",
    "TransactionId",
    "derived_id",
]

CustomerId = NewType("CustomerId", str)
LoanId = NewType("LoanId", str)
TransactionId = NewType("TransactionId", str)
RepaymentId = NewType("RepaymentId", str)
EventId = NewType("EventId", str)
PolicyId = NewType("PolicyId", str)
ReviewId = NewType("ReviewId", str)


def derived_id(kind: str, *parts: str) -> str:
    """Return the id of *kind* that these parts, in this order, always get.

    Ninety-six bits of SHA-256 over the parts with their lengths, so that
    ("ab", "c") and ("a", "bc") differ.

    Args:
        kind: What the id names; becomes its readable prefix.
        parts: Texts that together identify the thing.

    Raises:
        InvalidValueError: *kind* is empty or has spaces around it.

    Example:
        >>> from microcrm_core.ids import derived_id
        >>> derived_id("event", "a", "bc") == derived_id("event", "ab", "c")
        False
    """
    name_text("kind", kind)
    digest = hashlib.sha256()
    for part in parts:
        encoded = part.encode()
        digest.update(f"{len(encoded)}:".encode() + encoded)
    return f"{kind}-{digest.hexdigest()[:24]}"
