"""The words of the printed report, in every language; one table to translate."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from microcrm_core.reason_texts import Language

__all__ = ["REPORT_TEXTS"]


def _texts(en: str, zh_cn: str) -> Mapping[Language, str]:
    return MappingProxyType({Language.EN: en, Language.ZH_CN: zh_cn})


REPORT_TEXTS: Final[Mapping[str, Mapping[Language, str]]] = MappingProxyType(
    {
        "title": _texts(
            "Review of {customers} customers as of {as_of}",
            "客户复核：{customers} 位客户，截至 {as_of}",
        ),
        "sample": _texts(
            "The portfolio is simulated (seed {seed}): no figure is a real customer's.",
            "本组合为模拟数据（种子 {seed}），不含任何真实客户的数字。",
        ),
        "tiers": _texts("Tiers", "客户层级"),
        "high_value": _texts("high value", "高价值"),
        "potential": _texts("potential", "潜力"),
        "ordinary": _texts("ordinary", "普通"),
        "risk": _texts("risk", "风险"),
        "moves_none_before": _texts(
            "Tier changes: the store has no earlier review",
            "层级变动：存储中没有更早的复核",
        ),
        "moves_no_store": _texts(
            "Tier changes: name a store with --store to compare with the last review",
            "层级变动：请用 --store 指定存储，以便与上次复核比较",
        ),
        "moves": _texts(
            "Tier changes since {previous}: {count} customers",
            "自 {previous} 以来的层级变动：{count} 位客户",
        ),
        "move": _texts("{before} to {after}: {count}", "{before} → {after}：{count}"),
        "move_more": _texts(
            "and {count} more; all are in reviews.csv (tier_before)",
            "另有 {count} 位，详见 reviews.csv（tier_before）",
        ),
        "due_days": _texts("Due days", "还款日建议"),
        "due_day_recommended": _texts("another day advised", "建议更改还款日"),
        "due_day_keeps": _texts("the current day is best", "现有还款日最合适"),
        "due_day_gain_small": _texts(
            "the current day stays, the gain is small", "收益不足，保持现有还款日"
        ),
        "due_day_no_history": _texts("not enough history", "历史不足"),
        "due_day_no_loan": _texts("no loan to advise on", "没有可建议的贷款"),
        "due_day_not_monthly": _texts("not paid by the month", "非按月还款"),
        "shortfalls": _texts(
            "Customers advised to move fell short in {before} of {months} months; "
            "on days picked by the other months, in {after}: a fall of {fall}",
            "建议更改还款日的客户在 {months} 个客户月中余额不足 {before} 次；"
            "按其他月份选出的日期为 {after} 次，下降 {fall}",
        ),
        "quotes": _texts("Quotes", "报价"),
        "quote_request": _texts("for a requested loan", "针对申请中的贷款"),
        "quote_repeat": _texts("to repeat the last loan", "按上一笔贷款重复"),
        "quote_refused": _texts("no quote for the tier", "该层级不报价"),
        "quote_none": _texts("no loan to go by", "没有可参照的贷款"),
        "rates": _texts(
            "Rate a year: lowest {low}, median {median}, highest {high}",
            "年利率：最低 {low}，中位 {median}，最高 {high}",
        ),
        "kept": _texts(
            "Store {store}: {count} records changed",
            "存储 {store}：{count} 条记录有变动",
        ),
        "written": _texts("Written: {files}", "已写入：{files}"),
        "rejected": _texts(
            "{count} rows were rejected: see {file}",
            "{count} 行被拒绝：详见 {file}",
        ),
        "unread": _texts(
            "Not read, because no table is called so: {files}",
            "未读取（没有这样命名的表）：{files}",
        ),
        "ignored": _texts(
            "{file}: columns not used: {columns}",
            "{file}：未使用的列：{columns}",
        ),
    }
)
