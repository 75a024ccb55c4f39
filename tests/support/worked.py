"""What a worker works out of locks, made at once for tests that are about something else."""

from hometrial.services.locking import worked_out


def out(database, kind, lock, before=0, profile=""):
    """Make a paper of a lock, or what differs from an earlier one."""
    worked_out.make(database, worked_out.Order(kind, lock, before, profile))
