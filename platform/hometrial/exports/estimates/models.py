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
from statsmodels.tools.sm_exceptions import ConvergenceWarning, SingularMatrixWarning

from hometrial.exports.estimates.numbers import is_constant, known

FEWEST = 10
"""With fewer people no model is printed, only their lines, medians and ranges."""
_GRADIENT = 1e-8
"""So flat the optimiser leaves the likelihood: coefficients hold to 1e-7, variances to a hundred-thousandth."""
_EXACT = 1e-8
"""A model that leaves less than this share of the variance fits exactly: its standard errors mean nothing."""


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

    Standard errors are of the observed information of all parameters, as statsmodels has them. Raises ValueError with
    fewer than ten people, fewer than two visits, a missing value, or where nothing varies. A random intercept is no
    unstructured covariance: its name says so.
    """
    people, spread = values["person"].nunique(), _spread(values)
    if people < FEWEST:
        raise ValueError(f"{people} people are too few for a model; {FEWEST} are needed")
    formula = f"y ~ C(visit, Treatment({values['visit'].min()!r}))"
    fitted = _mixed(formula, values)
    if fitted is not None:
        if fitted.scale <= _EXACT * spread:
            raise ValueError("everybody changed by the same amount: nothing varies within people")
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


def _spread(values: pd.DataFrame) -> float:
    """Return the variance of values that a model of visits can be fitted to."""
    y = known(list(values["y"]), 0, "values")
    if values["visit"].nunique() < 2 and len(y):
        raise ValueError("one visit alone has no change; a model needs two")
    if len(y) and is_constant(y):
        raise ValueError("all values are the same: there is nothing to model")
    return float(y.var()) if len(y) else 0.0


def _mixed(
    formula: str, values: pd.DataFrame
) -> sm.regression.mixed_linear_model.MixedLMResults | None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        warnings.simplefilter("error", SingularMatrixWarning)
        try:
            model = smf.mixedlm(formula, values, groups=values["person"])
            fitted = model.fit(reml=True, gtol=_GRADIENT)
        except (ConvergenceWarning, SingularMatrixWarning, np.linalg.LinAlgError):
            return None
    return fitted if fitted.converged else None


def between_arms(values: pd.DataFrame, stratum: str | None = None) -> Effect:
    """Compare `after` between two arms, adjusted for `before` (and a stratum): ANCOVA with HC3 standard errors.

    Raises ValueError where the difference or its error cannot be told: not two arms, a missing value, too few people,
    arms that are told apart by the stratum, somebody who alone determines a coefficient, or values that fit exactly.
    """
    formula = "after ~ C(arm) + before" + (f" + C({stratum})" if stratum else "")
    _check(values, stratum)
    model = smf.ols(formula, values)
    people, coefficients = model.exog.shape
    if people <= coefficients or np.linalg.matrix_rank(model.exog) < coefficients:
        raise ValueError(
            f"{people} people do not determine {coefficients} coefficients: baseline, stratum and arm follow from each other"
        )
    fitted = model.fit(cov_type="HC3", use_t=True)
    if fitted.get_influence().hat_matrix_diag.max() > 1 - _EXACT:
        raise ValueError("one person alone determines a coefficient: its error cannot be told")
    if fitted.ssr <= _EXACT * fitted.centered_tss:
        raise ValueError("the values fit exactly: there is no error to tell")
    name = next(each for each in fitted.params.index if each.startswith("C(arm)"))
    return _effect(fitted, name)


def _check(values: pd.DataFrame, stratum: str | None) -> None:
    arms = values["arm"].nunique()
    if arms != 2:
        raise ValueError(f"{arms} arms cannot be compared; it takes two")
    for name in ("before", "after"):
        known(list(values[name]), 2, f"values {name}")
    if stratum and values[stratum].isna().any():
        raise ValueError(f"somebody has no {stratum}")


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
    """The share still without the event after each time that was seen, with Greenwood's standard error.

    The error is None where nobody is left: Greenwood's formula divides by them.
    """

    times: tuple[float, ...]
    shares: tuple[float, ...]
    errors: tuple[float | None, ...]


def survival(times: Sequence[float], happened: Sequence[bool]) -> Survival:
    """Estimate by Kaplan and Meier 1958; who was not seen to have the event leaves at their time.

    Raises ValueError of nobody, of a time that is no number, and where not everybody has both.
    """
    if len(times) != len(happened):
        raise ValueError(f"{len(times)} times and {len(happened)} marks of an event do not match")
    found = SurvfuncRight(known(times, 1, "times"), np.asarray(happened, dtype=int))
    return Survival(
        tuple(map(float, found.surv_times)),
        tuple(map(float, found.surv_prob)),
        tuple(
            float(error) if share > 0 else None
            for share, error in zip(found.surv_prob, found.surv_prob_se, strict=True)
        ),
    )


def better_in(
    reference: Sequence[float], phase: Sequence[float], *, lower_is_better: bool
) -> float:
    """Return the chance that a day of a phase is better than one of the reference: all pairs, ties half (NAP).

    Nonoverlap of all pairs, Parker and Vannest 2009. Raises ValueError where either has no day, or one without a number.
    """
    during, before = known(phase, 1, "days of the phase"), known(reference, 1, "reference days")
    statistic = stats.mannwhitneyu(during, before, method="asymptotic").statistic
    share = float(statistic) / (len(reference) * len(phase))
    return 1 - share if lower_is_better else share
