"""LaboratoryResult: what a laboratory found in a sample of a person."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID, uuid4

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Numeric,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from hometrial.db import Base

LIVER_ANALYTES = ("alt", "ast", "bilirubin")
"""Analytes that are judged as multiples of their upper limit of normal, which each result therefore brings."""
_FOUND = "coalesce(value, below, above)"


class LaboratoryResult(Base):
    """One analyte of one sample, in the laboratory's own unit. Append-only.

    Exactly one of `value`, `below` and `above`: a number, or less or more than a limit of detection. `visit` and
    `visit_number` where the sample belongs to a visit. A correction names what it corrects and why.
    """

    __tablename__ = "laboratory_result"
    __table_args__ = (
        CheckConstraint("num_nonnulls(value, below, above) = 1", name="says_one_thing"),
        CheckConstraint(f"{_FOUND} > '-Infinity' AND {_FOUND} < 'Infinity'", name="is_a_number"),
        CheckConstraint("coalesce(below, above) > 0", name="detection_has_a_limit"),
        CheckConstraint(
            "upper_limit > 0 AND upper_limit < 'Infinity'", name="upper_limit_is_above_nothing"
        ),
        CheckConstraint(
            "analyte NOT IN ('alt', 'ast', 'bilirubin')"
            f" OR (upper_limit IS NOT NULL AND {_FOUND} >= 0)",
            name="liver_has_an_upper_limit",
        ),
        CheckConstraint(
            "btrim(unit) <> '' AND btrim(laboratory) <> '' AND btrim(recorded_by) <> ''",
            name="says_in_what_where_and_by_whom",
        ),
        CheckConstraint("sampled_at <= recorded_at", name="was_sampled_before"),
        CheckConstraint("(visit IS NULL) = (visit_number IS NULL)", name="visit_has_a_number"),
        CheckConstraint("visit_number > 0", name="number_counts_from_one"),
        CheckConstraint("(corrects_id IS NULL) = (because IS NULL)", name="correction_says_why"),
        CheckConstraint("btrim(because) <> ''", name="correction_has_words"),
        UniqueConstraint("id", "participant_id"),
        ForeignKeyConstraint(
            ["corrects_id", "participant_id"],
            ["laboratory_result.id", "laboratory_result.participant_id"],
            name="fk_laboratory_result_corrects_id_laboratory_result",
        ),
        UniqueConstraint("corrects_id"),
        Index(
            "uq_laboratory_result_first",
            "participant_id",
            "form",
            "analyte",
            "sampled_at",
            "laboratory",
            unique=True,
            postgresql_where=text("corrects_id IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    participant_id: Mapped[UUID] = mapped_column(ForeignKey("participant.id"), index=True)
    protocol_version_id: Mapped[UUID] = mapped_column(ForeignKey("protocol_version.id"))
    visit: Mapped[str | None]
    visit_number: Mapped[int | None]
    form: Mapped[str]
    analyte: Mapped[str]
    value: Mapped[Decimal | None] = mapped_column(Numeric)
    below: Mapped[Decimal | None] = mapped_column(Numeric)
    above: Mapped[Decimal | None] = mapped_column(Numeric)
    unit: Mapped[str]
    upper_limit: Mapped[Decimal | None] = mapped_column(Numeric)
    sampled_at: Mapped[datetime]
    laboratory: Mapped[str]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]
    corrects_id: Mapped[UUID | None]
    because: Mapped[str | None]

    @property
    def found(self) -> Decimal:
        """The number that was told, whatever it stands for."""
        return next(each for each in (self.value, self.below, self.above) if each is not None)

    @property
    def multiple(self) -> Decimal | None:
        """How many times the upper limit of normal that number is; None without a limit."""
        return None if self.upper_limit is None else self.found / self.upper_limit
