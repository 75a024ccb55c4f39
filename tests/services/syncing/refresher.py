"""A worker in a process of its own: for each line on standard input it asks for a token and prints it."""

import sys

from hometrial.db import WORKER_ROLE, Database
from hometrial.services.syncing import vault
from hometrial.settings import Settings
from hometrial_ingest.providers.fitbit import Fitbit, FitbitConfig

home, database_url, base, client_id, client_secret, account_id = sys.argv[1:]
database = Database(Settings(home=home, database_url=database_url))
provider = Fitbit(FitbitConfig(base, client_id=client_id, client_secret=client_secret))
keys = vault.keys(database.settings)
for line in sys.stdin:
    with database.transaction("worker", role=WORKER_ROLE) as session:
        token = vault.access(session, keys, provider, account_id, stale=line.strip() or None)
    sys.stdout.write(f"{token}\n")
    sys.stdout.flush()
database.close()
