"""What the trial does. A service takes a session first, flushes and never commits; the edge commits."""
