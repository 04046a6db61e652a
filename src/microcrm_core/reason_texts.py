"""The texts of every reason code, in every language; one table to translate.

A code is `<area>_<what>`. The texts may use the parameters of the reason in
braces, and both languages use the same ones. A test checks that no code in the
package lacks a text.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

__all__ = ["TEXTS", "Language"]


class Language(StrEnum):
    """A language in which reasons can be read.

    Example:
        >>> from microcrm_core import Language
        >>> [language.value for language in Language]
        ['en', 'zh-CN']
    """

    EN = "en"
    ZH_CN = "zh-CN"


def _texts(en: str, zh_cn: str) -> Mapping[Language, str]:
    return MappingProxyType({Language.EN: en, Language.ZH_CN: zh_cn})


TEXTS: Final[Mapping[str, Mapping[Language, str]]] = MappingProxyType(
    {
        # tiers
        "tier_knocked_out": _texts(
            "the tier is {tier} because a knock-out holds: {rule}",
            "因触发一票否决规则，层级为 {tier}：{rule}",
        ),
        "tier_matched": _texts(
            "the tier is {tier} because its rule holds: {rule}",
            "因满足规则，层级为 {tier}：{rule}",
        ),
        "tier_default": _texts(
            "no rule of a better or worse tier holds, so the tier is {tier}",
            "没有其他层级的规则成立，因此层级为 {tier}",
        ),
        "condition_met": _texts(
            "{condition} holds: the value is {value}",
            "{condition} 成立：实际值为 {value}",
        ),
        "condition_unmet": _texts(
            "{condition} does not hold: the value is {value}",
            "{condition} 不成立：实际值为 {value}",
        ),
        "condition_unknown": _texts(
            "{condition} cannot be judged: the value is not known",
            "{condition} 无法判断：该值未知",
        ),
        # adjustments: due-day advice
        "due_day_no_history": _texts(
            "{months} full months of balances are known, at least {months_min} "
            "are needed",
            "已知完整月份余额 {months} 个月，至少需要 {months_min} 个月",
        ),
        "due_day_recommended": _texts(
            "on day {due_day} the low balance was {balance_low_minor} minor units "
            "over {months} months, the best of all days",
            "过去 {months} 个月中，每月 {due_day} 日的低位余额为 "
            "{balance_low_minor} 最小货币单位，为所有日期中最高",
        ),
        "due_day_keeps": _texts(
            "no day is better than the current due day {due_day}",
            "没有比当前还款日 {due_day} 日更合适的日期",
        ),
        "due_day_gain_small": _texts(
            "the current due day {due_day} stays: day {best_day} would have avoided "
            "{avoided_count} of {current_shortfall_count} shortfalls in {months} "
            "months, at least {gain_min} are asked for",
            "保持现有还款日 {due_day} 日：改为 {best_day} 日在 {months} 个月中只能避免 "
            "{current_shortfall_count} 次余额不足中的 {avoided_count} 次，"
            "至少需要 {gain_min} 次",
        ),
        "due_day_no_loan": _texts(
            "there is no requested loan and no earlier loan to advise on",
            "没有申请中的贷款，也没有可供建议的历史贷款",
        ),
        "due_day_not_monthly": _texts(
            "the loan {loan_id} is paid {frequency}, so it has no day of the month",
            "贷款 {loan_id} 的还款频率为 {frequency}，没有固定的每月还款日",
        ),
        "due_day_shortfall": _texts(
            "the balance fell short in {shortfall_count} of {months} months on day "
            "{due_day}, in {current_shortfall_count} on day {current_due_day}",
            "{months} 个月中，{due_day} 日余额不足 {shortfall_count} 次，"
            "{current_due_day} 日不足 {current_shortfall_count} 次",
        ),
        # loyalty: prices
        "price_no_loan": _texts(
            "there is no requested loan and no earlier loan to repeat",
            "没有申请中的贷款，也没有可复制的历史贷款",
        ),
        "price_tier_refused": _texts(
            "customers of tier {tier} get no quote",
            "层级为 {tier} 的客户不报价",
        ),
        "price_basis_request": _texts(
            "the quote is for the requested loan {loan_id}",
            "报价针对申请中的贷款 {loan_id}",
        ),
        "price_basis_repeat": _texts(
            "the quote repeats the last loan {loan_id}",
            "报价按上一笔贷款 {loan_id} 的条件计算",
        ),
        "price_base": _texts(
            "the base rate is {rate_ppm} a year",
            "基准年利率为 {rate_ppm}",
        ),
        "price_tenure_discount": _texts(
            "{tenure_days} days as a borrower take {discount_ppm} off",
            "作为借款人已 {tenure_days} 天，利率减 {discount_ppm}",
        ),
        "price_streak_discount": _texts(
            "{on_time_streak} installments in a row on time take {discount_ppm} off",
            "连续 {on_time_streak} 期按时还款，利率减 {discount_ppm}",
        ),
        "price_floor": _texts(
            "the floor of {floor_ppm} takes {restored_ppm} of the discounts back",
            "利率下限为 {floor_ppm}，收回优惠 {restored_ppm}",
        ),
        "price_final": _texts(
            "the quoted rate is {rate_ppm} a year",
            "报价年利率为 {rate_ppm}",
        ),
        # loans: products
        "product_fits": _texts(
            "every bound of {product} {version} is kept",
            "符合产品 {product}（版本 {version}）的全部限制",
        ),
        "product_not_yet": _texts(
            "it is offered from {effective_from} on, the day is {as_of}",
            "该产品自 {effective_from} 起提供，判断日为 {as_of}",
        ),
        "product_ended": _texts(
            "it is no longer offered from {effective_until} on, the day is {as_of}",
            "该产品自 {effective_until} 起停止提供，判断日为 {as_of}",
        ),
        "product_below": _texts(
            "{field} is {value}, at least {bound} is asked for",
            "{field} 为 {value}，至少须为 {bound}",
        ),
        "product_above": _texts(
            "{field} is {value}, at most {bound} is allowed",
            "{field} 为 {value}，最多为 {bound}",
        ),
        "product_step": _texts(
            "{field} is {value}, a multiple of {bound} is asked for",
            "{field} 为 {value}，须为 {bound} 的整数倍",
        ),
        "product_not_offered": _texts(
            "{field} is {value}, offered is {bound}",
            "{field} 为 {value}，可选范围为 {bound}",
        ),
        "product_plan_differs": _texts(
            "the plan has the offered method {method}, but differs in {parts}",
            "还款计划的方式 {method} 可选，但以下部分不同：{parts}",
        ),
        "product_no_free_dates": _texts(
            "due dates of one's own are not offered",
            "该产品不提供自定还款日期",
        ),
        "product_no_schedule": _texts(
            "the terms have no schedule: {rule}",
            "按这些条款无法生成还款计划：{rule}",
        ),
        "product_rate_doubtful": _texts(
            "{field} is {value} a year, more than 1000%: check that {meant} is not "
            "what was meant",
            "{field} 为年利率 {value}，超过 1000%：请核对是否本应为 {meant}",
        ),
        # loans: caps on the cost of credit
        "cap_kept": _texts(
            "{measure} is {value}, within the limit of {limit}",
            "{measure} 为 {value}，未超过上限 {limit}",
        ),
        "cap_broken": _texts(
            "{measure} is {value}, above the limit of {limit}; it passes it with "
            "{charge}",
            "{measure} 为 {value}，超过上限 {limit}；计入 {charge} 后超限",
        ),
        "cap_reference": _texts(
            "the limit is {multiple} times {series}, which is {rate} since {from_on}",
            "上限为 {series} 的 {multiple} 倍，该利率自 {from_on} 起为 {rate}",
        ),
        "cap_reference_unknown": _texts(
            "it cannot be judged: no value of {series} is known for {as_of}",
            "无法判断：{as_of} 的 {series} 未知",
        ),
        "cap_fact_unknown": _texts(
            "it cannot be judged: {fact} is not known",
            "无法判断：{fact} 未知",
        ),
        "cap_no_rate": _texts(
            "it cannot be judged: solving for {measure} gives {outcome}",
            "无法判断：求解 {measure} 的结果为 {outcome}",
        ),
        "cap_limit_too_low": _texts(
            "it cannot be judged: the limit of {limit} is below every yearly rate",
            "无法判断：上限 {limit} 低于任何可能的年利率",
        ),
        "cap_other_currency": _texts(
            "it cannot be judged: the limit is in {bound}, the credit in {value}",
            "无法判断：上限的币种为 {bound}，贷款币种为 {value}",
        ),
        "cap_not_yet": _texts(
            "it applies from {effective_from} on, the contract is of {as_of}",
            "该上限自 {effective_from} 起适用，合同日期为 {as_of}",
        ),
        "cap_ended": _texts(
            "it no longer applies from {effective_until} on, the contract is of "
            "{as_of}",
            "该上限自 {effective_until} 起不再适用，合同日期为 {as_of}",
        ),
        "cap_for_others": _texts(
            "it applies where {fact} is {bound}, here it is {value}",
            "该上限适用于 {fact} 为 {bound} 的情形，此处为 {value}",
        ),
    }
)
