"""The domain logic of customer relationship management in micro-lending.

Names are loaded when they are touched (PEP 562), so importing the package is
cheap and needs neither numpy nor any extra.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from microcrm_core.decisions import (
        Decision,
        PolicyRef,
        Reason,
        canonical_json,
        digest,
        render,
    )
    from microcrm_core.errors import (
        ConflictError,
        CurrencyMismatchError,
        InvalidValueError,
        MicrocrmError,
        MissingExtraError,
        PolicyError,
        RecordNotFoundError,
        ScheduleError,
    )
    from microcrm_core.money import Currency, Money
    from microcrm_core.reason_texts import Language

__all__ = [
    "ConflictError",
    "Currency",
    "CurrencyMismatchError",
    "Decision",
    "InvalidValueError",
    "Language",
    "MicrocrmError",
    "MissingExtraError",
    "Money",
    "PolicyError",
    "PolicyRef",
    "Reason",
    "RecordNotFoundError",
    "ScheduleError",
    "canonical_json",
    "digest",
    "render",
]

__version__: Final = "0.1.0"

_MODULES: Final = {
    "ConflictError": "errors",
    "Currency": "money",
    "CurrencyMismatchError": "errors",
    "Decision": "decisions",
    "InvalidValueError": "errors",
    "Language": "reason_texts",
    "MicrocrmError": "errors",
    "MissingExtraError": "errors",
    "Money": "money",
    "PolicyError": "errors",
    "PolicyRef": "decisions",
    "Reason": "decisions",
    "RecordNotFoundError": "errors",
    "ScheduleError": "errors",
    "canonical_json": "decisions",
    "digest": "decisions",
    "render": "decisions",
}


def __getattr__(name: str) -> Any:
    """Load a public name the first time that it is touched."""
    if name in _MODULES:
        value = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """Return the public names, loaded or not."""
    return sorted({*globals(), *__all__})
