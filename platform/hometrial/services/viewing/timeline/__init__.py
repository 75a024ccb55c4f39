"""One person's trial on one axis of their own days: doses, what the watch says, scores, events, rests."""
