"""Who a source's person is, asked once for each id, with the zones that place their wall clocks."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial.errors import TrialError, UnknownParticipantError
from hometrial.models import Participant
from hometrial.services import enrolling
from hometrial.services.placing import Person
from hometrial_ingest.reader import Reader

ALL = "*"
"""The scope of an archive that names its people."""


class PeopleOfSource:
    """The participants behind one archive's ids."""

    def __init__(
        self, session: Session, reader: Reader, participant: str | None, zone: str | None
    ) -> None:
        self.session, self.reader, self.zone = session, reader, zone
        self.create = False
        self.seen: set[str] = set()
        self.ids: dict[str, UUID] = {}
        self._known: dict[str | None, Person] = {}
        if zone is not None:
            enrolling.check_zone(zone)
        self.single = enrolling.find_participant(session, participant) if participant else None

    @property
    def scope(self) -> str:
        """The pseudonym whose archive this is, or `*` if its files name their people."""
        if self.single is not None:
            return self.single.code
        if not self.reader.many_people:
            if not self.create:
                raise UnknownParticipantError(
                    f"a {self.reader.provider} archive does not say whose it is; give --participant "
                    "P-0001, or --create-participants to enrol its owner now"
                )
            self.single = enrolling.add_participant(self.session)
            return self.single.code
        return ALL

    def remembered(self) -> tuple[set[str], dict[str, UUID], dict[str | None, Person]]:
        """Return what is known now, for `remember` after the database was taken back to this point."""
        return set(self.seen), dict(self.ids), dict(self._known)

    def remember(self, known: tuple[set[str], dict[str, UUID], dict[str | None, Person]]) -> None:
        """Forget the people that were met since."""
        self.seen, self._known = known[0], known[2]
        self.ids.clear()  # the same dictionary is shared with the stores
        self.ids.update(known[1])

    def saw(self, codes: Iterable[str]) -> None:
        """Note participants of a file that was imported before; check the zone that was given now."""
        new = [code for code in codes if code not in self.seen]
        people = self.session.scalars(select(Participant).where(Participant.code.in_(new)))
        for person in people:
            self._meet(person)

    def resolve(self, ids: Mapping[str | None, int], file: str) -> dict[str | None, Person]:
        """Return the participants of these ids. File and first row of each id are for the error.

        Raises UnknownParticipantError for an id that is nobody's, unless people may be created.
        """
        missing = {
            each: f"{file}, row {row}" for each, row in ids.items() if each not in self._known
        }
        if missing:
            self._learn(missing, file)
        return {each: self._known[each] for each in ids}

    def _learn(self, ids: Mapping[str | None, str], file: str) -> None:
        if self.single is not None or self.scope != ALL:
            person = self.single
            if person is None:
                raise TrialError(f"{file}: the archive has no owner")
            self._one_person_only(ids, file)
            for each in ids:
                self._bind(person, each)
                self._known[each] = self._meet(person)
            return
        named = [each for each in ids if each is not None]
        if len(named) < len(ids):
            raise UnknownParticipantError(
                f"{ids[None]}: this row does not say whose it is; give --participant P-0001"
            )
        known = enrolling.accounts(self.session, self.reader.provider, named)
        for each in named:
            self._known[each] = self._meet(known.get(each) or self._enrol(each, ids[each]))

    def _bind(self, person: Participant, external_id: str | None) -> None:
        """Bind the id that a file gives its one person, so that a whole study's folder knows it, too."""
        if external_id is not None:
            enrolling.link_account(
                self.session, person.id, provider=self.reader.provider, external_id=external_id
            )

    def _one_person_only(self, ids: Iterable[str | None], file: str) -> None:
        named = {each for each in (*ids, *self._known) if each is not None}
        if len(named) > 1:
            raise TrialError(
                f"{file}: the file tells of several people ({', '.join(sorted(named)[:3])}), so it "
                "cannot be one participant's; leave --participant out"
            )

    def _enrol(self, external_id: str, place: str) -> Participant:
        provider = self.reader.provider
        if not self.create:
            raise UnknownParticipantError(
                f"{place}: Id {external_id!r} is no participant's {provider} account; bind it with "
                f"`hometrial participant add --account {provider}:{external_id}`, or give "
                "--create-participants to enrol everybody in the archive"
            )
        person = enrolling.add_participant(self.session)
        enrolling.link_account(self.session, person.id, provider=provider, external_id=external_id)
        return person

    def _meet(self, person: Participant) -> Person:
        if self.zone is not None:
            enrolling.set_zone(self.session, person, self.zone, source="import")
        rows = enrolling.zone_rows(self.session, [person.id]).get(person.id, [])
        self.seen.add(person.code)
        self.ids[person.code] = person.id
        return Person(person.id, person.code, enrolling.zone_history(rows) if rows else None)
