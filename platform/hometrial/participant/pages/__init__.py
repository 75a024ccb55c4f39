"""The pages behind a visit."""
