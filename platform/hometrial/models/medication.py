"""Medication: what people take besides the study drug."""

from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hometrial.db import Base

MEDICATION_KINSHIPS = ("short_acting", "long_acting", "antagonist", "peripheral", "recorded")
_KINSHIPS = ", ".join(f"'{kinship}'" for kinship in MEDICATION_KINSHIPS)


class Medication(Base):
    """A medicine as it was told, by its number within the person. Append-only.

    `began` and `ended` are as coarse as they were told (2010, 2010-07), `last_on` the last day that the end can be;
    without an end it is still taken. `kinship` and `substance` are what the list of opioids says of the name
    (`hometrial.protocol.medicines`), null where it says nothing. `is_void`: the one that it corrects never was.
    """

    __tablename__ = "medication"
    __table_args__ = (
        CheckConstraint("number > 0", name="number_counts_from_one"),
        CheckConstraint("name <> '' AND by <> ''", name="says_what_and_by_whom"),
        CheckConstraint(f"kinship IN ({_KINSHIPS})", name="kinship_is_known"),
        CheckConstraint(
            "(kinship IS NULL) = (substance IS NULL)", name="kinship_is_of_a_substance"
        ),
        CheckConstraint(
            "is_opioid = (coalesce(kinship, '') IN ('short_acting', 'long_acting'))",
            name="is_opioid_by_kinship",
        ),
        CheckConstraint("(ended IS NULL) = (last_on IS NULL)", name="end_has_a_last_day"),
        CheckConstraint("corrects < number", name="corrects_what_came_before"),
        CheckConstraint("corrects IS NULL OR why <> ''", name="correction_says_why"),
        CheckConstraint("NOT is_void OR corrects IS NOT NULL", name="void_names_a_record"),
        UniqueConstraint("participant_id", "number"),
        ForeignKeyConstraint(
            ["participant_id", "corrects"],
            ["medication.participant_id", "medication.number"],
            name="fk_medication_corrects_medication",
        ),
        Index("uq_medication_corrects", "participant_id", "corrects", unique=True),
        Index("uq_medication_key", "participant_id", "key", unique=True),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    participant_id: Mapped[UUID] = mapped_column(ForeignKey("participant.id"))
    number: Mapped[int]
    name: Mapped[str]
    dose: Mapped[str]
    route: Mapped[str]
    indication: Mapped[str]
    began: Mapped[str | None]
    ended: Mapped[str | None]
    last_on: Mapped[date | None]
    substance: Mapped[str | None]
    kinship: Mapped[str | None]
    is_opioid: Mapped[bool]
    is_void: Mapped[bool]
    by: Mapped[str]
    at: Mapped[datetime]
    zone: Mapped[str]
    why: Mapped[str]
    corrects: Mapped[int | None]
    key: Mapped[str | None]
