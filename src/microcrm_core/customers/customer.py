"""Customers: who they are to the lender, as far as it is known.

A customer of a micro-lender runs a small business, trades alone or lives on
wages. The library knows no names, phone numbers or documents: an opaque id stands
for the person, and what is recorded beside it is optional. `transactions` and
`profile` are the modules to read next.

Example:
    >>> import datetime as dt
    >>> from microcrm_core import Currency
    >>> from microcrm_core.customers import Customer, CustomerKind
    >>> customer = Customer(
    ...     id="c-1",
    ...     kind=CustomerKind.SOLE_TRADER,
    ...     currency=Currency.of("EUR"),
    ...     known_on=dt.date(2024, 1, 2),
    ... )
    >>> customer.kind.value, customer.industry
    ('sole_trader', None)
"""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import Any, Final

import attrs

from microcrm_core.checks import day_field, name_text_field
from microcrm_core.errors import InvalidValueError
from microcrm_core.ids import CustomerId
from microcrm_core.money import Currency

__all__ = ["Customer", "CustomerKind"]


class CustomerKind(StrEnum):
    """What the customer lives on.

    The text is the stored form; a column holds the position in
    `tuple(CustomerKind)`. New kinds are added at the end.

    Attributes:
        SMALL_BUSINESS: A firm, with or without employees.
        SOLE_TRADER: One person who trades in their own name.
        WAGE_EARNER: A person with a salary.

    Example:
        >>> from microcrm_core.customers import CustomerKind
        >>> [kind.value for kind in CustomerKind]
        ['small_business', 'sole_trader', 'wage_earner']
    """

    SMALL_BUSINESS = "small_business"
    SOLE_TRADER = "sole_trader"
    WAGE_EARNER = "wage_earner"


def _kind_field(
    _instance: object, _attribute: attrs.Attribute[Any], value: object
) -> None:
    if not isinstance(value, CustomerKind):
        raise InvalidValueError(
            "kind", "must be a CustomerKind", value, hint="use CustomerKind(text)"
        )


def _currency_field(
    _instance: object, _attribute: attrs.Attribute[Any], value: object
) -> None:
    if not isinstance(value, Currency):
        raise InvalidValueError(
            "currency", "must be a Currency", value, hint='use Currency.of("EUR")'
        )


_NAME_IF_GIVEN: Final = attrs.validators.optional(name_text_field)


def _birthday_field(
    _instance: object, attribute: attrs.Attribute[Any], value: object
) -> None:
    if value is not None and (
        not isinstance(value, dt.date) or isinstance(value, dt.datetime)
    ):
        # The value says something of a person, so the error shows its type only.
        found = type(value).__name__
        raise InvalidValueError(attribute.name, "must be a date without a time", found)


@attrs.frozen(kw_only=True)
class Customer:
    """A borrower, or someone who asked to be one.

    Attributes:
        id: Opaque; it names nobody.
        kind: What the customer lives on.
        currency: The one currency of the customer's money in this library.
        industry: Trade, in the lender's own words; None: not given.
        region: Place, in the lender's own words; None: not given.
        birthday: Personal data, so never shown; None: not given.
        channel: How the customer came, such as "branch"; None: not given.
        referred_by: The customer who brought this one; None: nobody, or not known.
        known_on: Day on which the lender came to know the customer.

    Raises:
        InvalidValueError: A field breaks its rule, or *referred_by* is the
            customer.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Currency
        >>> from microcrm_core.customers import Customer, CustomerKind
        >>> customer = Customer(
        ...     id="c-1",
        ...     kind=CustomerKind.WAGE_EARNER,
        ...     currency=Currency.of("EUR"),
        ...     birthday=dt.date(1990, 5, 17),
        ...     known_on=dt.date(2024, 1, 2),
        ... )
        >>> "1990" in repr(customer)
        False
    """

    id: CustomerId = attrs.field(validator=name_text_field)
    kind: CustomerKind = attrs.field(validator=_kind_field)
    currency: Currency = attrs.field(validator=_currency_field)
    industry: str | None = attrs.field(default=None, validator=_NAME_IF_GIVEN)
    region: str | None = attrs.field(default=None, validator=_NAME_IF_GIVEN)
    birthday: dt.date | None = attrs.field(
        default=None, validator=_birthday_field, repr=False
    )
    channel: str | None = attrs.field(default=None, validator=_NAME_IF_GIVEN)
    referred_by: CustomerId | None = attrs.field(default=None, validator=_NAME_IF_GIVEN)
    known_on: dt.date = attrs.field(validator=day_field)

    def __attrs_post_init__(self) -> None:
        """Refuse a customer who refers to themselves."""
        if self.referred_by == self.id:
            raise InvalidValueError(
                "referred_by", "must be another customer", self.referred_by
            )
