"""Change over visits, between arms, and time to an event: models that say what they are and whether they settled."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import statsmodels.api as sm
import statsmodels.formula.api as smf
from scipy import stats
from statsmodels.duration.survfunc import SurvfuncRight
from statsmodels.tools.sm_exceptions import ConvergenceWarning

FEWEST = 10
"""With fewer people no model is printed, only their lines, medians and ranges."""


@dataclass(frozen=True)
class Effect:
    """A coefficient with its interval."""

    name: str
    estimate: float
    low: float
    high: float
    p: float


@dataclass(frozen=True)
class Visits:
    """The means of each visit against the first one.

    `model` names it: "random-intercept model (REML)", or where that did not settle "GEE, exchangeable,
    bias-reduced standard errors"; variances are None for the latter.
    """

    model: str
    effects: tuple[Effect, ...]
    between: float | None
    within: float | None

    @property
    def icc(self) -> float | None:
        """The share of variance between people."""
        if self.between is None or self.within is None:
            return None
        return self.between / (self.between + self.within)


def over_visits(values: pd.DataFrame) -> Visits:
    """Fit y of `person` at `visit` (the smallest is the reference), all observed visits of everybody.

    Raises ValueError with fewer than ten people. A random intercept is no unstructured covariance: its name says so.
    """
    people = values["person"].nunique()
    if people < FEWEST:
        raise ValueError(f"{people} people are too few for a model; {FEWEST} are needed")
    formula = f"y ~ C(visit, Treatment({values['visit'].min()!r}))"
    fitted = _mixed(formula, values)
    if fitted is not None:
        return Visits(
            "random-intercept model (REML)",
            _effects(fitted, len(fitted.fe_params)),
            float(fitted.cov_re.iloc[0, 0]),  # `params["Group Var"]` is its ratio to the residual's
            float(fitted.scale),
        )
    ordered = values.sort_values(["person", "visit"])
    robust = smf.gee(formula, "person", ordered, cov_struct=sm.cov_struct.Exchangeable()).fit(
        cov_type="bias_reduced"
    )
    return Visits(
        "GEE, exchangeable, bias-reduced standard errors",
        _effects(robust, len(robust.params)),
        None,
        None,
    )


def _mixed(
    formula: str, values: pd.DataFrame
) -> sm.regression.mixed_linear_model.MixedLMResults | None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        try:
            fitted = smf.mixedlm(formula, values, groups=values["person"]).fit(reml=True)
        except (ConvergenceWarning, np.linalg.LinAlgError):
            return None
    return fitted if fitted.converged else None


def between_arms(values: pd.DataFrame, stratum: str | None = None) -> Effect:
    """Compare `after` between two arms, adjusted for `before` (and a stratum): ANCOVA with HC3 standard errors."""
    formula = "after ~ C(arm) + before" + (f" + C({stratum})" if stratum else "")
    fitted = smf.ols(formula, values).fit(cov_type="HC3", use_t=True)
    name = next(each for each in fitted.params.index if each.startswith("C(arm)"))
    return _effect(fitted, name)


def _effects(fitted: object, count: int) -> tuple[Effect, ...]:
    names = fitted.params.index[:count]  # type: ignore[attr-defined]  # statsmodels has no types
    return tuple(_effect(fitted, name) for name in names)


def _effect(fitted: object, name: str) -> Effect:
    low, high = fitted.conf_int().loc[name]  # type: ignore[attr-defined]
    return Effect(
        name,
        float(fitted.params[name]),  # type: ignore[attr-defined]
        float(low),
        float(high),
        float(fitted.pvalues[name]),  # type: ignore[attr-defined]
    )


@dataclass(frozen=True)
class Survival:
    """The share still without the event after each time at which one happened, with Greenwood's standard error."""

    times: tuple[float, ...]
    shares: tuple[float, ...]
    errors: tuple[float, ...]


def survival(times: Sequence[float], happened: Sequence[bool]) -> Survival:
    """Estimate by Kaplan and Meier 1958; who was not seen to have the event leaves at their time."""
    found = SurvfuncRight(np.asarray(times, dtype=float), np.asarray(happened, dtype=int))
    return Survival(
        tuple(map(float, found.surv_times)),
        tuple(map(float, found.surv_prob)),
        tuple(map(float, found.surv_prob_se)),
    )


def better_in(
    reference: Sequence[float], phase: Sequence[float], *, lower_is_better: bool
) -> float:
    """Return the chance that a day of a phase is better than one of the reference: all pairs, ties half (NAP).

    Nonoverlap of all pairs, Parker and Vannest 2009.
    """
    statistic = stats.mannwhitneyu(phase, reference).statistic
    share = float(statistic) / (len(reference) * len(phase))
    return 1 - share if lower_is_better else share
