"""Rules: declared conditions on facts, judged with a trace of every step.

The batch twin for columns is in `batch`.
"""

from __future__ import annotations

from microcrm_core.rules.conditions import (
    AllOf,
    AnyOf,
    Between,
    Comparison,
    Condition,
    IsMissing,
    Not,
    OneOf,
    Op,
    all_of,
    any_of,
    between,
    compare,
    is_missing,
    not_,
    one_of,
)
from microcrm_core.rules.evaluate import (
    CompiledCondition,
    Evaluation,
    TraceStep,
    compile_condition,
    evaluate,
)
from microcrm_core.rules.fields import (
    Field,
    FieldDirection,
    FieldKind,
    FieldSet,
    Missing,
    RuleFact,
)
from microcrm_core.rules.plain import (
    condition_from_plain,
    condition_to_plain,
    field_from_plain,
    field_to_plain,
)

__all__ = [
    "AllOf",
    "AnyOf",
    "Between",
    "Comparison",
    "CompiledCondition",
    "Condition",
    "Evaluation",
    "Field",
    "FieldDirection",
    "FieldKind",
    "FieldSet",
    "IsMissing",
    "Missing",
    "Not",
    "OneOf",
    "Op",
    "RuleFact",
    "TraceStep",
    "all_of",
    "any_of",
    "between",
    "compare",
    "compile_condition",
    "condition_from_plain",
    "condition_to_plain",
    "evaluate",
    "field_from_plain",
    "field_to_plain",
    "is_missing",
    "not_",
    "one_of",
]
