"""The contract's uncertain numbers: their distributions, and one draw of each a run."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import betainc, betaincinv, betaln, ndtr, ndtri

from sibmodel.contract.assumptions import Assumption, Beta, ByGroup, Quantiles, Range
from sibmodel.contract.contract import Contract
from sibmodel.contract.correlations import draw_name, nearest_correlation, stated_matrix
from sibmodel.contract.faults import ContractWarning, path_text
from sibmodel.model.chance import Floats, uniform_per_run

_GRID = np.linspace(-8.5, 8.5, 4097)


@dataclass(frozen=True)
class Distribution:
    """A mean, and the inverse distribution function of a uniform and its normal score."""

    mean: float
    quantile: Callable[[Floats, Floats], Floats]
    label: str


def beta_parameters(beta: Beta) -> tuple[float, float, str]:
    """Alpha, beta and what was done, for each of the three ways a beta is written.

    Source: METHOD §5. k = μ(1−μ)/s² − 1, α = μk, β = (1−μ)k; a count is Beta(a+½, n−a+½), with the
    variance between places added where ``elsewhere`` is said; sites are fitted by maximum
    likelihood of the beta-binomial.
    """
    if beta.sites is not None:
        alpha, other = another_site(np.array(beta.sites))
        return alpha, other, f"another place: beta-binomial fitted to {len(beta.sites)} sites"
    if beta.achieved is not None and beta.of is not None:
        alpha, other = beta.achieved + 0.5, beta.of - beta.achieved + 0.5
        if not beta.elsewhere:
            return alpha, other, "the same project again"
        mean = alpha / (alpha + other)
        variance = mean * (1 - mean) / (alpha + other + 1) + beta.elsewhere**2
        said = f"another place: sd between places {beta.elsewhere:g} added"
    else:
        assert beta.mean is not None
        assert beta.sd is not None
        mean, variance, said = beta.mean, beta.sd**2, "mean and sd as stated"
    size = mean * (1 - mean) / variance - 1
    if size <= 0:
        raise ValueError(f"no beta has mean {mean:.4g} and sd {variance**0.5:.4g}")
    return mean * size, (1 - mean) * size, said


def fit_beta_binomial(sites: npt.NDArray[np.int_]) -> tuple[float, float]:
    """Alpha and beta of the beta-binomial most likely to give [achieved, of] at these sites."""
    from scipy import optimize  # noqa: PLC0415  (slow to import, seldom needed)

    achieved, people = sites[:, 0].astype(float), sites[:, 1].astype(float)

    def unlikelihood(x: Floats) -> float:
        mean, size = 1 / (1 + np.exp(-x[0])), np.exp(x[1])
        alpha, other = mean * size, (1 - mean) * size
        return -float(
            np.sum(betaln(achieved + alpha, people - achieved + other) - betaln(alpha, other))
        )

    mean = (achieved.sum() + 0.5) / (people.sum() + 1)
    best = optimize.minimize(
        unlikelihood,
        np.array([np.log(mean / (1 - mean)), np.log(20.0)]),
        method="L-BFGS-B",
        bounds=[(-12, 12), (np.log(0.1), np.log(1e6))],
    )
    mean, size = 1 / (1 + np.exp(-best.x[0])), np.exp(best.x[1])
    return float(mean * size), float((1 - mean) * size)


def another_site(sites: npt.NDArray[np.int_]) -> tuple[float, float]:
    """Alpha and beta of the rate at one more site: the fitted spread, and the error of its mean.

    The mean is known from so many people, of whom alike ones count for less: without its error,
    sites that happen to agree would make the next site certain.
    """
    alpha, other = fit_beta_binomial(sites)
    size, people = alpha + other, sites[:, 1].astype(float)
    mean, alike = alpha / size, 1 / (size + 1)
    counted = float(np.sum(people / (1 + (people - 1) * alike)))
    variance = mean * (1 - mean) * (alike + 1 / counted)
    size = mean * (1 - mean) / variance - 1
    return mean * size, (1 - mean) * size


def fit_quantiles(quantiles: Quantiles, wanted: Range) -> Distribution:
    """The distribution nearest to judged quantiles: least squares on the CDF (as SHELF does)."""
    from scipy import optimize  # noqa: PLC0415  (slow to import, seldom needed)

    shares = np.array(sorted(quantiles.at))
    values = np.array([quantiles.at[share] for share in shares])
    fit = quantiles.fit or default_fit(wanted)
    middle = float(np.interp(0.5, shares, values))
    spread = (values[-1] - values[0]) / (ndtri(shares[-1]) - ndtri(shares[0]))
    if fit == "beta":
        size = max(middle * (1 - middle) / spread**2 - 1, 0.5)

        def cdf(x: Floats) -> Floats:
            return np.asarray(betainc(np.exp(x[0]), np.exp(x[1]), values))

        x = optimize.least_squares(
            lambda x: cdf(x) - shares,
            np.log([middle * size, (1 - middle) * size]),
            xtol=1e-12,
            ftol=1e-12,
        ).x
        return _beta(float(np.exp(x[0])), float(np.exp(x[1])), 0.0, 1.0, "fitted to quantiles")
    scale = np.log(values) if fit == "lognormal" else values
    if fit == "lognormal":
        spread = (scale[-1] - scale[0]) / (ndtri(shares[-1]) - ndtri(shares[0]))
        middle = float(np.log(middle))
    x = optimize.least_squares(
        lambda x: ndtr((scale - x[0]) / np.exp(x[1])) - shares,
        np.array([middle, np.log(spread)]),
        xtol=1e-12,
        ftol=1e-12,
    ).x
    mu, sigma = float(x[0]), float(np.exp(x[1]))
    label = f"{fit} fitted to quantiles"
    if fit == "lognormal":
        return Distribution(
            float(np.exp(mu + sigma**2 / 2)), lambda u, z: np.exp(mu + sigma * z), label
        )
    return Distribution(mu, lambda u, z: mu + sigma * z, label)


def default_fit(wanted: Range) -> str:
    """What quantiles are fitted with where the contract does not say: by the field's range."""
    if (wanted.low, wanted.high) == (0.0, 1.0):
        return "beta"
    return "lognormal" if wanted.low == 0.0 else "normal"


def _beta(alpha: float, other: float, low: float, high: float, label: str) -> Distribution:
    """A beta on [low, high], its inverse read off a table at 4,097 normal scores.

    The inverse of the incomplete beta costs about 2 µs a number, which would be most of a run; the
    table's straight lines are within 2e-6 of it for shapes of ½ and more, 2e-5 at a shape of 0.1.
    """
    near_zero = betaincinv(alpha, other, ndtr(_GRID))
    near_one = 1 - betaincinv(other, alpha, ndtr(-_GRID))
    table: Floats = low + (high - low) * np.where(near_zero < 0.5, near_zero, near_one)
    step = _GRID[1] - _GRID[0]

    def quantile(u: Floats, z: Floats) -> Floats:
        steps = (z - _GRID[0]) / step
        cell = steps.astype(np.intp)
        below = table[cell]
        found: Floats = below + (steps - cell) * (table[cell + 1] - below)
        return found

    return Distribution(low + (high - low) * alpha / (alpha + other), quantile, label)


def distribution(number: Assumption, wanted: Range) -> Distribution:
    """The distribution an assumption states.

    Parameters
    ----------
    number : Assumption
        Any of the forms but ``value``.
    wanted : Range
        The field's range, for ``truncated`` and for what quantiles are fitted with.
    """
    match number.form:
        case "beta":
            assert number.beta is not None
            alpha, other, said = beta_parameters(number.beta)
            return _beta(alpha, other, 0.0, 1.0, said)
        case "pert":
            assert number.pert is not None
            low, mode, high = number.pert
            alpha = 1 + 4 * (mode - low) / (high - low)
            return _beta(alpha, 6 - alpha, low, high, "PERT")
        case "triangular":
            assert number.triangular is not None
            return _triangular(*number.triangular)
        case "uniform":
            assert number.uniform is not None
            low, high = number.uniform
            return Distribution((low + high) / 2, lambda u, z: low + (high - low) * u, "uniform")
        case "samples":
            assert number.samples is not None
            values = np.array(number.samples.values)
            return Distribution(
                float(values.mean()),
                lambda u, z: values[np.minimum((u * len(values)).astype(np.intp), len(values) - 1)],
                "samples",
            )
        case "quantiles":
            assert number.quantiles is not None
            return fit_quantiles(number.quantiles, wanted)
        case form:
            stated = number.normal or number.lognormal
            assert stated is not None
            mu, sigma = stated.mean, stated.sd
            if form == "lognormal":
                sigma = float(np.sqrt(np.log1p((stated.sd / stated.mean) ** 2)))
                mu = float(np.log(stated.mean) - sigma**2 / 2)
            return _normal(mu, sigma, form, wanted if number.truncated else None, stated.mean)


@functools.lru_cache(maxsize=1024)
def _made(number: str, wanted: Range) -> Distribution:
    """A distribution told as JSON: its table is worked out once, whatever contracts it is in."""
    return distribution(Assumption.model_validate_json(number), wanted)


def _triangular(low: float, mode: float, high: float) -> Distribution:
    turn = (mode - low) / (high - low)

    def quantile(u: Floats, z: Floats) -> Floats:
        rising = low + np.sqrt(u * (high - low) * (mode - low))
        falling = high - np.sqrt((1 - u) * (high - low) * (high - mode))
        return np.where(u < turn, rising, falling)

    return Distribution((low + mode + high) / 3, quantile, "triangular")


def _normal(mu: float, sigma: float, form: str, cut: Range | None, mean: float) -> Distribution:
    log = form == "lognormal"

    def plain(z: Floats) -> Floats:
        return np.exp(mu + sigma * z) if log else mu + sigma * z

    if cut is None:
        return Distribution(mean, lambda u, z: plain(z), form)
    with np.errstate(divide="ignore"):
        ends = np.log(np.array([cut.low, cut.high])) if log else np.array([cut.low, cut.high])
    low, high = ndtr((ends - mu) / sigma)
    if high - low < 1e-6:
        raise ValueError(f"the {form} lies outside {cut.low:g} to {cut.high:g}")

    def quantile(u: Floats, z: Floats) -> Floats:
        return np.clip(plain(ndtri(low + u * (high - low))), cut.low, cut.high)

    even = (np.arange(100_000) + 0.5) / 100_000
    return Distribution(float(quantile(even, even).mean()), quantile, f"{form}, truncated")


# --- one draw of each a run -----------------------------------------------------------------------


@dataclass(frozen=True)
class _Use:
    """Where a distribution is used: a path (and group), and the name it is drawn under."""

    key: str
    drawn_as: str
    distribution: Distribution


@dataclass(frozen=True)
class Drawn:
    """Values of every number of a contract: floats where certain, arrays (run,) where drawn."""

    values: Mapping[str, float | Floats]

    def __call__(self, path: str, group: str | None = None) -> float | Floats:
        """The value at a path; of one group (label) where it differs by group."""
        if group is not None and f"{path}@{group}" in self.values:
            return self.values[f"{path}@{group}"]
        return self.values[path]

    def of(self, runs: slice) -> Drawn:
        """The values of some runs."""
        return Drawn({k: v if isinstance(v, float) else v[runs] for k, v in self.values.items()})


class Assumptions:
    """A contract's numbers made ready to be drawn; built once, used for every block."""

    def __init__(self, contract: Contract) -> None:
        from sibmodel.contract.checks import groups_of  # noqa: PLC0415  (types only elsewhere)

        self._certain: dict[str, float] = {}
        self._uses: list[_Use] = []
        for at in contract.numbers():
            path = path_text(at.path)
            if isinstance(at.number, ByGroup):
                labels = groups_of(contract, at.path)
                for group, one in at.number.by_group.items():
                    own = f"{path}.by_group.{group}"
                    shared = own if at.number.independent else path
                    self._add(contract, f"{path}@{labels[group]}", shared, one, at.range)
            else:
                self._add(contract, path, path, at.number, at.range)
        self._names = sorted({use.drawn_as for use in self._uses})
        self._joined, matrix = stated_matrix(contract)
        self._root: Floats | None = None
        if self._joined:
            if np.linalg.eigvalsh(matrix)[0] < 1e-10:
                mended = nearest_correlation(matrix)
                moved = float(np.abs(mended - matrix).max())
                if moved > 1e-6:
                    warnings.warn(
                        f"the stated correlations cannot all hold: the nearest that can were "
                        f"used, up to {moved:.3f} away",
                        ContractWarning,
                        stacklevel=2,
                    )
                matrix = mended
            self._root = np.asarray(
                np.linalg.cholesky(matrix + 1e-12 * np.eye(len(matrix))), dtype=np.float64
            )

    def _add(
        self,
        contract: Contract,
        key: str,
        path: str,
        number: float | str | Assumption,
        wanted: Range,
    ) -> None:
        drawn_as = path
        if isinstance(number, str):
            drawn_as, number = number, contract.assumptions[number]
        assert not isinstance(number, str)
        if isinstance(number, float):
            self._certain[key] = number
        elif number.form == "value":
            assert number.value is not None
            self._certain[key] = number.value
        else:
            drawn_as = draw_name(drawn_as, number)
            try:
                made = _made(number.model_dump_json(), wanted)
            except ValueError as impossible:
                raise ValueError(f"{key}: {impossible}") from None
            self._uses.append(_Use(key, drawn_as, made))

    @property
    def labels(self) -> dict[str, str]:
        """What was done with each uncertain number, by path (``path@group`` by group)."""
        return {use.key: use.distribution.label for use in self._uses}

    def uncertain_of(self, drawn: Drawn) -> dict[str, float | Floats]:
        """The values of the uncertain numbers, by path (``path@group`` by group)."""
        return {use.key: drawn.values[use.key] for use in self._uses}

    @property
    def uncertain(self) -> bool:
        """Whether anything is drawn at all."""
        return bool(self._uses)

    def means(self) -> Drawn:
        """Every number at its mean: uncertainty switched off."""
        return Drawn(self._certain | {use.key: use.distribution.mean for use in self._uses})

    def draw(self, seed: int, block: int) -> Drawn:
        """One draw of every uncertain number for each run of a block."""
        uniforms = {n: uniform_per_run(seed, f"assumption/{n}", block) for n in self._names}
        scores = {name: ndtri(u) for name, u in uniforms.items()}
        if self._root is not None:
            together = np.stack([scores[name] for name in self._joined])
            for i, name in enumerate(self._joined):
                # summed one by one, not by BLAS: the same to the last bit everywhere
                scores[name] = sum(self._root[i, j] * together[j] for j in range(i + 1))
                uniforms[name] = ndtr(scores[name])
        return Drawn(
            self._certain
            | {
                use.key: use.distribution.quantile(uniforms[use.drawn_as], scores[use.drawn_as])
                for use in self._uses
            }
        )
