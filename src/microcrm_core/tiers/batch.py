"""Assigning tiers to many customers; the twin of `assign`.

Example:
    >>> import numpy as np
    >>> from microcrm_core.rules import compare
    >>> from microcrm_core.tiers import Tier, TierPolicy, TierRule
    >>> from microcrm_core.tiers.batch import assign_tiers
    >>> rule = TierRule(
    ...     id="overdue", tier=Tier.RISK, condition=compare("days_past_due", ">", 30)
    ... )
    >>> policy = TierPolicy(id="p", version="1", rules=[rule], default=Tier.ORDINARY)
    >>> tiers = assign_tiers(policy, {"days_past_due": np.array([31, 30])})
    >>> tiers.tier_index.tolist(), tiers.rule_index.tolist()
    ([3, 2], [0, -1])
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import attrs
import numpy as np

from microcrm_core.batch import Int64s
from microcrm_core.rules.batch import Int32s, first_met
from microcrm_core.tiers.policy import TierPolicy

__all__ = ["TierColumns", "assign_tiers"]

_BLOCK_ROWS: Final = 65_536


@attrs.frozen(eq=False)
class TierColumns:
    """The tier of each customer, and the rule that decided.

    Attributes:
        tier_index: Position in `tuple(Tier)`, the best first; (rows,), int32.
        rule_index: Position in the policy's `rules`, -1 for the default; (rows,),
            int32.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.tiers import Tier
        >>> from microcrm_core.tiers.batch import TierColumns
        >>> columns = TierColumns(np.array([3], np.int32), np.array([0], np.int32))
        >>> tuple(Tier)[columns.tier_index[0]].value
        'risk'
    """

    tier_index: Int32s
    rule_index: Int32s


def assign_tiers(policy: TierPolicy, columns: Mapping[str, Int64s]) -> TierColumns:
    """Return the tier of each row; twin of `assign_tier`.

    Args:
        policy: The lender's rules.
        columns: One array for each field that the policy's conditions name, scaled
            as `Field.scaled` does, `UNKNOWN` where not known. Others are not
            looked at.

    Shapes:
        Every column is (rows,), as are the results.

    Raises:
        InvalidValueError: A column is absent, not int64, of another length or holds a
            number that stands for nothing; or a value is missing that a condition
            compares and whose field refuses that.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.tiers.batch import assign_tiers
        >>> from microcrm_core.tiers.presets import MICRO_LENDER
        >>> columns = {
        ...     name: np.zeros(2, np.int64) for name in MICRO_LENDER.field_names
        ... }
        >>> assign_tiers(MICRO_LENDER, columns).tier_index.tolist()
        [2, 2]
    """
    order = policy.judging_order
    first = first_met([policy.compiled[i] for i in order], columns)
    # The default stands first, so that "none is met", which is -1, comes to it.
    ranks = [policy.default.rank, *(policy.rules[i].tier.rank for i in order)]
    tiers = np.array(ranks, np.int32)
    rules = np.array([-1, *order], np.int32)
    is_in_order = order == tuple(range(len(order)))
    tier_index = np.empty(first.size, np.int32)
    for start in range(0, first.size, _BLOCK_ROWS):
        rows = slice(start, start + _BLOCK_ROWS)
        positions = first[rows].astype(np.intp) + 1
        # Every position is in range; clip only spares numpy the check and a copy.
        np.take(tiers, positions, out=tier_index[rows], mode="clip")
        if not is_in_order:
            np.take(rules, positions, out=first[rows], mode="clip")
    return TierColumns(tier_index=tier_index, rule_index=first)
