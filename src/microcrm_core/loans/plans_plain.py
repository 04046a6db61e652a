"""Repayment plans as plain JSON values, and back: strict, with the path to a fault.

A method is an object with its `kind` and what else it needs. Parts that have a
default may be left out when reading; when writing, every part is there.

Example:
    >>> from microcrm_core.loans import EQUAL_INSTALLMENTS
    >>> from microcrm_core.loans.plans_plain import plan_to_plain
    >>> plan_to_plain(EQUAL_INSTALLMENTS)["method"]
    {'kind': 'equal_installments'}
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Final

from microcrm_core.errors import PolicyError
from microcrm_core.loans.fees import Fee, FeeBase, FeeTiming, Portion
from microcrm_core.loans.methods import (
    METHOD_KINDS,
    Bullet,
    CustomInstallments,
    CustomPrincipal,
    EqualInstallments,
    EqualPrincipal,
    FlatInterest,
    Graduated,
    InterestOnly,
    RepaymentMethod,
    Seasonal,
    Weighted,
    method_kind,
)
from microcrm_core.loans.plain_values import (
    fraction_text,
    money_from_plain,
    money_to_plain,
    plain_flag,
    plain_fraction,
    plain_items,
    plain_kind,
    plain_whole,
)
from microcrm_core.loans.plans import (
    NO_GRACE,
    DeferredInterest,
    Grace,
    RepaymentPlan,
    UnpaidInterest,
)
from microcrm_core.money import Money
from microcrm_core.rules.plain import (
    Plain,
    faults_below,
    plain_choice,
    plain_mapping,
    plain_text,
)

__all__ = [
    "method_from_plain",
    "method_to_plain",
    "plan_from_plain",
    "plan_to_plain",
]

# What a method needs beside its kind, and what may be left out.
_PARTS: Final[Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "bullet": ((), ("is_compounded",)),
    "graduated": (("step_share", "step_count"), ()),
    "weighted": (("weights",), ()),
    "seasonal": (("month_weights",), ()),
    "custom_principal": (("amounts",), ()),
    "custom_installments": (("amounts",), ()),
}


def method_to_plain(method: RepaymentMethod) -> Plain:
    """Return *method* as a JSON object.

    Example:
        >>> from microcrm_core.loans import Weighted
        >>> from microcrm_core.loans.plans_plain import method_to_plain
        >>> method_to_plain(Weighted((1, 1, "0.5")))
        {'kind': 'weighted', 'weights': ['1', '1', '0.5']}
    """
    kind = method_kind(method)
    match method:
        case Bullet():
            return {"kind": kind, "is_compounded": method.is_compounded}
        case Graduated():
            step = fraction_text(method.step_share)
            return {"kind": kind, "step_share": step, "step_count": method.step_count}
        case Weighted():
            return {"kind": kind, "weights": _texts(method.weights)}
        case Seasonal():
            return {"kind": kind, "month_weights": _texts(method.month_weights)}
        case CustomPrincipal() | CustomInstallments():
            return {"kind": kind, "amounts": [*map(money_to_plain, method.amounts)]}
        case EqualInstallments() | EqualPrincipal() | InterestOnly() | FlatInterest():
            return {"kind": kind}


def method_from_plain(plain: object, *, path: str = "method") -> RepaymentMethod:
    """Return the repayment method that a JSON object stands for.

    Raises:
        PolicyError: It has another shape or an unknown kind, or no valid method comes
            of it; the error's `field` is the path to the fault.

    Example:
        >>> from microcrm_core.loans.plans_plain import method_from_plain
        >>> method_from_plain({"kind": "bullet", "is_compounded": True})
        Bullet(is_compounded=True)
    """
    # The kind says which other keys there are, so it is read before them.
    kind = plain_kind(plain, path, METHOD_KINDS)
    needed, optional = _PARTS.get(kind, ((), ()))
    parts = plain_mapping(plain, path, needed=("kind", *needed), optional=optional)
    with faults_below(path):
        match kind:
            case "bullet":
                is_compounded = parts.get("is_compounded", False)
                return Bullet(plain_flag(is_compounded, f"{path}.is_compounded"))
            case "graduated":
                return Graduated(
                    step_share=plain_fraction(
                        parts["step_share"], f"{path}.step_share"
                    ),
                    step_count=plain_whole(parts["step_count"], f"{path}.step_count"),
                )
            case "weighted":
                return Weighted(_fractions(parts["weights"], f"{path}.weights"))
            case "seasonal":
                where = f"{path}.month_weights"
                return Seasonal(_fractions(parts["month_weights"], where))
            case "custom_principal":
                return CustomPrincipal(_moneys(parts["amounts"], f"{path}.amounts"))
            case "custom_installments":
                return CustomInstallments(_moneys(parts["amounts"], f"{path}.amounts"))
            case _:
                return _SIMPLE[kind]


_SIMPLE: Final[Mapping[str, RepaymentMethod]] = {
    "equal_installments": EqualInstallments(),
    "equal_principal": EqualPrincipal(),
    "interest_only": InterestOnly(),
    "flat_interest": FlatInterest(),
}


def plan_to_plain(plan: RepaymentPlan) -> Plain:
    """Return *plan* as a JSON object with every part.

    Example:
        >>> from microcrm_core.loans import EQUAL_INSTALLMENTS
        >>> from microcrm_core.loans.plans_plain import plan_to_plain
        >>> list(plan_to_plain(EQUAL_INSTALLMENTS))
        ['method', 'grace', 'balloon', 'down_payment', 'fees', 'unpaid_interest']
    """
    grace = plan.grace
    deferred = grace.deferred_interest
    return {
        "method": method_to_plain(plan.method),
        "grace": {
            "principal_count": grace.principal_count,
            "interest_payment_count": grace.interest_payment_count,
            "interest_free_count": grace.interest_free_count,
            "deferred_interest": None if deferred is None else deferred.value,
        },
        "balloon": _portion_to_plain(plan.balloon),
        "down_payment": _portion_to_plain(plan.down_payment),
        "fees": [
            {
                "name": fee.name,
                "timing": fee.timing.value,
                "portion": _portion_to_plain(fee.portion),
                "base": fee.base.value,
                "is_cost_of_credit": fee.is_cost_of_credit,
            }
            for fee in plan.fees
        ],
        "unpaid_interest": plan.unpaid_interest.value,
    }


def plan_from_plain(plain: object, *, path: str = "plan") -> RepaymentPlan:
    """Return the repayment plan that a JSON object stands for.

    Only `method` must be there; the other parts have the defaults of `RepaymentPlan`.

    Args:
        plain: What a JSON parser gave.
        path: Where it stands, for the errors.

    Raises:
        PolicyError: It has another shape, or no valid plan comes of it; the error's
            `field` is the path to the fault.

    Example:
        >>> from microcrm_core.loans.plans_plain import plan_from_plain
        >>> plan_from_plain(
        ...     {"method": {"kind": "equal_principal"}, "grace": {"principal_count": 3}}
        ... ).grace.principal_count
        3
    """
    parts = plain_mapping(
        plain,
        path,
        needed=("method",),
        optional=("grace", "balloon", "down_payment", "fees", "unpaid_interest"),
    )
    fees = plain_items(parts.get("fees", ()), f"{path}.fees")
    unpaid = parts.get("unpaid_interest", UnpaidInterest.REFUSED.value)
    with faults_below(path):
        return RepaymentPlan(
            method=method_from_plain(parts["method"], path=f"{path}.method"),
            grace=_grace(parts["grace"], f"{path}.grace")
            if "grace" in parts
            else NO_GRACE,
            balloon=_portion(parts.get("balloon"), f"{path}.balloon"),
            down_payment=_portion(parts.get("down_payment"), f"{path}.down_payment"),
            fees=tuple(_fee(fee, f"{path}.fees[{i}]") for i, fee in enumerate(fees)),
            unpaid_interest=plain_choice(
                UnpaidInterest, unpaid, f"{path}.unpaid_interest"
            ),
        )


def _grace(plain: object, path: str) -> Grace:
    counts = ("principal_count", "interest_payment_count", "interest_free_count")
    parts = plain_mapping(
        plain, path, needed=(), optional=(*counts, "deferred_interest")
    )
    principal, payment, free = (
        plain_whole(parts.get(name, 0), f"{path}.{name}") for name in counts
    )
    deferred = parts.get("deferred_interest")
    with faults_below(path):
        return Grace(
            principal_count=principal,
            interest_payment_count=payment,
            interest_free_count=free,
            deferred_interest=None
            if deferred is None
            else plain_choice(DeferredInterest, deferred, f"{path}.deferred_interest"),
        )


def _fee(plain: object, path: str) -> Fee:
    parts = plain_mapping(
        plain,
        path,
        needed=("name", "timing", "portion"),
        optional=("base", "is_cost_of_credit"),
    )
    base = parts.get("base", FeeBase.PRINCIPAL.value)
    is_cost = parts.get("is_cost_of_credit", True)
    portion = _portion(parts["portion"], f"{path}.portion")
    if portion is None:
        raise PolicyError(f"{path}.portion", "must be given", None)
    with faults_below(path):
        return Fee(
            name=plain_text(parts["name"], f"{path}.name"),
            timing=plain_choice(FeeTiming, parts["timing"], f"{path}.timing"),
            portion=portion,
            base=plain_choice(FeeBase, base, f"{path}.base"),
            is_cost_of_credit=plain_flag(is_cost, f"{path}.is_cost_of_credit"),
        )


def _portion_to_plain(portion: Portion | None) -> Plain | None:
    if portion is None:
        return None
    if portion.share is not None:
        return {"share": fraction_text(portion.share)}
    assert portion.amount is not None  # one of the two is given
    return {"amount": money_to_plain(portion.amount)}


def _portion(plain: object, path: str) -> Portion | None:
    if plain is None:
        return None
    parts = plain_mapping(plain, path, needed=(), optional=("share", "amount"))
    share, amount = parts.get("share"), parts.get("amount")
    if len(parts) != 1:
        raise PolicyError(path, "must be a share or an amount", sorted(parts))
    with faults_below(path):
        if "share" in parts:
            return Portion(share=plain_fraction(share, f"{path}.share"))
        return Portion(amount=money_from_plain(amount, f"{path}.amount"))


def _texts(weights: Iterable[Fraction]) -> list[str]:
    return [fraction_text(weight) for weight in weights]


def _fractions(plain: object, path: str) -> tuple[Fraction, ...]:
    items = plain_items(plain, path)
    return tuple(plain_fraction(item, f"{path}[{i}]") for i, item in enumerate(items))


def _moneys(plain: object, path: str) -> tuple[Money, ...]:
    items = plain_items(plain, path)
    return tuple(money_from_plain(item, f"{path}[{i}]") for i, item in enumerate(items))
