"""A worker in a process of its own: for each line, `provider account stale`, it asks for a token and prints it."""

import sys
from uuid import UUID

import workers_broken

from hometrial import clock, settings
from hometrial.db import WORKER_ROLE, Database
from hometrial.services.syncing import vault
from hometrial.services.syncing.clouds import clouds
from hometrial_ingest.provider import ProviderError

workers_broken.BROKEN[sys.argv[1]]()
found = settings.load()
assert found.clock_file is not None
clock.follow(found.clock_file)
database, keys = Database(found), vault.keys(found)
for line in sys.stdin:
    provider, account, stale = line.split()
    try:
        with database.transaction("worker", role=WORKER_ROLE) as session:
            token = vault.access(session, keys, clouds(found)[provider], UUID(account), stale=stale)
    except ProviderError as error:
        token = f"lost:{error.kind}"
    sys.stdout.write(f"{token}\n")
    sys.stdout.flush()
database.close()
