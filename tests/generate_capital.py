"""Contracts with capital of every kind, made up by hypothesis; few people, few periods."""

from __future__ import annotations

from typing import Any

from generate_numbers import Data
from hypothesis import strategies as st

PERIODS = {"year": (4, 6), "half_year": (4, 7), "quarter": (5, 9)}
MONEY = [0.0, 40.0, 130.0, 300.0, 900.0]
RATES = [0.03, 0.1, 0.0, 0.4]


@st.composite
def capital_contracts(
    draw: st.DrawFn, *, endings: bool = True, guaranteed: bool | None = None
) -> Data:
    """A contract whose account can do anything the language says.

    Parameters
    ----------
    endings : bool
        Whether it may end early.
    guaranteed : bool, optional
        Whether it has a guarantee; None: either.
    """
    step = draw(st.sampled_from(sorted(PERIODS)))
    periods = draw(st.integers(*PERIODS[step]))
    return Making(draw, step, periods, endings, guaranteed).contract()


class Making:
    """A contract in the making."""

    def __init__(
        self, draw: st.DrawFn, step: str, periods: int, endings: bool, guaranteed: bool | None
    ) -> None:
        self.draw, self.step, self.periods, self.last = draw, step, periods, periods - 1
        self.may_end, self.guaranteed = endings, guaranteed
        self.limited = self.maybe()

    # --- small choices ----------------------------------------------------------------------------

    def of(self, *choices: Any) -> Any:
        """One of these."""
        return self.draw(st.sampled_from(choices))

    def maybe(self) -> bool:
        """Yes or no."""
        return self.draw(st.booleans())

    def seldom(self) -> bool:
        """Yes in one case of four, or so."""
        return bool(self.of(False, False, False, True))

    def money(self) -> float:
        """A sum."""
        return self.of(*MONEY)

    def period(self) -> int:
        """Any period."""
        return self.draw(st.integers(0, self.last))

    def table(self, *values: float) -> Any:
        """A number: plain, uncertain, by date, or by a figure known from the start."""
        low, high = sorted((self.of(*values), self.of(*values)))
        match self.of("plain", "plain", "uncertain", "date", "steps", "lines", "both"):
            case "uncertain" if high > low:
                return {"uniform": [low, high]}
            case "date":
                return {"from": {0: low, self.draw(st.integers(1, self.last)): high}}
            case "steps":
                return {"by": "figure", "below": {0.1: low}, "at_least": {0.1: high}}
            case "lines":
                return {"by": "figure", "below": {0.05: low}, "through": {0.05: low, 0.2: high},
                        "cap": (low + high) / 2 if self.maybe() else high}  # fmt: skip
            case "both":
                later = {"by": "figure", "at_most": {0.12: high}, "above": {0.12: low}}
                return {"from": {0: low, self.draw(st.integers(1, self.last)): later}}
        return high

    def rate(self) -> Any:
        """A rate a year."""
        return self.table(*RATES)

    # --- the contract -----------------------------------------------------------------------------

    def contract(self) -> Data:
        """All of it."""
        costs = self.costs()
        capital = self.capital(costs)
        return {
            "schema": 1,
            "name": "made up",
            "currency": "GBP",
            "timeline": {"start": "2027-04-01", "step": self.step, "periods": self.periods},
            "cohorts": {
                "first": {"people": 6, "intake": [4, 2]},
                "second": {"people": 3, "intake": [0, 2, 1]},
            },
            "outcomes": {
                "home": {"cohort": ["first", "second"], "rate": 0.6, "after": 0},
            },
            "performance": {
                "figure": {"value": {"uniform": [0.0, 0.3]}, "at": 0},
                "later": {"value": {"uniform": [0.0, 0.3]}, "at": self.of(1, 2)},
            },
            "payments": self.payments(),
            "delivery": {"costs": costs},
            "capital": capital,
        }

    def payments(self) -> Data:
        """Simple payments, of two payers, perhaps limited."""
        rules: Data = {"home": {"pays": "home", "price": self.of(60.0, 200.0, 500.0)}}
        if self.maybe():
            rules["joining"] = {"pays": "first", "price": self.of(20.0, 90.0)}
        if self.maybe():
            rules["standing"] = {"due": "every_period", "amount": self.of(50.0, 120.0)}
        found: Data = {"rules": rules, "payers": {"council": 0.7, "fund": 0.3}}
        if self.seldom():
            found["tax"] = {"rate": 0.2, "included": self.maybe()}
        if self.limited:
            found["payers"]["council"] = {
                "share": 0.7,
                "limits": {self.of("period", "year", "total"): self.of(100.0, 400.0, 900.0)},
            }
            if self.maybe():
                found["limits"] = {self.of("period", "year", "contract"): self.of(300.0, 1000.0)}
        elif self.maybe():
            found["paid_after"] = self.of(0, 1)
        return found

    # --- costs ------------------------------------------------------------------------------------

    def costs(self) -> Data:
        """One to four costs, fees among them."""
        whole = self.draw(st.integers(1, self.periods))
        found: Data = {
            "team": {"per_period": self.table(10.0, 80.0, 200.0), "from": 0, "for": whole}
        }
        for name in ("office", "rent", "fee"):
            if self.maybe():
                found[name] = self.cost(found)
        return found

    def cost(self, others: Data) -> Data:
        """One cost."""
        found: Data = {}
        match self.of("amount", "amounts", "start", "outcome", "share", "rate", "following"):
            case "amount":
                found = {"amount": self.money(), "at": self.period()}
            case "amounts":
                found = {"amounts": {self.period(): self.money(), self.last: 50.0}}
            case "start":
                found = {"per_start": 20.0, "over": self.of(1, 2) if self.periods > 4 else 1}
            case "outcome":
                found = {"per_outcome": {"home": 25.0}}
            case "share":
                base = self.of("payments", "commitments")
                found = {"share": self.table(0.0, 0.05, 0.2), "of": base}
                if base == "commitments":
                    found["at"] = self.of(0, 1)
            case "rate":
                base = self.of("commitments", "undrawn", "outstanding")
                found = {"rate": self.table(0.0, 0.04, 0.12), "of": base, "from": self.of(0, 1)}
            case "following":
                return {"share": 0.1, "of": self.of(*others), "to": self.of("manager", "provider")}
        if self.seldom():
            found["inflation"] = 0.05
            found["contingency"] = 0.25
        if self.seldom():
            found["tax"] = 0.2
        if self.maybe():
            found["to"] = "manager"
        return found

    # --- capital ----------------------------------------------------------------------------------

    def capital(self, costs: Data) -> Data:
        """The section."""
        names = ["senior", "junior", "third"][: self.of(1, 2, 2, 3)]
        self.tranches = {name: self.tranche(name) for name in names}
        if self.seldom():
            self.tranches["gift"] = {
                "commitment": self.money(),
                "repaid": "never",
                **self.how_drawn(),
            }
        self.repaid = names
        found: Data = {"tranches": self.tranches}
        surplus = self.steps()
        steps = list(surplus)
        if surplus:
            found["surplus"] = surplus
        elif self.maybe() or any("due_from" not in self.tranches[name] for name in names):
            for name, share in zip(names, {1: [1.0], 2: [0.75, 0.25], 3: [0.5, 0.25, 0.25]}[
                len(names)], strict=True):  # fmt: skip
                self.tranches[name]["share_of_surplus"] = share
        waits = [n for n in costs if n != "team" and "of" not in costs[n] and self.seldom()]
        if len(names) > 1 or len(steps) > 1 or waits or self.maybe():
            found["order"] = self.order(names, waits, steps)
        if self.seldom():
            found["draw_order"] = self.ranks(list(self.tranches))
        found |= self.account()
        if self.guaranteed if self.guaranteed is not None else self.maybe():
            found["guarantees"] = {"backing": self.guarantee()}
        if self.maybe():
            found["settlements"] = self.settlements()
        if self.may_end and self.maybe():
            found["endings"] = self.endings()
        return found

    def account(self) -> Data:
        """The purse, recycling, dates, and what happens when money is short."""
        purse: Data = {}
        if self.maybe():
            purse["opening"] = self.money()
        if self.maybe():
            purse["reserve"] = self.table(0.0, 50.0, 400.0)
        if self.maybe():
            purse["interest"] = self.rate()
        found: Data = {"account": purse} if purse else {}
        found["recycle"] = self.of(False, True, True, {"up_to": 250.0}, {"share": 0.4})
        dates = self.of(None, None, "each_period", "after_delivery", "at_end", "every", "list")
        if dates == "every":
            dates = {"from": self.of(0, 1), "every": 2}
        elif dates == "list":
            dates = sorted({self.period(), self.period()})
        if dates is not None:
            found["distribute"] = dates
        shorts = ["provider_bears", "carried_forward"] + ["delivery_stops"] * self.may_end
        found["on_shortfall"] = self.of(*shorts)
        return found

    def how_drawn(self) -> Data:
        """When it is drawn."""
        match self.of("left out", "left out", "as_needed", "at_once", "dates"):
            case "left out":
                return {}
            case "dates":
                return {"draw": {0: self.of(0.2, 0.5), self.draw(st.integers(1, self.last)): 0.5}}
            case word:
                return {"draw": word}

    def tranche(self, name: str) -> Data:
        """One that is repaid."""
        found: Data = {"commitment": self.of(0.0, 60.0, 250.0, 700.0), **self.how_drawn()}
        if self.maybe():
            found["held_by"] = self.of("bank_of_hope", "provider", f"{name}_trust")
        repaid = self.of("left out", "as_available", "at_end", "dates", "level")
        if repaid == "level":
            begin = self.draw(st.integers(0, self.last))
            until = self.draw(st.integers(begin, self.last))
            found["repaid"] = {"level": {"from": begin, "until": until}}
            rate = self.of(*RATES)
            found["interest"] = self.of(rate, {"rate": rate, "paid": "each_period"})
        else:
            if repaid == "dates":
                found["repaid"] = {self.period(): 0.5, self.last: self.of(0.3, 0.5)}
            elif repaid != "left out":
                found["repaid"] = repaid
            if self.of(True, True, True, False):
                paid = self.of("rolled_up", "rolled_up", "each_period", "each_year", "at_end")
                rate = self.rate()
                found["interest"] = rate if paid == "rolled_up" else {"rate": rate, "paid": paid}
            if self.seldom():
                found["principal"] = self.table(0.0, 0.5, 0.75, 1.0)
        if repaid not in ("left out", "as_available") and self.maybe():
            found["due_from"] = self.of("council", "fund")
        return found

    def order(self, names: list[str], waits: list[str], steps: list[str]) -> list[Any]:
        """A priority: tranches (perhaps with interest apart), costs that wait, steps."""
        places: list[Any] = []
        for rank in self.ranks(names):
            if isinstance(rank, str) and self.seldom():
                places += [f"{rank}.interest", f"{rank}.principal"]
            else:
                places.append(rank)
        for cost in waits:
            places.insert(self.draw(st.integers(0, len(places))), cost)
        at = len(places)
        if steps and steps[0] != "rest" and self.seldom():
            at = self.draw(st.integers(0, len(places)))
        return [*places[:at], *steps[:-1], *places[at:], *steps[-1:]]

    def ranks(self, names: list[str]) -> list[Any]:
        """The names in some order, perhaps two of them equal."""
        mixed = list(self.draw(st.permutations(names)))
        if len(mixed) > 1 and self.maybe():
            return [[mixed[0], mixed[1]], *mixed[2:]]
        return mixed

    def steps(self) -> Data:
        """Steps of surplus, all but the last with an until."""
        found: Data = {}
        for name in ("one", "two"):
            if self.maybe():
                found[name] = self.limited_step()
        if found or self.maybe():
            mixed, payers = {self.repaid_names[0]: 4, "manager": 1}, {"council": 0.5, "fund": 0.5}
            to = self.of({"provider": 1.0}, mixed, payers, {"fund": 3, "provider": 1})
            found["rest"] = {"to": to}
        return found

    @property
    def repaid_names(self) -> list[str]:
        """Tranches that are repaid."""
        return [name for name, clause in self.tranches.items() if clause.get("repaid") != "never"]

    def limited_step(self) -> Data:
        """One that ends."""
        names = self.repaid_names
        first = names[0]
        match self.of("irr", "multiple", "amount", "amount of a party", "share", "all together"):
            case "irr":
                level = self.table(0.02, 0.08, 0.15)
                to = self.of({first: 1.0}, {first: 0.8, "manager": 0.2})
                return {"to": to, "until": {"irr": level, "of": first}}
            case "multiple":
                return {"to": {first: 1.0}, "until": {"multiple": self.table(1.0, 1.3)}}
            case "amount":
                return {"to": {first: 1.0}, "until": {"amount": self.table(50.0, 400.0)}}
            case "amount of a party":
                return {"to": {"manager": 1, "fund": 1},
                        "until": {"amount": 60.0, "of": self.of("manager", "fund")}}  # fmt: skip
            case "share":
                u = self.of(0.6, 1.0)
                to = {"manager": u, first: 1 - u} if u < 1 else {"manager": u}
                share = self.table(0.1, 0.2)
                return {"to": to, "until": {"share_of_profit": share, "of": "manager"}}
            case _:
                to = dict.fromkeys(names, 1)
                return {"to": to, "until": {"irr": 0.07, "of": names}}

    def guarantee(self) -> Data:
        """One guarantee."""
        found: Data = {"by": "backer", "covers": self.of(*self.repaid)}
        if self.maybe():
            found["up_to"] = self.table(0.5, 0.75, 1.0)
        if self.maybe():
            found["share"] = self.table(0.5, 1.0)
        if self.maybe():
            found["limit"] = self.table(30.0, 200.0)
        return found

    def settlements(self) -> Data:
        """One or two settlements, either way."""
        found: Data = {}
        for name in ("swap", "other")[: self.of(1, 2)]:
            ends = self.draw(st.permutations(["account", self.repaid[0], "neighbour", "council"]))
            low, high = self.of((-80.0, 0.0), (-300.0, 40.0), (0.0, 70.0))
            tiers = {"by": "figure", "below": {0.1: low}, "at_least": {0.1: 0.0}}
            amount = self.of(high, low, {**tiers, "above": {0.2: high}})
            found[name] = {"from": ends[0], "to": ends[1], "amount": amount}
            if self.maybe():
                found[name]["at"] = self.period()
        return found

    def endings(self) -> Data:
        """One ending, or two."""
        found: Data = {}
        for name in ("break", "failure")[: self.of(1, 1, 2)]:
            clause: Data = {self.of("at", "from"): self.period()}
            test = self.of("figure", "later", "balance", "drawn", "unmet", "chance")
            bound = self.of(0.1, 0.2) if test in ("figure", "later") else self.of(5.0, 90.0, 250.0)
            bound = 0.0 if test == "unmet" and self.maybe() else bound
            if test != "chance":
                word = self.of("below", "at_least", "above", "at_most")
                clause["if"] = {test: {word: bound}}
            if test == "chance" or self.seldom():
                clause["chance"] = self.of(0.0, 0.5, 1.0)
            if "if" not in clause and "from" in clause:
                clause["at"] = clause.pop("from")
            match self.of("plain", "notice", "at_once", "redeem", "cancels"):
                case "notice":
                    clause["notice"] = self.of(1, 2)
                case "at_once":
                    clause["settles"] = "at_once"
                case "redeem":
                    clause |= {"redeem": {n: self.redemption() for n in self.some(self.repaid)},
                               "left_to": self.of("council", "provider")}  # fmt: skip
                    if self.maybe():
                        clause["paid_by"] = self.of("council", "backer")
                case "cancels":
                    clause["cancels"] = self.of("first", "second")
            found[name] = clause
        return found

    def some(self, names: list[str]) -> list[str]:
        """The first, or all."""
        return names if self.maybe() else names[:1]

    def redemption(self) -> Any:
        """What a tranche gets instead."""
        return self.of(0.4, 0.75, 1.0, {"irr": 0.03})
