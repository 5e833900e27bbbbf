"""Everything that published contracts are made of stands in a contract of the library.

The list of ideas is what 62 published contracts were found to use.
"""

from __future__ import annotations

import pytest

from sibmodel.library import _FOLDER

PRIMITIVES = {
    "UNIT": ("innovation_fund_round_1", "pays: job_13_weeks, price: 2600"),
    "LADDER": ("innovation_fund_round_1", "needs: job_13_weeks"),
    "ACCRUAL": ("stronger_families_suffolk", "within: {months: 18}"),
    "FEE": ("work_programme", "pays: jobseekers"),
    "TAPER": ("work_programme", "from: {2011-06-01: 400, 2012-06-01: 300"),
    "BLOCK": ("work_programme", "price: {each_above: {300: 1000}}"),
    "GROUP": ("work_programme", "price: {by_group: {jsa_18_24: 170"),
    "REPEAT": ("reboot_west", "pays: feels_safe, price: 220, limits: {person: {number: 3}}"),
    "PRORATA": ("pause_plymouth", "amount: {through: {547: 0, 1095: 20000}}"),
    "ICAP": ("innovation_fund_round_1", "limits: {person: 8200}"),
    "VCAP": ("cameroon_cataract", "limits: {total: {number: 18000}}"),
    "CCAP": ("denver_supportive_housing", "limits: {contract: 11420000}"),
    "THRESH": ("peterborough", "reduction: {at_least: 0.10"),
    "STEP": ("rikers_able", "0.085: 4800000"),
    "INTERP": ("newpin_nsw", "through: {0.55: 0.03, 0.60: 0.075"),
    "TWOSIDED": ("dc_water", "amount: {below: {18.6: -3300000}, above: {41.3: 3300000}}"),
    "COHORT": ("peterborough", "{of: reconvictions, as: relative, over: each_cohort}"),
    "RCT": ("educate_girls", "against: {control: randomised}"),
    "DEADWEIGHT": ("newpin_queensland", "against: 0.25"),
    "INDEX": ("benevolent_nsw", "weights: {care: 0.6, assessments: 0.2, reports: 0.2}"),
    "POOL": ("peterborough", "{of: reconvictions, as: relative, over: everyone, at: 2017-07-01"),
    "ADJUST": ("benevolent_nsw", "agreed_for_shortfall: shortfall_share"),
    "SHARE": ("utah_preschool", "factors: {share_of_saving: 0.95}"),
    "SWITCH": ("utah_preschool", "to: {payers_of_special_education: 55, senior: 26"),
    "STANDING": ("aspire_adelaide", "due: every_period"),
    "COUPON": ("aspire_adelaide", "interest: {rate: {from: {0: 0.02, 20: 0}}, paid: each_period}"),
    "RETCAP": ("educate_girls", "until: {irr: 0.15, of: ubs}"),
    "PRINCIPAL": ("newpin_nsw", "{by: restoration_rate, at_most: {0.55: 0.5}, above: {0.55: 1}}"),
    "GUARANTEE": ("rikers_able", "by: bloomberg_philanthropies"),
    "TRANCHE": ("utah_preschool", "order: [senior, subordinate, success_fee]"),
    "TERMINATE": ("newpin_nsw", "redeem: {bond: 0.75}"),
    "RECYCLE": ("fair_chance_fund_st_basils", "recycle: true"),
    "DRAW": ("rikers_able", "draw: at_once"),
    "BONUSPROV": ("aspire_adelaide", "to: {provider: 1}"),
    "COPAY": ("cameroon_cataract", "{share: 0.8, limits: {total: 2240000}}"),
    "COPAYVAR": (
        "mental_health_employment",
        "payers: {investor: 0.2, commissioner: 0.7, outcomes_fund: 0.1}",
    ),
    "TAX": ("made_up_training", "tax: {rate: 0.20, included: true}"),
    "CLOSED": ("reboot_west", "all identified in year 1, none excluded"),
}
"""What real contracts are made of: a contract of the library with it, and how it is said there."""


@pytest.mark.parametrize("primitive", PRIMITIVES)
def test_the_library_says_everything_that_contracts_are_made_of(primitive: str) -> None:
    name, said = PRIMITIVES[primitive]
    lines = _FOLDER.joinpath(f"{name}.yaml").read_text(encoding="utf-8").splitlines()
    assert sum(said in line and not line.startswith("#") for line in lines) == 1
