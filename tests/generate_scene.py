"""What payments are made up for, by hypothesis: the people, outcomes and performances there are."""

from __future__ import annotations

from dataclasses import dataclass, field

from generate_numbers import Data

from sibmodel.contract.performance import FINEST_FIRST


@dataclass
class Scene:
    """What payments are made up for.

    ``of``: groups of each cohort and outcome, none where there is only one. ``last``: the last
    period; ``wait``: most periods from claim to cash. ``certain``: nothing is uncertain.
    """

    cohorts: Data
    outcomes: Data
    of: dict[str, list[str]]
    last: int
    wait: int
    certain: bool
    limited: bool
    gated: bool
    performance: Data = field(default_factory=dict)

    def over(self, name: str) -> str:
        """How a performance is read: of a composite, as the finest of its parts is."""
        clause = self.performance[name]
        if "weights" in clause:
            parts = {self.over(part) for part in clause["weights"]}
            return next(over for over in FINEST_FIRST if over in parts)
        over: str = clause.get("over", "everyone")
        return over

    def readable(self, pays: str | None) -> list[str]:
        """The performances a rule may read: of each cohort or group only where it pays by them."""
        fine = ("each_cohort", "each_group")
        by_them = pays in self.of or (pays in self.performance and self.over(pays) in fine)
        return [n for n in sorted(self.performance) if by_them or self.over(n) not in fine]

    def cohorts_of(self, name: str) -> list[str]:
        """The cohorts of an outcome or a performance."""
        if name in self.performance:
            clause = self.performance[name]
            return self.cohorts_of(clause["of"]) if "of" in clause else list(self.cohorts)
        if name in self.cohorts:
            return [name]
        clause = self.outcomes[name]
        if "cohort" in clause:
            return [clause["cohort"]] if isinstance(clause["cohort"], str) else clause["cohort"]
        needs = clause["needs"]
        steps = needs["any"] if isinstance(needs, dict) else needs
        return self.cohorts_of(steps if isinstance(steps, str) else steps[0])


def groups_of(scene: Scene, pays: str | None) -> list[str]:
    """Keys that a number by group has under a rule."""
    if pays is None:
        return []
    if pays in scene.of:
        return scene.of[pays]
    clause = scene.performance[pays]
    cohorts = scene.cohorts_of(pays)
    match clause.get("over") if "weights" not in clause else None:
        case "each_cohort" if len(cohorts) > 1:
            return cohorts
        case "each_group":
            labels = [scene.of[cohort] or [cohort] for cohort in cohorts]
            return [label for mine in labels for label in mine]
    return []
