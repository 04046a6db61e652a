"""Copies of a book, to go on from or to try something on.

A copy and its original never meet again: what happens to one does not happen to the
other. Terms, conventions, policy and events never change, so they are shared.

Example:
    >>> from microcrm_core.ledger.book_copies import copied_book
    >>> copied_book.__name__
    'copied_book'
"""

from __future__ import annotations

import copy

from microcrm_core.ledger.books import LedgerBook

__all__ = ["copied_book"]


def copied_book(book: LedgerBook) -> LedgerBook:
    """Return a copy that shares what never changes.

    Example:
        See `microcrm_core.ledger.checkpoints`.
    """
    policy = book.policy
    orders = (policy.allocation, *policy.allocation_by_kind.values())
    shared = (
        book.terms, book.agreed, book.conventions, policy, *orders,
        book.events, *book.events,
    )  # fmt: skip
    return copy.deepcopy(book, {id(value): value for value in shared})
