"""A closed list says which medicines stand against the drug, by whatever name they are told."""

import pytest

from hometrial.protocol import medicines
from hometrial.protocol.medicines import Kinship, found_in


@pytest.mark.parametrize(
    ("name", "substance", "kinship"),
    [
        ("Tramadol", "tramadol", Kinship.SHORT_ACTING),
        ("TRAMAL long 100 mg", "tramadol", Kinship.SHORT_ACTING),
        ("Tramadolhydrochlorid-ratiopharm", "tramadol", Kinship.SHORT_ACTING),
        ("co-codamol 30/500", "codeine", Kinship.SHORT_ACTING),
        ("Codéine phosphate", "codeine", Kinship.SHORT_ACTING),
        ("Codeinum phosphoricum cough drops", "codeine", Kinship.SHORT_ACTING),
        ("Paracetamol/codeine", "codeine", Kinship.SHORT_ACTING),
        ("Nurofen Plus", "codeine", Kinship.SHORT_ACTING),
        ("DHC Continus", "dihydrocodeine", Kinship.SHORT_ACTING),
        ("tapentadol", "tapentadol", Kinship.SHORT_ACTING),
        ("Pethidin", "pethidine", Kinship.SHORT_ACTING),
        ("kaolin and morphine mixture", "morphine", Kinship.SHORT_ACTING),
        ("MS Contin", "morphine", Kinship.SHORT_ACTING),
        ("Tinctura opii", "opium", Kinship.SHORT_ACTING),
        ("Targin 10/5 (oxycodone, naloxone)", "oxycodone", Kinship.SHORT_ACTING),
        ("methadone", "methadone", Kinship.LONG_ACTING),
        ("L-Polamidon", "methadone", Kinship.LONG_ACTING),
        ("Suboxone", "buprenorphine", Kinship.LONG_ACTING),
        ("buprenorphine/naloxone film", "buprenorphine", Kinship.LONG_ACTING),
        ("Nyxoid nasal spray", "naloxone", Kinship.ANTAGONIST),
        ("naltrexone 50 mg", "naltrexone", Kinship.ANTAGONIST),
        ("Imodium akut", "loperamide", Kinship.PERIPHERAL),
        ("loperamide", "loperamide", Kinship.PERIPHERAL),
        ("Dextromethorphan", "dextromethorphan", Kinship.RECORDED),
    ],
)
def test_a_name_tells_of_the_gravest_substance_in_it(name, substance, kinship):
    found = found_in(name)
    assert (found.substance, found.kinship) == (substance, kinship)


@pytest.mark.parametrize(
    "name",
    ["", "Ibuprofen 400", "colecalciferol 20,000 IU", "apomorphine", "Mestinon", "Ivabradine",
     "metformin", "domperidone", "amitriptyline", "vitamin D", "Kopfschmerztablette"],
)  # fmt: skip
def test_a_name_that_is_not_on_the_list_is_not_decided(name):
    assert found_in(name) is None


def test_opioids_and_antagonists_are_prohibited_and_loperamide_is_not():
    assert [each for each in Kinship if each.is_opioid] == [
        Kinship.SHORT_ACTING, Kinship.LONG_ACTING,
    ]  # fmt: skip
    assert [each for each in Kinship if each.is_prohibited] == [
        Kinship.SHORT_ACTING, Kinship.LONG_ACTING, Kinship.ANTAGONIST,
    ]  # fmt: skip


def test_no_name_of_the_list_stands_for_two_substances():
    names = [
        word.replace("-", "")
        for listed in medicines._LIST.values()
        for substance, others in listed.items()
        for word in (substance, *others.split())
    ]
    assert sorted(names) == sorted(set(names))
