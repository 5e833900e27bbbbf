"""The payment clause in plain words: one sentence a rule, a performance, a limit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sibmodel.contract.assumptions import ByGroup
from sibmodel.contract.contract import Contract
from sibmodel.contract.outcomes import Outcome
from sibmodel.contract.payments import Payer, Rule, ShareOf, Size, SizesByDate
from sibmodel.contract.performance import AgainstByDate, Comparison, Performance
from sibmodel.contract.tables import STEPS, Table, Test
from sibmodel.pages.figures import Figures, plain, share
from sibmodel.pages.text import day, listed, sentence, words

WORDS = {"at_least": "at least", "above": "above", "at_most": "at most", "below": "below"}
MANY = 3
"""Rules beyond which what all have in common is said once."""

SPANS = {"person": "for one person", "cohort": "for each cohort", "year": "in a year"}


@dataclass(frozen=True)
class Clauses:
    """Sentences by name, in the order of the contract."""

    rules: Mapping[str, str]
    performances: Mapping[str, str]
    together: Sequence[str]


def clauses(contract: Contract) -> Clauses:
    """What a contract's payment clause says.

    Examples
    --------
    >>> import sibmodel as sib
    >>> clauses(sib.library.load("closed_form_bond")).rules["success"]
    'For each claim of success: GBP 5,000; paid in the year of the claim by council.'
    """
    writer = _Writer(contract)
    stated = contract.payments.rules
    paid = {name: writer.paid(rule) for name, rule in stated.items()}
    said = {name: writer.rule(rule) for name, rule in stated.items()}
    together = writer.together()
    if len(paid) > MANY and len(set(paid.values())) == 1:  # said once, not under each
        together = [f"Under every rule: {paid[next(iter(paid))]}.", *together]
    else:
        said = {name: f"{text}; {paid[name]}" for name, text in said.items()}
    return Clauses(
        {name: sentence(f"{text}.") for name, text in said.items()},
        {name: writer.performance(clause) for name, clause in contract.performance.items()},
        together,
    )


class _Writer(Figures):
    """Puts the clauses of one contract into words."""

    # --- rules ---

    def rule(self, rule: Rule) -> str:
        """What is counted, what must be true first, how much, up to what."""
        tests = [self.test(name, test) for name, test in rule.when.items()]
        if rule.unless is not None:
            tests.append(f"unless {words(rule.unless)} has earned anything")
        limits = self.limits(rule.limits, self._noun(rule))
        text = ", ".join([self.counted(rule), *tests]) + ": " + self.worth(rule)
        if limits:
            text += f"; up to {listed(limits)}"
        if rule.paid_back_by is not None:
            text += f"; what is below nothing is paid back by {words(rule.paid_back_by)}"
        return text

    def paid(self, rule: Rule) -> str:
        """When it is paid, and by whom."""
        payers = self.payers(rule.payers or self.contract.payments.payers)
        return f"paid {self.when(rule)} by {payers}"

    def counted(self, rule: Rule) -> str:
        """What the rule counts."""
        pays = rule.pays
        if pays is None:
            return self.dates(rule.due)
        if pays in self.contract.cohorts:
            return f"for each start in {words(pays)}"
        if pays in self.contract.performance:
            unit = self.contract.performance[pays].unit
            if rule.price is None or isinstance(rule.price, Table):
                return f"for {words(pays)}"
            each = "percentage point" if unit == "percent" else unit or "1"
            return f"for each {words(each)} of {words(pays)}"
        unit = self.contract.outcomes[pays].unit
        if unit is None:
            return f"for each claim of {words(pays)}"
        return f"for each {words(unit)} of {words(pays)}" if rule.worth == "price" else (
            f"for each record of {words(pays)}"
        )  # fmt: skip

    def test(self, name: str, test: Test) -> str:
        """What must be true first."""
        known = name in self.contract.performance
        say = self.reading(name) if known else plain
        bounds = [
            f"{WORDS[word]} {self.number(getattr(test, word), say, None)}"
            for word in STEPS
            if getattr(test, word) is not None
        ]
        if known:
            return f"if {words(name)} is {listed(bounds)}"
        return f"once the number of {words(name)} accepted is {listed(bounds)}"

    def worth(self, rule: Rule) -> str:
        """How much is paid, before limits."""
        value = rule.price if rule.price is not None else rule.amount
        factors = rule.factors | (self.contract.payments.factors if rule.price is not None else {})
        # an amount that others multiply is a share or a multiple of something, not money
        say = plain if rule.factors and _small(value) else self.money
        text = self.number(value, say, rule.pays)
        if rule.deadweight != 0:
            text += f", less {self.number(rule.deadweight, share, None)} agreed to happen anyway"
        times = [f"{words(name)} ({self.number(f, plain, None)})" for name, f in factors.items()]
        if times:
            text += f", times {listed(times)}"
        return text + (f", in {self.contract.currency}" if say is plain else "")

    def when(self, rule: Rule) -> str:
        """The day of the cash."""
        wait = rule.paid_after
        wait = self.contract.payments.paid_after if wait is None else wait
        if rule.pays is not None and rule.due is not None:
            return self.dates(rule.due)
        what = "reading" if rule.pays in self.contract.performance else "claim"
        if rule.pays is None:
            return "then" if wait == 0 else f"{self._periods(wait)} later"
        if rule.pays in self.contract.cohorts:
            what = "start"
        if wait == 0:
            return f"in the {self.step} of the {what}"
        return f"{self._periods(wait)} after the {what}"

    def _periods(self, many: int) -> str:
        return f"{many} {self.step}{'s' if many > 1 else ''}"

    def _noun(self, rule: Rule) -> str:
        outcome = self.contract.outcomes.get(rule.pays or "")
        if outcome is None or outcome.unit is None or rule.worth == "amount":
            return "claim"
        return words(outcome.unit)

    # --- limits, floors, payers ---

    def size(self, size: Size, noun: str) -> str:
        """How much a limit allows."""
        parts = [self.money(size.amount)] if size.amount is not None else []
        if isinstance(size.number, ShareOf):
            parts.append(f"{share(size.number.share)} of those accepted of "
                         f"{listed([words(name) for name in size.number.of])}")  # fmt: skip
        elif size.number is not None:
            many = "" if size.number == 1 or noun.endswith("s") else "s"
            parts.append(f"{plain(size.number)} {noun}{many}")
        return listed(parts)

    def limits(self, limits: Any, noun: str) -> list[str]:
        """The limits of one owner."""
        found = []
        for scope in ("person", "cohort", "period", "year", "total", "contract"):
            size: Size | SizesByDate | None = getattr(limits, scope, None)
            if isinstance(size, SizesByDate):
                each = [f"{self.size(one, noun)} from {day(self.day_of(key))}"
                        for key, one in size.begins.items()]  # fmt: skip
                found.append(f"a running total of {listed(each)}")
            elif size is not None:
                span = f"in one {self.step}" if scope == "period" else SPANS.get(scope, "in all")
                found.append(f"{self.size(size, noun)} {span}")
        return found

    def payers(self, payers: Mapping[str, Payer]) -> str:
        """Who pays which share."""
        some = {name: payer.share for name, payer in payers.items() if payer.share != 0}
        some = dict(sorted(some.items(), key=lambda item: item[1] == "rest"))
        if len(some) == 1:
            return words(next(iter(some)))
        return listed(
            [
                f"{words(name)} "
                f"({'the rest' if part == 'rest' else self.number(part, share, None)})"
                for name, part in some.items()
            ]
        )

    def together(self) -> list[str]:
        """What holds over several rules: limits, floors, payers' limits, tax."""
        payments = self.contract.payments
        found = []
        for _, limit in sorted(payments.limits.named.items()):
            of = listed([words(rule) for rule in limit.of])
            found.append(f"{of} together: up to {listed(self.limits(limit, 'claim'))}")
        for name, payer in payments.payers.items():
            most = self.limits(payer.limits, "claim")
            if most:
                found.append(f"{words(name)} pays up to {listed(most)}")
        most = self.limits(payments.limits, "claim")
        if most:
            found.append(f"all payments together: up to {listed(most)}")
        for name, floor in payments.floors.named.items():
            of = listed([words(rule) for rule in floor.of])
            found.append(
                f"{words(name)} ({of}): at least {self.floors(floor)}, whatever is claimed"
            )
        least = self.floors(payments.floors)
        if least:
            found.append(f"all payments together: at least {least}, whatever is claimed")
        if payments.tax is not None:
            where = "is within" if payments.tax.included else "goes on top of"
            found.append(f"tax of {share(payments.tax.rate)} {where} prices and limits")
        return [sentence(f"{text}.") for text in found]

    def floors(self, floors: Any) -> str:
        """The least that is paid, by span."""
        least = [
            f"{self.money(getattr(floors, scope))} "
            + (f"in one {self.step}" if scope == "period" else SPANS.get(scope, "in all"))
            for scope in ("period", "year", "total", "contract")
            if getattr(floors, scope, None) is not None
        ]
        return listed(least) if least else ""

    # --- performances ---

    def performance(self, clause: Performance) -> str:
        """What is read, of whom, and when."""
        if clause.weights is not None:
            parts = [
                f"{words(name)} times {words(weight) if isinstance(weight, str) else plain(weight)}"
                for name, weight in clause.weights.items()
            ]
            text = listed(parts)
        elif clause.of is None:
            text = "a figure recorded as such"
        else:
            text = self._read(clause, self.contract.outcomes[clause.of])
        over = {
            "each_cohort": ", each cohort by itself",
            "each_group": ", each group by itself",
            "each_period": f", each {self.step} by itself",
            "to_date": ", of all so far",
        }
        text += over.get(clause.over, "")
        if clause.unit is not None:
            text += ", in percent" if clause.unit == "percent" else f", in {words(clause.unit)}"
        return sentence(f"{text}{f'; read {self.dates(clause.at)}' if clause.at else ''}.")

    def _read(self, clause: Performance, outcome: Outcome) -> str:
        of = words(clause.of or "")
        if clause.read_as == "count":
            return f"the number of {of}"
        if clause.read_as == "rate":
            return f"{of}, a person" if outcome.unit else f"the share who achieve {of}"
        way = "below" if outcome.better == "lower" else "beyond"
        text = f"{of} {way} {self._against(outcome.against)}"
        if clause.read_as == "additional_per_person":
            return f"{text}, a person"
        return f"{text}, as a share of it" if clause.read_as == "relative" else text

    def _against(self, against: Any) -> str:
        if isinstance(against, AgainstByDate):
            each = [f"{self._against(one)} from {day(self.day_of(key))}"
                    for key, one in against.begins.items()]  # fmt: skip
            return listed(each)
        if isinstance(against, Comparison):
            if against.control is not None:
                return f"a {against.control} comparison group"
            return "what change elsewhere leads to expect (difference in differences)"
        return f"the agreed {self.number(against, plain, None)} a person"


def _small(value: Any) -> bool:
    """Whether an amount is a share or multiple that factors turn into money: none passes 10."""
    if isinstance(value, Table | ByGroup):
        parts = value.by_group.values() if isinstance(value, ByGroup) else [
            part for path, part in value.parts() if path[0] not in ("floor", "cap")
        ]  # fmt: skip
        return all(_small(part) for part in parts)
    return isinstance(value, int | float) and abs(value) <= 10
