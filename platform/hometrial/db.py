"""The database: naming rules, aware instants, checked start, one transaction an act."""

from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    URL,
    ColumnElement,
    DateTime,
    Engine,
    MetaData,
    TypeDecorator,
    any_,
    create_engine,
    literal,
    text,
)
from sqlalchemy.engine import make_url
from sqlalchemy.orm import DeclarativeBase, InstrumentedAttribute, Session
from typing_extensions import override

from hometrial import embedded
from hometrial.errors import DatabaseUnsafeError
from hometrial.settings import Settings

T = TypeVar("T")

OLDEST_POSTGRESQL = 150_000
MUST_BE_ON = ("fsync", "synchronous_commit", "full_page_writes")
STUDY_ROLE = "hometrial_study"
IDENTITY_ROLE = "hometrial_identity"
WORKER_ROLE = "hometrial_worker"
"""As the study's, and the only one that reads wearable tokens."""
PARTICIPANT_ROLE = "hometrial_participant"
"""Of the participant site: it may link, take notifications and pushes in, and sees no measurement but those of
whoever it has said to be there (`services.owning`)."""
STAFF_ROLE = "hometrial_staff"
"""Of the staff site: as the study's, held by the tables to the people of the sites that were set (`scope.sites`)."""
SCHEMAS = ("public", "sync", "vault", "identity", "audit", "jobs", "scope", "access")
_SNAPSHOT = "hometrial.snapshot"
"""Where a session of one snapshot keeps what was read in it."""
SEARCH_PATH = "-c search_path=public,jobs"  # the job engine names its tables without a schema


class Instant(TypeDecorator[datetime]):
    """An aware instant, stored as timestamptz; a naive one is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    @override
    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError(f"{value} has no time zone")
        return value

    @override
    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        return None if value is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Every table; constraints are named by rule so that migrations can find them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: Instant}  # noqa: RUF012 - SQLAlchemy's own form


def server_options(url: URL) -> str:
    """Return the options that a connection states: those of the address, and where names are looked up."""
    own = url.query.get("options", "")
    return " ".join([own] if isinstance(own, str) else own) + f" {SEARCH_PATH}"


class Database:
    """A checked connection to one study's database."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @cached_property
    def engine(self) -> Engine:
        """Connect, starting the embedded server if no other database is set.

        Raises DatabaseUnsafeError if the server is too old or could lose acknowledged data.
        """
        url = make_url(self.settings.database_url or embedded.url(self.settings.home))
        engine = create_engine(
            url.set(drivername="postgresql+psycopg"),
            pool_pre_ping=True,
            connect_args={"options": server_options(url)},
        )
        try:
            _refuse_if_unsafe(engine)
        except DatabaseUnsafeError:
            engine.dispose()
            raise
        return engine

    @contextmanager
    def transaction(
        self,
        actor: str,
        reason: str | None = None,
        role: str = STUDY_ROLE,
        sites: Iterable[UUID] | None = None,
    ) -> Iterator[Session]:
        """Open a session that is one transaction of one actor; it commits here and nowhere else.

        The database's triggers write actor and reason beside every change and refuse a change
        without an actor. `role` is the database role whose rights it has, `sites` whose people the role
        of the staff sees.
        """
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            self._introduce(session, actor, reason, (role, sites))
            yield session

    @contextmanager
    def reading(
        self, role: str = STUDY_ROLE, sites: Iterable[UUID] | None = None
    ) -> Iterator[Session]:
        """Open a read-only session on one snapshot; `sites`: whose people the role of the staff sees."""
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
            session.execute(
                text(
                    "SELECT set_config('hometrial.sites', :sites, true), set_config('role', :role, true)"
                ),
                {"sites": _listed(sites), "role": role},
            )
            session.info[_SNAPSHOT] = {}
            yield session

    def _introduce(
        self,
        session: Session,
        actor: str,
        reason: str | None,
        rights: tuple[str, Iterable[UUID] | None],
    ) -> None:
        session.execute(
            text(
                "SELECT set_config('hometrial.actor', :actor, true),"
                " set_config('hometrial.reason', :reason, true),"
                " set_config('hometrial.audit_key', :key, true),"
                " set_config('hometrial.sites', :sites, true), set_config('role', :role, true)"
            ),
            {
                "actor": actor,
                "reason": reason or "",
                "key": self.settings.key("audit").hex(),
                "sites": _listed(rights[1]),
                "role": rights[0],
            },
        )

    def close(self) -> None:
        """Give the connections back."""
        if "engine" in self.__dict__:
            self.engine.dispose()


@contextmanager
def as_identity(session: Session) -> Iterator[None]:
    """Act inside as the only role that may touch names and addresses (architecture D12)."""
    session.flush()
    before = session.execute(text("SELECT current_setting('role')")).scalar_one()
    session.execute(text(f"SET LOCAL ROLE {IDENTITY_ROLE}"))
    yield
    session.flush()  # after an exception the transaction is lost anyway, and its role with it
    session.execute(text("SELECT set_config('role', :before, true)"), {"before": before})


def once(session: Session, key: Hashable, read: Callable[[], T]) -> T:
    """Read something once in a session of one snapshot, where it cannot change; anew in every other."""
    known: dict[Hashable, T] | None = session.info.get(_SNAPSHOT)
    if known is None:
        return read()
    if key not in known:
        known[key] = read()
    return known[key]


def forget(session: Session) -> None:
    """Have a session of one snapshot read anew what it has read once, and give the memory back."""
    if _SNAPSHOT in session.info:
        session.info[_SNAPSHOT] = {}


def _listed(sites: Iterable[UUID] | None) -> str:
    """Write sites as the list that the tables read; nothing where none are given."""
    return "" if sites is None else "{" + ",".join(str(site) for site in sites) + "}"


def among(column: InstrumentedAttribute[T], values: Iterable[T]) -> ColumnElement[bool]:
    """Return the condition that a column holds one of the values, however many there are.

    They go to the server as one array: PostgreSQL takes 65,535 parameters, and `in_` needs one for each.
    """
    return column == any_(literal(list(values), ARRAY(column.type)))


def _refuse_if_unsafe(engine: Engine) -> None:
    with engine.connect() as connection:
        version = int(connection.execute(text("SHOW server_version_num")).scalar_one())
        if version < OLDEST_POSTGRESQL:
            raise DatabaseUnsafeError(
                f"the database is PostgreSQL {version // 10_000}; Hometrial needs 15 or newer"
            )
        for name in MUST_BE_ON:
            value = connection.execute(text(f"SHOW {name}")).scalar_one()
            if value not in ("on", "remote_apply"):
                raise DatabaseUnsafeError(
                    f"the database has {name} = {value}, so that it can lose what it confirmed; "
                    f"set {name} = on in postgresql.conf and restart it"
                )
