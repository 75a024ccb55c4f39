"""Back-test of the forecast of missing data on a seeded cohort: python tests/bench/forecasting.py [SEED]."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

import silent_cohort as cohort


def main() -> None:
    """Print the Brier scores of the model and of the last-gap rule."""
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    lived = cohort.lives(200, 150, seed)
    found = cohort.cases(lived, first=21, last=150, every=5)
    told = {
        "chain of days": cohort.by_chain(found),
        "last-gap rule": cohort.by_last_gap(found),
        "last-gap rule, shares known afterwards": cohort.by_last_gap_at_best(found),
    }
    missed = sum(case.missed for case in found) / len(found)
    sys.stdout.write(f"{len(found):,} moments of 200 people, {missed:.1%} of the windows missed\n")
    for name, chances in told.items():
        sys.stdout.write(f"{cohort.brier(chances, found):.4f}  {name}\n")


if __name__ == "__main__":
    main()
