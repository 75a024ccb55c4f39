"""Twins of the shipped protocols: invented people in all source tables, made once per process."""

import json
from functools import cache

from protocols import shipped

from hometrial.exports.source.reading import Source
from hometrial.exports.twin import making
from hometrial.exports.twin.setting import Metric, Setting
from hometrial.protocol import loading
from hometrial.questionnaires import loading as questionnaires
from hometrial.services.metrics.rules import RULES

METRICS = {name: Metric(rule.unit, rule.version) for name, rule in RULES.items()}


@cache
def bodies(protocol_id: str) -> dict[str, str]:
    """Return the questionnaires of a shipped protocol, as the database keeps them."""
    names = {each.instrument for each in shipped(protocol_id).forms if each.instrument}
    return {
        name: json.dumps(
            questionnaires.named(name).model_dump(
                mode="json", by_alias=True, exclude_defaults=True
            ),
            sort_keys=True,
            separators=(",", ":"),
            ensure_ascii=False,
        )
        for name in sorted(names)
    }


@cache
def twin(protocol_id: str, people: int = 6, seed: int = 7) -> Source:
    """Return a twin of a shipped protocol; it is shared: do not change it."""
    return making.twin(setting(protocol_id, seed), people)


def setting(protocol_id: str, seed: int = 7) -> Setting:
    """Return what the twin of a shipped protocol is made of."""
    text = loading.shipped_text(protocol_id)
    return Setting(shipped(protocol_id), text, bodies(protocol_id), METRICS, seed)
