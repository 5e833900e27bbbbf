"""The review of a contract: what it states, what is open, what it costs not to know."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

import sibmodel as sib
from sibmodel.contract.files import loads
from sibmodel.questions.review import CORNERS, STATUSES, Review, review
from sibmodel.questions.review_figures import Effect, years_looked_at

EXAMPLES = Path(__file__).parents[1] / "examples"

GOOD = """
schema: 1
name: Review by hand
currency: GBP
prices: {base: 2027-28, inflation: 0.0}
timeline: {start: 2027-04-01, step: year, periods: 4}
parties: {council: {public: true}, nhs: {public: true}}
cohorts:
  people:
    people: 100
    intake: [100]
    referrals: 1.0
    eligibility: Receives the benefit on the day of referral
    referred_by: jobcentre
    distance: None has worked in the last two years
outcomes:
  job:
    rate: {value: 0.5, source: "a trial"}
    anyway: {value: 0.2, source: "the trial's comparison group", grade: A}
    attribution: {value: 1.0, source: "a trial"}
    after: 1
    tracked: {years: 1}
    because: Employers are found before people start
    measured_by: Payroll records of the tax authority
    held: {months: 6}
headline: job
payments:
  rules: {job: {pays: job, price: 1000}}
  payers: {council: 1.0}
delivery: {costs: {team: {per_start: 100}, set_up: {amount: 10000, purpose: set_up}}}
value:
  discount: {rate: 0.0}
  benefits:
    work: {of: job, per_outcome: 500, prices: 2027-28, to: nhs, years: 4, source: "unit costs"}
"""
# 50 achieve it, 20 would have anyway: 30 × 4 × 500 = 60,000 of benefits for 20,000 of costs.

CERTAIN: dict[str, Any] = {"uncertainty": False, "shared_luck": False, "chance": False}


def by_hand(**changes: Any) -> Review:
    contract = loads(GOOD, "good.yaml").replace(
        {path.replace("__", "."): value for path, value in changes.items()}
    )
    return review(contract, 1, **CERTAIN)


def effect(found: Review, key: str, measure: str) -> Effect:
    """The effect of one open question on one measure."""
    [one] = [e for f in found.findings if f.key == key for e in f.effects if e.measure == measure]
    return one


def figures(found: Review, key: str, measure: str) -> list[float]:
    one = effect(found, key, measure)
    return [one.stated, *(value for _, value in one.ends)]


NPV, BCR = "net_present_value[society]", "benefit_cost_ratio[society]"
EACH = "cost_per_additional_outcome[job]"


def test_nine_questions_in_three_corners_and_three_of_feasibility() -> None:
    found = by_hand()
    asked = [finding.corner for finding in found.findings]
    assert asked == [corner for corner in CORNERS for _ in range(3)]
    assert {finding.status for finding in found.findings} <= set(STATUSES)


def test_what_is_stated_is_told_with_path_value_and_line() -> None:
    found = by_hand()
    said = {one.path: one for finding in found.findings for one in finding.states}
    eligible = said["cohorts.people.eligibility"]
    assert eligible.value == "Receives the benefit on the day of referral"
    assert eligible.line == 1 + GOOD.splitlines().index(
        "    eligibility: Receives the benefit on the day of referral"
    )
    assert said["outcomes.job.anyway"].value == "0.2"
    assert said["outcomes.job.anyway"].source == "the trial's comparison group"


def test_a_contract_that_was_changed_or_made_by_hand_has_no_lines_for_what_changed() -> None:
    found = by_hand(cohorts__people__distance="some have")
    said = {one.path: one for finding in found.findings for one in finding.states}
    assert said["cohorts.people.distance"].line is None
    assert said["cohorts.people.eligibility"].line is not None


def test_a_blank_is_open_and_never_invented() -> None:
    blank = by_hand(
        cohorts__people__eligibility="  ",
        cohorts__people__distance=None,
        cohorts__people__referred_by=None,
        outcomes__job__because=None,
    )
    status = {finding.key: finding.status for finding in blank.findings}
    assert status["eligibility"] == "open"
    assert status["distance"] == "open"
    assert status["referral"] == "not known from the contract"
    assert status["link"] == "open"
    full = {finding.key: finding.status for finding in by_hand().findings}
    assert [full[key] for key in ("eligibility", "distance", "referral", "link")] == ["stated"] * 4


def test_a_referrer_who_provides_or_invests_is_not_independent() -> None:
    for who in ("provider", "fund"):
        changes: dict[str, Any] = {
            "cohorts__people__referred_by": who,
            "capital": {"tranches": {"loan": {"commitment": 20000, "held_by": "fund",
                                              "share_of_surplus": 1.0}}},
        }  # fmt: skip
        found = {finding.key: finding for finding in by_hand(**changes).findings}["referral"]
        assert found.status == "partly"
        assert who in found.open[0]


def test_deadweight_without_a_source_runs_from_none_to_all() -> None:
    found = by_hand(outcomes__job__anyway=0.2)
    # none anyway: 50 × 2,000 = 100,000; all of it: nothing but the costs
    assert figures(found, "benefit", NPV) == pytest.approx([40_000, 80_000, -20_000])
    assert figures(found, "benefit", BCR) == pytest.approx([3.0, 5.0, 0.0])
    each = figures(found, "benefit", EACH)
    assert each[:2] == pytest.approx([50_000 / 30, 1_000])
    assert math.isnan(each[2])
    assert "no additional job" in effect(found, "benefit", EACH).note


def test_deadweight_not_stated_is_undefined_and_has_the_same_range() -> None:
    found = by_hand(outcomes__job__anyway=None)
    stated, *ends = figures(found, "benefit", NPV)
    assert math.isnan(stated)
    assert ends == pytest.approx([80_000, -20_000])
    status = {finding.key: finding.status for finding in found.findings}
    assert status["benefit"] == "open"
    assert status["anyway"] == "open"


def test_deadweight_with_a_source_and_no_uncertainty_is_tried_a_quarter_either_way() -> None:
    # 15 and 25 anyway: additional 35 and 25
    assert figures(by_hand(), "benefit", NPV) == pytest.approx([40_000, 50_000, 30_000])


def test_deadweight_with_its_uncertainty_has_no_range_to_add() -> None:
    sure = by_hand(
        outcomes__job__anyway={"pert": [0.1, 0.2, 0.3], "source": "a trial", "grade": "A"}
    )
    [finding] = [f for f in sure.findings if f.key == "benefit"]
    assert finding.status == "stated"
    assert not finding.effects


def test_a_source_that_calls_itself_an_assumption_is_told() -> None:
    found = by_hand(
        outcomes__job__anyway={"pert": [0.1, 0.2, 0.3], "source": "assumption: ours", "grade": "F"}
    )
    [finding] = [f for f in found.findings if f.key == "benefit"]
    assert finding.status == "partly"
    assert "judgement" in " ".join(finding.open)


def test_no_attribution_is_tried_at_a_half() -> None:
    found = by_hand(outcomes__job__attribution=None)
    assert figures(found, "cause", NPV) == pytest.approx([40_000, 10_000])
    assert figures(found, "cause", EACH) == pytest.approx([50_000 / 30, 50_000 / 15])


def test_value_after_anybody_looks_is_told_as_a_share() -> None:
    found = by_hand()
    # looked at for one of the four years the benefit lasts
    assert figures(found, "long", NPV) == pytest.approx([40_000, 15_000 - 20_000])
    [finding] = [f for f in found.findings if f.key == "long"]
    assert "75%" in finding.told()
    whole = by_hand(outcomes__job__tracked={"years": 4})
    [finding] = [f for f in whole.findings if f.key == "long"]
    assert finding.status == "stated"


def test_how_long_people_are_looked_at_after_an_outcome() -> None:
    contract = loads(GOOD, "good.yaml").replace(
        {
            "outcomes.still": {"needs": "job", "rate": 0.5, "anyway": 0.5, "after": 2},
            "outcomes.job.tracked": None,
        }
    )
    assert years_looked_at(contract, "job") == 2.0
    assert years_looked_at(contract, "still") == 0.0
    longer = contract.replace({"outcomes.still.tracked": {"months": 6}})
    assert years_looked_at(longer, "job") == 2.5


def test_set_up_costs_and_the_smallest_contract_worth_them() -> None:
    # 10,000 of 20,000; worth (60,000 − 10,000) / 100 a person before it, so 20 people pay for it
    [finding] = [f for f in by_hand().findings if f.key == "size"]
    text = finding.told()
    assert "50%" in text
    assert "20 people" in text
    [finding] = [f for f in by_hand(value__benefits__work__per_outcome=50).findings
                 if f.key == "size"]  # fmt: skip
    assert "no number of people" in finding.told()


def test_would_it_have_happened_anyway_by_hand() -> None:
    [finding] = [f for f in by_hand().findings if f.key == "anyway"]
    # 20 of 50 achieved; worth its costs up to 40 of 100 anyway, 10 additional × 2,000
    assert "Of every 100 job, 40 would have happened anyway" in finding.told()
    assert "the anyway of job is 40.0%, in place of 20.0%" in finding.told()


def test_referrals_not_stated_are_tried_at_seven_in_ten() -> None:
    silent = by_hand(cohorts__people__referrals=None)
    assert figures(silent, "defined", "people_started") == pytest.approx([100, 70])


def test_an_end_that_no_contract_can_have_is_left_out() -> None:
    # a quarter more of 0.5 and of 0.45, which exclude one another, would pass 1
    other = {"rate": 0.45, "anyway": 0.1, "after": 1, "one_of": ["job", "course"]}
    found = by_hand(
        outcomes__course=other,
        outcomes__job__one_of=["job", "course"],
        cohorts__people__distance=None,
    )
    one = effect(found, "distance", "outcome_payments")
    assert [words for words, _ in one.ends] == ["if a quarter fewer get there"]
    assert one.ends[0][1] == pytest.approx(37_500)


def test_correlations_with_a_number_that_is_tried_are_left_out() -> None:
    contract = sib.load_contract(EXAMPLES / "homes_and_work.yaml")
    bare = contract.replace({"outcomes.job_13_weeks.anyway.source": None})
    found = review(bare, 50)
    assert [f for f in found.findings if f.key == "benefit" and f.effects]


def test_a_library_contract_and_a_poor_one() -> None:
    for contract in (
        sib.library.load("peterborough"),
        sib.load_contract(EXAMPLES / "poor_specification.yaml"),
    ):
        found = review(contract, 50)
        assert len(found.findings) == 12
        assert "open" in {finding.status for finding in found.findings}
        assert found.table["question"].is_unique
        assert contract.name in repr(found)
        assert "<table" in found._repr_html_()


def test_the_poor_specification_is_poor() -> None:
    found = review(sib.load_contract(EXAMPLES / "poor_specification.yaml"), 200)
    count = [finding.status for finding in found.findings].count("stated")
    assert count <= 2
    text = YAML(typ="safe").load((EXAMPLES / "poor_specification.yaml").read_text("utf-8"))
    assert "Made up" in text["note"]


def test_the_same_contract_gives_the_same_words() -> None:
    contract = loads(GOOD, "good.yaml")
    assert repr(review(contract, 50)) == repr(review(contract, 50))


def test_a_contract_that_cannot_be_simulated_is_refused_plainly() -> None:
    with pytest.raises(ValueError, match="rate"):
        review(loads(GOOD, "good.yaml").replace({"outcomes.job.rate": None}), 10)
