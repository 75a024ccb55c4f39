"""A rule's limit changed: drafted, rehearsed over all that is stored, published as a version by a second person (N20)."""
