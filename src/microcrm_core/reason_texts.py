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

__all__ = ["TEXTS", "VALUE_NAMES", "WEEKDAY_NAMES", "Language"]


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


WEEKDAY_NAMES: Final[Mapping[str, Mapping[Language, str]]] = MappingProxyType(
    {
        "monday": _texts("Monday", "星期一"),
        "tuesday": _texts("Tuesday", "星期二"),
        "wednesday": _texts("Wednesday", "星期三"),
        "thursday": _texts("Thursday", "星期四"),
        "friday": _texts("Friday", "星期五"),
        "saturday": _texts("Saturday", "星期六"),
        "sunday": _texts("Sunday", "星期日"),
    }
)

_CLASS_NAMES: Final = {
    "normal": _texts("normal", "正常"),
    "special_mention": _texts("special_mention", "关注"),
    "substandard": _texts("substandard", "次级"),
    "doubtful": _texts("doubtful", "可疑"),
    "loss": _texts("loss", "损失"),
    "stage_1": _texts("stage_1", "第一阶段"),
    "stage_2": _texts("stage_2", "第二阶段"),
    "stage_3": _texts("stage_3", "第三阶段"),
    "not_in_default": _texts("not_in_default", "未违约"),
    "in_default": _texts("in_default", "违约"),
    "in_probation": _texts("in_probation", "违约观察期"),
}

VALUE_NAMES: Final[Mapping[str, Mapping[str, Mapping[Language, str]]]] = (
    # By parameter and value. In English, a value that is a word of the interface stays
    # as it is written there, so that it can be looked up.
    MappingProxyType(
        {
            "kind": {
                "change_due_day": _texts("change_due_day", "变更还款日"),
                "shift_due_dates": _texts("shift_due_dates", "顺延到期日"),
                "payment_holiday": _texts("payment_holiday", "延期还款"),
                "extend_term": _texts("extend_term", "调整期限"),
                "prepay": _texts("prepay", "提前还款"),
                "change_rate": _texts("change_rate", "变更利率"),
                "capitalize_arrears": _texts("capitalize_arrears", "欠款转本金"),
                "re_age": _texts("re_age", "重新分期"),
                "re_amortize": _texts("re_amortize", "重新摊还"),
                "change_frequency": _texts("change_frequency", "变更还款频率"),
                "seasonal_plan": _texts("seasonal_plan", "季节性还款计划"),
                "renew": _texts("renew", "续贷"),
            },
            "measure": {
                "reg_z_nominal": _texts("reg_z_nominal", "名义年利率（Reg Z）"),
                "eu_aprc": _texts("eu_aprc", "欧盟年百分率（APRC）"),
                "compound_annual": _texts("compound_annual", "复利年化利率"),
                "simple_annual": _texts("simple_annual", "单利年化利率"),
            },
            "absorbed_by": {
                "level": _texts("all installments to come alike", "后续各期平均"),
                "last_installment": _texts("the last installment", "最后一期"),
                "installment_count": _texts("the number of installments", "期数"),
            },
            "arithmetic": {
                "exact": _texts("exact fractions", "精确算法"),
                "fineract_progressive": _texts(
                    "Fineract's progressive engine", "Fineract 渐进算法"
                ),
                "fineract_cumulative": _texts(
                    "Fineract's cumulative engine", "Fineract 累积算法"
                ),
            },
            "cause": {
                "arithmetic": _texts(
                    "the loan is kept by Fineract's arithmetic",
                    "贷款采用 Fineract 算法",
                ),
                "not_disbursed": _texts("nothing is paid out yet", "贷款尚未发放"),
                "method": _texts(
                    "the repayment method has no level installment",
                    "该还款方式没有固定的每期还款额",
                ),
                "grace": _texts("grace is still to come", "宽限期尚未结束"),
                "balloon": _texts(
                    "the last installment is a balloon", "最后一期为大额尾款"
                ),
                "tranche": _texts("a tranche is still to come", "尚有款项未发放"),
                "re_aged": _texts(
                    "what is owed was put on new installments", "欠款已重新分期"
                ),
                "merged_dates": _texts(
                    "due dates were merged by business days", "到期日因工作日调整而合并"
                ),
                "nothing_to_come": _texts(
                    "no installment is to come", "没有未到期的分期"
                ),
                "business_day": _texts(
                    "a due date waits for its business day", "到期日正顺延至工作日"
                ),
                "amounts_differ": _texts(
                    "the installments to come are not alike", "后续各期金额不同"
                ),
                "paid_ahead": _texts("something was paid ahead", "已有款项提前支付"),
                "agreed": _texts(
                    "installments were agreed one by one", "各期金额为逐期约定"
                ),
                "no_reference_rate": _texts(
                    "no reference rate of the day is known", "当日参考利率未知"
                ),
                "no_value": _texts(
                    "what the loan comes to by its measure is not known",
                    "无法得出该贷款按其口径的数值",
                ),
            },
            "before": _CLASS_NAMES,
            "after": _CLASS_NAMES,
        }
    )
)

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
        # adjustments: weekday advice
        "weekday_no_history": _texts(
            "{weeks} full weeks of balances are known, at least {weeks_min} are needed",
            "已知完整周余额 {weeks} 周，至少需要 {weeks_min} 周",
        ),
        "weekday_recommended": _texts(
            "on {weekday} the low balance was {balance_low_minor} minor units over "
            "{weeks} weeks, the best of all weekdays",
            "过去 {weeks} 周中，每{weekday}的低位余额为 "
            "{balance_low_minor} 最小货币单位，为一周中最高",
        ),
        "weekday_keeps": _texts(
            "no weekday is better than the current one, {weekday}",
            "没有比当前还款日{weekday}更合适的日子",
        ),
        "weekday_gain_small": _texts(
            "the current weekday {weekday} stays: {best_weekday} would have avoided "
            "{avoided_count} of {current_shortfall_count} shortfalls in {weeks} "
            "weeks, at least {gain_min} are asked for",
            "保持现有还款日{weekday}：改为{best_weekday}在 {weeks} 周中只能避免 "
            "{current_shortfall_count} 次余额不足中的 {avoided_count} 次，"
            "至少需要 {gain_min} 次",
        ),
        "weekday_shortfall": _texts(
            "the balance fell short in {shortfall_count} of {weeks} weeks on "
            "{weekday}, in {current_shortfall_count} on {current_weekday}",
            "{weeks} 周中，{weekday}余额不足 {shortfall_count} 次，"
            "{current_weekday}不足 {current_shortfall_count} 次",
        ),
        # adjustments: requests
        "adjust_nothing_owed": _texts(
            "nothing is owed: the loan is {status}",
            "贷款状态为 {status}，已无应还款项",
        ),
        "adjust_written_off": _texts(
            "{kind} is not possible: the loan was written off",
            "贷款已核销，无法办理 {kind}",
        ),
        "adjust_not_disbursed": _texts(
            "{kind} is not possible: nothing is paid out yet",
            "贷款尚未发放，无法办理 {kind}",
        ),
        "adjust_contract_ended": _texts(
            "{kind} is not possible: the contract was ended, and all of it is due",
            "合同已终止，全部款项已到期，无法办理 {kind}",
        ),
        "adjust_re_aged": _texts(
            "{kind} is not possible: what is owed was put on new installments; put "
            "it on new ones again instead",
            "欠款已重新分期，无法办理 {kind}；可再次办理重新分期",
        ),
        "adjust_no_due_date_to_come": _texts(
            "no installment is to come: the last one was due on {last_due_on}",
            "最后一期已于 {last_due_on} 到期，没有未到期的分期",
        ),
        "adjust_no_such_due_date": _texts(
            "{from_on} is no due date; the due dates are from {first_due_on} to "
            "{last_due_on}",
            "{from_on} 不是到期日；到期日自 {first_due_on} 起至 {last_due_on} 止",
        ),
        "adjust_due_already": _texts(
            "the installment of {from_on} is due by {as_of}, so it stays",
            "{from_on} 的分期截至 {as_of} 已到期，不能变更",
        ),
        "adjust_not_monthly": _texts(
            "a day of the month does not fit installments that are {frequency}",
            "还款频率为 {frequency}，不能按每月几号设定还款日",
        ),
        "adjust_not_weekly": _texts(
            "a weekday does not fit installments that are {frequency}",
            "还款频率为 {frequency}，不能按星期几设定还款日",
        ),
        "adjust_date_in_the_past": _texts(
            "the first due date would be {on}; it must come after {after_on}",
            "变更后的首个到期日为 {on}，应晚于 {after_on}",
        ),
        "adjust_dates_meet": _texts(
            "the due date {on} would not come after the one before it, {before_on}",
            "到期日 {on} 不晚于前一个到期日 {before_on}",
        ),
        "adjust_leaves_calendar": _texts(
            "{kind} is not possible: a due date would leave the calendar",
            "到期日超出日历范围，无法办理 {kind}",
        ),
        "adjust_nothing_changes": _texts(
            "{kind} changes nothing: the loan is like that already",
            "{kind} 不会带来任何变化：贷款已是如此",
        ),
        "adjust_not_by_exact_arithmetic": _texts(
            "{kind} needs exact arithmetic; the loan is kept by {arithmetic}",
            "{kind} 需要精确算法；该贷款采用 {arithmetic}",
        ),
        "adjust_cannot_pause_interest": _texts(
            "{kind} cannot be free of interest: the loan is kept by {arithmetic}, "
            "which cannot pause interest",
            "{kind} 无法免息：该贷款采用 {arithmetic}，不能暂停计息",
        ),
        "adjust_holiday_bears_interest": _texts(
            "the holiday is free of interest but for {amount}, which the arithmetic of "
            "the loan still counts",
            "延期期间免息，但按该贷款的算法仍计息 {amount}",
        ),
        "adjust_not_with_engine": _texts(
            "{kind} is not possible: the loan is kept by {arithmetic}, which does not "
            "know it",
            "无法办理 {kind}：该贷款采用 {arithmetic}，不支持此项变更",
        ),
        "adjust_changes_interest_rule": _texts(
            "{kind} is not possible: interest by {method} is on what was lent, and "
            "would be on what is left",
            "无法办理 {kind}：还款方式 {method} 按放款额计息，变更后将按剩余本金计息",
        ),
        "adjust_method_fixes_count": _texts(
            "the number of installments is fixed by the repayment method, {method}",
            "还款方式 {method} 已限定期数，不能增减",
        ),
        "adjust_leaves_no_installment": _texts(
            "{fewer_count} fewer would leave no installment: {count} are to come",
            "减少 {fewer_count} 期后将没有剩余分期：未到期的仅有 {count} 期",
        ),
        "adjust_rate_in_the_past": _texts(
            "the rate would change on {from_on}; it must not be before {as_of}",
            "利率变更日为 {from_on}，不得早于 {as_of}",
        ),
        "adjust_rate_after_end": _texts(
            "the rate would change on {from_on}, after the last due date {last_due_on}",
            "利率变更日 {from_on} 晚于最后到期日 {last_due_on}",
        ),
        "adjust_other_currency": _texts(
            "the amount is in {currency}, the loan in {of_loan}",
            "金额币种为 {currency}，贷款币种为 {of_loan}",
        ),
        "adjust_above_payoff": _texts(
            "{amount} is more than what closes the loan, {payoff}",
            "{amount} 超过结清所需金额 {payoff}",
        ),
        "adjust_other_effect": _texts(
            "paying early is to change {effect}; by the loan's rules it changes {does}",
            "申请的提前还款效果为 {effect}，而贷款规则规定为 {does}",
        ),
        "adjust_nothing_overdue": _texts(
            "{kind} is not possible: nothing that it takes is unpaid on {as_of}",
            "截至 {as_of} 没有可处理的欠款，无法办理 {kind}",
        ),
        "adjust_level_below_interest": _texts(
            "{amount}, due on {due_on}, would not cover the interest of its period",
            "{due_on} 到期的 {amount} 不足以支付当期利息",
        ),
        "adjust_ledger_refuses": _texts(
            "the ledger refuses it: {field} {rule}, got {value}",
            "账务规则不允许（原文）：{field} {rule}；实际值：{value}",
        ),
        "adjust_absorbed_by_level": _texts(
            "by the policy {absorbed_by} would take what it costs; here it is spread "
            "over the installments to come: {cause}",
            "政策规定变更的成本由{absorbed_by}承担；此处由后续各期分摊：{cause}",
        ),
        "adjust_absorbed_by_each": _texts(
            "by the policy {absorbed_by} would take what it costs; here each "
            "installment bears the interest of its own period: {cause}",
            "政策规定变更的成本由{absorbed_by}承担；此处各期自行承担当期利息：{cause}",
        ),
        "adjust_absorbed_by_installment_count": _texts(
            "by the policy {absorbed_by} would take what it costs; here the number of "
            "installments changes: {cause}",
            "政策规定变更的成本由{absorbed_by}承担；此处期数发生变化：{cause}",
        ),
        "adjust_absorbed_by_last_installment": _texts(
            "by the policy {absorbed_by} would take what it costs; here the last "
            "installment takes it: {cause}",
            "政策规定变更的成本由{absorbed_by}承担；此处由最后一期承担：{cause}",
        ),
        # adjustments: quotes
        "adjust_not_offered": _texts(
            "{kind} is not offered",
            "不提供 {kind}",
        ),
        "adjust_later_events": _texts(
            "the log has {count} events after {as_of}, up to {last_on}: quote for a "
            "later day",
            "{as_of} 之后已有 {count} 条记录，最晚为 {last_on}：请以更晚的日期报价",
        ),
        "adjust_yearly_kind_max": _texts(
            "it would be number {count} of {kind} in twelve months, at most {limit} "
            "are granted",
            "这将是十二个月内第 {count} 次 {kind}，最多允许 {limit} 次",
        ),
        "adjust_yearly_max": _texts(
            "it would be adjustment number {count} in twelve months, at most {limit} "
            "are granted",
            "这将是十二个月内第 {count} 次变更，最多允许 {limit} 次",
        ),
        "adjust_seasoning": _texts(
            "{kind} needs {limit} days since the loan was paid out, there are {days}",
            "{kind} 要求放款满 {limit} 天，目前为 {days} 天",
        ),
        "adjust_paid_count": _texts(
            "{kind} needs {limit} paid installments, there are {count}",
            "{kind} 要求已结清 {limit} 期，目前为 {count} 期",
        ),
        "adjust_days_past_due_max": _texts(
            "the loan is {days} days past due, {kind} is granted up to {limit}",
            "贷款已逾期 {days} 天，{kind} 最多允许逾期 {limit} 天",
        ),
        "adjust_move_days_max": _texts(
            "{kind} would move a due date by {days} days, at most {limit} are granted",
            "{kind} 将使到期日移动 {days} 天，最多允许 {limit} 天",
        ),
        "adjust_added_count_max": _texts(
            "{kind} would add {count} installments or periods, at most {limit} are "
            "granted",
            "{kind} 将增加 {count} 期，最多允许 {limit} 期",
        ),
        "adjust_lowers_days_past_due": _texts(
            "{kind} would lower days past due from {days_before} to {days_after}, "
            "which the policy does not let it do",
            "{kind} 会使逾期天数由 {days_before} 降至 {days_after}，政策不允许",
        ),
        "adjust_changes_paid": _texts(
            "installment {number}, due on {due_on}, is paid and would change",
            "第 {number} 期（{due_on} 到期）已还款，但会被变更",
        ),
        "adjust_changes_principal": _texts(
            "principal would change from {before} to {after}",
            "本金将由 {before} 变为 {after}",
        ),
        "adjust_breaks_cap": _texts(
            "the cap {cap} would be broken: {value}, above the limit of {limit}",
            "将突破上限 {cap}：实际 {value}，上限 {limit}",
        ),
        "adjust_needs_approval": _texts(
            "{kind} needs somebody's approval",
            "{kind} 须经审批",
        ),
        "adjust_cures_arrears": _texts(
            "{kind} lowers days past due from {days_before} to {days_after}",
            "{kind} 使逾期天数由 {days_before} 降至 {days_after}",
        ),
        "adjust_interest_more": _texts(
            "interest rises by {amount}, from {before} to {after}",
            "利息增加 {amount}，由 {before} 变为 {after}",
        ),
        "adjust_interest_less": _texts(
            "interest falls by {amount}, from {before} to {after}",
            "利息减少 {amount}，由 {before} 变为 {after}",
        ),
        "adjust_interest_same": _texts(
            "interest stays the same, {after}",
            "利息不变，为 {after}",
        ),
        "adjust_capitalizes": _texts(
            "{amount} of interest and charges becomes principal",
            "{amount} 的利息及费用转为本金",
        ),
        "adjust_cost": _texts(
            "{measure} was {before} and is {after}",
            "{measure} 由 {before} 变为 {after}",
        ),
        "adjust_cost_unknown": _texts(
            "{measure} cannot be compared: {before} before, {after} after",
            "{measure} 无法比较：变更前 {before}，变更后 {after}",
        ),
        "adjust_no_cap_applies": _texts(
            "no cap that was given applies to the loan, so none was judged",
            "所提供的上限均不适用于该贷款，因此未作判断",
        ),
        "adjust_cap_not_judged": _texts(
            "the cap {cap} cannot be judged: {cause}",
            "上限 {cap} 无法判断：{cause}",
        ),
        "adjust_class_changes": _texts(
            "by {policy} the class was {before} and is {after}",
            "按 {policy}，分类由 {before} 变为 {after}",
        ),
        "adjust_is_forbearance": _texts(
            "it is forbearance; the loan is {days} days past due",
            "属于宽限措施；贷款已逾期 {days} 天",
        ),
        "adjust_class_without_concession": _texts(
            "{policy} tells classes by days past due alone, without this concession: "
            "the class after it may look better than it should",
            "{policy} 仅按逾期天数分类，未考虑本次宽限措施：变更后的分类可能偏好",
        ),
        "adjust_difficulty_unknown": _texts(
            "whether it is forbearance is not known: say whether the customer is in "
            "financial difficulty",
            "无法判断是否属于宽限措施：请说明客户是否处于还款困难",
        ),
        # adjustments: renewal
        "renew_not_active": _texts(
            "there is nothing to settle: the old loan is {status}",
            "原贷款状态为 {status}，没有可结清的欠款",
        ),
        "renew_same_loan": _texts(
            "the new loan needs an id of its own, {loan} is that of the old one",
            "新贷款须有自己的编号，{loan} 是原贷款的编号",
        ),
        "renew_other_day": _texts(
            "the new loan is paid out on {disbursed_on}, the old one is settled on "
            "{as_of}: both must be one day",
            "新贷款于 {disbursed_on} 发放，原贷款于 {as_of} 结清，两者须为同一天",
        ),
        "renew_other_currency": _texts(
            "the old loan is in {old}, the new one in {new}: they must be the same",
            "原贷款币种为 {old}，新贷款币种为 {new}，两者须一致",
        ),
        "renew_no_schedule": _texts(
            "the terms of the new loan allow no schedule: {field} {rule}, got {value}",
            "新贷款条款无法生成还款计划：{field} {rule}，实际为 {value}",
        ),
        "renew_does_not_cover": _texts(
            "the new loan pays out {paid_out}, which does not cover the payoff of "
            "{payoff} and upfront fees of {upfront_fees}: {missing} is missing",
            "新贷款发放 {paid_out}，不足以支付结清金额 {payoff} 和前收费用 "
            "{upfront_fees}，尚缺 {missing}",
        ),
        "renew_above_limit": _texts(
            "the principal after the renewal is {exposure}, the limit is {limit}",
            "续贷后本金为 {exposure}，超过额度 {limit}",
        ),
        "renew_settles": _texts(
            "of {paid_out} that the new loan pays out, {payoff} settles the old one, "
            "{upfront_fees} pays upfront fees and {net} is handed over; its interest "
            "will be {interest}",
            "新贷款发放 {paid_out}，其中 {payoff} 结清原贷款，"
            "{upfront_fees} 支付前收费用，{net} 交付客户；新贷款利息合计 {interest}",
        ),
        "renew_pays_arrears": _texts(
            "the new loan pays {overdue} that is overdue, {days} days past due: the "
            "arrears end by new debt, not by a repayment",
            "新贷款将偿还已逾期 {days} 天的 {overdue}：逾期是由新债务而非还款消除的",
        ),
        "renew_in_difficulty": _texts(
            "the customer is in difficulty, {days} days past due: a renewal is "
            "forbearance, and to count the new loan as sound would be evergreening",
            "客户处于还款困难（逾期 {days} 天）：续贷属于宽限措施，"
            "将新贷款视为正常即为以贷养贷",
        ),
        # adjustments: due days of a portfolio under a capacity
        "smoothing_keeps": _texts(
            "the due day {due_day} stays",
            "还款日 {due_day} 日不变",
        ),
        "smoothing_keeps_full": _texts(
            "the due day {due_day} stays: day {full_day} would fit better and has "
            "no room",
            "还款日 {due_day} 日不变：{full_day} 日更合适，但已无余量",
        ),
        "smoothing_moved_better": _texts(
            "moved from day {current_day} to {due_day}, which fits better",
            "由 {current_day} 日改为更合适的 {due_day} 日",
        ),
        "smoothing_moved_full": _texts(
            "moved from day {current_day} to {due_day}: day {full_day} has no room",
            "由 {current_day} 日改为 {due_day} 日：{full_day} 日已无余量",
        ),
        "smoothing_moved_closed": _texts(
            "moved from day {current_day} to {due_day}: day {current_day} is not open",
            "由 {current_day} 日改为 {due_day} 日：{current_day} 日不可用",
        ),
        "smoothing_new": _texts(
            "the new loan falls due on day {due_day}, which fits best",
            "新贷款的还款日为最合适的 {due_day} 日",
        ),
        "smoothing_new_full": _texts(
            "the new loan falls due on day {due_day}: day {full_day} would fit better "
            "and has no room",
            "新贷款的还款日为 {due_day} 日：{full_day} 日更合适，但已无余量",
        ),
        "smoothing_short": _texts(
            "no due days could be assigned: {loan_count} loans can have only the days "
            "{days}, which take {room_count}",
            "无法分配还款日：{loan_count} 笔贷款只能选择 {days} 日，而这些日期"
            "仅能容纳 {room_count} 笔",
        ),
        "smoothing_short_amount": _texts(
            "no due days could be assigned: {loan_count} loans of {amount_minor} minor "
            "units can have only the days {days}, which collect {room_minor}",
            "无法分配还款日：{loan_count} 笔贷款共 {amount_minor} 最小货币单位，只能在 "
            "{days} 日还款，而这些日期最多可收 {room_minor}",
        ),
        "smoothing_none_fits": _texts(
            "no due days could be assigned: the days {days} collect {room_minor} minor "
            "units, {loan_count} loans of {amount_minor} do not fit as whole loans",
            "无法分配还款日：{days} 日最多可收 {room_minor} 最小货币单位，"
            "共 {amount_minor} 的 {loan_count} 笔贷款无法整笔分配",
        ),
        "smoothing_none_found": _texts(
            "no due days were found: the days {days} collect {room_minor} minor units; "
            "{loan_count} loans of {amount_minor} may not fit as whole loans",
            "未找到可行的还款日：{days} 日最多可收 {room_minor} 最小货币单位，"
            "共 {amount_minor} 的 {loan_count} 笔贷款可能无法整笔分配",
        ),
        # adjustments: repayment frequency
        "frequency_no_history": _texts(
            "{months} full months of inflows are known, at least {months_min} "
            "are needed",
            "已知完整月份流入 {months} 个月，至少需要 {months_min} 个月",
        ),
        "frequency_no_inflow": _texts(
            "no money came in over {months} full months",
            "{months} 个完整月份内没有资金流入",
        ),
        "frequency_keeps": _texts(
            "the frequency {frequency} stays: a weak period brings in "
            "{weak_share_ppm} of a mean one, at least {weak_share_min_ppm} is needed",
            "还款频率 {frequency} 不变：较弱周期的流入为平均周期的 {weak_share_ppm}，"
            "至少需要 {weak_share_min_ppm}",
        ),
        "frequency_advised": _texts(
            "the frequency {frequency} fits: over {months} months a weak period "
            "brings in {weak_share_ppm} of a mean one, at least {weak_share_min_ppm} "
            "is needed",
            "建议还款频率 {frequency}：{months} 个月中较弱周期的流入为平均周期的 "
            "{weak_share_ppm}，至少需要 {weak_share_min_ppm}",
        ),
        "frequency_none_fits": _texts(
            "no offered frequency fits: even with {frequency} a weak period brings in "
            "less than {weak_share_min_ppm} of a mean one",
            "没有合适的还款频率：即使采用 {frequency}，较弱周期的流入也低于平均周期的 "
            "{weak_share_min_ppm}",
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
            "{measure}为 {value}，未超过上限 {limit}",
        ),
        "cap_broken": _texts(
            "{measure} is {value}, above the limit of {limit}; it passes it with "
            "{charge}",
            "{measure}为 {value}，超过上限 {limit}；计入 {charge} 后超限",
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
        # ledger: classification
        "dpd_months": _texts(
            "{month_count} month ends up to {last_on}: {no_loan_count} without a loan, "
            "{not_reported_count} not reported",
            "截至 {last_on} 的 {month_count} 个月末：{no_loan_count} 个无贷款，"
            "{not_reported_count} 个未报送",
        ),
        "class_no_loan": _texts(
            "there is no open loan to classify",
            "没有可供分类的未结清贷款",
        ),
        "class_written_off": _texts(
            "the loan was written off and is no longer classified",
            "贷款已核销，不再分类",
        ),
        "class_not_overdue": _texts(
            "the loan is {days} days past due, which puts it in no worse class",
            "贷款逾期 {days} 天，未达到下调分类的天数",
        ),
        "class_days": _texts(
            "the loan is {days} days past due, {days_min} or more make it {loan_class}",
            "贷款逾期 {days} 天，达到 {days_min} 天及以上归为 {loan_class}",
        ),
        "class_observed": _texts(
            "the loan was restructured and is at least {loan_class} until its "
            "observation ends on {until_on}",
            "贷款属于重组资产，在观察期于 {until_on} 结束前至少归为 {loan_class}",
        ),
        "stage_days": _texts(
            "the loan is {days} days past due, {days_min} or more presume {stage}",
            "贷款逾期 {days} 天，达到 {days_min} 天及以上推定为 {stage}",
        ),
        "stage_none": _texts(
            "the loan is {days} days past due, and nothing puts it beyond stage 1",
            "贷款逾期 {days} 天，没有理由归入第 1 阶段以上",
        ),
        "stage_rebutted": _texts(
            "{days} days past due presume {stage}, which {evidence} rebuts",
            "逾期 {days} 天推定为 {stage}，但已由 {evidence} 反驳",
        ),
        "stage_impaired": _texts(
            "the lender found the loan to be credit-impaired",
            "贷款机构认定该贷款已发生信用减值",
        ),
        "stage_risk_increased": _texts(
            "the lender found that credit risk rose significantly",
            "贷款机构认定信用风险显著增加",
        ),
        "default_since": _texts(
            "in default since {default_on}; arrears have been material for "
            "{counted_days} days in a row",
            "自 {default_on} 起违约；逾期金额已连续 {counted_days} 天超过重要性门槛",
        ),
        "default_probation": _texts(
            "in default since {default_on}; arrears have not been material since "
            "{probation_from}, and must stay so until {probation_until}",
            "自 {default_on} 起违约；自 {probation_from} 起逾期金额低于重要性门槛，"
            "须保持至 {probation_until}",
        ),
        "default_counting": _texts(
            "arrears have been material for {counted_days} days in a row, {days_min} "
            "make a default",
            "逾期金额已连续 {counted_days} 天超过重要性门槛，"
            "达到 {days_min} 天即为违约",
        ),
        "default_immaterial": _texts(
            "arrears are not material, and no default goes on",
            "逾期金额未超过重要性门槛，且没有未结束的违约",
        ),
        "forbearance_no_concession": _texts(
            "no concession was made",
            "没有作出让步",
        ),
        "forbearance_no_difficulty": _texts(
            "no concession was made in financial difficulty",
            "作出的让步均与财务困难无关",
        ),
        "forbearance_granted": _texts(
            "terms were eased in financial difficulty on {on}",
            "因财务困难于 {on} 放宽了合同条款",
        ),
        "forbearance_renewed": _texts(
            "terms were eased again in probation on {on}",
            "在考察期内于 {on} 再次放宽了合同条款",
        ),
        "forbearance_late": _texts(
            "the loan was late for too long in probation on {on}",
            "考察期内于 {on} 逾期天数超过上限",
        ),
        "forbearance_cured": _texts(
            "the loan was cured on {on}",
            "贷款于 {on} 完成治愈期",
        ),
        "forbearance_cure": _texts(
            "the loan is non-performing and cures until {until_on} at least",
            "贷款为不良，治愈期至少持续至 {until_on}",
        ),
        "forbearance_probation": _texts(
            "the loan is in probation until {until_on} at least",
            "贷款处于考察期，至少持续至 {until_on}",
        ),
        "forbearance_over": _texts(
            "probation ended on {on}",
            "考察期已于 {on} 结束",
        ),
        "forbearance_closed": _texts(
            "the loan was closed on {on}",
            "贷款已于 {on} 结清或核销",
        ),
        "aging_counted": _texts(
            "{overdue_count} of {loan_count} loans are past due",
            "{loan_count} 笔贷款中有 {overdue_count} 笔逾期",
        ),
        "par_counted": _texts(
            "{late_count} of {loan_count} loans are {days_min} or more days past due, "
            "{restructured_count} others are restructured",
            "{loan_count} 笔贷款中有 {late_count} 笔逾期 {days_min} 天及以上，"
            "另有 {restructured_count} 笔为重组贷款",
        ),
        # ledger: reconciliation
        "reconciliation_matched": _texts(
            "the ledger and the bank have the same amount",
            "账本与银行流水金额一致",
        ),
        "reconciliation_amount_differs": _texts(
            "the bank's amount is the ledger's and {difference_minor} minor units",
            "银行金额与账本金额相差 {difference_minor} 最小货币单位",
        ),
        "reconciliation_missing_in_ledger": _texts(
            "the bank has it, the ledger does not",
            "银行有记录，账本没有",
        ),
        "reconciliation_missing_at_bank": _texts(
            "the ledger has it, the bank does not",
            "账本有记录，银行没有",
        ),
        "reconciliation_double_at_bank": _texts(
            "the bank has it once more than the ledger",
            "银行比账本多记一次",
        ),
        "reconciliation_double_in_ledger": _texts(
            "the ledger has it once more than the bank",
            "账本比银行多记一次",
        ),
        # ledger: where a repayment went
        "allocation_past_due": _texts(
            "{amount} paid {bucket} of row {row}, which was past due since {due_on}",
            "{amount} 用于偿还第 {row} 期的 {bucket}，该期已于 {due_on} 到期未付",
        ),
        "allocation_due": _texts(
            "{amount} paid {bucket} of row {row}, due on the day, {due_on}",
            "{amount} 用于偿还第 {row} 期的 {bucket}，该期于当日 {due_on} 到期",
        ),
        "allocation_in_advance": _texts(
            "{amount} paid {bucket} of row {row} in advance; it is due on {due_on}",
            "{amount} 提前偿还第 {row} 期的 {bucket}，该期于 {due_on} 到期",
        ),
    }
)
