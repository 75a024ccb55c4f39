"""What may be supplied: products that a protocol knows, and their lots with the file of their certificate."""

import hashlib
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import Lot, Product
from hometrial.protocol import applying
from hometrial.protocol.dosing.amounts import Formulation, written
from hometrial.protocol.dosing.refusing import SupplyRefusedError
from hometrial.services import receiving
from hometrial.services.trial import publishing

CERTIFICATES = "certificate"
"""Under which name the bytes of certificates are kept."""


@dataclass(frozen=True)
class NewProduct:
    """A product as it stands on its label; between which temperatures (Celsius) it is kept, None: any.

    `excipients`: what else is in it; people react to fillers, so that an empty list means that there are none.
    """

    protocol: str
    formulation: str
    strength: Decimal
    name: str
    excipients: tuple[str, ...]
    lowest_c: Decimal | None = None
    highest_c: Decimal | None = None


@dataclass(frozen=True)
class NewLot:
    """A lot as its certificate tells it; `certificate`: the bytes of that file, None if none came."""

    code: str
    maker: str
    made_on: date
    use_by: date
    certificate: bytes | None = None


def add_product(session: Session, new: NewProduct, *, by: str) -> Product:
    """Record a product. Raises SupplyRefusedError of one that its protocol does not give, or that is there already."""
    _require_given(_formulation(session, new), new)
    if new.lowest_c is not None and new.highest_c is not None and new.lowest_c >= new.highest_c:
        raise SupplyRefusedError(
            f"kept between {new.lowest_c} and {new.highest_c} degrees Celsius: give the lower one first"
        )
    if not new.name.strip():
        raise SupplyRefusedError("name: say what stands on the label")
    same = session.scalar(
        select(Product.id).where(
            Product.protocol == new.protocol,
            Product.formulation == new.formulation,
            Product.strength == new.strength,
            Product.name == new.name,
        )
    )
    if same is not None:
        raise SupplyRefusedError(
            f"{written_product(new)}, {new.name}, is there already; add a lot of it"
        )
    product = Product(
        protocol=new.protocol,
        formulation=new.formulation,
        strength=new.strength,
        name=new.name,
        excipients=list(new.excipients),
        lowest_c=new.lowest_c,
        highest_c=new.highest_c,
        by=by,
        at=clock.now(),
    )
    session.add(product)
    session.flush()
    return product


def _formulation(session: Session, new: NewProduct) -> Formulation:
    versions = [publishing.in_force(session, new.protocol, is_test=test) for test in (False, True)]
    present = next((each for each in versions if each is not None), None)
    if present is None:
        raise SupplyRefusedError(
            f"protocol {new.protocol}: it is not in force; `hometrial trial list` shows those there are"
        )
    forms = applying.formulations_of(publishing.of(present))
    for each in forms:
        if each.id == new.formulation:
            return each
    listed = ", ".join(each.id for each in forms)
    raise SupplyRefusedError(
        f"formulation {new.formulation}: {new.protocol} has none of this name; there are {listed}"
    )


def _require_given(form: Formulation, new: NewProduct) -> None:
    if not new.strength.is_finite() or new.strength <= 0:
        raise SupplyRefusedError(f"strength {new.strength}: give more than 0 mg")
    known = form.strengths if form.mg_per_ml is None else (form.mg_per_ml,)
    if known and new.strength not in known:
        listed = ", ".join(map(written, known))
        raise SupplyRefusedError(
            f"strength {written(new.strength)}: {new.protocol} gives {form.id} of {listed} mg"
        )


def find_product(session: Session, told: str) -> Product:
    """Return a product by PROTOCOL/FORMULATION/STRENGTH, with /NAME where there are several.

    Raises SupplyRefusedError that lists those there are.
    """
    products = session.scalars(
        select(Product).order_by(Product.protocol, Product.formulation, Product.strength)
    ).all()
    found = [each for each in products if told in (written_product(each), _whole(each))]
    if len(found) == 1:
        return found[0]
    listed = ", ".join(_whole(each) for each in found or products)
    problem = "there are several" if found else "there is none"
    raise SupplyRefusedError(
        f"product {told}: {problem}; there are {listed or 'none: hometrial supply product add'}"
    )


def written_product(product: Product | NewProduct) -> str:
    """Return by what a product is found: ldn-mecfs/cap/0.5."""
    return f"{product.protocol}/{product.formulation}/{written(product.strength)}"


def _whole(product: Product) -> str:
    return f"{written_product(product)}/{product.name}"


def add_lot(session: Session, product: Product, new: NewLot, *, by: str) -> Lot:
    """Record a lot and keep the file of its certificate.

    Raises SupplyRefusedError of a code that is taken, of days that cannot be, and of an empty file.
    """
    if not new.code.strip():
        raise SupplyRefusedError("lot: give the number that stands on the label")
    if session.scalar(select(Lot.id).where(Lot.code == new.code)) is not None:
        raise SupplyRefusedError(f"lot {new.code}: there is one of this number already")
    if new.made_on >= new.use_by or new.made_on > clock.now().date():
        raise SupplyRefusedError(
            f"lot {new.code}: made on {new.made_on}, to be used until {new.use_by}; correct the days"
        )
    lot = Lot(
        code=new.code,
        product_id=product.id,
        maker=new.maker,
        made_on=new.made_on,
        use_by=new.use_by,
        certificate_sha256=_kept(session, new),
        by=by,
        at=clock.now(),
    )
    session.add(lot)
    session.flush()
    return lot


def _kept(session: Session, new: NewLot) -> str | None:
    if new.certificate is None:
        return None
    if not new.certificate:
        raise SupplyRefusedError(f"lot {new.code}: the file of the certificate is empty")
    receiving.keep_bodies(session, CERTIFICATES, [new.certificate])
    return hashlib.sha256(new.certificate).hexdigest()
