"""Why a row is rejected, in every language; one table to translate.

A code names the rule. The texts may use the parameters of the fault in braces,
and both languages use the same ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from microcrm_core.reason_texts import Language

__all__ = ["FOUND_TEXT", "REJECTION_TEXTS"]


def _texts(en: str, zh_cn: str) -> Mapping[Language, str]:
    return MappingProxyType({Language.EN: en, Language.ZH_CN: zh_cn})


FOUND_TEXT: Final = _texts(", got {figure}", "，实际为 {figure}")
"""What stands in for `{found}` where the value is a figure that may be shown."""

REJECTION_TEXTS: Final[Mapping[str, Mapping[Language, str]]] = MappingProxyType(
    {
        # the row as text
        "row_not_utf8": _texts("must be valid UTF-8", "必须是有效的 UTF-8 编码"),
        "row_quotes": _texts(
            "quotes must enclose a whole field, be closed, and be doubled inside it",
            "引号必须包住整个字段并成对出现，字段内的引号须写两次",
        ),
        "row_too_long": _texts(
            "must be at most {bytes_max} bytes long", "每行不得超过 {bytes_max} 字节"
        ),
        "row_field_count": _texts(
            "must have {expected} fields like the header, got {found}",
            "字段数必须与表头一致，应为 {expected} 个，实际为 {found} 个",
        ),
        # single values
        "value_missing": _texts("must be given", "必须填写"),
        "id_form": _texts(
            "must be an id of at most {bytes_max} bytes, without control characters "
            "or spaces around it",
            "必须是不超过 {bytes_max} 字节的编号，首尾无空格，不含控制字符",
        ),
        "id_repeated": _texts(
            "must not stand twice, {id} stands on line {line} already",
            "不得重复：{id} 已出现在第 {line} 行",
        ),
        "text_form": _texts(
            "must be text of at most {bytes_max} bytes, without control characters "
            "or spaces around it",
            "必须是不超过 {bytes_max} 字节的文本，首尾无空格，不含控制字符",
        ),
        "choice_unknown": _texts(
            "must be one of {choices}", "必须是以下之一：{choices}"
        ),
        "date_form": _texts(
            "must be a day of the calendar as YYYY-MM-DD{found}",
            "必须是日历中存在的日期，格式为 YYYY-MM-DD{found}",
        ),
        "date_range": _texts(
            "must be from {day_min} to {day_max}{found}",
            "必须在 {day_min} 至 {day_max} 之间{found}",
        ),
        "amount_form": _texts(
            "must be a plain decimal number such as 1234.50{found}",
            "必须是普通小数，例如 1234.50{found}",
        ),
        "amount_digits": _texts(
            "must have at most {digits} digits after the point in {currency}{found}",
            "{currency} 金额的小数位数不得超过 {digits} 位{found}",
        ),
        "amount_positive": _texts("must be above zero", "必须大于零"),
        "amount_range": _texts(
            "must be at most {minor_max} minor units{found}",
            "不得超过 {minor_max} 个最小货币单位{found}",
        ),
        "whole_form": _texts(
            "must be a whole number from {least} to {most}{found}",
            "必须是 {least} 至 {most} 之间的整数{found}",
        ),
        "rate_form": _texts(
            "must be a yearly rate from 0 to {rate_max} as a fraction with at most 6 "
            "digits after the point{found}",
            "必须是 0 至 {rate_max} 之间的年利率（小数形式，最多 6 位小数）{found}",
        ),
        "currency_unknown": _texts(
            "must be an ISO 4217 code with minor units",
            "必须是有最小货币单位的 ISO 4217 货币代码",
        ),
        "currency_mixed": _texts(
            "must be {expected}, the currency of {id}",
            "必须是 {expected}，即 {id} 的货币",
        ),
        "frequency_unknown": _texts(
            "must be daily, weekly, biweekly, four_weekly, semimonthly, monthly, "
            "quarterly, semiannual or yearly, or a period such as P10D",
            "必须是 daily、weekly、biweekly、four_weekly、semimonthly、monthly、"
            "quarterly、semiannual、yearly 之一，或 P10D 这样的周期",
        ),
        # values that contradict each other
        "customer_unknown": _texts(
            "must be the id of a customer, got {id}", "必须是已有客户的编号：{id}"
        ),
        "customer_rejected": _texts(
            "customer {id} was rejected, see {file} line {line}",
            "客户 {id} 已被拒绝，见 {file} 第 {line} 行",
        ),
        "loan_unknown": _texts(
            "must be the id of a loan, got {id}", "必须是已有贷款的编号：{id}"
        ),
        "loan_rejected": _texts(
            "loan {id} was rejected, see {file} line {line}",
            "贷款 {id} 已被拒绝，见 {file} 第 {line} 行",
        ),
        "referrer_is_customer": _texts("must be another customer", "必须是另一位客户"),
        "request_undated": _texts(
            "must be given where disbursed_on is empty",
            "未填写 disbursed_on 时必须填写",
        ),
        "first_due_too_early": _texts(
            "must be after the day of the disbursement {disbursed_on}",
            "必须晚于放款日 {disbursed_on}",
        ),
        "planned_too_early": _texts(
            "must leave the day one period before it within the calendar",
            "该日期前一个周期必须仍在日历范围内",
        ),
        "loan_too_long": _texts(
            "must end within 100 years of installments of this frequency",
            "按此还款频率，贷款期限不得超过 100 年",
        ),
        "loan_too_large": _texts(
            "times rate and days of a period must stay within 2**62",
            "与利率及每期天数之积不得超过 2**62",
        ),
        "loan_no_schedule": _texts(
            "has no schedule under the conventions {conventions}: the level "
            "installment must cover the interest of every period",
            "在约定 {conventions} 下无法生成还款计划：等额还款额必须覆盖每期利息",
        ),
        "repaid_too_early": _texts(
            "must not be before the day of the disbursement {disbursed_on}",
            "不得早于放款日 {disbursed_on}",
        ),
        "request_repaid": _texts(
            "loan {id} is an open request and cannot be repaid",
            "贷款 {id} 尚未放款，不能还款",
        ),
    }
)
"""The rules that a row may break; see docs/reference/portfolio-files.md."""
