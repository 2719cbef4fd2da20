"""`diagnose apply`, `verify` and `rollback`."""
