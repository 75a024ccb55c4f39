"""The way in without a link, by a code or a passkey, and the proof anew that it is still the same person."""
