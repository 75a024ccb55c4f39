"""A worker takes several shards in at once: each thread's rows are judged, and no other's."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from hometrial_ingest.signals import Signal
from hometrial_validation.gate import check

ROWS = 400


def test_checks_in_many_threads_say_what_each_says_alone(make, context):
    def frame(number):
        if number % 2:
            values = np.where(np.arange(ROWS) % (number + 2) == 0, 900.0, 60.0)
            return Signal.HEART_RATE, make(Signal.HEART_RATE, seconds=np.arange(ROWS), value=values)
        values = np.where(np.arange(ROWS) % (number + 2) == 0, -5.0, 70.0)
        return Signal.WEIGHT, make(Signal.WEIGHT, seconds=np.arange(ROWS), value=values)

    def judged(number):
        signal, rows = frame(number)
        verdict = check(rows, signal, context)
        return {found.rule: sorted(found.rows.tolist()) for found in verdict.findings}

    alone = [judged(number) for number in range(8)]
    assert len({str(each) for each in alone}) == 8
    with ThreadPoolExecutor(8) as pool:
        for _ in range(3):
            assert list(pool.map(judged, range(8))) == alone
