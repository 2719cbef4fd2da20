"""What a capture holds at most (no imports: the build of the programs begins before anything heavy is loaded)."""

MAX_WINDOWS = 100_000
